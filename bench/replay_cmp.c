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
#include "windows.h"

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

static noinline void slow_cmp_entered(u64 type, u64 arg1, u64 arg2, u64 ip,
				      struct kcov_dedup *dedup)
{
	union kcov_dedup_cmp cmp = { .field = { type, arg1, arg2, ip } };

	kcov_dedup_cmp(dedup, &cmp);
}

static noinline void slow_cmp(u64 type, u64 arg1, u64 arg2, u64 ip, struct kcov_dedup *dedup)
{
	union kcov_dedup_cmp cmp = { .field = { type, arg1, arg2, ip } };

	if (!kcov_dedup_cmp_fast(dedup, &cmp))
		slow_cmp_entered(type, arg1, arg2, ip, dedup);
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

#ifdef BEFORE
/* The engine of a4775e8, see replay.c. */
#define BEFORE_HIDDEN	PAGE
#include "kcov_before.h"

static noinline void before_slow_cmp(u64 type, u64 arg1, u64 arg2, u64 ip,
				     struct kcov_before *before)
{
	kcov_before_cmp(before, type, arg1, arg2, ip);
}

static noinline void hook_before(u64 type, u64 arg1, u64 arg2, u64 ip)
{
	struct task *t = current;

	if (!check_kcov_mode(KCOV_MODE_TRACE_CMP, t))
		return;
	if (!append(t, (u64[]){ type, arg1, arg2, ip }))
		before_slow_cmp(type, arg1, arg2, ip,
				(void *)((char *)t->kcov_area - BEFORE_HIDDEN));
}
#endif

static noinline void hook_hashpool(u64 type, u64 arg1, u64 arg2, u64 ip)
{
	u64 cmp[CMP_WORDS] = { type, arg1, arg2, ip };
	struct task *t = current;

	if (!check_kcov_mode(KCOV_MODE_TRACE_CMP, t))
		return;
	if (hashpool_add(*(void **)((char *)t->kcov_area - HIDDEN), cmp))
		append(t, cmp);
}

enum {
	EMPTY, PLAIN, MODE_8, HASHPOOL,
#ifdef BEFORE
	BEFORE_8,
#endif
	SUBJECTS
};

static struct subject {
	const char	*name;
	hook_fn		*hook;
	bool		unique;		/* the area has no room */
	unsigned long	*area;
	struct hashpool	*pool;
	void		*before_set;
} subjects[SUBJECTS] = {
	[EMPTY]    = { .name = "empty", .hook = hook_empty },
	[PLAIN]    = { .name = "plain", .hook = hook_plain },
	[MODE_8]   = { .name = "mode8", .hook = hook_patched, .unique = true },
	[HASHPOOL] = { .name = "hashpool", .hook = hook_hashpool },
#ifdef BEFORE
	[BEFORE_8] = { .name = "before8", .hook = hook_before, .unique = true },
#endif
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
#ifdef BEFORE
	if (s->hook == hook_before) {
		struct kcov_before *b = (void *)((char *)s->area - BEFORE_HIDDEN);

		b->main.area = s->area;
		b->main.capacity = (WORDS - 1) / CMP_WORDS;
		s->before_set = memory(kcov_before_set_bytes(items, CMP_WORDS));
		kcov_before_set_init(&b->main.set, s->before_set, items, CMP_WORDS);
		kcov_before_start(b, KCOV_BEFORE_CMP);
	}
#endif
}

static void subject_close(struct subject *s, u32 items)
{
	if (s->hook == hook_hashpool)
		munmap(s->pool, hashpool_bytes(items));
	else if (s->hook == hook_patched)
		window_close(&state(s)->main, CMP_WORDS);
#ifdef BEFORE
	else if (s->hook == hook_before)
		munmap(s->before_set, kcov_before_set_bytes(items, CMP_WORDS));
#endif
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

/* What windows need of it. */
static void trace_cut(struct trace *t)
{
	munmap(t->cmp + WINDOW_CALLBACKS, (MAX_CMPS - WINDOW_CALLBACKS) * sizeof(*t->cmp));
	if (t->n > WINDOW_CALLBACKS)
		t->n = WINDOW_CALLBACKS;
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

/* As a window, callbacks @from to @to. */
static noinline void replay(const struct subject *s, const struct trace *t, size_t from,
			    size_t to)
{
	hook_fn *volatile hook = s->hook;
	hook_fn *call = hook;
	size_t i;

	if (s->pool)
		hashpool_clear(s->pool);
	WRITE_ONCE(s->area[0], 0);
	for (i = from; i < to; i++)
		call(t->cmp[i][0], t->cmp[i][1], t->cmp[i][2], t->cmp[i][3]);
}

static void enable(const struct subject *s)
{
	task.kcov_area = s->area;
	task.kcov_size = s->unique ? 0 : WORDS;
	task.kcov_mode = KCOV_MODE_TRACE_CMP;
}

/* bench_fn: ns per callback */
static double time_trace(void *ctx, int subject)
{
	const struct subject *s = &subjects[subject];
	const struct trace *t = ctx;
	unsigned int times = ROUND_CALLBACKS / t->n + 1, i;
	uint64_t begin;

	enable(s);
	begin = bench_cpu_ns();
	for (i = 0; i < times; i++)
		replay(s, t, 0, t->n);
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
	for (s = 0; s <= (json ? SUBJECTS - 1 : HASHPOOL); s++)
		printf(json ? ", \"%s_ns\": %.3f, \"%s_ratio\": %.3f" : "%.0s %7.2f%.0s %5.2fx",
		       subjects[s].name, bench_median(sample + s * ROUNDS, ROUNDS),
		       subjects[s].name, ratio[s]);
	printf(json ? "}" : "\n");
	return err;
}

struct windows_of {
	const struct trace	*t;
	const struct windows	*w;
	char			*disturb;
};

/* bench_fn: ns per callback, in windows. */
static double time_windows(void *ctx, int subject)
{
	const struct windows_of *o = ctx;
	const struct subject *s = &subjects[subject];
	size_t from, size = o->w->callbacks, n = o->t->n < WINDOW_CALLBACKS ? o->t->n :
								       WINDOW_CALLBACKS;
	double ns[COLD_WINDOWS];
	uint64_t begin;
	size_t w;

	enable(s);
	if (o->w->cold) {
		for (w = 0; w < COLD_WINDOWS && (w + 1) * size <= n; w++) {
			disturb_caches(o->disturb);
			begin = bench_ns();
			replay(s, o->t, w * size, (w + 1) * size);
			ns[w] = bench_ns() - begin;
		}
		return bench_median(ns, w) / size;
	}
	begin = bench_cpu_ns();
	for (from = 0; from < n; from += size)
		replay(s, o->t, from, from + size < n ? from + size : n);
	return (double)(bench_cpu_ns() - begin) / n;
}

/* Medians over the traces, in times plain, and of the engine before in times this one. */
static void all_windows(const struct trace *traces, int n, double (*times)[SUBJECTS],
			double *before)
{
	double *sample = malloc(SUBJECTS * WINDOW_ROUNDS * sizeof(*sample));
	double *all = malloc((SUBJECTS + 1) * n * sizeof(*all));
	struct windows_of o = { .disturb = memory(DISTURB_BYTES) };
	size_t w;
	int i, s;

	for (s = 0; s < SUBJECTS; s++)
		subject_open(&subjects[s], SET_ITEMS / 2);
	for (w = 0; w < ARRAY_SIZE(windows); w++) {
		o.w = &windows[w];
		for (i = 0; i < n; i++) {
			o.t = &traces[i];
			bench_rounds(time_windows, &o, SUBJECTS, WINDOW_ROUNDS, sample);
			for (s = 0; s < SUBJECTS; s++)
				all[s * n + i] = bench_ratio(sample, WINDOW_ROUNDS, s, PLAIN);
#ifdef BEFORE
			all[SUBJECTS * n + i] = bench_ratio(sample, WINDOW_ROUNDS, BEFORE_8, MODE_8);
#else
			all[SUBJECTS * n + i] = 0;
#endif
		}
		for (s = 0; s < SUBJECTS; s++)
			times[w][s] = bench_median(all + s * n, n);
		before[w] = bench_median(all + SUBJECTS * n, n);
	}
	for (s = 0; s < SUBJECTS; s++)
		subject_close(&subjects[s], SET_ITEMS / 2);
	munmap(o.disturb, DISTURB_BYTES);
	free(sample);
	free(all);
}

static void show_windows(const struct trace *traces, int n, bool json)
{
	double times[ARRAY_SIZE(windows)][SUBJECTS], before[ARRAY_SIZE(windows)];
	size_t w;
	int s;

	all_windows(traces, n, times, before);
	if (!json)
		printf("Windows of so many comparisons, a reset before each; cold: caches disturbed before each.\n"
		       "Times plain; before: the engine of a4775e8 in times this one; medians of %d traces:\n"
		       "%-12s   mode8 hashpool   before\n", n, "window");
	for (w = 0; w < ARRAY_SIZE(windows); w++) {
		if (json)
			printf("%s    {\"callbacks\": %zu, \"cold\": %s, \"before\": %.3f",
			       w ? ",\n" : "", windows[w].callbacks,
			       windows[w].cold ? "true" : "false", before[w]);
		else
			printf("%7zu %-4s", windows[w].callbacks, windows[w].cold ? "cold" : "");
		for (s = MODE_8; s <= HASHPOOL; s++)
			printf(json ? ", \"%s_ratio\": %.3f" : "%.0s %7.2fx", subjects[s].name,
			       times[w][s]);
		if (json)
			printf("}");
		else if (before[w])
			printf(" %7.2f\n", before[w]);
		else
			printf("       -\n");
	}
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
	struct trace *traces;

	if (files <= 0) {
		fprintf(stderr, "replay_cmp: no *.cmps in %s\n", dir);
		return 1;
	}
	ratio = calloc(files, sizeof(*ratio));
	one = calloc(files, sizeof(*one));
	traces = calloc(files, sizeof(*traces));
	for (i = 0; i < files; i++) {
		struct trace *t = &traces[i];

		if (trace_load(t, dir, entry[i]->d_name))
			return 1;
		if (t->n_distinct > MAX_ITEMS) {
			fprintf(stderr, "replay_cmp: %s: more distinct ones than a set ever holds\n",
				t->name);
			return 1;
		}
		err |= measure(t, ratio[i], json, !i);
		trace_cut(t);
	}
	if (json)
		printf("\n  ],\n  \"windows\": [\n");
	for (s = MODE_8; s <= HASHPOOL && !json; s++) {
		for (i = 0; i < files; i++)
			one[i] = ratio[i][s];
		printf("  %s: %.2f times plain, median of %d traces\n", subjects[s].name,
		       bench_median(one, files), files);
	}
#ifdef BEFORE
	for (i = 0; i < files; i++)
		one[i] = ratio[i][BEFORE_8] / ratio[i][MODE_8];
	if (!json)
		printf("  the engine of a4775e8 takes %.2f times as long as this one\n",
		       bench_median(one, files));
#endif
	show_windows(traces, files, json);
	free(traces);
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
		printf("{\n  \"replay\": [\n");
	else
		printf("\nComparisons, buffers of %luK words. ns per callback, and times plain\n"
		       "%-12s %11s %9s   spread  %7s %7s %6s %7s %6s %8s\n", WORDS >> 10, "trace",
		       "comparisons", "distinct", "empty", "plain", "", "mode8", "", "hashpool");
	err = measure_all(argv[1 + json], json);
	if (json)
		printf("\n  ]\n}\n");
	return err;
}
