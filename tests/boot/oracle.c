// SPDX-License-Identifier: MIT
/*
 * The in-kernel oracle: what modes 2, 4 and 6 record of a workload must be, item
 * for item, what a full trace (mode 0) of the same workload says.
 *
 * Every judgement is made on three runs: full trace, the mode, full trace. Only
 * if the two full traces are identical does the workload count; then the lists
 * must be exactly equal. There is no tolerance, but two ways for the run in the
 * middle to be another one than those around it:
 *
 * - the kernel has states that come round (a batch of random numbers, a page that
 *   is marked twice), so every second or third run is different. Then more full
 *   traces are taken: if one of them makes exactly the lists in question, they
 *   are true, but the workload does not repeat, and is counted so.
 * - a timer tick hit it. Then the same wrong lists will not come again: it is
 *   tried again, and fails if they do. If no try comes out equal, the workload
 *   does not repeat. In a guest whose time stands still (booted with
 *   time-travel=inf-cpu) there is no tick to blame, and the first difference is
 *   the verdict unless the trace is very long; so it is with --strict. That is
 *   the run to rely on.
 *
 * oracle [--strict] [--repeat-only] [--times] [WORKLOAD...]
 * --repeat-only: full traces only, for a kernel without the modes.
 */
#include "workloads.h"

#define BIG_WORDS	(16ul << 20)
#define SMALL_WORDS	(128ul << 10)
#define TRIES		6
/* So many more full traces are taken to find the one that explains a difference. */
#define EXPLAIN		40
/* But no more than make that many callbacks: it would take too long. */
#define EXPLAIN_MAX	(40ul << 20)
/*
 * Nor is a workload tried again and again when that takes long, unless strict:
 * then each difference must be explained.
 */
#define BUDGET_NS	700000000ull
#define STRICT_MAX	(1ul << 19)	/* callbacks, see attempts() */
#define MIN_REPEAT	15
#define MIN_RUN		20
#define MIN_SMALL	36	/* three workloads, three sizes, four modes */
/* Up to that length the expectation is checked against sorting. */
#define SORT_MAX	(1ul << 20)

static const unsigned long modes[] = {
	KCOV_TRACE_UNIQ_PC,
	KCOV_TRACE_UNIQ_EDGE,
	KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE,
};

enum verdict { EQUAL, DIFFERS, NO_REPEAT, SKIPPED, BROKEN };

static struct cov big;		/* for full traces */
static struct cov test;		/* for the modes */
static struct expect expect;
static struct uniq scratch;
static unsigned long *before;	/* the full trace before the one in big */
static size_t n_before;
static unsigned long *sorted;
static bool strict, times, repeat_only;
static int disturbed, explained;
static uint64_t since;		/* when the present workload was begun */
static char why[256];
/* What the modes' areas held when they differed last: hashes, see fingerprint(). */
static uint64_t differed_print;

/* ---- comparing ---- */

/*
 * Whether @got is @want; if not, says in @msg what is wrong with it: a repeat,
 * an item that is not wanted, one that is missing, or the order.
 */
static bool same_list(const unsigned long *got, size_t n,
		      const unsigned long *want, size_t m, char *msg, size_t len)
{
	size_t i;

	if (n == m && !memcmp(got, want, n * sizeof(*got)))
		return true;
	uniq_clear(&scratch);
	for (i = 0; i < n; i++)
		if (!uniq_add(&scratch, got[i])) {
			snprintf(msg, len, "repeat: item %zu, %#lx", i, got[i]);
			return false;
		}
	for (i = 0; i < m; i++)
		if (!uniq_has(&scratch, want[i])) {
			snprintf(msg, len, "missing: %#lx, number %zu of %zu (got %zu)",
				 want[i], i, m, n);
			return false;
		}
	uniq_clear(&scratch);
	for (i = 0; i < m; i++)
		uniq_add(&scratch, want[i]);
	for (i = 0; i < n; i++)
		if (!uniq_has(&scratch, got[i])) {
			snprintf(msg, len, "extra: item %zu, %#lx (want %zu, got %zu)",
				 i, got[i], m, n);
			return false;
		}
	for (i = 0; i < n && got[i] == want[i]; i++)
		;
	snprintf(msg, len, "order: item %zu is %#lx, not %#lx", i, got[i], want[i]);
	return false;
}

static int cmp_ul(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* Distinct numbers in the @n at sorted[], which are put in order. */
static size_t sort_distinct(size_t n)
{
	size_t i, d = n > 0;

	qsort(sorted, n, sizeof(*sorted), cmp_ul);
	for (i = 1; i < n; i++)
		d += sorted[i] != sorted[i - 1];
	return d;
}

/* The expectation, reached another way: by sorting instead of hashing. */
static bool expect_agrees_with_sort(const unsigned long *pcs, size_t n)
{
	size_t i;

	if (n > SORT_MAX)
		return true;
	memcpy(sorted, pcs, n * sizeof(*pcs));
	if (sort_distinct(n) != expect.pc.n)
		return false;
	for (i = 0; i < n; i++)
		sorted[i] = cov_edge_word(i ? pcs[i - 1] : 0, pcs[i]);
	return sort_distinct(n) == expect.edge.n;
}

/* ---- that the comparison sees what it must ---- */

static void self_check_case(const char *name, const unsigned long *got, size_t n,
			    const char *class)
{
	static const unsigned long want[] = { 0x60001234, 0x60005678, 0x60009abc };
	char msg[128] = "";
	bool same = same_list(got, n, want, ARRAY_SIZE(want), msg, sizeof(msg));

	if (!tap_ok(class ? !same && !strncmp(msg, class, strlen(class)) : same,
		    "self-check: %s", name))
		tap_diag("same %d, said \"%s\"", same, msg);
}

static void self_check(void)
{
	static const unsigned long a = 0x60001234, b = 0x60005678, c = 0x60009abc;
	const unsigned long trace[] = { a, b, a, b, c, b, c, b };
	const unsigned long edges[] = {
		cov_edge_word(0, a), cov_edge_word(a, b), cov_edge_word(b, a),
		cov_edge_word(b, c), cov_edge_word(c, b),
	};
	char msg[128];

#define CASE(name, class, ...) do {					\
	const unsigned long got[] = { __VA_ARGS__ };			\
	self_check_case(name, got, ARRAY_SIZE(got), class);		\
} while (0)
	CASE("equal lists are equal", NULL, a, b, c);
	CASE("an extra item is seen", "extra", a, b, c, c + 4);
	CASE("a missing item is seen", "missing", a, c);
	CASE("a missing last item is seen", "missing", a, b);
	CASE("an exchanged item is seen", "missing", a, b, c + 1);
	CASE("swapped order is seen", "order", a, c, b);
	CASE("a repeat is seen", "repeat", a, b, b);
	CASE("a repeat at the end is seen", "repeat", a, b, c, a);
#undef CASE
	expect_from(&expect, trace, ARRAY_SIZE(trace));
	tap_ok(same_list(expect.edge.item, expect.edge.n, edges, ARRAY_SIZE(edges),
			 msg, sizeof(msg)), "self-check: edges of a known trace");
	/* Values that another implementation of the hash gave. */
	tap_ok(cov_hash32(0) == 0xc0a9496a && cov_hash32(0x234) == 0xd9ef54b9 &&
	       cov_edge_word(0x234, a) == (a ^ 0x4b9) &&
	       cov_edge_word(0x56789234, a) == (a ^ 0x4b9),
	       "self-check: edge words of known values");
	tap_ok(expect_agrees_with_sort(trace, ARRAY_SIZE(trace)),
	       "self-check: hashing and sorting count the same");
}

/* ---- runs ---- */

/* A full trace of @w into the big area. 0, 1: skipped, -1: failed. */
static int full(const struct workload *w, size_t *n)
{
	struct workload_result r;
	int err = workload_run(w, &big, KCOV_TRACE_PC, &r);

	*n = cov_count(big.main, big.words);
	snprintf(why, sizeof(why), "%s", r.why);
	if (err)
		return err > 0 ? 1 : -1;
	if (!*n)
		snprintf(why, sizeof(why), "nothing was traced");
	else if (*n == big.words - 1)
		snprintf(why, sizeof(why), "mode 0 overflows %lu words", BIG_WORDS);
	else
		return 0;
	return -1;
}

static void keep(size_t n)
{
	memcpy(before, big.main + 1, n * sizeof(*before));
	n_before = n;
}

static bool repeats(size_t n)
{
	return n == n_before && !memcmp(before, big.main + 1, n * sizeof(*before));
}

static enum verdict bad(const char *what, const char *msg)
{
	snprintf(why, sizeof(why), "%s: %s", what, msg);
	return DIFFERS;
}

/* One area and its statistics against what must be in it. */
static enum verdict judge_area(const char *what, const unsigned long *area,
			       size_t words, const struct kcov_area_stats *st,
			       const struct uniq *want)
{
	size_t n = cov_count(area, words), fit = want->n;
	char msg[128];

	if (fit > words - 1)
		fit = words - 1;
	if (!same_list(area + 1, n, want->item, fit, msg, sizeof(msg)))
		return bad(what, msg);
	if (st->recorded == n && st->dropped == want->n - fit && !st->untracked &&
	    st->capacity == words - 1)
		return EQUAL;
	snprintf(msg, sizeof(msg),
		 "%zu items of %zu; stats: capacity %llu recorded %llu dropped %llu untracked %llu",
		 n, want->n, (unsigned long long)st->capacity,
		 (unsigned long long)st->recorded, (unsigned long long)st->dropped,
		 (unsigned long long)st->untracked);
	return bad(what, msg);
}

static bool all_zero(const void *p, size_t len)
{
	const unsigned char *c = p;

	while (len--)
		if (*c++)
			return false;
	return true;
}

static enum verdict judge_unused(const char *what, const unsigned long *area,
				 const struct kcov_area_stats *st)
{
	if (area[0])
		return bad(what, "the count of an unused area is not 0");
	if (!all_zero(st, sizeof(*st)))
		return bad(what, "statistics of an unused area are not 0");
	return EQUAL;
}

/* A full trace with a small area: its beginning, and how much did not fit. */
static enum verdict judge_mode0(const struct cov *c, const struct kcov_stats *st)
{
	size_t n = cov_count(c->main, c->words), fit = n_before;
	char msg[128];

	if (fit > c->words - 1)
		fit = c->words - 1;
	if (n != fit || memcmp(c->main + 1, before, n * sizeof(*before)))
		return bad("PCs", "not the beginning of the full trace");
	if (st->main.recorded == n && st->main.recorded + st->main.dropped == n_before &&
	    st->main.capacity == c->words - 1 && !st->main.untracked)
		return EQUAL;
	snprintf(msg, sizeof(msg),
		 "%zu callbacks; stats: capacity %llu recorded %llu dropped %llu",
		 n_before, (unsigned long long)st->main.capacity,
		 (unsigned long long)st->main.recorded,
		 (unsigned long long)st->main.dropped);
	return bad("PCs", msg);
}

/* What is in @c after a run in @mode against the full trace in before[]. */
static enum verdict judge(const struct cov *c, unsigned long mode)
{
	struct kcov_stats st;
	enum verdict v;
	int err = cov_stats(c->fd, &st);

	if (err)
		return bad("KCOV_GET_STATS", strerror(-err));
	if (st.mode != mode || st.size != sizeof(st))
		return bad("KCOV_GET_STATS", "wrong mode or size");
	if (mode == KCOV_TRACE_PC)
		return judge_mode0(c, &st);
	if (mode & KCOV_TRACE_UNIQ_PC)
		v = judge_area("PCs", c->main, c->words, &st.main, &expect.pc);
	else
		v = judge_unused("PCs", c->main, &st.main);
	if (v != EQUAL)
		return v;
	if (mode & KCOV_TRACE_UNIQ_EDGE)
		return judge_area("edges", c->edge, c->words, &st.edge, &expect.edge);
	return judge_unused("edges", c->edge, &st.edge);
}

static bool out_of_time(void)
{
	return !strict && clock_ns() - since > BUDGET_NS;
}

/*
 * Whether another full trace makes exactly what is in @c. Leaves the last full
 * trace as the one before.
 */
static bool explain(const struct workload *w, const struct cov *c,
		    unsigned long mode)
{
	size_t n, sum = 0;
	bool found = false;
	int i;

	for (i = 0; i < EXPLAIN && sum < EXPLAIN_MAX && !found; i++) {
		if (out_of_time())
			return false;
		if (full(w, &n))
			return false;
		sum += n;
		if (repeats(n))
			continue;
		keep(n);
		expect_from(&expect, before, n);
		found = judge(c, mode) == EQUAL;
	}
	return found;
}

static uint64_t fingerprint(const struct cov *c)
{
	size_t i, n = cov_count(c->main, c->words);
	uint64_t h = n;

	for (i = 1; i <= n; i++)
		h = (h ^ c->main[i]) * 0x100000001b3ull;
	n = cov_count(c->edge, c->words);
	for (i = 1; i <= n; i++)
		h = (h ^ c->edge[i]) * 0x100000001b3ull;
	return h;
}

/*
 * A run in @mode, and a full trace after it; the one before is in before[], with
 * what it makes expect in expect. EQUAL, DIFFERS or NO_REPEAT.
 */
static enum verdict attempt(const struct workload *w, struct cov *c,
			    unsigned long mode)
{
	struct workload_result r;
	enum verdict v;
	char said[sizeof(why)];
	size_t n;

	if (workload_run(w, c, mode, &r)) {
		snprintf(why, sizeof(why), "%s", r.why);
		return BROKEN;
	}
	v = judge(c, mode);
	memcpy(said, why, sizeof(why));
	if (full(w, &n))
		return BROKEN;
	if (!repeats(n)) {
		keep(n);
		expect_from(&expect, before, n);
		return NO_REPEAT;
	}
	if (v == DIFFERS && explain(w, c, mode)) {
		explained++;
		return NO_REPEAT;
	}
	memcpy(why, said, sizeof(why));
	return v;
}

static enum verdict attempts(const struct workload *w, struct cov *c,
			     unsigned long mode, int tries)
{
	/*
	 * Not strict: stress-ng, which depends on more than the kernel, and long
	 * traces: they have too many states that come round for one combination
	 * of them to be met again.
	 */
	bool final = strict && !w->depth && n_before < STRICT_MAX;
	int i, differed = 0, was_explained = explained;
	enum verdict v = NO_REPEAT;
	uint64_t print;

	for (i = 0; i < tries && !(i && out_of_time()); i++) {
		v = attempt(w, c, mode);
		if (v == EQUAL || v == BROKEN)
			break;
		if (v == NO_REPEAT) {
			/* Its states come round: they will do so again. */
			if (explained - was_explained == 2)
				break;
			continue;
		}
		tap_diag("%s, mode %lu: %s", w->name, mode, why);
		print = fingerprint(c);
		if (final || (differed++ && print == differed_print))
			return DIFFERS;
		differed_print = print;
	}
	disturbed += differed;
	return v == DIFFERS ? NO_REPEAT : v;
}

/* ---- all of the workloads ---- */

static void report(const struct workload *w, unsigned long mode, enum verdict v)
{
	switch (v) {
	case EQUAL:
		if (mode == KCOV_TRACE_UNIQ_PC)
			tap_ok(true, "%s, mode %lu: %zu PCs of %zu callbacks", w->name,
			       mode, expect.pc.n, n_before);
		else if (mode == KCOV_TRACE_UNIQ_EDGE)
			tap_ok(true, "%s, mode %lu: %zu edges of %zu callbacks", w->name,
			       mode, expect.edge.n, n_before);
		else
			tap_ok(true, "%s, mode %lu: %zu PCs and %zu edges of %zu callbacks",
			       w->name, mode, expect.pc.n, expect.edge.n, n_before);
		break;
	case NO_REPEAT:
		tap_skip("does not repeat", "%s, mode %lu", w->name, mode);
		break;
	case SKIPPED:
		tap_skip(why, "%s, mode %lu", w->name, mode);
		break;
	default:
		tap_ok(false, "%s, mode %lu: %s", w->name, mode, why);
	}
}

static void report_all(const struct workload *w, enum verdict v)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		report(w, modes[i], v);
}

/* Warms up and takes the first full trace. EQUAL if that went well. */
static enum verdict begin(const struct workload *w)
{
	size_t n;
	int i, err = 0;

	since = clock_ns();
	for (i = 0; i < 2 && !err; i++)
		err = full(w, &n);
	if (err)
		return err > 0 ? SKIPPED : BROKEN;
	keep(n);
	expect_from(&expect, before, n);
	if (!expect_agrees_with_sort(before, n)) {
		snprintf(why, sizeof(why), "hashing and sorting disagree");
		return BROKEN;
	}
	return EQUAL;
}

/* For a kernel without the modes: whether two full traces are the same. */
static enum verdict only_repeats(const struct workload *w)
{
	size_t n;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (full(w, &n))
			return BROKEN;
		if (repeats(n))
			return EQUAL;
		keep(n);
		expect_from(&expect, before, n);
	}
	return NO_REPEAT;
}

/* All modes on one workload; NO_REPEAT unless it repeated in each of them. */
static enum verdict all_modes(const struct workload *w)
{
	enum verdict v = begin(w), all = EQUAL;
	size_t i;

	if (v != EQUAL) {
		report_all(w, v);
		return v;
	}
	if (repeat_only) {
		v = only_repeats(w);
		report(w, KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE, v);
		return v;
	}
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		/* One that never repeats need not take long each time. */
		v = attempts(w, &test, modes[i], all == NO_REPEAT ? 2 : TRIES);
		report(w, modes[i], v);
		if (v != EQUAL && all == EQUAL)
			all = v;
	}
	return all;
}

/* ---- small areas ---- */

static const char *const small_workloads[] = {
	"maps", "vectors", "sendfile", "memfd", "sha256sum",
};
static const size_t small_words[] = { 512, 1024, 4096 };
static const unsigned long small_modes[] = { 0, 2, 4, 6 };

static int small_equal;

static void small_one(const struct workload *w, size_t words, unsigned long mode)
{
	struct workload_result r;
	struct cov c;
	enum verdict v;
	int err = cov_open(&c, words, COV_EDGE);

	/*
	 * The first enable of a new descriptor allocates the kernel's state, and
	 * leaves the allocators as no run of mode 0 does.
	 */
	if (!err)
		err = workload_run(w, &c, mode, &r);
	if (err) {
		tap_ok(false, "%s, %zu words, mode %lu: %s", w->name, words, mode,
		       strerror(-err));
		return;
	}
	since = clock_ns();
	v = attempts(w, &c, mode, 2 * TRIES);
	if (v == NO_REPEAT)
		tap_skip("does not repeat", "%s, %zu words, mode %lu", w->name, words,
			 mode);
	else if (v == EQUAL)
		tap_ok(true, "%s, %zu words, mode %lu: recorded + dropped is the truth",
		       w->name, words, mode);
	else
		tap_ok(false, "%s, %zu words, mode %lu: %s", w->name, words, mode, why);
	small_equal += v == EQUAL;
	cov_close(&c);
}

static void small_areas(void)
{
	const struct workload *w;
	size_t i, k, m;

	for (i = 0; i < ARRAY_SIZE(small_workloads); i++) {
		w = workload_find(small_workloads[i]);
		if (begin(w) != EQUAL) {
			tap_ok(false, "%s, small areas: %s", w->name, why);
			continue;
		}
		for (k = 0; k < ARRAY_SIZE(small_words); k++)
			for (m = 0; m < ARRAY_SIZE(small_modes); m++)
				small_one(w, small_words[k], small_modes[m]);
	}
	tap_ok(small_equal >= MIN_SMALL, "small areas: %d of %zu were judged equal",
	       small_equal, ARRAY_SIZE(small_workloads) * ARRAY_SIZE(small_words) *
	       ARRAY_SIZE(small_modes));
}

/* ---- */

static bool time_stands_still(void)
{
	char line[4096] = "";
	FILE *f = fopen("/proc/cmdline", "r");

	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	return strstr(line, "time-travel=inf-cpu") != NULL;
}

static bool wanted(const char *name, int n, char **names)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return n == 0;
}

static void tally(const int *count)
{
	int run = count[EQUAL] + count[DIFFERS] + count[NO_REPEAT];

	tap_diag("%d workloads run: %d repeat exactly, %d differ, %d do not repeat; %d skipped, %d failed",
		 run, count[EQUAL] + count[DIFFERS], count[DIFFERS],
		 count[NO_REPEAT], count[SKIPPED], count[BROKEN]);
	tap_diag("%d times one run of three was another, as a later full trace showed",
		 explained);
	if (disturbed)
		tap_diag("%d differences did not come again (noise in one run of three)", disturbed);
	tap_ok(run >= MIN_RUN, "at least %d workloads were run", MIN_RUN);
	tap_ok(count[EQUAL] + count[DIFFERS] >= MIN_REPEAT,
	       "at least %d workloads repeat exactly", MIN_REPEAT);
}

static void run_all(int n, char **names)
{
	int count[BROKEN + 1] = { 0 };
	uint64_t t;
	size_t i;

	for (i = 0; i < nr_workloads; i++) {
		if (!wanted(workloads[i].name, n, names))
			continue;
		t = clock_ns();
		count[all_modes(&workloads[i])]++;
		if (times)
			tap_diag("%s took %llu ms", workloads[i].name,
				 (unsigned long long)(clock_ns() - t) / 1000000);
	}
	if (n)
		return;
	if (!repeat_only)
		small_areas();
	tally(count);
}

static int options(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--strict"))
			strict = true;
		else if (!strcmp(argv[i], "--times"))
			times = true;
		else if (!strcmp(argv[i], "--repeat-only"))
			repeat_only = true;
		else
			return -1;
	}
	for (int k = i; k < argc; k++)
		if (!workload_find(argv[k]))
			return -1;
	return i;
}

int main(int argc, char **argv)
{
	int first = options(argc, argv);
	size_t i;

	if (first < 0) {
		fprintf(stderr, "usage: oracle [--strict] [--times] [--repeat-only] [WORKLOAD...]\n");
		return 2;
	}
	if (time_stands_still())
		strict = true;
	cov_open_or_exit(&big, BIG_WORDS, 0);
	cov_open_or_exit(&test, SMALL_WORDS, repeat_only ? 0 : COV_EDGE);
	before = big_alloc(BIG_WORDS * sizeof(*before));
	sorted = big_alloc(SORT_MAX * sizeof(*sorted));
	expect_init(&expect);
	uniq_init(&scratch, BIG_WORDS / 16);
	self_check();
	for (i = 0; i < ARRAY_SIZE(modes) && !repeat_only; i++)
		if (!tap_ok(cov_has_mode(modes[i]), "this kernel has mode %lu", modes[i]))
			return tap_done();
	run_all(argc - first, argv + first);
	return tap_done();
}
