/* SPDX-License-Identifier: MIT */
/* An open-addressed table from 64 bits to 32. */
#ifndef UKCOV_TABLE_H
#define UKCOV_TABLE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lines.h"

struct table {
	struct pair {
		uint64_t key;
		uint32_t value;
	} *slots;
	size_t mask;
	size_t used;
};

static inline struct pair *table_slot(const struct table *t, uint64_t key)
{
	size_t i = (key ^ key >> 32) * 0x9e3779b97f4a7c15 >> 20;

	for (i &= t->mask; t->slots[i].key && t->slots[i].key != key; i = (i + 1) & t->mask)
		;
	return &t->slots[i];
}

static inline int table_grow(struct table *t)
{
	struct table old = *t;
	size_t slots = old.slots ? 2 * (old.mask + 1) : 1024;

	t->slots = calloc(slots, sizeof(*t->slots));
	if (!t->slots) {
		*t = old;
		return -ENOMEM;
	}
	t->mask = slots - 1;
	for (size_t i = 0; old.slots && i <= old.mask; i++)
		if (old.slots[i].key)
			*table_slot(t, old.slots[i].key) = old.slots[i];
	free(old.slots);
	return 0;
}

/* Where the value of @key is; new ones are NONE. The key is not 0. NULL: no memory. */
static inline uint32_t *table_get(struct table *t, uint64_t key)
{
	struct pair *p;

	if ((!t->slots || 2 * t->used > t->mask) && table_grow(t))
		return NULL;
	p = table_slot(t, key);
	if (!p->key) {
		p->key = key;
		p->value = NONE;
		t->used++;
	}
	return &p->value;
}

#endif /* UKCOV_TABLE_H */
