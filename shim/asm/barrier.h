/* SPDX-License-Identifier: MIT */
/* What core/ needs from the kernel's <asm/barrier.h>, for userspace. */
#ifndef SHIM_ASM_BARRIER_H
#define SHIM_ASM_BARRIER_H

#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

#endif /* SHIM_ASM_BARRIER_H */
