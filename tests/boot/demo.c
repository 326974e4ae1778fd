// SPDX-License-Identifier: MIT
/*
 * The guest's part of ./demo: real programs, traced in modes 0, 2, 4 and 6, and 1 and 8,
 * with a buffer of 64K words, against a full trace with a buffer that is large enough.
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
 */
#include "workloads.h"

#define BIG_WORDS	(16ul << 20)
#define WORDS		(64ul << 10)
#define TRIES		4
#define EXPLAIN		40	/* full traces, to explain a difference by */
#define EXPLAIN_MAX	(20ul << 20)	/* but no more callbacks than that */
#define BUDGET_NS	2000000000ull	/* for one workload, then no more tries */
#define NR_MODES	6
#define FIRST_CMP	4	/* modes[] from there on are of comparisons */

static const char *const chosen[] = {
	"find", "ls-lR", "tcp", "mmap-64m", "files-200", "fork", "fork-exec",
	"read-zero", "stress-rename", "stress-mmap", "tar", "maps", "pipe", "mount",
};

static const unsigned long modes[NR_MODES] = { 0, 2, 4, 6, 1, 8 };
static const char *const mode_names[NR_MODES] = {
	"0 all PCs", "2 PCs", "4 edges", "6 both", "1 all cmps", "8 cmps",
};

enum verdict { PENDING, SAME, OVERFLOW, LARGE_OVERFLOW, NO_REPEAT, DIFFERS };

static const char *const verdicts[] = {
	"not run", "same", "overflow", "large one overflows", "does not repeat", "DIFFERS",
};

/* One workload in one mode: [0] is the main area, [1] the edge area. */
struct row {
	unsigned long recorded[2], dropped[2];
	bool untracked;		/* a set was full: dropped counts repeats, too */
	size_t lacks;		/* PCs or places of the large buffer that are not here */
	uint64_t differed;	/* the sum of what differed, or 0 */
	enum verdict verdict;
};

struct result {
	const struct workload *w;
	struct row row[NR_MODES];
	size_t callbacks, pcs, edges;	/* in the large buffer */
	size_t cmps, places;
	bool large_overflow;		/* it had no room for all comparisons */
	int err;			/* as workload_run() returns it */
	char why[160];
};

static struct cov big, small[NR_MODES];
/* What full traces in modes 0 and 1 say. */
struct full {
	struct expect e;
	struct uniq places;
};

static struct full *ref;	/* of the run before */
static struct full *now;	/* of the run after */
static struct uniq seen, seen_cmp, places;
static uint64_t began;		/* the present workload */
static bool json, colour, progress;

/* ---- collecting ---- */

static bool is_cmp(int m)
{
	return m >= FIRST_CMP;
}

/* How many of @want are not in @area. @extra: what is there and not in @want. */
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

/* The same for places, of the comparisons in mode number @m. */
static size_t lacking_places(int m, const struct uniq *want, size_t *extra)
{
	const struct cov *c = &small[m];
	size_t i, found = 0;

	places_from(&places, c->main + 1, cov_cmp_count(c->main, c->words));
	for (i = 0; i < want->n; i++)
		found += uniq_has(&places, want->item + i * CMP_WORDS);
	*extra = places.n - found;
	return want->n - found;
}

static bool same_places(const struct uniq *a, const struct uniq *b)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!uniq_has(b, a->item + i * CMP_WORDS))
			return false;
	return a->n == b->n;
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
	r->callbacks = n;
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
	size_t extra;

	if (r->large_overflow)
		return LARGE_OVERFLOW;
	if (modes[m] == KCOV_TRACE_UNIQ_CMP && !each_once(&small[m]))
		return DIFFERS;
	return lacking_places(m, &f->places, &extra) || extra ? DIFFERS : SAME;
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
		row->lacks = lacking_places(m, &ref->places, &extra);
	else if (modes[m] != KCOV_TRACE_UNIQ_EDGE)
		row->lacks = lacking(c->main + 1, cov_count(c->main, c->words),
				     &ref->e.pc, &extra);
	return 0;
}

/* Whether the runs before and after agree in what mode number @m records. */
static bool repeats(int m)
{
	const struct expect *a = &ref->e, *b = &now->e;

	if (is_cmp(m))
		return same_places(&ref->places, &now->places);
	if (modes[m] != KCOV_TRACE_UNIQ_EDGE &&
	    !same_set(a->pc.item, a->pc.n, &b->pc))
		return false;
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

/* The same for the same set, whatever its order. */
static uint64_t sum_of(const unsigned long *item, size_t n)
{
	uint64_t sum = 1;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (item[i] ^ (item[i] >> 7)) * 0x9e3779b97f4a7c15ull;
	return sum;
}

static uint64_t set_sum(int m)
{
	const struct cov *c = &small[m];

	if (is_cmp(m)) {
		places_from(&places, c->main + 1, cov_cmp_count(c->main, c->words));
		return sum_of(places.item, places.n * CMP_WORDS);
	}
	return sum_of(c->main + 1, cov_count(c->main, c->words)) +
	       3 * sum_of(c->edge + 1, cov_count(c->edge, c->words));
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
		snprintf(over, sizeof(over), "%.1fx, %.1f%%",
			 (double)(row->recorded[0] + row->dropped[0]) / row->recorded[0],
			 share_lost(row));
	else
		snprintf(over, sizeof(over), "yes");
	if (lost && row->lacks)
		snprintf(sets, sizeof(sets), "lacks %s %s", thousands(row->lacks),
			 is_cmp(m) ? "places" : "PCs");
	else
		snprintf(sets, sizeof(sets), "%s%s", verdicts[row->verdict],
			 is_cmp(m) && row->verdict == SAME ? " places" : "");
	printf("%-33.33s %-10s %13s %11s %14s  %s%s%s\n", name, mode_names[m], rec,
	       drop, over, paint(row->verdict), sets, colour ? "\033[0m" : "");
}

static void print_table(const struct result *r, size_t n)
{
	size_t i;
	int m;

	printf("Buffers of %s words. \"Sets\": what was recorded, against mode 0 with a buffer\n"
	       "of %s words. \"Overflow\": what ran in buffers full, and the share that was lost.\n"
	       "Comparisons (modes 1 and 8) take 4 words each. Their sets are compared by their places:\n"
	       "arguments that are addresses, PIDs or times are others in each run. \"<=\": the set\n"
	       "was full, too, and repeats count.\n\n",
	       thousands(WORDS), thousands(BIG_WORDS));
	printf("%-33s %-10s %13s %11s %14s  %s\n", "workload", "mode", "recorded",
	       "dropped", "overflow", "sets");
	for (i = 0; i < n; i++) {
		if (r[i].err) {
			printf("%-33s %s: %s\n\n", r[i].w->name,
			       r[i].err > 0 ? "skipped" : "FAILED", r[i].why);
			continue;
		}
		for (m = 0; m < NR_MODES; m++)
			print_row(&r[i], m);
		putchar('\n');
	}
}

/* ---- what was seen ---- */

/* A mode that records all, and the unique ones beside it. */
struct kind {
	int overflow[2];		/* of the full mode, of the unique ones */
	int runs;			/* of the unique ones */
	int verdict[DIFFERS + 1];	/* of these */
	int lossy;			/* overflowed, and lacks something, in the full mode */
	double median, max;
};

struct summary {
	int run, failed;
	struct kind pc, cmp;
};

static int cmp_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Modes number @first, the full one, to @end. */
static void summarize_kind(const struct result *r, size_t n, struct kind *k, int first,
			   int end)
{
	double lost[ARRAY_SIZE(chosen) + 64];
	const struct row *row;
	size_t i, l = 0;

	for (i = 0; i < n; i++) {
		if (r[i].err)
			continue;
		row = &r[i].row[first];
		if (row->dropped[0]) {
			k->overflow[0]++;
			lost[l++] = share_lost(row);
			k->lossy += row->lacks > 0;
		}
		for (row++; row < &r[i].row[end]; row++) {
			k->runs++;
			k->overflow[1] += row->verdict == OVERFLOW;
			k->verdict[row->verdict]++;
		}
	}
	qsort(lost, l, sizeof(lost[0]), cmp_double);
	if (l) {
		k->median = (lost[l / 2] + lost[(l - 1) / 2]) / 2;
		k->max = lost[l - 1];
	}
}

static void summarize(const struct result *r, size_t n, struct summary *s)
{
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < n; i++) {
		s->failed += r[i].err < 0;
		s->run += !r[i].err;
	}
	summarize_kind(r, n, &s->pc, 0, FIRST_CMP);
	summarize_kind(r, n, &s->cmp, FIRST_CMP, NR_MODES);
}

static bool any_differs(const struct summary *s)
{
	return s->pc.verdict[DIFFERS] || s->cmp.verdict[DIFFERS];
}

static void print_kind(const struct kind *k, int run, const char *full, const char *uniq,
		       const char *items, const char *what, const char *sets)
{
	printf("%s: %d of %d workloads overflowed %s, losing %.1f%% of callbacks (median),\n"
	       "        %.1f%% at most; in %d of them %s were never seen.\n",
	       full, k->overflow[0], run, items, k->median, k->max, k->lossy, what);
	printf("%s: %d of %d runs overflowed the same buffer.\n", uniq, k->overflow[1],
	       k->runs);
	printf("%s: %d of %d the same as with a large buffer, %d not repeating, %d DIFFERENT.\n",
	       sets, k->verdict[SAME], k->runs, k->verdict[NO_REPEAT], k->verdict[DIFFERS]);
	if (k->verdict[LARGE_OVERFLOW])
		printf("        %d could not be compared: the large buffer overflows, too.\n",
		       k->verdict[LARGE_OVERFLOW]);
}

static void print_summary(const struct summary *s)
{
	char items[64];

	snprintf(items, sizeof(items), "%s words", thousands(WORDS));
	print_kind(&s->pc, s->run, "Mode 0", "Modes 2, 4, 6", items, "PCs",
		   "Sets of modes 2, 4, 6");
	snprintf(items, sizeof(items), "%s comparisons", thousands(cov_cmp_capacity(WORDS)));
	print_kind(&s->cmp, s->run, "Mode 1", "Mode 8", items, "places", "Places of mode 8");
}

/* ---- for programs ---- */

static void json_row(const struct row *row, int m, const char *sep)
{
	printf("      {\"mode\": %lu, \"recorded\": %lu, \"dropped\": %lu, "
	       "\"edges_recorded\": %lu, \"edges_dropped\": %lu, "
	       "\"untracked\": %s, \"lacking_%s\": %zu, \"sets\": \"%s\"}%s\n",
	       modes[m], row->recorded[0], row->dropped[0], row->recorded[1],
	       row->dropped[1], row->untracked ? "true" : "false",
	       is_cmp(m) ? "places" : "pcs", row->lacks, verdicts[row->verdict], sep);
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
	printf(",\n     \"callbacks\": %zu, \"pcs\": %zu, \"edges\": %zu, \"comparisons\": %zu, "
	       "\"places\": %zu, \"modes\": [\n",
	       r->callbacks, r->pcs, r->edges, r->cmps, r->places);
	for (m = 0; m < NR_MODES; m++)
		json_row(&r->row[m], m, m < NR_MODES - 1 ? "," : "");
	printf("    ]}%s\n", sep);
}

/* Names as they were before there were two kinds, for the first. */
static void json_kind(const struct kind *k, const char *full, const char *uniq,
		      const char *what, const char *sep)
{
	const char *suffix = strcmp(uniq, "unique") ? "_mode8" : "";
	const char *lost = strcmp(uniq, "unique") ? "_mode1" : "";

	printf("\"overflowed_%s\": %d, \"lost_median_percent%s\": %.2f, "
	       "\"lost_max_percent%s\": %.2f, \"lacking_%s_%s\": %d, "
	       "\"overflowed_%s\": %d, \"same%s\": %d, \"not_repeating%s\": %d, "
	       "\"large_overflowed%s\": %d, \"different%s\": %d%s",
	       full, k->overflow[0], lost, k->median, lost, k->max, what, full, k->lossy,
	       uniq, k->overflow[1], suffix, k->verdict[SAME], suffix,
	       k->verdict[NO_REPEAT], suffix, k->verdict[LARGE_OVERFLOW], suffix,
	       k->verdict[DIFFERS], sep);
}

static void print_json(const struct result *r, size_t n, const struct summary *s)
{
	size_t i;

	printf("{\n  \"words\": %lu, \"large_words\": %lu,\n  \"workloads\": [\n",
	       WORDS, BIG_WORDS);
	for (i = 0; i < n; i++)
		json_result(&r[i], i < n - 1 ? "," : "");
	printf("  ],\n  \"summary\": {\"run\": %d, \"failed\": %d, ", s->run, s->failed);
	json_kind(&s->pc, "mode0", "unique", "pcs", ", ");
	json_kind(&s->cmp, "mode1", "mode8", "places", "}\n}\n");
}

/* ---- */

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
			fprintf(stderr, "%s: no such workload\n", argv[k]);
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
	int first = options(argc, argv);
	size_t i, n = ARRAY_SIZE(chosen);
	const char *const *names = chosen;
	struct summary s;
	struct result *r;
	uint64_t since;

	if (first < 0) {
		fprintf(stderr, "usage: demo [--json] [--colour] [WORKLOAD...]\n");
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
