// SPDX-License-Identifier: MIT
/*
 * longest: what the longest callback of a compact trace takes.
 *
 * As many PCs as the set holds run in one order, and twice in another one, which leads all over the
 * memory. Of the last round, all pairs are known. Then comes a pair that is new: this callback
 * writes the way to it, which is all PCs.
 */
#include <stdio.h>

#include "bench.h"
#include "callback.h"
#include "hook.h"

#define ROUNDS	11
#define SWEEP	(64ul << 20)

static void callback(struct kcov_dedup *d, unsigned long pc)
{
	callback_at(d, *d->main.area, pc);
}

static void shuffle(u32 *order, u32 n)
{
	u32 i, j, k;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n - 1; i; i--) {
		j = rand() % (i + 1);
		k = order[i];
		order[i] = order[j];
		order[j] = k;
	}
}

/* The median, in us, with sets of @items; @words: what the callback has written. */
static double longest(u32 items, unsigned long *words)
{
	unsigned long i, n = items - 1, *area = memory(4ul * items * sizeof(*area));
	void *sweep = memory(SWEEP);
	u32 *order = malloc(n * sizeof(*order));
	double us[ROUNDS];
	struct kcov_dedup d = { 0 };

	shuffle(order, n);

	window_open(&d.main, area, 4ul * items, items, 1);
	kcov_dedup_compact_init(&d.main, &d.compact, memory(kcov_dedup_compact_bytes(items)), 0);
	kcov_dedup_start(&d, KCOV_DEDUP_COMPACT);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t begin;

		area[0] = 0;
		for (i = 0; i < n; i++)
			callback(&d, 0x60000000ul + 5 * i);
		for (i = 0; i < 2 * n; i++)
			callback(&d, 0x60000000ul + 5 * order[i % n]);
		*words = area[0];
		/* Whatever was in the caches. */
		memset(sweep, round, SWEEP);
		begin = bench_cpu_ns();
		callback(&d, 0x60000000ul + 5 * order[n / 2]);
		us[round] = (bench_cpu_ns() - begin) / 1e3;
		*words = area[0] - *words;
		if (*words < n) {
			fprintf(stderr, "longest: it wrote %lu words of %lu: the figure means nothing\n",
				*words, n);
			exit(1);
		}
	}
	return bench_median(us, ROUNDS);
}

int main(int argc, char **argv)
{
	static const u32 sizes[] = { 8u << 10, 256u << 10 };
	bool json = argc == 2 && !strcmp(argv[1], "--json");
	unsigned long words;

	if (argc > 1 + json) {
		fprintf(stderr, "Usage: longest [--json]\n\n"
			"Times the longest callback of a compact trace.\n");
		return 2;
	}

	for (size_t i = 0; i < 2; i++) {
		double us = longest(sizes[i], &words);

		if (json)
			printf("%s {\"items\": %u, \"words\": %lu, \"ms\": %.3f}%s\n", i ? "" : "[",
			       sizes[i], words, us / 1e3, i ? " ]" : ",");
		else
			printf("The longest callback of a compact trace, sets of %u items: %lu words, %.2f ms\n",
			       sizes[i], words, us / 1e3);
	}
	return 0;
}
