// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the engine behind KCOV's unique modes, kcov_dedup.h.
 *
 * The engine is compiled into this file and works on memory of the test, so nothing
 * depends on what the kernel itself executes. What it should have recorded is told
 * by a list that is searched from end to end.
 */
#include <kunit/test.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "kcov_dedup.h"

#define KCOV_UNIQ_TEST_WORDS	1024U
#define KCOV_UNIQ_TEST_LIMIT	1024U
#define KCOV_UNIQ_TEST_SEEDS	20U
#define KCOV_UNIQ_TEST_CALLS	4000U
#define KCOV_UNIQ_TEST_YOUNG	64U	/* slots: windows of up to 8 items are young */
#define KCOV_UNIQ_TEST_CANARY	0x5a5a5a5aUL

/* What a test works on; the engine's state and what it must be equal to. */
struct kcov_uniq_test {
	struct kcov_dedup	dedup;
	/* The naive list: the first callback comes first. */
	unsigned long		trace[KCOV_UNIQ_TEST_CALLS];
	unsigned long		list[KCOV_UNIQ_TEST_CALLS];
	unsigned int		calls;
};

static void *kcov_uniq_test_alloc(struct kunit *test, size_t bytes)
{
	void *mem = kunit_kzalloc(test, bytes, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	return mem;
}

static void kcov_uniq_test_set(struct kunit *test, struct kcov_dedup_set *set,
			       u32 limit, u32 words)
{
	void *mem = kcov_uniq_test_alloc(test, kcov_dedup_set_bytes(limit, words));

	kcov_dedup_set_init(set, mem, limit, words);
}

static void kcov_uniq_test_young(struct kunit *test, struct kcov_dedup_window *w)
{
	void *mem = kcov_uniq_test_alloc(test, kcov_dedup_young_bytes(KCOV_UNIQ_TEST_YOUNG));

	kcov_dedup_young_init(w, mem, KCOV_UNIQ_TEST_YOUNG);
}

static enum kcov_dedup_verdict
kcov_uniq_test_add(struct kcov_dedup_set *set, unsigned long key)
{
	return kcov_dedup_set_add(set, &key, KCOV_DEDUP_PC_WORDS);
}

/* A window in an area of @words words, and one word that belongs to nobody. */
static void kcov_uniq_test_window(struct kunit *test,
				  struct kcov_dedup_window *w,
				  unsigned long words, u32 limit)
{
	w->area = kcov_uniq_test_alloc(test, (words + 1) * sizeof(long));
	w->area[words] = KCOV_UNIQ_TEST_CANARY;
	w->capacity = words - 1;
	kcov_uniq_test_set(test, &w->set, limit, KCOV_DEDUP_PC_WORDS);
	kcov_uniq_test_young(test, w);
	kcov_dedup_reset(w);
}

static struct kcov_uniq_test *
kcov_uniq_test_new(struct kunit *test, u32 mode, unsigned long words, u32 limit)
{
	struct kcov_uniq_test *t = kcov_uniq_test_alloc(test, sizeof(*t));

	kcov_uniq_test_window(test, &t->dedup.main, words, limit);
	kcov_uniq_test_window(test, &t->dedup.edge, words, limit);
	kcov_dedup_start(&t->dedup, mode);
	return t;
}

/* A callback, as the kernel's hook makes it. */
static void kcov_uniq_test_call(struct kcov_uniq_test *t, unsigned long pc)
{
	struct kcov_dedup *d = &t->dedup;
	enum kcov_dedup_todo todo = kcov_dedup_fast(d, READ_ONCE(d->main.area[0]), pc);

	if (todo == KCOV_DEDUP_SLOW && kcov_dedup_compacts(d))
		kcov_dedup_compact(d, pc);
	else if ((todo == KCOV_DEDUP_SLOW && kcov_dedup_enter(d)) ||
		 (todo == KCOV_DEDUP_YOUNG_PC && !kcov_dedup_young(d, pc, KCOV_DEDUP_YOUNG_PC)) ||
		 (todo == KCOV_DEDUP_YOUNG_EDGE &&
		  !kcov_dedup_young(d, pc, KCOV_DEDUP_YOUNG_EDGE)) ||
		 (todo == KCOV_DEDUP_YOUNG_BOTH &&
		  !kcov_dedup_young(d, pc, KCOV_DEDUP_YOUNG_BOTH)))
		kcov_dedup_slow(d, pc);
	if (t->calls < ARRAY_SIZE(t->trace))
		t->trace[t->calls++] = pc;
}

/* A comparison, likewise. */
static void kcov_uniq_test_cmp_call(struct kcov_uniq_test *t, const union kcov_dedup_cmp *cmp)
{
	if (!kcov_dedup_cmp_fast(&t->dedup, cmp))
		kcov_dedup_cmp(&t->dedup, cmp);
}

/* Make @list what an area should hold of @trace, of @calls words. */
static unsigned long kcov_uniq_test_model(unsigned long *list, const unsigned long *trace,
					  unsigned long calls, bool edges)
{
	unsigned long n = 0, prev = 0, word, call, i;
	u32 hash;

	for (call = 0; call < calls; call++) {
		word = trace[call];
		if (edges) {
			/* Written down once more, so that the engine's may be wrong. */
			hash = (prev & 0xfff) ^ 61;
			hash += hash << 3;
			hash ^= hash >> 4;
			hash *= 668265261;
			hash ^= hash >> 15;
			prev = word;
			word ^= hash & 0xfff;
		}
		for (i = 0; i < n; i++)
			if (list[i] == word)
				break;
		if (i == n)
			list[n++] = word;
	}
	return n;
}

static void kcov_uniq_test_is_exact(struct kunit *test, struct kcov_uniq_test *t,
				    struct kcov_dedup_window *w, bool edges)
{
	unsigned long n = kcov_uniq_test_model(t->list, t->trace, t->calls, edges);
	unsigned long room = min(n, w->capacity);

	KUNIT_EXPECT_EQ(test, w->recorded, room);
	KUNIT_EXPECT_EQ(test, w->area[0], room);
	KUNIT_EXPECT_EQ(test, w->dropped, n - room);
	KUNIT_EXPECT_EQ(test, w->untracked, 0UL);
	KUNIT_EXPECT_EQ(test, w->area[w->capacity + 1], KCOV_UNIQ_TEST_CANARY);
	KUNIT_EXPECT_EQ(test, memcmp(&w->area[1], t->list, room * sizeof(long)), 0);
}

/* PCs of @pool neighbours, more or less; runs of one another, as code makes them. */
static void kcov_uniq_test_walk(struct kcov_uniq_test *t, struct rnd_state *rnd,
				unsigned int calls, u32 pool)
{
	unsigned long base = (unsigned long)kcov_uniq_test_walk;
	u32 at = 0;

	while (calls--) {
		if (prandom_u32_state(rnd) % 4)
			at = (at + 1) % pool;
		else
			at = prandom_u32_state(rnd) % pool;
		kcov_uniq_test_call(t, base + at * 11 +
				    (at % 3 ? 0 : SZ_16M));
	}
}

/* Any number of keys in random order: NEW once, SEEN from then on. */
static void kcov_uniq_test_set_random(struct kunit *test)
{
	const u32 limit = 256;
	unsigned long keys[64];
	struct kcov_dedup_set set;
	struct rnd_state rnd;
	unsigned int i, n;

	kcov_uniq_test_set(test, &set, limit, KCOV_DEDUP_PC_WORDS);
	prandom_seed_state(&rnd, 1);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		keys[i] = prandom_u32_state(&rnd) * 2UL + (i & 1);

	for (n = 0; n < ARRAY_SIZE(keys); n++) {
		KUNIT_EXPECT_EQ(test, kcov_uniq_test_add(&set, keys[n]),
				KCOV_DEDUP_NEW);
		for (i = 0; i <= n; i++)
			KUNIT_EXPECT_EQ(test, kcov_uniq_test_add(&set, keys[i]),
					KCOV_DEDUP_SEEN);
		KUNIT_EXPECT_EQ(test, set.used, n + 1);
	}
}

/* A full set knows what it has, and says so of what it has not. */
static void kcov_uniq_test_set_full(struct kunit *test)
{
	struct kcov_dedup_set set;
	unsigned long key;

	kcov_uniq_test_set(test, &set, 8, KCOV_DEDUP_PC_WORDS);
	for (key = 100; key < 108; key++)
		KUNIT_EXPECT_EQ(test, kcov_uniq_test_add(&set, key),
				KCOV_DEDUP_NEW);
	for (key = 108; key < 200; key++)
		KUNIT_EXPECT_EQ(test, kcov_uniq_test_add(&set, key),
				KCOV_DEDUP_FULL);
	for (key = 100; key < 108; key++)
		KUNIT_EXPECT_EQ(test, kcov_uniq_test_add(&set, key),
				KCOV_DEDUP_SEEN);
	KUNIT_EXPECT_EQ(test, set.used, 8U);
}

/*
 * Keys that differ in a few bits only, chosen to meet in few slots: they are never
 * taken for one another, and what has no slot is FULL.
 */
static void kcov_uniq_test_set_collisions(struct kunit *test)
{
	static const unsigned int shifts[] = { 0, 4, 8, 12, 16, 20, BITS_PER_LONG - 8 };
	enum kcov_dedup_verdict got[128];
	struct kcov_dedup_set set;
	unsigned int i, s, new;
	unsigned long key;

	kcov_uniq_test_set(test, &set, 128, KCOV_DEDUP_PC_WORDS);
	for (s = 0; s < ARRAY_SIZE(shifts); s++) {
		set.used = 0;
		new = 0;
		for (i = 0; i < ARRAY_SIZE(got); i++) {
			key = ((unsigned long)i << shifts[s]) + 5;
			got[i] = kcov_uniq_test_add(&set, key);
			KUNIT_EXPECT_NE(test, got[i], KCOV_DEDUP_SEEN);
			new += got[i] == KCOV_DEDUP_NEW;
		}
		KUNIT_EXPECT_EQ(test, set.used, new);
		KUNIT_EXPECT_GE(test, new, KCOV_DEDUP_PROBES);
		for (i = 0; i < ARRAY_SIZE(got); i++) {
			key = ((unsigned long)i << shifts[s]) + 5;
			KUNIT_EXPECT_EQ(test, kcov_uniq_test_add(&set, key),
					got[i] == KCOV_DEDUP_NEW ?
					KCOV_DEDUP_SEEN : KCOV_DEDUP_FULL);
		}
	}
}

static void kcov_uniq_test_random(struct kunit *test, u32 mode)
{
	struct kcov_uniq_test *t;
	struct rnd_state rnd;
	u32 seed;

	t = kcov_uniq_test_new(test, mode, KCOV_UNIQ_TEST_WORDS,
			       KCOV_UNIQ_TEST_LIMIT);
	for (seed = 1; seed <= KCOV_UNIQ_TEST_SEEDS; seed++) {
		/* A new window, as userspace asks for it. */
		t->dedup.main.area[0] = 0;
		t->dedup.edge.area[0] = 0;
		t->calls = 0;
		prandom_seed_state(&rnd, seed);
		kcov_uniq_test_walk(t, &rnd, KCOV_UNIQ_TEST_CALLS, seed);
		if (mode & KCOV_DEDUP_PC)
			kcov_uniq_test_is_exact(test, t, &t->dedup.main, false);
		else
			KUNIT_EXPECT_EQ(test, t->dedup.main.area[0], 0UL);
		if (mode & KCOV_DEDUP_EDGE)
			kcov_uniq_test_is_exact(test, t, &t->dedup.edge, true);
		else
			KUNIT_EXPECT_EQ(test, t->dedup.edge.area[0], 0UL);
	}
}

static void kcov_uniq_test_pcs(struct kunit *test)
{
	kcov_uniq_test_random(test, KCOV_DEDUP_PC);
}

static void kcov_uniq_test_edges(struct kunit *test)
{
	kcov_uniq_test_random(test, KCOV_DEDUP_EDGE);
}

static void kcov_uniq_test_both(struct kunit *test)
{
	kcov_uniq_test_random(test, KCOV_DEDUP_PC | KCOV_DEDUP_EDGE);
}

/* Areas from no room at all to just enough: what does not fit is counted. */
static void kcov_uniq_test_small_areas(struct kunit *test)
{
	struct kcov_uniq_test *t;
	struct rnd_state rnd;
	unsigned long words;

	for (words = 1; words < 40; words++) {
		t = kcov_uniq_test_new(test, KCOV_DEDUP_PC | KCOV_DEDUP_EDGE,
				       words, KCOV_UNIQ_TEST_LIMIT);
		prandom_seed_state(&rnd, words);
		kcov_uniq_test_walk(t, &rnd, 500, 30);
		kcov_uniq_test_is_exact(test, t, &t->dedup.main, false);
		kcov_uniq_test_is_exact(test, t, &t->dedup.edge, true);
	}
}

/* With a full set nothing is lost: what it does not know is written each time. */
static void kcov_uniq_test_full_set(struct kunit *test)
{
	struct kcov_uniq_test *t;
	unsigned long pc, n;
	unsigned int round;

	t = kcov_uniq_test_new(test, KCOV_DEDUP_PC, 100, 8);
	for (round = 0; round < 3; round++)
		for (pc = 1; pc <= 10; pc++)
			kcov_uniq_test_call(t, pc);

	KUNIT_EXPECT_EQ(test, t->dedup.main.recorded, 8UL + 3 * 2);
	KUNIT_EXPECT_EQ(test, t->dedup.main.area[0], 8UL + 3 * 2);
	KUNIT_EXPECT_EQ(test, t->dedup.main.untracked, 3UL * 2);
	KUNIT_EXPECT_EQ(test, t->dedup.main.dropped, 0UL);
	for (n = 1; n <= 8 + 3 * 2; n++)
		KUNIT_EXPECT_EQ(test, t->dedup.main.area[n],
				n <= 8 ? n : 9 + (n & 1 ? 0 : 1));
}

/* After a reset everything is new; what the table holds of before is left there. */
static void kcov_uniq_test_reset(struct kunit *test)
{
	struct kcov_dedup_window *w;
	struct kcov_uniq_test *t;
	struct rnd_state rnd;
	unsigned int round;
	u32 *slots;

	t = kcov_uniq_test_new(test, KCOV_DEDUP_PC | KCOV_DEDUP_EDGE,
			       KCOV_UNIQ_TEST_WORDS, KCOV_UNIQ_TEST_LIMIT);
	w = &t->dedup.main;
	/* Never young: the items of such a window come to the set in another order. */
	w->young.limit = 0;
	kcov_dedup_reset(w);
	slots = kcov_uniq_test_alloc(test, (w->set.mask + 1) * sizeof(u32));
	for (round = 0; round < 4; round++) {
		t->calls = 0;
		prandom_seed_state(&rnd, 7);
		kcov_uniq_test_walk(t, &rnd, 1000, 100);
		kcov_uniq_test_is_exact(test, t, w, false);
		kcov_uniq_test_is_exact(test, t, &t->dedup.edge, true);
		KUNIT_EXPECT_EQ(test, w->set.used, w->area[0]);

		memcpy(slots, w->set.slots, (w->set.mask + 1) * sizeof(u32));
		if (round & 1) {
			w->area[0] = 0;
			t->dedup.edge.area[0] = 0;
		} else {
			WRITE_ONCE(t->dedup.mode,
				   t->dedup.mode | KCOV_DEDUP_RESET);
		}
		/* The first PC of the walk: its slot does not change. */
		kcov_uniq_test_call(t, t->trace[0]);
		KUNIT_EXPECT_FALSE(test, t->dedup.mode & KCOV_DEDUP_RESET);
		KUNIT_EXPECT_EQ(test, w->set.used, 1U);
		KUNIT_EXPECT_EQ(test, w->area[0], 1UL);
		KUNIT_EXPECT_EQ(test, w->area[1], t->trace[0]);
		KUNIT_EXPECT_EQ(test, t->dedup.edge.area[0], 1UL);
		KUNIT_EXPECT_EQ(test, t->dedup.edge.area[1], w->area[1] ^
				kcov_dedup_edge_hash(0));
		KUNIT_EXPECT_EQ(test, memcmp(slots, w->set.slots,
					     (w->set.mask + 1) * sizeof(u32)), 0);
		w->area[0] = 0;
		t->dedup.edge.area[0] = 0;
	}
}

/* Each area has a window of its own. */
static void kcov_uniq_test_reset_one(struct kunit *test)
{
	struct kcov_uniq_test *t;

	t = kcov_uniq_test_new(test, KCOV_DEDUP_PC | KCOV_DEDUP_EDGE, 100, 64);
	kcov_uniq_test_call(t, 1);
	kcov_uniq_test_call(t, 2);
	t->dedup.main.area[0] = 0;
	kcov_uniq_test_call(t, 1);
	KUNIT_EXPECT_EQ(test, t->dedup.main.area[0], 1UL);
	KUNIT_EXPECT_EQ(test, t->dedup.edge.area[0], 3UL);
	t->dedup.edge.area[0] = 0;
	kcov_uniq_test_call(t, 2);
	KUNIT_EXPECT_EQ(test, t->dedup.main.area[0], 2UL);
	KUNIT_EXPECT_EQ(test, t->dedup.edge.area[0], 1UL);
}

/* Nothing that userspace writes is used, but the 0 in word 0. */
static void kcov_uniq_test_scribble(struct kunit *test)
{
	static const unsigned long words[] = { 1, 5, 1000, ~0UL, LONG_MAX, 99 };
	struct kcov_dedup_window *w;
	struct kcov_uniq_test *t;
	unsigned int i;

	t = kcov_uniq_test_new(test, KCOV_DEDUP_PC, 4, 64);
	w = &t->dedup.main;
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		kcov_uniq_test_call(t, i + 1);
		w->area[0] = words[i];
		kcov_uniq_test_call(t, i + 1);
	}
	KUNIT_EXPECT_EQ(test, w->recorded, 3UL);
	KUNIT_EXPECT_EQ(test, w->dropped, ARRAY_SIZE(words) - 3);
	KUNIT_EXPECT_EQ(test, w->area[4], KCOV_UNIQ_TEST_CANARY);
	for (i = 1; i <= 3; i++)
		KUNIT_EXPECT_EQ(test, w->area[i], i);
}

/* A callback that interrupts another one changes nothing, whatever it is. */
static void kcov_uniq_test_busy(struct kunit *test)
{
	static const u32 modes[] = {
		0, KCOV_DEDUP_PC, KCOV_DEDUP_EDGE, KCOV_DEDUP_PC | KCOV_DEDUP_EDGE,
		KCOV_DEDUP_PC | KCOV_DEDUP_RESET, KCOV_DEDUP_EDGE | KCOV_DEDUP_RESET,
	};
	const size_t set_bytes = kcov_dedup_set_bytes(64, KCOV_DEDUP_PC_WORDS);
	const size_t bytes = 100 * sizeof(long);
	struct kcov_dedup before;
	struct kcov_uniq_test *t;
	void *area, *set;
	unsigned int i;

	area = kcov_uniq_test_alloc(test, bytes);
	set = kcov_uniq_test_alloc(test, set_bytes);
	for (i = 0; i < 2 * ARRAY_SIZE(modes); i++) {
		t = kcov_uniq_test_new(test, modes[i / 2] & ~KCOV_DEDUP_RESET, 100, 64);
		kcov_uniq_test_call(t, 1);
		kcov_uniq_test_call(t, 2);
		t->dedup.mode = modes[i / 2];
		if (i & 1) {
			t->dedup.main.area[0] = 0;
			t->dedup.edge.area[0] = 0;
		}
		t->dedup.busy = 1;
		memcpy(&before, &t->dedup, sizeof(before));
		memcpy(area, t->dedup.main.area, bytes);
		memcpy(set, t->dedup.main.set.keys, set_bytes);
		kcov_uniq_test_call(t, 1);
		kcov_uniq_test_call(t, 3);
		/* But that they are counted: in mode 0 as lost, else as ignored, unless seen. */
		KUNIT_EXPECT_LE(test, t->dedup.ignored, 2UL);
		KUNIT_EXPECT_GE(test, t->dedup.ignored, modes[i / 2] ? 1UL : 0UL);
		before.ignored = t->dedup.ignored;
		if (!modes[i / 2])
			before.main.dropped += 2;
		KUNIT_EXPECT_EQ(test, memcmp(&before, &t->dedup, sizeof(before)), 0);
		KUNIT_EXPECT_EQ(test, memcmp(area, t->dedup.main.area, bytes), 0);
		KUNIT_EXPECT_EQ(test, memcmp(set, t->dedup.main.set.keys, set_bytes), 0);

		/* The task died in there; the next one collects into a new window. */
		kcov_dedup_start(&t->dedup, KCOV_DEDUP_PC);
		kcov_uniq_test_call(t, 2);
		KUNIT_EXPECT_EQ(test, t->dedup.main.recorded, 1UL);
		KUNIT_EXPECT_EQ(test, t->dedup.busy, 0U);
	}
}

/*
 * The trace, shortened, has the same PCs and the same pairs, in the same order. Pairs are
 * compared as edge words.
 */
static void kcov_uniq_test_is_compact(struct kunit *test, struct kcov_uniq_test *t)
{
	unsigned long *list = kcov_uniq_test_alloc(test, sizeof(t->list)), n, i, at = 0;
	struct kcov_dedup_window *w = &t->dedup.main;
	int edges;

	KUNIT_EXPECT_EQ(test, w->area[0], w->recorded);
	KUNIT_EXPECT_EQ(test, w->area[w->capacity + 1], KCOV_UNIQ_TEST_CANARY);
	for (i = 1; i <= w->recorded; i++) {
		while (at < t->calls && t->trace[at] != w->area[i])
			at++;
		at++;
	}
	/* A subsequence; the last word stands for the last callback. */
	KUNIT_EXPECT_LE(test, at, t->calls);
	KUNIT_EXPECT_EQ(test, w->area[w->recorded], t->trace[t->calls - 1]);
	for (edges = 0; edges < 2; edges++) {
		n = kcov_uniq_test_model(t->list, t->trace, t->calls, edges);
		KUNIT_EXPECT_EQ(test, n, kcov_uniq_test_model(list, w->area + 1, w->recorded,
							      edges));
		KUNIT_EXPECT_EQ(test, memcmp(t->list, list, n * sizeof(*list)), 0);
	}
	kunit_kfree(test, list);
}

static struct kcov_uniq_test *
kcov_uniq_test_new_compact(struct kunit *test, unsigned long words, u32 limit, u32 raw)
{
	struct kcov_uniq_test *t = kcov_uniq_test_new(test, KCOV_DEDUP_COMPACT, words, limit);

	kcov_dedup_compact_init(&t->dedup.main, &t->dedup.compact,
				kcov_uniq_test_alloc(test, kcov_dedup_compact_bytes(limit)), raw);
	return t;
}

/*
 * Sets that have room for everything, and some that have not; callbacks that are written as
 * they come, and none.
 */
static void kcov_uniq_test_compact(struct kunit *test)
{
	static const u32 limits[] = { KCOV_UNIQ_TEST_LIMIT, 64, 16, 2, KCOV_UNIQ_TEST_LIMIT, 16 };
	static const u32 raws[] = { 0, 0, 0, 0, 256, 3 };
	struct kcov_uniq_test *t;
	struct rnd_state rnd;
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		t = kcov_uniq_test_new_compact(test, KCOV_UNIQ_TEST_CALLS + 1, limits[i],
					       raws[i]);
		prandom_seed_state(&rnd, i);
		for (round = 0; round < KCOV_UNIQ_TEST_SEEDS; round++) {
			t->calls = 0;
			kcov_uniq_test_walk(t, &rnd, 1000, 2 + prandom_u32_state(&rnd) % 100);
			kcov_dedup_flush(&t->dedup);
			kcov_uniq_test_is_compact(test, t);
			KUNIT_EXPECT_EQ(test, memcmp(t->dedup.main.area + 1, t->trace,
						     min_t(u32, raws[i], t->calls) *
						     sizeof(long)), 0);
			KUNIT_EXPECT_EQ(test, t->dedup.main.dropped, 0UL);
			if (limits[i] == KCOV_UNIQ_TEST_LIMIT)
				KUNIT_EXPECT_EQ(test, t->dedup.main.untracked, 0UL);
			if (round & 1)
				t->dedup.main.area[0] = 0;
			else
				WRITE_ONCE(t->dedup.mode, t->dedup.mode | KCOV_DEDUP_RESET);
		}
	}
}

/* What has no room is the end of the shortened trace; what there is, is as it would be. */
static void kcov_uniq_test_compact_drops(struct kunit *test)
{
	struct kcov_uniq_test *t[2];
	struct kcov_dedup_window *w;
	struct rnd_state rnd;
	int i;

	for (i = 0; i < 2; i++) {
		t[i] = kcov_uniq_test_new_compact(test, i ? 100 : KCOV_UNIQ_TEST_CALLS + 1,
						  1024, 0);
		prandom_seed_state(&rnd, 3);
		kcov_uniq_test_walk(t[i], &rnd, 1000, 100);
		kcov_dedup_flush(&t[i]->dedup);
	}
	w = &t[1]->dedup.main;
	KUNIT_EXPECT_EQ(test, w->area[0], 99UL);
	KUNIT_EXPECT_EQ(test, w->area[100], KCOV_UNIQ_TEST_CANARY);
	KUNIT_EXPECT_EQ(test, w->recorded + w->dropped, t[0]->dedup.main.recorded);
	KUNIT_EXPECT_EQ(test, memcmp(w->area + 1, t[0]->dedup.main.area + 1,
				     99 * sizeof(long)), 0);
}

/* Comparisons that differ in one field, in few bits; what does not fit is counted. */
static void kcov_uniq_test_cmps(struct kunit *test)
{
	const unsigned int count = 600, words = 1 + 4 * 200 * sizeof(u64) / sizeof(long);
	struct kcov_dedup_window *w;
	union kcov_dedup_cmp *list;
	struct kcov_uniq_test *t;
	struct rnd_state rnd;
	unsigned int call, i;
	unsigned long n;
	u64 *area, *f;
	u32 pool;

	t = kcov_uniq_test_new(test, 0, words + 1, 8);
	w = &t->dedup.main;
	w->capacity = ((words + 1) * sizeof(long) - sizeof(u64)) / sizeof(*list);
	kcov_uniq_test_set(test, &w->set, 1024, KCOV_DEDUP_CMP_WORDS);
	kcov_uniq_test_young(test, w);
	kcov_dedup_start(&t->dedup, KCOV_DEDUP_CMP);
	area = (u64 *)w->area;
	list = kcov_uniq_test_alloc(test, (count + 1) * sizeof(*list));
	for (pool = 1; pool < 20; pool++) {
		prandom_seed_state(&rnd, pool);
		area[0] = 0;
		for (call = 0, n = 0; call < count; call++) {
			f = list[n].field;
			f[0] = prandom_u32_state(&rnd) % 8;
			f[1] = prandom_u32_state(&rnd) % pool;
			f[2] = (u64)(prandom_u32_state(&rnd) % pool) << 56;
			f[3] = (u64)(prandom_u32_state(&rnd) % 2) << 32 | 1;
			kcov_uniq_test_cmp_call(t, &list[n]);
			for (i = 0; i < n; i++)
				if (!memcmp(&list[i], &list[n], sizeof(*list)))
					break;
			n += i == n;
		}
		i = min(n, w->capacity);
		KUNIT_EXPECT_EQ(test, area[0], i);
		KUNIT_EXPECT_EQ(test, w->recorded, i);
		KUNIT_EXPECT_EQ(test, w->dropped, n - i);
		KUNIT_EXPECT_EQ(test, w->untracked, 0UL);
		KUNIT_EXPECT_EQ(test, memcmp(&area[1], list, i * sizeof(*list)), 0);
		KUNIT_EXPECT_EQ(test, w->area[words + 1], KCOV_UNIQ_TEST_CANARY);
	}
	/* The last pools do not fit. */
	KUNIT_EXPECT_GT(test, w->dropped, 0UL);
}

/* Comparisons that differ in one field only, so many that some meet in a slot. */
static void kcov_uniq_test_cmp_fields(struct kunit *test)
{
	static const unsigned int shifts[] = { 0, 26, 32, 58 };
	union kcov_dedup_cmp cmp;
	struct kcov_dedup_set set;
	unsigned int field, s, i;

	kcov_uniq_test_set(test, &set, 64, KCOV_DEDUP_CMP_WORDS);
	for (field = 0; field < ARRAY_SIZE(cmp.field); field++) {
		for (s = 0; s < ARRAY_SIZE(shifts); s++) {
			set.used = 0;
			for (i = 0; i < 2 * 64; i++) {
				memset(&cmp, 0x11, sizeof(cmp));
				cmp.field[field] = (u64)(i % 64) << shifts[s];
				KUNIT_EXPECT_EQ(test,
						kcov_dedup_set_add(&set, cmp.word,
								   KCOV_DEDUP_CMP_WORDS),
						i < 64 ? KCOV_DEDUP_NEW :
							 KCOV_DEDUP_SEEN);
			}
		}
	}
}

/* In KCOV_TRACE_PC and KCOV_TRACE_CMP it counts what there was no room for. */
static void kcov_uniq_test_lost(struct kunit *test)
{
	struct kcov_uniq_test *t = kcov_uniq_test_new(test, 0, 100, 64);
	const union kcov_dedup_cmp cmp = { .field = { 1, 2, 3, 4 } };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		kcov_uniq_test_call(t, 1);
		kcov_uniq_test_cmp_call(t, &cmp);
	}
	KUNIT_EXPECT_EQ(test, t->dedup.main.dropped, 6UL);
	KUNIT_EXPECT_EQ(test, t->dedup.main.recorded, 0UL);
	KUNIT_EXPECT_EQ(test, t->dedup.main.area[0], 0UL);
}

/* An enable in between keeps the window, and the reset that was asked for. */
static void kcov_uniq_test_start(struct kunit *test)
{
	struct kcov_uniq_test *t;

	t = kcov_uniq_test_new(test, KCOV_DEDUP_PC, 100, 64);
	kcov_uniq_test_call(t, 1);
	kcov_dedup_start(&t->dedup, KCOV_DEDUP_PC);
	kcov_uniq_test_call(t, 1);
	kcov_uniq_test_call(t, 2);
	KUNIT_EXPECT_EQ(test, t->dedup.main.area[0], 2UL);

	WRITE_ONCE(t->dedup.mode, t->dedup.mode | KCOV_DEDUP_RESET);
	kcov_dedup_start(&t->dedup, KCOV_DEDUP_PC);
	kcov_uniq_test_call(t, 2);
	KUNIT_EXPECT_EQ(test, t->dedup.main.area[0], 1UL);
}

static struct kunit_case kcov_uniq_test_cases[] = {
	KUNIT_CASE(kcov_uniq_test_set_random),
	KUNIT_CASE(kcov_uniq_test_set_full),
	KUNIT_CASE(kcov_uniq_test_set_collisions),
	KUNIT_CASE(kcov_uniq_test_pcs),
	KUNIT_CASE(kcov_uniq_test_edges),
	KUNIT_CASE(kcov_uniq_test_both),
	KUNIT_CASE(kcov_uniq_test_small_areas),
	KUNIT_CASE(kcov_uniq_test_full_set),
	KUNIT_CASE(kcov_uniq_test_reset),
	KUNIT_CASE(kcov_uniq_test_reset_one),
	KUNIT_CASE(kcov_uniq_test_scribble),
	KUNIT_CASE(kcov_uniq_test_busy),
	KUNIT_CASE(kcov_uniq_test_compact),
	KUNIT_CASE(kcov_uniq_test_compact_drops),
	KUNIT_CASE(kcov_uniq_test_cmps),
	KUNIT_CASE(kcov_uniq_test_cmp_fields),
	KUNIT_CASE(kcov_uniq_test_lost),
	KUNIT_CASE(kcov_uniq_test_start),
	{}
};

static struct kunit_suite kcov_uniq_test_suite = {
	.name = "kcov_uniq",
	.test_cases = kcov_uniq_test_cases,
};

kunit_test_suite(kcov_uniq_test_suite);

MODULE_DESCRIPTION("KUnit tests of KCOV's unique modes");
MODULE_LICENSE("GPL");
