/* SPDX-License-Identifier: MIT */
/*
 * What programs that run inside a guest kernel share: KCOV's descriptor and
 * areas, results in TAP, a clock. Header only, so that a test is one C file.
 */
#ifndef GUEST_H
#define GUEST_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/kcov.h>

#define KCOV_PATH	"/sys/kernel/debug/kcov"
#define DEBUGFS_FS	0x64626720

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct cov {
	int		fd;
	size_t		words;	/* in each area, the count included */
	unsigned long	*main;
	unsigned long	*edge;	/* NULL unless COV_EDGE was asked for */
	unsigned long	*tee;	/* NULL unless cov_map_tee() was called */
	size_t		tee_words;
};

#define COV_EDGE	1	/* map the edge area, too */

/* Why the descriptor could not be had. @err is what open() left in errno. */
static inline const char *cov_open_hint(int err)
{
	struct statfs fs;

	if (err == EACCES || err == EPERM)
		return "no permission to open KCOV: run as root";
	if (err != ENOENT)
		return strerror(err);
	if (statfs("/sys/kernel/debug", &fs) || fs.f_type != DEBUGFS_FS)
		return "debugfs is not mounted: mount -t debugfs none /sys/kernel/debug";
	return "no KCOV: build with CONFIG_KCOV=y";
}

/* Write to a file of the kernel's. 0 or -errno. */
static inline int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* What a test says that has nothing to compare with. */
#define COV_NO_TEE \
	"this test compares each list with a full trace, which this kernel does not keep beside it:\n" \
	"boot one that does, with 'scripts/vm --config tee -- PROGRAM'"

/* Parameters of KCOV: "compact", or "items" where a second area can be mapped. */
static inline void cov_parameter(const char *name, const char *value)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), "/sys/module/kcov/parameters/%s", name);
	err = put(path, value);
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", path, strerror(-err));
	if (err == -ENOENT && !strcmp(name, "items"))
		fprintf(stderr, "%s\n", COV_NO_TEE);
	exit(1);
}

/*
 * Let /proc/thread-self/fail-nth, which is opened, fail allocations of pages and those that may
 * sleep, too, and without a backtrace for each. -1: not in this kernel.
 */
static inline int fail_nth_open(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && (put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N") ||
			put("/sys/kernel/debug/fail_page_alloc/min-order", "0") ||
			put("/sys/kernel/debug/fail_page_alloc/verbose", "0") ||
			put("/sys/kernel/debug/failslab/ignore-gfp-wait", "N") ||
			put("/sys/kernel/debug/failslab/verbose", "0"))) {
		perror("/sys/kernel/debug/fail_page_alloc, failslab");
		exit(1);
	}
	return fd;
}

/* A new descriptor, or -errno. */
static inline int cov_fd(void)
{
	int fd = open(KCOV_PATH, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int cov_init(int fd, size_t words)
{
	return ioctl(fd, KCOV_INIT_TRACE, words) ? -errno : 0;
}

/* Words of the smallest area that can be mapped: its length is whole pages. */
static inline size_t page_words(void)
{
	return sysconf(_SC_PAGESIZE) / sizeof(unsigned long);
}

/*
 * Maps the area at byte @offset; NULL with errno set if that fails. Children do
 * not inherit the mapping: the cost of fork() must not depend on its size, and
 * a traced child never reads it.
 */
static inline unsigned long *cov_map(int fd, size_t words, size_t offset)
{
	size_t len = words * sizeof(unsigned long);
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       (off_t)offset);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, len, MADV_DONTFORK);
	return p;
}

static inline int cov_enable(int fd, unsigned long mode)
{
	return ioctl(fd, KCOV_ENABLE, mode) ? -errno : 0;
}

static inline int cov_disable(int fd)
{
	return ioctl(fd, KCOV_DISABLE, 0) ? -errno : 0;
}

static inline int cov_reset(int fd)
{
	return ioctl(fd, KCOV_RESET_TRACE, 0) ? -errno : 0;
}

static inline int cov_stats(int fd, struct kcov_stats *st)
{
	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	return ioctl(fd, KCOV_GET_STATS, st) ? -errno : 0;
}

static inline void cov_close(struct cov *c)
{
	size_t len = c->words * sizeof(unsigned long);

	if (c->main)
		munmap(c->main, len);
	if (c->edge)
		munmap(c->edge, len);
	if (c->tee)
		munmap(c->tee, c->tee_words * sizeof(unsigned long));
	if (c->fd >= 0)
		close(c->fd);
	memset(c, 0, sizeof(*c));
	c->fd = -1;
}

/* Descriptor, areas and mappings at once. 0 or -errno, then nothing is left. */
static inline int cov_open(struct cov *c, size_t words, unsigned int flags)
{
	int err;

	memset(c, 0, sizeof(*c));
	c->fd = cov_fd();
	if (c->fd < 0)
		return c->fd;
	c->words = words;
	err = cov_init(c->fd, words);
	if (err)
		goto fail;
	c->main = cov_map(c->fd, words, 0);
	err = -errno;
	if (!c->main)
		goto fail;
	if (!(flags & COV_EDGE))
		return 0;
	c->edge = cov_map(c->fd, words, words * sizeof(unsigned long));
	err = -errno;
	if (!c->edge)
		goto fail;
	return 0;
fail:
	cov_close(c);
	return err;
}

/*
 * The second area of a kernel built with --config tee: every callback that the unique
 * modes accept, or that has no room in mode 0, raw. 0 or -errno.
 */
static inline int cov_map_tee(struct cov *c, size_t words)
{
	c->tee = cov_map(c->fd, words, 2 * c->words * sizeof(unsigned long));
	c->tee_words = words;
	return c->tee ? 0 : -errno;
}

/* A program without coverage has nothing to say: ends it with the reason. */
static inline void cov_open_or_exit(struct cov *c, size_t words,
				    unsigned int flags)
{
	int err = cov_open(c, words, flags);

	if (!err)
		return;
	if (err == -ENOENT || err == -EACCES || err == -EPERM)
		fprintf(stderr, "%s: %s\n", KCOV_PATH, cov_open_hint(-err));
	else
		fprintf(stderr, "%s: areas of %zu words: %s\n", KCOV_PATH, words,
			strerror(-err));
	exit(1);
}

/* How many allocations in /proc/vmallocinfo KCOV made, and their bytes. */
static inline int cov_vmallocs(unsigned long *bytes)
{
	FILE *f = fopen("/proc/vmallocinfo", "r");
	unsigned long size;
	char line[512];
	int n = 0;

	if (!f) {
		perror("/proc/vmallocinfo");
		exit(1);
	}
	*bytes = 0;
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, "kcov"))
			continue;
		n++;
		if (sscanf(line, "%*s %lu", &size) == 1)
			*bytes += size;
	}
	fclose(f);
	return n;
}

/* Bytes that a descriptor takes in one mode. */
static inline unsigned long cov_mode_bytes(unsigned long mode, size_t words)
{
	unsigned long before, after;
	struct cov c;

	cov_vmallocs(&before);
	cov_open_or_exit(&c, words, mode & KCOV_TRACE_UNIQ_EDGE ? COV_EDGE : 0);
	cov_enable(c.fd, mode);
	cov_disable(c.fd);
	cov_vmallocs(&after);
	cov_close(&c);
	return after - before;
}

/* Whether this kernel knows @mode: a client finds out by trying. */
static inline bool cov_has_mode(unsigned long mode)
{
	struct cov c;
	bool has;

	if (cov_open(&c, page_words(), 0))
		return false;
	has = cov_enable(c.fd, mode) == 0;
	if (has)
		cov_disable(c.fd);
	cov_close(&c);
	return has;
}

/* Items in an area. The count is the kernel's last word, but check it. */
static inline size_t cov_count(const unsigned long *area, size_t words)
{
	unsigned long n = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);

	return n < words ? n : words - 1;
}

/* A comparison in an area of mode 1 or 8: type, both arguments, PC. */
#define CMP_WORDS	4u

static inline size_t cov_cmp_capacity(size_t words)
{
	return (words - 1) / CMP_WORDS;
}

static inline size_t cov_cmp_count(const unsigned long *area, size_t words)
{
	unsigned long n = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);

	return n < cov_cmp_capacity(words) ? n : cov_cmp_capacity(words);
}

static inline bool mode_is_cmp(unsigned long mode)
{
	return mode == KCOV_TRACE_CMP || mode == KCOV_TRACE_UNIQ_CMP;
}

static inline void cov_clear(struct cov *c)
{
	__atomic_store_n(&c->main[0], 0, __ATOMIC_RELEASE);
	if (c->edge)
		__atomic_store_n(&c->edge[0], 0, __ATOMIC_RELEASE);
	if (c->tee)
		__atomic_store_n(&c->tee[0], 0, __ATOMIC_RELEASE);
}

/* Thomas Wang's 32-bit integer hash. */
static inline uint32_t cov_hash32(uint32_t a)
{
	a = (a ^ 61) ^ (a >> 16);
	a += a << 3;
	a ^= a >> 4;
	a *= 0x27d4eb2d;
	a ^= a >> 15;
	return a;
}

/* The word that stands for the edge from @prev (0: none before) to @pc. */
static inline unsigned long cov_edge_word(unsigned long prev, unsigned long pc)
{
	return pc ^ (cov_hash32(prev & 0xfff) & 0xfff);
}

static inline uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* $KCOV_TEST_SLOW=1: an emulated machine, 20 to 50 times slower than this one. */
static inline bool slow(void)
{
	const char *env = getenv("KCOV_TEST_SLOW");

	return env && !strcmp(env, "1");
}

/* How often to repeat a thing. */
static inline int fewer(int rounds)
{
	return slow() ? (rounds + 19) / 20 : rounds;
}

/*
 * Joins the only other thread, and waits until it is gone altogether: until then the kernel
 * looks file descriptors up as it does for two, on a path of its own.
 */
static inline void join_last(pthread_t thread)
{
	struct stat st;

	pthread_join(thread, NULL);
	/* Threads, and two more. */
	while (!stat("/proc/self/task", &st) && st.st_nlink > 3)
		sched_yield();
}

/*
 * Test Anything Protocol. Each line is flushed at once: when the kernel dies,
 * what was said before must have been written.
 */
static struct {
	int run, failed, skipped;
} tap;

static inline void tap_vline(const char *head, const char *fmt, va_list ap,
			     const char *tail)
{
	if (head)
		fputs(head, stdout);
	vprintf(fmt, ap);
	if (tail)
		printf(" # SKIP %s", tail);
	putchar('\n');
	fflush(stdout);
}

__attribute__((format(printf, 2, 3)))
static inline bool tap_ok(bool ok, const char *fmt, ...)
{
	char head[32];
	va_list ap;

	tap.run++;
	tap.failed += !ok;
	snprintf(head, sizeof(head), "%sok %d - ", ok ? "" : "not ", tap.run);
	va_start(ap, fmt);
	tap_vline(head, fmt, ap, NULL);
	va_end(ap);
	return ok;
}

__attribute__((format(printf, 2, 3)))
static inline void tap_skip(const char *why, const char *fmt, ...)
{
	char head[32];
	va_list ap;

	tap.run++;
	tap.skipped++;
	snprintf(head, sizeof(head), "ok %d - ", tap.run);
	va_start(ap, fmt);
	tap_vline(head, fmt, ap, why);
	va_end(ap);
}

__attribute__((format(printf, 1, 2)))
static inline void tap_diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline("# ", fmt, ap, NULL);
	va_end(ap);
}

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

/* Does kmemleak find an object whose backtrace has @word, "" for any? */
static inline void kmemleak_finds_no(const char *word)
{
	char line[256], object[8192] = "";
	FILE *f = fopen(KMEMLEAK, "r");
	int leaks = 0;
	bool more;

	if (!f) {
		tap_skip("no kmemleak in this kernel", "no leaks");
		return;
	}
	/* How many there are of all words goes to the log, at level 6: that judges nothing here. */
	if (word[0])
		put("/proc/sys/kernel/printk", "6");
	/* Objects are reported when they are some seconds old. */
	for (int i = 0; i < 2; i++) {
		sleep(6);
		put(KMEMLEAK, "scan");
	}
	do {
		more = fgets(line, sizeof(line), f);
		if (!more || !strncmp(line, "unreferenced", strlen("unreferenced"))) {
			if (object[0] && strstr(object, word)) {
				leaks++;
				tap_diag("%s", object);
			}
			object[0] = 0;
		}
		if (more && strlen(object) + strlen(line) < sizeof(object)) {
			line[strcspn(line, "\n")] = ';';
			strcat(object, line);
		}
	} while (more);
	fclose(f);
	tap_ok(!leaks, "kmemleak finds nothing%s%s", word[0] ? " of " : "", word);
}

/* Of a program that runs for a while: --seconds N, --seed N, neither is 0. Or exits. */
static inline void seconds_and_seed(int argc, char **argv, int *seconds, uint64_t *seed)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2)
		if (!strcmp(argv[i], "--seconds"))
			*seconds = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--seed"))
			*seed = strtoull(argv[i + 1], NULL, 0);
		else
			break;
	if (i >= argc && *seconds > 0 && *seed)
		return;
	fprintf(stderr, "usage: %s [--seconds N] [--seed N]\n", argv[0]);
	exit(2);
}

/* The plan, and the exit status of the program. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap.run);
	fflush(stdout);
	return tap.failed || !tap.run;
}

#endif /* GUEST_H */
