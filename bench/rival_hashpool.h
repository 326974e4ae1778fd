/* SPDX-License-Identifier: MIT */
/*
 * The hash table with pool of January 2025, from its public description: 2^15 buckets,
 * chains of 64-byte entries that come from a pool, a hash over all of the key. Linux's
 * genpool searches a bitmap for a free entry; here it is the first of a list, which is
 * kinder. The series never emptied the table but at KCOV_DISABLE; as a reset it costs what
 * is counted here.
 */
#ifndef RIVAL_HASHPOOL_H
#define RIVAL_HASHPOOL_H

#include <linux/compiler.h>
#include <linux/types.h>

#define HASHPOOL_BUCKETS	(1u << 15)
#define HASHPOOL_KEY		4	/* as of a comparison: type, two arguments, PC */

struct hashpool_entry {
	u64			key[HASHPOOL_KEY];
	struct hashpool_entry	*next;
	u64			pad[3];
};

struct hashpool {
	struct hashpool_entry	*bucket[HASHPOOL_BUCKETS];
	struct hashpool_entry	*free;
	u32			prev;
	struct hashpool_entry	pool[];
};

static inline size_t hashpool_bytes(u32 items)
{
	return sizeof(struct hashpool) + items * sizeof(struct hashpool_entry);
}

/* @h: zeroed memory */
static inline void hashpool_init(struct hashpool *h, u32 items)
{
	u32 i;

	for (i = 0; i < items; i++) {
		h->pool[i].next = h->free;
		h->free = &h->pool[i];
	}
}

static inline void hashpool_clear(struct hashpool *h)
{
	struct hashpool_entry *e, *next;
	u32 i;

	for (i = 0; i < HASHPOOL_BUCKETS; i++) {
		for (e = h->bucket[i]; e; e = next) {
			next = e->next;
			e->next = h->free;
			h->free = e;
		}
		h->bucket[i] = NULL;
	}
}

static __always_inline u32 hashpool_rol(u32 x, int n)
{
	return x << n | x >> (32 - n);
}

/* Bob Jenkins' lookup3 (public domain), over 32-bit words; the key has 2 modulo 3 of them. */
static __always_inline u32 hashpool_hash(const u64 *key)
{
	const u32 *k = (const u32 *)key;
	u32 n = 2 * HASHPOOL_KEY, a, b, c;

	a = b = c = 0xdeadbeef + 4 * n;
	for (; n > 3; n -= 3, k += 3) {
		a += k[0];
		b += k[1];
		c += k[2];
		a -= c; a ^= hashpool_rol(c, 4);  c += b;
		b -= a; b ^= hashpool_rol(a, 6);  a += c;
		c -= b; c ^= hashpool_rol(b, 8);  b += a;
		a -= c; a ^= hashpool_rol(c, 16); c += b;
		b -= a; b ^= hashpool_rol(a, 19); a += c;
		c -= b; c ^= hashpool_rol(b, 4);  b += a;
	}
	a += k[0];
	b += k[1];
	c ^= b; c -= hashpool_rol(b, 14);
	a ^= c; a -= hashpool_rol(c, 11);
	b ^= a; b -= hashpool_rol(a, 25);
	c ^= b; c -= hashpool_rol(b, 16);
	a ^= c; a -= hashpool_rol(c, 4);
	b ^= a; b -= hashpool_rol(a, 14);
	c ^= b; c -= hashpool_rol(b, 24);
	return c;
}

/* Is it new? With no entry left, it is new each time. */
static __always_inline bool hashpool_add(struct hashpool *h, const u64 *key)
{
	struct hashpool_entry **head = &h->bucket[hashpool_hash(key) % HASHPOOL_BUCKETS], *e;

	for (e = *head; e; e = e->next)
		if (e->key[0] == key[0] && e->key[1] == key[1] && e->key[2] == key[2] &&
		    e->key[3] == key[3])
			return false;
	e = h->free;
	if (e) {
		h->free = e->next;
		e->key[0] = key[0];
		e->key[1] = key[1];
		e->key[2] = key[2];
		e->key[3] = key[3];
		e->next = *head;
		*head = e;
	}
	return true;
}

#endif /* RIVAL_HASHPOOL_H */
