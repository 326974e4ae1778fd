// SPDX-License-Identifier: MIT
/*
 * A callback that is interrupted by others at each place where it looks at, or changes,
 * what both share: the outcome is that of the inner ones first, if they found the state
 * not busy, or of the outer one alone, and they are counted. All short traces, all modes of
 * PCs.
 */
#include <linux/compiler.h>
#include <stdbool.h>

/* The interrupt, at the place before each access. */
static void place(void);
#undef READ_ONCE
#undef WRITE_ONCE
#define READ_ONCE(x)		(place(), *(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val)	(place(), *(volatile __typeof__(x) *)&(x) = (val))

#include "state.h"
#include "tap.h"

#define PCS	3
#define LENGTH	5
#define WORDS	64

static const unsigned long pcs[PCS] = {
	0xffffffff81000010ull & ~0ul, 0xffffffff81000018ull & ~0ul, 0x81000010,
};

static struct kcov_dedup d, serial;
static int places, where;		/* of the callback that is running; where to interrupt */
static unsigned int inner;		/* its trace: 1 or 2 PCs */
static bool nested, accepted, enabled;
static unsigned long long interrupts, taken;

static unsigned int inner_callbacks(struct kcov_dedup *to)
{
	unsigned int i = inner;

	callback(to, pcs[i % PCS]);
	if (!(i / PCS))
		return 1;
	callback(to, pcs[i / PCS - 1]);
	return 2;
}

static void place(void)
{
	unsigned int n;

	if (!enabled || nested || places++ != where)
		return;
	nested = true;
	accepted = !d.busy;
	interrupts++;
	taken += accepted;
	d.ignored = 0;
	n = inner_callbacks(&d);
	/* A known PC, without edges, is done before it looks. */
	if (accepted)
		CHECK(!d.ignored);
	else
		CHECK(d.mode == MODE_PC ? d.ignored <= n : d.ignored == n);
	nested = false;
}

static void make(struct kcov_dedup *to, u32 mode, u32 limit, u32 raw)
{
	struct shape s = { WORDS, limit };

	if (mode == MODE_COMPACT)
		compact_make(to, s, GUARD_AFTER, raw);
	else
		state_make(to, mode, s, s, GUARD_AFTER);
}

static void start_anew(struct kcov_dedup *to)
{
	to->mode |= KCOV_DEDUP_RESET;
	to->main.area[0] = 0;
	if (to->edge.area)
		to->edge.area[0] = 0;
}

static bool same(const struct kcov_dedup_window *a, const struct kcov_dedup_window *b)
{
	return CHECK(a->recorded == b->recorded) && CHECK(a->dropped == b->dropped) &&
	       CHECK(a->untracked == b->untracked) && CHECK(a->area[0] == b->area[0]) &&
	       CHECK(!memcmp(a->area, b->area, (a->recorded + 1) * sizeof(long)));
}

/* Return: false if the callback has no such place. */
static bool interrupted(u32 mode, unsigned int trace, int length, int at)
{
	unsigned int rest = trace;
	bool there = false;
	int i;

	start_anew(&d);
	start_anew(&serial);
	for (i = 0; i < length; i++, rest /= PCS) {
		places = 0;
		accepted = false;
		enabled = i == at;
		callback(&d, pcs[rest % PCS]);
		enabled = false;
		if (i == at)
			there = places > where;
		if (accepted)
			inner_callbacks(&serial);
		callback(&serial, pcs[rest % PCS]);
	}
	if (mode == MODE_COMPACT) {
		kcov_dedup_flush(&d);
		kcov_dedup_flush(&serial);
	}
	if (!same(&d.main, &serial.main) || (mode & MODE_EDGE && !same(&d.edge, &serial.edge)))
		tap_diag("mode %u, trace %u of length %d, place %d of callback %d, inner %u",
			 mode, trace, length, where, at, inner);
	CHECK(!d.busy);
	return there;
}

static void test_nested(u32 mode, u32 limit, u32 raw)
{
	unsigned int traces = 1, trace;
	int length, at;

	make(&d, mode, limit, raw);
	make(&serial, mode, limit, raw);
	interrupts = 0;
	taken = 0;
	for (length = 1; length <= LENGTH && !tap.wrong; length++) {
		traces *= PCS;
		for (trace = 0; trace < traces; trace++)
			for (at = 0; at < length; at++)
				for (inner = 0; inner < PCS * (PCS + 1); inner++)
					for (where = 0; interrupted(mode, trace, length, at);)
						where++;
	}
	CHECK(taken && taken < interrupts);
	tap_result("mode %u, sets of %u, %u as they come: %llu interrupts, %llu of them before the state was busy",
		   mode, limit, raw, interrupts, taken);
}

int main(void)
{
	static const u32 modes[] = { MODE_PC, MODE_EDGE, MODE_BOTH, MODE_COMPACT };
	static const u32 limits[] = { 16, 2 };
	size_t i, k;

	for (young_slots = 0; young_slots <= 16; young_slots += 16)
		for (i = 0; i < ARRAY_SIZE(modes); i++)
			for (k = 0; k < ARRAY_SIZE(limits); k++)
				test_nested(modes[i], limits[k], 0);
	test_nested(MODE_COMPACT, 16, 2);
	test_nested(MODE_COMPACT, 2, 3);
	return tap_done();
}
