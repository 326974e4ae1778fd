/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A compact trace: a shorter one with the same PCs and the same pairs of consecutive PCs.
 *
 * The first @raw callbacks of a window are written as they come, since any trace
 * is a compact trace of itself. What follows is shortened, as if a window began there in
 * which the last of them came before the first PC. That makes short windows as cheap as a
 * full trace; pairs from before are NEW once more, no more than that.
 *
 * Every PC that has a place in the set of PCs has an *id*, by its index there.
 * For each id, @next holds the two different ids that came after it last; the pairs
 * that had to make room there are in a set of their own. So a pair is SEEN if it is in
 * @next or in that set. It is NEW if it is not, and FULL if one of its PCs has no
 * id. For a pair that is SEEN nothing is written. Otherwise *the path* is written, the
 * way from the last word written, w, to the previous PC, p; and then the PC itself.
 *
 * The path is stored nowhere: it is the way from w along @next[].last until p is reached
 * for the first time. There is such a way, after every callback:
 *
 *	It is empty after a word was written: p is w. Let it be w = x0, x1 .. xk = p,
 *	all different. Let a PC c come, and its pair (p, c) be SEEN. Only @next[p].last
 *	changes, and becomes c. p is but the end of the way, so up to p it is still there,
 *	and now leads on to c. If c is new to it, it is longer by c. If c is xi, it ends
 *	there: the loop from xi back to xi is gone.
 *
 * Let t be the full trace of a window and s what was written and then the path. After every
 * callback, without drops:
 *
 * - s is a subsequence of t in which the last word stands for the last callback. A PC that
 *   is appended stands for its own callback; one at which the path is cut now stands for
 *   this callback instead of an earlier one, and those before it stay. So s is never
 *   longer than t.
 * - No pair in s is false: two words side by side are a PC and what followed it, in
 *   @next or just now. So is 0 and the first word.
 * - No pair of t is missing: when it came first, it was written as it came, or it was NEW or
 *   FULL, and was written after p, the end of the path or else the last word. It is SEEN
 *   only afterwards. So no PC of t is missing either: each is the second one of a pair.
 * - Pairs appear first in the same order: those on the path were SEEN, so they are in what
 *   was written before. A pair that appears in s for the first time is the one for which
 *   the path was written, in the callback in which it appears in t for the first time.
 * - To write the path at any other time leaves s as it is. So kcov_dedup_flush() may
 *   come anywhere, and nothing is lost if it comes last.
 * - To forget pairs, as happens when a set is full, only makes more of them NEW. All
 *   that is said here holds if every pair is FULL, and then s is t.
 *
 * With drops: once a word finds no room, none does until the window ends. So the area holds
 * the beginning of what was to be written, and a pair in that is a pair in s.
 *
 * What is lost: how often something came, in what order it came again and, without a flush,
 * what followed the last pair that was NEW. The work of a callback is bounded by the
 * number of ids: a path has each at most once, and it takes as many callbacks to make one.
 */
#ifndef _KCOV_DEDUP_COMPACT_H
#define _KCOV_DEDUP_COMPACT_H

#include "kcov_dedup_window.h"

/* A compact trace has room for so many times fewer pairs, beside two per PC, than PCs. */
#define KCOV_DEDUP_PC_PAIRS	2U

/**
 * union kcov_dedup_pair - two consecutive PCs
 * @id:		of the first one, of the second one
 * @word:	the same, as a key
 */
union kcov_dedup_pair {
	u32		id[2];
	unsigned long	word[2 * sizeof(u32) / sizeof(unsigned long)];
};

#define KCOV_DEDUP_PAIR_WORDS	(sizeof(union kcov_dedup_pair) / sizeof(unsigned long))

/**
 * struct kcov_dedup_compact - a compact trace, but for its area and PCs
 * @next:	for each id, which is how many bytes its own is behind the first one
 * @raw:	so many callbacks of a window are written as they come
 * @written:	the id of the last word written
 * @pairs:	the pairs of ids that @next had no room for
 *
 * But for @raw and @next it means nothing while the set of PCs is empty: a new window needs no
 * more than that.
 */
struct kcov_dedup_compact {
	struct kcov_dedup_next	*next;
	u32			raw;
	u32			written;
	struct kcov_dedup_set	pairs;
};

/* Ids are small numbers, and those of a pair often close together. */
static __always_inline u32 kcov_dedup_pair_hash(const union kcov_dedup_pair *pair)
{
	u32 h = pair->id[0] * KCOV_DEDUP_GOLDEN32;

	h = (h ^ pair->id[1]) * KCOV_DEDUP_GOLDEN32;
	return h ^ h >> 15;
}

/**
 * kcov_dedup_compact_bytes() - memory that a compact trace needs beside the set of PCs
 * @limit: the number of PCs, a power of two from 2 to 2^26
 *
 * Return: bytes.
 */
static __always_inline size_t kcov_dedup_compact_bytes(u32 limit)
{
	return kcov_dedup_set_bytes(limit / KCOV_DEDUP_PC_PAIRS, KCOV_DEDUP_PAIR_WORDS) +
	       ((size_t)limit + 2) * sizeof(struct kcov_dedup_next);
}

static __always_inline struct kcov_dedup_next *
kcov_dedup_next_of(struct kcov_dedup_compact *c, u32 id)
{
	return (void *)c->next + id;
}

static __always_inline void kcov_dedup_next_init(struct kcov_dedup_compact *c, u32 id)
{
	*kcov_dedup_next_of(c, id) = (struct kcov_dedup_next){
		.last = KCOV_DEDUP_NONE,
		.other = KCOV_DEDUP_NONE,
	};
}

/**
 * kcov_dedup_compact_init() - make an empty compact trace
 * @w:		its window, whose set is made already, and empty
 * @c:		the trace
 * @mem:	kcov_dedup_compact_bytes() bytes, for the limit of that set; otherwise as
 *		for kcov_dedup_set_init()
 * @raw:	callbacks of a window that are written as they come
 */
static __always_inline void
kcov_dedup_compact_init(struct kcov_dedup_window *w, struct kcov_dedup_compact *c, void *mem,
			u32 raw)
{
	u32 limit = w->set.limit;

	c->next = mem;
	c->raw = raw;
	kcov_dedup_set_init(&c->pairs, c->next + limit + 2, limit / KCOV_DEDUP_PC_PAIRS,
			    KCOV_DEDUP_PAIR_WORDS);
	w->prev_id = KCOV_DEDUP_NONE;
	kcov_dedup_next_init(c, KCOV_DEDUP_NONE);
}

/* Write the path. It has each id at most once: none in a window without PCs. */
static __always_inline void
kcov_dedup_path_write(struct kcov_dedup_window *w, struct kcov_dedup_compact *c)
{
	u32 id = c->written, left = w->set.used;
	struct kcov_dedup_next *next;

	for (; id != w->prev_id && left; left--) {
		next = kcov_dedup_next_of(c, id);
		kcov_dedup_put(w, &next->pc, KCOV_DEDUP_PC_WORDS);
		id = next->last;
	}
	c->written = id;
}

static __always_inline enum kcov_dedup_verdict
kcov_dedup_pair_add(struct kcov_dedup_compact *c, u32 prev, u32 id)
{
	union kcov_dedup_pair pair = { .id = { prev, id } };
	u32 index;

	return kcov_dedup_set_find(&c->pairs, kcov_dedup_pair_hash(&pair), pair.word,
				   KCOV_DEDUP_PAIR_WORDS, &index);
}

/* A PC comes after another one, and was not the last to do so. */
static __always_inline void
kcov_dedup_follow(struct kcov_dedup_next *next, u32 id, unsigned long pc)
{
	next->other = next->last;
	next->last = id;
	next->pc = pc;
}

/* A pair that is not in @next: what is it? It gets room there. */
static __always_inline enum kcov_dedup_verdict
kcov_dedup_pair(struct kcov_dedup_compact *c, u32 prev, u32 id)
{
	u32 other = kcov_dedup_next_of(c, prev)->other;
	enum kcov_dedup_verdict verdict;

	/* Most PCs have no third successor, and their pairs are never in the set. */
	if (other == KCOV_DEDUP_NONE)
		return KCOV_DEDUP_NEW;
	verdict = kcov_dedup_pair_add(c, prev, id);
	/* FULL: it will be written again. */
	kcov_dedup_pair_add(c, prev, other);
	return verdict;
}

/* Of a PC that is not the last one to follow @prev: was it the one before that? */
static __always_inline bool kcov_dedup_other(struct kcov_dedup_window *w,
					     struct kcov_dedup_compact *c, unsigned long pc)
{
	struct kcov_dedup_next *next = kcov_dedup_next_of(c, w->prev_id);
	u32 id = next->other;

	if (id == KCOV_DEDUP_NONE || w->set.keys[KCOV_DEDUP_INDEX(id)] != pc)
		return false;
	kcov_dedup_follow(next, id, pc);
	w->prev_id = id;
	return true;
}

/* A PC of a compact trace, after kcov_dedup_enter() and kcov_dedup_mode(). */
static __always_inline void kcov_dedup_compact_add(struct kcov_dedup_window *w,
						   struct kcov_dedup_compact *c, unsigned long pc)
{
	enum kcov_dedup_verdict verdict;
	struct kcov_dedup_next *next;
	u32 index = 0, id;

	kcov_dedup_reset_if_asked(w, KCOV_DEDUP_PC_WORDS);
	if (w->recorded + w->dropped < c->raw) {
		kcov_dedup_put(w, &pc, KCOV_DEDUP_PC_WORDS);
		return;
	}
	if (!w->set.used) {
		c->pairs.used = 0;
		c->written = KCOV_DEDUP_BEGIN;
		w->prev_id = KCOV_DEDUP_BEGIN;
		kcov_dedup_next_init(c, KCOV_DEDUP_BEGIN);
	}

	/* kcov_dedup_compact_fast() has looked at @last, unless something else was odd. */
	if (kcov_dedup_other(w, c, pc))
		return;

	verdict = kcov_dedup_set_find(&w->set, kcov_dedup_hash(pc), &pc, KCOV_DEDUP_PC_WORDS,
				      &index);
	id = verdict == KCOV_DEDUP_FULL ? KCOV_DEDUP_NONE : KCOV_DEDUP_ID_OF(index);
	if (verdict == KCOV_DEDUP_NEW)
		kcov_dedup_next_init(c, id);

	next = kcov_dedup_next_of(c, w->prev_id);
	if (id == KCOV_DEDUP_NONE || w->prev_id == KCOV_DEDUP_NONE) {
		verdict = KCOV_DEDUP_FULL;
	} else if (id == next->last) {
		verdict = KCOV_DEDUP_SEEN;
	} else {
		verdict = kcov_dedup_pair(c, w->prev_id, id);
		kcov_dedup_follow(next, id, pc);
	}

	if (verdict == KCOV_DEDUP_FULL)
		WRITE_ONCE(w->untracked, w->untracked + 1);
	if (verdict != KCOV_DEDUP_SEEN) {
		kcov_dedup_path_write(w, c);
		kcov_dedup_put(w, &pc, KCOV_DEDUP_PC_WORDS);
		c->written = id;
	}
	w->prev_id = id;
}

#endif /* _KCOV_DEDUP_COMPACT_H */
