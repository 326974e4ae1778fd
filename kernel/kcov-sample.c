// SPDX-License-Identifier: GPL-2.0
/*
 * kcov-sample - print what read(-1, NULL, 0) executes in the kernel
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcov.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define KCOV_FILE	"/sys/kernel/debug/kcov"
#define WORDS		(64 << 10)
#define BYTES		(WORDS * sizeof(unsigned long))
#define WORDS_PER_CMP	4

static const char usage[] =
	"usage: kcov-sample [MODE]\n"
	"\n"
	"Prints what read(-1, NULL, 0) executes in the kernel, as KCOV records it.\n"
	"\n"
	"  0  each PC, in order (default)\n"
	"  1  each comparison, in order\n"
	"  2  each PC once\n"
	"  4  each edge once: PC ^ a hash of the PC before it\n"
	"  6  both\n"
	"  8  each comparison once\n"
	" 16  a shortened trace with the same PCs and the same pairs of PCs\n"
	"\n"
	"To see the functions: kcov-sample | addr2line -f -e vmlinux\n";

static void __attribute__((__noreturn__)) die(const char *what)
{
	fprintf(stderr, "kcov-sample: %s: %s\n", what, strerror(errno));
	if (errno == ENOENT)
		fprintf(stderr, "Is debugfs mounted (mount -t debugfs none /sys/kernel/debug), and is the kernel built with CONFIG_KCOV?\n");
	else if (errno == EACCES || errno == EPERM)
		fprintf(stderr, "KCOV is for root.\n");
	exit(1);
}

/* The mode that a word names, or -1. */
static int parse_mode(const char *word)
{
	static const char * const modes[] = { "0", "1", "2", "4", "6", "8", "16" };
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(word, modes[i]))
			return atoi(word);
	return -1;
}

static unsigned long *map(int fd, off_t offset)
{
	void *area = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (area == MAP_FAILED)
		die("cannot map the coverage area");
	return area;
}

/* The count of comparisons has 64 bits on every machine. */
static unsigned long count(const unsigned long *area, bool cmp)
{
	return cmp ? __atomic_load_n((const uint64_t *)area, __ATOMIC_ACQUIRE) :
		     __atomic_load_n(area, __ATOMIC_ACQUIRE);
}

static void reset(unsigned long *main_area, bool cmp, unsigned long *edge_area)
{
	if (cmp)
		__atomic_store_n((uint64_t *)main_area, 0, __ATOMIC_RELAXED);
	else
		__atomic_store_n(main_area, 0, __ATOMIC_RELAXED);
	if (edge_area)
		__atomic_store_n(&edge_area[0], 0, __ATOMIC_RELAXED);
}

static void print_words(const unsigned long *area, unsigned long n)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		printf("0x%lx\n", area[i + 1]);
}

static void print_cmps(const unsigned long *area, unsigned long n)
{
	const uint64_t *cmp = (const uint64_t *)area + 1;

	for (; n; n--, cmp += WORDS_PER_CMP)
		printf("pc 0x%" PRIx64 " size %d const %d arg1 0x%" PRIx64 " arg2 0x%" PRIx64 "\n",
		       cmp[3], 1 << ((cmp[0] & KCOV_CMP_MASK) >> 1),
		       !!(cmp[0] & KCOV_CMP_CONST), cmp[1], cmp[2]);
}

int main(int argc, char **argv)
{
	int mode = argc == 1 ? KCOV_TRACE_PC : parse_mode(argv[1]);
	unsigned long *main_area, *edge_area = NULL, n, edges = 0;
	bool cmp = mode == KCOV_TRACE_CMP || mode == KCOV_TRACE_UNIQ_CMP;
	int fd;

	if (argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 2 || mode < 0) {
		fputs(usage, stderr);
		return 2;
	}

	fd = open(KCOV_FILE, O_RDWR);
	if (fd < 0)
		die(KCOV_FILE);
	if (ioctl(fd, KCOV_INIT_TRACE, WORDS))
		die("KCOV_INIT_TRACE");
	main_area = map(fd, 0);
	if (ioctl(fd, KCOV_ENABLE, mode)) {
		/* ENOTSUPP, which libc does not know, is 524. */
		if (errno == EINVAL || errno == EOPNOTSUPP || errno == 524) {
			fprintf(stderr, "kcov-sample: this kernel does not have mode %d (%s%s)\n",
				mode, mode == KCOV_TRACE_CMP ? "CONFIG_KCOV" : "CONFIG_KCOV_UNIQ",
				cmp ? ", CONFIG_KCOV_ENABLE_COMPARISONS" : "");
			return 1;
		}
		die("KCOV_ENABLE");
	}
	/* After KCOV_ENABLE: a kernel without unique modes has no edge area. */
	if (mode & KCOV_TRACE_UNIQ_EDGE)
		edge_area = map(fd, BYTES);

	/* From here on. The first store to a page may be code in the kernel, too. */
	reset(main_area, cmp, edge_area);
	reset(main_area, cmp, edge_area);
	if (read(-1, NULL, 0) != -1)
		die("read(-1) succeeded");
	n = count(main_area, cmp);
	if (edge_area)
		edges = count(edge_area, false);

	if (ioctl(fd, KCOV_DISABLE, 0))
		die("KCOV_DISABLE");
	if (cmp)
		print_cmps(main_area, n);
	else
		print_words(main_area, n);
	if (edge_area) {
		printf("======edge======\n");
		print_words(edge_area, edges);
	}
	/* A full disk loses lines: say so. */
	if (fflush(stdout) || ferror(stdout))
		die("cannot write");
	close(fd);
	return 0;
}
