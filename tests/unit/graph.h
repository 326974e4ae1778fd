/* SPDX-License-Identifier: MIT */
/* Random graphs, to walk at random: like the flow of a program, in all sizes. */
#ifndef GRAPH_H
#define GRAPH_H

#include "state.h"

#define MAX_NODES	20000
#define DEGREE		3

struct graph {
	u32		n;
	unsigned long	pc[MAX_NODES];
	u32		next[MAX_NODES][DEGREE];
};

static struct graph graph;

static inline unsigned long random_pc(uint64_t *seed, int kind, u32 i)
{
	switch (kind) {
	case 0:		/* a kernel's text, one PC close to the next */
		return 0xffffffff81000000ul + 20ul * i + rnd_below(seed, 16);
	case 1:		/* text and modules */
		return (rnd(seed) & 1 ? 0xffffffff81000000ul : 0xffffffffc0000000ul) +
		       rnd_below(seed, 1 << 24);
	case 2:		/* few slots for many of them */
		return ((unsigned long)i << 16 << 16) + rnd_below(seed, 8);
	default:	/* anything, 0 and ~0 included */
		return rnd_below(seed, 4) ? rnd(seed) : -(unsigned long)(rnd(seed) & 1);
	}
}

/* Mostly the next node, as in straight code; sometimes a loop or a call. */
static inline u32 random_next(uint64_t *seed, u32 i, u32 n)
{
	switch (rnd_below(seed, 4)) {
	case 0:
		return rnd_below(seed, n);
	case 1:
		return i - rnd_below(seed, (i < 8 ? i : 8) + 1);
	default:
		return (i + 1) % n;
	}
}

static inline void graph_make(uint64_t *seed)
{
	static const u32 sizes[] = { 1, 3, 20, 300, 3000, MAX_NODES };
	int kind = rnd_below(seed, 4);
	u32 i, j;

	graph.n = sizes[rnd_below(seed, ARRAY_SIZE(sizes))];
	for (i = 0; i < graph.n; i++) {
		graph.pc[i] = random_pc(seed, kind, i);
		for (j = 0; j < DEGREE; j++)
			graph.next[i][j] = random_next(seed, i, graph.n);
	}
}

#endif /* GRAPH_H */
