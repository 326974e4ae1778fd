// SPDX-License-Identifier: MIT
/*
 * memory - what descriptors allocate is stated, freed, and may fail
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "guest.h"

#define WORDS	4096
#define BYTES	(WORDS * sizeof(unsigned long))
/*
 * Bytes of state for so many comparisons, so many PCs of a compact trace, or twice as many PCs or
 * edge words, with a table for young windows; and how many there is room for at first.
 */
#define STATE(items)	max_of((items) * 58ul + 32, \
			       (items) * 56ul + ((items) < 8192 ? (items) * 8ul : 65536))
#define ITEMS		(8ul << 10)
/* Enough for a leak of 64 bytes a round to be seen. */
#define ROUNDS	5000

static unsigned long max_of(unsigned long a, unsigned long b)
{
	return a > b ? a : b;
}

static const unsigned long modes[] = { 0, 1, 2, 4, 6, 8, 16 };

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

	if (!access("/sys/kernel/debug/kmemleak", F_OK)) {
		tap_skip("kmemleak is better at that: see stress", "leaks");
		return;
	}
	/* Caches fill in the first rounds. */
	for (i = 0; i < 200; i++)
		round_trip(i);
	n = cov_vmallocs(&bytes);
	pages = number("/proc/meminfo", "VmallocUsed:");
	slab = number("/proc/meminfo", "SUnreclaim:");
	for (i = 0; i < rounds; i++)
		round_trip(i);
	after = number("/proc/meminfo", "VmallocUsed:");
	slab_after = number("/proc/meminfo", "SUnreclaim:");
	tap_ok(cov_vmallocs(&bytes) == n, "%d descriptors: none of KCOV's vmalloc areas is left", rounds);
	tap_ok(after <= pages + 64, "VmallocUsed does not grow");
	tap_diag("VmallocUsed %lu -> %lu kB", pages, after);
	/* One leaked descriptor of 64 bytes a round would be 320 kB. */
	tap_ok(slab_after <= slab + 256, "slab does not grow");
	tap_diag("SUnreclaim %lu -> %lu kB", slab, slab_after);
}

/* And beyond its areas, which cost in mode 0 what they cost anywhere. */
static unsigned long state_bytes(unsigned long mode, size_t words)
{
	return cov_mode_bytes(mode, words) -
	       (mode & 4 ? 2 : 1) * cov_mode_bytes(0, words);
}

/* What is stated: room for so many items, but hardly for more than the area holds. */
static unsigned long stated_bytes(unsigned long mode, size_t words)
{
	size_t items = words / (mode == KCOV_TRACE_COMPACT ? 1 : mode == KCOV_TRACE_UNIQ_CMP ? 4 : 2);

	items = items < 512 ? 512 : items > ITEMS ? ITEMS : items;
	return mode <= KCOV_TRACE_CMP ? 0 : STATE(items) * (mode == 6 ? 2 : 1);
}

static void stated(void)
{
	static const size_t words[] = { 512, WORDS, 64 << 10, 512 << 10 };
	unsigned long bytes, want;
	size_t i, w;

	for (i = 1; i < ARRAY_SIZE(modes); i++)
		for (w = 0; w < ARRAY_SIZE(words); w++) {
			bytes = state_bytes(modes[i], words[w]);
			want = stated_bytes(modes[i], words[w]);
			/* Guard pages, and what is less than a page; an edge area has no hidden page. */
			tap_ok(bytes + 4096 >= want && bytes <= want + 4 * 4096,
			       "mode %lu, %zu words: %lu KiB of state", modes[i], words[w], bytes >> 10);
			tap_diag("%lu bytes, stated are %lu", bytes, want);
		}
	/* The hidden page, and the guard page that every vmalloc area has. */
	bytes = cov_mode_bytes(0, WORDS) - BYTES;
	tap_ok(bytes <= 2 * 4096, "mode 0: %lu bytes beyond the area", bytes);
}

/* One descriptor in all modes, twice: there is state for one of them at a time, and for edges. */
static void all_in_turn(void)
{
	unsigned long before, once, twice, after;
	int n = cov_vmallocs(&before), turn;
	struct cov c;
	size_t i;

	cov_open_or_exit(&c, WORDS, COV_EDGE);
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < ARRAY_SIZE(modes); i++)
			if (cov_enable(c.fd, modes[i]) || cov_disable(c.fd))
				exit(1);
		cov_vmallocs(turn ? &twice : &once);
	}
	cov_close(&c);
	tap_ok(once == twice && once - before <= STATE(WORDS) + STATE(WORDS / 2) + 2 * BYTES + 8 * 4096,
	       "all modes in turn: %lu KiB of state and areas", (once - before) >> 10);
	tap_ok(cov_vmallocs(&after) == n && after == before, "and all of it is freed");
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
		/* In Linux 6.1 this may be what fails. */
		return munmap(p, BYTES) ? munmap(p, BYTES) : 0;
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

	fail_nth_fd = fail_nth_open();
	if (fail_nth_fd < 0) {
		tap_skip("no fault injection in this kernel", "ENOMEM");
		return;
	}
	n = cov_vmallocs(&bytes);
	for (i = 2; i < ARRAY_SIZE(modes); i++) {
		snprintf(what, sizeof(what), "KCOV_ENABLE in mode %lu", modes[i]);
		each_fails(CALL_ENABLE, what, modes[i]);
	}
	each_fails(CALL_MAP, "mmap of the edge area", 0);
	tap_ok(cov_vmallocs(&bytes) == n, "nothing is left of what failed");
}

/* ---- memory that was too little ---- */

#define GROW_WORDS	(4ul << 20)	/* room for a million comparisons */
#define MAX_ITEMS	(256ul << 10)

static struct cov grown;
static unsigned long base_bytes;

static int ask[2], answer[2];

/* A thread that nobody traces: to read such a file fills a set on some kernels. */
static void *accountant(void *arg)
{
	unsigned long bytes;
	char c;

	while (read(ask[0], &c, 1) == 1) {
		cov_vmallocs(&bytes);
		if (write(answer[1], &bytes, sizeof(bytes)) != sizeof(bytes))
			exit(1);
	}
	return arg;
}

static void accountant_begin(void)
{
	pthread_t thread;

	if (pipe(ask) || pipe(answer) || pthread_create(&thread, NULL, accountant, NULL)) {
		perror("a thread");
		exit(1);
	}
}

/* Of the descriptor, beside its area. */
static unsigned long now_bytes(void)
{
	unsigned long bytes;

	if (write(ask[1], "", 1) != 1 || read(answer[0], &bytes, sizeof(bytes)) != sizeof(bytes))
		exit(1);
	return bytes - base_bytes;
}

/* Guard pages, and the pointers to the pages, which take pages themselves if they are many. */
static bool is_about(unsigned long bytes, unsigned long want)
{
	return bytes >= want && bytes <= want + want / 512 + 4 * 4096;
}

/* Comparisons that are all different; returns those that found no place in the set. */
static unsigned long compare(unsigned int calls)
{
	static unsigned int option = 0x5a000000;
	struct kcov_stats st;
	unsigned int i;

	for (i = 0; i < calls; i++)
		prctl(option++, 0, 0, 0, 0);
	cov_stats(grown.fd, &st);
	return st.main.untracked;
}

/* Are @n comparisons in the set, all that there were? */
static bool fit(unsigned long n)
{
	struct kcov_stats st;

	do {
		if (compare(10))
			return false;
		cov_stats(grown.fd, &st);
	} while (st.main.recorded < n);
	return true;
}

/* A window that is too large for @bytes of state. */
static bool fill(unsigned long bytes)
{
	int i;

	grown.main[0] = 0;
	for (i = 0; i < 100; i++)
		if (compare(bytes / STATE(ITEMS) * 100))
			return true;
	return false;
}

static void *reset_it(void *arg)
{
	cov_reset(grown.fd);
	return arg;
}

/* Full, then @next_window; and how much memory there is afterwards. */
static unsigned long grow_by(void (*next_window)(void))
{
	if (!fill(now_bytes()))
		return 0;
	next_window();
	return now_bytes();
}

static void next_by_store(void)
{
	grown.main[0] = 0;
	compare(1);
}

static void next_by_ioctl(void)
{
	cov_reset(grown.fd);
}

static void next_by_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, reset_it, NULL)) {
		perror("pthread_create");
		exit(1);
	}
	pthread_join(thread, NULL);
}

static void next_by_enable(void)
{
	if (cov_disable(grown.fd) || cov_enable(grown.fd, 8))
		exit(1);
}

static void next_without_memory(void)
{
	cov_disable(grown.fd);
	fail_nth(1);
	if (cov_enable(grown.fd, 8))
		exit(1);
	tap_ok(did_fail(), "no memory for more: the enable works with what there is");
}

/* A set is full, but so is the area: more would help nobody. */
static void growth_helps(void)
{
	unsigned long bytes;

	cov_vmallocs(&base_bytes);
	cov_open_or_exit(&grown, 64 << 10, 0);
	cov_vmallocs(&bytes);
	base_bytes = bytes;
	if (cov_enable(grown.fd, 8))
		exit(1);
	tap_ok(is_about(grow_by(next_by_ioctl), STATE(16 << 10)) &&
	       is_about(grow_by(next_by_enable), STATE(16 << 10)),
	       "no more than the area can hold: room for 16K comparisons in 64K words");
	cov_disable(grown.fd);
	cov_close(&grown);
}

/* Enables, in a small window each, until there is less state. The same window if !@reset. */
static int enables_until_less(bool reset)
{
	unsigned long had = now_bytes();
	int i, k;

	for (i = 0; i < 100 && now_bytes() >= had; i++) {
		if (cov_enable(grown.fd, 8))
			exit(1);
		if (reset || !i)
			cov_reset(grown.fd);
		for (k = 0; k < 10; k++)
			prctl(0x59000000 + k, 0, 0, 0, 0);
		cov_disable(grown.fd);
	}
	return i;
}

/* Each comparison is there once. */
static bool all_differ(void)
{
	const unsigned long (*cmp)[4] = (void *)(grown.main + 1);
	unsigned long n = grown.main[0], i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < i; k++)
			if (!memcmp(cmp + i, cmp + k, sizeof(*cmp)))
				return false;
	return n;
}

static void given_back(void)
{
	struct kcov_stats st;
	int n;

	cov_disable(grown.fd);
	n = enables_until_less(true);
	tap_ok(n >= 15 && n <= 17 && is_about(now_bytes(), STATE(ITEMS)),
	       "after some 16 enables with small windows there is what there was at first");
	tap_diag("%d enables, %lu bytes", n, now_bytes());
	tap_ok(enables_until_less(true) == 100, "and no less");

	/* Larger again, and one window that goes on through all enables. */
	cov_enable(grown.fd, 8);
	tap_ok(is_about(grow_by(next_by_ioctl), STATE(2 * ITEMS)), "it grows again, at a reset");
	cov_disable(grown.fd);
	n = enables_until_less(false);
	cov_stats(grown.fd, &st);
	tap_ok(n >= 15 && n <= 17 && !st.main.untracked && all_differ(),
	       "a small window that goes on in less memory keeps what it has");
	tap_diag("%d enables, %lu items, %llu untracked", n, grown.main[0], st.main.untracked);
	cov_enable(grown.fd, 8);
}

static void growth(void)
{
	struct kcov_stats st;
	unsigned long bytes, items, n;
	char what[80];

	cov_vmallocs(&base_bytes);
	cov_open_or_exit(&grown, GROW_WORDS, 0);
	cov_vmallocs(&bytes);
	base_bytes = bytes;
	if (cov_enable(grown.fd, 8))
		exit(1);
	tap_ok(is_about(now_bytes(), STATE(ITEMS)), "room for 8K comparisons at first");
	next_by_enable();
	tap_ok(is_about(now_bytes(), STATE(ITEMS)), "which is not more after an enable if it was enough");
	tap_ok(is_about(grow_by(next_by_store), STATE(ITEMS)), "nor by a store of 0, if it was not");
	tap_ok(is_about(grow_by(next_by_thread), STATE(ITEMS)),
	       "nor by another thread's KCOV_RESET_TRACE while it is in use");
	tap_ok(is_about(grow_by(next_by_ioctl), STATE(2 * ITEMS)), "KCOV_RESET_TRACE: twice as much");
	tap_ok(fit(10 << 10), "then 10K fit");

	/* A window that goes on keeps what it has, and may repeat it. */
	fill(now_bytes());
	n = grown.main[0];
	next_by_enable();
	cov_stats(grown.fd, &st);
	tap_ok(is_about(now_bytes(), STATE(4 * ITEMS)) && grown.main[0] >= n &&
	       st.main.recorded >= n && st.main.untracked >= 2 * ITEMS,
	       "KCOV_ENABLE: twice as much; the window goes on, its items are untracked now");
	tap_diag("%lu bytes, %lu items, then %llu, %llu untracked", now_bytes(), n,
		 st.main.recorded, st.main.untracked);
	grown.main[0] = 0;
	tap_ok(fit(20 << 10), "and none in the next");
	if (fail_nth_fd >= 0)
		tap_ok(is_about(grow_by(next_without_memory), STATE(4 * ITEMS)), "and is not more");
	else
		tap_skip("no fault injection in this kernel", "no memory for more");
	for (items = 8 * ITEMS; items <= MAX_ITEMS; items *= 2) {
		snprintf(what, sizeof(what), "room for %luK", items >> 10);
		if (!tap_ok(is_about(grow_by(next_by_enable), STATE(items)), "%s", what))
			tap_diag("%lu bytes, not %lu", now_bytes(), STATE(items));
	}
	tap_ok(is_about(grow_by(next_by_enable), STATE(MAX_ITEMS)), "and never more");
	/* Other modes in between take nothing away from it. */
	cov_disable(grown.fd);
	cov_enable(grown.fd, 2);
	cov_disable(grown.fd);
	cov_enable(grown.fd, 8);
	tap_ok(is_about(now_bytes(), STATE(MAX_ITEMS)), "nor less after another mode");
	given_back();
	cov_disable(grown.fd);
	cov_close(&grown);
}

/* ---- a memory cgroup that is nearly full ---- */

#define CGROUP	"/sys/fs/cgroup/"

static struct call_in_cgroup {
	const char	*name;
	unsigned long	mode;
	enum { IN_ENABLE, IN_REMOTE, IN_BITMAP, IN_MAP, IN_RESET } call;
	bool		compact;	/* kcov.compact=1 */
	bool		little;		/* it may need no more than a CPU has in stock */
} calls_in_cgroup[] = {
	{ "KCOV_ENABLE in mode 2", 2, IN_ENABLE, false, true },
	{ "KCOV_ENABLE in mode 6", 6, IN_ENABLE, false, false },
	{ "KCOV_ENABLE in mode 8", 8, IN_ENABLE, false, false },
	{ "KCOV_ENABLE in mode 16", 16, IN_ENABLE, false, false },
	{ "KCOV_ENABLE in mode 0, compact=1", 0, IN_ENABLE, true, false },
	{ "KCOV_ENABLE in mode 1, compact=1", 1, IN_ENABLE, true, false },
	{ "KCOV_REMOTE_ENABLE in mode 16", 16, IN_REMOTE, false, false },
	{ "KCOV_UNIQUE_ENABLE", 2, IN_BITMAP, false, true },
	{ "mmap of the edge area", 0, IN_MAP, false, false },
	{ "KCOV_RESET_TRACE with a full set", 8, IN_RESET, false, false },
};

/*
 * What the call says, in a cgroup that may take @left bytes more. Of a child. Between the two
 * writes to memory.max nothing but the call may allocate: not even open(), which would kill.
 */
static int in_cgroup(const struct call_in_cgroup *c, long left)
{
	struct kcov_remote_arg remote = { .trace_mode = c->mode, .area_size = 64,
					  .common_handle = 0x1234 };
	char text[32] = "", *used = mmap(NULL, 64 << 10, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int fd = cov_fd(), err, current, max;
	unsigned int i;

	memset(used, 1, 64 << 10);
	cov_init(fd, 64 << 10);
	if (c->call == IN_RESET) {
		if (cov_enable(fd, c->mode))
			return -EIO;
		for (i = 0; i < 3000; i++)
			prctl(0x5a000000 + i, 0, 0, 0, 0);
	}
	current = open(CGROUP "kcov-small/memory.current", O_RDONLY);
	max = open(CGROUP "kcov-small/memory.max", O_WRONLY);
	/* Twice: the first one allocates, and a CPU takes more for its stock. */
	for (i = 0; i < 2; i++)
		if (pread(current, text, sizeof(text) - 1, 0) <= 0)
			return -EIO;
	snprintf(text, sizeof(text), "%ld", atol(text) + left);
	if (pwrite(max, text, strlen(text), 0) < 0)
		return -EIO;
	switch (c->call) {
	case IN_ENABLE: err = cov_enable(fd, c->mode); break;
	case IN_REMOTE: err = ioctl(fd, KCOV_REMOTE_ENABLE, &remote) ? -errno : 0; break;
	case IN_BITMAP: err = ioctl(fd, KCOV_UNIQUE_ENABLE, 64ul) ? -errno : 0; break;
	case IN_MAP: err = mmap(NULL, 512 << 10, PROT_READ, MAP_SHARED, fd, 512 << 10) ==
			   MAP_FAILED ? -errno : 0; break;
	default: err = cov_reset(fd); break;
	}
	if (pwrite(max, "max", 3, 0) < 0)
		return -EIO;
	return err;
}

static void cgroup_is_full(struct call_in_cgroup *c)
{
	static const long left[] = { 16, 64, 128, 256, 384, 512, 768, 1024, 2048, 16384 };
	int status, killed = 0, wrong = 0, failed = 0, worked = 0;
	size_t i;

	if (c->compact)
		put("/sys/module/kcov/parameters/compact", "1");
	for (i = 0; i < ARRAY_SIZE(left); i++) {
		pid_t pid = fork();

		if (!pid) {
			if (put(CGROUP "kcov-small/cgroup.procs", "0"))
				_exit(100);
			_exit(-in_cgroup(c, left[i] << 10));
		}
		waitpid(pid, &status, 0);
		put(CGROUP "kcov-small/memory.max", "max");
		killed += WIFSIGNALED(status);
		failed += status == ENOMEM << 8;
		worked += !status;
		wrong += !WIFSIGNALED(status) && status && status != ENOMEM << 8;
	}
	put("/sys/module/kcov/parameters/compact", "0");
	/* The last one has room. And what may do without never fails. */
	tap_ok(!killed && !wrong && worked &&
	       (c->little || (c->compact || c->call == IN_RESET) == !failed),
	       "%s in a full cgroup: ENOMEM %d times, works %d times, nobody is killed",
	       c->name, failed, worked);
	tap_diag("killed %d, other errors %d", killed, wrong);
}

static void cgroups(void)
{
	size_t i;

	put(CGROUP "cgroup.subtree_control", "+memory");
	if (mkdir(CGROUP "kcov-small", 0700) && errno != EEXIST) {
		tap_skip("no cgroup2 with the memory controller", "OOM killer");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(calls_in_cgroup); i++)
		cgroup_is_full(&calls_in_cgroup[i]);
}

int main(void)
{
	stated();
	all_in_turn();
	no_leak();
	no_memory();
	accountant_begin();
	growth_helps();
	growth();
	cgroups();
	return tap_done();
}
