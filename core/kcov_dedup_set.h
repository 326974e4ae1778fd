/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The set of the items of a KCOV window. See kcov_dedup.h.
 *
 * A *set* answers SEEN, NEW or FULL for a key: a PC or an edge word, which is one
 * word, or a comparison, which is some (type, both arguments, PC). Its keys lie in an
 * array in the order in which they came; an open-addressed table of indices into
 * that array finds them. An index counts only if it is below the number of keys and
 * the key there is the one asked for, so nothing is ever cleared: a new window sets
 * the number of keys to 0, and what the table still holds is recognized as stale.
 * Keys are compared whole, on every architecture.
 */
#ifndef _KCOV_DEDUP_SET_H
#define _KCOV_DEDUP_SET_H

#include <linux/types.h>
#include <linux/compiler.h>

/* A set has this many times as many slots as keys. A power of two. */
#define KCOV_DEDUP_SPARSE	4U

/* The most slots that a lookup visits. */
#define KCOV_DEDUP_PROBES	64U

/* 2^32 and 2^64 by the golden ratio, odd: multiplying spreads the bits of a key. */
#define KCOV_DEDUP_GOLDEN32	0x9e3779b1U
#define KCOV_DEDUP_GOLDEN	0x9e3779b97f4a7c15ULL

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

/* Words of a PC or edge word, and of a comparison, as items and as keys. */
#define KCOV_DEDUP_PC_WORDS	1U
#define KCOV_DEDUP_CMP_WORDS	(sizeof(union kcov_dedup_cmp) / sizeof(unsigned long))

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

/* Compilers would not unroll the loop for a comparison. */
static __always_inline bool
kcov_dedup_same(const unsigned long *a, const unsigned long *b, u32 words)
{
	const u64 *x = (const void *)a, *y = (const void *)b;
	u32 i;

	if (words == KCOV_DEDUP_CMP_WORDS)
		return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]));
	for (i = 0; i < words; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* The same here; and never by a call of memcpy(), which may be instrumented. */
static __always_inline void
kcov_dedup_copy(unsigned long *to, const unsigned long *from, u32 words)
{
	u64 *x = (void *)to;
	const u64 *y = (const void *)from;
	u32 i;

	if (words != KCOV_DEDUP_CMP_WORDS) {
		for (i = 0; i < words; i++)
			WRITE_ONCE(to[i], from[i]);
		return;
	}
	WRITE_ONCE(x[0], y[0]);
	WRITE_ONCE(x[1], y[1]);
	WRITE_ONCE(x[2], y[2]);
	WRITE_ONCE(x[3], y[3]);
}

/**
 * kcov_dedup_set_has() - is a key in the slot where it is looked for first?
 * @set:	the set
 * @key:	the key, a PC, edge word or comparison
 * @words:	words of a key, a constant
 *
 * Changes nothing.
 *
 * Return: true if the key is in the set; false if kcov_dedup_set_add() must tell.
 */
static __always_inline bool
kcov_dedup_set_has(const struct kcov_dedup_set *set, const unsigned long *key, u32 words)
{
	u32 n = READ_ONCE(set->slots[kcov_dedup_item_hash(key, words) & set->mask]);

	return likely(n < set->used) &&
	       likely(kcov_dedup_same(set->keys + (size_t)n * words, key, words));
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

#endif /* _KCOV_DEDUP_SET_H */
