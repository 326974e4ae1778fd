// SPDX-License-Identifier: MIT
/*
 * The loop of a fuzzer: reset, run an input, look for PCs that no input had before. An input
 * is here one of a few system calls; each runs twice, and finds nothing new the second time.
 *
 * The loop is the same for mode 0. A list that is full is told by stats.main.dropped.
 *
 *	cc -Iinclude/uapi -o build/fuzz examples/fuzz.c && scripts/vm build/fuzz
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#define WORDS	(64 << 10)
#define SEEN	(1 << 20)	/* a power of two, more than a kernel has PCs in these calls */

static unsigned long seen[SEEN];	/* a hash table; 0: a free place */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Returns whether @pc was not seen before. */
static bool is_new(unsigned long pc)
{
	unsigned long i = pc * 0x9e3779b97f4a7c15ul >> 44;

	for (; seen[i]; i = (i + 1) & (SEEN - 1))
		if (seen[i] == pc)
			return false;
	seen[i] = pc;
	return true;
}

static void run_input(int input)
{
	int fds[2];

	switch (input) {
	case 0:
		read(-1, NULL, 0);
		break;
	case 1:
		lseek(0, 0, 12345);
		break;
	case 2:
		if (!pipe(fds)) {
			close(fds[0]);
			close(fds[1]);
		}
		break;
	case 3:
		munmap((void *)1, 1);
		break;
	}
}

int main(void)
{
	struct kcov_stats stats = { .size = sizeof(stats) };
	unsigned long *area, n, i, found;
	int round, input, fd = open("/sys/kernel/debug/kcov", O_RDWR);

	if (fd < 0)
		die("/sys/kernel/debug/kcov (root? debugfs mounted? CONFIG_KCOV=y?)");
	if (ioctl(fd, KCOV_INIT_TRACE, WORDS))
		die("KCOV_INIT_TRACE");
	if (ioctl(fd, KCOV_GET_STATS, &stats))
		die("KCOV_GET_STATS (a kernel without CONFIG_KCOV_UNIQ?)");
	area = mmap(NULL, WORDS * sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED)
		die("mmap");
	/* The first store to a page may run code in the kernel: not while we trace. */
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
	for (round = 1; round <= 2; round++) {
		for (input = 0; input < 4; input++) {
			if (ioctl(fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_PC))
				die("KCOV_ENABLE");
			/* Nothing is cleared, here or in the kernel: this costs nothing. */
			__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
			run_input(input);
			n = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);
			if (ioctl(fd, KCOV_DISABLE, 0) || ioctl(fd, KCOV_GET_STATS, &stats))
				die("KCOV_DISABLE, KCOV_GET_STATS");
			found = 0;
			for (i = 1; i <= n; i++)
				found += is_new(area[i]);
			printf("round %d, input %d: %lu PCs, %lu new, %llu dropped\n", round, input,
			       n, found, (unsigned long long)stats.main.dropped);
		}
	}
	return 0;
}
