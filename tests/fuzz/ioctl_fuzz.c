// SPDX-License-Identifier: MIT
/*
 * ioctl_fuzz [--seconds N] [--seed N] - each answer of KCOV against a model of its ABI
 *
 * A few descriptors, and calls with random arguments, good ones and bad ones, in random order;
 * two tasks take turns, so that some calls come from one that is not the owner. The model knows
 * what each must return, in which mode the descriptor then is, and what may be mapped; what
 * was collected must hang together. The first answer that differs ends the run, and is told
 * with the seed that leads there.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>

#include "guest.h"

#define DESCRIPTORS	4
#define TASKS		2
#define NOBODY		(-1)

/* What the model knows of a descriptor. */
struct model {
	int fd;
	size_t words;		/* 0: not initialized */
	int owner;		/* the task that has enabled it, or NOBODY */
	bool remote;
	unsigned long mode;	/* of the last enable; ~0: none yet */
	size_t bitmap;
};

static struct model model[DESCRIPTORS];
/* The descriptors that a task has enabled, or NOBODY; one for sections before Linux 7.2. */
static int enabled[TASKS][2];
static bool two;			/* each task may have one of its own, and one for sections */
static unsigned long long calls, windows, by_answer[4];
static uint64_t seed = 1;
static bool wrong;
static int task;			/* whose turn it is */

static uint64_t rnd(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % n;
}

#define PICK(array) ((array)[rnd(ARRAY_SIZE(array))])

static bool is_mode(unsigned long mode)
{
	return mode == 0 || mode == 1 || mode == 2 || mode == 4 || mode == 6 || mode == 8 ||
	       mode == 16;
}

/* @got: 0 or -errno. */
static void expect(const struct model *m, const char *call, unsigned long arg, int got, int want)
{
	calls++;
	by_answer[want == 0 ? 0 : want == -EINVAL ? 1 : want == -EBUSY ? 2 : 3]++;
	if (got == want)
		return;
	wrong = true;
	tap_diag("descriptor %d (%zu words, owner %d, mode %ld), task %d: %s(%#lx): %s, not %s",
		 (int)(m - model), m->words, m->owner, (long)m->mode, task, call, arg,
		 got ? strerror(-got) : "0", want ? strerror(-want) : "0");
}

static int call(int fd, unsigned long cmd, unsigned long arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

static void reopen(struct model *m)
{
	/* The task that has enabled it keeps it until then. */
	if (m->owner != NOBODY)
		return;
	if (m->fd >= 0)
		close(m->fd);
	*m = (struct model){ .fd = cov_fd(), .owner = NOBODY, .mode = ~0ul };
	if (m->fd < 0) {
		perror(KCOV_PATH);
		exit(1);
	}
}

static void init(struct model *m)
{
	static const unsigned long sizes[] = {
		0, 1, 2, 3, 511, 512, 513, 1024, 8192, INT_MAX / 8 + 1ul, 1ul << 32, ~0ul,
	};
	unsigned long size = PICK(sizes);
	int want = size < 2 || size > INT_MAX / sizeof(long) ? -EINVAL : m->words ? -EBUSY : 0;

	expect(m, "KCOV_INIT_TRACE", size, call(m->fd, KCOV_INIT_TRACE, size), want);
	if (!want)
		m->words = size;
}

static int *slot(bool remote)
{
	return &enabled[task][two && remote];
}

static int enable_answer(const struct model *m, unsigned long mode, bool remote)
{
	if (!m->words || m->owner != NOBODY)
		return -EINVAL;
	if (*slot(remote) != NOBODY)
		return -EBUSY;
	return is_mode(mode) ? 0 : -EINVAL;
}

static void begun(struct model *m, unsigned long mode, size_t bitmap, bool remote)
{
	m->owner = task;
	m->remote = remote;
	m->mode = mode;
	m->bitmap = bitmap;
	*slot(remote) = m - model;
}

static unsigned long some_mode(void)
{
	static const unsigned long modes[] = { 0, 1, 2, 4, 6, 8, 16 };
	static const unsigned long bad[] = {
		3, 5, 7, 9, 10, 12, 14, 17, 18, 31, 32, 34, 1ul << 5 | 16, 1ul << 32, ~0ul, ~0ul - 29,
	};

	return rnd(4) ? PICK(modes) : PICK(bad);
}

static void enable(struct model *m)
{
	unsigned long mode = some_mode();
	int want = enable_answer(m, mode, false);

	expect(m, "KCOV_ENABLE", mode, call(m->fd, KCOV_ENABLE, mode), want);
	if (!want)
		begun(m, mode, 0, false);
}

static void enable_bitmap(struct model *m)
{
	const unsigned long some[] = {
		0, 1, 2, m->words - 3, m->words - 2, m->words - 1, m->words, 64, 1ul << 59, ~0ul,
	};
	unsigned long n = PICK(some);
	int want = enable_answer(m, KCOV_TRACE_UNIQ_PC, false);

	if (!n || m->words < 3 || n > m->words - 2)
		want = -EINVAL;
	expect(m, "KCOV_UNIQUE_ENABLE", n, call(m->fd, KCOV_UNIQUE_ENABLE, n), want);
	if (!want)
		begun(m, KCOV_TRACE_UNIQ_PC, n, false);
}

static void enable_remote(struct model *m)
{
	/* Nobody speaks on these; each descriptor has its own. */
	unsigned long long good = kcov_remote_handle(KCOV_SUBSYSTEM_USB, 1000 + (m - model)), bad = 1ull << 40;
	union {
		struct kcov_remote_arg arg;
		char bytes[sizeof(struct kcov_remote_arg) + sizeof(uint64_t)];
	} u = { .arg = { .trace_mode = some_mode(), .area_size = rnd(5000), .num_handles = 1 } };
	int want = enable_answer(m, u.arg.trace_mode, true), how = rnd(6);

	u.arg.handles[0] = how == 1 ? bad : good;
	if (how == 1 && !want)
		want = -EINVAL;
	if (how == 2) {
		u.arg.num_handles = 0x101;
		want = -EINVAL;
	}
	expect(m, "KCOV_REMOTE_ENABLE", u.arg.trace_mode,
	       call(m->fd, KCOV_REMOTE_ENABLE, (unsigned long)&u), want);
	if (!want)
		begun(m, u.arg.trace_mode, 0, true);
}

static void disable(struct model *m)
{
	unsigned long arg = rnd(8) ? 0 : 1;
	int want = arg || m->owner != task ? -EINVAL : 0;

	expect(m, "KCOV_DISABLE", arg, call(m->fd, KCOV_DISABLE, arg), want);
	if (want)
		return;
	m->owner = NOBODY;
	*slot(m->remote) = NOBODY;
}

static void reset(struct model *m)
{
	struct kcov_stats st = { .size = sizeof(st) };

	expect(m, "KCOV_RESET_TRACE", 0, call(m->fd, KCOV_RESET_TRACE, 0), m->words ? 0 : -EINVAL);
	/* What a task that collects has done since, nobody knows. */
	if (!m->words || m->owner != NOBODY)
		return;
	if (ioctl(m->fd, KCOV_GET_STATS, &st) || st.main.recorded || st.main.dropped ||
	    st.edge.recorded || st.edge.dropped) {
		wrong = true;
		tap_diag("descriptor %d, mode %ld: KCOV_RESET_TRACE leaves %llu and %llu, %llu and %llu",
			 (int)(m - model), (long)m->mode, st.main.recorded, st.main.dropped,
			 st.edge.recorded, st.edge.dropped);
	}
}

static void stats(struct model *m)
{
	static const uint32_t sizes[] = { 0, 7, 8, 9, 40, 72, 73, 4096, ~0u };
	union {
		struct kcov_stats st;
		unsigned char bytes[8192];
	} u;
	uint32_t size = PICK(sizes), fill = size < sizeof(u.st) ? size : sizeof(u.st);
	int want = !m->words || size < 8 ? -EINVAL : 0;
	bool cmp = mode_is_cmp(m->mode);
	size_t i, capacity;

	memset(&u, 0xa5, sizeof(u));
	u.st.size = size;
	expect(m, "KCOV_GET_STATS", size, call(m->fd, KCOV_GET_STATS, (unsigned long)&u), want);
	if (want)
		return;
	for (i = fill; i < sizeof(u) && u.bytes[i] == 0xa5; i++)
		;
	capacity = cmp ? (m->words - 1) / CMP_WORDS : m->words - m->bitmap - 1;
	if (m->mode == KCOV_TRACE_UNIQ_EDGE)
		capacity = 0;
	if (i < sizeof(u) || u.st.size != fill || (m->mode != ~0ul && u.st.mode != m->mode) ||
	    (fill == sizeof(u.st) && m->mode != ~0ul &&
	     (u.st.main.capacity != capacity || u.st.main.recorded > capacity ||
	      u.st.edge.capacity != (m->mode & KCOV_TRACE_UNIQ_EDGE ? m->words - 1 : 0)))) {
		wrong = true;
		tap_diag("descriptor %d (%zu words, mode %ld, bitmap %zu): statistics: size %u of %u, mode %u, capacity %llu, recorded %llu, edge %llu",
			 (int)(m - model), m->words, (long)m->mode, m->bitmap, u.st.size, size,
			 u.st.mode, u.st.main.capacity, u.st.main.recorded, u.st.edge.capacity);
	}
}

static void bad_calls(struct model *m)
{
	expect(m, "KCOV_GET_STATS", 8, call(m->fd, KCOV_GET_STATS, 8), m->words ? -EFAULT : -EINVAL);
	expect(m, "an unknown ioctl", 0, call(m->fd, _IO('c', 105 + rnd(5)), 0), -ENOTTY);
	expect(m, "KCOV_REMOTE_ENABLE", 8, call(m->fd, KCOV_REMOTE_ENABLE, 8), -EFAULT);
}

/* Items of a window are distinct, and as many as the statistics tell. */
static void look(struct model *m, const unsigned long *area, bool edge)
{
	struct kcov_stats st = { .size = sizeof(st) };
	const struct kcov_area_stats *s = edge ? &st.edge : &st.main;
	const unsigned long *list = area + (edge ? 0 : m->bitmap);
	unsigned int words = mode_is_cmp(m->mode) ? CMP_WORDS : 1;
	size_t i, k, n;

	if (m->owner != NOBODY || ioctl(m->fd, KCOV_GET_STATS, &st) ||
	    (!edge && m->mode == KCOV_TRACE_UNIQ_EDGE) ||
	    (edge && !(m->mode & KCOV_TRACE_UNIQ_EDGE)))
		return;
	windows++;
	n = list[0];
	/* Linux goes on with the count of mode 0 in mode 1, where items are longer. */
	if (m->mode == KCOV_TRACE_CMP && n > s->capacity)
		n = s->capacity;
	if (n != s->recorded || n > s->capacity) {
		wrong = true;
		tap_diag("descriptor %d, mode %ld: %zu items, statistics: %llu of %llu",
			 (int)(m - model), (long)m->mode, n, s->recorded, s->capacity);
		return;
	}
	if (m->mode < 2 || m->mode == KCOV_TRACE_COMPACT || s->untracked)
		return;
	if (n > 300)
		n = 300;
	for (i = 0; i < n && !wrong; i++)
		for (k = 0; k < i; k++)
			wrong |= !memcmp(list + 1 + i * words, list + 1 + k * words, words * sizeof(long));
	if (wrong)
		tap_diag("descriptor %d, mode %ld: item %zu is there twice", (int)(m - model),
			 (long)m->mode, i);
}

static void map(struct model *m)
{
	size_t size = m->words * sizeof(long), page = sysconf(_SC_PAGESIZE);
	const size_t lengths[] = { size, size, size, size + page, page, 2 * size };
	const size_t offsets[] = { 0, 0, size, size, page, 2 * size, 1ul << 40 };
	size_t length = PICK(lengths), offset = PICK(offsets);
	int prot = rnd(2) ? PROT_READ : PROT_READ | PROT_WRITE;
	bool right;
	void *p;

	if (!length || offset % page)
		return;
	/* Lengths are in pages; an area that is not has no length that is right. */
	length = (length + page - 1) / page * page;
	right = m->words && length == size && (!offset || offset == size);
	p = mmap(NULL, length, prot, MAP_SHARED, m->fd, offset);
	expect(m, offset ? "mmap of the edge area" : "mmap", length, p == MAP_FAILED ? -errno : 0,
	       right ? 0 : -EINVAL);
	if (p == MAP_FAILED)
		return;
	if (right)
		look(m, p, offset);
	munmap(p, length);
}

static void some_call(void)
{
	bool remote;
	struct model *m = &model[rnd(DESCRIPTORS)];

	/* More often what gets somewhere. */
	switch (rnd(20)) {
	case 0: reopen(m); break;
	case 1: bad_calls(m); break;
	case 2 ... 3: init(m); break;
	case 4 ... 6: enable(m); break;
	case 7: enable_bitmap(m); break;
	case 8: enable_remote(m); break;
	case 9 ... 10: reset(m); break;
	case 11 ... 12: stats(m); break;
	case 13 ... 15: map(m); break;
	default:
		remote = rnd(2);
		if (*slot(remote) != NOBODY && rnd(2))
			m = &model[*slot(remote)];
		disable(m);
	}
}

/* ---- two tasks, one at a time ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static uint64_t end_ns;

/* With the lock. A task that ends gives up what it has enabled: no calls after that. */
static bool over(void)
{
	return wrong || clock_ns() >= end_ns;
}

static void *run(void *arg)
{
	int me = *(int *)arg;

	pthread_mutex_lock(&lock);
	while (!over()) {
		while (task != me && !over())
			pthread_cond_wait(&turn, &lock);
		for (int n = 1 + rnd(8); n && task == me && !over(); n--)
			some_call();
		task = (me + 1) % TASKS;
		pthread_cond_broadcast(&turn);
	}
	task = (me + 1) % TASKS;
	pthread_cond_broadcast(&turn);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* In the modes of Linux. */
static bool may_have_two(void)
{
	struct kcov_remote_arg arg = { .area_size = 512,
		.common_handle = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, 1) };
	struct cov c, d;
	bool may;

	cov_open_or_exit(&c, page_words(), 0);
	cov_open_or_exit(&d, page_words(), 0);
	may = !ioctl(c.fd, KCOV_REMOTE_ENABLE, &arg) && !cov_enable(d.fd, KCOV_TRACE_PC);
	cov_disable(d.fd);
	cov_disable(c.fd);
	cov_close(&c);
	cov_close(&d);
	return may;
}

int main(int argc, char **argv)
{
	static int number[TASKS];
	pthread_t thread[TASKS];
	int seconds = 10, i;

	seconds_and_seed(argc, argv, &seconds, &seed);
	tap_diag("seed %llu", (unsigned long long)seed);
	for (i = 0; i < DESCRIPTORS; i++) {
		model[i] = (struct model){ .fd = -1, .owner = NOBODY };
		reopen(&model[i]);
	}
	end_ns = clock_ns() + seconds * 1000000000ull;
	for (i = 0; i < TASKS; i++)
		enabled[i][0] = enabled[i][1] = NOBODY;
	two = may_have_two();
	tap_diag("a task has %s", two ? "a descriptor of its own, and one for sections" : "one descriptor");
	for (i = 0; i < TASKS; i++) {
		number[i] = i;
		pthread_create(&thread[i], NULL, run, &number[i]);
	}
	for (i = 0; i < TASKS; i++)
		pthread_join(thread[i], NULL);
	tap_ok(!wrong && by_answer[0] && by_answer[1] && by_answer[2] && by_answer[3],
	       "%llu calls answered as the model says (0 %llu, EINVAL %llu, EBUSY %llu, others %llu), %llu windows looked at",
	       calls, by_answer[0], by_answer[1], by_answer[2], by_answer[3], windows);
	return tap_done();
}
