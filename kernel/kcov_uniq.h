/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unique coverage modes of KCOV: what kernel/kcov.c calls.
 *
 * Every function stands for what kcov.c did before, and is just that without
 * CONFIG_KCOV_UNIQ.
 *
 * A task that collects in a unique mode looks to kcov.c like one that traces PCs
 * into an area with room for nothing: kcov_size is 0. So the callback's check for
 * room, which is there anyway, leads here, and nothing changes for tasks that
 * collect nothing, or in the modes KCOV_TRACE_PC and KCOV_TRACE_CMP while there is
 * room.
 */
#ifndef _KERNEL_KCOV_UNIQ_H
#define _KERNEL_KCOV_UNIQ_H

#include <linux/spinlock_types.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

struct vm_area_struct;

#ifdef CONFIG_KCOV_UNIQ

#include <asm/shmparam.h>

#include "kcov_dedup.h"

/*
 * Bytes before an area that userspace does not map: struct kcov_uniq. A multiple
 * of PAGE_SIZE that leaves the area at the address modulo SHMLBA that
 * vmalloc_user() gave it (caches with aliases).
 */
#define KCOV_UNIQ_HIDDEN	SHMLBA

/* kcov_uniq_hook.c: runs in callbacks */
void kcov_uniq_slow(struct kcov_dedup *dedup, unsigned long ip);

/* kcov_uniq.c: the control path */
void *kcov_uniq_area(void *mem, unsigned long words);
void kcov_uniq_area_free(void *area);
int kcov_uniq_mode(void *area, unsigned long arg, int mode);
int kcov_uniq_remote_mode(unsigned long arg, int mode);
void kcov_uniq_begin(void *area, unsigned long arg);
unsigned int kcov_uniq_size(void *area, unsigned int size);
bool kcov_uniq_ioctl(spinlock_t *lock, void **areap, unsigned int cmd,
		     unsigned long arg, int *res);
bool kcov_uniq_mmap(spinlock_t *lock, void **areap, struct vm_area_struct *vma,
		    int *res);
void kcov_uniq_section_begin(void *area);
void kcov_uniq_section_end(void *owner_area, void *area, u64 lost);

#ifdef KCOV_UNIQ_TEE
/*
 * For tests only, see tests/boot/configs/tee.frag: every callback that is accepted is
 * also written, raw, to a second area, so that a window can be compared with the trace
 * of the very same run. The last words before an area tell where to.
 */
struct kcov_uniq_tee {
	unsigned long	words;
	unsigned long	*area;
};

static __always_inline void kcov_uniq_tee(void *area, unsigned long ip)
{
	struct kcov_dedup *dedup = area - KCOV_UNIQ_HIDDEN;
	struct kcov_uniq_tee *tee = area - sizeof(*tee);
	unsigned long pos;

	if (!tee->area || READ_ONCE(dedup->busy))
		return;
	pos = READ_ONCE(tee->area[0]) + 1;
	if (pos < tee->words) {
		tee->area[pos] = ip;
		WRITE_ONCE(tee->area[0], pos);
	}
}
#else
static __always_inline void kcov_uniq_tee(void *area, unsigned long ip)
{
}
#endif

/**
 * kcov_uniq_pc() - a PC for which kcov.c sees no room
 * @area:	the task's area
 * @pos:	one more than word 0 of @area
 * @ip:		the PC
 *
 * In a unique mode that is every callback of the task, in KCOV_TRACE_PC one that is
 * lost. The caller has checked that the callback is to be collected.
 */
static __always_inline void kcov_uniq_pc(void *area, unsigned long pos,
					 unsigned long ip)
{
	struct kcov_dedup *dedup = area - KCOV_UNIQ_HIDDEN;

	kcov_uniq_tee(area, ip);
	if (!kcov_dedup_fast(dedup, pos - 1, ip))
		kcov_uniq_slow(dedup, ip);
}

/**
 * kcov_uniq_cmp() - a comparison for which kcov.c sees no room
 * @area: the task's area
 *
 * It is lost, and counted.
 */
static __always_inline void kcov_uniq_cmp(void *area)
{
	kcov_uniq_slow(area - KCOV_UNIQ_HIDDEN, 0);
}

/**
 * kcov_uniq_bytes() - what to allocate for an area
 * @words: words (unsigned long) of the area
 *
 * Return: bytes, with room for state that userspace cannot see; 0 for no area.
 */
static inline unsigned long kcov_uniq_bytes(unsigned long words)
{
	return words ? KCOV_UNIQ_HIDDEN + words * sizeof(unsigned long) : 0;
}

#else /* CONFIG_KCOV_UNIQ */

static inline void kcov_uniq_pc(void *area, unsigned long pos, unsigned long ip)
{
}

static inline void kcov_uniq_cmp(void *area)
{
}

static inline unsigned long kcov_uniq_bytes(unsigned long words)
{
	return words * sizeof(unsigned long);
}

static inline void *kcov_uniq_area(void *mem, unsigned long words)
{
	return mem;
}

static inline void kcov_uniq_area_free(void *area)
{
	vfree(area);
}

static inline int kcov_uniq_mode(void *area, unsigned long arg, int mode)
{
	return mode;
}

static inline int kcov_uniq_remote_mode(unsigned long arg, int mode)
{
	return mode;
}

static inline void kcov_uniq_begin(void *area, unsigned long arg)
{
}

static inline unsigned int kcov_uniq_size(void *area, unsigned int size)
{
	return size;
}

static inline bool kcov_uniq_ioctl(spinlock_t *lock, void **areap,
				   unsigned int cmd, unsigned long arg, int *res)
{
	return false;
}

static inline bool kcov_uniq_mmap(spinlock_t *lock, void **areap,
				  struct vm_area_struct *vma, int *res)
{
	return false;
}

static inline void kcov_uniq_section_begin(void *area)
{
}

static inline void kcov_uniq_section_end(void *owner_area, void *area, u64 lost)
{
}

#endif /* CONFIG_KCOV_UNIQ */

#endif /* _KERNEL_KCOV_UNIQ_H */
