/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A KCOV window: an area, and the items in it, each once. See kcov_dedup.h.
 *
 * A *window* is an area that userspace maps (word 0 is the count of the items
 * that follow), the set of its items, and the number of those that did not fit.
 * Userspace may write to the area at any time, so nothing is read from it but one
 * thing: a 0 in word 0 asks for a reset. All else is in struct kcov_dedup,
 * which userspace does not see.
 *
 * A window is *young* while it has few items. Whether an item is new cannot be foreseen
 * then, so nothing branches on that. The items lie in a small table, each with the number of
 * its window, which never comes again; an item of another window is overwritten. An item is
 * written in any case, and counted if it is new. With more items, or with many that want the
 * same place, the window grows up: they move to the set, which is empty until then. A window
 * after one with more items has no youth, and two that are recorded together grow up together.
 * Comparisons lie where the set has its keys, and the table has their indices.
 */
#ifndef _KCOV_DEDUP_WINDOW_H
#define _KCOV_DEDUP_WINDOW_H

#include <asm/barrier.h>

#include "kcov_dedup_set.h"

/* A young window has an eighth as many items as slots, at most. A power of two. */
#define KCOV_DEDUP_YOUNG_SPARSE	8U

/* Below the number of a window, in a slot: the index of a comparison. */
#define KCOV_DEDUP_INDEX_BITS	16

/* The bits of the previous PC that enter an edge word, and that it changes. */
#define KCOV_DEDUP_EDGE_BITS	0xfffU

/*
 * Ids: of what comes before the first PC that has one; of all PCs that have none, in whose
 * @next nothing ever is; and of the PC at an index in the set.
 */
#define KCOV_DEDUP_BEGIN	KCOV_DEDUP_ID(0)
#define KCOV_DEDUP_NONE		KCOV_DEDUP_ID(1)
#define KCOV_DEDUP_ID_OF(index)	KCOV_DEDUP_ID((index) + 2)
#define KCOV_DEDUP_INDEX(id)	((id) / KCOV_DEDUP_ID(1) - 2)
#define KCOV_DEDUP_ID(n)	((n) * (u32)sizeof(struct kcov_dedup_next))

/**
 * struct kcov_dedup_next - what followed a PC
 * @pc:		the PC of @last, so that most callbacks look at one cache line; or 0
 * @last:	the id that came after it last, or KCOV_DEDUP_NONE
 * @other:	the last one that came after it and is not @last, or KCOV_DEDUP_NONE
 */
struct kcov_dedup_next {
	unsigned long	pc;
	u32		last;
	u32		other;
};

/**
 * struct kcov_dedup_slot - a place for an item of a young window
 * @key:	the PC or edge word; a comparison lies where the set has its keys
 * @window:	the number of its window, and the comparison's index; of another window: there is
 *		no item
 */
struct kcov_dedup_slot {
	unsigned long	key;
	u64		window;
};

/**
 * struct kcov_dedup_young - the items of a window while it is young
 * @slots:	where they are
 * @mask:	the number of slots, a power of two, less one
 * @limit:	the most items; 0: no window is young
 * @room:	the same for this window: 0 if the one before grew up
 * @window:	the number of this window, and an index of 0
 */
struct kcov_dedup_young {
	struct kcov_dedup_slot	*slots;
	u32			mask;
	u32			limit;
	unsigned long		room;
	u64			window;
};

/**
 * struct kcov_dedup_window - an area and what is in it
 * @area:	shared with userspace: word 0 is the count, items follow; the count of
 *		comparisons has 64 bits on every architecture
 * @capacity:	items that @area has room for
 * @recorded:	items in @area
 * @dropped:	items that @area had no room for
 * @untracked:	items that @set had no room for
 * @prev:	of edge words: what the previous PC adds to the next one
 * @prev_id:	of a compact trace: the id of the previous PC; KCOV_DEDUP_NONE if there is
 *		nothing in the window
 * @young:	the items of a young window; @set is empty then
 * @set:	the items, recorded or dropped
 */
struct kcov_dedup_window {
	unsigned long		*area;
	unsigned long		capacity;
	unsigned long		recorded;
	unsigned long		dropped;
	unsigned long		untracked;
	unsigned long		prev;
	u32			prev_id;
	struct kcov_dedup_young	young;
	struct kcov_dedup_set	set;
};

/**
 * kcov_dedup_edge_hash() - what a PC adds to the edge word of the next one
 * @pc: the PC, or 0 before the first
 *
 * An edge word is the PC ^ this. Thomas Wang's 32-bit integer hash.
 */
static __always_inline unsigned long kcov_dedup_edge_hash(unsigned long pc)
{
	u32 a = pc & KCOV_DEDUP_EDGE_BITS;

	a = (a ^ 61) ^ (a >> 16);
	a += a << 3;
	a ^= a >> 4;
	a *= 0x27d4eb2d;
	a ^= a >> 15;
	return a & KCOV_DEDUP_EDGE_BITS;
}

/**
 * kcov_dedup_reset() - reset a window
 * @w: the window
 *
 * O(1). Leaves word 0 to the first item that follows.
 */
static __always_inline void kcov_dedup_reset(struct kcov_dedup_window *w)
{
	if (w->set.used > w->set.most)
		w->set.most = w->set.used;
	w->young.room = w->recorded > w->young.limit ? 0 : w->young.limit;
	w->young.window += 1 << KCOV_DEDUP_INDEX_BITS;
	w->set.used = 0;
	w->prev = kcov_dedup_edge_hash(0);
	w->prev_id = KCOV_DEDUP_NONE;
	WRITE_ONCE(w->recorded, 0);
	WRITE_ONCE(w->dropped, 0);
	WRITE_ONCE(w->untracked, 0);
}

/*
 * Does word 0 ask for a reset? While nothing is recorded there is a 0 there anyway,
 * which asks for nothing.
 */
static __always_inline bool kcov_dedup_reset_is_asked(struct kcov_dedup_window *w, u32 words)
{
	return READ_ONCE(w->recorded) && !(words == KCOV_DEDUP_PC_WORDS ?
					   READ_ONCE(w->area[0]) :
					   READ_ONCE(*(u64 *)w->area));
}

/* Reset the window if userspace asks for it. */
static __always_inline void kcov_dedup_reset_if_asked(struct kcov_dedup_window *w, u32 words)
{
	if (unlikely(kcov_dedup_reset_is_asked(w, words)))
		kcov_dedup_reset(w);
}

/* Write an item to the place @n of the area, then @count. */
static __always_inline void
kcov_dedup_write(struct kcov_dedup_window *w, unsigned long n, const unsigned long *item,
		 u32 words, unsigned long count)
{
	WRITE_ONCE(w->recorded, count);
	if (words == KCOV_DEDUP_PC_WORDS) {
		WRITE_ONCE(w->area[1 + n], *item);
		/* Pairs with the load-acquire of the count in userspace. */
		smp_store_release(&w->area[0], count);
	} else {
		kcov_dedup_copy((unsigned long *)((u64 *)w->area + 1) + n * words, item, words);
		/* As above; on 32-bit the count is stored in two. */
		smp_wmb();
		WRITE_ONCE(*(u64 *)w->area, count);
	}
}

/*
 * Write an item of @words words; count it if there is no room. There is none from then on,
 * so that what was dropped is the end of what there was to write.
 */
static __always_inline void kcov_dedup_put(struct kcov_dedup_window *w,
					   const unsigned long *item, u32 words)
{
	unsigned long n = w->recorded;

	if (n < w->capacity)
		kcov_dedup_write(w, n, item, words, n + 1);
	else
		WRITE_ONCE(w->dropped, w->dropped + 1);
}

/**
 * kcov_dedup_young_bytes() - memory that young windows need
 * @slots: a power of two
 *
 * Return: bytes.
 */
static __always_inline size_t kcov_dedup_young_bytes(u32 slots)
{
	return slots * sizeof(struct kcov_dedup_slot);
}

/**
 * kcov_dedup_young_init() - let windows be young, but for one that goes on
 * @w:		the window, not of a compact trace; its set and capacity are made already
 * @mem:	kcov_dedup_young_bytes() bytes, zeroed; otherwise as for kcov_dedup_set_init()
 * @slots:	at most KCOV_DEDUP_YOUNG_SPARSE times the keys of the set
 */
static __always_inline void
kcov_dedup_young_init(struct kcov_dedup_window *w, void *mem, u32 slots)
{
	u32 limit = slots / KCOV_DEDUP_YOUNG_SPARSE;

	w->young.slots = mem;
	w->young.mask = slots - 1;
	w->young.limit = limit < w->capacity ? limit : w->capacity;
	w->young.room = w->recorded ? 0 : w->young.limit;
	w->young.window = 1 << KCOV_DEDUP_INDEX_BITS;
}

/*
 * An item of @words words, if the window is young and its first slot is free or has it. Return:
 * false if it is for kcov_dedup_add(). Then at most a key behind those in use was changed.
 */
static __always_inline bool
kcov_dedup_young_add(struct kcov_dedup_window *w, const unsigned long *item, u32 words)
{
	struct kcov_dedup_young *y = &w->young;
	struct kcov_dedup_slot *slot = &y->slots[kcov_dedup_item_hash(item, words) & y->mask];
	unsigned long n = w->recorded, index = 0, seen;
	u64 window = y->window, number;

	if (unlikely(n >= y->room))
		return false;
	number = slot->window ^ window;
	seen = -(unsigned long)!(number >> KCOV_DEDUP_INDEX_BITS);
	/* Or compilers would make a branch of it. */
	OPTIMIZER_HIDE_VAR(seen);
	if (words == KCOV_DEDUP_PC_WORDS) {
		if (unlikely((slot->key ^ *item) & seen))
			return false;
		slot->key = *item;
	} else {
		index = (number & seen) | (n & ~seen);
		kcov_dedup_copy(w->set.keys + n * words, item, words);
		if (unlikely(!kcov_dedup_same(w->set.keys + index * words, item, words)))
			return false;
	}
	slot->window = window | index;
	kcov_dedup_write(w, n, item, words, n + 1 + seen);
	return true;
}

/* The same, in other slots. Return: FULL if the window is to grow up. */
static __always_inline enum kcov_dedup_verdict
kcov_dedup_young_find(struct kcov_dedup_window *w, const unsigned long *item, u32 words)
{
	u32 probes = KCOV_DEDUP_PROBES, at = kcov_dedup_item_hash(item, words);
	unsigned long *key, index = words == KCOV_DEDUP_PC_WORDS ? 0 : w->recorded;
	struct kcov_dedup_young *y = &w->young;
	struct kcov_dedup_slot *slot;
	u64 number;

	if (w->recorded >= y->room)
		return KCOV_DEDUP_FULL;
	do {
		slot = &y->slots[at++ & y->mask];
		number = slot->window ^ y->window;
		if (number >> KCOV_DEDUP_INDEX_BITS) {
			key = words == KCOV_DEDUP_PC_WORDS ? &slot->key :
							     w->set.keys + index * words;
			kcov_dedup_copy(key, item, words);
			slot->window = y->window | index;
			return KCOV_DEDUP_NEW;
		}
		key = words == KCOV_DEDUP_PC_WORDS ? &slot->key : w->set.keys + number * words;
		if (kcov_dedup_same(key, item, words))
			return KCOV_DEDUP_SEEN;
	} while (--probes);
	return KCOV_DEDUP_FULL;
}

/**
 * kcov_dedup_grow_up() - move the items of a young window to its set
 * @w:		the window
 * @words:	of an item
 */
static __always_inline void kcov_dedup_grow_up(struct kcov_dedup_window *w, u32 words)
{
	struct kcov_dedup_slot *slot = w->young.slots;
	unsigned long *key = w->set.keys, left = w->young.room ? w->recorded : 0;

	w->young.room = 0;
	/* Comparisons are there already, each in its place. */
	for (; left && words != KCOV_DEDUP_PC_WORDS; left--, key += words)
		kcov_dedup_set_add(&w->set, key, words);
	for (left = left ? w->young.mask + 1 : 0; left; left--, slot++)
		if (slot->window == w->young.window)
			kcov_dedup_set_add(&w->set, &slot->key, words);
}

/* An item of a window, of @words words: write it unless the window has it. */
static __always_inline void kcov_dedup_add(struct kcov_dedup_window *w,
					   const unsigned long *item, u32 words)
{
	enum kcov_dedup_verdict verdict = KCOV_DEDUP_FULL;

	if (w->young.room) {
		verdict = kcov_dedup_young_find(w, item, words);
		if (verdict == KCOV_DEDUP_FULL)
			kcov_dedup_grow_up(w, words);
	}
	if (verdict == KCOV_DEDUP_FULL)
		verdict = kcov_dedup_set_add(&w->set, item, words);
	if (verdict == KCOV_DEDUP_SEEN)
		return;
	if (verdict == KCOV_DEDUP_FULL)
		WRITE_ONCE(w->untracked, w->untracked + 1);
	kcov_dedup_put(w, item, words);
}

#endif /* _KCOV_DEDUP_WINDOW_H */
