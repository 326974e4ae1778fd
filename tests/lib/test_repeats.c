// SPDX-License-Identifier: MIT
/*
 * What the library makes of plain traces on kernels without unique modes, against naive
 * models: all traces of 7 callbacks on 4 PCs, and long random ones.
 */
#include <stdint.h>
#include <stdlib.h>

#include "repeats.h"
#include "tap.h"

#define PCS	4
#define LENGTH	7
#define LONG	5000

static uint64_t out[LONG];
static size_t n_out;

static int put(void *arg, uint64_t pc)
{
	(void)arg;
	if (n_out == LONG)
		return -1;
	out[n_out++] = pc;
	return 0;
}

/* Which pairs of PCs below @pcs are in a trace, 0 before the first. */
static void pairs_of(const uint64_t *trace, size_t n, bool *pairs, unsigned int pcs)
{
	uint64_t prev = 0;

	memset(pairs, 0, (pcs + 1) * (pcs + 1));
	for (size_t i = 0; i < n; i++) {
		pairs[prev * (pcs + 1) + trace[i]] = true;
		prev = trace[i];
	}
}

static bool is_subsequence(const uint64_t *trace, size_t n)
{
	size_t j = 0;

	for (size_t i = 0; i < n && j < n_out; i++)
		j += trace[i] == out[j];
	return j == n_out;
}

static void check_compact(const uint64_t *trace, size_t n, unsigned int pcs)
{
	static bool want[101 * 101], have[101 * 101];
	struct compact c = { .pairs.width = 2, .write = put };

	n_out = 0;
	for (size_t i = 0; i < n; i++)
		CHECK(!compact_pc(&c, trace[i]));
	CHECK(!compact_flush(&c));
	pairs_of(trace, n, want, pcs);
	pairs_of(out, n_out, have, pcs);
	CHECK(!memcmp(want, have, (pcs + 1) * (pcs + 1)));
	CHECK(n_out <= n && is_subsequence(trace, n));
	CHECK(!n || out[n_out - 1] == trace[n - 1]);
	seen_free(&c.pairs);
}

static void test_all_short(void)
{
	uint64_t trace[LENGTH];
	size_t shorter = 0;

	for (unsigned int code = 0; code < 1u << 2 * LENGTH; code++) {
		for (int i = 0; i < LENGTH; i++)
			trace[i] = 1 + (code >> 2 * i & (PCS - 1));
		check_compact(trace, LENGTH, PCS);
		shorter += LENGTH - n_out;
	}
	CHECK(shorter);
	tap_result("compact: all traces of %d callbacks on %d PCs", LENGTH, PCS);
}

static void test_random(void)
{
	static uint64_t trace[LONG];
	uint64_t seed = 1, prev = 1;

	for (int round = 0; round < 30; round++) {
		unsigned int pcs = 2 + round * 3;

		for (int i = 0; i < LONG; i++) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			/* Mostly a way that was gone before: loops in loops. */
			prev = seed >> 60 ? 1 + prev % pcs : 1 + (seed >> 33) % pcs;
			trace[i] = prev;
		}
		check_compact(trace, LONG, pcs);
	}
	tap_result("compact: random traces with loops");
}

/* A loop that is longer than the path may get. */
static void test_long_loop(void)
{
	static uint64_t trace[LONG], distinct[LONG];
	struct compact c = { .pairs.width = 2, .write = put };

	n_out = 0;
	for (size_t i = 0; i < LONG; i++) {
		trace[i] = 1 + i % 1000;
		CHECK(!compact_pc(&c, trace[i]));
	}
	CHECK(!compact_flush(&c));
	CHECK(is_subsequence(trace, LONG) && out[n_out - 1] == trace[LONG - 1]);
	for (size_t i = 0; i < n_out; i++)
		distinct[out[i]] = 1;
	for (size_t i = 1; i <= 1000; i++)
		CHECK(distinct[i]);
	for (size_t i = 1; i < n_out; i++)
		CHECK(out[i] == out[i - 1] % 1000 + 1);
	tap_result("compact: a loop longer than the path");
	seen_free(&c.pairs);
}

/* Loops are cut out: of a path, and back to the last word written. */
static void test_exact(void)
{
	static const char *const traces[][2] = {
		{ "abcbcbcd", "abcbcd" },
		{ "ababac", "abac" },
		{ "aaaab", "aab" },
		{ "abcabcabcabd", "abcabd" },
	};

	for (size_t i = 0; i < sizeof(traces) / sizeof(traces[0]); i++) {
		struct compact c = { .pairs.width = 2, .write = put };
		const char *want = traces[i][1];

		n_out = 0;
		for (const char *p = traces[i][0]; *p; p++)
			CHECK(!compact_pc(&c, *p));
		CHECK(!compact_flush(&c) && n_out == strlen(want));
		for (size_t j = 0; j < n_out && want[j]; j++)
			CHECK(out[j] == (unsigned char)want[j]);
		seen_free(&c.pairs);
	}
	tap_result("compact: loops are cut out, and no more");
}

static void test_seen(unsigned int width)
{
	struct seen s = { .width = width };
	uint64_t key[4] = { 0 };
	size_t new = 0;

	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 50000; i++) {
			int ret;

			/* Keys that differ in one word, in the high bits, or are zero. */
			memset(key, 0, sizeof(key));
			key[i % width] = i / width << (i & 1 ? 40 : 0);
			ret = seen_add(&s, key);
			CHECK(ret == 0 || ret == 1);
			new += ret;
			CHECK(!round || !ret);
			CHECK(seen_add(&s, key) == 0);
		}
	/* The first @width keys are all zero. */
	CHECK(new == 50000 - (width - 1));
	tap_result("keys of %u words: each new once", width);
	seen_free(&s);
}

int main(void)
{
	test_seen(1);
	test_seen(2);
	test_seen(4);
	test_exact();
	test_all_short();
	test_random();
	test_long_loop();
	return tap_done();
}
