/* SPDX-License-Identifier: MIT */
/*
 * Follows a program and all that it starts, by ptrace, so that each task collects
 * coverage of its own from its first instruction on.
 *
 * KCOV must be turned on by the task itself. So a new task is stopped before its first
 * instruction and made to do so: it makes a pair of sockets, gets the descriptor that
 * the tracer sends it there, calls KCOV_ENABLE and closes all three. This works whatever
 * the task may open, see or be: another user, in a chroot, in another PID namespace.
 */
#ifndef UKCOV_FOLLOW_H
#define UKCOV_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* One descriptor of KCOV; used by one task after another. The owner embeds it. */
struct follow_area {
	int fd;
	unsigned long mode;	/* the argument of KCOV_ENABLE */
};

/* Why a task has no coverage. */
enum follow_why {
	FOLLOW_FOREIGN,		/* a program with another ABI: 32 bits */
	FOLLOW_NO_AREA,		/* no descriptor, or no memory for one */
	FOLLOW_REFUSED,		/* the task could not make the calls */
	FOLLOW_BUSY,		/* it, or its descriptor, collects for somebody else */
	FOLLOW_NR_WHY
};

struct follow_ops {
	/* A descriptor that is not in use, or NULL. */
	struct follow_area *(*get)(void *ctx);
	/* What the area holds is not the task's: reset. */
	void (*start)(void *ctx, struct follow_area *area);
	/* The task is gone, or collects no more: take what it left, and the descriptor. */
	void (*put)(void *ctx, struct follow_area *area);
};

struct task;

struct follow {
	const struct follow_ops *ops;
	void *ctx;
	pid_t command;		/* the first task */
	int status;		/* how it ended, as of waitpid(); -1: it runs */
	unsigned long tasks;	/* seen */
	unsigned long followed;
	unsigned long not[FOLLOW_NR_WHY];
	int not_errno;		/* of the last FOLLOW_REFUSED or FOLLOW_NO_AREA */
	/* follow.c's own */
	struct task *hash[1024];
	bool attached;		/* to a program that was there before */
	volatile int stop;	/* leave them all alone, as soon as possible */
};

/*
 * Traces the child @pid, which waits for that, and has collected into @area, or will.
 * 0 or -errno.
 */
int follow_child(struct follow *f, pid_t pid, struct follow_area *area);

/* Traces a process that runs, with all its threads. 0 or -errno; then nothing is traced. */
int follow_attach(struct follow *f, pid_t pid);

/* Until no task is left, or follow_stop() was called. 0 or -errno. */
int follow_wait(struct follow *f);

/* Lets go of all tasks; may be called by a signal's handler. */
void follow_stop(struct follow *f);

#endif /* UKCOV_FOLLOW_H */
