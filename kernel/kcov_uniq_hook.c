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

static noinline notrace void kcov_uniq_slow_entered(struct kcov_dedup *dedup,
						    unsigned long ip)
{
	kcov_dedup_slow(dedup, ip);
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
	else if (kcov_dedup_enter(dedup))
		kcov_uniq_slow_entered(dedup, ip);
}

/**
 * kcov_uniq_young_pc() - a callback in KCOV_TRACE_UNIQ_PC, if the window is young
 * @dedup:	the state
 * @ip:		the PC
 *
 * Out of line, as kcov_uniq_slow(), and one for each mode: a branch less.
 */
noinline notrace void kcov_uniq_young_pc(struct kcov_dedup *dedup, unsigned long ip)
{
	if (!kcov_dedup_young(dedup, ip, KCOV_DEDUP_YOUNG_PC))
		kcov_uniq_slow_entered(dedup, ip);
}

/* The same in KCOV_TRACE_UNIQ_EDGE. */
noinline notrace void kcov_uniq_young_edge(struct kcov_dedup *dedup, unsigned long ip)
{
	if (!kcov_dedup_young(dedup, ip, KCOV_DEDUP_YOUNG_EDGE))
		kcov_uniq_slow_entered(dedup, ip);
}

/* The same in both. */
noinline notrace void kcov_uniq_young_both(struct kcov_dedup *dedup, unsigned long ip)
{
	if (!kcov_dedup_young(dedup, ip, KCOV_DEDUP_YOUNG_BOTH))
		kcov_uniq_slow_entered(dedup, ip);
}

static noinline notrace void __preserve_most
kcov_uniq_slow_cmp_entered(struct kcov_dedup *dedup, u64 type, u64 arg1, u64 arg2, u64 ip)
{
	union kcov_dedup_cmp cmp = { .field = { type, arg1, arg2, ip } };

	kcov_dedup_cmp(dedup, &cmp);
}

/* Of its own: Clang saves all registers that it needs before it looks at the mode. */
static noinline notrace void __preserve_most
kcov_uniq_slow_cmp_unique KCOV_UNIQ_CMP(u64 type, u64 arg1, u64 arg2, u64 ip,
					struct kcov_dedup *dedup)
{
	union kcov_dedup_cmp cmp = { .field = { type, arg1, arg2, ip } };

	if (!kcov_dedup_cmp_fast(dedup, &cmp))
		kcov_uniq_slow_cmp_entered(dedup, type, arg1, arg2, ip);
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
	/* Not in write_comp_data(), which Clang would not inline any more. */
	if (!READ_ONCE(dedup->mode))
		kcov_dedup_lost(dedup);
	else
		kcov_uniq_slow_cmp_unique KCOV_UNIQ_CMP(type, arg1, arg2, ip, dedup);
}

/* Items that a window has no room for: @rest of the owner's, @lost that were lost before. */
static void kcov_uniq_lost(struct kcov_dedup_window *w, unsigned long rest, unsigned long lost)
{
	WRITE_ONCE(w->dropped, w->dropped + rest + lost);
	/* Nobody has looked whether the window has them. */
	WRITE_ONCE(w->untracked, w->untracked + rest);
}

/**
 * kcov_uniq_replay() - the items of a remote section, as callbacks of its owner
 * @to:		the owner's state, of a unique mode
 * @from:	the section's: a compact trace, or comparisons
 *
 * No callback, but here nothing is instrumented: interrupts are off. Ends where the owner's
 * areas are full; the rest is counted, and what the section's area had no room for.
 */
noinline void kcov_uniq_replay(struct kcov_dedup *to, struct kcov_dedup *from)
{
	u32 mode = kcov_dedup_mode(to);
	const union kcov_dedup_cmp *cmp = (void *)((u64 *)from->main.area + 1);
	const unsigned long *pc = from->main.area + 1;
	unsigned long left;

	kcov_dedup_flush(from);
	/* As its first callback does, if it has one. */
	if (mode != KCOV_DEDUP_EDGE)
		kcov_dedup_reset_if_asked(&to->main, mode == KCOV_DEDUP_CMP ?
					  KCOV_DEDUP_CMP_WORDS : KCOV_DEDUP_PC_WORDS);
	if (mode & KCOV_DEDUP_EDGE)
		kcov_dedup_reset_if_asked(&to->edge, KCOV_DEDUP_PC_WORDS);

	left = from->main.recorded;
	for (; left && !kcov_dedup_is_full(to, mode); left--, pc++, cmp++) {
		if (mode != KCOV_DEDUP_CMP)
			kcov_uniq_callback(to, READ_ONCE(to->main.area[0]), *pc);
		else if (!kcov_dedup_cmp_fast(to, cmp))
			kcov_dedup_cmp(to, cmp);
	}
	kcov_dedup_flush(to);

	if (mode != KCOV_DEDUP_EDGE)
		kcov_uniq_lost(&to->main, left, from->main.dropped);
	if (mode & KCOV_DEDUP_EDGE)
		kcov_uniq_lost(&to->edge, left, from->main.dropped);
	WRITE_ONCE(to->ignored, to->ignored + from->ignored);
}
