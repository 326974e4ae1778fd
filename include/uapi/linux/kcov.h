/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * KCOV's interface to userspace, with the unique modes.
 *
 * Stands in for the installed <linux/kcov.h>, which knows the older part only.
 * patches/ adds the newer part to a kernel's own header; tests/unit/test_uapi.c
 * compares the two.
 */
#ifndef _LINUX_KCOV_IOCTLS_H
#define _LINUX_KCOV_IOCTLS_H

#include <linux/types.h>

/* Argument of KCOV_REMOTE_ENABLE. */
struct kcov_remote_arg {
	__u32		trace_mode;	/* what to collect: KCOV_TRACE_* */
	__u32		area_size;	/* words in a section's private area */
	__u32		num_handles;	/* entries in handles[] */
	__aligned_u64	common_handle;
	__aligned_u64	handles[];
};

#define KCOV_REMOTE_MAX_HANDLES		0x100

/*
 * What one area of a descriptor holds; see struct kcov_stats. Counted in items:
 * callbacks (mode 0), comparisons (mode 1), distinct PCs, edge words or comparisons; of
 * a compact trace, words.
 */
struct kcov_area_stats {
	__aligned_u64	capacity;	/* items that the area has room for */
	__aligned_u64	recorded;	/* items in the area */
	__aligned_u64	dropped;	/* items that it had no room for */
	__aligned_u64	untracked;	/* items handled while the set was full */
};

/*
 * Argument of KCOV_GET_STATS, for the current window. In the modes KCOV_TRACE_PC
 * and KCOV_TRACE_CMP, dropped counts since the last KCOV_ENABLE,
 * KCOV_REMOTE_ENABLE or KCOV_RESET_TRACE. An area that the mode does not use is
 * all zeroes.
 */
struct kcov_stats {
	__u32		size;		/* in: bytes known; out: bytes filled */
	__u32		mode;		/* KCOV_TRACE_* that is collected */
	struct kcov_area_stats main;
	struct kcov_area_stats edge;
	__aligned_u64	ignored;	/* callbacks that interrupted one on the same area */
};

#define KCOV_INIT_TRACE			_IOR('c', 1, unsigned long)
#define KCOV_ENABLE			_IO('c', 100)
#define KCOV_DISABLE			_IO('c', 101)
#define KCOV_REMOTE_ENABLE		_IOW('c', 102, struct kcov_remote_arg)
/* KCOV_TRACE_UNIQ_PC, after so many words, which the kernel leaves alone. */
#define KCOV_UNIQUE_ENABLE		_IOW('c', 103, unsigned long)
#define KCOV_RESET_TRACE		_IO('c', 104)
#define KCOV_GET_STATS			_IOWR('c', 110, struct kcov_stats)

/* Modes: the argument of KCOV_ENABLE. */
enum {
	/* Each executed PC, in order. */
	KCOV_TRACE_PC		= 0,
	/* Each comparison, in order: type, arg1, arg2, PC. */
	KCOV_TRACE_CMP		= 1,
	/* Each PC once. */
	KCOV_TRACE_UNIQ_PC	= 2,
	/* Each edge word once, in the area at file offset = length in bytes. */
	KCOV_TRACE_UNIQ_EDGE	= 4,
	/* Each comparison once: the same type, arguments and PC. */
	KCOV_TRACE_UNIQ_CMP	= 8,
	/* A shortened trace with the same PCs and the same consecutive pairs. */
	KCOV_TRACE_COMPACT	= 16,
	/* KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE fills both areas. */
};

/* Bit 0 of a comparison's type: one operand is a compile-time constant. */
#define KCOV_CMP_CONST			(1 << 0)
/* Bits 1 and 2: log2 of the operands' size in bytes. */
#define KCOV_CMP_SIZE(n)		((n) << 1)
#define KCOV_CMP_MASK			KCOV_CMP_SIZE(3)

#define KCOV_SUBSYSTEM_COMMON		(0x00ull << 56)
#define KCOV_SUBSYSTEM_USB		(0x01ull << 56)

#define KCOV_SUBSYSTEM_MASK		(0xffull << 56)
#define KCOV_INSTANCE_MASK		(0xffffffffull)

/* The handle of an instance of a subsystem, or 0 if one is out of range. */
static inline __u64 kcov_remote_handle(__u64 subsys, __u64 inst)
{
	if ((subsys & ~KCOV_SUBSYSTEM_MASK) || (inst & ~KCOV_INSTANCE_MASK))
		return 0;
	return subsys | inst;
}

#endif /* _LINUX_KCOV_IOCTLS_H */
