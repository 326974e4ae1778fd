// SPDX-License-Identifier: GPL-2.0
/*
 * Test the unique modes of KCOV against its traces: what a unique mode collects must
 * be exactly what a trace of the same system calls has, each item once, in the order
 * in which they first ran.
 *
 * A trace of the kernel is not the same each time. So a workload runs three times:
 * traced, in the unique mode, traced. If the traces are equal, the unique mode is likely
 * to be, too, and if it is, the test has passed; otherwise, it is tried again. It has
 * failed if many traces were equal, and never the unique mode.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/kcov.h>

#include "../kselftest_harness.h"

#define KCOV_FILE	"/sys/kernel/debug/kcov"
#define WORDS		(256UL << 10)
#define TRIES		200
#define MANY		(TRIES / 8)
/* Of 30, after which the harness ends a test. */
#define SECONDS		20
/* Not in the errno of userspace. */
#define KERNEL_ENOTSUPP	524

/* Words of a comparison, all of 64 bits: type, arg1, arg2, PC. */
#define WORDS_PER_CMP	4

static int xioctl(int fd, unsigned long cmd, unsigned long arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

static bool once_more(unsigned int tries, time_t begin)
{
	return tries < TRIES && time(NULL) - begin < SECONDS;
}

static int get_stats(int fd, struct kcov_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	return xioctl(fd, KCOV_GET_STATS, (unsigned long)stats);
}

static unsigned long *map(int fd, unsigned long words, int which)
{
	size_t bytes = words * sizeof(unsigned long);

	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    which * bytes);
}

/* System calls of several kinds that change nothing, with loops in them. */
static void workload(void)
{
	/* Its address is an operand of comparisons. */
	static char buf[4096];
	int i, fd;

	for (i = 0; i < 3; i++) {
		fd = open("/", O_RDONLY | O_DIRECTORY);
		if (fd >= 0) {
			lseek(fd, 0, SEEK_END);
			close(fd);
		}
		if (read(-1, buf, sizeof(buf)) >= 0)
			abort();
		if (!getcwd(buf, sizeof(buf)))
			abort();
	}
}

static void zero(unsigned long *area)
{
	__atomic_store_n(&area[0], 0, __ATOMIC_RELAXED);
}

static unsigned long count(unsigned long *area)
{
	return __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);
}

/* What an edge word adds to the PC, for the PC before it. */
static unsigned long edge_hash(unsigned long prev)
{
	uint32_t a = prev & 0xfff;

	a = (a ^ 61) ^ (a >> 16);
	a = a + (a << 3);
	a = a ^ (a >> 4);
	a = a * 0x27d4eb2d;
	a = a ^ (a >> 15);
	return a & 0xfff;
}

/* A list of items of @size words each. */
struct list {
	uint64_t	*item;
	unsigned long	n;
};

static void add(struct list *l, const uint64_t *item, unsigned int size)
{
	memcpy(&l->item[l->n++ * size], item, size * sizeof(*item));
}

/* Indices, + 1, into a list: 2^20 of them. */
#define SLOTS	0x100000U
static uint32_t slots[SLOTS];

/* Leave the first of equal items, in order. */
static void once(struct list *l, unsigned int size)
{
	unsigned long i, n = l->n;
	unsigned int slot, word;
	uint64_t *item, hash;

	memset(slots, 0, sizeof(slots));
	l->n = 0;
	for (i = 0; i < n; i++) {
		item = &l->item[i * size];
		for (word = 0, hash = 0; word < size; word++)
			hash = (hash ^ item[word]) * 0x9e3779b97f4a7c15ULL;
		slot = hash >> 44;
		while (slots[slot] &&
		       memcmp(&l->item[(slots[slot] - 1) * size], item,
			      size * sizeof(*item)))
			slot = (slot + 1) % SLOTS;
		if (slots[slot])
			continue;
		memmove(&l->item[l->n * size], item, size * sizeof(*item));
		slots[slot] = ++l->n;
	}
}

static bool same(const struct list *a, const struct list *b, unsigned int size)
{
	return a->n == b->n && !memcmp(a->item, b->item, a->n * size * sizeof(*a->item));
}

/* A descriptor, its areas, and what was read from them. */
struct state {
	int fd;
	unsigned long *area;
	unsigned long *edges;
	struct list before, after, got, got_edges;
};

FIXTURE(kcov) {
	struct state s;
};

static int collect(struct state *s, unsigned long mode)
{
	int res = xioctl(s->fd, KCOV_ENABLE, mode);

	if (res)
		return res;
	zero(s->edges);
	zero(s->area);
	workload();
	return xioctl(s->fd, KCOV_DISABLE, 0);
}

static void read_words(unsigned long *area, struct list *l)
{
	unsigned long i, n = count(area);
	uint64_t word;

	for (i = l->n = 0; i < n && i < WORDS - 1; i++) {
		word = area[i + 1];
		add(l, &word, 1);
	}
}

static void read_edges(unsigned long *area, struct list *l)
{
	unsigned long i, n = count(area), prev = 0;
	uint64_t word;

	for (i = l->n = 0; i < n; i++) {
		word = area[i + 1] ^ edge_hash(prev);
		prev = area[i + 1];
		add(l, &word, 1);
	}
}

static void read_cmps(unsigned long *area, struct list *l)
{
	const uint64_t *cmp = (const uint64_t *)area;
	uint64_t i, n = cmp[0];

	for (i = l->n = 0; i < n && i < (WORDS - 1) / WORDS_PER_CMP; i++)
		add(l, &cmp[1 + i * WORDS_PER_CMP], WORDS_PER_CMP);
}

FIXTURE_SETUP(kcov)
{
	struct list *lists[] = { &self->s.before, &self->s.after, &self->s.got,
				 &self->s.got_edges };
	bool modes, reset;
	unsigned int i;

	self->s.fd = open(KCOV_FILE, O_RDWR);
	if (self->s.fd < 0 && (errno == ENOENT || errno == EACCES || errno == EPERM))
		SKIP(return, KCOV_FILE ": %s (root, CONFIG_KCOV and debugfs are needed)",
		     strerror(errno));
	ASSERT_GE(self->s.fd, 0);
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_INIT_TRACE, WORDS));
	self->s.area = map(self->s.fd, WORDS, 0);
	ASSERT_NE(MAP_FAILED, self->s.area);

	/* One of them alone would be a bug. */
	reset = xioctl(self->s.fd, KCOV_RESET_TRACE, 0) != -ENOTTY;
	modes = xioctl(self->s.fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_PC) != -EINVAL;
	if (modes)
		xioctl(self->s.fd, KCOV_DISABLE, 0);
	if (!modes && !reset)
		SKIP(return, "no unique modes (CONFIG_KCOV_UNIQ)");
	ASSERT_TRUE(modes);
	ASSERT_TRUE(reset);

	self->s.edges = map(self->s.fd, WORDS, 1);
	ASSERT_NE(MAP_FAILED, self->s.edges);
	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		lists[i]->item = calloc(WORDS, sizeof(uint64_t));
		ASSERT_NE(NULL, lists[i]->item);
	}
	ASSERT_EQ(0, collect(&self->s, KCOV_TRACE_PC));
	if (!count(self->s.area))
		SKIP(return, "traces are empty (CONFIG_KCOV_INSTRUMENT_ALL)");
	ASSERT_LT(count(self->s.area), WORDS - 1);
}

FIXTURE_TEARDOWN(kcov)
{
	close(self->s.fd);
}

TEST_F(kcov, modes)
{
	static const unsigned long good[] = { 0, 2, 4, 6, 16 };
	static const unsigned long bad[] = {
		3, 5, 7, 9, 10, 12, 14, 15, 17, 18, 24, 32, 0x80000000UL, ~0UL, ~1UL,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, xioctl(self->s.fd, KCOV_ENABLE, good[i])) {
			TH_LOG("mode %lu", good[i]);
		}
		/* As in mode 0. */
		EXPECT_EQ(-EINVAL, xioctl(self->s.fd, KCOV_ENABLE, good[i]));
		EXPECT_EQ(0, xioctl(self->s.fd, KCOV_DISABLE, 0));
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, xioctl(self->s.fd, KCOV_ENABLE, bad[i])) {
			TH_LOG("mode %#lx", bad[i]);
		}
}

TEST_F(kcov, needs_init)
{
	struct kcov_stats stats;
	int fd = open(KCOV_FILE, O_RDWR);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EINVAL, xioctl(fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_PC));
	EXPECT_EQ(-EINVAL, xioctl(fd, KCOV_RESET_TRACE, 0));
	EXPECT_EQ(-EINVAL, get_stats(fd, &stats));
	close(fd);
}

/*
 * Compare a unique mode with traces, see above. @again: reset and go on in the middle,
 * so that the window has seen everything before.
 */
static void compare(struct __test_metadata *_metadata, struct state *s,
		    unsigned long mode, int (*again)(struct state *s))
{
	bool cmp = mode == KCOV_TRACE_UNIQ_CMP, compact = mode == KCOV_TRACE_COMPACT;
	bool ok;
	unsigned long plain = cmp ? KCOV_TRACE_CMP : KCOV_TRACE_PC;
	void (*read_list)(unsigned long *, struct list *) = cmp ? read_cmps : read_words;
	unsigned int size = cmp ? WORDS_PER_CMP : 1, i, equal = 0;
	unsigned long shortened = 0;
	struct list *before = &s->before, *after = &s->after;
	time_t begin = time(NULL);

	for (i = 0; once_more(i, begin); i++) {
		ASSERT_EQ(0, collect(s, plain));
		read_list(s->area, before);
		ASSERT_NE(0, before->n);
		ASSERT_EQ(0, again ? again(s) : collect(s, mode));
		read_list(s->area, &s->got);
		if (compact) {
			shortened = s->got.n;
			once(&s->got, 1);
			read_edges(s->area, &s->got_edges);
			once(&s->got_edges, 1);
		} else {
			read_words(s->edges, &s->got_edges);
		}
		ASSERT_EQ(0, collect(s, plain));
		read_list(s->area, after);
		if (!same(before, after, size))
			continue;
		equal++;
		ASSERT_LT(shortened, before->n);

		ok = true;
		once(before, size);
		if (cmp || compact || (mode & KCOV_TRACE_UNIQ_PC)) {
			ok = same(before, &s->got, size);
			ASSERT_LT(before->n, after->n) {
				TH_LOG("nothing repeats, so nothing is tested");
			}
		} else {
			ASSERT_EQ(0, s->got.n);
		}
		if (compact || (mode & KCOV_TRACE_UNIQ_EDGE)) {
			read_edges(s->area, after);
			once(after, 1);
			ok = ok && same(after, &s->got_edges, 1);
		}
		if (ok)
			return;
	}
	if (equal < MANY)
		SKIP(return, "of %u pairs of traces only %u are equal", i, equal);
	for (i = 0; i < before->n * size && i < s->got.n * size; i++)
		if (before->item[i] != s->got.item[i])
			break;
	EXPECT_TRUE(false) {
		TH_LOG("word %u: %#llx instead of %#llx", i,
		       (unsigned long long)s->got.item[i],
		       (unsigned long long)before->item[i]);
		TH_LOG("mode %lu is never what the trace has: %lu items of %lu, %lu edges of %lu",
		       mode, s->got.n, before->n, s->got_edges.n, after->n);
	}
}

TEST_F(kcov, each_pc_once)
{
	compare(_metadata, &self->s, KCOV_TRACE_UNIQ_PC, NULL);
}

TEST_F(kcov, each_edge_once)
{
	compare(_metadata, &self->s, KCOV_TRACE_UNIQ_EDGE, NULL);
}

TEST_F(kcov, pcs_and_edges)
{
	compare(_metadata, &self->s, KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE, NULL);
}

/* The trace is shorter, and has the same PCs and pairs in the order in which they first ran. */
TEST_F(kcov, compact)
{
	compare(_metadata, &self->s, KCOV_TRACE_COMPACT, NULL);
}

TEST_F(kcov, each_comparison_once)
{
	int res = xioctl(self->s.fd, KCOV_ENABLE, KCOV_TRACE_CMP);

	if (res == -KERNEL_ENOTSUPP || res == -EOPNOTSUPP) {
		EXPECT_EQ(-EOPNOTSUPP,
			  xioctl(self->s.fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_CMP));
		SKIP(return, "no comparisons (CONFIG_KCOV_ENABLE_COMPARISONS)");
	}
	ASSERT_EQ(0, res);
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_DISABLE, 0));
	compare(_metadata, &self->s, KCOV_TRACE_UNIQ_CMP, NULL);
}

/* The window has all of it already, then it is reset by a store. */
static int store_again(struct state *s)
{
	int res = xioctl(s->fd, KCOV_ENABLE, 6);

	if (res)
		return res;
	workload();
	zero(s->edges);
	zero(s->area);
	workload();
	return xioctl(s->fd, KCOV_DISABLE, 0);
}

TEST_F(kcov, reset_by_store)
{
	compare(_metadata, &self->s, 6, store_again);
}

/*
 * The window has all of it already, then it is reset by the ioctl of another process: it
 * is empty then. collect() begins another, by stores, as reset_while_enabled does not.
 */
static int ioctl_again(struct state *s)
{
	int res = xioctl(s->fd, KCOV_ENABLE, 6), status;
	struct kcov_stats stats;
	pid_t pid;

	if (res)
		return res;
	workload();
	res = xioctl(s->fd, KCOV_DISABLE, 0);
	if (res)
		return res;
	pid = fork();
	if (!pid)
		_exit(-xioctl(s->fd, KCOV_RESET_TRACE, 0));
	if (waitpid(pid, &status, 0) != pid || status)
		return -ECHILD;
	if (get_stats(s->fd, &stats) || stats.main.recorded ||
	    stats.edge.recorded || count(s->area) || count(s->edges))
		return -EUCLEAN;
	/* Pages that were shared with the child are copied now, not in the window. */
	workload();
	return collect(s, 6);
}

TEST_F(kcov, reset_by_ioctl_of_child)
{
	compare(_metadata, &self->s, 6, ioctl_again);
}

/* While the task collects, and where no store could do it: read-only. */
TEST_F(kcov, reset_while_enabled)
{
	unsigned long first, n, i, found = 0;

	ASSERT_EQ(0, mprotect(self->s.area, WORDS * sizeof(long), PROT_READ));
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_PC));
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_RESET_TRACE, 0));
	workload();
	first = count(self->s.area);
	workload();
	n = count(self->s.area);
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_RESET_TRACE, 0));
	workload();
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_DISABLE, 0));
	ASSERT_NE(0, first);
	/* The second time brings little. */
	EXPECT_LT(n - first, first / 2);
	/* Everything that was known is new again. */
	read_words(self->s.area, &self->s.got);
	EXPECT_GT(self->s.got.n, first / 2);
	for (i = 1; i <= self->s.got.n; i++)
		found += self->s.area[i] == self->s.got.item[0];
	EXPECT_EQ(1, found);
}

TEST_F(kcov, enable_continues)
{
	unsigned long n;

	ASSERT_EQ(0, collect(&self->s, KCOV_TRACE_UNIQ_PC));
	n = count(self->s.area);
	ASSERT_NE(0, n);
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_PC));
	workload();
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_DISABLE, 0));
	EXPECT_GE(count(self->s.area), n);
	read_words(self->s.area, &self->s.got);
	n = self->s.got.n;
	once(&self->s.got, 1);
	EXPECT_EQ(n, self->s.got.n);
	/* In another mode the window is another one. */
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_EDGE));
	EXPECT_EQ(0, count(self->s.area));
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_DISABLE, 0));
}

/* So that programs of today lose less. */
TEST_F(kcov, parameter)
{
	int param = open("/sys/module/kcov/parameters/compact", O_RDWR);
	struct kcov_stats stats;
	char was;

	if (param < 0)
		SKIP(return, "no /sys/module");
	ASSERT_EQ(1, read(param, &was, 1));
	ASSERT_EQ(1, pwrite(param, "1", 1, 0));
	EXPECT_EQ(0, collect(&self->s, KCOV_TRACE_PC));
	EXPECT_EQ(1, pwrite(param, &was, 1, 0));
	close(param);
	ASSERT_EQ(0, get_stats(self->s.fd, &stats));
	EXPECT_EQ(KCOV_TRACE_COMPACT, stats.mode);
	ASSERT_EQ(0, collect(&self->s, KCOV_TRACE_PC));
	ASSERT_EQ(0, get_stats(self->s.fd, &stats));
	EXPECT_EQ(was == 'Y' ? KCOV_TRACE_COMPACT : KCOV_TRACE_PC, stats.mode);
}

/* The list comes after so many words, which the kernel leaves alone. */
TEST_F(kcov, bitmap)
{
	const unsigned long words = 100;
	struct kcov_stats stats;
	unsigned long i;

	EXPECT_EQ(-EINVAL, xioctl(self->s.fd, KCOV_UNIQUE_ENABLE, 0));
	EXPECT_EQ(-EINVAL, xioctl(self->s.fd, KCOV_UNIQUE_ENABLE, WORDS - 1));
	for (i = 0; i < words; i++)
		self->s.area[i] = ~i;
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_UNIQUE_ENABLE, words));
	zero(self->s.area + words);
	workload();
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_DISABLE, 0));
	for (i = 0; i < words && self->s.area[i] == ~i; i++)
		;
	EXPECT_EQ(words, i);
	ASSERT_EQ(0, get_stats(self->s.fd, &stats));
	EXPECT_EQ(KCOV_TRACE_UNIQ_PC, stats.mode);
	EXPECT_EQ(WORDS - words - 1, stats.main.capacity);
	EXPECT_NE(0, stats.main.recorded);
	EXPECT_EQ(count(self->s.area + words), stats.main.recorded);
}

TEST_F(kcov, stats)
{
	struct kcov_stats stats;

	ASSERT_EQ(0, collect(&self->s, 6));
	ASSERT_EQ(0, get_stats(self->s.fd, &stats));
	EXPECT_EQ(sizeof(stats), stats.size);
	EXPECT_EQ(6, stats.mode);
	EXPECT_EQ(WORDS - 1, stats.main.capacity);
	EXPECT_EQ(WORDS - 1, stats.edge.capacity);
	EXPECT_EQ(count(self->s.area), stats.main.recorded);
	EXPECT_EQ(count(self->s.edges), stats.edge.recorded);
	EXPECT_NE(0, stats.main.recorded);
	EXPECT_NE(0, stats.edge.recorded);
	EXPECT_EQ(0, stats.main.dropped);
	EXPECT_EQ(0, stats.edge.dropped);
	EXPECT_EQ(0, stats.main.untracked);

	/* A caller that knows less gets no more. */
	memset(&stats, 0x5a, sizeof(stats));
	stats.size = 8;
	EXPECT_EQ(0, xioctl(self->s.fd, KCOV_GET_STATS, (unsigned long)&stats));
	EXPECT_EQ(8, stats.size);
	EXPECT_EQ(6, stats.mode);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5aULL, stats.main.capacity);
	stats.size = 7;
	EXPECT_EQ(-EINVAL, xioctl(self->s.fd, KCOV_GET_STATS, (unsigned long)&stats));
	EXPECT_EQ(-EFAULT, xioctl(self->s.fd, KCOV_GET_STATS, 8));
}

/* Without a mapping, so that the area may be smaller than a page. */
static int collect_unmapped(unsigned long words, unsigned long mode, struct kcov_stats *stats)
{
	int fd = open(KCOV_FILE, O_RDWR), res;

	if (fd < 0)
		return -errno;
	res = xioctl(fd, KCOV_INIT_TRACE, words);
	if (!res)
		res = xioctl(fd, KCOV_ENABLE, mode);
	if (!res) {
		workload();
		res = xioctl(fd, KCOV_DISABLE, 0);
	}
	if (!res)
		res = get_stats(fd, stats);
	close(fd);
	return res;
}

/* An area that is too small is filled, and the rest counted. */
static void compare_dropped(struct __test_metadata *_metadata, unsigned long mode,
			    unsigned long capacity)
{
	const unsigned long words = 64;
	struct kcov_stats before, after, small;
	time_t begin = time(NULL);
	unsigned int i, equal = 0;

	for (i = 0; once_more(i, begin); i++) {
		ASSERT_EQ(0, collect_unmapped(WORDS, mode, &before));
		ASSERT_EQ(0, collect_unmapped(words, mode, &small));
		ASSERT_EQ(0, collect_unmapped(WORDS, mode, &after));
		ASSERT_EQ(0, before.main.dropped);
		ASSERT_GT(before.main.recorded, words);
		ASSERT_EQ(capacity, small.main.capacity);
		ASSERT_EQ(capacity, small.main.recorded);
		ASSERT_NE(0, small.main.dropped);
		if (before.main.recorded != after.main.recorded)
			continue;
		equal++;
		if (before.main.recorded == small.main.recorded + small.main.dropped)
			return;
	}
	if (equal < MANY)
		SKIP(return, "of %u pairs of windows only %u are equal", i, equal);
	EXPECT_EQ(before.main.recorded, small.main.recorded + small.main.dropped);
}

TEST_F(kcov, dropped_pcs)
{
	compare_dropped(_metadata, KCOV_TRACE_PC, 63);
}

TEST_F(kcov, dropped_unique_pcs)
{
	compare_dropped(_metadata, KCOV_TRACE_UNIQ_PC, 63);
}

TEST_F(kcov, dropped_comparisons)
{
	if (xioctl(self->s.fd, KCOV_ENABLE, KCOV_TRACE_CMP))
		SKIP(return, "no comparisons (CONFIG_KCOV_ENABLE_COMPARISONS)");
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_DISABLE, 0));
	compare_dropped(_metadata, KCOV_TRACE_CMP, (64 * sizeof(long) - 8) / 32);
}

/* 'S' when the process sleeps. */
static char state_of(pid_t pid)
{
	char name[64], state = 0;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	file = fopen(name, "r");
	if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state;
}

TEST_F(kcov, not_inherited)
{
	unsigned long n;
	int status;
	char state;
	pid_t pid;

	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_PC));
	zero(self->s.area);
	pid = fork();
	if (!pid) {
		/* Until the parent waits, and executes nothing. */
		while ((state = state_of(getppid())) != 'S') {
			if (!state)
				_exit(77);
			usleep(1000);
		}
		n = count(self->s.area);
		workload();
		if (count(self->s.area) != n)
			_exit(1);
		_exit(xioctl(self->s.fd, KCOV_DISABLE, 0) == -EINVAL ? 0 : 2);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, xioctl(self->s.fd, KCOV_DISABLE, 0));
	if (status == 77 << 8)
		SKIP(return, "no /proc");
	EXPECT_EQ(0, status);
	EXPECT_NE(0, count(self->s.area));
}

TEST_HARNESS_MAIN
