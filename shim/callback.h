/* SPDX-License-Identifier: MIT */
/* A callback as kernel/kcov_uniq.h and kernel/kcov_uniq_hook.c make it, in one function. */
#ifndef SHIM_CALLBACK_H
#define SHIM_CALLBACK_H

#include "kcov_dedup.h"

static inline void callback_rest(struct kcov_dedup *d, enum kcov_dedup_todo todo, unsigned long pc)
{
	bool done = false;

	if (todo == KCOV_DEDUP_SLOW && kcov_dedup_compacts(d)) {
		kcov_dedup_compact(d, pc);
		return;
	}
	if (todo == KCOV_DEDUP_SLOW)
		done = !kcov_dedup_enter(d);
	else if (todo == KCOV_DEDUP_YOUNG_PC)
		done = kcov_dedup_young(d, pc, KCOV_DEDUP_YOUNG_PC);
	else if (todo == KCOV_DEDUP_YOUNG_EDGE)
		done = kcov_dedup_young(d, pc, KCOV_DEDUP_YOUNG_EDGE);
	else
		done = kcov_dedup_young(d, pc, KCOV_DEDUP_YOUNG_BOTH);
	if (!done)
		kcov_dedup_slow(d, pc);
}

/* @main0: word 0 of the main area. */
static inline void callback_at(struct kcov_dedup *d, unsigned long main0, unsigned long pc)
{
	enum kcov_dedup_todo todo = kcov_dedup_fast(d, main0, pc);

	if (todo != KCOV_DEDUP_DONE)
		callback_rest(d, todo, pc);
}

static inline void callback_cmp(struct kcov_dedup *d, u64 type, u64 arg1, u64 arg2, u64 pc)
{
	union kcov_dedup_cmp cmp = { .field = { type, arg1, arg2, pc } };

	if (!kcov_dedup_cmp_fast(d, &cmp))
		kcov_dedup_cmp(d, &cmp);
}

#endif /* SHIM_CALLBACK_H */
