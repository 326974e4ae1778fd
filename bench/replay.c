// SPDX-License-Identifier: MIT
/*
 * replay: what a callback costs, by real traces, natively.
 *
 * A trace is replayed through an empty hook, the hook of Linux 6.12, and the patched
 * hook in each mode: same checks, same functions called, same memory layout. All
 * in one process, in turn. Each subject has areas of its own and keeps its state
 * from one replay to the next, as a descriptor does. A whole trace is one window.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bench.h"
#include "kcov_dedup.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define noinline	__attribute__((__noinline__))

#define HIDDEN		4096		/* bytes of state before an area */
#define SET_ITEMS	(16u << 10)	/* as in kernel/kcov_uniq.c */
#define MAX_ITEMS	(256u << 10)
#define ROUNDS		11
#define ROUND_CALLBACKS	1000000		/* short traces are replayed several times */

#define KCOV_MODE_TRACE_PC	2	/* as in <linux/kcov.h> of the kernel */
#define NOT_IN_TASK		0x00ff0100u

#define RESET_PC	0xffffffff81000000ul

/* ---- the hooks ---- */

/* What the hook looks at of a task_struct and its thread_info. */
struct task {
	unsigned int	preempt_count;
	unsigned int	kcov_mode;
	unsigned int	kcov_size;
	unsigned long	*kcov_area;
};

static struct task task;
static struct task *volatile current = &task;

static __always_inline bool check_kcov_mode(unsigned int needed, struct task *t)
{
	unsigned int mode;

	if (READ_ONCE(t->preempt_count) & NOT_IN_TASK)
		return false;
	mode = READ_ONCE(t->kcov_mode);
	barrier();
	return mode == needed;
}

static noinline void hook_empty(unsigned long ip)
{
	__asm__ __volatile__("" : : "r"(ip));
}

/* __sanitizer_cov_trace_pc() of Linux 6.12. */
static noinline void hook_plain(unsigned long ip)
{
	struct task *t = current;
	unsigned long *area, pos;

	if (!check_kcov_mode(KCOV_MODE_TRACE_PC, t))
		return;
	area = t->kcov_area;
	pos = READ_ONCE(area[0]) + 1;
	if (likely(pos < t->kcov_size)) {
		WRITE_ONCE(area[0], pos);
		barrier();
		area[pos] = ip;
	}
}

static noinline void kcov_uniq_slow_compact(struct kcov_dedup *dedup, unsigned long ip)
{
	kcov_dedup_compact(dedup, ip);
}

static noinline void kcov_uniq_slow(struct kcov_dedup *dedup, unsigned long ip)
{
	if (kcov_dedup_compacts(dedup))
		kcov_uniq_slow_compact(dedup, ip);
	else
		kcov_dedup_slow(dedup, ip);
}

static __always_inline void kcov_uniq_pc(void *area, unsigned long pos, unsigned long ip)
{
	struct kcov_dedup *dedup = area - HIDDEN;

	if (!kcov_dedup_fast(dedup, pos - 1, ip))
		kcov_uniq_slow(dedup, ip);
}

/* The same with patches/6.12. */
static noinline void hook_patched(unsigned long ip)
{
	struct task *t = current;
	unsigned long *area, pos;

	if (!check_kcov_mode(KCOV_MODE_TRACE_PC, t))
		return;
	area = t->kcov_area;
	pos = READ_ONCE(area[0]) + 1;
	if (likely(pos < t->kcov_size)) {
		WRITE_ONCE(area[0], pos);
		barrier();
		area[pos] = ip;
	} else {
		kcov_uniq_pc(area, pos, ip);
	}
}

/* Of buffers, in words. */
static const size_t sizes[] = { 1 << 20, 64 << 10 };

/* ---- subjects ---- */

enum { EMPTY, PLAIN, MODE_0, MODE_2, MODE_4, MODE_6, MODE_16, SUBJECTS };

static struct subject {
	const char	*name;
	void		(*hook)(unsigned long ip);
	u32		mode;
	double		goal;	/* at most so many times plain; 0: none */
	unsigned long	*area, *edge_area;
	size_t		words;
} subjects[SUBJECTS] = {
	[EMPTY]  = { "empty", hook_empty, 0, 0, NULL, NULL, 0 },
	[PLAIN]  = { "plain", hook_plain, 0, 0, NULL, NULL, 0 },
	[MODE_0] = { "mode0", hook_patched, 0, 0, NULL, NULL, 0 },
	[MODE_2] = { "mode2", hook_patched, 2, 1.2, NULL, NULL, 0 },
	[MODE_4] = { "mode4", hook_patched, 4, 1.5, NULL, NULL, 0 },
	[MODE_6] = { "mode6", hook_patched, 6, 2.2, NULL, NULL, 0 },
	[MODE_16] = { "mode16", hook_patched, 16, 2.0, NULL, NULL, 0 },
};

static struct kcov_dedup *state(const struct subject *s)
{
	return (void *)((char *)s->area - HIDDEN);
}

/* Zeroed, and there before anything is timed. */
static void *memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED) {
		perror("replay: mmap");
		exit(1);
	}
	return p;
}

static void window_open(struct kcov_dedup_window *w, unsigned long *area, size_t words,
			u32 items)
{
	w->area = area;
	w->capacity = words - 1;
	kcov_dedup_set_init(&w->set, memory(kcov_dedup_set_bytes(items, 1)), items, 1);
}

static void window_close(struct kcov_dedup_window *w)
{
	munmap(w->set.keys, kcov_dedup_set_bytes(w->set.limit, 1));
}

static void subject_open(struct subject *s, size_t words, u32 items)
{
	struct kcov_dedup *d;

	s->words = words;
	s->area = (void *)((char *)memory(HIDDEN + words * sizeof(long)) + HIDDEN);
	s->edge_area = memory(words * sizeof(long));
	d = state(s);
	window_open(&d->main, s->area, words, items);
	window_open(&d->edge, s->edge_area, words, items);
	d->edge.prev = kcov_dedup_edge_hash(0);
	if (s->mode == KCOV_DEDUP_COMPACT)
		kcov_dedup_compact_init(d, memory(kcov_dedup_compact_bytes(items)));
	kcov_dedup_start(d, s->mode);
}

static void subject_close(struct subject *s)
{
	if (s->mode == KCOV_DEDUP_COMPACT)
		munmap(state(s)->compact.next,
		       kcov_dedup_compact_bytes(state(s)->main.set.limit));
	window_close(&state(s)->main);
	window_close(&state(s)->edge);
	munmap(s->edge_area, s->words * sizeof(long));
	munmap((char *)s->area - HIDDEN, HIDDEN + s->words * sizeof(long));
}

/* A task with this subject's descriptor. */
static void enable(const struct subject *s)
{
	task.kcov_area = s->area;
	task.kcov_size = s->mode ? 0 : s->words;
	task.kcov_mode = KCOV_MODE_TRACE_PC;
}

static void new_window(const struct subject *s)
{
	WRITE_ONCE(s->area[0], 0);
	WRITE_ONCE(s->edge_area[0], 0);
}

/* ---- traces ---- */

struct trace {
	char		name[64];
	unsigned long	*pc;
	size_t		n;
	unsigned long	*pcs, *edges;		/* the distinct ones, sorted */
	size_t		n_pcs, n_edges;
	size_t		n_compact;		/* words of its compact trace */
};

static int by_value(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* Sorts, drops repeats, returns how many are left. */
static size_t distinct(unsigned long *v, size_t n)
{
	size_t i, kept = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (i = 0; i < n; i++)
		if (!i || v[i] != v[i - 1])
			v[kept++] = v[i];
	return kept;
}

/* The edge word by its definition, so that the engine's is not its own witness. */
static unsigned long edge_word(unsigned long prev, unsigned long pc)
{
	uint32_t a = prev & 0xfff;

	a = (a ^ 61) ^ (a >> 16);
	a += a << 3;
	a ^= a >> 4;
	a *= 0x27d4eb2d;
	a ^= a >> 15;
	return pc ^ (a & 0xfff);
}

static void trace_expect(struct trace *t)
{
	size_t i;

	t->pcs = malloc(t->n * sizeof(long));
	t->edges = malloc(t->n * sizeof(long));
	for (i = 0; i < t->n; i++) {
		t->pcs[i] = t->pc[i];
		t->edges[i] = edge_word(i ? t->pc[i - 1] : 0, t->pc[i]);
	}
	t->n_pcs = distinct(t->pcs, t->n);
	t->n_edges = distinct(t->edges, t->n);
}

static int trace_load(struct trace *t, const char *path, size_t max)
{
	const char *base = strrchr(path, '/');
	FILE *f = fopen(path, "rb");
	uint64_t word;
	size_t i;

	memset(t, 0, sizeof(*t));
	base = base ? base + 1 : path;
	snprintf(t->name, sizeof(t->name), "%.*s", (int)strcspn(base, "."), base);
	if (!f) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		return -1;
	}
	fseek(f, 0, SEEK_END);
	t->n = ftell(f) / sizeof(word);
	if (t->n > max)
		t->n = max;
	rewind(f);
	t->pc = memory((t->n + 1) * sizeof(long));
	for (i = 0; i < t->n && fread(&word, sizeof(word), 1, f) == 1; i++)
		t->pc[i] = le64toh(word);
	fclose(f);
	if (!t->n || i < t->n) {
		fprintf(stderr, "replay: %s: empty, or cannot be read\n", path);
		return -1;
	}
	return 0;
}

static void trace_free(struct trace *t)
{
	munmap(t->pc, (t->n + 1) * sizeof(long));
	free(t->pcs);
	free(t->edges);
}

/* ---- is what was timed right? ---- */

static int wrong(const struct trace *t, const struct subject *s, const char *what)
{
	fprintf(stderr, "replay: %s, %s: %s: the figures mean nothing\n", t->name, s->name,
		what);
	return -1;
}

/* The list is the distinct items, or as many of them as it has room for. */
static int verify_window(const struct trace *t, const struct subject *s,
			 const struct kcov_dedup_window *w, const unsigned long *items,
			 size_t n)
{
	unsigned long *list;
	size_t i, got;
	bool same;

	if (w->recorded != w->area[0] || w->recorded > w->capacity)
		return wrong(t, s, "wrong count");
	if (w->untracked || n > w->set.limit) {
		if (w->recorded + w->dropped < n)
			return wrong(t, s, "something is lost");
		return 0;
	}
	if (w->recorded + w->dropped != n)
		return wrong(t, s, "recorded + dropped is not the number of distinct items");
	list = malloc((w->recorded + 1) * sizeof(*list));
	memcpy(list, w->area + 1, w->recorded * sizeof(*list));
	got = distinct(list, w->recorded);
	same = got == w->recorded;
	for (i = 0; i < got && same; i++)
		same = bsearch(&list[i], items, n, sizeof(*items), by_value);
	free(list);
	return same ? 0 : wrong(t, s, "not the items of the trace");
}

/* Same PCs and, by edge words, same pairs as the trace; not longer. */
static int verify_compact(struct trace *t, const struct subject *s)
{
	struct kcov_dedup_window *w = &state(s)->main;
	size_t n = w->recorded;
	struct trace c = { .pc = s->area + 1, .n = n };
	bool same;

	t->n_compact = n + w->dropped;
	if (n != s->area[0] || t->n_compact > t->n)
		return wrong(t, s, "wrong count");
	if (w->dropped || w->untracked)
		return 0;
	trace_expect(&c);
	same = c.n_pcs == t->n_pcs && !memcmp(c.pcs, t->pcs, c.n_pcs * sizeof(long)) &&
	       c.n_edges == t->n_edges && !memcmp(c.edges, t->edges, c.n_edges * sizeof(long));
	free(c.pcs);
	free(c.edges);
	return same && s->area[n] == t->pc[t->n - 1] ? 0 :
		wrong(t, s, "not the PCs, the pairs or the end of the trace");
}

static int verify(struct trace *t, const struct subject *s)
{
	struct kcov_dedup *d = state(s);

	if (s->hook == hook_empty)
		return 0;
	if (!s->mode) {
		size_t n = t->n < s->words ? t->n : s->words - 1;

		if (s->area[0] != n || memcmp(s->area + 1, t->pc, n * sizeof(long)))
			return wrong(t, s, "not the trace");
		return 0;
	}
	if (s->mode == KCOV_DEDUP_COMPACT)
		return verify_compact(t, s);
	if ((s->mode & KCOV_DEDUP_PC) &&
	    verify_window(t, s, &d->main, t->pcs, t->n_pcs))
		return -1;
	if ((s->mode & KCOV_DEDUP_EDGE) &&
	    verify_window(t, s, &d->edge, t->edges, t->n_edges))
		return -1;
	return 0;
}

/* ---- time per callback ---- */

static noinline void replay(const struct subject *s, const struct trace *t)
{
	/* Not known to the compiler, as in the kernel, where calls are everywhere. */
	void (*volatile hook)(unsigned long) = s->hook;
	void (*call)(unsigned long) = hook;
	size_t i;

	new_window(s);
	for (i = 0; i < t->n; i++)
		call(t->pc[i]);
	/* As KCOV_DISABLE does. */
	if (s->mode == KCOV_DEDUP_COMPACT)
		kcov_dedup_flush(state(s));
}

/* bench_fn */
static double time_trace(void *ctx, int subject)
{
	const struct trace *t = ctx;
	const struct subject *s = &subjects[subject];
	unsigned int times = ROUND_CALLBACKS / t->n + 1, i;
	uint64_t begin;

	enable(s);
	begin = bench_cpu_ns();
	for (i = 0; i < times; i++)
		replay(s, t);
	return (double)(bench_cpu_ns() - begin) / times / t->n;
}

struct figures {
	double	ns[SUBJECTS], ratio[SUBJECTS], spread;
};

static int measure(struct trace *t, int rounds, struct figures *f)
{
	double *sample = malloc(SUBJECTS * rounds * sizeof(*sample)), spread;
	int s, err = 0;

	bench_rounds(time_trace, t, SUBJECTS, rounds, sample);
	f->spread = 0;
	for (s = 0; s < SUBJECTS; s++) {
		f->ns[s] = bench_median(sample + s * rounds, rounds);
		f->ratio[s] = bench_ratio(sample, rounds, s, PLAIN);
		spread = bench_spread(sample + s * rounds, rounds);
		if (spread > f->spread)
			f->spread = spread;
		err |= verify(t, &subjects[s]);
	}
	free(sample);
	return err;
}

/* ---- a reset ---- */

/* Fills the sets with as many items as they hold. */
static void fill(const struct subject *s, u32 items)
{
	u32 i;

	new_window(s);
	for (i = 0; i < items; i++)
		s->hook(RESET_PC + 16ul * i);
}

#define WARM_RESETS	1000

struct reset {
	double cold, warm;	/* ns */
};

/*
 * A reset by word 0 with the callback that notices it. Cold: the first one after
 * the sets were filled, which has swept the caches. Warm: a window of one callback,
 * again and again.
 */
static struct reset time_reset(struct subject *s, u32 items, int times, double clock)
{
	double *cold = malloc(times * sizeof(*cold)), *warm = malloc(times * sizeof(*warm));
	struct reset r;
	uint64_t begin;
	int i, j;

	subject_open(s, 1 << 20, items);
	enable(s);
	for (i = 0; i < times; i++) {
		fill(s, items);
		begin = bench_ns();
		new_window(s);
		s->hook(RESET_PC);
		cold[i] = bench_ns() - begin - clock;
		begin = bench_ns();
		for (j = 0; j < WARM_RESETS; j++) {
			new_window(s);
			s->hook(RESET_PC);
		}
		warm[i] = (bench_ns() - begin - clock) / WARM_RESETS;
	}
	r.cold = bench_median(cold, times);
	r.warm = bench_median(warm, times);
	subject_close(s);
	free(cold);
	free(warm);
	return r;
}

static double clock_cost(void)
{
	double sample[1000];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sample); i++) {
		uint64_t begin = bench_ns();

		sample[i] = bench_ns() - begin;
	}
	return bench_median(sample, ARRAY_SIZE(sample));
}

static void resets(bool json)
{
	static const u32 items[] = { SET_ITEMS, MAX_ITEMS };
	struct subject s = subjects[MODE_6];
	struct reset r[ARRAY_SIZE(items)];
	double clock = clock_cost();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(items); i++)
		r[i] = time_reset(&s, items[i], i ? 51 : 301, clock);
	if (json) {
		printf("  \"resets\": [");
		for (i = 0; i < ARRAY_SIZE(items); i++)
			printf("%s{\"items\": %u, \"warm_ns\": %.1f, \"cold_ns\": %.1f}",
			       i ? ", " : "", items[i], r[i].warm, r[i].cold);
		printf("]\n");
		return;
	}
	printf("\nReset of both areas with the callback that notices it (mode 6, ns):\n");
	for (i = 0; i < ARRAY_SIZE(items); i++)
		printf("  sets of %6u items: %5.1f; the first after filling them, caches cold: %5.1f\n",
		       items[i], r[i].warm, r[i].cold);
	printf("  ratio %.2f: %s\n", r[1].warm / r[0].warm,
	       r[1].warm < 1.2 * r[0].warm ? "does not grow with the sets"
					   : "grows with the sets");
}

/* ---- the end of a remote section ---- */

#define SECTION_ROUNDS	7

/* What runs with interrupts off: kcov.c copies, kcov_uniq_merge() does this. */
static noinline void merge(const struct subject *s, const unsigned long *pc, size_t n)
{
	size_t i;

	if (!s->mode) {
		memcpy(s->area + 1, pc, n * sizeof(*pc));
		s->area[0] = n;
		return;
	}
	for (i = 0; i < n; i++)
		kcov_uniq_pc(s->area, READ_ONCE(s->area[0]) + 1, pc[i]);
	kcov_dedup_flush(state(s));
}

/* The median, in us, for a section whose area of @n PCs is full of a trace. */
static double time_merge(struct subject *s, const unsigned long *pc, size_t n)
{
	double sample[SECTION_ROUNDS];
	uint64_t begin;
	int i;

	for (i = -1; i < SECTION_ROUNDS; i++) {
		new_window(s);
		begin = bench_cpu_ns();
		merge(s, pc, n);
		if (i >= 0)
			sample[i] = (bench_cpu_ns() - begin) / 1e3;
	}
	return bench_median(sample, SECTION_ROUNDS);
}

/* Fills an area: with a trace, again and again; or with PCs that all are new, and collide. */
static void fill_section(unsigned long *pc, size_t n, const struct trace *t)
{
	size_t i;

	for (i = 0; i < n; i++)
		pc[i] = t ? t->pc[i % t->n] : RESET_PC + (i << 32);
}

struct section {
	double longest[SUBJECTS], median[SUBJECTS], collide[SUBJECTS];
};

static void time_section(struct section *f, const struct trace *traces, size_t n, size_t words)
{
	double *us = malloc(SUBJECTS * (n + 1) * sizeof(*us)), max;
	unsigned long *pc = memory(words * sizeof(*pc));
	size_t i;
	int s;

	for (s = PLAIN; s < SUBJECTS; s++)
		subject_open(&subjects[s], words, SET_ITEMS);
	for (i = 0; i <= n; i++) {
		fill_section(pc, words - 1, i < n ? &traces[i] : NULL);
		for (s = PLAIN; s < SUBJECTS; s++)
			us[s * (n + 1) + i] = time_merge(&subjects[s], pc, words - 1);
	}
	for (s = PLAIN; s < SUBJECTS; s++) {
		for (max = i = 0; i < n; i++)
			if (us[s * (n + 1) + i] > max)
				max = us[s * (n + 1) + i];
		f->longest[s] = max;
		f->median[s] = bench_median(us + s * (n + 1), n);
		f->collide[s] = us[s * (n + 1) + n];
		subject_close(&subjects[s]);
	}
	munmap(pc, words * sizeof(*pc));
	free(us);
}

static void sections(const struct trace *traces, size_t n, bool json)
{
	struct section f;
	size_t i;
	int s;

	printf(json ? "  \"sections\": [" :
	       "\nThe end of a remote section whose area is full, with interrupts off (us), and times\n"
	       "the copy in mode 0; median and longest of %zu traces, and PCs that are all new and collide:\n",
	       n);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		time_section(&f, traces, n, sizes[i]);
		for (s = PLAIN; s < SUBJECTS; s++) {
			if (s == MODE_0)
				continue;
			printf(json ? "%s\n    {\"words\": %zu, \"mode\": \"%s\", \"median_us\": %.1f, \"longest_us\": %.1f, \"collide_us\": %.1f}" :
			       "%s  %4zuK words, %-6s %8.0f %8.0f %8.0f",
			       json && (i || s > PLAIN) ? "," : "", json ? sizes[i] : sizes[i] >> 10,
			       s == PLAIN ? "copy" : subjects[s].name, f.median[s], f.longest[s],
			       f.collide[s]);
			if (!json)
				printf("  | %6.1f %6.1f %6.1f\n", f.median[s] / f.median[PLAIN],
				       f.longest[s] / f.longest[PLAIN], f.collide[s] / f.collide[PLAIN]);
		}
	}
	printf(json ? "\n  ],\n" : "");
}

/* ---- the table ---- */

static void head(size_t words)
{
	int s;

	printf("\nBuffers of %zuK words. ns per callback (the call itself included), then times plain\n"
	       "%-12s %9s %6s %6s %7s ", words >> 10, "trace", "callbacks", "PCs", "edges",
	       "compact");
	for (s = 0; s < SUBJECTS; s++)
		printf(" %5s", subjects[s].name);
	printf("  |");
	for (s = MODE_0; s < SUBJECTS; s++)
		printf(" %5s", subjects[s].name);
	printf("  spread\n");
}

static void row(const struct trace *t, const struct figures *f)
{
	int s;

	printf("%-12s %9zu %6zu %6zu %7zu ", t->name, t->n, t->n_pcs, t->n_edges, t->n_compact);
	for (s = 0; s < SUBJECTS; s++)
		printf(" %5.2f", f->ns[s]);
	printf("  |");
	for (s = MODE_0; s < SUBJECTS; s++)
		printf(" %5.2f", f->ratio[s]);
	printf("  %5.1f%%\n", 100 * f->spread);
	fflush(stdout);
}

static void json_row(const struct trace *t, const struct figures *f, size_t words,
		     bool first)
{
	int s;

	printf("%s    {\"trace\": \"%s\", \"words\": %zu, \"callbacks\": %zu, \"pcs\": %zu, \"edges\": %zu, \"compact\": %zu, \"spread\": %.3f",
	       first ? "" : ",\n", t->name, words, t->n, t->n_pcs, t->n_edges, t->n_compact,
	       f->spread);
	for (s = 0; s < SUBJECTS; s++)
		printf(", \"%s_ns\": %.3f", subjects[s].name, f->ns[s]);
	for (s = MODE_0; s < SUBJECTS; s++)
		printf(", \"%s_ratio\": %.3f", subjects[s].name, f->ratio[s]);
	printf("}");
}

static double median_ratio(const struct figures *f, size_t n, int subject)
{
	double *ratio = malloc(n * sizeof(*ratio)), median;
	size_t i;

	for (i = 0; i < n; i++)
		ratio[i] = f[i].ratio[subject];
	median = bench_median(ratio, n);
	free(ratio);
	return median;
}

static void summary(const struct figures *f, size_t n)
{
	double median;
	int s;

	printf("%-12s %9s\n", "median", "");
	for (s = MODE_0; s < SUBJECTS; s++) {
		median = median_ratio(f, n, s);
		printf("  %s: %.2f times plain", subjects[s].name, median);
		if (subjects[s].goal)
			printf(", goal at most %.1f: %s", subjects[s].goal,
			       median <= subjects[s].goal ? "met" : "missed");
		printf("\n");
	}
}

static int table(struct trace *traces, size_t n, size_t words, int rounds, bool json,
		 bool first)
{
	struct figures *f = calloc(n, sizeof(*f));
	size_t i;
	int s, err = 0;

	for (s = 0; s < SUBJECTS; s++)
		subject_open(&subjects[s], words, SET_ITEMS);
	if (!json)
		head(words);
	for (i = 0; i < n; i++) {
		err |= measure(&traces[i], rounds, &f[i]);
		if (json)
			json_row(&traces[i], &f[i], words, first && !i);
		else
			row(&traces[i], &f[i]);
	}
	if (!json)
		summary(f, n);
	for (s = 0; s < SUBJECTS; s++)
		subject_close(&subjects[s]);
	free(f);
	return err;
}

/* ---- for bench/instructions: nothing timed, a known amount of work ---- */

static int count_subject(const char *name)
{
	int s;

	for (s = 0; s < SUBJECTS; s++)
		if (!strcmp(subjects[s].name, name))
			return s;
	fprintf(stderr, "replay: there is no '%s'\n", name);
	exit(2);
}

/* One trace @times times; or @times resets of full sets of @items. */
static int count(const char *name, const char *path, size_t max, int times, u32 items)
{
	struct subject *s = &subjects[count_subject(name)];
	struct trace t;
	int i;

	subject_open(s, 1 << 20, items ? items : SET_ITEMS);
	enable(s);
	if (items) {
		fill(s, items);
		for (i = 0; i < times; i++) {
			new_window(s);
			s->hook(RESET_PC);
		}
		return 0;
	}
	if (trace_load(&t, path, max))
		return 1;
	for (i = 0; i < times; i++)
		replay(s, &t);
	printf("%zu\n", t.n);
	return 0;
}

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: replay [OPTION...] DIR|FILE.pcs...\n\n"
		"Times coverage callbacks by replaying traces: little endian 64-bit PCs, in the\n"
		"files *.pcs of DIR. bench/run captures some from a User Mode Linux kernel.\n\n"
		"  --max N         callbacks taken from a trace at most, default: 5000000\n"
		"  --rounds N      default: %d\n"
		"  --words N       this size of buffer only, default: 1M and 64K words\n"
		"  --json          for programs\n"
		"  --count WHICH   (for bench/instructions) replay one trace through WHICH\n"
		"                  (empty plain mode0 mode2 mode4 mode6 mode16), time nothing\n"
		"  --times N       that many times\n"
		"  --reset ITEMS   with --count: no trace, N resets of sets of ITEMS\n\n"
		"Example: replay build/bench/traces\n", ROUNDS);
}

struct options {
	size_t		max, words;
	int		rounds, times;
	u32		items;
	bool		json;
	const char	*count;
};

static void options_parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "max", 1, NULL, 'm' }, { "rounds", 1, NULL, 'r' },
		{ "words", 1, NULL, 'w' }, { "json", 0, NULL, 'j' },
		{ "count", 1, NULL, 'c' }, { "times", 1, NULL, 't' },
		{ "reset", 1, NULL, 'i' }, { "help", 0, NULL, 'h' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		switch (c) {
		case 'm': o->max = strtoul(optarg, NULL, 0); break;
		case 'r': o->rounds = atoi(optarg); break;
		case 'w': o->words = strtoul(optarg, NULL, 0); break;
		case 'j': o->json = true; break;
		case 'c': o->count = optarg; break;
		case 't': o->times = atoi(optarg); break;
		case 'i': o->items = strtoul(optarg, NULL, 0); break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
	if (o->rounds < 1 || o->words == 1 || (optind == argc && !o->items)) {
		usage(stderr);
		exit(2);
	}
}

static int is_trace(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && !strcmp(e->d_name + n - 4, ".pcs");
}

static size_t load(struct trace **traces, size_t n, const char *path, size_t max)
{
	*traces = realloc(*traces, (n + 1) * sizeof(**traces));
	if (trace_load(*traces + n, path, max))
		exit(1);
	trace_expect(*traces + n);
	return n + 1;
}

static size_t load_all(struct trace **traces, char **paths, size_t max)
{
	struct dirent **entry;
	char path[4096];
	size_t n = 0;
	int i, files;

	for (; *paths; paths++) {
		files = scandir(*paths, &entry, is_trace, alphasort);
		if (files < 0) {
			n = load(traces, n, *paths, max);
			continue;
		}
		for (i = 0; i < files; i++) {
			snprintf(path, sizeof(path), "%s/%s", *paths, entry[i]->d_name);
			n = load(traces, n, path, max);
			free(entry[i]);
		}
		free(entry);
	}
	return n;
}

int main(int argc, char **argv)
{
	struct options o = { .max = 5000000, .rounds = ROUNDS, .times = 1 };
	struct trace *traces = NULL;
	size_t i, n;
	int err = 0;

	options_parse(&o, argc, argv);
	if (o.count)
		return count(o.count, argv[optind], o.max, o.times, o.items);
	n = load_all(&traces, argv + optind, o.max);
	if (!n) {
		fprintf(stderr, "replay: no *.pcs there\n");
		return 1;
	}
	if (o.json)
		printf("{\n  \"replay\": [\n");
	if (o.words) {
		err = table(traces, n, o.words, o.rounds, o.json, true);
	} else {
		for (i = 0; i < ARRAY_SIZE(sizes); i++)
			err |= table(traces, n, sizes[i], o.rounds, o.json, !i);
	}
	if (o.json)
		printf("\n  ],\n");
	sections(traces, n, o.json);
	resets(o.json);
	if (o.json)
		printf("}\n");
	for (i = 0; i < n; i++)
		trace_free(&traces[i]);
	free(traces);
	return err ? 1 : 0;
}
