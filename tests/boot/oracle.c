// SPDX-License-Identifier: MIT
/*
 * The in-kernel oracle: what modes 2, 4, 6 and 8 record of a workload must be, item for
 * item and in order, what the trace of the workload says. There is no tolerance.
 *
 * - The kernel is one built for tests (scripts/vm --config tee) that writes each callback
 *   which a unique mode accepts to a second area, too. So lists and trace are of the very
 *   same run, and every workload is judged, whether or not it repeats.
 * - Each workload is also traced in mode 0 (for mode 8: 1), before and after. If these
 *   two traces and those of the runs between are identical, the lists equal what mode 0
 *   shows, in another run and with nothing but Linux's own code. Else the workload does
 *   not repeat (a tick, a random number, an allocator's state), and is skipped, visibly.
 *   Arguments of comparisons are addresses, PIDs and times, which no two runs share. So of
 *   comparisons the places must be the same: PC, type, and arguments that are constants.
 * - With more distinct comparisons than the kernel's set has room for, those that found
 *   no room are in the list each time they come: just those, in order, and counted. The
 *   next time there is room for twice as many.
 * - With kcov.compact=1, modes 0 and 1 are judged as modes 16 and 8.
 *
 * oracle [WORKLOAD | threads | switch]...
 * oracle --grow: with sets that are full at first, in all modes.
 * oracle --short (or KCOV_TEST_SLOW=1): for slow machines, only what has short traces.
 * oracle --brief: the same, with a tenth of the migrations, for kernels that watch themselves.
 * oracle --plain: on a kernel as it is used, which has no second area. There is only
 * mode 0 to compare with, before and after; a workload that differs each time although
 * these two never do is wrong.
 */
#define _GNU_SOURCE
#include "workloads.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

#define BIG_WORDS	(16ul << 20)
#define BIG_WORDS_SHORT	(4ul << 20)
#define MIN_REPEAT	15
#define MIN_REPEAT_CMP	15
#define MIN_RUN		20
#define MIN_RUN_SHORT	25
/* Up to that many words the expectation is checked against sorting. */
#define SORT_MAX	(1ul << 17)
/*
 * Distinct comparisons that the kernel keeps track of in a window, at first and at most; of PCs or
 * edges twice as many. Beside a small area it is half a comparison per word, but so many.
 */
#define SET_ITEMS	(8ul << 10)
#define MAX_ITEMS	(256ul << 10)
#define MIN_ITEMS	512ul
/* At first, with --grow. */
#define FEW_ITEMS	64ul

static const unsigned long pc_modes[] = {
	KCOV_TRACE_UNIQ_PC,
	KCOV_TRACE_UNIQ_EDGE,
	KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE,
};

/* Those and the compact trace, which is compared with the trace of the same run only. */
static const unsigned long trace_modes[] = {
	KCOV_TRACE_UNIQ_PC,
	KCOV_TRACE_UNIQ_EDGE,
	KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE,
	KCOV_TRACE_COMPACT,
};

/* What an area must hold. */
struct want {
	const unsigned long *item;
	size_t n;
	size_t untracked;	/* of them, those that the set had no room for */
	unsigned int words;	/* of an item */
};

static struct expect expect, compact;
static struct uniq tracked;	/* comparisons in the kernel's set */
static unsigned long *cmp_list;
static struct want cmps = { .words = CMP_WORDS };
static size_t cmp_room = SET_ITEMS;	/* how many have a place there */
static struct uniq scratch, scratch_cmp;
static struct uniq places_before, places_now;
static size_t big_words = BIG_WORDS;
static unsigned long *before;	/* a full trace */
static size_t n_before;		/* its words */
static unsigned long *sorted;
static char why[300];

/* ---- comparing ---- */

static const char *item_text(const unsigned long *item, unsigned int words)
{
	static char text[2][96];
	static int turn;
	char *p = text[turn ^= 1];

	if (words == 1)
		snprintf(p, sizeof(text[0]), "%#lx", *item);
	else
		snprintf(p, sizeof(text[0]), "(%lu, %#lx, %#lx, %#lx)", item[0],
			 item[1], item[2], item[3]);
	return p;
}

/* An item of @got that is there twice, or is not in @want and one the other way round. */
static bool other_set(const unsigned long *got, size_t n, const struct want *want,
		      struct uniq *set, char *msg, size_t len)
{
	unsigned int k = want->words;
	size_t i;

	uniq_clear(set);
	for (i = 0; i < n; i++)
		if (!uniq_add(set, got + i * k)) {
			snprintf(msg, len, "repeat: item %zu, %s", i,
				 item_text(got + i * k, k));
			return true;
		}
	for (i = 0; i < want->n; i++)
		if (!uniq_has(set, want->item + i * k)) {
			snprintf(msg, len, "missing: %s, number %zu of %zu (got %zu)",
				 item_text(want->item + i * k, k), i, want->n, n);
			return true;
		}
	uniq_clear(set);
	for (i = 0; i < want->n; i++)
		uniq_add(set, want->item + i * k);
	for (i = 0; i < n; i++)
		if (!uniq_has(set, got + i * k)) {
			snprintf(msg, len, "extra: item %zu, %s (want %zu, got %zu)", i,
				 item_text(got + i * k, k), want->n, n);
			return true;
		}
	return false;
}

/*
 * Whether @got is @want; if not, says in @msg what is wrong with it: a repeat,
 * an item that is not wanted, one that is missing, or the order.
 */
static bool same_list(const unsigned long *got, size_t n, const struct want *want,
		      char *msg, size_t len)
{
	size_t i, size = want->words * sizeof(*got);
	unsigned int k = want->words;

	if (n == want->n && !memcmp(got, want->item, n * size))
		return true;
	/* Once the set is full, a list may repeat what it lacks. */
	if (!want->untracked &&
	    other_set(got, n, want, k == 1 ? &scratch : &scratch_cmp, msg, len))
		return false;
	for (i = 0; i < n && i < want->n && !memcmp(got + i * k, want->item + i * k, size); i++)
		;
	if (i == n || i == want->n)
		snprintf(msg, len, "length: %zu items, not %zu", n, want->n);
	else
		snprintf(msg, len, "order: item %zu is %s, not %s", i,
			 item_text(got + i * k, k), item_text(want->item + i * k, k));
	return false;
}

/*
 * What must be recorded of @n items of a trace, into @list: those that are not in @set yet,
 * which has room for @room.
 */
static void expect_items(struct want *want, unsigned long *list, struct uniq *set, size_t room,
			 const unsigned long *trace, size_t n)
{
	size_t i;

	uniq_clear(set);
	want->item = list;
	want->n = 0;
	want->untracked = 0;
	for (i = 0; i < n; i++, trace += want->words) {
		if (uniq_has(set, trace))
			continue;
		if (set->n < room)
			uniq_add(set, trace);
		else
			want->untracked++;
		memcpy(list + want->words * want->n++, trace, want->words * sizeof(*trace));
	}
}

/* Of comparisons, in mode 8. */
static void expect_cmps(const unsigned long *trace, size_t n)
{
	expect_items(&cmps, cmp_list, &tracked, cmp_room, trace, n);
}

/* Memory that was full becomes twice as much with the next KCOV_ENABLE. */
static void grow(size_t *room, bool full)
{
	if (full && *room < MAX_ITEMS)
		*room *= 2;
}

static bool same_places(const unsigned long *a, const unsigned long *b, size_t words)
{
	unsigned long x[CMP_WORDS], y[CMP_WORDS];
	size_t i;

	for (i = 0; i < words; i += CMP_WORDS) {
		cmp_place(a + i, x);
		cmp_place(b + i, y);
		if (memcmp(x, y, sizeof(x)))
			return false;
	}
	return true;
}

static unsigned int sort_words;

static int cmp_items(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;
	unsigned int i;

	for (i = 0; i < sort_words - 1 && x[i] == y[i]; i++)
		;
	return x[i] < y[i] ? -1 : x[i] > y[i];
}

/* Distinct items among the @n at sorted[], which are put in order. */
static size_t sort_distinct(size_t n, unsigned int words)
{
	size_t i, d = n > 0;

	sort_words = words;
	qsort(sorted, n, words * sizeof(*sorted), cmp_items);
	for (i = 1; i < n; i++)
		d += cmp_items(sorted + i * words, sorted + (i - 1) * words) != 0;
	return d;
}

/* The expectation, reached another way: by sorting instead of hashing. */
static bool expect_agrees_with_sort(const unsigned long *pcs, size_t n)
{
	size_t i;

	if (n > SORT_MAX)
		return true;
	memcpy(sorted, pcs, n * sizeof(*pcs));
	if (sort_distinct(n, 1) != expect.pc.n)
		return false;
	for (i = 0; i < n; i++)
		sorted[i] = cov_edge_word(i ? pcs[i - 1] : 0, pcs[i]);
	return sort_distinct(n, 1) == expect.edge.n;
}

static size_t distinct_cmps(const unsigned long *item, size_t n)
{
	memcpy(sorted, item, n * CMP_WORDS * sizeof(*item));
	return sort_distinct(n, CMP_WORDS);
}

/* The list has every comparison of the trace, and only once if none was untracked. */
static bool cmps_agree_with_sort(const unsigned long *trace, size_t n)
{
	size_t distinct;

	if (n * CMP_WORDS > SORT_MAX)
		return true;
	distinct = distinct_cmps(trace, n);
	return distinct == distinct_cmps(cmps.item, cmps.n) &&
	       (cmps.untracked ? distinct > cmp_room : distinct == cmps.n);
}

/* ---- that the comparison sees what it must ---- */

static void self_check_list(const char *name, const unsigned long *got, size_t n,
			    const struct want *want, const char *class)
{
	char msg[256] = "";
	bool same = same_list(got, n, want, msg, sizeof(msg));

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
	const unsigned long abc[] = { a, b, c };
	const struct want want = { .item = abc, .n = 3, .words = 1 };
	const struct want want_edges = { .item = edges, .n = 5, .words = 1 };

#define CASE(name, class, ...) do {					\
	const unsigned long got[] = { __VA_ARGS__ };			\
	self_check_list(name, got, ARRAY_SIZE(got), &want, class);	\
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
	self_check_list("edges of a known trace", expect.edge.item, expect.edge.n,
			&want_edges, NULL);
	/* Values that another implementation of the hash gave. */
	tap_ok(cov_hash32(0) == 0xc0a9496a && cov_hash32(0x234) == 0xd9ef54b9 &&
	       cov_edge_word(0x234, a) == (a ^ 0x4b9) &&
	       cov_edge_word(0x56789234, a) == (a ^ 0x4b9),
	       "self-check: edge words of known values");
	tap_ok(expect_agrees_with_sort(trace, ARRAY_SIZE(trace)),
	       "self-check: hashing and sorting count the same");
}

/* Two comparisons that differ in bit @bit of field @field only are two. */
static void self_check_field(int field, int bit)
{
	static const char *const names[] = { "type", "arg1", "arg2", "pc" };
	unsigned long rec[3][CMP_WORDS] = {
		{ 6, 0x100000002, 0x300000004, 0x60001234 },
		{ 6, 0x100000002, 0x300000004, 0x60001234 },
		{ 6, 0x100000002, 0x300000004, 0x60001234 },
	};
	const struct want want = { .item = rec[0], .n = 2, .words = CMP_WORDS };
	unsigned long got[2][CMP_WORDS];
	char name[64];

	rec[1][field] ^= 1ul << bit;
	memcpy(got, rec, sizeof(got));
	got[1][0] ^= 8;
	got[1][field] = rec[1][field];
	if (!field)
		got[1][3] ^= 8;
	snprintf(name, sizeof(name), "another record, with that %s, is seen", names[field]);
	self_check_list(name, got[0], 2, &want, "missing");

	/* rec[2] is the first again. */
	expect_cmps(rec[0], 3);
	tap_ok(cmps.n == 2 && !cmps.untracked && cmps_agree_with_sort(rec[0], 3) &&
	       !memcmp(cmps.item, rec, 2 * sizeof(rec[0])),
	       "self-check: bit %d of %s makes another comparison", bit, names[field]);
	self_check_list("a comparison less is seen", rec[0], 1, &want, "missing");
	memcpy(got[1], got[0], sizeof(got[0]));
	self_check_list("a repeated comparison is seen", got[0], 2, &want, "repeat");
}

/* More than the set holds: first all once, then all twice more. */
static void self_check_full(void)
{
	size_t i, m = SET_ITEMS + 3, n = 3 * m;
	unsigned long *rec = before;

	for (i = 0; i < n; i++) {
		rec[CMP_WORDS * i] = 6;
		rec[CMP_WORDS * i + 1] = i % m;
		rec[CMP_WORDS * i + 2] = 5;
		rec[CMP_WORDS * i + 3] = 0x60001234;
	}
	cmp_room = SET_ITEMS;
	expect_cmps(rec, n);
	cmp_room = MAX_ITEMS;
	tap_ok(cmps.n == SET_ITEMS + 9 && cmps.untracked == 9 &&
	       !memcmp(cmps.item, rec, m * CMP_WORDS * sizeof(*rec)) &&
	       cmps.item[CMP_WORDS * (cmps.n - 1) + 1] == m - 1,
	       "self-check: a full set repeats those it has no room for");
	self_check_list("with a full set, one record less is seen", cmps.item, cmps.n - 1,
			&cmps, "length");
	self_check_list("with a full set, another order is seen", cmps.item + CMP_WORDS,
			cmps.n, &cmps, "order");
}

static void self_check_cmps(void)
{
	int field;

	for (field = 0; field < (int)CMP_WORDS; field++) {
		self_check_field(field, 0);
		self_check_field(field, 40);
	}
	self_check_full();
}

/* ---- judging ---- */

static bool bad(const char *what, const char *msg)
{
	snprintf(why, sizeof(why), "%s: %s", what, msg);
	return false;
}

static bool bad_stats(const char *what, size_t n, const struct want *want,
		      const struct kcov_area_stats *st)
{
	char msg[200];

	snprintf(msg, sizeof(msg),
		 "%zu items of %zu, %zu untracked; stats: capacity %llu recorded %llu dropped %llu untracked %llu",
		 n, want->n, want->untracked, (unsigned long long)st->capacity,
		 (unsigned long long)st->recorded, (unsigned long long)st->dropped,
		 (unsigned long long)st->untracked);
	return bad(what, msg);
}

/* One area and its statistics against what must be in it. */
static bool judge_area(const char *what, const unsigned long *area, size_t words,
		       const struct kcov_area_stats *st, const struct want *want)
{
	size_t capacity = (words - 1) / want->words, n = area[0];
	struct want fit = *want;
	char msg[200];

	if (fit.n > capacity)
		fit.n = capacity;
	if (n > capacity)
		return bad(what, "the count is more than there is room for");
	if (st->recorded != n || st->dropped != want->n - fit.n ||
	    st->untracked != want->untracked || st->capacity != capacity)
		return bad_stats(what, n, want, st);
	if (!same_list(area + 1, n, &fit, msg, sizeof(msg)))
		return bad(what, msg);
	return true;
}

static bool judge_pcs(const char *what, const unsigned long *area, size_t words,
		      const struct kcov_area_stats *st, const struct uniq *pcs)
{
	const struct want want = { .item = pcs->item, .n = pcs->n, .words = 1 };

	return judge_area(what, area, words, st, &want);
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

/* Mode 8: comparisons, in the main area. */
static bool judge_cmps(const struct cov *c, const struct kcov_stats *st, size_t n)
{
	const unsigned long *trace = c->tee + 1;

	if (n % CMP_WORDS)
		return bad("trace", "half a comparison");
	n /= CMP_WORDS;
	if (n == cov_cmp_capacity(c->tee_words))
		return bad("trace", "does not fit the second area");
	expect_cmps(trace, n);
	if (!cmps_agree_with_sort(trace, n))
		return bad("expectation", "hashing and sorting disagree");
	grow(&cmp_room, cmps.untracked);
	return judge_area("comparisons", c->main, c->words, &st->main, &cmps) &&
	       judge_unused("edges", c->edge, &st->edge);
}

/* Modes 2, 4 and 6. */
static bool judge_callbacks(const struct cov *c, unsigned long mode,
			    const struct kcov_stats *st, size_t n)
{
	if (n == c->tee_words - 1)
		return bad("trace", "does not fit the second area");
	expect_from(&expect, c->tee + 1, n);
	if (!expect_agrees_with_sort(c->tee + 1, n))
		return bad("expectation", "hashing and sorting disagree");
	if (!(mode & KCOV_TRACE_UNIQ_PC ?
	      judge_pcs("PCs", c->main, c->words, &st->main, &expect.pc) :
	      judge_unused("PCs", c->main, &st->main)))
		return false;
	return mode & KCOV_TRACE_UNIQ_EDGE ?
	       judge_pcs("edges", c->edge, c->words, &st->edge, &expect.edge) :
	       judge_unused("edges", c->edge, &st->edge);
}

/* What is in @c after a run in @mode against its trace. */
static bool same_items(const char *what, const struct uniq *got, const struct uniq *want)
{
	struct want w = { .item = want->item, .n = want->n, .words = 1 };
	char msg[200];

	return same_list(got->item, got->n, &w, msg, sizeof(msg)) || bad(what, msg);
}

/*
 * A compact trace: a subsequence of the trace, up to its end, with the same PCs and edges,
 * which come first in the same order. The beginning of it, if there is no room for more: then
 * at least no edge is false.
 */
static bool judge_compact(const struct cov *c, const struct kcov_stats *st, size_t n)
{
	const unsigned long *trace = c->tee + 1, *got = c->main + 1;
	size_t m = cov_count(c->main, c->words), i, k;

	if (n == c->tee_words - 1)
		return bad("trace", "does not fit the second area");
	if (!m || st->main.recorded != m || m + st->main.dropped > n ||
	    (st->main.dropped && m != c->words - 1))
		return bad("compact trace", "wrong statistics");
	for (i = k = 0; i < n && k < m; i++)
		k += trace[i] == got[k];
	if (k < m)
		return bad("compact trace", "is no subsequence of the trace");
	expect_from(&expect, trace, n);
	expect_from(&compact, got, m);
	if (st->main.dropped) {
		for (i = 0; i < compact.edge.n; i++)
			if (!uniq_has(&expect.edge, &compact.edge.item[i]))
				return bad("compact trace", "an edge that never ran");
		return true;
	}
	if (got[m - 1] != trace[n - 1])
		return bad("compact trace", "ends with another PC");
	return same_items("PCs of the compact trace", &compact.pc, &expect.pc) &&
	       same_items("edges of the compact trace", &compact.edge, &expect.edge);
}

static bool judge(const struct cov *c, unsigned long mode)
{
	size_t n = cov_count(c->tee, c->tee_words);
	struct kcov_stats st;
	int err = cov_stats(c->fd, &st);

	if (err)
		return bad("KCOV_GET_STATS", strerror(-err));
	if (st.mode != mode || st.size != sizeof(st))
		return bad("KCOV_GET_STATS", "wrong mode or size");
	if (!n)
		return bad("trace", "nothing was traced");
	if (mode == KCOV_TRACE_COMPACT)
		return judge_compact(c, &st, n);
	return mode_is_cmp(mode) ? judge_cmps(c, &st, n) : judge_callbacks(c, mode, &st, n);
}

/* What was judged, in words. */
static const char *found(const struct cov *c, unsigned long mode)
{
	size_t n = cov_count(c->tee, c->tee_words);
	static char text[160];

	if (mode == KCOV_TRACE_COMPACT)
		snprintf(text, sizeof(text), "%zu words, %zu PCs, %zu edges of %zu callbacks",
			 cov_count(c->main, c->words), expect.pc.n, expect.edge.n, n);
	else if (!mode_is_cmp(mode))
		snprintf(text, sizeof(text), "%zu PCs, %zu edges of %zu callbacks",
			 expect.pc.n, expect.edge.n, n);
	else if (!cmps.untracked)
		snprintf(text, sizeof(text), "%zu of %zu comparisons", cmps.n,
			 n / CMP_WORDS);
	else
		snprintf(text, sizeof(text),
			 "%zu of %zu comparisons; the set was full, %zu untracked",
			 cmps.n, n / CMP_WORDS, cmps.untracked);
	return text;
}

/* ---- all workloads, with areas that are large enough ---- */

static struct {
	int run, repeat, repeat_cmp, repeat_args, full;
} count;

/* A trace of @w in mode 0 or 1, @n words of it. 0; 1: cannot run here; -1: failed. */
static int full(const struct workload *w, struct cov *c, unsigned long mode, size_t *n)
{
	struct workload_result r;
	int err = workload_run(w, c, mode, &r);

	*n = mode_is_cmp(mode) ? CMP_WORDS * cov_cmp_count(c->main, c->words) :
				 cov_count(c->main, c->words);
	if (err) {
		snprintf(why, sizeof(why), "%s", r.why);
		return err > 0 ? 1 : -1;
	}
	if (*n && *n <= c->words - 1 - CMP_WORDS)
		return 0;
	snprintf(why, sizeof(why), *n ? "mode %lu overflows %zu words" :
		 "mode %lu: nothing was traced in %zu words", mode, c->words);
	return -1;
}

static void keep_before(const struct cov *c, size_t n)
{
	memcpy(before, c->main + 1, n * sizeof(*before));
	n_before = n;
}

enum repeats { NO, IN_PLACES, YES };

/* Whether a trace, in mode @mode or a unique mode of its kind, is the one before. */
static enum repeats is_before(const unsigned long *trace, size_t n, unsigned long mode)
{
	if (n != n_before)
		return NO;
	if (!memcmp(before, trace, n * sizeof(*before)))
		return YES;
	return mode_is_cmp(mode) && same_places(before, trace, n) ? IN_PLACES : NO;
}

static enum repeats less(enum repeats a, enum repeats b)
{
	return a < b ? a : b;
}

/* Whether its trace was the one before. */
static enum repeats one_mode(const struct workload *w, struct cov *c, unsigned long mode,
			     bool *ok)
{
	struct workload_result r;

	if (workload_run(w, c, mode, &r)) {
		*ok = tap_ok(false, "%s, mode %lu: %s", w->name, mode, r.why);
		return NO;
	}
	*ok = judge(c, mode);
	tap_ok(*ok, "%s, mode %lu: %s%s%s", w->name, mode, *ok ? found(c, mode) : why,
	       r.note[0] ? "; " : "", r.note);
	return is_before(c->tee + 1, cov_count(c->tee, c->tee_words), mode);
}

/* A program that asks for mode @asked with kcov.compact=1 gets @mode. */
static void unmodified(const struct workload *w, struct cov *c, unsigned long asked,
		       unsigned long mode)
{
	struct workload_result r;
	bool ok;

	cov_parameter("compact", "1");
	if (workload_run(w, c, asked, &r)) {
		tap_ok(false, "%s, mode %lu, kcov.compact=1: %s", w->name, asked, r.why);
	} else {
		ok = judge(c, mode);
		tap_ok(ok, "%s, mode %lu, kcov.compact=1: %s", w->name, asked,
		       ok ? found(c, mode) : why);
	}
	cov_parameter("compact", "0");
}

/*
 * The unique modes between two traces in mode @reference, 0 or 1, and one more to warm
 * up. Whether it could be run; @repeats: and all traces were the same.
 */
static bool between(const struct workload *w, struct cov *c, unsigned long reference,
		    const unsigned long *modes, size_t nr_modes,
		    enum repeats *repeats)
{
	bool ok, all_ok = true;
	size_t i, n;
	int err = 0;

	*repeats = YES;
	for (i = 0; i < 2 && !err; i++)
		err = full(w, c, reference, &n);
	if (err > 0) {
		tap_skip(why, "%s", w->name);
		return false;
	}
	if (err)
		return tap_ok(false, "%s: %s", w->name, why);
	keep_before(c, n);
	for (i = 0; i < nr_modes; i++) {
		*repeats = less(*repeats, one_mode(w, c, modes[i], &ok));
		all_ok &= ok;
	}
	if (full(w, c, reference, &n))
		return tap_ok(false, "%s: %s", w->name, why);
	*repeats = less(*repeats, is_before(c->main + 1, n, reference));
	if (*repeats == NO)
		tap_skip("does not repeat", "%s: as in mode %lu", w->name, reference);
	else
		tap_ok(all_ok, "%s: as in mode %lu%s", w->name, reference,
		       *repeats == YES ? "" : ", but for arguments");
	return true;
}

static void all_modes(const struct workload *w, struct cov *c)
{
	static const unsigned long cmp_modes[] = { KCOV_TRACE_UNIQ_CMP };
	enum repeats repeats;

	if (!between(w, c, KCOV_TRACE_PC, trace_modes, ARRAY_SIZE(trace_modes), &repeats))
		return;
	count.repeat += repeats == YES;
	if (!between(w, c, KCOV_TRACE_CMP, cmp_modes, 1, &repeats))
		return;
	count.repeat_cmp += repeats != NO;
	count.repeat_args += repeats == YES;
	count.full += cmps.untracked > 0;
	unmodified(w, c, KCOV_TRACE_PC, KCOV_TRACE_COMPACT);
	unmodified(w, c, KCOV_TRACE_CMP, KCOV_TRACE_UNIQ_CMP);
	count.run++;
}

/* ---- without a second area ---- */

#define PLAIN_TRIES	8

/* The places of the list are those of the trace, and in the same order. */
static bool plain_judge_cmps(const struct cov *c, const struct kcov_area_stats *st)
{
	struct want want = { .words = CMP_WORDS };
	size_t n = cov_cmp_count(c->main, c->words);
	char msg[200];

	if (st->recorded != n || st->dropped)
		return bad("comparisons", "the statistics are not those of the list");
	places_from(&places_before, before, n_before / CMP_WORDS);
	places_from(&places_now, c->main + 1, n);
	want.item = places_before.item;
	want.n = places_before.n;
	if (!same_list(places_now.item, places_now.n, &want, msg, sizeof(msg)))
		return bad("places", msg);
	return true;
}

static bool plain_judge(const struct cov *c, unsigned long mode)
{
	struct kcov_stats st;

	if (cov_stats(c->fd, &st))
		return bad("KCOV_GET_STATS", "failed");
	if (mode_is_cmp(mode))
		return plain_judge_cmps(c, &st.main);
	expect_from(&expect, before, n_before);
	return (!(mode & KCOV_TRACE_UNIQ_PC) ||
		judge_pcs("PCs", c->main, c->words, &st.main, &expect.pc)) &&
	       (!(mode & KCOV_TRACE_UNIQ_EDGE) ||
		judge_pcs("edges", c->edge, c->words, &st.edge, &expect.edge));
}

/* In all modes what mode @reference shows before and after. */
static bool plain_once(const struct workload *w, struct cov *c, unsigned long reference,
		       const unsigned long *modes, size_t nr_modes, bool *repeats)
{
	struct workload_result r;
	bool ok = true;
	size_t i, n;

	*repeats = false;
	for (i = 0; i < nr_modes && ok; i++) {
		if (full(w, c, reference, &n))
			return false;
		keep_before(c, n);
		if (workload_run(w, c, modes[i], &r))
			return bad("run", r.why);
		ok = plain_judge(c, modes[i]);
		if (full(w, c, reference, &n))
			return false;
		*repeats = is_before(c->main + 1, n, reference) != NO;
		/* What comes every second run is not seen by those two: two in a row see it. */
		if (!ok && *repeats) {
			if (full(w, c, reference, &n))
				return false;
			*repeats = is_before(c->main + 1, n, reference) != NO;
		}
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

/* Whether it is the same; not if it does not repeat. */
static bool plain_tries(const struct workload *w, struct cov *c, const char *what,
			unsigned long reference, const unsigned long *modes,
			size_t nr_modes)
{
	bool ok = false, repeats = false;
	int differ = 0, i, k;
	size_t n;

	for (i = 0; i < PLAIN_TRIES && !ok; i++) {
		/* What comes every third run, say, must not hit the one in between only. */
		for (k = 0; k < i; k++)
			full(w, c, reference, &n);
		ok = plain_once(w, c, reference, modes, nr_modes, &repeats);
		differ += !ok && repeats;
	}
	if (ok || differ == PLAIN_TRIES)
		tap_ok(ok, "%s: %s", w->name, what);
	else
		tap_skip("does not repeat", "%s: %s", w->name, what);
	if (differ)
		tap_diag("%s: differed %d times from equal runs around it", w->name, differ);
	if (!ok)
		tap_diag("%s", why);
	return ok;
}

static int plain(void)
{
	static const unsigned long cmp_modes[] = { KCOV_TRACE_UNIQ_CMP };
	const struct workload *w;
	int equal = 0, equal_cmp = 0;
	struct cov c;
	size_t k;

	cov_open_or_exit(&c, BIG_WORDS, COV_EDGE);
	for (k = 0; k < ARRAY_SIZE(plain_workloads); k++) {
		w = workload_find(plain_workloads[k]);
		equal += plain_tries(w, &c, "modes 2, 4 and 6 as mode 0", KCOV_TRACE_PC,
				     pc_modes, ARRAY_SIZE(pc_modes));
		equal_cmp += plain_tries(w, &c, "mode 8 as mode 1, but for arguments",
					 KCOV_TRACE_CMP, cmp_modes, 1);
	}
	cov_close(&c);
	tap_ok(equal >= MIN_REPEAT, "%d workloads are as in mode 0, at least %d",
	       equal, MIN_REPEAT);
	tap_ok(equal_cmp >= MIN_REPEAT_CMP, "%d are as in mode 1, at least %d",
	       equal_cmp, MIN_REPEAT_CMP);
	return tap_done();
}

static struct cov open_or_exit(size_t words)
{
	struct cov c;
	int err;

	cmp_room = MAX_ITEMS;
	cov_open_or_exit(&c, words, COV_EDGE);
	err = cov_map_tee(&c, big_words);
	if (!err)
		return c;
	fprintf(stderr, "a second area: %s\n%s\n", strerror(-err), COV_NO_TEE);
	exit(1);
}

/* ---- small areas ---- */

static const char *const small_workloads[] = { "maps", "files-200", "sort" };
static const char *const small_workloads_short[] = { "maps", "poll", "fork-exec" };
static const size_t small_pages[] = { 1, 2, 8 };

/* In modes 0 and 1 the second area holds what did not fit the first. */
static bool judge_plain_mode(const struct cov *c, unsigned long mode)
{
	size_t words = mode_is_cmp(mode) ? CMP_WORDS : 1, n = c->main[0];
	size_t more = cov_count(c->tee, c->tee_words) / words;
	size_t capacity = (c->words - 1) / words;
	struct kcov_stats st;

	cov_stats(c->fd, &st);
	if (st.mode == mode && st.main.capacity == capacity && st.main.recorded == n &&
	    n <= capacity && (n == capacity || !more) && st.main.dropped == more &&
	    !st.main.untracked)
		return true;
	snprintf(why, sizeof(why), "%zu + %zu callbacks, stats: %llu + %llu", n, more,
		 (unsigned long long)st.main.recorded,
		 (unsigned long long)st.main.dropped);
	return false;
}

static struct room {
	size_t pcs, edges;
} room;
static unsigned long *edge_stream, *edge_list;
static struct want want_pcs = { .words = 1 }, want_edges = { .words = 1 };

/* Modes 2, 4 and 6, with a set that is full. */
static bool judge_full(const struct cov *c, unsigned long mode, const struct kcov_stats *st,
		       bool *full)
{
	const unsigned long *trace = c->tee + 1;
	size_t n = cov_count(c->tee, c->tee_words), i;

	if (!edge_stream) {
		edge_stream = big_alloc(big_words * sizeof(*edge_stream));
		edge_list = big_alloc(big_words * sizeof(*edge_list));
	}
	for (i = 0; i < n; i++)
		edge_stream[i] = cov_edge_word(i ? trace[i - 1] : 0, trace[i]);
	want_pcs.untracked = want_edges.untracked = 0;
	if (mode & KCOV_TRACE_UNIQ_PC)
		expect_items(&want_pcs, cmp_list, &scratch, room.pcs, trace, n);
	if (mode & KCOV_TRACE_UNIQ_EDGE)
		expect_items(&want_edges, edge_list, &scratch, room.edges, edge_stream, n);
	*full = want_pcs.untracked || want_edges.untracked;
	grow(&room.pcs, want_pcs.untracked);
	grow(&room.edges, want_edges.untracked);
	return (!(mode & KCOV_TRACE_UNIQ_PC) ||
		judge_area("PCs", c->main, c->words, &st->main, &want_pcs)) &&
	       (!(mode & KCOV_TRACE_UNIQ_EDGE) ||
		judge_area("edges", c->edge, c->words, &st->edge, &want_edges));
}

/* For all modes of a descriptor, once a mode of PCs or edges was enabled. */
static size_t items_beside(size_t words)
{
	size_t items = MIN_ITEMS;

	while (items < words / 2 && items < MAX_ITEMS)
		items *= 2;
	return items;
}

static void small_area(const struct workload *w, size_t words)
{
	static const unsigned long small_modes[] = { 0, 1, 2, 4, 6, 8, 16 };
	struct cov c = open_or_exit(words);
	struct workload_result r;
	struct kcov_stats st;
	unsigned long mode;
	size_t i;
	bool ok, full;
	int err;

	for (i = 0; i < ARRAY_SIZE(small_modes); i++) {
		mode = small_modes[i];
		err = workload_run(w, &c, mode, &r);
		if (err > 0) {
			tap_skip(r.why, "%s, %zu words, mode %lu", w->name, words, mode);
			continue;
		}
		ok = !err;
		cmp_room = items_beside(words);
		room.pcs = room.edges = 2 * cmp_room;
		if (!ok)
			snprintf(why, sizeof(why), "%s", r.why);
		else if (mode < 2)
			ok = judge_plain_mode(&c, mode);
		else if (mode & (KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE))
			ok = !cov_stats(c.fd, &st) && judge_full(&c, mode, &st, &full);
		else
			ok = judge(&c, mode);
		tap_ok(ok, "%s, %zu words, mode %lu: recorded and dropped are what is predicted",
		       w->name, words, mode);
		if (!ok)
			tap_diag("%s", why);
	}
	cov_close(&c);
}

/* ---- sets that are full at first ---- */

static const char *const grow_workloads[] = { "maps", "fork-exec", "mount", "udp", "pipe", "poll" };

/* Again and again, until its set was not full; of a compact trace the list does not tell. */
static bool grow_in_mode(const struct workload *w, struct cov *c, unsigned long mode, int *times)
{
	struct workload_result r;
	struct kcov_stats st;
	bool full = true, ok = true;

	for (*times = 0; full && ok && *times < 12; ++*times) {
		if (workload_run(w, c, mode, &r))
			return bad("run", r.why);
		if (cov_stats(c->fd, &st))
			return bad("KCOV_GET_STATS", "failed");
		if (mode & (KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE)) {
			ok = judge_full(c, mode, &st, &full);
		} else {
			ok = judge(c, mode);
			full = st.main.untracked;
		}
	}
	return ok && (!full || bad("sets", "are still full"));
}

static int grow_all(void)
{
	static const unsigned long grow_modes[] = { 2, 4, 6, 16, 8 };
	const struct workload *w;
	char items[16];
	size_t i, k;
	int times;

	big_words = BIG_WORDS_SHORT;
	snprintf(items, sizeof(items), "%lu", FEW_ITEMS);
	cov_parameter("items", items);
	for (k = 0; k < ARRAY_SIZE(grow_workloads); k += slow() ? 2 : 1) {
		w = workload_find(grow_workloads[k]);
		for (i = 0; i < ARRAY_SIZE(grow_modes); i++) {
			struct cov c = open_or_exit(BIG_WORDS_SHORT);
			bool ok;

			room.pcs = room.edges = 2 * FEW_ITEMS;
			cmp_room = FEW_ITEMS;
			ok = grow_in_mode(w, &c, grow_modes[i], &times) && times > 2;
			tap_ok(ok, "%s, mode %lu: room for %zu items was too little %d times",
			       w->name, grow_modes[i], FEW_ITEMS, times - 1);
			if (!ok)
				tap_diag("%s", why);
			cov_close(&c);
		}
	}
	snprintf(items, sizeof(items), "%lu", SET_ITEMS);
	cov_parameter("items", items);
	return tap_done();
}

/* ---- switch statements ---- */

/* An option that prctl() does not have: it is compared with all those it has. */
#define NO_OPTION	0x5a5a0000
#define SWITCH_CALLS	5
#define SWITCH_MAX	4096

struct switched {
	size_t n;
	unsigned long rec[SWITCH_MAX][CMP_WORDS];
};

/* The comparisons of a switch with that option, in order, of one window. */
static void trace_switch(unsigned long mode, struct switched *s)
{
	struct cov c;
	unsigned long *rec;
	size_t i, n;

	cov_open_or_exit(&c, 1 << 16, 0);
	if (cov_enable(c.fd, mode)) {
		fprintf(stderr, "mode %lu cannot be enabled\n", mode);
		exit(1);
	}
	c.main[0] = 0;
	for (i = 0; i < SWITCH_CALLS; i++)
		if (!prctl(NO_OPTION, 0, 0, 0, 0))
			exit(1);
	cov_disable(c.fd);
	n = cov_cmp_count(c.main, c.words);
	for (s->n = i = 0; i < n && s->n < SWITCH_MAX; i++) {
		rec = c.main + 1 + i * CMP_WORDS;
		if (rec[0] & KCOV_CMP_CONST && rec[2] == NO_OPTION)
			memcpy(s->rec[s->n++], rec, sizeof(s->rec[0]));
	}
	cov_close(&c);
}

/* How many of the first @n come from the place that most come from. */
static size_t cases(const struct switched *s, size_t n)
{
	size_t i, j, k, most = 0;

	for (i = 0; i < n; i++) {
		for (k = j = 0; j < n; j++)
			k += s->rec[j][3] == s->rec[i][3];
		if (k > most)
			most = k;
	}
	return most;
}

/* What one __sanitizer_cov_trace_switch() reports is once each in the list, too. */
static void switches(void)
{
	static struct switched all, once;
	size_t i, n;
	bool ok;

	trace_switch(KCOV_TRACE_CMP, &all);
	trace_switch(KCOV_TRACE_UNIQ_CMP, &once);
	n = all.n / SWITCH_CALLS;
	for (i = 0, ok = all.n == n * SWITCH_CALLS && n; ok && i < all.n; i++)
		ok = !memcmp(all.rec[i], all.rec[i % n], sizeof(all.rec[0]));
	tap_ok(ok && cases(&all, n) >= 20,
	       "switch, mode 1: %d times the same %zu comparisons, %zu of one switch",
	       SWITCH_CALLS, n, cases(&all, n));
	tap_ok(once.n == n && !memcmp(once.rec, all.rec, n * sizeof(all.rec[0])),
	       "switch, mode 8: just these, once each");
}

/* ---- threads that trace at once ---- */

#define THREAD_WORDS	(256ul << 10)
#define THREAD_TEE	(slow() ? 1ul << 20 : 4ul << 20)
#define MAX_THREADS	64

struct tracer {
	pthread_t thread;
	pthread_barrier_t *go;
	struct cov c;
	unsigned long mode;
	int nr, err;
};

/* Each thread makes other calls. After each call they wait for one another. */
static int tracer_work(int nr)
{
	char text[4096];
	int fd, p[2], i;
	void *page;

	if (pipe(p))
		return -errno;
	for (i = 0; i < fewer(200); i++) {
		if (write(p[1], text, 100 + nr) != 100 + nr ||
		    read(p[0], text, sizeof(text)) != 100 + nr)
			return -EIO;
		if (nr & 1) {
			fd = open("/proc/self/status", O_RDONLY);
			if (fd < 0 || read(fd, text, sizeof(text)) < 100)
				return -EIO;
			close(fd);
		}
		if (nr & 2) {
			page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
			if (page == MAP_FAILED)
				return -errno;
			munmap(page, 8192);
		}
		if (nr & 4)
			prctl(NO_OPTION + i, 0, 0, 0, 0);
		sched_yield();
	}
	close(p[0]);
	close(p[1]);
	return 0;
}

static void *tracer(void *arg)
{
	struct tracer *t = arg;
	int err;

	pthread_barrier_wait(t->go);
	t->err = cov_enable(t->c.fd, t->mode);
	if (t->err)
		return NULL;
	t->err = tracer_work(t->nr);
	err = cov_disable(t->c.fd);
	if (!t->err)
		t->err = err;
	return NULL;
}

static bool judge_tracer(struct tracer *t)
{
	if (t->err)
		return bad("thread", strerror(-t->err));
	return judge(&t->c, t->mode);
}

/* All at once, in modes that differ; @round: which one has which. */
static void threads_at_once(int n, int round)
{
	static const unsigned long thread_modes[] = { 2, 4, 6, 8, 16 };
	static struct tracer tracers[MAX_THREADS];
	pthread_barrier_t go;
	struct tracer *t;

	pthread_barrier_init(&go, NULL, n);
	for (t = tracers; t < tracers + n; t++) {
		memset(t, 0, sizeof(*t));
		t->go = &go;
		t->nr = t - tracers;
		t->mode = thread_modes[(t->nr + round) % ARRAY_SIZE(thread_modes)];
		cov_open_or_exit(&t->c, THREAD_WORDS, COV_EDGE);
		if (cov_map_tee(&t->c, THREAD_TEE) ||
		    pthread_create(&t->thread, NULL, tracer, t)) {
			perror("thread");
			exit(1);
		}
	}
	for (t = tracers; t < tracers + n; t++)
		pthread_join(t->thread, NULL);
	for (t = tracers; t < tracers + n; t++) {
		bool ok;

		/* Who waits for another thread may make callbacks without end. */
		if (cov_count(t->c.tee, THREAD_TEE) + CMP_WORDS >= THREAD_TEE) {
			tap_skip("its trace does not fit the second area",
				 "threads: number %d of %d, mode %lu", t->nr + 1, n, t->mode);
		} else {
			cmp_room = MAX_ITEMS;
			ok = judge_tracer(t);
			tap_ok(ok, "threads: number %d of %d, mode %lu: %s", t->nr + 1, n,
			       t->mode, ok ? found(&t->c, t->mode) : why);
		}
		cov_close(&t->c);
	}
	pthread_barrier_destroy(&go);
}

static void threads(void)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), many = 2 * cpus + 3, i;

	for (i = 0; i < (slow() ? 1 : 4); i++)
		threads_at_once(5, i);
	threads_at_once(many < 8 ? 8 : many > MAX_THREADS ? MAX_THREADS : many, 0);
}

/* ---- */

/* Of those with traces of less than 200,000 callbacks, for slow machines. */
static const char *const short_workloads[] = {
	"read-bad", "ids", "prctl", "setuid", "sched", "migrate", "vma", "brk", "memfd",
	"shm", "sysv-ipc", "mqueue", "maps", "links", "vectors", "getdents", "locks",
	"inotify", "mount", "udp", "unix", "socketpair", "netlink", "pipe", "poll",
	"epoll", "eventfd", "timerfd", "signalfd", "signals", "fork-exec", "vfork",
	"pthread", "futex", "unshare", "aio", "io-uring",
};

static bool is_in(const char *name, size_t n, const char *const *names)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool is_extra(const char *name)
{
	return !strcmp(name, "threads") || !strcmp(name, "switch");
}

static void small_areas(bool short_run)
{
	const char *const *names = short_run ? small_workloads_short : small_workloads;
	size_t k, m;

	for (k = 0; k < ARRAY_SIZE(small_workloads); k++)
		for (m = 0; m < ARRAY_SIZE(small_pages); m++)
			small_area(workload_find(names[k]), small_pages[m] * page_words());
}

/* That something was tested. On a slow machine, which has ticks, nothing may repeat. */
static void judge_counts(bool short_run)
{
	int least = short_run ? MIN_RUN_SHORT : MIN_RUN;
	struct utsname u;

	tap_ok(count.run >= least, "%d workloads ran in all modes, at least %d",
	       count.run, least);
	tap_diag("%d repeat in mode 0, %d in mode 1 (%d with arguments); with %d, a set was full",
		 count.repeat, count.repeat_cmp, count.repeat_args, count.full);
	if (short_run) {
		/* Ticks hit most of them. */
		tap_ok(count.repeat + count.repeat_cmp >= 1,
		       "%d repeat exactly in mode 0 or 1, at least 1",
		       count.repeat + count.repeat_cmp);
		return;
	}
	tap_ok(count.repeat >= MIN_REPEAT, "%d of them repeat exactly, at least %d",
	       count.repeat, MIN_REPEAT);
	tap_ok(count.repeat_cmp >= MIN_REPEAT_CMP,
	       "%d of them repeat in mode 1, at least %d", count.repeat_cmp,
	       MIN_REPEAT_CMP);
	if (!count.repeat_args && !uname(&u) && !strncmp(u.release, "6.1.", 4))
		tap_skip("in Linux 6.1 each system call compares addresses",
			 "some of them with all arguments");
	else
		tap_ok(count.repeat_args >= 1, "%d of them with all arguments, at least 1",
		       count.repeat_args);
}

static void allocate(void)
{
	before = big_alloc(BIG_WORDS * sizeof(*before));
	cmp_list = big_alloc(BIG_WORDS * sizeof(*cmp_list));
	sorted = big_alloc(SORT_MAX * sizeof(*sorted));
	expect_init(&expect);
	expect_init(&compact);
	uniq_init(&tracked, MAX_ITEMS, CMP_WORDS);
	uniq_init(&scratch, BIG_WORDS / 64, 1);
	uniq_init(&scratch_cmp, BIG_WORDS / 64, CMP_WORDS);
	places_init(&places_before);
	places_init(&places_now);
}

/* What has grown is given back at some time, so the sets are large at first. See --grow. */
static void large_sets(void)
{
	char items[16];

	snprintf(items, sizeof(items), "%lu", MAX_ITEMS);
	cov_parameter("items", items);
}

int main(int argc, char **argv)
{
	const char *const *names = (const char *const *)argv + 1;
	bool short_run = slow();
	size_t k, n = argc - 1;
	struct cov c;

	allocate();
	if (n == 1 && !strcmp(names[0], "--plain"))
		return plain();
	if (n == 1 && !strcmp(names[0], "--grow"))
		return grow_all();
	if (n == 1 && (!strcmp(names[0], "--short") || !strcmp(names[0], "--brief"))) {
		short_run = true;
		if (!strcmp(names[0], "--brief"))
			migrations /= 10;
		n = 0;
	}
	for (k = 0; k < n; k++)
		if (!workload_find(names[k]) && !is_extra(names[k])) {
			fprintf(stderr, "usage: oracle [--plain | --grow | --short | --brief | [WORKLOAD | threads | switch]...]\n");
			return 2;
		}
	if (short_run && !n)
		big_words = BIG_WORDS_SHORT;
	large_sets();
	c = open_or_exit(big_words);
	self_check();
	self_check_cmps();

	for (k = 0; k < nr_workloads; k++)
		if (n ? is_in(workloads[k].name, n, names) :
		    short_run ? is_in(workloads[k].name, ARRAY_SIZE(short_workloads),
				      short_workloads) : !workloads[k].study)
			all_modes(&workloads[k], &c);
	cov_close(&c);
	if (!n || is_in("switch", n, names))
		switches();
	if (!n || is_in("threads", n, names))
		threads();
	if (n)
		return tap_done();
	small_areas(short_run);
	judge_counts(short_run);
	return tap_done();
}
