/* SPDX-License-Identifier: MIT */
/*
 * Timing on a noisy machine: all subjects are run in turn, round after round, and
 * ratios are taken within a round, so that a disturbance hits both sides of one.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline uint64_t bench_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* For short times: cheap to read. */
static inline uint64_t bench_ns(void)
{
	return bench_clock(CLOCK_MONOTONIC);
}

/* For long ones: what this thread ran, without what others ran in between. */
static inline uint64_t bench_cpu_ns(void)
{
	return bench_clock(CLOCK_THREAD_CPUTIME_ID);
}

static inline int bench_cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* What @part of the @n (not 0) values are below; they are not changed. */
static inline double bench_quantile(const double *values, size_t n, double part)
{
	double *copy = malloc(n * sizeof(*copy)), at = part * (n - 1), value;
	size_t i = at;

	memcpy(copy, values, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), bench_cmp);
	value = copy[i];
	if (i + 1 < n)
		value += (at - i) * (copy[i + 1] - copy[i]);
	free(copy);
	return value;
}

static inline double bench_median(const double *values, size_t n)
{
	return bench_quantile(values, n, 0.5);
}

/* How wide the middle half of the values is, as a part of their median. */
static inline double bench_spread(const double *values, size_t n)
{
	return (bench_quantile(values, n, 0.75) - bench_quantile(values, n, 0.25)) /
	       bench_median(values, n);
}

/* Runs subject @subject once and returns what it took, in any unit. */
typedef double bench_fn(void *ctx, int subject);

/*
 * Runs @subjects subjects in turn, @rounds times, after one round to warm up.
 * sample[subject * rounds + round] is what one took.
 */
static inline void bench_rounds(bench_fn *fn, void *ctx, int subjects, int rounds,
				double *sample)
{
	int round, s;

	for (round = -1; round < rounds; round++) {
		for (s = 0; s < subjects; s++) {
			double took = fn(ctx, s);

			if (round >= 0)
				sample[s * rounds + round] = took;
		}
	}
}

/* The median over the rounds of what @a took compared with @b. */
static inline double bench_ratio(const double *sample, int rounds, int a, int b)
{
	double *ratio = malloc(rounds * sizeof(*ratio)), median;
	int i;

	for (i = 0; i < rounds; i++)
		ratio[i] = sample[a * rounds + i] / sample[b * rounds + i];
	median = bench_median(ratio, rounds);
	free(ratio);
	return median;
}

#endif /* BENCH_H */
