// SPDX-License-Identifier: MIT
/*
 * Traces a process that another program forks. KCOV is per task and is not
 * inherited by fork(), but its descriptor is: the wanted child enables itself.
 *
 * cc -shared -fPIC -o preload.so preload.c; the program gets it by LD_PRELOAD,
 * with "FD MODE DEPTH" in $KCOV_CHILD: depth 1 is its first child, 2 the first
 * child of a first child.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include <linux/kcov.h>

static int fd = -1;
static unsigned long mode;
static int depth;

static void in_child(void)
{
	/* Later children find the descriptor busy, and are not traced. */
	if (--depth == 0)
		ioctl(fd, KCOV_ENABLE, mode);
}

__attribute__((constructor))
static void prepare(void)
{
	const char *arg = getenv("KCOV_CHILD");

	if (!arg || sscanf(arg, "%d %lu %d", &fd, &mode, &depth) != 3)
		return;
	/* What the program execs is no business of ours. */
	unsetenv("KCOV_CHILD");
	unsetenv("LD_PRELOAD");
	pthread_atfork(NULL, NULL, in_child);
}
