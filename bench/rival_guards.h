/* SPDX-License-Identifier: MIT */
/*
 * Compiler guards with a bitmap (2025), from its public description. The compiler gives
 * each instrumented place a 32-bit guard, which gets the next number when it is first
 * reached; the number is a bit of a bitmap at the start of the mapping, and a PC is
 * appended to the list if its bit is new. The client clears the bitmap with each reset.
 * Numbers that the bitmap has no bit for are written each time, as in mode 0.
 */
#ifndef RIVAL_GUARDS_H
#define RIVAL_GUARDS_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <string.h>

#define GUARDS_WORDS	4096u
#define GUARDS_BITS	(64 * GUARDS_WORDS)

struct guards {
	u64	bitmap[GUARDS_WORDS];
	u32	numbers;	/* handed out so far */
};

static inline void guards_clear(struct guards *g)
{
	memset(g->bitmap, 0, sizeof(g->bitmap));
}

/* Is it new? */
static __always_inline bool guards_add(struct guards *g, u32 *guard)
{
	u32 n = READ_ONCE(*guard);
	u64 bit;

	/* An atomic increment in the kernel; this happens once per place and boot. */
	if (unlikely(!n))
		n = *guard = ++g->numbers;
	if (unlikely(n >= GUARDS_BITS))
		return true;
	bit = 1ull << n % 64;
	if (likely(READ_ONCE(g->bitmap[n / 64]) & bit))
		return false;
	g->bitmap[n / 64] |= bit;
	return true;
}

#endif /* RIVAL_GUARDS_H */
