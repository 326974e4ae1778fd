// SPDX-License-Identifier: MIT
/*
 * memory - what descriptors allocate is stated, freed, and may fail
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "guest.h"

#define WORDS	4096
#define BYTES	(WORDS * sizeof(unsigned long))
#define PC_STATE	(448ul << 10)	/* of mode 2, and of 4 */
#define CMP_STATE	(832ul << 10)	/* of mode 8 */
#define COMPACT_STATE	(353ul << 10)	/* of mode 16, beside that of mode 2 */
#define ALL_STATE	(2 * PC_STATE + CMP_STATE + COMPACT_STATE)
/* Enough for a leak of 64 bytes a round to be seen. */
#define ROUNDS	(slow() ? 5000 : 10000)

static const unsigned long modes[] = { 0, 1, 2, 4, 6, 8, 16 };

/* How many allocations in /proc/vmallocinfo KCOV made, and their bytes. */
static int vmallocs(unsigned long *bytes)
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

/* A number from a file of "name number" or "name: number" lines. */
static unsigned long number(const char *path, const char *name)
{
	unsigned long value = 0;
	FILE *f = fopen(path, "r");
	size_t len = strlen(name);
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len)) {
			value = strtoul(line + len, NULL, 10);
			break;
		}
	if (f)
		fclose(f);
	return value;
}

/* Opens, enables in one of the modes, and leaves in one of several ways. */
static void round_trip(int i)
{
	unsigned long mode = modes[i % ARRAY_SIZE(modes)];
	int way = i / ARRAY_SIZE(modes) % 4;
	struct cov c;

	if (way == 3) {
		pid_t pid = fork();

		if (pid) {
			waitpid(pid, NULL, 0);
			return;
		}
	}
	cov_open_or_exit(&c, way & 1 ? WORDS : 2 * WORDS, way & 2 ? COV_EDGE : 0);
	if (cov_enable(c.fd, mode))
		exit(1);
	getppid();
	if (way == 3)
		_exit(0);
	if (cov_disable(c.fd))
		exit(1);
	if (way == 2) {
		/* Other modes on the same descriptor, and a reset in between. */
		cov_reset(c.fd);
		if (cov_enable(c.fd, 6) || cov_disable(c.fd) ||
		    cov_enable(c.fd, 8) || cov_disable(c.fd))
			exit(1);
	}
	cov_close(&c);
}

static void no_leak(void)
{
	int n, i, rounds = ROUNDS;
	unsigned long bytes, pages, slab, after, slab_after;

	/* Caches fill in the first rounds. */
	for (i = 0; i < 200; i++)
		round_trip(i);
	n = vmallocs(&bytes);
	pages = number("/proc/meminfo", "VmallocUsed:");
	slab = number("/proc/meminfo", "SUnreclaim:");
	for (i = 0; i < rounds; i++)
		round_trip(i);
	after = number("/proc/meminfo", "VmallocUsed:");
	slab_after = number("/proc/meminfo", "SUnreclaim:");
	tap_ok(vmallocs(&bytes) == n, "%d descriptors: none of KCOV's vmalloc areas is left", rounds);
	tap_ok(after <= pages + 64, "VmallocUsed does not grow");
	tap_diag("VmallocUsed %lu -> %lu kB", pages, after);
	/* One leaked descriptor of 64 bytes a round were 320 or 640 kB. */
	tap_ok(slab_after <= slab + 256, "slab does not grow");
	tap_diag("SUnreclaim %lu -> %lu kB", slab, slab_after);
}

/* Bytes that a descriptor takes in one mode. */
static unsigned long mode_bytes(unsigned long mode, size_t words)
{
	unsigned long before, after;
	struct cov c;

	vmallocs(&before);
	cov_open_or_exit(&c, words, mode & 4 ? COV_EDGE : 0);
	cov_enable(c.fd, mode);
	cov_disable(c.fd);
	vmallocs(&after);
	cov_close(&c);
	return after - before;
}

/* And beyond its areas, which cost in mode 0 what they cost anywhere. */
static unsigned long state_bytes(unsigned long mode, size_t words)
{
	return mode_bytes(mode, words) -
	       (mode & 4 ? 2 : 1) * mode_bytes(0, words);
}

static void stated(void)
{
	unsigned long bytes, big;
	size_t i;

	for (i = 1; i < ARRAY_SIZE(modes); i++) {
		bytes = state_bytes(modes[i], WORDS);
		big = state_bytes(modes[i], 16 << 20);
		tap_ok(big <= bytes && bytes <= 1 << 20 && !!big == (modes[i] > 1),
		       "mode %lu: %lu KiB of state whatever the area's size",
		       modes[i], bytes >> 10);
		tap_diag("%lu bytes, with a large area %lu", bytes, big);
	}
	bytes = state_bytes(KCOV_TRACE_UNIQ_CMP, WORDS);
	tap_ok(bytes >= CMP_STATE && bytes <= CMP_STATE + 2 * 4096,
	       "mode 8: what is stated");
	bytes = state_bytes(KCOV_TRACE_COMPACT, WORDS);
	tap_ok(bytes >= PC_STATE && bytes <= PC_STATE + COMPACT_STATE + 4 * 4096,
	       "mode 16: what is stated");
	/* The hidden page, and the guard page that every vmalloc area has. */
	bytes = mode_bytes(0, WORDS) - BYTES;
	tap_ok(bytes <= 2 * 4096, "mode 0: %lu bytes beyond the area", bytes);
}

/* One descriptor in all modes, twice: each needs its state once. */
static void all_in_turn(void)
{
	unsigned long before, once, twice, after;
	int n = vmallocs(&before), turn;
	struct cov c;
	size_t i;

	cov_open_or_exit(&c, WORDS, COV_EDGE);
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < ARRAY_SIZE(modes); i++)
			if (cov_enable(c.fd, modes[i]) || cov_disable(c.fd))
				exit(1);
		vmallocs(turn ? &twice : &once);
	}
	cov_close(&c);
	tap_ok(once == twice && once - before <= ALL_STATE + 2 * BYTES + 16 * 4096,
	       "all modes in turn: %lu KiB of state and areas", (once - before) >> 10);
	tap_ok(vmallocs(&after) == n && after == before, "and all of it is freed");
}

static void put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		tap_diag("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Open all the time: opening it might be what fails. -1: not in this kernel. */
static int fail_nth_fd = -1;

/* From here on the @n-th allocation of this task fails; 0: none. */
static void fail_nth(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	if (pwrite(fail_nth_fd, text, len, 0) != len) {
		perror("fail-nth");
		exit(1);
	}
}

/* Did one fail? Ends the injection. */
static bool did_fail(void)
{
	char text[16] = "";
	bool failed = pread(fail_nth_fd, text, sizeof(text) - 1, 0) > 0 &&
		      atoi(text) == 0;

	fail_nth(0);
	return failed;
}

enum call { CALL_INIT, CALL_ENABLE, CALL_MAP };

static int do_call(enum call call, int fd, unsigned long mode)
{
	void *p;

	switch (call) {
	case CALL_INIT:
		return cov_init(fd, WORDS);
	case CALL_ENABLE:
		return cov_enable(fd, mode);
	default:
		p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, BYTES);
		if (p == MAP_FAILED)
			return -errno;
		munmap(p, BYTES);
		return 0;
	}
}

/*
 * Lets each allocation of a call fail in turn. The call must say ENOMEM, or not
 * need that allocation; then it must work, and the descriptor with it.
 */
static void each_fails(enum call call, const char *what, unsigned long mode)
{
	int n, got, wrong = 0, failed = 0;

	for (n = 1; n < 1000; n++) {
		struct kcov_stats st;
		bool hit;
		int fd = cov_fd();

		if (call != CALL_INIT)
			cov_init(fd, WORDS);
		fail_nth(n);
		got = do_call(call, fd, mode);
		hit = did_fail();
		failed += got != 0;
		if (hit ? got && got != -ENOMEM : got) {
			tap_diag("allocation %d: %d", n, got);
			wrong++;
		}
		if (got && do_call(call, fd, mode))
			wrong++;
		if (call == CALL_ENABLE) {
			getppid();
			if (cov_disable(fd) || cov_stats(fd, &st) || st.mode != mode)
				wrong++;
		}
		close(fd);
		if (!hit)
			break;
	}
	/* A call that never failed was not tested. */
	tap_ok(!wrong && failed && n < 1000, "%s: ENOMEM at each of %d allocations, then works",
	       what, failed);
}

static void no_memory(void)
{
	unsigned long bytes;
	char what[64];
	int n;
	size_t i;

	fail_nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (fail_nth_fd < 0) {
		tap_skip("no fault injection in this kernel", "ENOMEM");
		return;
	}
	/* Those that may sleep, too; without a backtrace for each. */
	put("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	put("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	put("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	put("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	put("/sys/kernel/debug/failslab/verbose", "0");

	n = vmallocs(&bytes);
	for (i = 2; i < ARRAY_SIZE(modes); i++) {
		snprintf(what, sizeof(what), "KCOV_ENABLE in mode %lu", modes[i]);
		each_fails(CALL_ENABLE, what, modes[i]);
	}
	each_fails(CALL_MAP, "mmap of the edge area", 0);
	tap_ok(vmallocs(&bytes) == n, "nothing is left of what failed");
}

int main(void)
{
	stated();
	all_in_turn();
	no_leak();
	no_memory();
	return tap_done();
}
