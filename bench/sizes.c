// SPDX-License-Identifier: MIT
/* How large a window is in each design, counted by the engine and by the rival. */
#include "callback.h"
#include "hook.h"
#include "rival_delta.h"
#include "sizes.h"

/* The largest set that the kernel makes. */
#define MAX_ITEMS	(256u << 10)

/*
 * A descriptor of the kernel's engine, with an area for a single item: recorded and dropped
 * together are what an area without limit would hold.
 */
struct engine {
	struct kcov_dedup d;
	unsigned long main[2], edge[2];
};

static void engine_open(struct engine *e, u32 mode)
{
	window_open(&e->d.main, e->main, 2, MAX_ITEMS, 1);
	window_open(&e->d.edge, e->edge, 2, MAX_ITEMS, 1);
	if (mode == KCOV_DEDUP_COMPACT)
		kcov_dedup_compact_init(&e->d.main, &e->d.compact, memory(kcov_dedup_compact_bytes(MAX_ITEMS)), 0);
	kcov_dedup_start(&e->d, mode);
}

static void engine_window(struct engine *e, const unsigned long *pc, size_t n)
{
	e->main[0] = 0;
	e->edge[0] = 0;
	for (; n; n--, pc++)
		callback_at(&e->d, e->main[0], *pc);
	kcov_dedup_flush(&e->d);
	if (e->d.main.untracked || e->d.edge.untracked) {
		fprintf(stderr, "more than %u distinct items in a window\n", MAX_ITEMS);
		exit(1);
	}
}

static unsigned long all_of(const struct kcov_dedup_window *w)
{
	return w->recorded + w->dropped;
}

static struct engine both, compact;

void sizes_init(void)
{
	engine_open(&both, KCOV_DEDUP_PC | KCOV_DEDUP_EDGE);
	engine_open(&compact, KCOV_DEDUP_COMPACT);
}

void sizes_from(struct sizes *s, const unsigned long *pc, size_t n)
{
	unsigned char bytes[DELTA_MAX];
	struct delta delta = { 0 };
	size_t i;

	s->callbacks = n;
	s->delta = 0;
	engine_window(&both, pc, n);
	s->pcs = all_of(&both.d.main);
	s->edges = all_of(&both.d.edge);
	engine_window(&compact, pc, n);
	s->compact = all_of(&compact.d.main);
	for (i = 0; i < n; i++)
		s->delta += delta_put(&delta, bytes, 0, pc[i]);
}
