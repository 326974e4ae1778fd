/* SPDX-License-Identifier: MIT */
/* What hooks.c has: callbacks as the kernel compiles them. */
#ifndef HOOKS_H
#define HOOKS_H

#include "kcov_uniq.h"

#define HOOK_ARGS	5	/* at most */

void hook_pc(void *area, unsigned long ip);
void hook_cmp(u64 type, u64 arg1, u64 arg2, u64 ip, void *area);
void hook_flush(void *area);

#endif /* HOOKS_H */
