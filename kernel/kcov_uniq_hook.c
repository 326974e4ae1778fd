// SPDX-License-Identifier: GPL-2.0
/*
 * Unique coverage modes of KCOV: the part that runs in coverage callbacks.
 *
 * Built like kcov.o, without any instrumentation; calls nothing. objtool knows
 * the functions as safe with user access enabled.
 */
#define DISABLE_BRANCH_PROFILING
#include "kcov_uniq.h"

/* Of its own: what it needs of registers would cost the other modes. */
static noinline notrace void kcov_uniq_slow_compact(struct kcov_dedup *dedup,
						    unsigned long ip)
{
	kcov_dedup_compact(dedup, ip);
}

/**
 * kcov_uniq_slow() - a callback that brings something new, or is lost
 * @dedup:	the state
 * @ip:		the PC
 *
 * Out of line, so that __sanitizer_cov_trace_pc() needs no stack frame.
 */
noinline notrace void kcov_uniq_slow(struct kcov_dedup *dedup, unsigned long ip)
{
	if (kcov_dedup_compacts(dedup))
		kcov_uniq_slow_compact(dedup, ip);
	else
		kcov_dedup_slow(dedup, ip);
}

/*
 * A comparison, in a unique mode or lost, see kcov_uniq_cmp(). Out of line, so that
 * write_comp_data() needs no stack frame; nor does the loop over a switch's cases have to
 * save registers, where the compiler can promise to leave most of them alone.
 */
noinline notrace void __preserve_most
kcov_uniq_slow_cmp KCOV_UNIQ_CMP(u64 type, u64 arg1, u64 arg2, u64 ip,
				 struct kcov_dedup *dedup)
{
	kcov_dedup_cmp(dedup, type, arg1, arg2, ip);
}
