// SPDX-License-Identifier: GPL-2.0
/*
 * Unique coverage modes of KCOV: the control path.
 *
 * The state of an area lies in hidden pages before it. It belongs to the task that
 * collects, or to the holder of the descriptor's lock while no task does and where
 * sections of other tasks are added to it; @mode with its reset flag is the one thing
 * that others change at any time.
 */
#include <linux/bug.h>
#include <linux/compat.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/kcov.h>
#include <linux/kmsan-checks.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kcov_uniq.h"

/* It belongs to KCOV, whichever file it is in. */
#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "kcov."

/* For programs that know the modes of Linux only. */
static bool kcov_uniq_compact;
module_param_named(compact, kcov_uniq_compact, bool, 0644);
MODULE_PARM_DESC(compact,
		 "Collect KCOV_TRACE_COMPACT for KCOV_TRACE_PC, KCOV_TRACE_UNIQ_CMP for KCOV_TRACE_CMP");

/* Distinct items that there is room for, see kcov_uniq_state_bytes(): at first, and at most. */
#define KCOV_UNIQ_ITEMS		(8U << 10)
#define KCOV_UNIQ_ITEMS_MAX	(256U << 10)

/* After so many enables in a row that needed little, there is what there was at first. */
#define KCOV_UNIQ_PATIENCE	16

/* Slots for young windows, at most; fewer if there is room for few items. */
#define KCOV_UNIQ_YOUNG		4096U

/* A window that goes on in less memory keeps its keys if they are no more. */
#define KCOV_UNIQ_KEEP		1024U

/* Words of a remote section's area for each item that its state has room for; at most so many. */
#define KCOV_UNIQ_SECTION_WORDS	4
#define KCOV_UNIQ_SECTION_ITEMS	4096UL

#ifdef KCOV_UNIQ_TEE
/* Tests fill small ones. */
static unsigned int kcov_uniq_items = KCOV_UNIQ_ITEMS;
module_param_named(items, kcov_uniq_items, uint, 0600);
#undef KCOV_UNIQ_ITEMS
#define KCOV_UNIQ_ITEMS	READ_ONCE(kcov_uniq_items)
#endif

/* In an argument of KCOV_ENABLE that kcov_uniq_ioctl() made: the mode; the bitmap follows. */
#define KCOV_UNIQ_ARG_BITS	5
#define KCOV_UNIQ_ARG_MODE	((1UL << KCOV_UNIQ_ARG_BITS) - 1)

/* What a set is of, and what is beside it. */
enum kcov_uniq_kind {
	KCOV_UNIQ_NONE,
	KCOV_UNIQ_WORDS,	/* PCs or edge words */
	KCOV_UNIQ_CMPS,
	KCOV_UNIQ_TRACE,	/* a compact one, with its PCs */
};

/**
 * struct kcov_uniq_state - memory for the set of a window, and what is beside it
 * @mem:	kcov_uniq_state_bytes(@items), or NULL
 * @items:	what there is room for
 * @full:	the kind of which it was too little
 * @light:	enables in a row after windows for which less would have done
 */
struct kcov_uniq_state {
	void			*mem;
	u32			items;
	enum kcov_uniq_kind	full;
	u32			light;
};

/**
 * struct kcov_uniq - the hidden pages before an area
 * @dedup:	what callbacks use; first, so that area - KCOV_UNIQ_STATE is it
 * @words:	words of the area, and of the edge area
 * @main:	memory for the main window, whatever its mode
 * @edge:	memory for the edge window
 * @task:	the task that collects, or NULL
 * @bitmap:	words of KCOV_UNIQUE_ENABLE before the list
 * @mode:	KCOV_TRACE_* of the last enable
 * @edge_mode:	the same of the last one that used the edge area
 */
struct kcov_uniq {
	struct kcov_dedup	dedup;
	unsigned long		words;
	struct kcov_uniq_state	main;
	struct kcov_uniq_state	edge;
	struct task_struct	*task;
	unsigned long		bitmap;
	u32			mode;
	u32			edge_mode;
};

static struct kcov_uniq *kcov_uniq_of(void *area)
{
	return area - KCOV_UNIQ_STATE;
}

static unsigned long *kcov_uniq_base(struct kcov_uniq *u)
{
	return (void *)u + KCOV_UNIQ_STATE;
}

static bool kcov_uniq_is_uniq(unsigned long mode)
{
	return mode == KCOV_TRACE_UNIQ_PC || mode == KCOV_TRACE_UNIQ_EDGE ||
	       mode == (KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE) ||
	       mode == KCOV_TRACE_UNIQ_CMP || mode == KCOV_TRACE_COMPACT;
}

/* Does the main area hold comparisons? Their count has 64 bits on every architecture. */
static bool kcov_uniq_is_cmp(unsigned long mode)
{
	return mode == KCOV_TRACE_CMP || mode == KCOV_TRACE_UNIQ_CMP;
}

static u32 kcov_uniq_main_words(const struct kcov_uniq *u)
{
	return kcov_uniq_is_cmp(u->mode) ? KCOV_DEDUP_CMP_WORDS : KCOV_DEDUP_PC_WORDS;
}

/* Of what is the main window's set in a mode? */
static enum kcov_uniq_kind kcov_uniq_main_kind(unsigned long mode)
{
	if (mode & KCOV_TRACE_COMPACT)
		return KCOV_UNIQ_TRACE;
	if (mode & KCOV_TRACE_UNIQ_CMP)
		return KCOV_UNIQ_CMPS;
	return mode & KCOV_TRACE_UNIQ_PC ? KCOV_UNIQ_WORDS : KCOV_UNIQ_NONE;
}

static enum kcov_uniq_kind kcov_uniq_edge_kind(unsigned long mode)
{
	return mode & KCOV_TRACE_UNIQ_EDGE ? KCOV_UNIQ_WORDS : KCOV_UNIQ_NONE;
}

static u32 kcov_uniq_young_slots(u32 items)
{
	return min(items / 2, KCOV_UNIQ_YOUNG);
}

/* @items comparisons, or a compact trace of @items PCs, or twice as many PCs or edge words. */
static size_t kcov_uniq_state_bytes(u32 items)
{
	return max3(kcov_dedup_set_bytes(items, KCOV_DEDUP_CMP_WORDS) +
		    kcov_dedup_young_bytes(kcov_uniq_young_slots(items)),
		    kcov_dedup_set_bytes(2 * items, KCOV_DEDUP_PC_WORDS) +
		    kcov_dedup_young_bytes(kcov_uniq_young_slots(items)),
		    kcov_dedup_set_bytes(items, KCOV_DEDUP_PC_WORDS) +
		    kcov_dedup_compact_bytes(items));
}

#ifdef KCOV_UNIQ_TEE
static void kcov_uniq_tee_free(void *area)
{
	vfree(kcov_uniq_tee_of(area)->area);
}

/* An area of remote sections, which nobody frees. */
static void kcov_uniq_tee_section(void *area)
{
	struct kcov_uniq_tee *tee = kcov_uniq_tee_of(area);

	tee->section = true;
	tee->words = KCOV_UNIQ_TEE_SECTION;
	tee->area = vzalloc(KCOV_UNIQ_TEE_SECTION * sizeof(unsigned long));
	BUG_ON(!tee->area);
}

/* A mapping of any length at twice the length of the areas. */
static void *kcov_uniq_tee_map(void *area, unsigned long size,
			       struct vm_area_struct *vma)
{
	struct kcov_uniq_tee *tee = kcov_uniq_tee_of(area);
	unsigned long bytes = vma->vm_end - vma->vm_start;
	void *mem;

	if (vma->vm_pgoff != 2 * size >> PAGE_SHIFT || tee->area)
		return NULL;
	mem = vmalloc_user(bytes);
	tee->words = bytes / sizeof(unsigned long);
	smp_store_release(&tee->area, mem);
	return mem;
}
#endif

/* Items that the main area has room for; that of a section may be too small for a count. */
static unsigned long kcov_uniq_capacity(const struct kcov_uniq *u, u32 mode, unsigned long bitmap)
{
	unsigned long bytes = (u->words - bitmap) * sizeof(unsigned long);
	unsigned long count = kcov_uniq_is_cmp(mode) ? sizeof(u64) : sizeof(unsigned long);

	return (max(bytes, count) - count) /
	       (kcov_uniq_is_cmp(mode) ? sizeof(union kcov_dedup_cmp) : sizeof(unsigned long));
}

static void *kcov_uniq_area_init(void *mem, unsigned long words)
{
	struct kcov_uniq *u;

#ifdef KCOV_UNIQ_TEE
	BUILD_BUG_ON(sizeof(*u) > KCOV_UNIQ_STATE - sizeof(struct kcov_uniq_tee));
#endif
	BUILD_BUG_ON(sizeof(*u) > KCOV_UNIQ_STATE);
	BUILD_BUG_ON(offsetof(struct kcov_uniq, dedup));

	memset(mem, 0, KCOV_UNIQ_HIDDEN);
	u = kcov_uniq_of(mem + KCOV_UNIQ_HIDDEN);
	u->words = words;
	u->dedup.main.area = kcov_uniq_base(u);
	u->dedup.main.capacity = kcov_uniq_capacity(u, KCOV_TRACE_PC, 0);
	u->dedup.edge.capacity = u->dedup.main.capacity;
	return u->dedup.main.area;
}

/**
 * kcov_uniq_area_alloc() - allocate the area of a descriptor
 * @words: words (unsigned long) of the area
 *
 * Return: the area, for kcov_uniq_area_free(), or NULL.
 */
void *kcov_uniq_area_alloc(unsigned long words)
{
	void *mem = vmalloc_user(KCOV_UNIQ_HIDDEN + words * sizeof(unsigned long));

	return mem ? kcov_uniq_area_init(mem, words) : NULL;
}

/**
 * kcov_uniq_area_free() - free an area, its state and its edge area
 * @area: the area or NULL
 */
void kcov_uniq_area_free(void *area)
{
	struct kcov_uniq *u;

	if (!area)
		return;
	u = kcov_uniq_of(area);
#ifdef KCOV_UNIQ_TEE
	kcov_uniq_tee_free(area);
#endif
	vfree(u->main.mem);
	vfree(u->edge.mem);
	vfree(u->dedup.edge.area);
	vfree(area - KCOV_UNIQ_HIDDEN);
}

/**
 * kcov_uniq_section_alloc() - allocate the private area of remote sections
 * @words: words (unsigned long) of the area
 *
 * With its state, which never grows: an item that there is no room for is written again. As
 * the area, it is kept for other sections, and is not accounted.
 *
 * Return: the area, or NULL.
 */
void *kcov_uniq_section_alloc(unsigned long words)
{
	u32 items = rounddown_pow_of_two(clamp(words / KCOV_UNIQ_SECTION_WORDS, 2UL,
					       KCOV_UNIQ_SECTION_ITEMS));
	/* kcov.c keeps a struct of three words in an area that is not in use. */
	size_t bytes = ALIGN(KCOV_UNIQ_HIDDEN + max(words, 3UL) * sizeof(unsigned long),
			     sizeof(u64));
	void *mem = vmalloc(bytes + kcov_uniq_state_bytes(items));
	struct kcov_uniq *u;

	if (!mem)
		return NULL;
	u = kcov_uniq_of(kcov_uniq_area_init(mem, words));
	u->main.mem = mem + bytes;
	u->main.items = items;
#ifdef KCOV_UNIQ_TEE
	kcov_uniq_tee_section(u->dedup.main.area);
#endif
	return u->dedup.main.area;
}

/*
 * Accounted to the caller. If there is no memory it fails, without a warning, and
 * without the OOM killer, whether of a cgroup or of the machine: that is what
 * __GFP_RETRY_MAYFAIL asks for. vmalloc() promises it for nothing but the pages, since its
 * page tables are allocated as always; but they are few, and not accounted.
 */
static void *kcov_uniq_vmalloc(size_t bytes, gfp_t zero)
{
	return __vmalloc_node_range(bytes, SHMLBA, VMALLOC_START, VMALLOC_END,
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN | __GFP_RETRY_MAYFAIL | zero,
				    PAGE_KERNEL, VM_USERMAP, NUMA_NO_NODE,
				    __builtin_return_address(0));
}

/* The edge area, unless it is there. What is there stays. */
static int kcov_uniq_alloc_edge_area(spinlock_t *lock, struct kcov_uniq *u)
{
	unsigned long flags;
	void *mem;

	if (READ_ONCE(u->dedup.edge.area))
		return 0;
	/* Without the lock, which is held with interrupts off; checked again under it. */
	mem = kcov_uniq_vmalloc(u->words * sizeof(unsigned long), __GFP_ZERO);
	if (!mem)
		return -ENOMEM;

	spin_lock_irqsave(lock, flags);
	if (!u->dedup.edge.area) {
		/* Zeroed, for those who look without the lock and then map it. */
		smp_store_release(&u->dedup.edge.area, mem);
		mem = NULL;
	}
	spin_unlock_irqrestore(lock, flags);

	vfree(mem);
	return 0;
}

/*
 * Memory that is mapped late is mapped now, not in a callback. What may be late is the upper
 * levels of page tables, of which each task's memory map has a copy.
 */
static void kcov_uniq_fault_in(const void *mem, size_t bytes)
{
	size_t off;

	for (off = 0; off < bytes; off += PMD_SIZE)
		READ_ONCE(*(const char *)(mem + off));
	READ_ONCE(*(const char *)(mem + bytes - 1));
}

static void kcov_uniq_fault_in_state(const struct kcov_uniq_state *s)
{
	if (s->mem)
		kcov_uniq_fault_in(s->mem, kcov_uniq_state_bytes(s->items));
}

/* A window's set, and what a compact trace needs beside it, into fresh memory. */
static void kcov_uniq_window_init(struct kcov_uniq *u, struct kcov_dedup_window *w,
				  const struct kcov_uniq_state *s, enum kcov_uniq_kind kind)
{
	u32 words = kind == KCOV_UNIQ_CMPS ? KCOV_DEDUP_CMP_WORDS : KCOV_DEDUP_PC_WORDS;
	u32 items = kind == KCOV_UNIQ_WORDS ? 2 * s->items : s->items, slots;
	void *beside;

	if (kind == KCOV_UNIQ_NONE)
		return;
	kcov_dedup_set_init(&w->set, s->mem, items, words);
	beside = s->mem + kcov_dedup_set_bytes(items, words);
	if (kind == KCOV_UNIQ_TRACE) {
		kcov_dedup_compact_init(w, &u->dedup.compact, beside, KCOV_UNIQ_RAW);
		return;
	}
	slots = kcov_uniq_young_slots(s->items);
	memset(beside, 0, kcov_dedup_young_bytes(slots));
	kcov_dedup_young_init(w, beside, slots);
}

/*
 * A window has got other memory. With the lock; no task collects, except perhaps this one. The
 * caller frees the old memory. A window that goes on keeps its keys if they are few. If they are
 * many it drops them, as if its set had been full. So does a compact trace: it may at any time.
 */
static void kcov_uniq_moved(struct kcov_uniq *u, struct kcov_dedup_window *w,
			    const struct kcov_uniq_state *s, enum kcov_uniq_kind kind)
{
	u32 words = kind == KCOV_UNIQ_CMPS ? KCOV_DEDUP_CMP_WORDS : KCOV_DEDUP_PC_WORDS;
	const unsigned long *key;
	unsigned long flags;
	u32 used;

	if (kind == KCOV_UNIQ_NONE)
		return;
	/* On PREEMPT_RT the lock does not do it: this task's callbacks would see half of it. */
	local_irq_save(flags);
	/* A path leads through what is forgotten. */
	kcov_dedup_flush(&u->dedup);
	if (kind != KCOV_UNIQ_TRACE)
		kcov_dedup_grow_up(w, words);
	key = w->set.keys;
	used = w->set.used;
	kcov_uniq_window_init(u, w, s, kind);
	if (kind == KCOV_UNIQ_TRACE || used > KCOV_UNIQ_KEEP)
		WRITE_ONCE(w->untracked, w->untracked + used);
	else
		for (; used; used--, key += words)
			kcov_dedup_set_add(&w->set, key, words);
	local_irq_restore(flags);
}

/* Another task that collects uses what there is. */
static bool kcov_uniq_may_move(const struct kcov_uniq *u)
{
	const struct task_struct *task = READ_ONCE(u->task);

	return !task || task == current;
}

/* Room for more than the area can hold is of no use. */
static u32 kcov_uniq_items_max(const struct kcov_uniq *u, enum kcov_uniq_kind kind)
{
	unsigned long items = u->words;

	if (kind == KCOV_UNIQ_CMPS)
		items /= KCOV_DEDUP_CMP_WORDS;
	else if (kind == KCOV_UNIQ_WORDS)
		items /= 2;
	return roundup_pow_of_two(clamp(items, 512UL, (unsigned long)KCOV_UNIQ_ITEMS_MAX));
}

/* What a window should have room for. */
static u32 kcov_uniq_items_wanted(const struct kcov_uniq *u, const struct kcov_uniq_state *s,
				  enum kcov_uniq_kind kind)
{
	u32 most = kcov_uniq_items_max(u, kind), first = min(KCOV_UNIQ_ITEMS, most);

	if (READ_ONCE(s->light) >= KCOV_UNIQ_PATIENCE)
		return first;
	if (READ_ONCE(s->full) == kind)
		most = min(2 * READ_ONCE(s->items), most);
	else
		most = first;
	return max(READ_ONCE(s->items), most);
}

/* Allocate memory for a window, unless it has what it needs. */
static int kcov_uniq_alloc(spinlock_t *lock, struct kcov_uniq *u, struct kcov_dedup_window *w,
			   struct kcov_uniq_state *s, enum kcov_uniq_kind kind)
{
	struct kcov_uniq_state new = {};
	unsigned long flags;
	void *had;

	if (kind == KCOV_UNIQ_NONE)
		return 0;
	new.items = kcov_uniq_items_wanted(u, s, kind);
	had = READ_ONCE(s->mem);
	if (had && (new.items == READ_ONCE(s->items) || !kcov_uniq_may_move(u)))
		return 0;
	/* As in kcov_uniq_alloc_edge_area(). */
	new.mem = kcov_uniq_vmalloc(kcov_uniq_state_bytes(new.items), 0);
	if (!new.mem)
		return had ? 0 : -ENOMEM;
	kcov_uniq_fault_in_state(&new);

	spin_lock_irqsave(lock, flags);
	if (s->mem == had && (!had || kcov_uniq_may_move(u))) {
		swap(*s, new);
		if (had)
			kcov_uniq_moved(u, w, s, w == &u->dedup.main ?
					kcov_uniq_main_kind(u->mode) :
					kcov_uniq_edge_kind(u->edge_mode));
	}
	spin_unlock_irqrestore(lock, flags);

	vfree(new.mem);
	return 0;
}

/* Allocate what a mode needs. */
static int kcov_uniq_prepare(spinlock_t *lock, struct kcov_uniq *u, unsigned long mode)
{
	int res;

	if (kcov_uniq_is_cmp(mode) && !IS_ENABLED(CONFIG_KCOV_ENABLE_COMPARISONS))
		return -EOPNOTSUPP;
	res = kcov_uniq_alloc(lock, u, &u->dedup.main, &u->main, kcov_uniq_main_kind(mode));
	if (!res)
		res = kcov_uniq_alloc(lock, u, &u->dedup.edge, &u->edge,
				      kcov_uniq_edge_kind(mode));
	if (!res && mode & KCOV_TRACE_UNIQ_EDGE)
		res = kcov_uniq_alloc_edge_area(lock, u);
	return res;
}

/**
 * kcov_uniq_mode() - what mode kcov.c should enable
 * @mode:	what kcov.c makes of @arg
 * @area:	the area
 * @arg:	of KCOV_ENABLE, as kcov_uniq_ioctl() has left it; or of KCOV_REMOTE_ENABLE,
 *		as kcov_uniq_remote_prepare() has
 *
 * With the lock.
 *
 * Return: KCOV_MODE_* or -errno.
 */
int kcov_uniq_mode(int mode, void *area, unsigned long arg)
{
	struct kcov_uniq *u = kcov_uniq_of(area);
	unsigned long bitmap = arg >> KCOV_UNIQ_ARG_BITS;

	arg &= KCOV_UNIQ_ARG_MODE;
	if (!kcov_uniq_is_uniq(arg))
		return mode;
	if (kcov_uniq_is_cmp(arg) && !IS_ENABLED(CONFIG_KCOV_ENABLE_COMPARISONS))
		return -EOPNOTSUPP;
	if (bitmap > u->words - 2)
		return -EINVAL;
	/* kcov_uniq_prepare() failed, or found another task that collects. */
	if ((kcov_uniq_main_kind(arg) != KCOV_UNIQ_NONE && !u->main.mem) ||
	    (arg & KCOV_TRACE_UNIQ_EDGE && (!u->edge.mem || !u->dedup.edge.area)))
		return -ENOMEM;
	return kcov_uniq_is_cmp(arg) ? KCOV_MODE_TRACE_CMP : KCOV_MODE_TRACE_PC;
}

static u64 kcov_uniq_count(const struct kcov_uniq *u)
{
	return kcov_uniq_is_cmp(u->mode) ? READ_ONCE(*(u64 *)u->dedup.main.area) :
					   READ_ONCE(u->dedup.main.area[0]);
}

static void kcov_uniq_zero(struct kcov_uniq *u, bool cmp)
{
	if (cmp)
		WRITE_ONCE(*(u64 *)u->dedup.main.area, 0);
	else
		WRITE_ONCE(u->dedup.main.area[0], 0);
}

static bool kcov_uniq_is_full(const struct kcov_uniq *u, const struct kcov_dedup_window *w,
			      enum kcov_uniq_kind kind)
{
	return READ_ONCE(w->set.full) ||
	       (kind == KCOV_UNIQ_TRACE && READ_ONCE(u->dedup.compact.pairs.full));
}

static void kcov_uniq_want_more(struct kcov_uniq_state *s, enum kcov_uniq_kind kind)
{
	WRITE_ONCE(s->full, kind);
	WRITE_ONCE(s->light, 0);
}

/* Which memory was too little? */
static void kcov_uniq_note_full(struct kcov_uniq *u)
{
	enum kcov_uniq_kind kind = kcov_uniq_main_kind(u->mode);

	if (kind != KCOV_UNIQ_NONE && kcov_uniq_is_full(u, &u->dedup.main, kind))
		kcov_uniq_want_more(&u->main, kind);
	if (kcov_uniq_is_full(u, &u->dedup.edge, KCOV_UNIQ_WORDS))
		kcov_uniq_want_more(&u->edge, KCOV_UNIQ_WORDS);
}

/* A task has stopped. Would half of the first size have been enough? */
static void kcov_uniq_note_light(struct kcov_uniq *u, struct kcov_dedup_window *w,
				 struct kcov_uniq_state *s, enum kcov_uniq_kind kind)
{
	if (kcov_uniq_is_full(u, w, kind) || max(w->set.most, w->set.used) > KCOV_UNIQ_ITEMS / 2)
		s->light = 0;
	else
		WRITE_ONCE(s->light, s->light + 1);
	w->set.most = 0;
	w->set.full = 0;
	if (kind == KCOV_UNIQ_TRACE)
		u->dedup.compact.pairs.full = 0;
}

/* In another mode than the last time, the area begins a new window. */
static void kcov_uniq_begin_main(struct kcov_uniq *u, u32 mode, unsigned long bitmap)
{
	struct kcov_dedup_window *w = &u->dedup.main;
	bool cmp = kcov_uniq_is_cmp(mode);
	/* A change between the two modes of Linux has never reset the area. */
	bool zero = u->mode > KCOV_TRACE_CMP || mode > KCOV_TRACE_CMP;

	if (u->mode != mode || u->bitmap != bitmap) {
		u->mode = mode;
		u->bitmap = bitmap;
		kcov_dedup_reset(w);
		w->area = kcov_uniq_base(u) + bitmap;
		w->capacity = kcov_uniq_capacity(u, mode, bitmap);
		kcov_uniq_window_init(u, w, &u->main, kcov_uniq_main_kind(mode));
		if (zero)
			kcov_uniq_zero(u, cmp);
	}
	kcov_uniq_fault_in_state(&u->main);
}

static void kcov_uniq_begin_edge(struct kcov_uniq *u, u32 mode)
{
	struct kcov_dedup_window *w = &u->dedup.edge;

	if (u->edge_mode != mode) {
		u->edge_mode = mode;
		kcov_dedup_reset(w);
		kcov_uniq_window_init(u, w, &u->edge, KCOV_UNIQ_WORDS);
		WRITE_ONCE(w->area[0], 0);
	}
	kcov_uniq_fault_in_state(&u->edge);
	kcov_uniq_fault_in(w->area, u->words * sizeof(unsigned long));
}

/**
 * kcov_uniq_begin() - a task is about to collect into an area
 * @area:	the area
 * @arg:	as for kcov_uniq_mode(), and found valid by that
 *
 * With the lock, and before callbacks.
 */
void kcov_uniq_begin(void *area, unsigned long arg)
{
	struct kcov_uniq *u = kcov_uniq_of(area);
	unsigned long bitmap = arg >> KCOV_UNIQ_ARG_BITS;
	u32 mode = arg & KCOV_UNIQ_ARG_MODE;

	kcov_uniq_begin_main(u, mode, bitmap);
	if (mode & KCOV_TRACE_UNIQ_EDGE)
		kcov_uniq_begin_edge(u, mode);
	WRITE_ONCE(u->task, current);
#ifdef KCOV_UNIQ_TEE
	kcov_uniq_tee_leave(area);
#endif
	if (mode <= KCOV_TRACE_CMP) {
		kcov_dedup_reset(&u->dedup.main);
		mode = 0;
	}
	kcov_dedup_start(&u->dedup, mode | (bitmap ? KCOV_DEDUP_BITMAP : 0));
}

/**
 * kcov_uniq_end() - a task has stopped collecting into an area
 * @area: the area
 *
 * With the lock, and after the last callback.
 */
void kcov_uniq_end(void *area)
{
	struct kcov_uniq *u = kcov_uniq_of(area);

	kcov_dedup_flush(&u->dedup);
	/* A callback that was running when the reset came may have written its count again. */
	if (u->mode > KCOV_TRACE_CMP && !u->dedup.main.recorded)
		kcov_uniq_zero(u, kcov_uniq_is_cmp(u->mode));
	if (u->dedup.edge.area && !u->dedup.edge.recorded)
		WRITE_ONCE(u->dedup.edge.area[0], 0);
	kcov_uniq_note_full(u);
	kcov_uniq_note_light(u, &u->dedup.main, &u->main, kcov_uniq_main_kind(u->mode));
	kcov_uniq_note_light(u, &u->dedup.edge, &u->edge, kcov_uniq_edge_kind(u->mode));
	WRITE_ONCE(u->task, NULL);
}

/**
 * kcov_uniq_size() - the words that kcov.c may use itself
 * @size:	words of the area
 * @area:	the area
 *
 * Return: words.
 */
unsigned int kcov_uniq_size(unsigned int size, void *area)
{
	return kcov_uniq_of(area)->mode > KCOV_TRACE_CMP ? 0 : size;
}

/**
 * kcov_uniq_words() - the words of a remote section's area
 * @size:	what kcov_uniq_size() made of them
 * @area:	the area
 *
 * Return: words.
 */
unsigned int kcov_uniq_words(unsigned int size, void *area)
{
	return kcov_uniq_of(area)->words;
}

/* KCOV_RESET_TRACE. */
static void kcov_uniq_reset(spinlock_t *lock, struct kcov_uniq *u)
{
	struct kcov_dedup *d = &u->dedup;
	unsigned long flags;
	u32 mode;

	spin_lock_irqsave(lock, flags);
	kcov_uniq_note_full(u);
	mode = u->mode;
	/* For what grows: there is nothing to keep. */
	WRITE_ONCE(d->mode, READ_ONCE(d->mode) | KCOV_DEDUP_RESET);
	spin_unlock_irqrestore(lock, flags);
	/* More memory, if it can be had. */
	kcov_uniq_prepare(lock, u, mode);

	spin_lock_irqsave(lock, flags);
	kcov_uniq_zero(u, kcov_uniq_is_cmp(u->mode));
	if (d->edge.area)
		WRITE_ONCE(d->edge.area[0], 0);
	/*
	 * The next callback sees it, even if one that is running undoes the stores
	 * above. After them: windows that they began are over, too, so that both
	 * begin with the same callback. Pairs with kcov_dedup_mode().
	 */
	smp_store_release(&d->mode, READ_ONCE(d->mode) | KCOV_DEDUP_RESET);
	spin_unlock_irqrestore(lock, flags);
}

/* With the lock. @reset: the window is over, the next callback begins another. */
static void kcov_uniq_window_stats(struct kcov_dedup_window *w, bool reset, u32 words,
				   struct kcov_area_stats *s)
{
	s->capacity = w->capacity;
	if (reset || kcov_dedup_reset_is_asked(w, words))
		return;
	s->recorded = READ_ONCE(w->recorded);
	s->dropped = READ_ONCE(w->dropped);
	s->untracked = READ_ONCE(w->untracked);
}

/* With the lock. */
static void kcov_uniq_fill_stats(struct kcov_uniq *u, struct kcov_stats *s)
{
	struct kcov_dedup *d = &u->dedup;
	bool reset = READ_ONCE(d->mode) & KCOV_DEDUP_RESET;

	s->mode = u->mode;
	s->ignored = READ_ONCE(d->ignored);
	if (u->mode != KCOV_TRACE_UNIQ_EDGE)
		kcov_uniq_window_stats(&d->main, reset, kcov_uniq_main_words(u), &s->main);
	/* Userspace's own number, told to userspace only. */
	if (u->mode <= KCOV_TRACE_CMP)
		s->main.recorded = min(kcov_uniq_count(u), s->main.capacity);
	if (u->mode & KCOV_TRACE_UNIQ_EDGE)
		kcov_uniq_window_stats(&d->edge, reset, KCOV_DEDUP_PC_WORDS, &s->edge);
}

/* KCOV_GET_STATS; kernel and caller may know the struct in different sizes. */
static int kcov_uniq_get_stats(spinlock_t *lock, struct kcov_uniq *u,
			       void __user *arg)
{
	struct kcov_stats stats = {};
	unsigned long flags;
	u32 size;

	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size < offsetofend(struct kcov_stats, mode))
		return -EINVAL;
	stats.size = min_t(u32, size, sizeof(stats));

	spin_lock_irqsave(lock, flags);
	kcov_uniq_fill_stats(u, &stats);
	spin_unlock_irqrestore(lock, flags);

	/* KMSAN has not seen that, see the Makefile. */
	kmsan_unpoison_memory(&stats, sizeof(stats));
	return copy_to_user(arg, &stats, stats.size) ? -EFAULT : 0;
}

/* The same ioctl? Its argument may have another size in 32-bit programs. */
static bool kcov_uniq_is(unsigned int cmd, unsigned int known)
{
	return !((cmd ^ known) & ~(_IOC_SIZEMASK << _IOC_SIZESHIFT));
}

/* What to collect if userspace asks for a mode. */
static unsigned long kcov_uniq_wanted(unsigned long mode)
{
	if (mode > KCOV_TRACE_CMP || !READ_ONCE(kcov_uniq_compact))
		return mode;
	return mode == KCOV_TRACE_CMP ? KCOV_TRACE_UNIQ_CMP : KCOV_TRACE_COMPACT;
}

/* KCOV_ENABLE: kcov.c does it, in the mode in *@arg. Return: what kcov_uniq_ioctl() does. */
static bool kcov_uniq_enable(spinlock_t *lock, struct kcov_uniq *u, bool busy,
			     unsigned long *arg, int *res)
{
	unsigned long mode = kcov_uniq_wanted(*arg);
	int err = 0;

	if (*arg > KCOV_TRACE_CMP && !kcov_uniq_is_uniq(*arg))
		/* Not a mode, and not a bitmap either. kcov.c knows which error comes first. */
		mode = KCOV_UNIQ_ARG_MODE;
	else if (busy || READ_ONCE(u->task))
		/* It will be EBUSY: nothing is to change for it. */
		mode = *arg;
	else if (kcov_uniq_is_uniq(mode))
		err = kcov_uniq_prepare(lock, u, mode);
	if (!err) {
		*arg = mode;
		return false;
	}
	*res = err;
	/* A program that did not ask for it must not see that it failed. */
	return mode == *arg;
}

/**
 * kcov_uniq_remote_prepare() - allocate what KCOV_REMOTE_ENABLE will need
 * @lock:	the descriptor's lock, not held
 * @area:	the descriptor's area or NULL
 * @busy:	this task has a descriptor with which that is EBUSY
 * @arg:	the kernel's copy of the argument; its mode becomes the one to collect
 *
 * kcov_uniq_mode() tells what is missing.
 */
void kcov_uniq_remote_prepare(spinlock_t *lock, void *area, bool busy,
			      struct kcov_remote_arg *arg)
{
	unsigned long mode = arg->trace_mode;
	int err;

	/* Never to be taken for a bitmap, even if another thread makes the area meanwhile. */
	if (mode > KCOV_UNIQ_ARG_MODE)
		arg->trace_mode = KCOV_UNIQ_ARG_MODE;
	if (area && !kcov_uniq_enable(lock, kcov_uniq_of(area), busy, &mode, &err))
		arg->trace_mode = mode;
}

/* KCOV_UNIQUE_ENABLE: as KCOV_ENABLE, with *@arg words before the list. */
static bool kcov_uniq_enable_bitmap(spinlock_t *lock, struct kcov_uniq *u, bool busy,
				    unsigned int *cmd, unsigned long *arg, int *res)
{
	unsigned long bitmap = *arg;

	*res = 0;
	if (!bitmap || bitmap > u->words - 2 || bitmap > ULONG_MAX >> KCOV_UNIQ_ARG_BITS)
		*res = -EINVAL;
	else if (!busy && !READ_ONCE(u->task))
		*res = kcov_uniq_prepare(lock, u, KCOV_TRACE_UNIQ_PC);
	if (*res)
		return true;
	*cmd = KCOV_ENABLE;
	*arg = bitmap << KCOV_UNIQ_ARG_BITS | KCOV_TRACE_UNIQ_PC;
	return false;
}

/**
 * kcov_uniq_ioctl() - do an ioctl, or what kcov.c's will need for it
 * @lock:	the descriptor's lock, not held
 * @area:	the descriptor's area or NULL
 * @busy:	this task has a descriptor with which KCOV_ENABLE is EBUSY
 * @cmd:	the command; what kcov.c should do in its place
 * @arg:	its argument; the one for kcov.c
 * @res:	what the ioctl returns
 *
 * Return: true if the ioctl is done and @res set, false if it is for kcov.c.
 */
bool kcov_uniq_ioctl(spinlock_t *lock, void *area, bool busy, unsigned int *cmd,
		     unsigned long *arg, int *res)
{
	struct kcov_uniq *u;
	bool enable = *cmd == KCOV_ENABLE;
	bool stats = kcov_uniq_is(*cmd, KCOV_GET_STATS);
	bool bitmap = *cmd == KCOV_UNIQUE_ENABLE ||
		      (in_compat_syscall() && kcov_uniq_is(*cmd, KCOV_UNIQUE_ENABLE));

	if (!enable && !bitmap && !stats && *cmd != KCOV_RESET_TRACE)
		return false;
	*res = -EINVAL;
	if (!area)
		return true;
	u = kcov_uniq_of(area);
	if (enable)
		return kcov_uniq_enable(lock, u, busy, arg, res);
	if (bitmap)
		return kcov_uniq_enable_bitmap(lock, u, busy, cmd, arg, res);
	if (stats) {
		*res = kcov_uniq_get_stats(lock, u, (void __user *)*arg);
	} else if (!*arg) {
		kcov_uniq_reset(lock, u);
		*res = 0;
	}
	return true;
}

/* Map all of @vma to @mem, from vmalloc. */
static int kcov_uniq_insert(struct vm_area_struct *vma, void *mem)
{
	unsigned long addr;
	int res = 0;

	for (addr = vma->vm_start; addr < vma->vm_end && !res;
	     addr += PAGE_SIZE, mem += PAGE_SIZE)
		res = vm_insert_page(vma, addr, vmalloc_to_page(mem));
	return res;
}

/**
 * kcov_uniq_mmap() - map the edge area
 * @lock:	the descriptor's lock, not held
 * @area:	the descriptor's area or NULL
 * @vma:	where to
 * @res:	0 or -errno
 *
 * Return: true if @res is set, and the mapping must not expand; false if it is for kcov.c.
 */
bool kcov_uniq_mmap(spinlock_t *lock, void *area, struct vm_area_struct *vma, int *res)
{
	struct kcov_uniq *u;
	unsigned long size;
#ifdef KCOV_UNIQ_TEE
	void *mem;
#endif

	if (!vma->vm_pgoff)
		return false;

	*res = -EINVAL;
	if (!area)
		return true;
	u = kcov_uniq_of(area);
	size = u->words * sizeof(unsigned long);
#ifdef KCOV_UNIQ_TEE
	mem = kcov_uniq_tee_map(kcov_uniq_base(u), size, vma);
	if (mem) {
		*res = kcov_uniq_insert(vma, mem);
		return true;
	}
#endif
	if (vma->vm_end - vma->vm_start != size ||
	    vma->vm_pgoff != size >> PAGE_SHIFT)
		return true;
	*res = kcov_uniq_alloc_edge_area(lock, u);
	if (!*res)
		*res = kcov_uniq_insert(vma, u->dedup.edge.area);
	return true;
}

/**
 * kcov_uniq_section_begin() - a remote section begins
 * @area:	its private area
 * @owner_area:	the owner's area
 *
 * It collects each comparison once if its owner does, and otherwise what all other unique modes
 * can be made of: a compact trace. If the owner is enabled anew just now, in whatever mode, then
 * kcov.c adds nothing at the section's end.
 */
void kcov_uniq_section_begin(void *area, void *owner_area)
{
	struct kcov_uniq *u = kcov_uniq_of(area);
	u32 mode = READ_ONCE(kcov_uniq_of(owner_area)->mode);

	if (mode > KCOV_TRACE_CMP && mode != KCOV_TRACE_UNIQ_CMP)
		mode = KCOV_TRACE_COMPACT;
	kcov_uniq_begin_main(u, mode, 0);
	kcov_dedup_reset(&u->dedup.main);
	WRITE_ONCE(u->dedup.ignored, 0);
	kcov_dedup_start(&u->dedup, mode > KCOV_TRACE_CMP ? mode : 0);
#ifdef KCOV_UNIQ_TEE
	kcov_uniq_tee_leave(area);
	kcov_uniq_tee_of(area)->area[0] = 0;
#endif
}

/**
 * kcov_uniq_merge() - add a remote section to what its owner has collected
 * @owner_area:	the owner's area
 * @area:	the section's private area
 *
 * With the owner's lock, interrupts off. The owner's own callbacks are not collected, so
 * nothing else runs on its state. Takes as many callbacks as the section has items: what came
 * again in it came to nothing.
 *
 * Return: false in KCOV_TRACE_PC and KCOV_TRACE_CMP, which are for kcov.c.
 */
bool kcov_uniq_merge(void *owner_area, void *area)
{
	struct kcov_uniq *u = kcov_uniq_of(owner_area);

	if (u->mode <= KCOV_TRACE_CMP)
		return false;
	kcov_uniq_replay(&u->dedup, &kcov_uniq_of(area)->dedup);
#ifdef KCOV_UNIQ_TEE
	kcov_uniq_tee_append(owner_area, area);
#endif
	return true;
}

/**
 * kcov_uniq_section_end() - kcov.c has merged a remote section into its owner's area
 * @owner_area:	the owner's area
 * @area:	the section's private area
 * @lost:	items that the owner's area had no room for
 *
 * With the owner's lock. Counts them, and those that the section's area had no
 * room for, as dropped.
 */
void kcov_uniq_section_end(void *owner_area, void *area, u64 lost)
{
	struct kcov_dedup *to = &kcov_uniq_of(owner_area)->dedup;

	kcov_dedup_mode(to);
	WRITE_ONCE(to->main.dropped, to->main.dropped + lost +
		   kcov_uniq_of(area)->dedup.main.dropped);
}
