// SPDX-License-Identifier: MIT
/* Windows: when they begin, what is counted, and that userspace cannot do harm. */
#include <asm/barrier.h>

/* Look at the area at the moment when the count is published. */
static void published(unsigned long *count, unsigned long value);
#undef smp_store_release
#define smp_store_release(p, v)	published(p, v)

#include "state.h"
#include "tap.h"

#define PC	((unsigned long)0xffffffff81000000ull)

static unsigned long expect_item, publications;
static struct kcov_dedup *watched;

static void published(unsigned long *count, unsigned long value)
{
	publications++;
	CHECK(!watched || watched->busy);
	CHECK(!expect_item || count[value] == expect_item);
	__atomic_store_n(count, value, __ATOMIC_RELEASE);
}

static const struct shape small = { 5, 16 };

static void make(struct kcov_dedup *d, u32 mode)
{
	state_make(d, mode, small, small, GUARD_AFTER);
}

static void callbacks(struct kcov_dedup *d, unsigned long from, int n)
{
	int i;

	for (i = 0; i < n; i++)
		callback(d, from + 16 * i);
}

static void counts(const struct kcov_dedup_window *w, unsigned long recorded,
		   unsigned long dropped, unsigned long untracked)
{
	if (!CHECK(w->recorded == recorded) || !CHECK(w->dropped == dropped) ||
	    !CHECK(w->untracked == untracked))
		tap_diag("%lu/%lu/%lu instead of %lu/%lu/%lu", w->recorded, w->dropped,
			 w->untracked, recorded, dropped, untracked);
}

static void test_order(void)
{
	struct kcov_dedup d;
	int i;

	make(&d, MODE_PC);
	watched = &d;
	publications = 0;
	for (i = 0; i < 6; i++) {
		expect_item = PC + i;
		callback(&d, PC + i);
		callback(&d, PC + i);
	}
	expect_item = 0;
	watched = NULL;
	CHECK(publications == 4);
	tap_result("an item is written before the count that covers it, and while busy");
}

static void test_count_word(void)
{
	struct kcov_dedup d;
	unsigned long i;

	make(&d, MODE_PC);
	CHECK(d.main.area[0] == 0);
	for (i = 1; i <= 10; i++) {
		callback(&d, PC + i);
		CHECK(d.main.area[0] == (i < 4 ? i : 4));
		CHECK(i > 4 || d.main.area[i] == PC + i);
		counts(&d.main, i < 4 ? i : 4, i < 4 ? 0 : i - 4, 0);
	}
	callbacks(&d, PC + 1, 1);
	counts(&d.main, 4, 6, 0);
	tap_result("the count stops at the capacity, what follows is counted as dropped");
}

static void test_mode_edge_count(void)
{
	struct kcov_dedup d;

	make(&d, MODE_EDGE);
	callbacks(&d, PC, 4);
	CHECK(d.main.area[0] == 0);
	counts(&d.main, 0, 0, 0);
	counts(&d.edge, 4, 0, 0);
	tap_result("mode 4: the count of the main area stays 0");
}

static void test_full_set(void)
{
	struct shape s = { 64, 4 };
	struct kcov_dedup d;
	int i;

	state_make(&d, MODE_PC, s, s, GUARD_AFTER);
	callbacks(&d, PC, 4);
	for (i = 0; i < 3; i++)
		callback(&d, PC + 1);
	callbacks(&d, PC, 4);
	counts(&d.main, 7, 0, 3);
	CHECK(d.main.area[0] == 7 && d.main.area[5] == PC + 1 && d.main.area[7] == PC + 1);
	callbacks(&d, PC + 4096, 100);
	counts(&d.main, 63, 44, 103);
	tap_result("a full set: written again and counted as untracked, then dropped");
}

static void reset(struct kcov_dedup *d, bool main, bool edge, bool flag)
{
	if (main)
		d->main.area[0] = 0;
	if (edge)
		d->edge.area[0] = 0;
	if (flag)
		d->mode |= KCOV_DEDUP_RESET;
}

/* Six items into areas for four, resets of all kinds, three items. */
static void test_resets(u32 mode)
{
	struct kcov_dedup d;
	int how;

	for (how = 0; how < 8; how++) {
		bool main = how & 1, edge = how & 2, flag = how & 4;
		bool main_new = main || flag, edge_new = edge || flag;

		make(&d, mode);
		callbacks(&d, PC, 6);
		reset(&d, main, edge, flag);
		callbacks(&d, PC + 1024, 3);
		CHECK(d.mode == mode);
		if (mode & MODE_PC) {
			counts(&d.main, main_new ? 3 : 4, main_new ? 0 : 5, 0);
			CHECK(d.main.area[0] == d.main.recorded);
			CHECK(d.main.area[1] == PC + (main_new ? 1024 : 0));
		}
		if (mode & MODE_EDGE) {
			counts(&d.edge, edge_new ? 3 : 4, edge_new ? 0 : 5, 0);
			CHECK(d.edge.area[0] == d.edge.recorded);
			CHECK(!edge_new ||
			      d.edge.area[1] == (kcov_dedup_edge_hash(0) ^ (PC + 1024)));
		}
	}
	tap_result("mode %u: word 0, the flag, both; areas independent of one another",
		   mode);
}

/* A reset must be seen by a callback that would be done by the fast path, too. */
static void test_reset_seen(u32 mode)
{
	struct kcov_dedup d;
	int how;

	for (how = 1; how < 8; how++) {
		make(&d, mode);
		callbacks(&d, PC, 1);
		callbacks(&d, PC, 1);
		callbacks(&d, PC, 1);
		reset(&d, how & 1, how & 2, how & 4);
		callbacks(&d, PC, 1);
		if (mode & MODE_PC)
			counts(&d.main, 1, 0, 0);
		if ((mode & MODE_EDGE) && how & 6)
			counts(&d.edge, 1, 0, 0);
		if (mode & MODE_PC)
			CHECK(d.main.area[0] == 1 && d.main.area[1] == PC);
	}
	tap_result("mode %u: a reset is seen by a callback that brings nothing new", mode);
}

static void test_reset_window(void)
{
	struct shape s = { 3, 2 };
	struct kcov_dedup d;

	state_make(&d, MODE_PC, s, s, GUARD_AFTER);
	callbacks(&d, PC, 5);
	counts(&d.main, 2, 3, 3);
	d.main.area[0] = 0;
	callbacks(&d, PC, 1);
	counts(&d.main, 1, 0, 0);
	tap_result("a new window begins with all three counts at 0");
}

static void test_no_room(u32 mode)
{
	struct shape none = { 1, 16 };
	struct kcov_dedup d;

	state_make(&d, mode, none, none, GUARD_AFTER);
	callbacks(&d, PC, 7);
	callbacks(&d, PC, 7);
	if (mode & MODE_PC)
		counts(&d.main, 0, 7, 0);
	if (mode & MODE_EDGE)
		counts(&d.edge, 0, 8, 0);
	CHECK(d.main.area[0] == 0 && d.edge.area[0] == 0);
	reset(&d, false, false, true);
	callbacks(&d, PC, 2);
	if (mode & MODE_PC)
		counts(&d.main, 0, 2, 0);
	if (mode & MODE_EDGE)
		counts(&d.edge, 0, 2, 0);
	tap_result("mode %u: no room for an item: word 0 begins no window, the flag does",
		   mode);
}

static void test_mode_0(void)
{
	struct kcov_dedup d;

	make(&d, 0);
	callbacks(&d, PC, 3);
	callbacks(&d, PC, 3);
	counts(&d.main, 0, 6, 0);
	CHECK(d.main.set.used == 0 && d.main.area[0] == 0);
	d.main.area[0] = 0;
	callback(&d, PC);
	counts(&d.main, 0, 7, 0);
	d.mode |= KCOV_DEDUP_RESET;
	callback(&d, PC);
	counts(&d.main, 0, 1, 0);
	CHECK(d.mode == 0);
	CHECK(!d.ignored);
	tap_result("mode 0: each callback is counted as dropped, until the flag");
}

/* Lost callbacks are counted without entering: all but the first one after a reset. */
static void test_mode_0_fast(void)
{
	unsigned long main0;
	struct kcov_dedup d;

	make(&d, 0);
	for (main0 = 0; main0 < 3; main0++)
		CHECK(kcov_dedup_fast(&d, main0, PC) == KCOV_DEDUP_DONE);
	counts(&d.main, 0, 3, 0);
	d.busy = 1;
	CHECK(kcov_dedup_fast(&d, 0, PC) == KCOV_DEDUP_DONE);
	counts(&d.main, 0, 4, 0);
	/* A callback that finds it busy leaves the reset to the one that made it so. */
	d.mode |= KCOV_DEDUP_RESET;
	callback(&d, PC);
	counts(&d.main, 0, 4, 0);
	CHECK(d.ignored == 1 && d.mode == KCOV_DEDUP_RESET);
	d.busy = 0;
	CHECK(kcov_dedup_fast(&d, 0, PC) != KCOV_DEDUP_DONE);
	counts(&d.main, 0, 4, 0);
	callback(&d, PC);
	counts(&d.main, 0, 1, 0);
	CHECK(d.ignored == 1 && !d.mode && !d.busy);
	tap_result("mode 0: fast counts a callback, busy or not; not the first one after a reset");
}

/* In mode 0 there may be no set and no edge area at all. */
static void test_mode_0_bare(void)
{
	struct kcov_dedup d;

	memset(&d, 0, sizeof(d));
	d.main.area = guarded(2 * sizeof(unsigned long), GUARD_AFTER);
	d.main.capacity = 1;
	d.mode = KCOV_DEDUP_RESET;
	callbacks(&d, PC, 2);
	counts(&d.main, 0, 2, 0);
	/* Nor an edge area in mode 2. */
	window_make(&d.main, small, GUARD_AFTER);
	kcov_dedup_start(&d, MODE_PC);
	d.mode |= KCOV_DEDUP_RESET;
	callbacks(&d, PC, 2);
	counts(&d.main, 2, 0, 0);
	tap_result("what a mode does not use need not exist");
}

struct copy {
	struct kcov_dedup d;
	unsigned char main_area[64], edge_area[64], main_set[1024], edge_set[1024];
};

static void copy_state(struct copy *c, const struct kcov_dedup *d)
{
	memset(c, 0, sizeof(*c));
	c->d = *d;
	memcpy(c->main_area, d->main.area, small.words * sizeof(long));
	memcpy(c->edge_area, d->edge.area, small.words * sizeof(long));
	memcpy(c->main_set, d->main.set.keys, kcov_dedup_set_bytes(small.limit, 1));
	memcpy(c->edge_set, d->edge.set.keys, kcov_dedup_set_bytes(small.limit, 1));
}

/* What is known is settled without the slow path, which makes it cheap. */
static void test_fast(u32 mode)
{
	static struct copy before, after;
	struct kcov_dedup d;

	make(&d, mode);
	CHECK(kcov_dedup_fast(&d, d.main.area[0], PC) != KCOV_DEDUP_DONE);
	callback(&d, PC);
	callback(&d, PC);
	callback(&d, PC);
	copy_state(&before, &d);
	CHECK(kcov_dedup_fast(&d, d.main.area[0], PC) == KCOV_DEDUP_DONE);
	copy_state(&after, &d);
	CHECK(!memcmp(&before, &after, sizeof(after)));
	CHECK(kcov_dedup_fast(&d, d.main.area[0], PC + 1) != KCOV_DEDUP_DONE);
	copy_state(&after, &d);
	CHECK(!memcmp(&before, &after, sizeof(after)));
	tap_result("mode %u: fast does what brings nothing new, and leaves the rest", mode);
}

/* A window is young up to so many items, and not after one that had more. */
static void test_young(u32 mode)
{
	static const struct shape large = { 64, 16 };
	struct kcov_dedup d;
	struct kcov_dedup_window *w = mode & MODE_EDGE ? &d.edge : &d.main;
	unsigned int limit, i;

	state_make(&d, mode, large, large, GUARD_AFTER);
	limit = w->young.limit;
	CHECK(limit == young_slots / KCOV_DEDUP_YOUNG_SPARSE);
	for (i = 0; i < limit; i++) {
		callback(&d, PC + 8 * i);
		CHECK(!w->set.used && w->recorded == i + 1);
	}
	callback(&d, PC + 8 * limit);
	CHECK(w->set.used == limit + 1 && w->recorded == limit + 1);
	CHECK(!w->dropped);
	reset(&d, 1, 1, 0);
	callback(&d, PC);
	CHECK(w->set.used == 1 && w->recorded == 1);
	reset(&d, 1, 1, 0);
	callback(&d, PC);
	callback(&d, PC + 8);
	CHECK(!w->set.used && w->recorded == 2);
	tap_result("mode %u: a window is young up to %u items, and not after one with more", mode,
		   limit);
}

/* An item in the last slot moves, too. */
static void test_last_slot(void)
{
	unsigned long last = PC;
	struct kcov_dedup d;
	unsigned int i;

	make(&d, MODE_PC);
	while ((kcov_dedup_hash(last) & d.main.young.mask) != d.main.young.mask)
		last++;
	for (i = 0; i <= d.main.young.limit; i++)
		callback(&d, last + i);
	CHECK(d.main.set.used == d.main.young.limit + 1);
	callback(&d, last);
	CHECK(d.main.set.used == d.main.young.limit + 1);
	tap_result("young windows: the last slot moves to the set, too");
}

/* Two that are recorded together grow up together: three PCs, and more edges than are young. */
static void test_together(void)
{
	static const unsigned long pcs[] = { PC, PC, PC + 8, PC + 8, PC, PC + 16, PC + 16, PC };
	struct kcov_dedup d;
	size_t i;

	make(&d, MODE_BOTH);
	for (i = 0; i < ARRAY_SIZE(pcs); i++)
		callback(&d, pcs[i]);
	CHECK(d.edge.set.used > d.edge.young.limit && d.main.set.used == 3);
	tap_result("young windows: PCs and edges grow up together");
}

/*
 * Whatever is asked for, a callback in a callback changes nothing but the count of those. Of a
 * PC that is in the set, in a mode without edges, nobody need ask.
 */
static void test_busy(u32 mode)
{
	static struct copy before, after;
	struct kcov_dedup d;
	unsigned long known;
	int how;

	for (how = 0; how < 8; how++) {
		make(&d, mode);
		callbacks(&d, PC, 3);
		known = mode & MODE_EDGE || young_slots || how & 5 ? 0 : 3;
		reset(&d, how & 1, how & 2, how & 4);
		d.busy = 1;
		copy_state(&before, &d);
		callbacks(&d, PC, 6);
		CHECK(d.ignored == 6 - known);
		CHECK(!kcov_dedup_enter(&d));
		CHECK(d.ignored == 7 - known);
		/* It looks at busy last. */
		kcov_dedup_fast(&d, d.main.area[0], PC + 2);
		CHECK(d.ignored == 7 - known + (mode == MODE_EDGE && !young_slots && !(how & 4)));
		d.ignored = 0;
		copy_state(&after, &d);
		CHECK(!memcmp(&before, &after, sizeof(after)));

		/* The task died. Nobody knows what it left. */
		kcov_dedup_start(&d, mode);
		CHECK(d.busy == 0);
		callbacks(&d, PC + 16, 1);
		CHECK(d.busy == 0 && !d.ignored);
		if (mode & MODE_PC)
			counts(&d.main, 1, 0, 0);
		if (mode & MODE_EDGE)
			counts(&d.edge, 1, 0, 0);
	}
	tap_result("mode %u: a callback that finds the state busy is counted, and changes nothing; a task that died in one", mode);
}

static void test_start(void)
{
	struct kcov_dedup d;

	make(&d, MODE_BOTH);
	callbacks(&d, PC, 6);
	kcov_dedup_start(&d, MODE_BOTH);
	counts(&d.main, 4, 2, 0);
	callbacks(&d, PC, 6);
	counts(&d.main, 4, 2, 0);
	/* The pair across the seam is the one new edge. */
	counts(&d.edge, 4, 3, 0);
	d.mode |= KCOV_DEDUP_RESET;
	kcov_dedup_start(&d, MODE_PC);
	CHECK(d.mode == (MODE_PC | KCOV_DEDUP_RESET));
	callbacks(&d, PC, 1);
	counts(&d.main, 1, 0, 0);
	counts(&d.edge, 0, 0, 0);
	tap_result("a start keeps the windows, and a reset that was asked for");
}

static unsigned long garbage(uint64_t *seed)
{
	static const unsigned long nasty[] = {
		0, 1, 2, 4, 5, 6, ~0ul, ~0ul - 1, ~0ul >> 1, 1ul << 31, 0xffffffff,
	};
	u32 i = rnd_below(seed, ARRAY_SIZE(nasty) + 1);

	return i < ARRAY_SIZE(nasty) ? nasty[i] : rnd(seed);
}

/* A window after the scribbling is as it should be. */
static void unspoiled(struct kcov_dedup *d, u32 mode)
{
	unsigned long prev = 0, i;

	reset(d, true, true, false);
	for (i = 1; i <= 3; i++) {
		callback(d, PC + i);
		CHECK(!(mode & MODE_PC) || d->main.area[i] == PC + i);
		CHECK(!(mode & MODE_EDGE) ||
		      d->edge.area[i] == (kcov_dedup_edge_hash(prev) ^ (PC + i)));
		prev = PC + i;
	}
	if (mode & MODE_PC)
		counts(&d->main, 3, 0, 0);
	if (mode & MODE_EDGE)
		counts(&d->edge, 3, 0, 0);
}

static void scribble(u32 mode, enum side side, uint64_t seed)
{
	static const struct shape shapes[] = {
		{ 1, 2 }, { 2, 2 }, { 3, 4 }, { 5, 16 }, { 512, 16 },
	};
	struct shape s = shapes[rnd_below(&seed, ARRAY_SIZE(shapes))];
	struct kcov_dedup d;
	int i;

	state_make(&d, mode, s, s, side);
	for (i = 0; i < 3000; i++) {
		unsigned long *area = rnd(&seed) & 1 ? d.main.area : d.edge.area;
		u32 word = rnd(&seed) & 1 ? 0 : rnd_below(&seed, s.words);

		area[word] = garbage(&seed);
		callback(&d, garbage(&seed));
		CHECK(d.main.recorded < s.words && d.edge.recorded < s.words);
		CHECK(d.main.set.used <= s.limit && d.edge.set.used <= s.limit);
		CHECK(!d.busy);
	}
	if (s.limit == 16)
		unspoiled(&d, mode);
	munmap((void *)((uintptr_t)d.main.area & -4096ul), 4096);
	munmap((void *)((uintptr_t)d.edge.area & -4096ul), 4096);
}

static void test_scribble(u32 mode)
{
	uint64_t seed;

	for (seed = 1; seed <= 100; seed++) {
		scribble(mode, GUARD_AFTER, seed);
		scribble(mode, GUARD_BEFORE, seed);
	}
	tap_result("mode %u: garbage in the areas at every step: nothing written outside,"
		   " a reset repairs it", mode);
}

/* What userspace writes is overwritten by the kernel's own count. */
static void test_own_count(void)
{
	struct kcov_dedup d;

	make(&d, MODE_BOTH);
	callbacks(&d, PC, 2);
	d.main.area[0] = ~0ul;
	d.edge.area[0] = 3;
	callbacks(&d, PC + 256, 1);
	CHECK(d.main.area[0] == 3 && d.main.area[3] == PC + 256);
	CHECK(d.edge.area[0] == 3);
	d.main.area[0] = 1;
	callbacks(&d, PC + 512, 2);
	CHECK(d.main.area[0] == 4 && d.main.dropped == 1);
	tap_result("the count is the kernel's own, not what userspace wrote");
}

int main(void)
{
	size_t i;

	test_order();
	test_count_word();
	test_mode_edge_count();
	test_full_set();
	test_reset_window();
	test_mode_0();
	test_mode_0_fast();
	test_mode_0_bare();
	test_start();
	test_own_count();
	for (i = 0; i < 2 * ARRAY_SIZE(all_modes); i++) {
		young_slots = i < ARRAY_SIZE(all_modes) ? 0 : 32;
		test_resets(all_modes[i % ARRAY_SIZE(all_modes)]);
		test_reset_seen(all_modes[i % ARRAY_SIZE(all_modes)]);
		test_no_room(all_modes[i % ARRAY_SIZE(all_modes)]);
		if (!young_slots)
			test_fast(all_modes[i % ARRAY_SIZE(all_modes)]);
		else
			test_young(all_modes[i % ARRAY_SIZE(all_modes)]);
		test_busy(all_modes[i % ARRAY_SIZE(all_modes)]);
		test_scribble(all_modes[i % ARRAY_SIZE(all_modes)]);
	}
	test_last_slot();
	test_together();
	return tap_done();
}
