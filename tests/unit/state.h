/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the engine share: state in guarded memory, the callback as
 * kernel/kcov_uniq_hook.c makes it, random numbers.
 */
#ifndef STATE_H
#define STATE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "callback.h"

#define MODE_PC		KCOV_DEDUP_PC
#define MODE_EDGE	KCOV_DEDUP_EDGE
#define MODE_BOTH	(KCOV_DEDUP_PC | KCOV_DEDUP_EDGE)

#define MODE_CMP	KCOV_DEDUP_CMP
#define MODE_COMPACT	KCOV_DEDUP_COMPACT
#define MODE_BITMAP	(KCOV_DEDUP_PC | KCOV_DEDUP_BITMAP)

/* Of those that record each item once. */
static const u32 all_modes[] = { MODE_PC, MODE_EDGE, MODE_BOTH, MODE_BITMAP };

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum side { GUARD_AFTER, GUARD_BEFORE };

/*
 * Zeroed memory that touches a page without access: an access outside, on that
 * side, ends the program.
 */
static inline void *guarded(size_t bytes, enum side side)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t len = (bytes + page - 1) / page * page;
	char *p = mmap(NULL, len + 2 * page, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + page, len, PROT_READ | PROT_WRITE)) {
		perror("mmap");
		exit(1);
	}
	/* Aligned for any word: up to 7 bytes may stay between. */
	return side == GUARD_AFTER ? p + page + (len - bytes) / 8 * 8 : p + page;
}

static inline void guarded_free(void *p, size_t bytes)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), at = (uintptr_t)p & -page;

	munmap((void *)(at - page), ((uintptr_t)p + bytes - at + page - 1) / page * page +
	       2 * page);
}

/* A key of one word. */
static inline enum kcov_dedup_verdict set_add(struct kcov_dedup_set *set, unsigned long key)
{
	return kcov_dedup_set_add(set, &key, KCOV_DEDUP_PC_WORDS);
}

static inline bool set_has(const struct kcov_dedup_set *set, unsigned long key)
{
	return kcov_dedup_set_has(set, &key, KCOV_DEDUP_PC_WORDS);
}

/* What one window is made of. */
struct shape {
	size_t words;	/* of the area, word 0 included */
	u32 limit;	/* keys of the set */
};

/* Slots for young windows where the shape has none: main() runs tests without and with some. */
static u32 young_slots;

static inline void window_make(struct kcov_dedup_window *w, struct shape s,
			       enum side side)
{
	memset(w, 0, sizeof(*w));
	w->area = guarded(s.words * sizeof(unsigned long), side);
	w->capacity = s.words - 1;
	kcov_dedup_set_init(&w->set, guarded(kcov_dedup_set_bytes(s.limit, 1), side),
			    s.limit, 1);
	if (young_slots && young_slots <= KCOV_DEDUP_YOUNG_SPARSE * s.limit)
		kcov_dedup_young_init(w, guarded(kcov_dedup_young_bytes(young_slots), side),
				      young_slots);
}

/* As after KCOV_ENABLE in @mode on a new descriptor. */
static inline void state_make(struct kcov_dedup *d, u32 mode, struct shape main,
			      struct shape edge, enum side side)
{
	memset(d, 0, sizeof(*d));
	window_make(&d->main, main, side);
	window_make(&d->edge, edge, side);
	d->edge.prev = kcov_dedup_edge_hash(0);
	kcov_dedup_start(d, mode);
}

/* The same for a compact trace whose first @raw callbacks are written as they come. */
static inline void compact_make(struct kcov_dedup *d, struct shape main, enum side side,
				u32 raw)
{
	memset(d, 0, sizeof(*d));
	window_make(&d->main, main, side);
	kcov_dedup_compact_init(&d->main, &d->compact, guarded(kcov_dedup_compact_bytes(main.limit), side), raw);
	kcov_dedup_start(d, MODE_COMPACT);
}

static inline void compact_free(struct kcov_dedup *d)
{
	u32 limit = d->main.set.limit;

	guarded_free(d->main.area, (d->main.capacity + 1) * sizeof(unsigned long));
	guarded_free(d->main.set.keys, kcov_dedup_set_bytes(limit, 1));
	guarded_free(d->compact.next, kcov_dedup_compact_bytes(limit));
}

static __attribute__((__noinline__, unused)) void
callback_full(struct kcov_dedup *d, unsigned long pos, unsigned long ip)
{
	callback_at(d, pos - 1, ip);
}

/* The patched __sanitizer_cov_trace_pc() of a task in a unique mode. */
static inline void callback(struct kcov_dedup *d, unsigned long ip)
{
	/* With a bitmap, a word of that is read, and may be anything. */
	callback_full(d, READ_ONCE(d->mode) & KCOV_DEDUP_BITMAP ? ip & 1 :
		      READ_ONCE(d->main.area[0]) + 1, ip);
}

/* xorshift64*: the same numbers everywhere from the same seed (not 0). */
static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static inline uint32_t rnd_below(uint64_t *state, uint32_t n)
{
	return (rnd(state) >> 32) * n >> 32;
}

#endif /* STATE_H */
