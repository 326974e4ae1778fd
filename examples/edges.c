// SPDX-License-Identifier: MIT
/*
 * Mode 6: the PCs and the edges of read(-1, NULL, 0), each once, and what did not fit.
 *
 *	cc -Iinclude/uapi -o build/edges examples/edges.c && scripts/vm build/edges
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#define WORDS	(64 << 10)
#define BYTES	(WORDS * sizeof(unsigned long))

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned long *map(int fd, off_t offset)
{
	void *area = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (area == MAP_FAILED)
		die("mmap");
	return area;
}

static void reset(unsigned long *pcs, unsigned long *edges)
{
	__atomic_store_n(&edges[0], 0, __ATOMIC_RELAXED);
	__atomic_store_n(&pcs[0], 0, __ATOMIC_RELAXED);
}

static void print(const char *what, const unsigned long *area, unsigned long n)
{
	unsigned long i;

	for (i = 1; i <= n; i++)
		printf("%s 0x%lx\n", what, area[i]);
}

int main(void)
{
	struct kcov_stats stats = { .size = sizeof(stats) };
	unsigned long *pcs, *edges, nr_pcs, nr_edges;
	int fd = open("/sys/kernel/debug/kcov", O_RDWR);

	if (fd < 0)
		die("/sys/kernel/debug/kcov (root? debugfs mounted? CONFIG_KCOV=y?)");
	if (ioctl(fd, KCOV_INIT_TRACE, WORDS))
		die("KCOV_INIT_TRACE");
	if (ioctl(fd, KCOV_GET_STATS, &stats))
		die("KCOV_GET_STATS (a kernel without CONFIG_KCOV_UNIQ?)");
	pcs = map(fd, 0);
	/* The edges have an area of the same length, behind that of the PCs. */
	edges = map(fd, BYTES);
	/* The first store to a page may run code in the kernel: not while we trace. */
	reset(pcs, edges);
	if (ioctl(fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE))
		die("KCOV_ENABLE");
	/* Each area has a window of its own. */
	reset(pcs, edges);
	read(-1, NULL, 0);
	/* The counts first: what comes now is recorded behind these items. */
	nr_pcs = __atomic_load_n(&pcs[0], __ATOMIC_ACQUIRE);
	nr_edges = __atomic_load_n(&edges[0], __ATOMIC_ACQUIRE);
	if (ioctl(fd, KCOV_DISABLE, 0))
		die("KCOV_DISABLE");
	print("pc", pcs, nr_pcs);
	print("edge", edges, nr_edges);
	if (ioctl(fd, KCOV_GET_STATS, &stats))
		die("KCOV_GET_STATS");
	printf("no room for %llu PCs and %llu edges\n",
	       (unsigned long long)stats.main.dropped, (unsigned long long)stats.edge.dropped);
	return 0;
}
