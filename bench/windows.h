/* SPDX-License-Identifier: MIT */
/*
 * The short windows that replay and replay_cmp time.
 */
#ifndef WINDOWS_H
#define WINDOWS_H

#include <stdbool.h>
#include <stddef.h>

#define WINDOW_CALLBACKS	200000	/* of a trace at most */
#define WINDOW_ROUNDS		7
#define COLD_WINDOWS		40
#define DISTURB_BYTES		(8u << 20)	/* more than an L2 cache */

static const struct windows {
	size_t	callbacks;
	bool	cold;
} windows[] = { { 50, false }, { 200, false }, { 500, false }, { 200, true } };

/* @mem: DISTURB_BYTES */
static inline void disturb_caches(char *mem)
{
	size_t i;

	for (i = 0; i < DISTURB_BYTES; i += 64)
		((volatile char *)mem)[i]++;
}

#endif /* WINDOWS_H */
