/* SPDX-License-Identifier: MIT */
/*
 * Real programs and system calls to trace, and what a full trace of them says
 * that the unique modes must show.
 *
 * Every run is a forked child that enables coverage, works, and disables it (or
 * exits, or becomes another program, still enabled); the caller then reads the
 * areas. So one run leaves nothing of its state to the next, and where the
 * kernel permits it, two runs give the same trace.
 */
#ifndef WORKLOADS_H
#define WORKLOADS_H

#include "guest.h"

struct workload {
	const char *name;
	const char *what;	/* one line: what it does */
	const char *traced;	/* which task is; see workload_traced() */
	/*
	 * Once per program, in the parent: makes files, looks for programs. NULL,
	 * or why the workload cannot run here. Optional.
	 */
	const char *(*prepare)(const struct workload *w);
	/* In each child before it is traced: the same result. Optional. */
	const char *(*setup)(const struct workload *w);
	/* The traced part: 0 or -errno. Not used with argv. */
	int (*run)(void);
	/* The program that the traced task turns into by execve(). */
	const char *const *argv;
	/*
	 * Not the program is traced but a process that it forks, this many
	 * forks deep (by preload.so, which lies beside the running program or
	 * is named by $KCOV_PRELOAD).
	 */
	int depth;
	/* Only for bench/overflow: needs more of the kernel, configs/study.frag. */
	bool study;
};

extern const struct workload workloads[];
extern const size_t nr_workloads;

/* Which task is traced, in words. */
const char *workload_traced(const struct workload *w);

/* NULL if there is none of that name. */
const struct workload *workload_find(const char *name);

/* A mode that enables nothing, for warming up and to compare times with. */
#define WORKLOAD_UNTRACED	(~0ul)

struct workload_result {
	/*
	 * Time from before KCOV_ENABLE to after KCOV_DISABLE, or to the end of
	 * the program.
	 */
	uint64_t ns;
	char why[160];		/* why it was skipped, or failed */
	char note[80];		/* what it has to say of itself, or "" */
};

/*
 * Runs @w once, traced in @mode, after emptying the areas of @c.
 *
 * Returns 0: it ran, the areas hold its coverage. 1: skipped, r->why says what
 * is missing. -errno: failed, r->why says how (-EINVAL from KCOV_ENABLE: the
 * kernel does not have that mode).
 */
int workload_run(const struct workload *w, struct cov *c, unsigned long mode,
		 struct workload_result *r);

/*
 * Memory that children do not inherit: a workload that forks must not take
 * longer, or another path, because its grandparent holds a long trace.
 */
void *big_alloc(size_t bytes);

/* Items of one or more words, each once, in the order in which they first came. */
struct uniq {
	unsigned long *item;
	unsigned int words;	/* of an item */
	size_t n;
	size_t max;
	uint32_t *slot;		/* number of the item + 1; 0: empty */
	size_t mask;
};

void uniq_init(struct uniq *u, size_t max, unsigned int words);
void uniq_clear(struct uniq *u);
/* True if @item was not there. Ends the program when there are more than max. */
bool uniq_add(struct uniq *u, const unsigned long *item);
bool uniq_has(const struct uniq *u, const unsigned long *item);

/* What the unique modes must record of a full trace. */
struct expect {
	struct uniq pc, edge;
};

void expect_init(struct expect *e);
void expect_from(struct expect *e, const unsigned long *pcs, size_t n);

/* Two consecutive PCs, the first of them 0 where a trace begins. */
#define PAIR_WORDS	2u

void pairs_init(struct uniq *pairs);
/* Those of a trace of @n PCs, each once. */
void pairs_from(struct uniq *pairs, const unsigned long *pcs, size_t n);

/* Of the workload "migrate", which takes minutes on a kernel that watches itself. */
extern int migrations;

/*
 * The place of a comparison is what is the same in each run: PC, type, and arguments that
 * are constants. Other arguments are addresses, PIDs and times.
 */
void cmp_place(const unsigned long *cmp, unsigned long *place);
void places_init(struct uniq *places);
/* Those of @n comparisons, each once. */
void places_from(struct uniq *places, const unsigned long *cmp, size_t n);

#endif /* WORKLOADS_H */
