/* SPDX-License-Identifier: MIT */
/*
 * A bitmap over the kernel's text (2021), from its public description: a bit for every four
 * bytes. PCs that share one cannot be told apart, and what is outside, modules, is lost. It
 * has no list: the client scans it for what is new, and clears it.
 */
#ifndef RIVAL_TEXTMAP_H
#define RIVAL_TEXTMAP_H

#include <linux/compiler.h>
#include <linux/types.h>

#define TEXTMAP_SHIFT	2

struct textmap {
	unsigned long	text, bits;	/* the first PC; how many there are */
	u64		*bitmap;
};

static __always_inline void textmap_add(struct textmap *m, unsigned long ip)
{
	unsigned long n = (ip - m->text) >> TEXTMAP_SHIFT;

	if (likely(n < m->bits))
		WRITE_ONCE(m->bitmap[n / 64], READ_ONCE(m->bitmap[n / 64]) | 1ull << n % 64);
}

/* What the client does with each reset: a list of what was there. How many words of it. */
static inline size_t textmap_scan(struct textmap *m, unsigned long *list, size_t room)
{
	size_t i, n = 0;
	u64 word;

	for (i = 0; i < (m->bits + 63) / 64; i++) {
		for (word = m->bitmap[i]; word && n < room; word &= word - 1)
			list[n++] = m->text + ((64 * i + __builtin_ctzll(word)) << TEXTMAP_SHIFT);
		m->bitmap[i] = 0;
	}
	return n;
}

#endif /* RIVAL_TEXTMAP_H */
