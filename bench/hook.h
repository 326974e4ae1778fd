/* SPDX-License-Identifier: MIT */
/*
 * What stands around a hook that is replayed: a task, its checks, memory.
 */
#ifndef HOOK_H
#define HOOK_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kcov_dedup.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define noinline	__attribute__((__noinline__))

#define PAGE		4096		/* bytes before an area */
#define HIDDEN		1024		/* the last of them are the state, as in kernel/kcov_uniq.h */
#define COMPACT_RAW	256		/* as there */
#define SET_ITEMS	(16u << 10)	/* as in kernel/kcov_uniq.c */

/* As there: for young windows, of so many items. */
#define YOUNG_SLOTS(items)	((items) / 4 < 4096 ? (items) / 4 : 4096)

#define KCOV_MODE_TRACE_PC	2	/* as in <linux/kcov.h> of the kernel */
#define KCOV_MODE_TRACE_CMP	3
#define NOT_IN_TASK		0x00ff0100u

/* What the hook looks at of a task_struct and its thread_info. */
struct task {
	unsigned int	preempt_count;
	unsigned int	kcov_mode;
	unsigned int	kcov_size;
	unsigned long	*kcov_area;
};

static struct task task;
static struct task *volatile current = &task;

static __always_inline bool check_kcov_mode(unsigned int needed, struct task *t)
{
	unsigned int mode;

	if (READ_ONCE(t->preempt_count) & NOT_IN_TASK)
		return false;
	mode = READ_ONCE(t->kcov_mode);
	barrier();
	return mode == needed;
}

/* Zeroed, and there before anything is timed. Children, which may be traced, do not copy it. */
static inline void *memory(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, bytes, MADV_DONTFORK);
	return p;
}

/* A list in @area, and a set of @items for it, of @item_words each. */
static inline void window_open(struct kcov_dedup_window *w, unsigned long *area, size_t words,
			       u32 items, u32 item_words)
{
	w->area = area;
	w->capacity = (words - 1) / item_words;
	kcov_dedup_set_init(&w->set, memory(kcov_dedup_set_bytes(items, item_words)), items,
			    item_words);
	kcov_dedup_young_init(w, memory(kcov_dedup_young_bytes(YOUNG_SLOTS(items))),
			      YOUNG_SLOTS(items));
}

static inline void window_close(struct kcov_dedup_window *w, u32 item_words)
{
	munmap(w->set.keys, kcov_dedup_set_bytes(w->set.limit, item_words));
	munmap(w->young.slots, kcov_dedup_young_bytes(YOUNG_SLOTS(w->set.limit)));
}

#endif /* HOOK_H */
