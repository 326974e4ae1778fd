// SPDX-License-Identifier: MIT
/*
 * The guest's part of ./demo: real programs, traced in modes 0, 2, 4, 6 and 16, and 1
 * and 8, with a buffer of 64K words, against a full trace with a buffer that is large
 * enough.
 *
 * A compact trace (mode 16) is compared by its PCs and by its pairs of consecutive PCs,
 * whole PCs, 0 before the first one.
 *
 * Sets of comparisons are compared by their places: arguments are addresses, PIDs and
 * times as well, which are others in each run.
 *
 * Each workload is run with the large buffer before and after. Only if both
 * runs give the same set can the sets of the runs between be compared with it;
 * otherwise the workload does not repeat, which is never counted as the same.
 * Where they differ from it nevertheless, more full traces are taken: if one has
 * just those sets, it is the workload that does not repeat. And a difference
 * must come twice, the same: a timer tick may have hit one run and missed the
 * others. Then it is one, and the exit status is 1.
 *
 * demo [--json] [--colour] [WORKLOAD...]
 * demo --list
 */
#include "workloads.h"

#define BIG_WORDS	(16ul << 20)
#define WORDS		(64ul << 10)
#define TRIES		4
#define EXPLAIN		40	/* full traces, to explain a difference by */
#define EXPLAIN_MAX	(20ul << 20)	/* but no more callbacks than that */
#define BUDGET_NS	2000000000ull	/* for one workload, then no more tries */
#define NR_MODES	7
#define COMPACT		4	/* in modes[]: the compact trace */
#define FIRST_CMP	5	/* modes[] from there on are of comparisons */

static const char *const chosen[] = {
	"find", "ls-lR", "tcp", "mmap-64m", "files-200", "fork", "fork-exec",
	"read-zero", "stress-rename", "stress-mmap", "tar", "maps", "pipe", "mount",
};

static const unsigned long modes[NR_MODES] = { 0, 2, 4, 6, 16, 1, 8 };
static const char *const mode_names[NR_MODES] = {
	"0 all PCs", "2 PCs", "4 edges", "6 both", "16 compact", "1 all cmps",
	"8 cmps",
};

enum verdict { PENDING, SAME, OVERFLOW, LARGE_OVERFLOW, NO_REPEAT, DIFFERS };

static const char *const verdicts[] = {
	"not run", "same", "overflow", "large one is full", "does not repeat", "DIFFERS",
};

/* One workload in one mode: [0] is the main area, [1] the edge area. */
struct row {
	unsigned long recorded[2], dropped[2];
	bool untracked;		/* a set was full: dropped counts repeats, too */
	size_t lacks;		/* PCs or places of the large buffer that are not here */
	size_t lacks_pairs;	/* of a trace: pairs of the large buffer that are not */
	uint64_t differed;	/* the sum of what differed, or 0 */
	enum verdict verdict;
};

struct result {
	const struct workload *w;
	struct row row[NR_MODES];
	size_t callbacks, pcs, edges, pairs;	/* in the large buffer */
	size_t cmps, places;
	bool large_overflow;		/* it had no room for all comparisons */
	int err;			/* as workload_run() returns it */
	char why[160];
};

static struct cov big, small[NR_MODES];
/* What full traces in modes 0 and 1 say. */
struct full {
	struct expect e;
	struct uniq pairs;
	struct uniq places;
};

static struct full *ref;	/* of the run before */
static struct full *now;	/* of the run after */
static struct uniq seen, seen_cmp, pairs, places;
static uint64_t began;		/* the present workload */
static bool json, colour, progress;

/* ---- collecting ---- */

static bool is_cmp(int m)
{
	return m >= FIRST_CMP;
}

/* All PCs, or a compact trace: what has pairs. */
static bool is_trace(int m)
{
	return !modes[m] || m == COMPACT;
}

/* How many items of @want are not in @got. @extra: what is there and not in @want. */
static size_t lacking_items(const struct uniq *got, const struct uniq *want, size_t *extra)
{
	size_t i, found = 0;

	for (i = 0; i < want->n; i++)
		found += uniq_has(got, want->item + i * want->words);
	*extra = got->n - found;
	return want->n - found;
}

static bool same_items(const struct uniq *a, const struct uniq *b)
{
	size_t extra;

	return !lacking_items(a, b, &extra) && !extra;
}

/* The same for items of one word, which may be in @area more than once. */
static size_t lacking(const unsigned long *area, size_t n, const struct uniq *want,
		      size_t *extra)
{
	size_t i, found = 0;

	*extra = 0;
	uniq_clear(&seen);
	for (i = 0; i < n; i++) {
		if (!uniq_add(&seen, &area[i]))
			continue;
		if (uniq_has(want, &area[i]))
			found++;
		else
			++*extra;
	}
	return want->n - found;
}

static bool same_set(const unsigned long *area, size_t n, const struct uniq *want)
{
	size_t extra;

	return !lacking(area, n, want, &extra) && !extra;
}

/* The places of what is in @c, comparisons. */
static const struct uniq *places_of(const struct cov *c)
{
	places_from(&places, c->main + 1, cov_cmp_count(c->main, c->words));
	return &places;
}

/* The pairs of what is in @c, a trace. */
static const struct uniq *pairs_of(const struct cov *c)
{
	pairs_from(&pairs, c->main + 1, cov_count(c->main, c->words));
	return &pairs;
}

static bool each_once(const struct cov *c)
{
	size_t i, n = cov_cmp_count(c->main, c->words);

	uniq_clear(&seen_cmp);
	for (i = 0; i < n; i++)
		if (!uniq_add(&seen_cmp, c->main + 1 + i * CMP_WORDS))
			return false;
	return true;
}

static int fail(struct result *r, const char *why)
{
	r->err = -EIO;
	snprintf(r->why, sizeof(r->why), "%s", why);
	return r->err;
}

/* A full trace of comparisons in the large buffer, and what it says. */
static int run_big_cmps(struct result *r, struct full *f)
{
	struct workload_result wr;
	size_t n;

	r->err = workload_run(r->w, &big, KCOV_TRACE_CMP, &wr);
	memcpy(r->why, wr.why, sizeof(r->why));
	if (r->err)
		return r->err;
	n = cov_cmp_count(big.main, big.words);
	if (!n)
		return fail(r, "no comparison was traced");
	r->large_overflow = n == cov_cmp_capacity(big.words);
	places_from(&f->places, big.main + 1, n);
	r->cmps = n;
	r->places = f->places.n;
	return 0;
}

/* A full trace in the large buffer, and what it says. */
static int run_big_pcs(struct result *r, struct full *f)
{
	struct workload_result wr;
	size_t n;

	r->err = workload_run(r->w, &big, KCOV_TRACE_PC, &wr);
	memcpy(r->why, wr.why, sizeof(r->why));
	if (r->err)
		return r->err;
	n = cov_count(big.main, big.words);
	if (!n)
		return fail(r, "nothing was traced");
	if (n == big.words - 1)
		return fail(r, "even the large buffer overflows");
	expect_from(&f->e, big.main + 1, n);
	pairs_from(&f->pairs, big.main + 1, n);
	r->callbacks = n;
	r->pairs = f->pairs.n;
	r->pcs = f->e.pc.n;
	r->edges = f->e.edge.n;
	return 0;
}

static int run_big(struct result *r, struct full *f)
{
	return run_big_pcs(r, f) ? r->err : run_big_cmps(r, f);
}

static enum verdict compare_cmps(const struct result *r, int m, const struct full *f)
{
	if (r->large_overflow)
		return LARGE_OVERFLOW;
	if (modes[m] == KCOV_TRACE_UNIQ_CMP && !each_once(&small[m]))
		return DIFFERS;
	return same_items(places_of(&small[m]), &f->places) ? SAME : DIFFERS;
}

static enum verdict compare_compact(const struct full *f)
{
	const struct cov *c = &small[COMPACT];

	return same_set(c->main + 1, cov_count(c->main, c->words), &f->e.pc) &&
	       same_items(pairs_of(c), &f->pairs) ? SAME : DIFFERS;
}

/* What mode number @m recorded against the full trace @f. */
static enum verdict compare(const struct result *r, int m, const struct full *f)
{
	const struct row *row = &r->row[m];
	const struct expect *e = &f->e;
	const struct cov *c = &small[m];
	size_t n = cov_count(c->main, c->words);
	size_t edges = cov_count(c->edge, c->words);

	if (row->dropped[0] || row->dropped[1])
		return OVERFLOW;
	if (is_cmp(m))
		return compare_cmps(r, m, f);
	if (m == COMPACT)
		return compare_compact(f);
	/* Unique lists: as many as there are, so that nothing is in them twice. */
	if (modes[m] && n != (modes[m] & KCOV_TRACE_UNIQ_PC ? e->pc.n : 0))
		return DIFFERS;
	if (edges != (modes[m] & KCOV_TRACE_UNIQ_EDGE ? e->edge.n : 0))
		return DIFFERS;
	if (n && !same_set(c->main + 1, n, &e->pc))
		return DIFFERS;
	if (edges && !same_set(c->edge + 1, edges, &e->edge))
		return DIFFERS;
	return SAME;
}

static int run_mode(struct result *r, int m)
{
	struct row *row = &r->row[m];
	struct cov *c = &small[m];
	struct workload_result wr;
	struct kcov_stats st;
	size_t extra;

	r->err = workload_run(r->w, c, modes[m], &wr);
	memcpy(r->why, wr.why, sizeof(r->why));
	if (r->err)
		return r->err;
	if (cov_stats(c->fd, &st))
		return fail(r, "KCOV_GET_STATS failed");
	row->recorded[0] = st.main.recorded;
	row->dropped[0] = st.main.dropped;
	row->recorded[1] = st.edge.recorded;
	row->dropped[1] = st.edge.dropped;
	row->untracked = st.main.untracked || st.edge.untracked;
	if (is_cmp(m))
		row->lacks = lacking_items(places_of(c), &ref->places, &extra);
	else if (modes[m] != KCOV_TRACE_UNIQ_EDGE)
		row->lacks = lacking(c->main + 1, cov_count(c->main, c->words),
				     &ref->e.pc, &extra);
	if (is_trace(m))
		row->lacks_pairs = lacking_items(pairs_of(c), &ref->pairs, &extra);
	return 0;
}

/* Whether the runs before and after agree in what mode number @m records. */
static bool repeats(int m)
{
	const struct expect *a = &ref->e, *b = &now->e;

	if (is_cmp(m))
		return same_items(&ref->places, &now->places);
	if (modes[m] != KCOV_TRACE_UNIQ_EDGE &&
	    !same_set(a->pc.item, a->pc.n, &b->pc))
		return false;
	if (m == COMPACT)
		return same_items(&ref->pairs, &now->pairs);
	return !(modes[m] & KCOV_TRACE_UNIQ_EDGE) ||
	       same_set(a->edge.item, a->edge.n, &b->edge);
}

static bool settled(const struct row *row)
{
	return row->verdict == SAME || row->verdict == OVERFLOW ||
	       row->verdict == LARGE_OVERFLOW || row->verdict == DIFFERS;
}

/* Whether another full trace has the sets that mode number @m recorded. */
static bool explained(struct result *r, int m)
{
	size_t sum = 0;
	int i;

	/* Time, too, is limited: the reader waits. */
	for (i = 0; i < EXPLAIN && clock_ns() - began < BUDGET_NS && sum < EXPLAIN_MAX; i++) {
		if (is_cmp(m) ? run_big_cmps(r, ref) : run_big_pcs(r, ref))
			return false;
		sum += is_cmp(m) ? r->cmps : r->callbacks;
		if (compare(r, m, ref) == SAME)
			return true;
	}
	return false;
}

static void settle(struct result *r, int m)
{
	struct row *row = &r->row[m];
	enum verdict v = compare(r, m, now);

	if (v == OVERFLOW || v == LARGE_OVERFLOW)
		row->verdict = v;
	else if (!repeats(m))
		row->verdict = NO_REPEAT;
	else if (v == SAME)
		row->verdict = SAME;
	else
		row->verdict = PENDING;
}

/* The same for the same set of items of @words words, whatever its order. */
static uint64_t sum_of(const unsigned long *item, size_t n, unsigned int words)
{
	uint64_t sum = 1, h;
	unsigned int k;

	for (; n; n--) {
		for (h = 0, k = 0; k < words; k++, item++) {
			h = (h ^ *item ^ *item >> 7) * 0x9e3779b97f4a7c15ull;
			h ^= h >> 29;
		}
		sum += h;
	}
	return sum;
}

static uint64_t sum_of_items(const struct uniq *u)
{
	return sum_of(u->item, u->n, u->words);
}

static uint64_t set_sum(int m)
{
	const struct cov *c = &small[m];

	if (is_cmp(m))
		return sum_of_items(places_of(c));
	if (m == COMPACT)
		return sum_of_items(pairs_of(c));
	return sum_of(c->main + 1, cov_count(c->main, c->words), 1) +
	       3 * sum_of(c->edge + 1, cov_count(c->edge, c->words), 1);
}

/* Those that differ though the runs around them are the same. */
static void settle_difference(struct result *r, int m)
{
	struct row *row = &r->row[m];
	uint64_t was = row->differed;

	row->verdict = NO_REPEAT;
	if (explained(r, m))
		return;
	row->differed = set_sum(m);
	if (row->differed == was)
		row->verdict = DIFFERS;
}

/* All modes that are not settled yet, and the large buffer after them. */
static int run_round(struct result *r)
{
	bool ran[NR_MODES];
	struct full *swap;
	int m;

	for (m = 0; m < NR_MODES; m++) {
		ran[m] = !settled(&r->row[m]);
		if (ran[m] && run_mode(r, m))
			return r->err;
	}
	if (run_big(r, now))
		return r->err;
	for (m = 0; m < NR_MODES; m++)
		if (ran[m])
			settle(r, m);
	swap = ref;
	ref = now;
	now = swap;
	for (m = 0; m < NR_MODES; m++)
		if (r->row[m].verdict == PENDING)
			settle_difference(r, m);
	return r->err;
}

static bool all_settled(const struct result *r)
{
	int m;

	for (m = 0; m < NR_MODES; m++)
		if (!settled(&r->row[m]))
			return false;
	return true;
}

static void collect(struct result *r)
{
	int i;

	began = clock_ns();
	/* The first run fills caches: it shows other paths than all later ones. */
	for (i = 0; i < 2; i++)
		if (run_big(r, ref))
			return;
	for (i = 0; i < TRIES && !all_settled(r); i++) {
		if (i && clock_ns() - began > BUDGET_NS)
			return;
		if (run_round(r))
			return;
	}
}

/* ---- numbers, as people read them ---- */

static const char *thousands(unsigned long v)
{
	static char text[8][32];
	static int turn;
	char digits[24], *out = text[turn = (turn + 1) % 8];
	int i, k = 0, n = snprintf(digits, sizeof(digits), "%lu", v);

	for (i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			out[k++] = ',';
		out[k++] = digits[i];
	}
	out[k] = '\0';
	return out;
}

static void both(char *out, size_t len, const unsigned long *v, unsigned long mode,
		 bool at_most)
{
	size_t n = at_most ? snprintf(out, len, "<= ") : 0;

	out += n;
	len -= n;
	if (mode == (KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE))
		snprintf(out, len, "%s + %s", thousands(v[0]), thousands(v[1]));
	else
		snprintf(out, len, "%s",
			 thousands(v[mode == KCOV_TRACE_UNIQ_EDGE]));
}

static double share_lost(const struct row *row)
{

	return 100.0 * row->dropped[0] / (row->recorded[0] + row->dropped[0]);
}

/* What the left column says beside the row of mode number @m. */
static void left(char *out, size_t len, const struct result *r, int m)
{
	if (m == 0)
		snprintf(out, len, "%s", r->w->name);
	else if (m == 1)
		snprintf(out, len, "  %s", r->w->what);
	else if (m == 2)
		snprintf(out, len, "  traced: %s", workload_traced(r->w));
	else
		out[0] = '\0';
}

static const char *paint(enum verdict v)
{
	if (!colour)
		return "";
	if (v == SAME)
		return "\033[32m";
	return v == DIFFERS ? "\033[1;31m" : "\033[33m";
}

static void print_row(const struct result *r, int m)
{
	const struct row *row = &r->row[m];
	char name[64], rec[48], drop[48], over[32] = "", sets[48];
	bool lost = row->dropped[0] || row->dropped[1];

	left(name, sizeof(name), r, m);
	both(rec, sizeof(rec), row->recorded, modes[m], false);
	both(drop, sizeof(drop), row->dropped, modes[m], row->untracked);
	if (!lost)
		snprintf(over, sizeof(over), "-");
	else if (modes[m] < 2)
		snprintf(over, sizeof(over), "%.1fx %.1f%%",
			 (double)(row->recorded[0] + row->dropped[0]) / row->recorded[0],
			 share_lost(row));
	else
		snprintf(over, sizeof(over), "yes");
	if (lost && row->lacks)
		snprintf(sets, sizeof(sets), "lacks %s %s", thousands(row->lacks),
			 is_cmp(m) ? "places" : "PCs");
	else
		snprintf(sets, sizeof(sets), "%s%s", verdicts[row->verdict],
			 row->verdict != SAME ? "" : is_cmp(m) ? " places" :
			 m == COMPACT ? " PCs, pairs" : "");
	printf("%-31.31s %-10s %13s %10s %12s  %s%s%s\n", name, mode_names[m], rec,
	       drop, over, paint(row->verdict), sets, colour ? "\033[0m" : "");
}

static void print_table(const struct result *r, size_t n)
{
	size_t i;
	int m;

	printf("Buffers of %s words. \"Sets\": what was recorded, against mode 0 with a buffer\n"
	       "of %s words; of a compact trace, its PCs and its pairs of consecutive PCs.\n"
	       "\"Overflow\": how many such buffers the callbacks would fill, and the share that was lost.\n"
	       "Comparisons (modes 1 and 8) take 4 words each. Their sets are compared by their places:\n"
	       "arguments that are addresses, PIDs or times differ in each run. \"<=\": the set was full,\n"
	       "too, and repeats count. \"Does not repeat\": two full traces differ, so there is\n"
	       "nothing to compare with.\n\n",
	       thousands(WORDS), thousands(BIG_WORDS));
	printf("%-31s %-10s %13s %10s %12s  %s\n", "workload", "mode", "recorded",
	       "dropped", "overflow", "sets");
	for (i = 0; i < n; i++) {
		if (r[i].err) {
			printf("%-31s %s: %s\n\n", r[i].w->name,
			       r[i].err > 0 ? "skipped" : "FAILED", r[i].why);
			continue;
		}
		for (m = 0; m < NR_MODES; m++)
			print_row(&r[i], m);
		putchar('\n');
	}
}

/* ---- what was seen ---- */

/* A mode that records all. */
struct full_mode {
	int overflow;
	int lossy;			/* overflowed, and lacks PCs or places */
	int lossy_pairs;		/* the same for pairs */
	double median, max;
};

/* Modes beside it that record less. */
struct kind {
	int runs;
	int overflow;
	int verdict[DIFFERS + 1];
	unsigned long longest;		/* what a run recorded at most in the main area */
};

struct summary {
	int run, skipped, failed;
	struct full_mode all_pcs, all_cmps;
	struct kind pc, compact, cmp;
};

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void summarize_full(const struct result *r, size_t n, struct full_mode *f, int m)
{
	double lost[ARRAY_SIZE(chosen) + 64];
	const struct row *row;
	size_t i, l = 0;

	for (i = 0; i < n; i++) {
		row = &r[i].row[m];
		if (r[i].err || !row->dropped[0])
			continue;
		f->overflow++;
		lost[l++] = share_lost(row);
		f->lossy += row->lacks > 0;
		f->lossy_pairs += row->lacks_pairs > 0;
	}
	qsort(lost, l, sizeof(lost[0]), cmp_double);
	if (l) {
		f->median = (lost[l / 2] + lost[(l - 1) / 2]) / 2;
		f->max = lost[l - 1];
	}
}

/* Modes number @m to @end - 1. */
static void summarize_kind(const struct result *r, size_t n, struct kind *k, int m, int end)
{
	const struct row *row;
	size_t i;

	for (; m < end; m++)
		for (i = 0; i < n; i++) {
			row = &r[i].row[m];
			if (r[i].err)
				continue;
			k->runs++;
			k->overflow += row->verdict == OVERFLOW;
			k->verdict[row->verdict]++;
			if (k->longest < row->recorded[0])
				k->longest = row->recorded[0];
		}
}

static void summarize(const struct result *r, size_t n, struct summary *s)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < n; i++) {
		s->failed += r[i].err < 0;
		s->skipped += r[i].err > 0;
		s->run += !r[i].err;
	}
	summarize_full(r, n, &s->all_pcs, 0);
	summarize_kind(r, n, &s->pc, 1, COMPACT);
	summarize_kind(r, n, &s->compact, COMPACT, FIRST_CMP);
	summarize_full(r, n, &s->all_cmps, FIRST_CMP);
	summarize_kind(r, n, &s->cmp, FIRST_CMP + 1, NR_MODES);
}

static bool any_differs(const struct summary *s)
{
	return s->pc.verdict[DIFFERS] || s->compact.verdict[DIFFERS] || s->cmp.verdict[DIFFERS];
}

static void print_full(const struct full_mode *f, int run, const char *mode,
		       unsigned long room, const char *items, const char *what)
{
	printf("%s: %d of %d workloads overflowed %s %s", mode, f->overflow, run,
	       thousands(room), items);
	if (!f->overflow) {
		puts(".");
		return;
	}
	printf(", losing %.1f%% of callbacks (median),\n"
	       "        %.1f%% at most; in %d of them %s were never seen", f->median, f->max,
	       f->lossy, what);
	if (f->lossy_pairs)
		printf(", in %d pairs of PCs", f->lossy_pairs);
	puts(".");
}

static void print_kind(const struct kind *k, const char *modes, const char *sets,
		       const char *longest)
{
	printf("%s: %d of %d runs overflowed the same buffer", modes, k->overflow, k->runs);
	if (longest)
		printf("; the longest %s %s words", longest, thousands(k->longest));
	/* What overflowed is no set to compare; what is compared adds up to the rest. */
	printf(".\n%s: of the other %d, %d the same as with a large buffer, %d not repeating,\n"
	       "        ", sets, k->runs - k->overflow, k->verdict[SAME], k->verdict[NO_REPEAT]);
	if (k->verdict[LARGE_OVERFLOW])
		printf("%d not compared (the large buffer overflows, too), ",
		       k->verdict[LARGE_OVERFLOW]);
	printf("%d DIFFERENT.\n", k->verdict[DIFFERS]);
}

static void print_summary(const struct summary *s)
{
	if (s->skipped || s->failed)
		printf("Workloads: %d traced, %d skipped, %d FAILED.\n", s->run, s->skipped,
		       s->failed);
	print_full(&s->all_pcs, s->run, "Mode 0", WORDS, "words", "PCs");
	print_kind(&s->pc, "Modes 2, 4, 6", "Sets of modes 2, 4, 6", NULL);
	print_kind(&s->compact, "Mode 16", "PCs and pairs of mode 16", "compact trace takes");
	print_full(&s->all_cmps, s->run, "Mode 1", cov_cmp_capacity(WORDS), "comparisons",
		   "places");
	print_kind(&s->cmp, "Mode 8", "Places of mode 8", NULL);
}

/* ---- for programs ---- */

static void json_row(const struct row *row, int m, const char *sep)
{
	printf("      {\"mode\": %lu, \"recorded\": %lu, \"dropped\": %lu, "
	       "\"edges_recorded\": %lu, \"edges_dropped\": %lu, "
	       "\"untracked\": %s, \"lacking_%s\": %zu, ",
	       modes[m], row->recorded[0], row->dropped[0], row->recorded[1],
	       row->dropped[1], row->untracked ? "true" : "false",
	       is_cmp(m) ? "places" : "pcs", row->lacks);
	if (is_trace(m))
		printf("\"lacking_pairs\": %zu, ", row->lacks_pairs);
	printf("\"sets\": \"%s\"}%s\n", verdicts[row->verdict], sep);
}

static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar((unsigned char)*s < ' ' ? ' ' : *s);
	}
	putchar('"');
}

static void json_result(const struct result *r, const char *sep)
{
	int m;

	printf("    {\"name\": \"%s\", \"what\": ", r->w->name);
	json_string(r->w->what);
	printf(", \"traced\": ");
	json_string(workload_traced(r->w));
	if (r->err) {
		printf(", \"%s\": ", r->err > 0 ? "skipped" : "failed");
		json_string(r->why);
		printf("}%s\n", sep);
		return;
	}
	printf(",\n     \"callbacks\": %zu, \"pcs\": %zu, \"edges\": %zu, \"pairs\": %zu, "
	       "\"comparisons\": %zu, \"places\": %zu, \"modes\": [\n",
	       r->callbacks, r->pcs, r->edges, r->pairs, r->cmps, r->places);
	for (m = 0; m < NR_MODES; m++)
		json_row(&r->row[m], m, m < NR_MODES - 1 ? "," : "");
	printf("    ]}%s\n", sep);
}

static void json_full(const struct full_mode *f, const char *mode, const char *suffix,
		      const char *what)
{
	printf("\"overflowed_%s\": %d, \"lost_median_percent%s\": %.2f, "
	       "\"lost_max_percent%s\": %.2f, \"lacking_%s_%s\": %d, ",
	       mode, f->overflow, suffix, f->median, suffix, f->max, what, mode, f->lossy);
}

static void json_kind(const struct kind *k, const char *modes, const char *suffix)
{
	printf("\"overflowed_%s\": %d, \"same%s\": %d, \"not_repeating%s\": %d, "
	       "\"large_overflowed%s\": %d, \"different%s\": %d",
	       modes, k->overflow, suffix, k->verdict[SAME], suffix, k->verdict[NO_REPEAT],
	       suffix, k->verdict[LARGE_OVERFLOW], suffix, k->verdict[DIFFERS]);
}

/* Modes 0, 2, 4 and 6, the first ones that there were, have names without a number. */
static void json_summary(const struct summary *s)
{
	printf("  \"summary\": {\"run\": %d, \"skipped\": %d, \"failed\": %d, ", s->run,
	       s->skipped, s->failed);
	json_full(&s->all_pcs, "mode0", "", "pcs");
	printf("\"lacking_pairs_mode0\": %d, ", s->all_pcs.lossy_pairs);
	json_kind(&s->pc, "unique", "");
	printf(", ");
	json_kind(&s->compact, "mode16", "_mode16");
	printf(", \"longest_mode16\": %lu, ", s->compact.longest);
	json_full(&s->all_cmps, "mode1", "_mode1", "places");
	json_kind(&s->cmp, "mode8", "_mode8");
	puts("}");
}

static void print_json(const struct result *r, size_t n, const struct summary *s)
{
	size_t i;

	printf("{\n  \"words\": %lu, \"large_words\": %lu,\n  \"workloads\": [\n",
	       WORDS, BIG_WORDS);
	for (i = 0; i < n; i++)
		json_result(&r[i], i < n - 1 ? "," : "");
	puts("  ],");
	json_summary(s);
	puts("}");
}

/* ---- */

static bool is_chosen(const struct workload *w)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(chosen); i++)
		if (!strcmp(chosen[i], w->name))
			return true;
	return false;
}

static void list_workloads(void)
{
	const struct workload *w;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(chosen); i++) {
		w = workload_find(chosen[i]);
		printf("%-16s %s\n", w->name, w->what);
	}
	for (w = workloads; w < workloads + nr_workloads; w++)
		if (!w->study && !is_chosen(w))
			printf("%-16s %s\n", w->name, w->what);
}

static int options(int argc, char **argv)
{
	int i;

	colour = isatty(1) || getenv("KCOV_COLOUR");
	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--colour"))
			colour = true;
		else
			return -1;
	}
	if (argc - i > 64)
		return -1;
	for (int k = i; k < argc; k++)
		if (!workload_find(argv[k])) {
			fprintf(stderr, "%s: no such workload, see --list\n", argv[k]);
			return -1;
		}
	return i;
}

static void set_up(void)
{
	int m;

	cov_open_or_exit(&big, BIG_WORDS, 0);
	for (m = 0; m < NR_MODES; m++)
		if (!cov_has_mode(modes[m])) {
			fprintf(stderr, "this kernel does not have KCOV mode %lu\n",
				modes[m]);
			exit(1);
		}
	for (m = 0; m < NR_MODES; m++)
		cov_open_or_exit(&small[m], WORDS, COV_EDGE);
	ref = calloc(1, sizeof(*ref));
	now = calloc(1, sizeof(*now));
	if (!ref || !now)
		exit(1);
	expect_init(&ref->e);
	expect_init(&now->e);
	pairs_init(&ref->pairs);
	pairs_init(&now->pairs);
	pairs_init(&pairs);
	places_init(&ref->places);
	places_init(&now->places);
	places_init(&places);
	uniq_init(&seen, 4 * WORDS, 1);
	uniq_init(&seen_cmp, WORDS / CMP_WORDS, CMP_WORDS);
}

/* A line on stderr once it takes long, so that nobody wonders. */
static void say_progress(uint64_t since, size_t i, size_t n, const char *name)
{
	if (clock_ns() - since > 2000000000ull)
		progress = true;
	if (progress)
		fprintf(stderr, "tracing %zu of %zu: %s\n", i + 1, n, name);
}

int main(int argc, char **argv)
{
	int first;
	size_t i, n = ARRAY_SIZE(chosen);
	const char *const *names = chosen;
	struct summary s;
	struct result *r;
	uint64_t since;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list_workloads();
		return 0;
	}
	first = options(argc, argv);
	if (first < 0) {
		fprintf(stderr, "usage: demo [--json] [--colour] [WORKLOAD...], or demo --list\n");
		return 2;
	}
	if (first < argc) {
		n = argc - first;
		names = (const char *const *)argv + first;
	}
	set_up();
	r = calloc(n, sizeof(*r));
	if (!r)
		return 1;
	since = clock_ns();
	for (i = 0; i < n; i++) {
		say_progress(since, i, n, names[i]);
		r[i].w = workload_find(names[i]);
		collect(&r[i]);
	}
	summarize(r, n, &s);
	if (json) {
		print_json(r, n, &s);
	} else {
		print_table(r, n);
		print_summary(&s);
	}
	return any_differs(&s) || s.failed || !s.run;
}
