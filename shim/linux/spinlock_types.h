/* SPDX-License-Identifier: MIT */
/* What kernel/kcov_uniq.h needs from <linux/spinlock_types.h>, for userspace. */
#ifndef SHIM_LINUX_SPINLOCK_TYPES_H
#define SHIM_LINUX_SPINLOCK_TYPES_H

typedef struct { int unused; } spinlock_t;

#endif /* SHIM_LINUX_SPINLOCK_TYPES_H */
