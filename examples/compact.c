// SPDX-License-Identifier: MIT
/*
 * Mode 16: a compact trace of mmap() and munmap() of 16 MiB, and how long the full trace
 * would have been. Edges are computed from it as from a full trace.
 *
 *	cc -Iinclude/uapi -o build/compact examples/compact.c && scripts/vm build/compact
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#define WORDS	(64 << 10)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void work(void)
{
	void *p = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap of 16 MiB");
	munmap(p, 16 << 20);
}

/* Returns how long the trace is, with the words that did not fit; *n: those that did. */
static unsigned long long trace(int fd, unsigned long *area, int mode, unsigned long *n)
{
	struct kcov_stats stats = { .size = sizeof(stats) };

	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
	if (ioctl(fd, KCOV_ENABLE, mode))
		die("KCOV_ENABLE");
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
	work();
	/* All PCs and pairs are there. Only KCOV_DISABLE writes where the task went last. */
	*n = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);
	if (ioctl(fd, KCOV_DISABLE, 0))
		die("KCOV_DISABLE");
	if (ioctl(fd, KCOV_GET_STATS, &stats))
		die("KCOV_GET_STATS");
	return stats.main.recorded + stats.main.dropped;
}

int main(void)
{
	struct kcov_stats stats = { .size = sizeof(stats) };
	unsigned long *area, n, i, prev = 0;
	unsigned long long full, compact;
	int fd = open("/sys/kernel/debug/kcov", O_RDWR);

	if (fd < 0)
		die("/sys/kernel/debug/kcov (root? debugfs mounted? CONFIG_KCOV=y?)");
	if (ioctl(fd, KCOV_INIT_TRACE, WORDS))
		die("KCOV_INIT_TRACE");
	if (ioctl(fd, KCOV_GET_STATS, &stats))
		die("KCOV_GET_STATS (a kernel without CONFIG_KCOV_UNIQ?)");
	area = mmap(NULL, WORDS * sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED)
		die("mmap");
	full = trace(fd, area, KCOV_TRACE_PC, &n);
	compact = trace(fd, area, KCOV_TRACE_COMPACT, &n);
	for (i = 1; i <= n; i++) {
		printf("0x%lx 0x%lx\n", prev, area[i]);
		prev = area[i];
	}
	printf("%llu words instead of %llu\n", compact, full);
	return 0;
}
