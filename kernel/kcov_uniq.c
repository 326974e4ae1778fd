// SPDX-License-Identifier: GPL-2.0
/*
 * Unique coverage modes of KCOV: the control path.
 *
 * The state of an area lies in hidden pages before it. It belongs to the task that
 * collects, or to the holder of the descriptor's lock while no task does; @mode with
 * its reset flag is the one thing that others change at any time.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kcov.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "kcov_uniq.h"

/* Distinct items that a set has room for: 448 KiB, of comparisons 832 KiB. */
#define KCOV_UNIQ_ITEMS		(16U << 10)

/**
 * struct kcov_uniq - the hidden pages before an area
 * @dedup:	what callbacks use; first, so that area - KCOV_UNIQ_HIDDEN is it
 * @words:	words of the area, and of the edge area
 * @pc_set:	memory for the set of PCs, or NULL
 * @cmp_set:	memory for the set of comparisons, or NULL
 * @edge_set:	memory for the set of edge words, or NULL
 * @compact:	memory for a compact trace beside @pc_set, or NULL
 * @mode:	KCOV_TRACE_* of the last enable
 * @edge_mode:	the same of the last one that used the edge area
 */
struct kcov_uniq {
	struct kcov_dedup	dedup;
	unsigned long		words;
	void			*pc_set;
	void			*cmp_set;
	void			*edge_set;
	void			*compact;
	u32			mode;
	u32			edge_mode;
};

static struct kcov_uniq *kcov_uniq_of(void *area)
{
	return area - KCOV_UNIQ_HIDDEN;
}

static bool kcov_uniq_is_uniq(unsigned long arg)
{
	return arg == KCOV_TRACE_UNIQ_PC || arg == KCOV_TRACE_UNIQ_EDGE ||
	       arg == (KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE) ||
	       arg == KCOV_TRACE_UNIQ_CMP || arg == KCOV_TRACE_COMPACT;
}

/* Does it need the set of PCs? */
static bool kcov_uniq_has_pcs(unsigned long arg)
{
	return arg & (KCOV_TRACE_UNIQ_PC | KCOV_TRACE_COMPACT);
}

/* Does the main area hold comparisons? Their count has 64 bits on every architecture. */
static bool kcov_uniq_is_cmp(unsigned long arg)
{
	return arg == KCOV_TRACE_CMP || arg == KCOV_TRACE_UNIQ_CMP;
}
#ifdef KCOV_UNIQ_TEE

static void kcov_uniq_tee_free(void *area)
{
	vfree(kcov_uniq_tee_of(area)->area);
}

/* A mapping of any length at twice the length of the areas. */
static void *kcov_uniq_tee_map(void *area, unsigned long size,
			       struct vm_area_struct *vma)
{
	struct kcov_uniq_tee *tee = kcov_uniq_tee_of(area);
	unsigned long bytes = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff != 2 * size >> PAGE_SHIFT || tee->area)
		return NULL;
	tee->area = vmalloc_user(bytes);
	tee->words = bytes / sizeof(unsigned long);
	return tee->area;
}
#endif

/**
 * kcov_uniq_area() - make an area of fresh memory
 * @mem:	kcov_uniq_bytes() from vmalloc() or vmalloc_user(); or NULL
 * @words:	words (unsigned long) of the area
 *
 * Return: the area, for kcov_uniq_area_free(), or NULL.
 */
void *kcov_uniq_area(void *mem, unsigned long words)
{
	struct kcov_uniq *u = mem;

	BUILD_BUG_ON(sizeof(*u) > KCOV_UNIQ_HIDDEN);
	BUILD_BUG_ON(offsetof(struct kcov_uniq, dedup));

	if (!mem)
		return NULL;
	memset(mem, 0, KCOV_UNIQ_HIDDEN);
	u->words = words;
	u->dedup.main.area = mem + KCOV_UNIQ_HIDDEN;
	u->dedup.main.capacity = words - 1;
	u->dedup.edge.capacity = words - 1;
	return u->dedup.main.area;
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
	vfree(u->pc_set);
	vfree(u->cmp_set);
	vfree(u->edge_set);
	vfree(u->compact);
	vfree(u->dedup.edge.area);
	vfree(u);
}

/* Zeroed, accounted to the caller, and no warning if there is no memory. */
static void *kcov_uniq_vmalloc(size_t bytes)
{
	return __vmalloc_node_range(bytes, SHMLBA, VMALLOC_START, VMALLOC_END,
				    GFP_KERNEL_ACCOUNT | __GFP_ZERO |
				    __GFP_NOWARN, PAGE_KERNEL, VM_USERMAP,
				    NUMA_NO_NODE, __builtin_return_address(0));
}

/*
 * Allocate @bytes for *@where unless they are there. Without the lock, which is held
 * with interrupts off; checked again under it. What is there stays.
 */
static int kcov_uniq_alloc(spinlock_t *lock, void **where, size_t bytes)
{
	unsigned long flags;
	void *mem;

	if (READ_ONCE(*where))
		return 0;
	mem = kcov_uniq_vmalloc(bytes);
	if (!mem)
		return -ENOMEM;

	spin_lock_irqsave(lock, flags);
	if (!*where) {
		/* Zeroed, for those who look without the lock and then map it. */
		smp_store_release(where, mem);
		mem = NULL;
	}
	spin_unlock_irqrestore(lock, flags);

	vfree(mem);
	return 0;
}

static int kcov_uniq_alloc_set(spinlock_t *lock, void **where, u32 words)
{
	return kcov_uniq_alloc(lock, where,
			       kcov_dedup_set_bytes(KCOV_UNIQ_ITEMS, words));
}

static int kcov_uniq_alloc_edge_area(spinlock_t *lock, struct kcov_uniq *u)
{
	return kcov_uniq_alloc(lock, (void **)&u->dedup.edge.area,
			       u->words * sizeof(unsigned long));
}

/* The area of a descriptor, which stays as long as the descriptor; or NULL. */
static struct kcov_uniq *kcov_uniq_get(spinlock_t *lock, void **areap)
{
	unsigned long flags;
	void *area;

	spin_lock_irqsave(lock, flags);
	area = *areap;
	spin_unlock_irqrestore(lock, flags);
	return area ? kcov_uniq_of(area) : NULL;
}

/* Allocate what mode @arg needs. */
static int kcov_uniq_prepare(spinlock_t *lock, struct kcov_uniq *u,
			     unsigned long arg)
{
	int res = 0;

	if (arg == KCOV_TRACE_UNIQ_CMP && !IS_ENABLED(CONFIG_KCOV_ENABLE_COMPARISONS))
		return -EOPNOTSUPP;
	if (arg == KCOV_TRACE_UNIQ_CMP)
		return kcov_uniq_alloc_set(lock, &u->cmp_set,
					   KCOV_DEDUP_CMP_WORDS);
	if (kcov_uniq_has_pcs(arg))
		res = kcov_uniq_alloc_set(lock, &u->pc_set, KCOV_DEDUP_PC_WORDS);
	if (!res && arg == KCOV_TRACE_COMPACT)
		res = kcov_uniq_alloc(lock, &u->compact,
				      kcov_dedup_compact_bytes(KCOV_UNIQ_ITEMS));
	if (!res && (arg & KCOV_TRACE_UNIQ_EDGE))
		res = kcov_uniq_alloc_set(lock, &u->edge_set,
					  KCOV_DEDUP_PC_WORDS);
	if (!res && (arg & KCOV_TRACE_UNIQ_EDGE))
		res = kcov_uniq_alloc_edge_area(lock, u);
	return res;
}

/**
 * kcov_uniq_mode() - what mode kcov.c should enable
 * @mode:	what kcov.c makes of @arg
 * @area:	the area
 * @arg:	KCOV_TRACE_*
 *
 * With the lock.
 *
 * Return: KCOV_MODE_* or -errno.
 */
int kcov_uniq_mode(int mode, void *area, unsigned long arg)
{
	struct kcov_uniq *u = kcov_uniq_of(area);

	if (!kcov_uniq_is_uniq(arg))
		return mode;
	/* kcov_uniq_ioctl() saw to that, and what is there stays. */
	if (WARN_ON_ONCE((kcov_uniq_has_pcs(arg) && !u->pc_set) ||
			 (arg & KCOV_TRACE_COMPACT && !u->compact) ||
			 (arg & KCOV_TRACE_UNIQ_CMP && !u->cmp_set) ||
			 (arg & KCOV_TRACE_UNIQ_EDGE && !u->edge_set)))
		return -EINVAL;
	return kcov_uniq_is_cmp(arg) ? KCOV_MODE_TRACE_CMP : KCOV_MODE_TRACE_PC;
}

/**
 * kcov_uniq_remote_mode() - what mode kcov.c should enable for remote coverage
 * @mode:	what kcov.c makes of @arg
 * @arg:	KCOV_TRACE_*
 *
 * Return: KCOV_MODE_* or -errno.
 */
int kcov_uniq_remote_mode(int mode, unsigned long arg)
{
	return kcov_uniq_is_uniq(arg) ? -EOPNOTSUPP : mode;
}

/* Memory that is mapped late is mapped now, not in a callback. */
static void kcov_uniq_fault_in(const void *mem, size_t bytes)
{
	size_t off;

	for (off = 0; off < bytes; off += PAGE_SIZE)
		READ_ONCE(*(const char *)(mem + off));
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

/*
 * The mode of an area is another one than the last time: begin a new window, with a set
 * in @set, of keys of @words; NULL: the mode has none.
 */
static void kcov_uniq_window_begin(struct kcov_dedup_window *w, void *set, u32 words)
{
	kcov_dedup_forget(w);
	if (set)
		kcov_dedup_set_init(&w->set, set, KCOV_UNIQ_ITEMS, words);
}

static void kcov_uniq_begin_main(struct kcov_uniq *u, unsigned long arg)
{
	struct kcov_dedup_window *w = &u->dedup.main;
	bool cmp = kcov_uniq_is_cmp(arg);
	u32 words = cmp ? KCOV_DEDUP_CMP_WORDS : KCOV_DEDUP_PC_WORDS;
	void *set = NULL;

	if (arg == KCOV_TRACE_UNIQ_CMP)
		set = u->cmp_set;
	else if (kcov_uniq_has_pcs(arg))
		set = u->pc_set;

	if (u->mode != arg) {
		kcov_uniq_window_begin(w, set, words);
		if (arg == KCOV_TRACE_COMPACT)
			kcov_dedup_compact_init(&u->dedup, u->compact);
		w->capacity = cmp ? (u->words * sizeof(unsigned long) - sizeof(u64)) /
				    sizeof(union kcov_dedup_cmp) : u->words - 1;
		/* The two modes of Linux never began a new one for one another. */
		if (u->mode > KCOV_TRACE_CMP || arg > KCOV_TRACE_CMP)
			kcov_uniq_zero(u, cmp);
		u->mode = arg;
	}
	if (set)
		kcov_uniq_fault_in(set, kcov_dedup_set_bytes(KCOV_UNIQ_ITEMS, words));
	if (arg == KCOV_TRACE_COMPACT)
		kcov_uniq_fault_in(u->compact,
				   kcov_dedup_compact_bytes(KCOV_UNIQ_ITEMS));
}

static void kcov_uniq_begin_edge(struct kcov_uniq *u, unsigned long arg)
{
	struct kcov_dedup_window *w = &u->dedup.edge;

	if (u->edge_mode != arg) {
		kcov_uniq_window_begin(w, u->edge_set, KCOV_DEDUP_PC_WORDS);
		WRITE_ONCE(w->area[0], 0);
		u->edge_mode = arg;
	}
	kcov_uniq_fault_in(u->edge_set, kcov_dedup_set_bytes(KCOV_UNIQ_ITEMS,
							     KCOV_DEDUP_PC_WORDS));
	kcov_uniq_fault_in(w->area, u->words * sizeof(unsigned long));
}

/**
 * kcov_uniq_begin() - a task is about to collect into an area
 * @area:	the area
 * @arg:	KCOV_TRACE_*, valid
 *
 * With the lock, and before callbacks.
 */
void kcov_uniq_begin(void *area, unsigned long arg)
{
	struct kcov_uniq *u = kcov_uniq_of(area);

	kcov_uniq_begin_main(u, arg);
	if (arg & KCOV_TRACE_UNIQ_EDGE)
		kcov_uniq_begin_edge(u, arg);
#ifdef KCOV_UNIQ_TEE
	kcov_uniq_tee_leave(area);
#endif
	if (arg <= KCOV_TRACE_CMP) {
		kcov_dedup_forget(&u->dedup.main);
		arg = 0;
	}
	kcov_dedup_start(&u->dedup, arg);
}

/**
 * kcov_uniq_end() - a task has stopped collecting into an area
 * @area: the area
 *
 * With the lock, and after the last callback.
 */
void kcov_uniq_end(void *area)
{
	kcov_dedup_flush(&kcov_uniq_of(area)->dedup);
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

/* KCOV_RESET_TRACE, with the lock. */
static void kcov_uniq_reset(struct kcov_uniq *u)
{
	struct kcov_dedup *d = &u->dedup;

	kcov_uniq_zero(u, kcov_uniq_is_cmp(u->mode));
	if (d->edge.area)
		WRITE_ONCE(d->edge.area[0], 0);
	/*
	 * The next callback sees it, even if one that is running undoes the stores
	 * above. After them: windows that they began are over, too, so that both
	 * begin with the same callback. Pairs with kcov_dedup_mode().
	 */
	smp_store_release(&d->mode, READ_ONCE(d->mode) | KCOV_DEDUP_RESET);
}

/* With the lock. @over: the window is over, the next callback begins another. */
static void kcov_uniq_window_stats(struct kcov_dedup_window *w, bool over,
				   struct kcov_area_stats *s)
{
	s->capacity = w->capacity;
	if (over)
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
	u32 words = kcov_uniq_is_cmp(u->mode) ? KCOV_DEDUP_CMP_WORDS :
						KCOV_DEDUP_PC_WORDS;
	bool over;

	s->mode = u->mode;
	if (u->mode <= KCOV_TRACE_CMP) {
		kcov_uniq_window_stats(&d->main, reset, &s->main);
		/* Userspace's own number, told to userspace only. */
		s->main.recorded = min(kcov_uniq_count(u), s->main.capacity);
	} else if (u->mode != KCOV_TRACE_UNIQ_EDGE) {
		over = reset || kcov_dedup_zeroed(&d->main, words);
		kcov_uniq_window_stats(&d->main, over, &s->main);
	}
	if (u->mode & KCOV_TRACE_UNIQ_EDGE) {
		over = reset || kcov_dedup_zeroed(&d->edge, KCOV_DEDUP_PC_WORDS);
		kcov_uniq_window_stats(&d->edge, over, &s->edge);
	}
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

	return copy_to_user(arg, &stats, stats.size) ? -EFAULT : 0;
}

static bool kcov_uniq_is_get_stats(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == _IOC_TYPE(KCOV_GET_STATS) &&
	       _IOC_NR(cmd) == _IOC_NR(KCOV_GET_STATS) &&
	       _IOC_DIR(cmd) == _IOC_DIR(KCOV_GET_STATS);
}

/**
 * kcov_uniq_ioctl() - do an ioctl, or what kcov.c's will need for it
 * @lock:	the descriptor's lock, not held
 * @areap:	the descriptor's area
 * @cmd:	the command
 * @arg:	its argument
 * @res:	what the ioctl returns
 *
 * Return: true if the ioctl is done and @res set, false if it is for kcov.c.
 */
bool kcov_uniq_ioctl(spinlock_t *lock, void **areap, unsigned int cmd,
		     unsigned long arg, int *res)
{
	bool enable = cmd == KCOV_ENABLE && kcov_uniq_is_uniq(arg);
	struct kcov_uniq *u;
	unsigned long flags;

	if (!enable && cmd != KCOV_RESET_TRACE && !kcov_uniq_is_get_stats(cmd))
		return false;

	u = kcov_uniq_get(lock, areap);
	if (!u) {
		*res = -EINVAL;
	} else if (enable) {
		*res = kcov_uniq_prepare(lock, u, arg);
		return *res;
	} else if (cmd == KCOV_RESET_TRACE) {
		spin_lock_irqsave(lock, flags);
		kcov_uniq_reset(u);
		spin_unlock_irqrestore(lock, flags);
		*res = 0;
	} else {
		*res = kcov_uniq_get_stats(lock, u, (void __user *)arg);
	}
	return true;
}

/* Map all of @vma to @mem, from vmalloc. */
static int kcov_uniq_insert(struct vm_area_struct *vma, void *mem)
{
	unsigned long addr;
	int res = 0;

	vm_flags_set(vma, VM_DONTEXPAND);
	for (addr = vma->vm_start; addr < vma->vm_end && !res;
	     addr += PAGE_SIZE, mem += PAGE_SIZE)
		res = vm_insert_page(vma, addr, vmalloc_to_page(mem));
	return res;
}

/**
 * kcov_uniq_mmap() - map the edge area
 * @lock:	the descriptor's lock, not held
 * @areap:	the descriptor's area
 * @vma:	where to
 * @res:	0 or -errno
 *
 * Return: true if @res is set, false if the mapping is for kcov.c.
 */
bool kcov_uniq_mmap(spinlock_t *lock, void **areap, struct vm_area_struct *vma,
		    int *res)
{
	struct kcov_uniq *u;
	unsigned long size;
#ifdef KCOV_UNIQ_TEE
	void *mem;
#endif

	if (!vma->vm_pgoff)
		return false;

	*res = -EINVAL;
	u = kcov_uniq_get(lock, areap);
	if (!u)
		return true;
	size = u->words * sizeof(unsigned long);
#ifdef KCOV_UNIQ_TEE
	mem = kcov_uniq_tee_map(u->dedup.main.area, size, vma);
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
 * @area: its private area
 */
void kcov_uniq_section_begin(void *area)
{
	kcov_dedup_forget(&kcov_uniq_of(area)->dedup.main);
	kcov_dedup_start(&kcov_uniq_of(area)->dedup, 0);
}

/**
 * kcov_uniq_section_end() - a remote section was merged into its owner's area
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
	struct kcov_dedup *from = &kcov_uniq_of(area)->dedup;

	if (READ_ONCE(to->mode) & KCOV_DEDUP_RESET) {
		WRITE_ONCE(to->mode, 0);
		kcov_dedup_forget(&to->main);
	}
	WRITE_ONCE(to->main.dropped,
		   to->main.dropped + from->main.dropped + lost);
}
