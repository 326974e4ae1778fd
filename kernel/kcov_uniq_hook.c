// SPDX-License-Identifier: GPL-2.0
/*
 * Unique coverage modes of KCOV: the part that runs in coverage callbacks.
 *
 * Built like kcov.o, without any instrumentation; calls nothing. objtool knows
 * the function as safe with user access enabled.
 */
#define DISABLE_BRANCH_PROFILING
#include "kcov_uniq.h"

/**
 * kcov_uniq_slow() - a callback that brings something new, or is lost
 * @dedup:	the state
 * @ip:		the PC
 *
 * Out of line, so that __sanitizer_cov_trace_pc() needs no stack frame.
 */
void noinline notrace kcov_uniq_slow(struct kcov_dedup *dedup, unsigned long ip)
{
	kcov_dedup_slow(dedup, ip);
}
