// SPDX-License-Identifier: GPL-2.0
/*
 * Unique coverage modes of KCOV: the part that runs in coverage callbacks.
 *
 * Built like kcov.o, without any instrumentation; calls nothing. objtool knows
 * both functions as safe with user access enabled.
 */
#define DISABLE_BRANCH_PROFILING
#include <linux/compiler.h>
#include <linux/types.h>

#include "kcov_dedup.h"
#include "kcov_uniq.h"

/**
 * kcov_uniq_slow() - a callback that brings something new
 * @dedup:	the state
 * @ip:		the PC
 *
 * A function of its own, so that kcov_uniq_full() needs no stack frame.
 */
void noinline notrace kcov_uniq_slow(struct kcov_dedup *dedup, unsigned long ip)
{
	kcov_dedup_slow(dedup, ip);
}

/**
 * kcov_uniq_full() - a callback for which kcov.c sees no room
 * @area:	the task's area, from kcov_uniq_area_alloc()
 * @pos:	one more than word 0 of @area
 * @ip:		the PC
 *
 * In a unique mode that is every callback of the task, in the others one that is
 * lost. The caller has checked that the callback is to be collected.
 */
void notrace kcov_uniq_full(void *area, unsigned long pos, unsigned long ip)
{
	struct kcov_dedup *dedup = area - KCOV_UNIQ_HIDDEN;

	if (!kcov_dedup_fast(dedup, pos - 1, ip))
		kcov_uniq_slow(dedup, ip);
}
