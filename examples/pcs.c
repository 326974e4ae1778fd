// SPDX-License-Identifier: MIT
/*
 * The smallest client: each PC that read(-1, NULL, 0) executes in the kernel, once.
 *
 *	cc -Iinclude/uapi -o build/pcs examples/pcs.c && scripts/vm build/pcs
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

int main(void)
{
	struct kcov_stats stats = { .size = sizeof(stats) };
	int mode = KCOV_TRACE_UNIQ_PC, fd = open("/sys/kernel/debug/kcov", O_RDWR);
	unsigned long *area, n, i;

	if (fd < 0)
		die("/sys/kernel/debug/kcov (root? debugfs mounted? CONFIG_KCOV=y?)");
	if (ioctl(fd, KCOV_INIT_TRACE, WORDS))
		die("KCOV_INIT_TRACE");
	area = mmap(NULL, WORDS * sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED)
		die("mmap");
	/* Nothing else tells whether the kernel has the unique modes. */
	if (ioctl(fd, KCOV_GET_STATS, &stats))
		mode = KCOV_TRACE_PC;
	/* The first store to a page may run code in the kernel: not while we trace. */
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
	if (ioctl(fd, KCOV_ENABLE, mode))
		die("KCOV_ENABLE");
	/* Reset: the end of KCOV_ENABLE was recorded, too. */
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
	read(-1, NULL, 0);
	/* The count first: what comes now is recorded behind these items. */
	n = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);
	if (ioctl(fd, KCOV_DISABLE, 0))
		die("KCOV_DISABLE");
	for (i = 1; i <= n; i++)
		printf("0x%lx\n", area[i]);
	return 0;
}
