/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unique coverage modes of KCOV: what kernel/kcov.c calls.
 *
 * Every function stands for what kcov.c did before, and is just that without
 * CONFIG_KCOV_UNIQ.
 *
 * A task that collects in a unique mode looks to kcov.c like one that traces PCs (or
 * comparisons) into an area with room for nothing: kcov_size is 0. So the callback's check for
 * room, which is there anyway, leads here, and nothing changes for tasks that
 * collect nothing, or in the modes KCOV_TRACE_PC and KCOV_TRACE_CMP while there is
 * room.
 */
#ifndef _KERNEL_KCOV_UNIQ_H
#define _KERNEL_KCOV_UNIQ_H

#include <linux/spinlock_types.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

struct kcov_remote_arg;
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

/*
 * So many of them, the last ones, are struct kcov_uniq. Not the first ones: what lies at the
 * same place in its page as word 0 and the first items makes processors wait that look at
 * the low bits of addresses first.
 */
#define KCOV_UNIQ_STATE		1024

/* Callbacks of a window of a compact trace that are written as they come. */
#define KCOV_UNIQ_RAW		256

#ifdef KCOV_UNIQ_TEE
#include "kcov_uniq_tee.h"
#endif

/*
 * Arguments of kcov_uniq_slow_cmp(), in the order in which they are in registers where it
 * is called: in write_comp_data(), which Clang inlines into __sanitizer_cov_trace_cmp*().
 * Any other order costs comparisons that are recorded in KCOV_TRACE_CMP moves.
 */
#ifdef CONFIG_CC_IS_CLANG
#define KCOV_UNIQ_CMP(type, arg1, arg2, ip, dedup)	(arg1, arg2, type, ip, dedup)
#else
#define KCOV_UNIQ_CMP(type, arg1, arg2, ip, dedup)	(type, arg1, arg2, ip, dedup)
#endif

/* kcov_uniq_hook.c: runs in callbacks */
void kcov_uniq_slow(struct kcov_dedup *dedup, unsigned long ip);
void kcov_uniq_young_pc(struct kcov_dedup *dedup, unsigned long ip);
void kcov_uniq_young_edge(struct kcov_dedup *dedup, unsigned long ip);
void kcov_uniq_young_both(struct kcov_dedup *dedup, unsigned long ip);
void __preserve_most
kcov_uniq_slow_cmp KCOV_UNIQ_CMP(u64 type, u64 arg1, u64 arg2, u64 ip,
				 struct kcov_dedup *dedup);
/* and at the end of remote sections */
void kcov_uniq_replay(struct kcov_dedup *to, struct kcov_dedup *from);

#ifdef CONFIG_CC_IS_CLANG
/* Without this, Clang for arm64 no longer inlines it, now that it calls kcov_uniq_cmp(). */
static __always_inline void write_comp_data(u64 type, u64 arg1, u64 arg2, u64 ip);
#endif

/* kcov_uniq.c: the control path */
void *kcov_uniq_area_alloc(unsigned long words);
void *kcov_uniq_section_alloc(unsigned long words);
void kcov_uniq_area_free(void *area);
int kcov_uniq_mode(int mode, void *area, unsigned long arg);
void kcov_uniq_remote_prepare(spinlock_t *lock, void *area, bool busy,
			      struct kcov_remote_arg *arg);
void kcov_uniq_begin(void *area, unsigned long arg);
void kcov_uniq_end(void *area);
unsigned int kcov_uniq_size(unsigned int size, void *area);
unsigned int kcov_uniq_words(unsigned int size, void *area);
bool kcov_uniq_ioctl(spinlock_t *lock, void *area, bool busy, unsigned int *cmd,
		     unsigned long *arg, int *res);
bool kcov_uniq_mmap(spinlock_t *lock, void *area, struct vm_area_struct *vma, int *res);
void kcov_uniq_section_begin(void *area, void *owner_area);
bool kcov_uniq_merge(void *owner_area, void *area);
void kcov_uniq_section_end(void *owner_area, void *area, u64 lost);

/* A callback for @dedup; @main0 is word 0 of the area. */
static __always_inline void kcov_uniq_callback(struct kcov_dedup *dedup, unsigned long main0,
					       unsigned long ip)
{
	switch (kcov_dedup_fast(dedup, main0, ip)) {
	case KCOV_DEDUP_DONE:
		break;
	case KCOV_DEDUP_SLOW:
		kcov_uniq_slow(dedup, ip);
		break;
	case KCOV_DEDUP_YOUNG_PC:
		kcov_uniq_young_pc(dedup, ip);
		break;
	case KCOV_DEDUP_YOUNG_EDGE:
		kcov_uniq_young_edge(dedup, ip);
		break;
	case KCOV_DEDUP_YOUNG_BOTH:
		kcov_uniq_young_both(dedup, ip);
		break;
	}
}

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
#ifdef KCOV_UNIQ_TEE
	if (!kcov_uniq_tee_enter(area, &ip, KCOV_DEDUP_PC_WORDS))
		return;
#endif
	kcov_uniq_callback(area - KCOV_UNIQ_STATE, pos - 1, ip);
#ifdef KCOV_UNIQ_TEE
	kcov_uniq_tee_leave(area);
#endif
}

/**
 * kcov_uniq_cmp() - a comparison for which kcov.c sees no room
 * @type:	KCOV_CMP_*
 * @arg1:	the first argument
 * @arg2:	the second argument
 * @ip:		the PC
 * @area:	the task's area
 *
 * In a unique mode that is every comparison of the task, in KCOV_TRACE_CMP one that is
 * lost. The caller has checked that the callback is to be collected.
 */
static __always_inline void kcov_uniq_cmp(u64 type, u64 arg1, u64 arg2, u64 ip,
					  void *area)
{
	struct kcov_dedup *dedup = area - KCOV_UNIQ_STATE;
#ifdef KCOV_UNIQ_TEE
	union kcov_dedup_cmp cmp = { .field = { type, arg1, arg2, ip } };

	if (!kcov_uniq_tee_enter(area, cmp.word, KCOV_DEDUP_CMP_WORDS))
		return;
#endif

	kcov_uniq_slow_cmp KCOV_UNIQ_CMP(type, arg1, arg2, ip, dedup);
#ifdef KCOV_UNIQ_TEE
	kcov_uniq_tee_leave(area);
#endif
}

#else /* CONFIG_KCOV_UNIQ */

/*
 * No inline functions: even if nothing is left of them, they change in which order the
 * compiler sees things, and which registers it takes. kcov.o is to be what it was.
 */
#define kcov_uniq_pc(...)		do { } while (0)
#define kcov_uniq_cmp(...)		do { } while (0)
#define kcov_uniq_area_alloc(words)	vmalloc_user((words) * sizeof(unsigned long))
#define kcov_uniq_section_alloc(words)	vmalloc((words) * sizeof(unsigned long))
#define kcov_uniq_area_free(area)	vfree(area)
#define kcov_uniq_mode(mode, ...)	(mode)
#define kcov_uniq_remote_prepare(...)	do { } while (0)
#define kcov_uniq_begin(...)		do { } while (0)
#define kcov_uniq_end(...)		do { } while (0)
#define kcov_uniq_size(size, ...)	(size)
#define kcov_uniq_words(size, ...)	(size)
#define kcov_uniq_ioctl(...)		false
#define kcov_uniq_mmap(...)		false
#define kcov_uniq_section_begin(...)	do { } while (0)
#define kcov_uniq_merge(...)		false
#define kcov_uniq_section_end(...)	do { } while (0)

#endif /* CONFIG_KCOV_UNIQ */

#endif /* _KERNEL_KCOV_UNIQ_H */
