// SPDX-License-Identifier: MIT
/*
 * The in-kernel oracle: what modes 2, 4 and 6 record of a workload must be, item for
 * item and in order, what the trace of the workload says. There is no tolerance.
 *
 * - The kernel is one built for tests (scripts/vm --config tee) that writes each callback
 *   which a unique mode accepts to a second area, too. So lists and trace are of the very
 *   same run, and every workload is judged, whether or not it repeats.
 * - Each workload is also traced in mode 0, before and after. If these two traces and
 *   those of the runs between are identical, the lists equal what mode 0 shows, in
 *   another run and with nothing but Linux's own code. Else the workload does not
 *   repeat (a tick, a random number, an allocator's state): that is said, and skipped.
 *
 * oracle [WORKLOAD...]
 * oracle --plain: on a kernel as it is used, which has no second area. There is only
 * mode 0 to compare with, before and after; a workload that differs each time although
 * these two never do is wrong.
 */
#include "workloads.h"

#define BIG_WORDS	(16ul << 20)
#define MIN_REPEAT	15
#define MIN_RUN		20
/* Up to that length the expectation is checked against sorting. */
#define SORT_MAX	(1ul << 17)

static const unsigned long modes[] = {
	KCOV_TRACE_UNIQ_PC,
	KCOV_TRACE_UNIQ_EDGE,
	KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE,
};

static struct expect expect;
static struct uniq scratch;
static unsigned long *before;	/* a full trace */
static size_t n_before;
static unsigned long *sorted;
static char why[256];

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

/* ---- judging ---- */

static bool bad(const char *what, const char *msg)
{
	snprintf(why, sizeof(why), "%s: %s", what, msg);
	return false;
}

/* One area and its statistics against what must be in it. */
static bool judge_area(const char *what, const unsigned long *area, size_t words,
		       const struct kcov_area_stats *st, const struct uniq *want)
{
	size_t n = cov_count(area, words), fit = want->n;
	char msg[160];

	if (fit > words - 1)
		fit = words - 1;
	if (!same_list(area + 1, n, want->item, fit, msg, sizeof(msg)))
		return bad(what, msg);
	if (st->recorded == n && st->dropped == want->n - fit && !st->untracked &&
	    st->capacity == words - 1)
		return true;
	snprintf(msg, sizeof(msg),
		 "%zu items of %zu; stats: capacity %llu recorded %llu dropped %llu untracked %llu",
		 n, want->n, (unsigned long long)st->capacity,
		 (unsigned long long)st->recorded, (unsigned long long)st->dropped,
		 (unsigned long long)st->untracked);
	return bad(what, msg);
}

static bool judge_unused(const char *what, const unsigned long *area,
			 const struct kcov_area_stats *st)
{
	static const struct kcov_area_stats none;

	if (area[0])
		return bad(what, "the count of an unused area is not 0");
	if (memcmp(st, &none, sizeof(none)))
		return bad(what, "statistics of an unused area are not 0");
	return true;
}

/* What is in @c after a run in @mode against its trace. */
static bool judge(const struct cov *c, unsigned long mode)
{
	size_t n = cov_count(c->tee, c->tee_words);
	struct kcov_stats st;
	int err = cov_stats(c->fd, &st);

	if (err)
		return bad("KCOV_GET_STATS", strerror(-err));
	if (st.mode != mode || st.size != sizeof(st))
		return bad("KCOV_GET_STATS", "wrong mode or size");
	if (!n || n == c->tee_words - 1)
		return bad("trace", n ? "does not fit the second area" : "nothing was traced");
	expect_from(&expect, c->tee + 1, n);
	if (!expect_agrees_with_sort(c->tee + 1, n))
		return bad("expectation", "hashing and sorting disagree");
	if (!(mode & KCOV_TRACE_UNIQ_PC ?
	      judge_area("PCs", c->main, c->words, &st.main, &expect.pc) :
	      judge_unused("PCs", c->main, &st.main)))
		return false;
	return mode & KCOV_TRACE_UNIQ_EDGE ?
	       judge_area("edges", c->edge, c->words, &st.edge, &expect.edge) :
	       judge_unused("edges", c->edge, &st.edge);
}

/* ---- all workloads, with areas that are large enough ---- */

enum outcome { REPEATS, NO_REPEAT, SKIPPED, FAILED };

/* A full trace of @w. 0; 1: cannot run here; -1: failed. */
static int full(const struct workload *w, struct cov *c, size_t *n)
{
	struct workload_result r;
	int err = workload_run(w, c, KCOV_TRACE_PC, &r);

	*n = cov_count(c->main, c->words);
	snprintf(why, sizeof(why), "%s", r.why);
	if (err)
		return err > 0 ? 1 : -1;
	if (*n && *n < c->words - 1)
		return 0;
	snprintf(why, sizeof(why), *n ? "mode 0 overflows %zu words" :
		 "nothing was traced in %zu words", c->words);
	return -1;
}

static bool is_before(const unsigned long *pcs, size_t n)
{
	return n == n_before && !memcmp(before, pcs, n * sizeof(*before));
}

/* Whether its trace was the one before. */
static bool one_mode(const struct workload *w, struct cov *c, unsigned long mode,
		     bool *ok)
{
	struct workload_result r;
	size_t n;

	if (workload_run(w, c, mode, &r)) {
		*ok = tap_ok(false, "%s, mode %lu: %s", w->name, mode, r.why);
		return false;
	}
	n = cov_count(c->tee, c->tee_words);
	*ok = judge(c, mode);
	if (*ok)
		tap_ok(true, "%s, mode %lu: %zu PCs, %zu edges of %zu callbacks",
		       w->name, mode, expect.pc.n, expect.edge.n, n);
	else
		tap_ok(false, "%s, mode %lu: %s", w->name, mode, why);
	return is_before(c->tee + 1, n);
}

static enum outcome all_modes(const struct workload *w, struct cov *c)
{
	bool repeats = true, ok, all_ok = true;
	size_t i, n;
	int err = 0;

	/* Once to warm up. */
	for (i = 0; i < 2 && !err; i++)
		err = full(w, c, &n);
	if (err > 0) {
		tap_skip(why, "%s", w->name);
		return SKIPPED;
	}
	if (err) {
		tap_ok(false, "%s: %s", w->name, why);
		return FAILED;
	}
	memcpy(before, c->main + 1, n * sizeof(*before));
	n_before = n;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		repeats &= one_mode(w, c, modes[i], &ok);
		all_ok &= ok;
	}
	if (full(w, c, &n)) {
		tap_ok(false, "%s: %s", w->name, why);
		return FAILED;
	}
	repeats &= is_before(c->main + 1, n);
	if (!repeats)
		tap_skip("does not repeat", "%s: as in mode 0", w->name);
	else
		tap_ok(all_ok, "%s: as in mode 0", w->name);
	return repeats ? REPEATS : NO_REPEAT;
}

/* ---- without a second area ---- */

#define PLAIN_TRIES	8

/* In all modes what mode 0 shows before and after. */
static bool plain_once(const struct workload *w, struct cov *c, bool *repeats)
{
	struct workload_result r;
	struct kcov_stats st;
	unsigned long mode;
	bool ok = true;
	size_t i, n;

	*repeats = false;
	for (i = 0; i < ARRAY_SIZE(modes) && ok; i++) {
		mode = modes[i];
		if (full(w, c, &n))
			return false;
		memcpy(before, c->main + 1, n * sizeof(*before));
		n_before = n;
		expect_from(&expect, before, n);
		if (workload_run(w, c, mode, &r) || cov_stats(c->fd, &st))
			return bad("run", r.why);
		ok = (!(mode & KCOV_TRACE_UNIQ_PC) ||
		      judge_area("PCs", c->main, c->words, &st.main, &expect.pc)) &&
		     (!(mode & KCOV_TRACE_UNIQ_EDGE) ||
		      judge_area("edges", c->edge, c->words, &st.edge, &expect.edge));
		if (full(w, c, &n))
			return false;
		*repeats = is_before(c->main + 1, n);
		ok &= *repeats;
	}
	return ok;
}

/* Those that repeat most surely, and some with long traces. */
static const char *const plain_workloads[] = {
	"read-bad", "ids", "prctl", "sched", "faults", "vma", "brk", "memfd", "shm",
	"sysv-ipc", "mqueue", "maps", "read-zero", "mmap-64m", "links", "vectors",
	"sendfile", "locks", "inotify", "udp", "unix", "socketpair", "netlink", "pipe",
	"poll", "epoll", "eventfd", "timerfd", "signalfd", "signals", "futex",
};

static int plain(void)
{
	const struct workload *w;
	bool ok, repeats = false;
	int equal = 0, differ, i;
	struct cov c;
	size_t k;

	cov_open_or_exit(&c, BIG_WORDS, COV_EDGE);
	for (k = 0; k < ARRAY_SIZE(plain_workloads); k++) {
		w = workload_find(plain_workloads[k]);
		for (i = differ = 0, ok = false; i < PLAIN_TRIES && !ok; i++) {
			ok = plain_once(w, &c, &repeats);
			differ += !ok && repeats;
		}
		equal += ok;
		if (ok || differ == PLAIN_TRIES)
			tap_ok(ok, "%s: modes 2, 4 and 6 as mode 0", w->name);
		else
			tap_skip("does not repeat", "%s: modes 2, 4 and 6 as mode 0",
				 w->name);
		if (!ok)
			tap_diag("%s", why);
	}
	cov_close(&c);
	tap_ok(equal >= MIN_REPEAT, "%d workloads are as in mode 0, at least %d",
	       equal, MIN_REPEAT);
	return tap_done();
}

static struct cov open_or_exit(size_t words)
{
	struct cov c;
	int err;

	cov_open_or_exit(&c, words, COV_EDGE);
	err = cov_map_tee(&c, BIG_WORDS);
	if (!err)
		return c;
	fprintf(stderr, "no second area (%s): boot with scripts/vm --config tee\n",
		strerror(-err));
	exit(1);
}

/* ---- small areas ---- */

static const char *const small_workloads[] = { "maps", "files-200", "sort" };
static const size_t small_words[] = { 512, 1024, 4096 };

/* In mode 0 the second area holds what did not fit the first. */
static bool judge_mode_0(const struct cov *c)
{
	size_t n = cov_count(c->main, c->words), more = cov_count(c->tee, c->tee_words);
	struct kcov_stats st;

	cov_stats(c->fd, &st);
	if (st.mode == 0 && st.main.capacity == c->words - 1 && st.main.recorded == n &&
	    st.main.dropped == more && !st.main.untracked)
		return true;
	snprintf(why, sizeof(why), "%zu + %zu callbacks, stats: %llu + %llu", n, more,
		 (unsigned long long)st.main.recorded,
		 (unsigned long long)st.main.dropped);
	return false;
}

static void small_area(const struct workload *w, size_t words)
{
	static const unsigned long small_modes[] = { 0, 2, 4, 6 };
	struct cov c = open_or_exit(words);
	struct workload_result r;
	unsigned long mode;
	size_t i;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(small_modes); i++) {
		mode = small_modes[i];
		ok = !workload_run(w, &c, mode, &r);
		if (!ok)
			snprintf(why, sizeof(why), "%s", r.why);
		else
			ok = mode ? judge(&c, mode) : judge_mode_0(&c);
		tap_ok(ok, "%s, %zu words, mode %lu: recorded + dropped is the truth",
		       w->name, words, mode);
		if (!ok)
			tap_diag("%s", why);
	}
	cov_close(&c);
}

/* ---- */

static bool wanted(const char *name, int n, char **names)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return n == 0;
}

int main(int argc, char **argv)
{
	int count[FAILED + 1] = { 0 }, run, i;
	struct cov c;
	size_t k, m;

	before = big_alloc(BIG_WORDS * sizeof(*before));
	sorted = big_alloc(SORT_MAX * sizeof(*sorted));
	expect_init(&expect);
	uniq_init(&scratch, BIG_WORDS / 16);
	if (argc == 2 && !strcmp(argv[1], "--plain"))
		return plain();
	for (i = 1; i < argc; i++)
		if (!workload_find(argv[i])) {
			fprintf(stderr, "usage: oracle [--plain | WORKLOAD...]\n");
			return 2;
		}
	c = open_or_exit(BIG_WORDS);
	self_check();

	for (k = 0; k < nr_workloads; k++)
		if (wanted(workloads[k].name, argc - 1, argv + 1))
			count[all_modes(&workloads[k], &c)]++;
	cov_close(&c);
	if (argc > 1)
		return tap_done();

	for (k = 0; k < ARRAY_SIZE(small_workloads); k++)
		for (m = 0; m < ARRAY_SIZE(small_words); m++)
			small_area(workload_find(small_workloads[k]), small_words[m]);
	run = count[REPEATS] + count[NO_REPEAT];
	tap_ok(run >= MIN_RUN, "%d workloads ran, at least %d", run, MIN_RUN);
	tap_ok(count[REPEATS] >= MIN_REPEAT, "%d of them repeat exactly, at least %d",
	       count[REPEATS], MIN_REPEAT);
	return tap_done();
}
