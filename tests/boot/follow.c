// SPDX-License-Identifier: MIT
/*
 * A reader on another CPU follows a list while it grows: what a count covers has been written,
 * and stays.
 *
 * The area holds nothing but zeroes before. What is seen the moment a count is must be what is
 * there in the end. Mode 0, which writes the count first, shows that this test would see it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "guest.h"

#define WORDS	65536
#define ROUNDS	(slow() ? 60 : 300)
/* A reader that sees all at once follows nothing: so many looks, in more rounds if need be. */
#define LOOKS	(10u * ROUNDS)
#define MOST	(20 * ROUNDS)

static struct cov c;
static unsigned long mode;
static int enabled;
static bool go, done;

/* Many short ways through the kernel: each round begins another window with them. */
static void work(void)
{
	struct timeval tv;
	struct stat st;
	char buf[64];
	int fd[2];

	read(-1, NULL, 0);
	stat("/proc/self/status", &st);
	mkdir("/proc/self/status", 0);
	prctl(PR_GET_NAME, buf);
	if (!pipe(fd)) {
		if (write(fd[1], buf, sizeof(buf)) > 0)
			read(fd[0], buf, sizeof(buf));
		close(fd[0]);
		close(fd[1]);
	}
	if (!socketpair(AF_UNIX, SOCK_STREAM, 0, fd)) {
		if (write(fd[1], buf, sizeof(buf)) > 0)
			read(fd[0], buf, sizeof(buf));
		close(fd[0]);
		close(fd[1]);
	}
	munmap(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0), 1 << 20);
	gettimeofday(&tv, NULL);
	fd[0] = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while (read(fd[0], buf, sizeof(buf)) > 0)
		;
	close(fd[0]);
}

static bool stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

static void *owner(void *arg)
{
	stay_on(1);
	enabled = cov_enable(c.fd, mode);
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
	if (!enabled)
		work();
	cov_disable(c.fd);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	return arg;
}

/* One area, as its reader sees it. */
struct list {
	unsigned long *area;
	size_t words;		/* of an item */
	size_t n;		/* items seen */
	size_t looks;		/* that saw more items */
	size_t early;		/* of these: with an item that was not there in the end */
	unsigned long seen[WORDS];
};

static struct list lists[2];

/* Each item whose count is new is read at once. */
static void look(struct list *l)
{
	unsigned long n = __atomic_load_n(&l->area[0], __ATOMIC_ACQUIRE);
	size_t i;

	if (n <= l->n || n * l->words >= WORDS)
		return;
	for (i = l->n * l->words; i < n * l->words; i++)
		l->seen[i] = __atomic_load_n(&l->area[1 + i], __ATOMIC_RELAXED);
	l->n = n;
	l->looks++;
}

static bool is_zero(const unsigned long *item, size_t words)
{
	while (words--)
		if (item[words])
			return false;
	return true;
}

/* Against what is there in the end. */
static void compare(struct list *l)
{
	size_t i, bad = 0;

	for (i = 0; i < l->n; i++) {
		const unsigned long *is = &l->area[1 + i * l->words];

		bad += memcmp(is, &l->seen[i * l->words], l->words * sizeof(long)) ||
		       is_zero(is, l->words);
	}
	l->early += bad;
	if (l->area[0] != l->n)
		l->early++;
}

static void begin(struct list *l, unsigned long *area)
{
	l->area = area;
	l->words = area == c.main && mode_is_cmp(mode) ? CMP_WORDS : 1;
	l->n = 0;
	memset(area, 0, WORDS * sizeof(long));
}

static void follow(void)
{
	size_t items = 0, looks;
	pthread_t t;
	int i, k;

	for (k = 0; k < 2; k++)
		lists[k].looks = lists[k].early = 0;
	for (i = 0; i < ROUNDS || (lists[0].looks + lists[1].looks <= LOOKS && i < MOST); i++) {
		begin(&lists[0], c.main);
		begin(&lists[1], c.edge);
		cov_reset(c.fd);
		done = go = false;
		if (pthread_create(&t, NULL, owner, NULL)) {
			perror("pthread_create");
			exit(1);
		}
		while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
			;
		do {
			look(&lists[0]);
			look(&lists[1]);
		} while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE));
		look(&lists[0]);
		look(&lists[1]);
		pthread_join(t, NULL);
		for (k = 0; k < 2; k++) {
			compare(&lists[k]);
			items += lists[k].n;
		}
	}
	if (mode == KCOV_TRACE_PC) {
		tap_diag("mode 0, which writes the count first: %zu of %zu items were not there yet",
			 lists[0].early, items);
		return;
	}
	looks = lists[0].looks + lists[1].looks;
	tap_ok(!enabled && !lists[0].early && !lists[1].early && looks > LOOKS,
	       "mode %lu: all that %zu looks found on another CPU was there, %zu items", mode, looks,
	       items);
	if (enabled || lists[0].early || lists[1].early)
		tap_diag("%s; early: %zu in the main area, %zu in the edge area",
			 strerror(-enabled), lists[0].early, lists[1].early);
}

int main(void)
{
	static const unsigned long modes[] = { 0, 2, 4, 6, 8, 16 };
	size_t i;

	if (!stay_on(1) || !stay_on(0)) {
		tap_skip("one CPU", "a reader on another CPU");
		return tap_done();
	}
	cov_open_or_exit(&c, WORDS, COV_EDGE);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		mode = modes[i];
		follow();
	}
	cov_close(&c);
	return tap_done();
}
