/* SPDX-License-Identifier: MIT */
/* Names, each once, that stay where they are. */
#ifndef UKCOV_STRINGS_H
#define UKCOV_STRINGS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct strings_block {
	struct strings_block *next;
	size_t used;
	char text[];
};

#define STRINGS_BLOCK	65536

struct strings {
	const char **slots;
	size_t mask;
	size_t used;
	struct strings_block *blocks;
};

/* Eight bytes at a time: there are a hundred paths to hash in each of thousands of units. */
static inline uint64_t strings_hash(const char *s)
{
	uint64_t h = 0, word = 0;
	size_t len = strlen(s);

	for (; len >= sizeof(word); len -= sizeof(word), s += sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = (h ^ word ^ h >> 32) * 0x9e3779b97f4a7c15;
	}
	word = len;
	memcpy(&word, s, len);
	h = (h ^ word ^ h >> 32) * 0x9e3779b97f4a7c15;
	return h ^ h >> 32;
}

static inline void strings_free(struct strings *s)
{
	struct strings_block *b;

	while ((b = s->blocks)) {
		s->blocks = b->next;
		free(b);
	}
	free(s->slots);
	memset(s, 0, sizeof(*s));
}

static inline const char **strings_slot(const struct strings *s, const char *text)
{
	size_t i = strings_hash(text) & s->mask;

	while (s->slots[i] && strcmp(s->slots[i], text))
		i = (i + 1) & s->mask;
	return &s->slots[i];
}

static inline int strings_grow(struct strings *s)
{
	struct strings old = *s;
	size_t slots = old.slots ? 2 * (old.mask + 1) : 4096;

	s->slots = calloc(slots, sizeof(*s->slots));
	if (!s->slots) {
		s->slots = old.slots;
		return -1;
	}
	s->mask = slots - 1;
	for (size_t i = 0; old.slots && i <= old.mask; i++)
		if (old.slots[i])
			*strings_slot(s, old.slots[i]) = old.slots[i];
	free(old.slots);
	return 0;
}

static inline char *strings_copy(struct strings *s, const char *text)
{
	size_t len = strlen(text) + 1;
	size_t room = len > STRINGS_BLOCK ? len : STRINGS_BLOCK;
	struct strings_block *b = s->blocks;

	if (!b || b->used + len > STRINGS_BLOCK) {
		b = malloc(sizeof(*b) + room);
		if (!b)
			return NULL;
		b->next = s->blocks;
		b->used = 0;
		s->blocks = b;
	}
	b->used += len;
	return memcpy(b->text + b->used - len, text, len);
}

/* The one copy of @text; NULL: no memory. */
static inline const char *strings_get(struct strings *s, const char *text)
{
	const char **slot;

	if ((!s->slots || 2 * s->used > s->mask) && strings_grow(s))
		return NULL;
	slot = strings_slot(s, text);
	if (!*slot) {
		*slot = strings_copy(s, text);
		s->used += !!*slot;
	}
	return *slot;
}

#endif /* UKCOV_STRINGS_H */
