// SPDX-License-Identifier: MIT
/*
 * Other threads at a descriptor while its task is in the kernel, on another CPU: resets,
 * statistics, mappings, garbage in the areas.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "guest.h"

#define WORDS		65536
#define SMALL_WORDS	page_words()
#define RESETS		1500
#define STRESS_NS	3000000000ull

static const unsigned long modes[] = { 2, 4, 6, 8, 16 };
static const unsigned long all_modes[] = { 0, 1, 2, 4, 6, 8, 16 };

static struct cov c;
static unsigned long *area;	/* the one that is looked at, and its items' words */
static size_t words;
static volatile bool quit;

static uint32_t rnd(uint32_t *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

/* ---- a reset while callbacks run is never lost ---- */

struct list {
	size_t n;
	unsigned long item[WORDS];
};

static struct list marker_list, now;
static volatile bool go, done;

static void work(void)
{
	read(-1, NULL, 0);
	prctl(0x5a5a0000, 0, 0, 0, 0);
}

/* Another path than work(). */
static void marker(void)
{
	mkdir("/proc/self/status", 0);
}

static void take(struct list *l)
{
	l->n = words == 1 ? cov_count(area, WORDS) : cov_cmp_count(area, WORDS);
	memcpy(l->item, area + 1, l->n * words * sizeof(long));
}

static bool has(const struct list *l, size_t n, const unsigned long *item)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!memcmp(&l->item[i * words], item, words * sizeof(long)))
			return true;
	return false;
}

/* Of a list, those items stay that are in another one, or are not. */
static void filter(struct list *l, const struct list *other, bool in)
{
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++)
		if (has(other, other->n, &l->item[i * words]) == in)
			memmove(&l->item[words * kept++], &l->item[words * i],
				words * sizeof(long));
	l->n = kept;
}

/*
 * What marker() brings each time, and work() does not, stays in marker_list: nothing of what
 * the task does when it is interrupted, now and then.
 */
static void learn(void)
{
	size_t i;

	cov_clear(&c);
	marker();
	take(&marker_list);
	for (i = 0; i < 10; i++) {
		cov_clear(&c);
		marker();
		take(&now);
		filter(&marker_list, &now, true);
	}
	for (i = 0; i < 20; i++) {
		cov_clear(&c);
		work();
		work();
		take(&now);
		filter(&marker_list, &now, false);
	}
}

/* At a random moment of the traced task's work(). */
static void *reset_when_told(void *arg)
{
	uint32_t seed = 7;
	volatile uint32_t i;

	(void)arg;
	while (!quit) {
		if (!go)
			continue;
		for (i = rnd(&seed) % 30000; i; i--)
			;
		cov_reset(c.fd);
		go = false;
		__sync_synchronize();
		done = true;
	}
	return NULL;
}

static bool any_of(const struct list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (has(&now, now.n, &l->item[i * words]))
			return true;
	return false;
}

static bool repeats(void)
{
	size_t i;

	for (i = 1; i < now.n; i++)
		if (has(&now, i, &now.item[i * words]))
			return true;
	return false;
}

static void test_reset(unsigned long mode)
{
	int i, busy, kept = 0, twice = 0, beside = 0, resets = slow() ? RESETS / 2 : RESETS;
	pthread_t resetter;

	words = mode == 8 ? 4 : 1;
	cov_open_or_exit(&c, WORDS, COV_EDGE);
	area = mode == 4 ? c.edge : c.main;
	quit = go = done = false;
	pthread_create(&resetter, NULL, reset_when_told, NULL);
	cov_enable(c.fd, mode);
	learn();
	for (i = 0; i < resets; i++) {
		cov_clear(&c);
		marker();
		done = false;
		__sync_synchronize();
		go = true;
		for (busy = 0; !done; busy++)
			work();
		beside += busy > 0;
		work();
		take(&now);
		kept += any_of(&marker_list);
		/* A compact trace has a PC as often as it has pairs. */
		twice += mode != 16 && repeats();
	}
	cov_disable(c.fd);
	quit = true;
	pthread_join(resetter, NULL);
	cov_close(&c);
	if (!tap_ok(marker_list.n && beside > resets / 2 && !kept && !twice,
		    "mode %lu: %d resets by ioctl beside %d system calls, none is lost", mode,
		    resets, beside))
		tap_diag("%zu items tell; kept in %d windows, twice in %d", marker_list.n, kept,
			 twice);
}

/* ---- all at once ---- */

static unsigned long wrong, done_by[4];

static void *resetter(void *arg)
{
	(void)arg;
	for (; !quit; done_by[0]++)
		wrong += cov_reset(c.fd) != 0;
	return NULL;
}

static void *reader(void *arg)
{
	struct kcov_stats s;

	(void)arg;
	for (; !quit; done_by[1]++)
		wrong += cov_stats(c.fd, &s) || s.main.recorded > s.main.capacity ||
			 s.edge.recorded > s.edge.capacity;
	return NULL;
}

static void *mapper(void *arg)
{
	size_t bytes = SMALL_WORDS * sizeof(long);
	void *p;

	(void)arg;
	for (; !quit; done_by[2]++) {
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd, bytes);
		wrong += p == MAP_FAILED || munmap(p, bytes);
	}
	return NULL;
}

static void *scribbler(void *arg)
{
	uint32_t seed = 1, r;

	(void)arg;
	for (; !quit; done_by[3]++) {
		r = rnd(&seed);
		c.main[r % 3 ? 0 : r % SMALL_WORDS] = r % 4 ? 0 : ~0ul << r % 64;
		c.edge[0] = r % 5 ? 0 : r;
		if (!(r & 0xff))
			sched_yield();
	}
	return NULL;
}

/* A task that exits while it collects. */
static void child(unsigned long mode, bool disable)
{
	pid_t pid = fork();

	if (!pid) {
		cov_enable(c.fd, mode);
		getppid();
		if (disable)
			cov_disable(c.fd);
		_exit(0);
	}
	wrong += pid < 0 || waitpid(pid, NULL, 0) != pid;
}

static void collect(unsigned long mode)
{
	char text[4096];
	int i, fd;

	if (cov_enable(c.fd, mode)) {
		wrong++;
		return;
	}
	for (i = 0; i < 5; i++) {
		fd = open("/proc/self/status", O_RDONLY);
		read(fd, text, sizeof(text));
		close(fd);
	}
	cov_disable(c.fd);
}

static void test_all_at_once(uint32_t seed)
{
	static void *(*const others[])(void *) = { resetter, reader, mapper, scribbler };
	pthread_t thread[ARRAY_SIZE(others)];
	uint64_t end = clock_ns() + STRESS_NS;
	unsigned long enabled = 0;
	size_t i;

	cov_open_or_exit(&c, SMALL_WORDS, COV_EDGE);
	quit = false;
	wrong = 0;
	memset(done_by, 0, sizeof(done_by));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		pthread_create(&thread[i], NULL, others[i], NULL);
	for (; clock_ns() < end; enabled++) {
		if (rnd(&seed) % 8 == 0)
			child(all_modes[rnd(&seed) % ARRAY_SIZE(all_modes)], rnd(&seed) & 1);
		collect(all_modes[rnd(&seed) % ARRAY_SIZE(all_modes)]);
	}
	quit = true;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		pthread_join(thread[i], NULL);
	cov_close(&c);
	if (!tap_ok(!wrong && enabled && done_by[0] && done_by[1] && done_by[2] && done_by[3],
		    "%lu enables beside %lu resets, %lu statistics, %lu mappings, %lu scribbles",
		    enabled, done_by[0], done_by[1], done_by[2], done_by[3]))
		tap_diag("%lu calls failed", wrong);
}

int main(void)
{
	size_t i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		tap_skip("one CPU", "resets beside system calls");
	else
		for (i = 0; i < ARRAY_SIZE(modes); i++)
			test_reset(modes[i]);
	for (i = 0; i < 3; i++)
		test_all_at_once(i);
	return tap_done();
}
