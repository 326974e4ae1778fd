/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Record each PC, edge or comparison of a KCOV window once; or a shortened trace that
 * has the same PCs and the same pairs of consecutive PCs as the whole one.
 *
 * Pure data structure, used by the kernel's coverage callbacks and, unchanged,
 * by host tests: the caller passes memory in, nothing here allocates, locks,
 * prints or calls out, and every loop is bounded.
 *
 * A *set* answers SEEN, NEW or FULL for a key: a PC or an edge word, which is one
 * word, or a comparison, which is some (type, both arguments, PC). Its keys lie in an
 * array in the order in which they came; an open-addressed table of indices into
 * that array finds them. An index counts only if it is below the number of keys and
 * the key there is the one asked for, so nothing is ever cleared: a new window sets
 * the number of keys to 0, and what the table still holds is recognized as stale.
 * Keys are compared whole, on every architecture.
 *
 * A *window* is an area that userspace maps (word 0 is the count of the items
 * that follow), the set of its items, and the number of those that did not fit.
 * Userspace may write to the area at any time, so nothing is read from it but one
 * thing: a 0 in word 0 asks for a new window. All else is in struct kcov_dedup,
 * which userspace does not see.
 *
 * A window is *young* while it has few items. Whether an item is new cannot be foreseen
 * then, so nothing branches on that. The items lie in a small table, each with the number of
 * its window, which never comes again; an item of another window is overwritten. An item is
 * written in any case, and counted if it is new. With more items, or with many that want the
 * same place, the window grows up: they move to the set, which is empty until then. A window
 * after one with more items has no youth, and two that are recorded together grow up together.
 * Comparisons lie where the set has its keys, and the table has their indices.
 *
 * A *compact trace* is a window, too, but one whose area has PCs more than once. See
 * "Compact trace" below.
 *
 * Re-entrancy: a callback can be interrupted at any instruction by code that
 * makes callbacks of its own (an everyday fact on PREEMPT kernels).
 *
 * - @busy is set while the state may be inconsistent. A callback that finds it
 *   set returns, and has changed nothing but @ignored. Only the callback that set it clears
 *   it, so from setting to clearing it is alone with the state.
 * - A callback that is interrupted before it set @busy, between the test and the
 *   store at the latest, has changed nothing. The inner one runs from beginning to
 *   end, as if it had come first. So nothing that was read before the store may be
 *   relied on after it: kcov_dedup_slow(), kcov_dedup_young(), kcov_dedup_cmp_fast() and
 *   kcov_dedup_compact() read all they need, word 0 included, after kcov_dedup_enter(); so
 *   does kcov_dedup_fast() for edges and for compact traces. A window that has grown up before
 *   kcov_dedup_young() comes to it has no @room there. But for one thing: that word 0 of a
 *   compact trace was not 0 says that nobody had asked for a new window by then. If one was
 *   asked for and begun in between, the callback goes on in that one.
 * - kcov_dedup_fast() looks for PCs in the set without @busy. That writes nothing, so it harms
 *   nobody. Its answer, SEEN, is right for one of two moments: keys are only added
 *   to a window, so if it was not interrupted by the start of a new one, the key is
 *   in the set. If it was, then the new window was asked for after this callback
 *   looked at word 0, and the callback counts as one of the old window (its edge,
 *   if edges are recorded, too, as one of the edge window that there is then).
 * - A task that dies inside a callback leaves @busy set: kcov_dedup_start() clears it, and
 *   new windows begin, since the parts of the old ones may not fit together.
 *
 * Compact trace: the first @raw callbacks of a window are written as they come, since any trace
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
#ifndef _KCOV_DEDUP_H
#define _KCOV_DEDUP_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <asm/barrier.h>

/* What to record; the numbers are those of KCOV_ENABLE. */
#define KCOV_DEDUP_PC		2U
#define KCOV_DEDUP_EDGE		4U
#define KCOV_DEDUP_CMP		8U
#define KCOV_DEDUP_COMPACT	16U

/*
 * With KCOV_DEDUP_PC: the main area does not begin where the caller thinks that it does, so
 * @main0 of kcov_dedup_fast() is another word.
 */
#define KCOV_DEDUP_BITMAP	32U

/* Set in kcov_dedup.mode, by anybody: begin new windows first. */
#define KCOV_DEDUP_RESET	0x10000U

/* Words of a PC or edge word, and of a comparison, as items and as keys. */
#define KCOV_DEDUP_PC_WORDS	1U
#define KCOV_DEDUP_CMP_WORDS	(sizeof(union kcov_dedup_cmp) / sizeof(unsigned long))
#define KCOV_DEDUP_PAIR_WORDS	(sizeof(union kcov_dedup_pair) / sizeof(unsigned long))

/* A set has this many times as many slots as keys. A power of two. */
#define KCOV_DEDUP_SPARSE	4U

/* The most slots that a lookup visits. */
#define KCOV_DEDUP_PROBES	64U

/* A compact trace has room for so many times fewer pairs, beside two per PC, than PCs. */
#define KCOV_DEDUP_PC_PAIRS	2U

/*
 * Ids: of what comes before the first PC that has one; of all PCs that have none, in whose
 * @next nothing ever is; and of the PC at an index in the set.
 */
#define KCOV_DEDUP_BEGIN	KCOV_DEDUP_ID(0)
#define KCOV_DEDUP_NONE		KCOV_DEDUP_ID(1)
#define KCOV_DEDUP_ID_OF(index)	KCOV_DEDUP_ID((index) + 2)
#define KCOV_DEDUP_INDEX(id)	((id) / KCOV_DEDUP_ID(1) - 2)
#define KCOV_DEDUP_ID(n)	((n) * (u32)sizeof(struct kcov_dedup_next))

/* 2^32 and 2^64 by the golden ratio, odd: multiplying spreads the bits of a key. */
#define KCOV_DEDUP_GOLDEN32	0x9e3779b1U
#define KCOV_DEDUP_GOLDEN	0x9e3779b97f4a7c15ULL

/* A young window has an eighth as many items as slots, at most. A power of two. */
#define KCOV_DEDUP_YOUNG_SPARSE	8U

/* Below the number of a window, in a slot: the index of a comparison. */
#define KCOV_DEDUP_INDEX_BITS	16

/* The bits of the previous PC that enter an edge word, and that it changes. */
#define KCOV_DEDUP_EDGE_BITS	0xfffU

enum kcov_dedup_verdict {
	KCOV_DEDUP_SEEN,	/* the key is in the set */
	KCOV_DEDUP_NEW,		/* it was not, and is now */
	KCOV_DEDUP_FULL,	/* it is not, and there is no place for it */
};

/**
 * union kcov_dedup_cmp - a comparison
 * @field:	type, first argument, second argument, PC
 * @word:	the same, as a key
 */
union kcov_dedup_cmp {
	u64		field[4];
	unsigned long	word[4 * sizeof(u64) / sizeof(unsigned long)];
};

/**
 * union kcov_dedup_pair - two consecutive PCs
 * @id:		of the first one, of the second one
 * @word:	the same, as a key
 */
union kcov_dedup_pair {
	u32		id[2];
	unsigned long	word[2 * sizeof(u32) / sizeof(unsigned long)];
};

/**
 * struct kcov_dedup_set - the keys of a window
 * @slots:	@mask + 1 indices into @keys; stale ones are harmless
 * @home:	for each key, the slot that holds its index
 * @keys:	the keys; the first @used are in use
 * @mask:	the number of slots, a power of two, less one
 * @used:	the number of keys
 * @limit:	the number of keys that there is room for
 * @full:	set if a key found no room; the caller may clear it
 * @most:	the most keys of a window that is over; the same holds
 */
struct kcov_dedup_set {
	u32		*slots;
	u32		*home;
	unsigned long	*keys;
	u32		mask;
	u32		used;
	u32		limit;
	u32		full;
	u32		most;
};

/**
 * struct kcov_dedup_slot - a place for an item of a young window
 * @key:	the item, unless it is a comparison
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

/**
 * struct kcov_dedup - what the callbacks of one KCOV descriptor work on
 * @mode:	what to record: KCOV_DEDUP_*, or 0 to count callbacks as dropped
 * @busy:	see "Re-entrancy" above
 * @ignored:	callbacks that found it set; no more, and perhaps less, than there were
 * @main:	the window of PCs, or of comparisons
 * @edge:	the window of edge words
 * @compact:	of a compact trace, what @main does not hold
 */
struct kcov_dedup {
	u32				mode;
	u32				busy;
	unsigned long			ignored;
	struct kcov_dedup_window	main;
	struct kcov_dedup_window	edge;
	struct kcov_dedup_compact	compact;
};

/**
 * kcov_dedup_set_bytes() - memory that a set needs
 * @limit: the number of keys, a power of two up to 2^26
 * @words: words of a key
 *
 * Return: bytes.
 */
static __always_inline size_t kcov_dedup_set_bytes(u32 limit, u32 words)
{
	return limit * (words * sizeof(unsigned long) +
			(1 + KCOV_DEDUP_SPARSE) * sizeof(u32));
}

/**
 * kcov_dedup_set_init() - make an empty set
 * @set:	the set
 * @mem:	kcov_dedup_set_bytes() bytes, aligned for unsigned long, whatever they
 *		hold; owned by the caller, in use as long as the set
 * @limit:	the number of keys, as for kcov_dedup_set_bytes()
 * @words:	words of a key
 */
static __always_inline void
kcov_dedup_set_init(struct kcov_dedup_set *set, void *mem, u32 limit, u32 words)
{
	set->keys = mem;
	set->home = (u32 *)(set->keys + limit * words);
	set->slots = set->home + limit;
	set->mask = limit * KCOV_DEDUP_SPARSE - 1;
	set->used = 0;
	set->limit = limit;
	set->full = 0;
	set->most = 0;
}

/*
 * Consecutive callbacks have PCs that lie close together: their slots do, too, so
 * that few cache lines serve many of them. The higher bits keep stretches of a
 * large text apart.
 */
static __always_inline u32 kcov_dedup_hash(unsigned long key)
{
	return key ^ key >> 16;
}

/*
 * Comparisons have arguments that are numbers of any kind, often with few bits that
 * differ, at either end. The upper half of such a sum depends on all of them, the highest
 * bits of one on the highest of the other.
 */
static __always_inline u32 kcov_dedup_cmp_hash(const union kcov_dedup_cmp *cmp)
{
	u64 h = cmp->field[0] * KCOV_DEDUP_GOLDEN + cmp->field[1] * 0xbf58476d1ce4e5b9ULL +
		cmp->field[2] * 0x94d049bb133111ebULL + cmp->field[3] * 0xd6e8feb86659fd93ULL;

	return h >> 48 ^ h >> 32;
}

/* Of a PC, an edge word or a comparison. */
static __always_inline u32 kcov_dedup_item_hash(const unsigned long *item, u32 words)
{
	return words == KCOV_DEDUP_PC_WORDS ? kcov_dedup_hash(*item) :
					      kcov_dedup_cmp_hash((const void *)item);
}

/* Ids are small numbers, and those of a pair often close together. */
static __always_inline u32 kcov_dedup_pair_hash(const union kcov_dedup_pair *pair)
{
	u32 h = pair->id[0] * KCOV_DEDUP_GOLDEN32;

	h = (h ^ pair->id[1]) * KCOV_DEDUP_GOLDEN32;
	return h ^ h >> 15;
}

/**
 * kcov_dedup_set_has() - is a key in the slot where it is looked for first?
 * @set: the set, of keys of one word
 * @key: the key
 *
 * Changes nothing.
 *
 * Return: true if the key is in the set; false if kcov_dedup_set_add() must tell.
 */
static __always_inline bool
kcov_dedup_set_has(const struct kcov_dedup_set *set, unsigned long key)
{
	u32 n = READ_ONCE(set->slots[kcov_dedup_hash(key) & set->mask]);

	return likely(n < set->used) && likely(set->keys[n] == key);
}

static __always_inline bool
kcov_dedup_same(const unsigned long *a, const unsigned long *b, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Never by a call of memcpy(), which may be instrumented. */
static __always_inline void
kcov_dedup_copy(unsigned long *to, const unsigned long *from, u32 words)
{
	u32 i;

	for (i = 0; i < words; i++)
		WRITE_ONCE(to[i], from[i]);
}

/**
 * kcov_dedup_set_find() - find a key, or add it
 * @set:	the set
 * @slot:	where to look first: a hash of the key
 * @key:	the key
 * @words:	words of a key, a constant
 * @index:	of the key, unless FULL
 *
 * Return: SEEN, NEW or FULL. What is FULL once stays so until the set is emptied.
 */
static __always_inline enum kcov_dedup_verdict
kcov_dedup_set_find(struct kcov_dedup_set *set, u32 slot, const unsigned long *key,
		    u32 words, u32 *index)
{
	unsigned int probes = KCOV_DEDUP_PROBES;
	u32 n;

	do {
		slot &= set->mask;
		n = set->slots[slot];
		if (n >= set->used || set->home[n] != slot) {
			/* A free slot: no key's index is in it. */
			n = set->used;
			if (n == set->limit)
				break;
			kcov_dedup_copy(set->keys + (size_t)n * words, key, words);
			set->home[n] = slot;
			set->slots[slot] = n;
			set->used = n + 1;
			*index = n;
			return KCOV_DEDUP_NEW;
		}
		if (kcov_dedup_same(set->keys + (size_t)n * words, key, words)) {
			*index = n;
			return KCOV_DEDUP_SEEN;
		}
		slot++;
	} while (--probes);

	WRITE_ONCE(set->full, 1);
	return KCOV_DEDUP_FULL;
}

/**
 * kcov_dedup_set_add() - add a key unless it is there
 * @set:	the set
 * @key:	the key
 * @words:	words of a key, a constant: KCOV_DEDUP_PC_WORDS or
 *		KCOV_DEDUP_CMP_WORDS
 *
 * Return: as kcov_dedup_set_find().
 */
static __always_inline enum kcov_dedup_verdict
kcov_dedup_set_add(struct kcov_dedup_set *set, const unsigned long *key, u32 words)
{
	u32 index;

	return kcov_dedup_set_find(set, kcov_dedup_item_hash(key, words), key, words, &index);
}

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
 * kcov_dedup_forget() - begin a new window
 * @w: the window
 *
 * O(1). Leaves word 0 to the first item that follows.
 */
static __always_inline void kcov_dedup_forget(struct kcov_dedup_window *w)
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
 * Does word 0 ask for a new window? While nothing is recorded there is a 0 there anyway,
 * which asks for nothing.
 */
static __always_inline bool kcov_dedup_zeroed(struct kcov_dedup_window *w, u32 words)
{
	return READ_ONCE(w->recorded) && !(words == KCOV_DEDUP_PC_WORDS ?
					   READ_ONCE(w->area[0]) :
					   READ_ONCE(*(u64 *)w->area));
}

/* Begin a new window if userspace asks for one. */
static __always_inline void kcov_dedup_renew(struct kcov_dedup_window *w, u32 words)
{
	if (unlikely(kcov_dedup_zeroed(w, words)))
		kcov_dedup_forget(w);
}

/*
 * Write an item of @words words; count it if there is no room. There is none from then on,
 * so that what was dropped is the end of what there was to write.
 */
static __always_inline void kcov_dedup_put(struct kcov_dedup_window *w,
					   const unsigned long *item, u32 words)
{
	unsigned long n = w->recorded;

	if (n >= w->capacity) {
		WRITE_ONCE(w->dropped, w->dropped + 1);
		return;
	}
	WRITE_ONCE(w->recorded, n + 1);
	if (words == KCOV_DEDUP_PC_WORDS) {
		WRITE_ONCE(w->area[1 + n], *item);
		/* Pairs with the load-acquire of the count in userspace. */
		smp_store_release(&w->area[0], n + 1);
	} else {
		kcov_dedup_copy((unsigned long *)((u64 *)w->area + 1) + n * words,
				item, words);
		/* As above; on 32-bit the count is stored in two. */
		smp_wmb();
		WRITE_ONCE(*(u64 *)w->area, n + 1);
	}
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
 * kcov_dedup_young_init() - let windows be young
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
	w->young.room = w->young.limit;
	w->young.window = 1 << KCOV_DEDUP_INDEX_BITS;
}

/*
 * A PC or edge word, if the window is young and its first slot is free or has it. Return: false
 * if it is for kcov_dedup_add(), and nothing was changed.
 */
static __always_inline bool
kcov_dedup_young_add(struct kcov_dedup_window *w, unsigned long key)
{
	struct kcov_dedup_young *y = &w->young;
	struct kcov_dedup_slot *slot = &y->slots[kcov_dedup_hash(key) & y->mask];
	unsigned long n = w->recorded, *area = w->area, seen;
	u64 window = y->window;

	if (unlikely(n >= y->room))
		return false;
	seen = -(unsigned long)(slot->window == window);
	/* Or compilers would make a branch of it. */
	OPTIMIZER_HIDE_VAR(seen);
	if (unlikely((slot->key ^ key) & seen))
		return false;
	slot->key = key;
	slot->window = window;
	WRITE_ONCE(area[1 + n], key);
	n += 1 + seen;
	WRITE_ONCE(w->recorded, n);
	/* Pairs with the load-acquire of the count in userspace. */
	smp_store_release(&area[0], n);
	return true;
}

static __always_inline bool
kcov_dedup_cmp_same(const union kcov_dedup_cmp *a, const union kcov_dedup_cmp *b)
{
	return !((a->field[0] ^ b->field[0]) | (a->field[1] ^ b->field[1]) |
		 (a->field[2] ^ b->field[2]) | (a->field[3] ^ b->field[3]));
}

static __always_inline void
kcov_dedup_cmp_copy(union kcov_dedup_cmp *to, const union kcov_dedup_cmp *from)
{
	WRITE_ONCE(to->field[0], from->field[0]);
	WRITE_ONCE(to->field[1], from->field[1]);
	WRITE_ONCE(to->field[2], from->field[2]);
	WRITE_ONCE(to->field[3], from->field[3]);
}

/* As kcov_dedup_set_has(), of a comparison. */
static __always_inline bool
kcov_dedup_set_has_cmp(const struct kcov_dedup_set *set, const union kcov_dedup_cmp *cmp)
{
	u32 n = set->slots[kcov_dedup_cmp_hash(cmp) & set->mask];

	return likely(n < set->used) &&
	       likely(kcov_dedup_cmp_same((union kcov_dedup_cmp *)set->keys + n, cmp));
}

/* As kcov_dedup_young_add(), of a comparison. */
static __always_inline bool
kcov_dedup_young_cmp(struct kcov_dedup_window *w, const union kcov_dedup_cmp *cmp)
{
	struct kcov_dedup_slot *slot = &w->young.slots[kcov_dedup_cmp_hash(cmp) & w->young.mask];
	u64 n = w->recorded, index, seen;
	union kcov_dedup_cmp *known = (void *)w->set.keys, *item = (void *)((u64 *)w->area + 1);

	if (unlikely(n >= w->young.room))
		return false;
	index = slot->window ^ w->young.window;
	seen = -(u64)!(index >> KCOV_DEDUP_INDEX_BITS);
	OPTIMIZER_HIDE_VAR(seen);
	index = (index & seen) | (n & ~seen);
	kcov_dedup_cmp_copy(known + n, cmp);
	if (unlikely(!kcov_dedup_cmp_same(known + index, cmp)))
		return false;
	slot->window = w->young.window | index;
	kcov_dedup_cmp_copy(item + n, cmp);
	n += 1 + seen;
	WRITE_ONCE(w->recorded, n);
	/* As in kcov_dedup_put(). */
	smp_wmb();
	WRITE_ONCE(*(u64 *)w->area, n);
	return true;
}

/* An item of a young window, in other slots. Return: FULL if the window is to grow up. */
static __always_inline enum kcov_dedup_verdict
kcov_dedup_young_find(struct kcov_dedup_window *w, const unsigned long *item, u32 words)
{
	u32 probes = KCOV_DEDUP_PROBES, at = kcov_dedup_item_hash(item, words);
	bool cmp = words != KCOV_DEDUP_PC_WORDS;
	struct kcov_dedup_young *y = &w->young;
	struct kcov_dedup_slot *slot;
	unsigned long *key;
	u64 index;

	if (w->recorded >= y->room)
		return KCOV_DEDUP_FULL;
	do {
		slot = &y->slots[at++ & y->mask];
		index = slot->window ^ y->window;
		if (index >> KCOV_DEDUP_INDEX_BITS) {
			index = cmp ? w->recorded : 0;
			slot->window = y->window | index;
			key = cmp ? w->set.keys + index * words : &slot->key;
			kcov_dedup_copy(key, item, words);
			return KCOV_DEDUP_NEW;
		}
		key = cmp ? w->set.keys + index * words : &slot->key;
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
	unsigned long n = w->set.used ? 0 : w->recorded, i;
	u32 left = n ? w->young.mask + 1 : 0;

	w->young.room = 0;
	if (words != KCOV_DEDUP_PC_WORDS) {
		/* Each is there already, in its place. */
		for (i = 0; i < n; i++)
			kcov_dedup_set_add(&w->set, w->set.keys + i * words, words);
		return;
	}
	for (; left; left--, slot++)
		if (slot->window == w->young.window)
			kcov_dedup_set_add(&w->set, &slot->key, words);
}

/* An item of a window, of @words words: write it unless the window has it. */
static __always_inline void kcov_dedup_add(struct kcov_dedup_window *w,
					   const unsigned long *item, u32 words)
{
	enum kcov_dedup_verdict verdict = KCOV_DEDUP_FULL;

	if (!w->set.used) {
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

/**
 * kcov_dedup_enter() - keep callbacks that interrupt this one away
 * @d: the state
 *
 * Return: false if this one has interrupted another, and must change nothing.
 */
static __always_inline bool kcov_dedup_enter(struct kcov_dedup *d)
{
	if (unlikely(READ_ONCE(d->busy))) {
		WRITE_ONCE(d->ignored, d->ignored + 1);
		return false;
	}
	WRITE_ONCE(d->busy, 1);
	/* Pairs with the barrier() in kcov_dedup_leave(), on the same CPU. */
	barrier();
	return true;
}

static __always_inline void kcov_dedup_leave(struct kcov_dedup *d)
{
	/* Pairs with the barrier() in kcov_dedup_enter(), on the same CPU. */
	barrier();
	WRITE_ONCE(d->busy, 0);
}

/* After kcov_dedup_enter(): the mode, without a reset, which is done. */
static __always_inline u32 kcov_dedup_mode(struct kcov_dedup *d)
{
	u32 mode = READ_ONCE(d->mode);

	if (unlikely(mode & KCOV_DEDUP_RESET)) {
		/* First: if somebody sets it again from here on, we come again. */
		mode &= ~KCOV_DEDUP_RESET;
		WRITE_ONCE(d->mode, mode);
		kcov_dedup_forget(&d->main);
		kcov_dedup_forget(&d->edge);
	}
	return mode;
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
kcov_dedup_next_of(struct kcov_dedup *d, u32 id)
{
	return (void *)d->compact.next + id;
}

static __always_inline void kcov_dedup_next_init(struct kcov_dedup *d, u32 id)
{
	*kcov_dedup_next_of(d, id) = (struct kcov_dedup_next){
		.last = KCOV_DEDUP_NONE,
		.other = KCOV_DEDUP_NONE,
	};
}

/**
 * kcov_dedup_compact_init() - make an empty compact trace
 * @d:		the state; its set of PCs, main.set, is made already, and empty
 * @mem:	kcov_dedup_compact_bytes() bytes, for the limit of that set; otherwise as
 *		for kcov_dedup_set_init()
 * @raw:	callbacks of a window that are written as they come
 */
static __always_inline void
kcov_dedup_compact_init(struct kcov_dedup *d, void *mem, u32 raw)
{
	struct kcov_dedup_compact *c = &d->compact;
	u32 limit = d->main.set.limit;

	c->next = mem;
	c->raw = raw;
	kcov_dedup_set_init(&c->pairs, c->next + limit + 2, limit / KCOV_DEDUP_PC_PAIRS,
			    KCOV_DEDUP_PAIR_WORDS);
	d->main.prev_id = KCOV_DEDUP_NONE;
	kcov_dedup_next_init(d, KCOV_DEDUP_NONE);
}

/* Write the path. It has each id at most once: none in a window without PCs. */
static __always_inline void kcov_dedup_path_write(struct kcov_dedup *d)
{
	u32 id = d->compact.written, left = d->main.set.used;
	struct kcov_dedup_next *next;

	for (; id != d->main.prev_id && left; left--) {
		next = kcov_dedup_next_of(d, id);
		kcov_dedup_put(&d->main, &next->pc, KCOV_DEDUP_PC_WORDS);
		id = next->last;
	}
	d->compact.written = id;
}

static __always_inline enum kcov_dedup_verdict
kcov_dedup_pair_add(struct kcov_dedup *d, u32 prev, u32 id)
{
	union kcov_dedup_pair pair = { .id = { prev, id } };
	u32 index;

	return kcov_dedup_set_find(&d->compact.pairs, kcov_dedup_pair_hash(&pair), pair.word,
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
kcov_dedup_pair(struct kcov_dedup *d, u32 prev, u32 id)
{
	u32 other = kcov_dedup_next_of(d, prev)->other;
	enum kcov_dedup_verdict verdict;

	/* Most PCs have no third successor, and their pairs are never in the set. */
	if (other == KCOV_DEDUP_NONE)
		return KCOV_DEDUP_NEW;
	verdict = kcov_dedup_pair_add(d, prev, id);
	/* FULL: it will be written again. */
	kcov_dedup_pair_add(d, prev, other);
	return verdict;
}

/* Of a PC that is not the last one to follow @prev: was it the one before that? */
static __always_inline bool kcov_dedup_other(struct kcov_dedup *d, unsigned long pc)
{
	struct kcov_dedup_next *next = kcov_dedup_next_of(d, d->main.prev_id);
	u32 id = next->other;

	if (id == KCOV_DEDUP_NONE || d->main.set.keys[KCOV_DEDUP_INDEX(id)] != pc)
		return false;
	kcov_dedup_follow(next, id, pc);
	d->main.prev_id = id;
	return true;
}

/* A PC of a compact trace, after kcov_dedup_enter() and kcov_dedup_mode(). */
static __always_inline void kcov_dedup_compact_add(struct kcov_dedup *d, unsigned long pc)
{
	struct kcov_dedup_window *w = &d->main;
	struct kcov_dedup_compact *c = &d->compact;
	enum kcov_dedup_verdict verdict;
	struct kcov_dedup_next *next;
	u32 index = 0, id;

	kcov_dedup_renew(w, KCOV_DEDUP_PC_WORDS);
	if (w->recorded + w->dropped < c->raw) {
		kcov_dedup_put(w, &pc, KCOV_DEDUP_PC_WORDS);
		return;
	}
	if (!w->set.used) {
		c->pairs.used = 0;
		c->written = KCOV_DEDUP_BEGIN;
		w->prev_id = KCOV_DEDUP_BEGIN;
		kcov_dedup_next_init(d, KCOV_DEDUP_BEGIN);
	}

	/* kcov_dedup_compact_fast() has looked at @last, unless something else was odd. */
	if (kcov_dedup_other(d, pc))
		return;

	verdict = kcov_dedup_set_find(&w->set, kcov_dedup_hash(pc), &pc, KCOV_DEDUP_PC_WORDS,
				      &index);
	id = verdict == KCOV_DEDUP_FULL ? KCOV_DEDUP_NONE : KCOV_DEDUP_ID_OF(index);
	if (verdict == KCOV_DEDUP_NEW)
		kcov_dedup_next_init(d, id);

	next = kcov_dedup_next_of(d, w->prev_id);
	if (id == KCOV_DEDUP_NONE || w->prev_id == KCOV_DEDUP_NONE) {
		verdict = KCOV_DEDUP_FULL;
	} else if (id == next->last) {
		verdict = KCOV_DEDUP_SEEN;
	} else {
		verdict = kcov_dedup_pair(d, w->prev_id, id);
		kcov_dedup_follow(next, id, pc);
	}

	if (verdict == KCOV_DEDUP_FULL)
		WRITE_ONCE(w->untracked, w->untracked + 1);
	if (verdict != KCOV_DEDUP_SEEN) {
		kcov_dedup_path_write(d);
		kcov_dedup_put(w, &pc, KCOV_DEDUP_PC_WORDS);
		c->written = id;
	}
	w->prev_id = id;
}

/*
 * In mode 0: a callback that the area has no room for. Of two, one inside the other, one may
 * not be counted, on machines that do not add to memory in one instruction.
 */
static __always_inline void kcov_dedup_lost(struct kcov_dedup *d)
{
	/*
	 * Not by WRITE_ONCE(): GCC would load, add and store. A reset that others begin in
	 * between would be undone. Only this task writes here; who reads meanwhile gets one
	 * number or the next one.
	 */
	data_race(d->main.dropped++);
}

/**
 * kcov_dedup_compacts() - is it a compact trace?
 * @d: the state
 *
 * Return: true if what kcov_dedup_fast() has not done is for kcov_dedup_compact(), false
 * if it is for kcov_dedup_slow(). Two functions, so that neither pays for the other's
 * registers if they are not inlined into the same one.
 */
static __always_inline bool kcov_dedup_compacts(const struct kcov_dedup *d)
{
	return READ_ONCE(d->mode) & KCOV_DEDUP_COMPACT;
}

/**
 * kcov_dedup_compact() - a PC of a compact trace
 * @d:	the state
 * @pc:	the PC, not 0
 *
 * Any context; see "Re-entrancy" above.
 */
static __always_inline void kcov_dedup_compact(struct kcov_dedup *d, unsigned long pc)
{
	if (!kcov_dedup_enter(d))
		return;

	if (kcov_dedup_mode(d) & KCOV_DEDUP_COMPACT)
		kcov_dedup_compact_add(d, pc);

	kcov_dedup_leave(d);
}

/**
 * kcov_dedup_slow() - a PC, unless it is one of a compact trace
 * @d:	the state
 * @pc:	the PC
 *
 * After kcov_dedup_enter(), or a kcov_dedup_young() that was not done. Leaves.
 */
static __always_inline void kcov_dedup_slow(struct kcov_dedup *d,
					    unsigned long pc)
{
	unsigned long word;
	u32 mode = kcov_dedup_mode(d);

	if (mode & KCOV_DEDUP_PC) {
		kcov_dedup_renew(&d->main, KCOV_DEDUP_PC_WORDS);
		kcov_dedup_add(&d->main, &pc, KCOV_DEDUP_PC_WORDS);
	}
	if (mode & KCOV_DEDUP_EDGE) {
		kcov_dedup_renew(&d->edge, KCOV_DEDUP_PC_WORDS);
		word = pc ^ d->edge.prev;
		d->edge.prev = kcov_dedup_edge_hash(pc);
		kcov_dedup_add(&d->edge, &word, KCOV_DEDUP_PC_WORDS);
	}
	/* kcov_dedup_fast() looks at one of them. */
	if ((mode & (KCOV_DEDUP_PC | KCOV_DEDUP_EDGE)) == (KCOV_DEDUP_PC | KCOV_DEDUP_EDGE) &&
	    !d->main.set.used != !d->edge.set.used) {
		kcov_dedup_grow_up(&d->main, KCOV_DEDUP_PC_WORDS);
		kcov_dedup_grow_up(&d->edge, KCOV_DEDUP_PC_WORDS);
	}
	/* The first one after a reset. */
	if (!mode)
		kcov_dedup_lost(d);

	kcov_dedup_leave(d);
}

/**
 * kcov_dedup_cmp_fast() - a comparison, if its window is young or has it
 * @d:		the state
 * @cmp:	the comparison
 *
 * Any context; see "Re-entrancy" above.
 *
 * Return: true if the callback is done; false if it is for kcov_dedup_cmp(), and has entered.
 */
static __always_inline bool
kcov_dedup_cmp_fast(struct kcov_dedup *d, const union kcov_dedup_cmp *cmp)
{
	struct kcov_dedup_window *w = &d->main;

	if (!kcov_dedup_enter(d))
		return true;
	if (READ_ONCE(d->mode) != KCOV_DEDUP_CMP)
		return false;
	kcov_dedup_renew(w, KCOV_DEDUP_CMP_WORDS);
	if (w->set.used ? !kcov_dedup_set_has_cmp(&w->set, cmp) : !kcov_dedup_young_cmp(w, cmp))
		return false;
	kcov_dedup_leave(d);
	return true;
}

/**
 * kcov_dedup_cmp() - a comparison
 * @d:		the state
 * @cmp:	the comparison
 *
 * After a kcov_dedup_cmp_fast() that was not done. Leaves.
 */
static __always_inline void
kcov_dedup_cmp(struct kcov_dedup *d, const union kcov_dedup_cmp *cmp)
{
	u32 mode = kcov_dedup_mode(d);

	/* Its window is renewed already, if it was to be. */
	if (mode & KCOV_DEDUP_CMP)
		kcov_dedup_add(&d->main, cmp->word, KCOV_DEDUP_CMP_WORDS);
	if (!mode)
		kcov_dedup_lost(d);

	kcov_dedup_leave(d);
}

/* The part of kcov_dedup_fast() for compact traces. */
static __always_inline bool
kcov_dedup_compact_fast(struct kcov_dedup *d, unsigned long main0, unsigned long pc)
{
	struct kcov_dedup_window *w = &d->main;
	struct kcov_dedup_next *next;
	bool done = true;

	if (unlikely(!main0))
		return false;
	if (!kcov_dedup_enter(d))
		return true;
	next = kcov_dedup_next_of(d, w->prev_id);
	if (likely(next->pc == pc))
		w->prev_id = next->last;
	else if (w->recorded < d->compact.raw && w->recorded < w->capacity)
		kcov_dedup_put(w, &pc, KCOV_DEDUP_PC_WORDS);
	else
		done = false;
	kcov_dedup_leave(d);
	return done;
}

/* What kcov_dedup_fast() has left to do. */
enum kcov_dedup_todo {
	KCOV_DEDUP_DONE,	/* nothing */
	KCOV_DEDUP_SLOW,	/* enter, and kcov_dedup_slow(); or kcov_dedup_compact() */
	KCOV_DEDUP_YOUNG_PC,	/* kcov_dedup_young() */
	KCOV_DEDUP_YOUNG_EDGE,
	KCOV_DEDUP_YOUNG_BOTH,
};

/**
 * kcov_dedup_young() - a PC, if the windows are young
 * @d:		the state
 * @pc:		the PC
 * @what:	KCOV_DEDUP_YOUNG_*, a constant
 *
 * Any context; see "Re-entrancy" above.
 *
 * Return: true if the callback is done; false if it is for kcov_dedup_slow(), has entered, and
 * may have recorded the PC already, but not the edge.
 */
static __always_inline bool
kcov_dedup_young(struct kcov_dedup *d, unsigned long pc, enum kcov_dedup_todo what)
{
	bool done = true;

	if (!kcov_dedup_enter(d))
		return true;
	if (what != KCOV_DEDUP_YOUNG_EDGE)
		done = likely(READ_ONCE(d->main.area[0])) && kcov_dedup_young_add(&d->main, pc);
	if (what != KCOV_DEDUP_YOUNG_PC && likely(done)) {
		done = likely(READ_ONCE(d->edge.area[0])) &&
		       kcov_dedup_young_add(&d->edge, pc ^ d->edge.prev);
		if (likely(done))
			d->edge.prev = kcov_dedup_edge_hash(pc);
	}
	if (likely(done))
		kcov_dedup_leave(d);
	return done;
}

/**
 * kcov_dedup_fast() - a callback, if it brings nothing new, or is lost
 * @d:		the state
 * @main0:	word 0 of the main area, as read in this callback
 * @pc:		the PC, in a compact trace not 0
 *
 * Any context; see "Re-entrancy" above.
 *
 * Return: what is left to do; unless that is nothing, nothing was changed.
 */
static __always_inline enum kcov_dedup_todo
kcov_dedup_fast(struct kcov_dedup *d, unsigned long main0, unsigned long pc)
{
	u32 mode = READ_ONCE(d->mode);
	bool done;

	if (mode == KCOV_DEDUP_PC) {
		if (!READ_ONCE(d->main.set.used))
			return KCOV_DEDUP_YOUNG_PC;
		return likely(main0) && kcov_dedup_set_has(&d->main.set, pc) ? KCOV_DEDUP_DONE :
									       KCOV_DEDUP_SLOW;
	}
	/* Read again: compilers would make a table of jumps for so many cases. */
	if (unlikely(!READ_ONCE(d->mode))) {
		kcov_dedup_lost(d);
		return KCOV_DEDUP_DONE;
	}
	if (mode == KCOV_DEDUP_COMPACT)
		return kcov_dedup_compact_fast(d, main0, pc) ? KCOV_DEDUP_DONE : KCOV_DEDUP_SLOW;
	if (mode == (KCOV_DEDUP_PC | KCOV_DEDUP_EDGE)) {
		if (!READ_ONCE(d->main.set.used))
			return KCOV_DEDUP_YOUNG_BOTH;
		if (unlikely(!main0) || !kcov_dedup_set_has(&d->main.set, pc))
			return KCOV_DEDUP_SLOW;
	} else if (mode == KCOV_DEDUP_EDGE) {
		if (!READ_ONCE(d->edge.set.used))
			return KCOV_DEDUP_YOUNG_EDGE;
	} else {
		return mode == (KCOV_DEDUP_PC | KCOV_DEDUP_BITMAP) &&
		       READ_ONCE(d->main.area[0]) && kcov_dedup_set_has(&d->main.set, pc) ?
		       KCOV_DEDUP_DONE : KCOV_DEDUP_SLOW;
	}

	if (!kcov_dedup_enter(d))
		return KCOV_DEDUP_DONE;
	done = likely(READ_ONCE(d->edge.area[0])) &&
	       kcov_dedup_set_has(&d->edge.set, pc ^ d->edge.prev);
	if (likely(done))
		d->edge.prev = kcov_dedup_edge_hash(pc);
	kcov_dedup_leave(d);
	return done ? KCOV_DEDUP_DONE : KCOV_DEDUP_SLOW;
}

/**
 * kcov_dedup_is_full() - has no area room for more?
 * @d:		the state
 * @mode:	what is recorded, without a reset
 *
 * Return: true if further callbacks would only be counted.
 */
static __always_inline bool kcov_dedup_is_full(const struct kcov_dedup *d, u32 mode)
{
	return (mode == KCOV_DEDUP_EDGE || d->main.recorded >= d->main.capacity) &&
	       (!(mode & KCOV_DEDUP_EDGE) || d->edge.recorded >= d->edge.capacity);
}

/**
 * kcov_dedup_flush() - write what a compact trace has not written yet
 * @d:		the state; not while a callback is running on it, unless it has died
 *
 * For the end of collecting: the last word is then the last PC. Writes nothing in other
 * modes, nor a second time. The window goes on if collecting does.
 */
static __always_inline void kcov_dedup_flush(struct kcov_dedup *d)
{
	if (!kcov_dedup_enter(d))
		return;

	if (kcov_dedup_mode(d) & KCOV_DEDUP_COMPACT) {
		kcov_dedup_renew(&d->main, KCOV_DEDUP_PC_WORDS);
		kcov_dedup_path_write(d);
	}

	kcov_dedup_leave(d);
}

/**
 * kcov_dedup_start() - collect from now on
 * @d:		the state; no callback is running on it
 * @mode:	what to record, or 0
 *
 * Windows go on as they were, unless a task died in a callback.
 */
static __always_inline void kcov_dedup_start(struct kcov_dedup *d, u32 mode)
{
	if (READ_ONCE(d->busy))
		mode |= KCOV_DEDUP_RESET;
	WRITE_ONCE(d->mode, mode | (READ_ONCE(d->mode) & KCOV_DEDUP_RESET));
	WRITE_ONCE(d->busy, 0);
}

#endif /* _KCOV_DEDUP_H */
