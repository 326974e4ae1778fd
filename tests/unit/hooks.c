// SPDX-License-Identifier: MIT
/*
 * What the callbacks of a task in a unique mode run, from where kernel/kcov.c sees no room:
 * the inline functions of kernel/kcov_uniq.h here, the others in kernel/kcov_uniq_hook.c,
 * which is compiled and linked as it is.
 */
#include "hooks.h"

void hook_pc(void *area, unsigned long ip)
{
	kcov_uniq_pc(area, READ_ONCE(*(unsigned long *)area) + 1, ip);
}

void hook_cmp(u64 type, u64 arg1, u64 arg2, u64 ip, void *area)
{
	kcov_uniq_cmp(type, arg1, arg2, ip, area);
}

/* As kcov_uniq_end() and kcov_uniq_merge(). */
void hook_flush(void *area)
{
	kcov_dedup_flush(area - KCOV_UNIQ_STATE);
}
