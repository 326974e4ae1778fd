// SPDX-License-Identifier: MIT
/* Edge words are the numbers that userspace computes from a full trace. */
#include "state.h"
#include "tap.h"

#define PC	((unsigned long)0xffffffff81234567ull)

/*
 * Thomas Wang's 32-bit integer hash, written out once more: with wide numbers
 * and explicit remainders, so that it shares nothing with the engine's.
 */
static uint64_t wang(uint64_t a)
{
	const uint64_t m = 1ull << 32;

	a = (a ^ 61) ^ (a / 65536);
	a = (a + a * 8) % m;
	a = a ^ (a / 16);
	a = a * 668265261 % m;
	a = a ^ (a / 32768);
	return a;
}

static unsigned long edge_word(unsigned long prev, unsigned long pc)
{
	return pc ^ (unsigned long)(wang(prev % 4096) % 4096);
}

static void test_hash(void)
{
	static const unsigned long high[] = {
		0, 0x1000, ~0x7edcbffful, ~0xffful,
	};
	unsigned long low;
	size_t i;

	for (low = 0; low < 4096; low++)
		for (i = 0; i < ARRAY_SIZE(high); i++)
			CHECK((PC ^ kcov_dedup_edge_hash(high[i] + low)) ==
			      edge_word(low, PC));
	tap_result("the hash of all 4096 previous values; higher bits do not matter");
}

static void test_known(void)
{
	/* Computed from the definition, once, by a program in another language. */
	CHECK(wang(0) == 0xc0a9496a);
	CHECK(wang(1) == 0x27922c9d);
	CHECK(wang(0xfff) == 0xf3a9cff3);
	tap_result("known values");
}

/* Edge words of all 4096 previous values, as they reach an area. */
static void test_recorded(u32 mode)
{
	struct shape s = { 16384, 16384 };
	unsigned long prev, *list, last = 0;
	struct kcov_dedup d;
	u32 n = 0;

	state_make(&d, mode, s, s, GUARD_AFTER);
	list = d.edge.area;
	for (prev = 0; prev < 4096; prev++) {
		/* Distinct pages, so that no word comes twice. */
		unsigned long a = PC - PC % 4096 - (prev << 13) + prev;
		unsigned long b = a + 4096;

		callback(&d, a);
		CHECK(list[++n] == edge_word(last, a));
		callback(&d, b);
		CHECK(list[++n] == edge_word(a, b));
		last = b;
		CHECK(list[0] == n);
	}
	tap_result("mode %u: edge words as recorded, after all 4096 previous values",
		   mode);
}

static void first_is_zero(struct kcov_dedup *d, unsigned long pc, const char *how)
{
	callback(d, pc);
	if (!CHECK(d->edge.area[0] == 1) || !CHECK(d->edge.area[1] == edge_word(0, pc)))
		tap_diag("after %s", how);
}

/* A window of the PC list does not begin one of edges. */
static void main_only(struct kcov_dedup *d)
{
	d->main.area[0] = 0;
	callback(d, PC + 0x77);
	CHECK(d->edge.area[0] == 2);
	CHECK(d->edge.area[2] == edge_word(PC + 3, PC + 0x77));
}

static void test_first(u32 mode)
{
	struct shape s = { 512, 512 };
	struct kcov_dedup d;

	state_make(&d, mode, s, s, GUARD_AFTER);
	first_is_zero(&d, PC, "the start");
	callback(&d, PC + 1);
	d.edge.area[0] = 0;
	first_is_zero(&d, PC + 2, "a 0 in word 0");
	callback(&d, PC + 9);
	d.mode |= KCOV_DEDUP_RESET;
	first_is_zero(&d, PC + 3, "the reset flag");
	main_only(&d);
	d.edge.area[0] = 0;
	d.mode |= KCOV_DEDUP_RESET;
	first_is_zero(&d, PC, "both");
	d.edge.area[0] = 0;
	first_is_zero(&d, PC, "a 0 before the same PC again");
	tap_result("mode %u: the first edge of a window is (0, pc)", mode);
}

int main(void)
{
	test_known();
	test_hash();
	for (young_slots = 0; young_slots <= 64; young_slots += 64) {
		test_recorded(MODE_EDGE);
		test_recorded(MODE_BOTH);
		test_first(MODE_EDGE);
		test_first(MODE_BOTH);
	}
	return tap_done();
}
