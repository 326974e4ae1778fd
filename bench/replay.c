// SPDX-License-Identifier: MIT
/*
 * replay: what a callback costs, by real traces, natively.
 *
 * A trace is replayed through an empty hook, the hook of Linux 6.12, and the patched
 * hook in each mode: same checks, same functions called, same memory layout. And through
 * other designs that were proposed, rival_*.h, with the same checks around them. All
 * in one process, in turn. Each subject has areas of its own and keeps its state
 * from one replay to the next, as a descriptor does. A whole trace is one window, but where
 * windows are what is measured.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bench.h"
#include "hook.h"
#include "windows.h"
#include "rival_delta.h"
#include "rival_guards.h"
#include "rival_hashpool.h"
#include "rival_textmap.h"

#define MAX_ITEMS	(256u << 10)
#define ROUNDS		11
#define ROUND_CALLBACKS	1000000		/* short traces are replayed several times */

#define RESET_PC	0xffffffff81000000ul

/* ---- the hooks ---- */

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

static noinline void kcov_uniq_slow_entered(struct kcov_dedup *dedup, unsigned long ip)
{
	kcov_dedup_slow(dedup, ip);
}

static noinline void kcov_uniq_slow(struct kcov_dedup *dedup, unsigned long ip)
{
	if (kcov_dedup_compacts(dedup))
		kcov_uniq_slow_compact(dedup, ip);
	else if (kcov_dedup_enter(dedup))
		kcov_uniq_slow_entered(dedup, ip);
}

static noinline void kcov_uniq_young_pc(struct kcov_dedup *dedup, unsigned long ip)
{
	if (!kcov_dedup_young(dedup, ip, KCOV_DEDUP_YOUNG_PC))
		kcov_uniq_slow_entered(dedup, ip);
}

static noinline void kcov_uniq_young_edge(struct kcov_dedup *dedup, unsigned long ip)
{
	if (!kcov_dedup_young(dedup, ip, KCOV_DEDUP_YOUNG_EDGE))
		kcov_uniq_slow_entered(dedup, ip);
}

static noinline void kcov_uniq_young_both(struct kcov_dedup *dedup, unsigned long ip)
{
	if (!kcov_dedup_young(dedup, ip, KCOV_DEDUP_YOUNG_BOTH))
		kcov_uniq_slow_entered(dedup, ip);
}

static __always_inline void kcov_uniq_pc(void *area, unsigned long pos, unsigned long ip)
{
	struct kcov_dedup *dedup = area - HIDDEN;

	switch (kcov_dedup_fast(dedup, pos - 1, ip)) {
	case KCOV_DEDUP_DONE: break;
	case KCOV_DEDUP_YOUNG_PC: kcov_uniq_young_pc(dedup, ip); break;
	case KCOV_DEDUP_YOUNG_EDGE: kcov_uniq_young_edge(dedup, ip); break;
	case KCOV_DEDUP_YOUNG_BOTH: kcov_uniq_young_both(dedup, ip); break;
	default: kcov_uniq_slow(dedup, ip);
	}
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

#ifdef BEFORE
/* The engine of a4775e8, as bench/run makes it of that commit; its state is at a page's start. */
#define BEFORE_HIDDEN	PAGE
#include "kcov_before.h"

static noinline void before_slow_compact(struct kcov_before *before, unsigned long ip)
{
	kcov_before_compact(before, ip);
}

static noinline void before_slow(struct kcov_before *before, unsigned long ip)
{
	if (kcov_before_compacts(before))
		before_slow_compact(before, ip);
	else
		kcov_before_slow(before, ip);
}

static noinline void hook_before(unsigned long ip)
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
	} else if (!kcov_before_fast((void *)((char *)area - BEFORE_HIDDEN), pos - 1, ip)) {
		before_slow((void *)((char *)area - BEFORE_HIDDEN), ip);
	}
}
#endif

/* ---- the hooks of other designs ---- */

/* Their state is where ours is. */
static __always_inline void *rival(unsigned long *area)
{
	return *(void **)((char *)area - HIDDEN);
}

static __always_inline void append(struct task *t, unsigned long *area, unsigned long word)
{
	unsigned long pos = READ_ONCE(area[0]) + 1;

	if (likely(pos < t->kcov_size)) {
		WRITE_ONCE(area[0], pos);
		barrier();
		area[pos] = word;
	}
}

static noinline void hook_hashpool(unsigned long ip)
{
	struct task *t = current;

	if (!check_kcov_mode(KCOV_MODE_TRACE_PC, t))
		return;
	if (hashpool_add(rival(t->kcov_area), (u64[HASHPOOL_KEY]){ ip }))
		append(t, t->kcov_area, ip);
}

static noinline void hook_hashpool_edge(unsigned long ip)
{
	struct task *t = current;
	struct hashpool *h;
	unsigned long edge;

	if (!check_kcov_mode(KCOV_MODE_TRACE_PC, t))
		return;
	h = rival(t->kcov_area);
	edge = ip ^ h->prev;
	h->prev = kcov_dedup_edge_hash(ip);
	if (hashpool_add(h, (u64[HASHPOOL_KEY]){ edge }))
		append(t, t->kcov_area, edge);
}

/* Where the compiler's guards are, and in which order the PCs: a return address, really. */
static u32 *guards;
static unsigned long *guard_pcs;

static noinline void hook_guards(unsigned long guard)
{
	struct task *t = current;

	if (!check_kcov_mode(KCOV_MODE_TRACE_PC, t))
		return;
	if (guards_add(rival(t->kcov_area), (u32 *)guard))
		append(t, t->kcov_area, guard_pcs[(u32 *)guard - guards]);
}

static noinline void hook_textmap(unsigned long ip)
{
	struct task *t = current;

	if (!check_kcov_mode(KCOV_MODE_TRACE_PC, t))
		return;
	textmap_add(rival(t->kcov_area), ip);
}

/* Word 0 counts bytes. */
static noinline void hook_delta(unsigned long ip)
{
	struct task *t = current;
	unsigned long *area, n;

	if (!check_kcov_mode(KCOV_MODE_TRACE_PC, t))
		return;
	area = t->kcov_area;
	n = READ_ONCE(area[0]);
	if (likely(n + DELTA_MAX <= (t->kcov_size - 1) * sizeof(*area))) {
		n = delta_put(rival(area), (unsigned char *)(area + 1), n, ip);
		barrier();
		WRITE_ONCE(area[0], n);
	}
}

/* Of buffers, in words. */
static const size_t sizes[] = { 1 << 20, 64 << 10 };

/* ---- subjects ---- */

enum {
	EMPTY, PLAIN, MODE_0, MODE_2, MODE_4, MODE_6, MODE_16, OURS,
	HASHPOOL = OURS, HASHPOOL_EDGE, GUARDS, TEXTMAP, DELTA,
#ifdef BEFORE
	BEFORE_2, BEFORE_4, BEFORE_6, BEFORE_16,
#endif
	SUBJECTS
};

struct subject {
	const char	*name;
	void		(*hook)(unsigned long ip);
	u32		mode;
	double		goal;	/* at most so many times plain; 0: none */
	bool		before;	/* the engine before this one */
	/* Of other designs: bytes of state for so many items, and making it; a new window. */
	size_t		(*bytes)(u32 items);
	void		(*init)(void *state, u32 items);
	void		(*reset)(const struct subject *s);
	unsigned long	*area, *edge_area;
	size_t		words, state_bytes;
	void		*state;
};

/* The kernel's text, as far as the traces know it. */
static unsigned long text_from = ~0ul, text_to;

static void hashpool_make(void *state, u32 items)
{
	struct hashpool *h = state;

	hashpool_init(h, items);
	h->prev = kcov_dedup_edge_hash(0);
}

static void hashpool_reset(const struct subject *s)
{
	struct hashpool *h = s->state;

	hashpool_clear(h);
	h->prev = kcov_dedup_edge_hash(0);
}

static size_t guards_bytes(u32 items)
{
	(void)items;
	return sizeof(struct guards);
}

static void guards_reset(const struct subject *s)
{
	guards_clear(s->state);
}

static size_t textmap_bytes(u32 items)
{
	(void)items;
	return sizeof(struct textmap) + ((text_to - text_from) >> TEXTMAP_SHIFT) / 8 + 16;
}

static void textmap_make(void *state, u32 items)
{
	struct textmap *m = state;

	(void)items;
	m->text = text_from;
	m->bits = ((text_to - text_from) >> TEXTMAP_SHIFT) + 1;
	m->bitmap = (u64 *)(m + 1);
}

/* The list is the client's own; so is the time. */
static void textmap_reset(const struct subject *s)
{
	textmap_scan(s->state, s->edge_area, s->words);
}

static size_t delta_bytes(u32 items)
{
	(void)items;
	return sizeof(struct delta);
}

static void delta_reset(const struct subject *s)
{
	((struct delta *)s->state)->prev = 0;
}

static struct subject subjects[SUBJECTS] = {
	[EMPTY]  = { .name = "empty", .hook = hook_empty },
	[PLAIN]  = { .name = "plain", .hook = hook_plain },
	[MODE_0] = { .name = "mode0", .hook = hook_patched },
	[MODE_2] = { .name = "mode2", .hook = hook_patched, .mode = 2, .goal = 1.0 },
	[MODE_4] = { .name = "mode4", .hook = hook_patched, .mode = 4, .goal = 1.3 },
	[MODE_6] = { .name = "mode6", .hook = hook_patched, .mode = 6, .goal = 1.8 },
	[MODE_16] = { .name = "mode16", .hook = hook_patched, .mode = 16, .goal = 1.8 },
	[HASHPOOL] = {
		.name = "hashpool", .hook = hook_hashpool, .bytes = hashpool_bytes,
		.init = hashpool_make, .reset = hashpool_reset,
	},
	[HASHPOOL_EDGE] = {
		.name = "hashpool-edge", .hook = hook_hashpool_edge, .bytes = hashpool_bytes,
		.init = hashpool_make, .reset = hashpool_reset,
	},
	[GUARDS] = {
		.name = "guards", .hook = hook_guards, .bytes = guards_bytes, .reset = guards_reset,
	},
	[TEXTMAP] = {
		.name = "textmap", .hook = hook_textmap, .bytes = textmap_bytes,
		.init = textmap_make, .reset = textmap_reset,
	},
	[DELTA] = {
		.name = "delta", .hook = hook_delta, .bytes = delta_bytes, .reset = delta_reset,
	},
#ifdef BEFORE
	[BEFORE_2] = { .name = "before2", .hook = hook_before, .mode = 2, .before = true },
	[BEFORE_4] = { .name = "before4", .hook = hook_before, .mode = 4, .before = true },
	[BEFORE_6] = { .name = "before6", .hook = hook_before, .mode = 6, .before = true },
	[BEFORE_16] = { .name = "before16", .hook = hook_before, .mode = 16, .before = true },
#endif
};

#ifdef BEFORE
static const int before_and_now[][2] = {
	{ BEFORE_2, MODE_2 }, { BEFORE_4, MODE_4 }, { BEFORE_6, MODE_6 }, { BEFORE_16, MODE_16 },
};
#endif

static struct kcov_dedup *state(const struct subject *s)
{
	return (void *)((char *)s->area - HIDDEN);
}

#ifdef BEFORE
static size_t before_set(struct kcov_before_set *set, u32 items)
{
	size_t bytes = kcov_before_set_bytes(items, 1);

	kcov_before_set_init(set, memory(bytes), items, 1);
	return bytes;
}

static void before_open(struct subject *s, u32 items)
{
	struct kcov_before *d = (void *)((char *)s->area - BEFORE_HIDDEN);

	d->main.area = s->area;
	d->edge.area = s->edge_area;
	d->main.capacity = d->edge.capacity = s->words - 1;
	d->edge.prev = kcov_dedup_edge_hash(0);
	s->state_bytes = s->mode & 18 ? before_set(&d->main.set, items) : 0;
	s->state_bytes += s->mode & 4 ? before_set(&d->edge.set, items) : 0;
	if (s->mode == 16) {
		kcov_before_compact_init(d, memory(kcov_before_compact_bytes(items)));
		s->state_bytes += kcov_before_compact_bytes(items);
	}
	kcov_before_start(d, s->mode);
}
#else
static void before_open(struct subject *s, u32 items) { (void)s; (void)items; }
#endif

static void subject_open(struct subject *s, size_t words, u32 items)
{
	struct kcov_dedup *d;

	s->words = words;
	s->area = (void *)((char *)memory(PAGE + words * sizeof(long)) + PAGE);
	s->edge_area = memory(words * sizeof(long));
	if (s->before) {
		before_open(s, items);
		return;
	}
	if (s->bytes) {
		s->state_bytes = s->bytes(items);
		s->state = memory(s->state_bytes);
		if (s->init)
			s->init(s->state, items);
		*(void **)state(s) = s->state;
		return;
	}
	if (s->mode == KCOV_DEDUP_COMPACT)
		items /= 2;	/* as kcov_uniq_state_bytes() */
	d = state(s);
	window_open(&d->main, s->area, words, items, 1);
	window_open(&d->edge, s->edge_area, words, items, 1);
	d->edge.prev = kcov_dedup_edge_hash(0);
	if (s->mode == KCOV_DEDUP_COMPACT)
		kcov_dedup_compact_init(&d->main, &d->compact, memory(kcov_dedup_compact_bytes(items)), COMPACT_RAW);
	kcov_dedup_start(d, s->mode);
	s->state_bytes = kcov_dedup_set_bytes(items, 1) * (s->mode == 6 ? 2 : !!s->mode) +
			 kcov_dedup_young_bytes(YOUNG_SLOTS(items)) *
			 (s->mode == 6 ? 2 : s->mode == 2 || s->mode == 4) +
			 (s->mode == KCOV_DEDUP_COMPACT ? kcov_dedup_compact_bytes(items) : 0);
}

/* What the engine before this one has is left. */
static void subject_close(struct subject *s)
{
	if (s->before)
		goto areas;
	if (s->mode == KCOV_DEDUP_COMPACT)
		munmap(state(s)->compact.next,
		       kcov_dedup_compact_bytes(state(s)->main.set.limit));
	if (s->bytes) {
		munmap(s->state, s->state_bytes);
	} else {
		window_close(&state(s)->main, 1);
		window_close(&state(s)->edge, 1);
	}
areas:
	munmap(s->edge_area, s->words * sizeof(long));
	munmap((char *)s->area - PAGE, PAGE + s->words * sizeof(long));
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
	if (s->reset)
		s->reset(s);
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
	size_t		n_pairs;		/* of consecutive PCs; an edge word may stand for some */
	size_t		n_compact;		/* words of its compact trace */
	u32		*guard;			/* of each of the pcs */
	unsigned long	*site;			/* of each callback, the address of its guard */
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

static int by_pair(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : x[1] < y[1] ? -1 : x[1] > y[1];
}

static size_t count_pairs(const struct trace *t)
{
	unsigned long (*pair)[2] = malloc(t->n * sizeof(*pair));
	size_t i, n = 0;

	for (i = 0; i < t->n; i++) {
		pair[i][0] = i ? t->pc[i - 1] : 0;
		pair[i][1] = t->pc[i];
	}
	qsort(pair, t->n, sizeof(*pair), by_pair);
	for (i = 0; i < t->n; i++)
		n += !i || by_pair(pair[i], pair[i - 1]);
	free(pair);
	return n;
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

/* What a compiler does for guards, and where the text is. */
static void trace_sites(struct trace *t)
{
	unsigned long *pc;
	size_t i;

	t->guard = calloc(t->n_pcs, sizeof(*t->guard));
	t->site = memory(t->n * sizeof(*t->site));
	for (i = 0; i < t->n; i++) {
		pc = bsearch(&t->pc[i], t->pcs, t->n_pcs, sizeof(*pc), by_value);
		t->site[i] = (unsigned long)&t->guard[pc - t->pcs];
	}
	if (t->pcs[0] < text_from)
		text_from = t->pcs[0];
	if (t->pcs[t->n_pcs - 1] > text_to)
		text_to = t->pcs[t->n_pcs - 1];
}

static int trace_load(struct trace *t, const char *path, size_t max)
{
	const char *base = strrchr(path, '/');
	FILE *f = fopen(path, "rb");
	uint64_t word;
	size_t i, bytes;

	memset(t, 0, sizeof(*t));
	base = base ? base + 1 : path;
	snprintf(t->name, sizeof(t->name), "%.*s", (int)strcspn(base, "."), base);
	if (!f) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		return -1;
	}
	fseek(f, 0, SEEK_END);
	bytes = ftell(f);
	t->n = bytes / sizeof(word);
	if (t->n > max)
		t->n = max;
	rewind(f);
	t->pc = memory((t->n + 1) * sizeof(long));
	for (i = 0; i < t->n && fread(&word, sizeof(word), 1, f) == 1; i++)
		t->pc[i] = le64toh(word);
	fclose(f);
	if (!t->n || i < t->n || bytes % sizeof(word)) {
		fprintf(stderr, "replay: %s: empty, cut off, or cannot be read\n", path);
		return -1;
	}
	return 0;
}

static void trace_free(struct trace *t)
{
	munmap(t->pc, (t->n + 1) * sizeof(long));
	munmap(t->site, t->n * sizeof(*t->site));
	free(t->guard);
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

/* A copy of what a subject shows of the window, as a client would read it. */
struct list {
	unsigned long	*item;
	size_t		n;
};

static struct list listed(const struct subject *s)
{
	const unsigned long *area = s->mode == KCOV_DEDUP_EDGE ? s->edge_area : s->area;
	size_t room = s->hook == hook_delta ? s->words * sizeof(long) : s->words;
	struct list l = { .item = malloc(room * sizeof(long)), .n = area[0] };
	const struct textmap *m = s->state;
	size_t i;

	if (s->hook == hook_delta) {
		l.n = delta_get((const unsigned char *)(area + 1), area[0], l.item, room);
	} else if (s->hook == hook_textmap) {
		for (l.n = i = 0; i < m->bits; i++)
			if (m->bitmap[i / 64] & 1ull << i % 64)
				l.item[l.n++] = m->text + (i << TEXTMAP_SHIFT);
	} else {
		memcpy(l.item, area + 1, l.n * sizeof(long));
	}
	return l;
}

/* Is a buffer full? Then something may be lost. */
static bool full(const struct subject *s)
{
	const unsigned long *area = s->mode == KCOV_DEDUP_EDGE ? s->edge_area : s->area;

	return s->hook == hook_delta ? area[0] + DELTA_MAX > (s->words - 1) * sizeof(long) :
				       area[0] == s->words - 1;
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

/* The PCs, in any order; of a bitmap, the place of each. */
static int verify_pcs(const struct trace *t, const struct subject *s, unsigned long *list, size_t n)
{
	size_t i, k, distinct_n = distinct(list, n);
	unsigned int shift = s->hook == hook_textmap ? TEXTMAP_SHIFT : 0;
	unsigned long place;

	if (distinct_n != n)
		return wrong(t, s, "an item is there twice");
	for (i = k = 0; i < t->n_pcs; i++) {
		place = (t->pcs[i] - text_from) >> shift;
		if (k < n && (list[k] - text_from) >> shift < place)
			k++;
		if (k == n || (list[k] - text_from) >> shift != place)
			return wrong(t, s, "not the PCs of the trace");
	}
	return k + 1 == n ? 0 : wrong(t, s, "more than the PCs of the trace");
}

/* What another design has of the trace. Not in a full buffer: see lost(). */
static int verify_rival(const struct trace *t, const struct subject *s, struct list *l)
{
	size_t i;

	if (s->hook == hook_delta) {
		for (i = 0; i < l->n; i++)
			if (l->item[i] != t->pc[i])
				return wrong(t, s, "not the trace");
		return l->n == t->n || full(s) ? 0 : wrong(t, s, "not all of the trace");
	}
	if (full(s))
		return 0;
	if (s->hook != hook_hashpool_edge)
		return verify_pcs(t, s, l->item, l->n);
	i = distinct(l->item, l->n);
	if (i != l->n || i != t->n_edges || memcmp(l->item, t->edges, i * sizeof(long)))
		return wrong(t, s, "not the edges of the trace");
	return 0;
}

static int verify(struct trace *t, const struct subject *s)
{
	struct kcov_dedup *d = state(s);
	struct list l;
	int err;

	if (s->hook == hook_empty)
		return 0;
	if (s->bytes) {
		l = listed(s);
		err = verify_rival(t, s, &l);
		free(l.item);
		return err;
	}
	if (s->before)
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

static void flush(const struct subject *s)
{
#ifdef BEFORE
	if (s->before) {
		kcov_before_flush((void *)((char *)s->area - BEFORE_HIDDEN));
		return;
	}
#endif
	kcov_dedup_flush(state(s));
}

static noinline void replay_part(const struct subject *s, const struct trace *t, size_t from,
				 size_t to)
{
	/* Not known to the compiler, as in the kernel, where calls are everywhere. */
	void (*volatile hook)(unsigned long) = s->hook;
	void (*call)(unsigned long) = hook;
	const unsigned long *arg = s->hook == hook_guards ? t->site : t->pc;
	size_t i;

	new_window(s);
	for (i = from; i < to; i++)
		call(arg[i]);
	/* As KCOV_DISABLE does. */
	if (s->mode == KCOV_DEDUP_COMPACT)
		flush(s);
}

static void replay(const struct subject *s, const struct trace *t)
{
	replay_part(s, t, 0, t->n);
}

static void use_guards(const struct trace *t)
{
	guards = t->guard;
	guard_pcs = t->pcs;
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

/* What a client has of a trace; not a number where a design has none of it. */
struct shown {
	double	words, pcs_lost, edges_lost, edges_false;
};

static size_t common(const unsigned long *a, size_t n, const unsigned long *b, size_t m)
{
	size_t i, k, same = 0;

	for (i = k = 0; i < n && k < m; ) {
		same += a[i] == b[k];
		if (a[i] <= b[k])
			i++;
		else
			k++;
	}
	return same;
}

static struct shown shown(const struct trace *t, const struct subject *s)
{
	bool has_edges = (s->mode & KCOV_DEDUP_EDGE) || s->hook == hook_hashpool_edge;
	bool has_pcs = s->mode != KCOV_DEDUP_EDGE && s->hook != hook_hashpool_edge;
	struct shown r = { .pcs_lost = NAN, .edges_lost = NAN, .edges_false = NAN };
	struct list l = listed(s), e = { .n = l.n };
	size_t i, same;

	r.words = s->hook == hook_textmap ? (((struct textmap *)s->state)->bits + 63) / 64 :
		  s->hook == hook_delta ? (s->area[0] + 7) / 8 : l.n;
	e.item = malloc((s->words + l.n) * sizeof(long));
	if (s->mode == (KCOV_DEDUP_PC | KCOV_DEDUP_EDGE)) {
		e.n = s->edge_area[0];
		memcpy(e.item, s->edge_area + 1, e.n * sizeof(long));
		r.words += e.n;
	} else {
		for (i = 0; i < l.n; i++)
			e.item[i] = has_edges ? l.item[i] :
				    edge_word(i ? l.item[i - 1] : 0, l.item[i]);
	}
	/* A bitmap has no order. */
	if (s->hook != hook_textmap) {
		e.n = distinct(e.item, e.n);
		same = common(e.item, e.n, t->edges, t->n_edges);
		r.edges_lost = t->n_edges - same;
		r.edges_false = e.n - same;
	}
	if (has_pcs) {
		l.n = distinct(l.item, l.n);
		r.pcs_lost = t->n_pcs - (s->hook == hook_textmap ? l.n :
					 common(l.item, l.n, t->pcs, t->n_pcs));
	}
	free(e.item);
	free(l.item);
	return r;
}

#define RESET_CALLBACKS	200
#define RESET_TIMES	21

/* ns of a reset after a short window, with the callback that notices it. */
static double time_short_reset(const struct subject *s, const struct trace *t, double clock)
{
	size_t n = t->n < RESET_CALLBACKS ? t->n : RESET_CALLBACKS;
	double ns[RESET_TIMES];
	uint64_t begin;
	int i;

	enable(s);
	for (i = 0; i < RESET_TIMES; i++) {
		replay_part(s, t, 0, n);
		begin = bench_ns();
		replay_part(s, t, 0, 1);
		ns[i] = bench_ns() - begin - clock;
	}
	return bench_median(ns, RESET_TIMES);
}

struct figures {
	double		ns[SUBJECTS], ratio[SUBJECTS], spread, reset[SUBJECTS];
	struct shown	shown[SUBJECTS];
};

static int measure(struct trace *t, int rounds, struct figures *f)
{
	double *sample = malloc(SUBJECTS * rounds * sizeof(*sample)), spread, clock = clock_cost();
	int s, err = 0;

	use_guards(t);
	bench_rounds(time_trace, t, SUBJECTS, rounds, sample);
	f->spread = 0;
	for (s = 0; s < SUBJECTS; s++) {
		f->ns[s] = bench_median(sample + s * rounds, rounds);
		f->ratio[s] = bench_ratio(sample, rounds, s, PLAIN);
		spread = bench_spread(sample + s * rounds, rounds);
		if (spread > f->spread)
			f->spread = spread;
		err |= verify(t, &subjects[s]);
		if (s == EMPTY)
			continue;
		f->shown[s] = shown(t, &subjects[s]);
		f->reset[s] = time_short_reset(&subjects[s], t, clock);
	}
	free(sample);
	return err;
}

/* ---- windows ---- */

struct windows_of {
	const struct trace	*t;
	const struct windows	*w;
	char			*disturb;
	double			clock;
};

/* With the caches disturbed before each: so few that only the median is of use. */
static double time_cold_windows(const struct windows_of *o, const struct subject *s)
{
	size_t w, size = o->w->callbacks;
	double ns[COLD_WINDOWS];
	uint64_t begin;

	for (w = 0; w < COLD_WINDOWS && (w + 1) * size <= o->t->n; w++) {
		disturb_caches(o->disturb);
		begin = bench_ns();
		replay_part(s, o->t, w * size, (w + 1) * size);
		ns[w] = bench_ns() - begin - o->clock;
	}
	return bench_median(ns, w) / size;
}

/* bench_fn: ns per callback, in windows. */
static double time_windows(void *ctx, int subject)
{
	const struct windows_of *o = ctx;
	const struct subject *s = &subjects[subject];
	size_t from, size = o->w->callbacks, n = o->t->n;
	uint64_t begin;

	enable(s);
	if (o->w->cold)
		return time_cold_windows(o, s);
	if (n > WINDOW_CALLBACKS)
		n = WINDOW_CALLBACKS;
	begin = bench_cpu_ns();
	for (from = 0; from < n; from += size)
		replay_part(s, o->t, from, from + size < n ? from + size : n);
	return (double)(bench_cpu_ns() - begin) / n;
}

/* Medians over the traces; a buffer is never full here, so that its size does not matter. */
static void all_windows(const struct trace *traces, size_t n, bool json)
{
	static double ns[ARRAY_SIZE(windows)][SUBJECTS], ratio[ARRAY_SIZE(windows)][SUBJECTS];
	double *sample = malloc(SUBJECTS * WINDOW_ROUNDS * sizeof(*sample));
	double *all = malloc(2 * SUBJECTS * n * sizeof(*all));
	struct windows_of o = { .disturb = memory(DISTURB_BYTES), .clock = clock_cost() };
	size_t i, w;
	int s;

	for (s = 0; s < SUBJECTS; s++)
		subject_open(&subjects[s], 64 << 10, SET_ITEMS);
	for (w = 0; w < ARRAY_SIZE(windows); w++) {
		o.w = &windows[w];
		if (json)
			fprintf(stderr, "  windows of %zu callbacks\n", windows[w].callbacks);
		for (i = 0; i < n; i++) {
			o.t = &traces[i];
			use_guards(o.t);
			bench_rounds(time_windows, &o, SUBJECTS, WINDOW_ROUNDS, sample);
			for (s = 0; s < SUBJECTS; s++) {
				all[s * n + i] = bench_median(sample + s * WINDOW_ROUNDS,
							      WINDOW_ROUNDS);
				all[(SUBJECTS + s) * n + i] =
					bench_ratio(sample, WINDOW_ROUNDS, s, PLAIN);
			}
		}
		for (s = 0; s < SUBJECTS; s++) {
			ns[w][s] = bench_median(all + s * n, n);
			ratio[w][s] = bench_median(all + (SUBJECTS + s) * n, n);
		}
	}
	for (s = 0; s < SUBJECTS; s++)
		subject_close(&subjects[s]);
	munmap(o.disturb, DISTURB_BYTES);
	free(sample);
	free(all);

	if (json) {
		printf("  \"windows\": [");
		for (s = PLAIN; s < SUBJECTS; s++)
			for (w = 0; w < ARRAY_SIZE(windows); w++)
				printf("%s\n    {\"design\": \"%s\", \"callbacks\": %zu, \"cold\": %s, \"ns\": %.3f, \"ratio\": %.3f}",
				       s > PLAIN || w ? "," : "", subjects[s].name,
				       windows[w].callbacks, windows[w].cold ? "true" : "false",
				       ns[w][s], ratio[w][s]);
		printf("\n  ],\n");
		return;
	}
	printf("\nWindows of so many callbacks, a reset before each; cold: caches disturbed before each.\n"
	       "ns per callback, and times plain; medians of %zu traces:\n%-14s", n, "design");
	for (w = 0; w < ARRAY_SIZE(windows); w++)
		printf(" %9zu %-4s", windows[w].callbacks, windows[w].cold ? "cold" : "");
	printf("\n");
	for (s = PLAIN; s < SUBJECTS; s++) {
		printf("%-14s", subjects[s].name);
		for (w = 0; w < ARRAY_SIZE(windows); w++)
			printf(" %7.2f %5.1fx", ns[w][s], ratio[w][s]);
		printf("\n");
	}
#ifdef BEFORE
	printf("  the engine of a4775e8 takes, in times this one:\n");
	for (s = 0; s < (int)ARRAY_SIZE(before_and_now); s++) {
		printf("  %-12s", subjects[before_and_now[s][1]].name);
		for (w = 0; w < ARRAY_SIZE(windows); w++)
			printf(" %14.2f", ns[w][before_and_now[s][0]] / ns[w][before_and_now[s][1]]);
		printf("\n");
	}
#endif
	printf("  windows of 200: mode2: %.2f times plain, goal at most 1.5: %s; %.2f times guards, goal at most 1: %s\n",
	       ratio[1][MODE_2], ratio[1][MODE_2] <= 1.5 ? "met" : "missed",
	       ns[1][MODE_2] / ns[1][GUARDS], ns[1][MODE_2] <= ns[1][GUARDS] ? "met" : "missed");
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
 * A reset by word 0 with the callback that notices it. Cold: the first one after the sets
 * were filled; filling them has swept the caches. Warm: many windows of one callback.
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

/* A section with its area and its own state, as kcov_uniq_section_alloc() makes them. */
#define SECTION_WORDS	4
#define SECTION_ITEMS	4096u

static struct kcov_dedup *section_open(size_t words)
{
	u32 items = SECTION_ITEMS < words / SECTION_WORDS ? SECTION_ITEMS : words / SECTION_WORDS;
	struct kcov_dedup *d = memory(sizeof(*d));

	window_open(&d->main, memory(words * sizeof(long)), words, items, 1);
	kcov_dedup_compact_init(&d->main, &d->compact, memory(kcov_dedup_compact_bytes(items)), COMPACT_RAW);
	kcov_dedup_start(d, KCOV_DEDUP_COMPACT);
	return d;
}

static void section_close(struct kcov_dedup *d, size_t words)
{
	munmap(d->compact.next, kcov_dedup_compact_bytes(d->main.set.limit));
	munmap(d->main.area, words * sizeof(long));
	window_close(&d->main, 1);
	munmap(d, sizeof(*d));
}

/* It collects @n callbacks: a trace, repeated; or PCs that are all new, and all collide. */
static void section_collect(struct kcov_dedup *d, const struct trace *t, size_t n)
{
	unsigned long pc;
	size_t i;

	kcov_dedup_start(d, KCOV_DEDUP_COMPACT | KCOV_DEDUP_RESET);
	for (i = 0; i < n; i++) {
		pc = t ? t->pc[i % t->n] : RESET_PC + (i << 32);
		if (kcov_dedup_fast(d, d->main.area[0], pc) == KCOV_DEDUP_SLOW)
			kcov_dedup_compact(d, pc);
	}
	kcov_dedup_flush(d);
}

/* What runs with interrupts off: kcov.c copies the trace, kcov_uniq_replay() does this. */
static noinline void merge(const struct subject *s, const struct kcov_dedup *section,
			   const unsigned long *trace, size_t n)
{
	const unsigned long *pc = section->main.area + 1;
	struct kcov_dedup *d = state(s);
	size_t i;

	if (!s->mode) {
		memcpy(s->area + 1, trace, n * sizeof(*trace));
		s->area[0] = n;
		return;
	}
	kcov_dedup_reset_if_asked(&d->main, KCOV_DEDUP_PC_WORDS);
	kcov_dedup_reset_if_asked(&d->edge, KCOV_DEDUP_PC_WORDS);
	for (i = 0; i < section->main.recorded && !kcov_dedup_is_full(d, s->mode); i++)
		kcov_uniq_pc(s->area, READ_ONCE(s->area[0]) + 1, pc[i]);
	kcov_dedup_flush(d);
}

/* The median, in us, for a section that made @n callbacks. */
static double time_merge(struct subject *s, const struct kcov_dedup *section,
			 const unsigned long *trace, size_t n)
{
	double sample[SECTION_ROUNDS];
	uint64_t begin;
	int i;

	for (i = -1; i < SECTION_ROUNDS; i++) {
		new_window(s);
		begin = bench_cpu_ns();
		merge(s, section, trace, n);
		if (i >= 0)
			sample[i] = (bench_cpu_ns() - begin) / 1e3;
	}
	return bench_median(sample, SECTION_ROUNDS);
}

struct section {
	double longest[OURS], median[OURS], collide[OURS];
};

static void time_section(struct section *f, const struct trace *traces, size_t n, size_t words)
{
	double *us = malloc(OURS * (n + 1) * sizeof(*us)), max;
	unsigned long *trace = memory(words * sizeof(*trace));
	struct kcov_dedup *section = section_open(words);
	size_t i;
	int s;

	for (s = PLAIN; s < OURS; s++)
		subject_open(&subjects[s], words, SET_ITEMS);
	for (i = 0; i <= n; i++) {
		section_collect(section, i < n ? &traces[i] : NULL, words - 1);
		for (s = PLAIN; s < OURS; s++)
			us[s * (n + 1) + i] = time_merge(&subjects[s], section, trace, words - 1);
	}
	for (s = PLAIN; s < OURS; s++) {
		for (max = i = 0; i < n; i++)
			if (us[s * (n + 1) + i] > max)
				max = us[s * (n + 1) + i];
		f->longest[s] = max;
		f->median[s] = bench_median(us + s * (n + 1), n);
		f->collide[s] = us[s * (n + 1) + n];
		subject_close(&subjects[s]);
	}
	section_close(section, words);
	munmap(trace, words * sizeof(*trace));
	free(us);
}

static void sections(const struct trace *traces, size_t n, bool json)
{
	/* A softirq's area has 256K words, unless the kernel is configured otherwise. */
	static const size_t sizes[] = { 256 << 10, 64 << 10 };
	struct section f;
	size_t i;
	int s;

	printf(json ? "  \"sections\": [" :
	       "\nThe end of a remote section that fills its area in mode 0, with interrupts off (us), and\n"
	       "times the copy there; median and longest of %zu traces, and PCs that are all new and collide:\n",
	       n);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		time_section(&f, traces, n, sizes[i]);
		for (s = PLAIN; s < OURS; s++) {
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
	for (s = 0; s < OURS; s++)
		printf(" %5s", subjects[s].name);
	printf("  |");
	for (s = MODE_0; s < OURS; s++)
		printf(" %5s", subjects[s].name);
	printf("  spread\n");
}

static void row(const struct trace *t, const struct figures *f)
{
	int s;

	printf("%-12s %9zu %6zu %6zu %7zu ", t->name, t->n, t->n_pcs, t->n_edges, t->n_compact);
	for (s = 0; s < OURS; s++)
		printf(" %5.2f", f->ns[s]);
	printf("  |");
	for (s = MODE_0; s < OURS; s++)
		printf(" %5.2f", f->ratio[s]);
	printf("  %5.1f%%\n", 100 * f->spread);
	fflush(stdout);
}

/* Left out if a design has none of it. */
static void json_number(int subject, const char *what, double value)
{
	if (!isnan(value))
		printf(", \"%s_%s\": %.0f", subjects[subject].name, what, value);
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
	for (s = PLAIN; s < SUBJECTS; s++) {
		printf(", \"%s_ratio\": %.3f, \"%s_reset_ns\": %.0f, \"%s_words\": %.0f, \"%s_state_bytes\": %zu",
		       subjects[s].name, f->ratio[s], subjects[s].name, f->reset[s],
		       subjects[s].name, f->shown[s].words, subjects[s].name,
		       subjects[s].state_bytes);
		json_number(s, "pcs_lost", f->shown[s].pcs_lost);
		json_number(s, "edges_lost", f->shown[s].edges_lost);
		json_number(s, "edges_false", f->shown[s].edges_false);
	}
	printf("}");
}

/* The median of a figure over the traces. */
static double median_of(const struct figures *f, size_t n, size_t offset)
{
	double *v = malloc(n * sizeof(*v)), median;
	size_t i;

	for (i = 0; i < n; i++)
		v[i] = *(const double *)((const char *)&f[i] + offset);
	median = bench_median(v, n);
	free(v);
	return median;
}

#define MEDIAN(f, n, field)	median_of(f, n, offsetof(struct figures, field))

/* An edge word stands for a pair, but for some that it stands for two of. */
static void merged_pairs(const struct trace *t, size_t n)
{
	size_t words = 0, pairs = 0, i;

	for (i = 0; i < n; i++) {
		words += t[i].n_edges;
		pairs += t[i].n_pairs;
	}
	printf("Pairs of consecutive PCs, of all traces: %zu, which give %zu edge words (%.2f%% are merged)\n",
	       pairs, words, 100.0 * (pairs - words) / pairs);
}

static void summary(const struct figures *f, size_t n)
{
	double median;
	int s;

	printf("%-12s %9s\n", "median", "");
	for (s = MODE_0; s < OURS; s++) {
		median = MEDIAN(f, n, ratio[s]);
		printf("  %s: %.2f times plain", subjects[s].name, median);
		if (subjects[s].goal)
			printf(", goal at most %.1f: %s", subjects[s].goal,
			       median <= subjects[s].goal ? "met" : "missed");
		printf("\n");
	}
}

#ifdef BEFORE
/* The engine before in the same run: how many times as long it takes. */
static void before_whole(const struct figures *f, size_t n)
{
	double *ratio = malloc(n * sizeof(*ratio));
	size_t i, k;

	printf("  the engine of a4775e8 takes, in times this one:");
	for (k = 0; k < ARRAY_SIZE(before_and_now); k++) {
		for (i = 0; i < n; i++)
			ratio[i] = f[i].ns[before_and_now[k][0]] / f[i].ns[before_and_now[k][1]];
		printf(" %s %.2f", subjects[before_and_now[k][1]].name, bench_median(ratio, n));
	}
	printf("\n");
	free(ratio);
}
#endif

/* The sums over all traces, in percent; "-" where a design has none of it. */
static void percent(const struct figures *f, const struct trace *t, size_t n, int subject, int what)
{
	double sum = 0, all = 0;
	const struct shown *h;
	size_t i;

	for (i = 0; i < n; i++) {
		h = &f[i].shown[subject];
		sum += what == 0 ? h->pcs_lost : what == 1 ? h->edges_lost : h->edges_false;
		all += what == 0 ? t[i].n_pcs : t[i].n_edges;
	}
	if (isnan(sum))
		printf(" %7s", "-");
	else
		printf(" %6.1f%%", 100 * sum / all);
}

/* All designs, over all traces. */
static void designs(const struct figures *f, const struct trace *t, size_t n, size_t words)
{
	double most;
	size_t i;
	int s;

	printf("\nAll designs, buffers of %zuK words, %zu traces. Medians: ns per callback, times plain, ns of\n"
	       "a reset after %d callbacks; KiB of state beside the buffer; words of a trace, median and most;\n"
	       "what a client lacks of all PCs, and of all edges, and edges that it sees and that never ran:\n"
	       "%-14s %6s %6s %7s %6s %8s %8s %7s %7s %7s\n", words >> 10, n, RESET_CALLBACKS,
	       "design", "ns", "plain", "reset", "KiB", "words", "most", "PCs", "edges", "false");
	for (s = PLAIN; s < SUBJECTS; s++) {
		if (s == MODE_0)
			continue;
		for (most = i = 0; i < n; i++)
			if (f[i].shown[s].words > most)
				most = f[i].shown[s].words;
		printf("%-14s %6.2f %5.2fx %7.0f %6zu %8.0f %8.0f", subjects[s].name,
		       MEDIAN(f, n, ns[s]), MEDIAN(f, n, ratio[s]), MEDIAN(f, n, reset[s]),
		       subjects[s].state_bytes >> 10, MEDIAN(f, n, shown[s].words), most);
		for (i = 0; i < 3; i++)
			percent(f, t, n, s, i);
		printf("\n");
	}
}

/* Who wins, and the goals that are about other designs. */
static void race(const struct figures *f, size_t n)
{
	double hashpool = MEDIAN(f, n, ns[HASHPOOL]) / MEDIAN(f, n, ns[MODE_2]);
	double with_guards = MEDIAN(f, n, ns[MODE_2]) / MEDIAN(f, n, ns[GUARDS]);
	int s;

	printf("  hashpool: %.1f times mode2, goal at least 6: %s\n", hashpool,
	       hashpool >= 6 ? "met" : "missed");
	printf("  mode2: %.2f times guards, goal at most 1: %s\n", with_guards,
	       with_guards <= 1 ? "met" : "missed");
	for (s = OURS; s < SUBJECTS; s++)
		if (MEDIAN(f, n, ns[s]) < MEDIAN(f, n, ns[MODE_2]))
			printf("  %s is faster than mode2\n", subjects[s].name);
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
		if (json)
			fprintf(stderr, "  buffers of %zuK words: %s\n", words >> 10, traces[i].name);
		err |= measure(&traces[i], rounds, &f[i]);
		if (json)
			json_row(&traces[i], &f[i], words, first && !i);
		else
			row(&traces[i], &f[i]);
	}
	if (!json) {
		merged_pairs(traces, n);
		summary(f, n);
#ifdef BEFORE
		before_whole(f, n);
#endif
		designs(f, traces, n, words);
		race(f, n);
	}
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

	if (!items) {
		if (trace_load(&t, path, max))
			return 1;
		trace_expect(&t);
		trace_sites(&t);
		use_guards(&t);
	}
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
		"                  (empty plain mode0 mode2 mode4 mode6 mode16 hashpool hashpool-edge\n"
		"                  guards textmap delta), time nothing\n"
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
	(*traces)[n].n_pairs = count_pairs(*traces + n);
	trace_sites(*traces + n);
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
	all_windows(traces, n, o.json);
	sections(traces, n, o.json);
	resets(o.json);
	if (o.json)
		printf("}\n");
	for (i = 0; i < n; i++)
		trace_free(&traces[i]);
	free(traces);
	return err ? 1 : 0;
}
