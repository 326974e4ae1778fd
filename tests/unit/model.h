/* SPDX-License-Identifier: MIT */
/*
 * What the engine must do, told in the plainest way: everything is cleared when a
 * window begins, a key is looked for in a list of its own, and a copy of both
 * areas says what userspace must see.
 */
#ifndef MODEL_H
#define MODEL_H

#include "state.h"

#define MODEL_BUCKETS	4093	/* a prime: another hash than the engine's */

struct model_key {
	unsigned long	key;
	bool		tracked;	/* in the set; otherwise FULL every time */
	u32		next;		/* index + 1 into keys[], of the same bucket */
};

struct model_window {
	unsigned long	*area;		/* a copy: word 0 and items */
	unsigned long	capacity, recorded, dropped, untracked;
	u32		limit, tracked;
	bool		*taken;		/* slots of the engine's set */
	u32		*taken_list;	/* @tracked of them, to clear */
	u32		slots;
	struct model_key *keys;		/* all keys of the window, in order */
	u32		n, max;
	u32		bucket[MODEL_BUCKETS];
	bool		spoiled;	/* userspace wrote something but a 0 */
};

struct model {
	u32		mode;
	bool		flag;		/* a reset is asked for */
	unsigned long	prev;
	struct model_window main, edge;
};

static inline void model_window_make(struct model_window *w, struct shape s)
{
	memset(w, 0, sizeof(*w));
	w->area = calloc(s.words, sizeof(*w->area));
	w->capacity = s.words - 1;
	w->limit = s.limit;
	w->slots = s.limit * KCOV_DEDUP_SPARSE;
	w->taken = calloc(w->slots, sizeof(*w->taken));
	w->taken_list = calloc(s.limit, sizeof(*w->taken_list));
}

static inline void model_window_free(struct model_window *w)
{
	free(w->area);
	free(w->taken);
	free(w->taken_list);
	free(w->keys);
}

static inline void model_make(struct model *m, u32 mode, struct shape main,
			      struct shape edge)
{
	m->mode = mode;
	m->flag = false;
	m->prev = 0;
	model_window_make(&m->main, main);
	model_window_make(&m->edge, edge);
}

static inline void model_free(struct model *m)
{
	model_window_free(&m->main);
	model_window_free(&m->edge);
}

static inline void model_reset(struct model_window *w)
{
	u32 i;

	for (i = 0; i < w->tracked; i++)
		w->taken[w->taken_list[i]] = false;
	for (i = 0; i < w->n; i++)
		w->bucket[w->keys[i].key % MODEL_BUCKETS] = 0;
	w->n = 0;
	w->tracked = 0;
	w->recorded = 0;
	w->dropped = 0;
	w->untracked = 0;
	w->spoiled = false;
}

static inline struct model_key *model_find(struct model_window *w, unsigned long key)
{
	u32 i = w->bucket[key % MODEL_BUCKETS];

	while (i && w->keys[i - 1].key != key)
		i = w->keys[i - 1].next;
	return i ? &w->keys[i - 1] : NULL;
}

static inline struct model_key *model_new(struct model_window *w, unsigned long key)
{
	u32 *bucket = &w->bucket[key % MODEL_BUCKETS];

	if (w->n == w->max) {
		w->max = w->max ? 2 * w->max : 64;
		w->keys = realloc(w->keys, w->max * sizeof(*w->keys));
	}
	w->keys[w->n] = (struct model_key){ .key = key, .next = *bucket };
	*bucket = ++w->n;
	return &w->keys[w->n - 1];
}

/* Is there a place for a key? At most limit, and not too far from its first slot. */
static inline bool model_place(struct model_window *w, unsigned long key)
{
	u32 i, slot;

	if (w->tracked == w->limit)
		return false;
	for (i = 0; i < KCOV_DEDUP_PROBES; i++) {
		slot = (kcov_dedup_hash(key) + i) % w->slots;
		if (w->taken[slot])
			continue;
		w->taken[slot] = true;
		w->taken_list[w->tracked++] = slot;
		return true;
	}
	return false;
}

static inline void model_item(struct model_window *w, unsigned long item)
{
	struct model_key *k = model_find(w, item);

	if (k && k->tracked)
		return;
	if (!k) {
		k = model_new(w, item);
		k->tracked = model_place(w, item);
	}
	w->untracked += !k->tracked;
	if (w->recorded == w->capacity) {
		w->dropped++;
		return;
	}
	w->recorded++;
	w->area[w->recorded] = item;
	w->area[0] = w->recorded;
}

/* Design, section 4, by 64-bit arithmetic. */
static inline unsigned long model_edge_word(unsigned long prev, unsigned long pc)
{
	uint64_t a = prev % 4096;

	a = (a ^ 61) ^ (a >> 16);
	a = (a * 9) % (1ull << 32);
	a = a ^ (a >> 4);
	a = (a * 0x27d4eb2dull) % (1ull << 32);
	a = a ^ (a >> 15);
	return pc ^ (unsigned long)(a % 4096);
}

static inline bool model_asked(const struct model_window *w)
{
	return w->capacity && w->area[0] == 0;
}

static inline void model_callback(struct model *m, unsigned long pc)
{
	if (m->flag) {
		m->flag = false;
		model_reset(&m->main);
		model_reset(&m->edge);
		m->prev = 0;
	}
	if (m->mode & MODE_PC) {
		if (model_asked(&m->main))
			model_reset(&m->main);
		model_item(&m->main, pc);
	}
	if (m->mode & MODE_EDGE) {
		if (model_asked(&m->edge)) {
			model_reset(&m->edge);
			m->prev = 0;
		}
		model_item(&m->edge, model_edge_word(m->prev, pc));
		m->prev = pc;
	}
}

#endif /* MODEL_H */
