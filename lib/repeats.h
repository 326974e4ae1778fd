/* SPDX-License-Identifier: MIT */
/*
 * Which items came before, and the compact trace: what the kernel's unique modes do, for
 * kernels that have none. A plain hash table: here memory may be allocated.
 */
#ifndef UKCOV_REPEATS_H
#define UKCOV_REPEATS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Keys of @width words each. A slot of zeroes is free; the key of zeroes is @zero. */
struct seen {
	unsigned int width;
	uint64_t *slots;
	size_t mask;
	size_t used;
	bool zero;
};

#define SEEN_SLOTS	1024

static inline void seen_free(struct seen *s)
{
	free(s->slots);
	s->slots = NULL;
}

static inline bool seen_is_zero(const struct seen *s, const uint64_t *key)
{
	uint64_t any = 0;

	for (unsigned int i = 0; i < s->width; i++)
		any |= key[i];
	return !any;
}

/* The slot of @key, or the free one that it would take. */
static inline uint64_t *seen_slot(const struct seen *s, const uint64_t *key)
{
	uint64_t h = 0, *slot;

	for (unsigned int i = 0; i < s->width; i++)
		h = (h ^ key[i] ^ h >> 29) * 0x9e3779b97f4a7c15;
	for (h ^= h >> 32;; h++) {
		slot = s->slots + (h & s->mask) * s->width;
		if (seen_is_zero(s, slot) || !memcmp(slot, key, s->width * sizeof(*key)))
			return slot;
	}
}

/* Twice the slots, or the first ones. 0 or -ENOMEM. */
static inline int seen_grow(struct seen *s)
{
	struct seen old = *s;
	size_t slots = old.slots ? 2 * (old.mask + 1) : SEEN_SLOTS;

	s->slots = calloc(slots, s->width * sizeof(uint64_t));
	if (!s->slots) {
		*s = old;
		return -ENOMEM;
	}
	s->mask = slots - 1;
	for (size_t i = 0; old.slots && i <= old.mask; i++) {
		const uint64_t *key = old.slots + i * s->width;

		if (!seen_is_zero(s, key))
			memcpy(seen_slot(s, key), key, s->width * sizeof(*key));
	}
	seen_free(&old);
	return 0;
}

/* 1: was not there and is now; 0: was there; -ENOMEM. */
static inline int seen_add(struct seen *s, const uint64_t *key)
{
	uint64_t *slot;
	bool new;

	if (seen_is_zero(s, key)) {
		new = !s->zero;
		s->zero = true;
		return new;
	}
	/* Half full at most, so that a search is short and ends. */
	if ((!s->slots || 2 * s->used > s->mask) && seen_grow(s))
		return -ENOMEM;
	slot = seen_slot(s, key);
	if (!seen_is_zero(s, slot))
		return 0;
	memcpy(slot, key, s->width * sizeof(*key));
	s->used++;
	return 1;
}

/*
 * The compact trace, built from the full one. A pair that was seen is not written; its PC
 * goes onto @path, the way from the last word written to the last PC. A PC that is on it
 * already closes a loop, which is cut out. A pair that is new is written behind the path.
 */
#define PATH_MAX_PCS	256

struct compact {
	struct seen pairs;
	uint64_t path[PATH_MAX_PCS];
	unsigned int len;
	uint64_t prev;
	uint64_t last;		/* written */
	int (*write)(void *arg, uint64_t pc);
	void *arg;
};

static inline int compact_flush(struct compact *c)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < c->len; i++)
		err = c->write(c->arg, c->path[i]);
	if (c->len)
		c->last = c->path[c->len - 1];
	c->len = 0;
	return err;
}

static inline int compact_write(struct compact *c, uint64_t pc)
{
	int err = compact_flush(c);

	c->last = pc;
	return err ? err : c->write(c->arg, pc);
}

/* Writing the path early is correct, too: so its length is bounded. */
static inline int compact_extend(struct compact *c, uint64_t pc)
{
	if (pc == c->last) {
		c->len = 0;
		return 0;
	}
	for (unsigned int i = c->len; i--;)
		if (c->path[i] == pc) {
			c->len = i + 1;
			return 0;
		}
	c->path[c->len++] = pc;
	return c->len == PATH_MAX_PCS ? compact_flush(c) : 0;
}

static inline int compact_pc(struct compact *c, uint64_t pc)
{
	const uint64_t pair[2] = { c->prev, pc };
	int new = seen_add(&c->pairs, pair);

	c->prev = pc;
	if (new < 0)
		return new;
	return new ? compact_write(c, pc) : compact_extend(c, pc);
}

#endif /* UKCOV_REPEATS_H */
