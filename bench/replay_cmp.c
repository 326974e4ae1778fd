// SPDX-License-Identifier: MIT
/*
 * replay_cmp: what a callback of a comparison costs, by real traces, natively. See replay.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>

#include "bench.h"
#include "hook.h"
#include "rival_hashpool.h"

#define WORDS		(1ul << 20)	/* of the buffers */
#define CMP_WORDS	4
#define MAX_CMPS	1000000		/* of a trace */
#define MAX_ITEMS	(256u << 10)
#define ROUNDS		7
#define ROUND_CALLBACKS	300000

typedef void hook_fn(u64 type, u64 arg1, u64 arg2, u64 ip);

static noinline void hook_empty(u64 type, u64 arg1, u64 arg2, u64 ip)
{
	__asm__ __volatile__("" : : "r"(type), "r"(arg1), "r"(arg2), "r"(ip));
}

static __always_inline bool append(struct task *t, const u64 *cmp)
{
	u64 *area = (u64 *)t->kcov_area, n = READ_ONCE(area[0]), at = 1 + n * CMP_WORDS;

	if (at + CMP_WORDS > t->kcov_size)
		return false;
	WRITE_ONCE(area[0], n + 1);
	barrier();
	area[at] = cmp[0];
	area[at + 1] = cmp[1];
	area[at + 2] = cmp[2];
	area[at + 3] = cmp[3];
	return true;
}

static noinline void hook_plain(u64 type, u64 arg1, u64 arg2, u64 ip)
{
	struct task *t = current;

	if (check_kcov_mode(KCOV_MODE_TRACE_CMP, t))
		append(t, (u64[]){ type, arg1, arg2, ip });
}

static noinline void slow_cmp(u64 type, u64 arg1, u64 arg2, u64 ip, struct kcov_dedup *dedup)
{
	kcov_dedup_cmp(dedup, type, arg1, arg2, ip);
}

/* In mode 8 the task's area has no room: see kernel/kcov_uniq.h. */
static noinline void hook_patched(u64 type, u64 arg1, u64 arg2, u64 ip)
{
	struct task *t = current;

	if (!check_kcov_mode(KCOV_MODE_TRACE_CMP, t))
		return;
	if (!append(t, (u64[]){ type, arg1, arg2, ip }))
		slow_cmp(type, arg1, arg2, ip, (void *)((char *)t->kcov_area - HIDDEN));
}

static noinline void hook_hashpool(u64 type, u64 arg1, u64 arg2, u64 ip)
{
	u64 cmp[CMP_WORDS] = { type, arg1, arg2, ip };
	struct task *t = current;

	if (!check_kcov_mode(KCOV_MODE_TRACE_CMP, t))
		return;
	if (hashpool_add(*(void **)((char *)t->kcov_area - HIDDEN), cmp))
		append(t, cmp);
}

enum { EMPTY, PLAIN, MODE_8, HASHPOOL, SUBJECTS };

static struct subject {
	const char	*name;
	hook_fn		*hook;
	unsigned long	*area;
	struct hashpool	*pool;
} subjects[SUBJECTS] = {
	[EMPTY]    = { .name = "empty", .hook = hook_empty },
	[PLAIN]    = { .name = "plain", .hook = hook_plain },
	[MODE_8]   = { .name = "mode8", .hook = hook_patched },
	[HASHPOOL] = { .name = "hashpool", .hook = hook_hashpool },
};

static struct kcov_dedup *state(const struct subject *s)
{
	return (void *)((char *)s->area - HIDDEN);
}

static void subject_open(struct subject *s, u32 items)
{
	struct kcov_dedup *d;

	s->area = (void *)((char *)memory(PAGE + WORDS * sizeof(long)) + PAGE);
	d = state(s);
	if (s->hook == hook_hashpool) {
		s->pool = memory(hashpool_bytes(items));
		hashpool_init(s->pool, items);
		*(void **)d = s->pool;
	} else if (s->hook == hook_patched) {
		window_open(&d->main, s->area, WORDS, items, CMP_WORDS);
		kcov_dedup_start(d, KCOV_DEDUP_CMP);
	}
}

static void subject_close(struct subject *s, u32 items)
{
	if (s->hook == hook_hashpool)
		munmap(s->pool, hashpool_bytes(items));
	else if (s->hook == hook_patched)
		window_close(&state(s)->main, CMP_WORDS);
	munmap((char *)s->area - PAGE, PAGE + WORDS * sizeof(long));
}

/* ---- traces ---- */

struct trace {
	char	name[64];
	u64	(*cmp)[CMP_WORDS];
	size_t	n;
	u64	(*distinct)[CMP_WORDS];		/* sorted */
	size_t	n_distinct;
};

static int by_words(const void *a, const void *b)
{
	const u64 *x = a, *y = b;
	int i;

	for (i = 0; i < CMP_WORDS; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* Sorts, drops repeats, returns how many are left. */
static size_t distinct(u64 (*v)[CMP_WORDS], size_t n)
{
	size_t i, kept = 0;

	qsort(v, n, sizeof(*v), by_words);
	for (i = 0; i < n; i++)
		if (!i || by_words(v[i], v[kept - 1]))
			memmove(v[kept++], v[i], sizeof(*v));
	return kept;
}

static int trace_load(struct trace *t, const char *dir, const char *file)
{
	char path[4096];
	size_t i, n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	snprintf(t->name, sizeof(t->name), "%.*s", (int)strcspn(file, "."), file);
	f = fopen(path, "rb");
	if (!f) {
		fprintf(stderr, "replay_cmp: %s: %s\n", path, strerror(errno));
		return -1;
	}
	t->cmp = memory(MAX_CMPS * sizeof(*t->cmp));
	n = fread(t->cmp, 1, MAX_CMPS * sizeof(*t->cmp), f);
	fclose(f);
	t->n = n / sizeof(*t->cmp);
	if (!t->n || n % sizeof(*t->cmp)) {
		fprintf(stderr, "replay_cmp: %s: empty, or cut off\n", path);
		return -1;
	}
	for (i = 0; i < t->n * CMP_WORDS; i++)
		t->cmp[0][i] = le64toh(t->cmp[0][i]);
	t->distinct = malloc(t->n * sizeof(*t->distinct));
	memcpy(t->distinct, t->cmp, t->n * sizeof(*t->cmp));
	t->n_distinct = distinct(t->distinct, t->n);
	return 0;
}

static void trace_free(struct trace *t)
{
	munmap(t->cmp, MAX_CMPS * sizeof(*t->cmp));
	free(t->distinct);
}

/* ---- is what was timed right? ---- */

static int wrong(const struct trace *t, const struct subject *s, const char *what)
{
	fprintf(stderr, "replay_cmp: %s, %s: %s: the figures mean nothing\n", t->name, s->name,
		what);
	return -1;
}

static int verify(const struct trace *t, const struct subject *s)
{
	size_t room = (WORDS - 1) / CMP_WORDS, n = s->area[0], want, i;
	struct kcov_dedup_window *w = &state(s)->main;
	u64 (*list)[CMP_WORDS];
	int err = 0;

	if (s->hook == hook_empty)
		return 0;
	want = s->hook == hook_plain ? t->n : t->n_distinct;
	if (n != (want < room ? want : room))
		return wrong(t, s, "another number of comparisons");
	if (s->hook == hook_plain)
		return memcmp(s->area + 1, t->cmp, n * sizeof(*t->cmp)) ? wrong(t, s, "others") : 0;
	if (s->hook == hook_patched && (w->untracked || w->dropped != want - n))
		return wrong(t, s, "dropped is wrong");
	list = malloc(n * sizeof(*list));
	memcpy(list, s->area + 1, n * sizeof(*list));
	if (distinct(list, n) != n)
		err = wrong(t, s, "one is there twice");
	for (i = 0; i < n && !err; i++)
		if (!bsearch(list[i], t->distinct, t->n_distinct, sizeof(*list), by_words))
			err = wrong(t, s, "one that the trace has not");
	free(list);
	return err;
}

/* ---- time ---- */

static noinline void replay(const struct subject *s, const struct trace *t)
{
	hook_fn *volatile hook = s->hook;
	hook_fn *call = hook;
	size_t i;

	if (s->pool)
		hashpool_clear(s->pool);
	WRITE_ONCE(s->area[0], 0);
	for (i = 0; i < t->n; i++)
		call(t->cmp[i][0], t->cmp[i][1], t->cmp[i][2], t->cmp[i][3]);
}

/* bench_fn: ns per callback */
static double time_trace(void *ctx, int subject)
{
	const struct subject *s = &subjects[subject];
	const struct trace *t = ctx;
	unsigned int times = ROUND_CALLBACKS / t->n + 1, i;
	uint64_t begin;

	task.kcov_area = s->area;
	task.kcov_size = s->hook == hook_patched ? 0 : WORDS;
	task.kcov_mode = KCOV_MODE_TRACE_CMP;
	begin = bench_cpu_ns();
	for (i = 0; i < times; i++)
		replay(s, t);
	return (double)(bench_cpu_ns() - begin) / times / t->n;
}

/* State that was full doubles until it is not. */
static u32 items_for(const struct trace *t)
{
	u32 items = SET_ITEMS / 2;	/* as kcov_uniq_state_bytes() */

	while (items < t->n_distinct)
		items *= 2;
	return items;
}

static int measure(struct trace *t, double *ratio, bool json, bool first)
{
	double sample[SUBJECTS * ROUNDS], spread;
	u32 items = items_for(t);
	int s, err = 0;

	for (s = 0; s < SUBJECTS; s++)
		subject_open(&subjects[s], items);
	bench_rounds(time_trace, t, SUBJECTS, ROUNDS, sample);
	for (s = 0; s < SUBJECTS; s++) {
		ratio[s] = bench_ratio(sample, ROUNDS, s, PLAIN);
		err |= verify(t, &subjects[s]);
		subject_close(&subjects[s], items);
	}
	spread = bench_spread(sample + PLAIN * ROUNDS, ROUNDS);
	printf(json ? "%s    {\"trace\": \"%s\", \"comparisons\": %zu, \"distinct\": %zu, \"spread\": %.3f" :
	       "%s%-12s %11zu %9zu   %5.1f%%", json && !first ? ",\n" : "", t->name, t->n,
	       t->n_distinct, json ? spread : 100 * spread);
	for (s = 0; s < SUBJECTS; s++)
		printf(json ? ", \"%s_ns\": %.3f, \"%s_ratio\": %.3f" : "%.0s %7.2f%.0s %5.2fx",
		       subjects[s].name, bench_median(sample + s * ROUNDS, ROUNDS),
		       subjects[s].name, ratio[s]);
	printf(json ? "}" : "\n");
	return err;
}

static int is_trace(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && !strcmp(e->d_name + n - 5, ".cmps");
}

static int measure_all(const char *dir, bool json)
{
	struct dirent **entry;
	int files = scandir(dir, &entry, is_trace, alphasort), i, s, err = 0;
	double (*ratio)[SUBJECTS], *one;

	if (files <= 0) {
		fprintf(stderr, "replay_cmp: no *.cmps in %s\n", dir);
		return 1;
	}
	ratio = calloc(files, sizeof(*ratio));
	one = calloc(files, sizeof(*one));
	for (i = 0; i < files; i++) {
		struct trace t = { 0 };

		if (trace_load(&t, dir, entry[i]->d_name))
			return 1;
		if (t.n_distinct > MAX_ITEMS) {
			fprintf(stderr, "replay_cmp: %s: more distinct ones than a set ever holds\n",
				t.name);
			return 1;
		}
		err |= measure(&t, ratio[i], json, !i);
		trace_free(&t);
	}
	for (s = MODE_8; s < SUBJECTS && !json; s++) {
		for (i = 0; i < files; i++)
			one[i] = ratio[i][s];
		printf("  %s: %.2f times plain, median of %d traces\n", subjects[s].name,
		       bench_median(one, files), files);
	}
	free(ratio);
	free(one);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	bool json = argc > 2 && !strcmp(argv[1], "--json");
	int err;

	if (argc != 2 + json || argv[1 + json][0] == '-') {
		fprintf(stderr, "Usage: replay_cmp [--json] DIR\n\n"
			"Times callbacks of comparisons by replaying the files *.cmps of DIR, little endian\n"
			"64-bit words: type, arg1, arg2, PC. bench/run captures some.\n");
		return 2;
	}
	if (json)
		printf("[\n");
	else
		printf("\nComparisons, buffers of %luK words. ns per callback, and times plain\n"
		       "%-12s %11s %9s   spread  %7s %7s %6s %7s %6s %8s\n", WORDS >> 10, "trace",
		       "comparisons", "distinct", "empty", "plain", "", "mode8", "", "hashpool");
	err = measure_all(argv[1 + json], json);
	if (json)
		printf("\n]\n");
	return err;
}
