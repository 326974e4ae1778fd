/* SPDX-License-Identifier: MIT */
/*
 * The whole trace, smaller: each PC as its difference from the one before, the sign in bit 0,
 * in bytes of seven bits, the lowest first; bit 7 says that more follow (LEB128).
 */
#ifndef RIVAL_DELTA_H
#define RIVAL_DELTA_H

#include <linux/compiler.h>
#include <linux/types.h>

#define DELTA_MAX	10	/* bytes of a PC */

struct delta {
	unsigned long	prev;
};

/* Appends to @n bytes: how many there are then. The caller has room for DELTA_MAX more. */
static __always_inline size_t
delta_put(struct delta *d, unsigned char *bytes, size_t n, unsigned long ip)
{
	long diff = ip - d->prev;
	u64 rest = (u64)diff << 1 ^ (u64)(diff >> 63);

	d->prev = ip;
	for (; rest >= 0x80; rest >>= 7)
		bytes[n++] = rest | 0x80;
	bytes[n++] = rest;
	return n;
}

/* The PCs of @n bytes, at most @room: how many. */
static inline size_t delta_get(const unsigned char *bytes, size_t n, unsigned long *pc, size_t room)
{
	unsigned long prev = 0;
	size_t i, got = 0;
	u64 word = 0;
	int shift = 0;

	for (i = 0; i < n && got < room; i++) {
		word |= (u64)(bytes[i] & 0x7f) << shift;
		shift += 7;
		if (bytes[i] & 0x80)
			continue;
		prev += word >> 1 ^ -(word & 1);
		pc[got++] = prev;
		word = 0;
		shift = 0;
	}
	return got;
}

#endif /* RIVAL_DELTA_H */
