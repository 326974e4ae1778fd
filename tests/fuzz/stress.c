// SPDX-License-Identifier: MIT
/*
 * stress [--seconds N] [--seed N] - everything at once, for kernels that watch themselves
 *
 * Processes with a few descriptors each, and threads that do at random what clients do, in
 * all modes: open, initialize, map, enable, work, reset, disable, fork, exec, exit, close; with
 * allocations that fail on demand; one of them hostile: it scribbles over both areas, above all
 * over word 0, unmaps and maps them again. Nothing here is in step with anything: a file
 * descriptor may be another one by the time it is used. What must hold: the kernel's log is
 * clean (scripts/vm looks), nothing leaks, and afterwards each mode is exact.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "guest.h"

#define GANGS		3	/* processes */
#define TRACERS		3	/* threads of each; one more is hostile */
#define SLOTS		4	/* descriptors of each */
#define MODES		8

static const unsigned long modes[MODES] = { 0, 1, 2, 4, 6, 8, 16, 3 };
static const size_t sizes[] = { 512, 1024, 4096, 65536 };

/* Shared by all processes. */
static struct totals {
	bool stop;
	unsigned long ops, windows, callbacks, forks, enables, refused, wrong;
} *total;

struct slot {
	int fd;
	size_t words;
};

static struct slot slots[SLOTS];

static __thread uint64_t seed;

/* A copy of the descriptor that this thread has enabled, whatever became of that; or -1. */
static __thread int mine = -1;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 20) % n;
}

static void add(unsigned long *n, unsigned long more)
{
	__atomic_add_fetch(n, more, __ATOMIC_RELAXED);
}

static bool over(void)
{
	return __atomic_load_n(&total->stop, __ATOMIC_RELAXED);
}

/*
 * The nth allocation of this thread fails, if the kernel can do that; 0: none. Not while it
 * allocates an area: vmalloc_user() warns.
 */
static void fail_nth(int n)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	char text[16];

	if (fd < 0)
		return;
	if (write(fd, text, snprintf(text, sizeof(text), "%d", n)) < 0)
		add(&total->refused, 1);
	close(fd);
}

/* ---- what is traced ---- */

static void list(const char *path)
{
	DIR *d = opendir(path);

	while (d && readdir(d))
		;
	if (d)
		closedir(d);
}

static void work(void)
{
	char text[512];
	int p[2], fd;
	void *page;

	switch (rnd(6)) {
	case 0:
		for (int i = rnd(200); i >= 0; i--)
			if (read(-1, text, i) != -1)
				add(&total->wrong, 1);
		break;
	case 1:
		fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && read(fd, text, sizeof(text)) >= 0)
			close(fd);
		break;
	case 2:
		page = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (page != MAP_FAILED)
			munmap(page, 64 * 4096);
		break;
	case 3:
		if (!pipe2(p, O_CLOEXEC)) {
			if (write(p[1], text, rnd(sizeof(text))) > 0 &&
			    read(p[0], text, sizeof(text)) < 0)
				add(&total->wrong, 1);
			close(p[0]);
			close(p[1]);
		}
		break;
	case 4:
		list("/proc/self/fd");
		break;
	case 5:
		prctl(0x5a5a0000 + rnd(100), 0, 0, 0, 0);
		sched_yield();
		break;
	}
}

/* ---- clients ---- */

static void slot_open(struct slot *s)
{
	int fd = open(KCOV_PATH, O_RDWR | O_CLOEXEC), old;
	size_t words;

	if (fd < 0)
		return;
	words = sizes[rnd(ARRAY_SIZE(sizes))];
	if (words < page_words())
		words = page_words();
	__atomic_store_n(&s->words, words, __ATOMIC_RELAXED);
	if (rnd(8) && ioctl(fd, KCOV_INIT_TRACE, words))
		add(&total->refused, 1);
	old = __atomic_exchange_n(&s->fd, fd, __ATOMIC_ACQ_REL);
	if (old >= 0)
		close(old);
}

static void slot_close(struct slot *s)
{
	int fd = __atomic_exchange_n(&s->fd, -1, __ATOMIC_ACQ_REL);

	if (fd >= 0)
		close(fd);
}

struct map {
	unsigned long *area;	/* or NULL */
	size_t words;
};

/* In one look at the slot, whose size may change. */
static struct map slot_map(const struct slot *s, bool edge, int prot)
{
	struct map m = { .words = __atomic_load_n(&s->words, __ATOMIC_RELAXED) };
	size_t bytes = m.words * sizeof(long);
	void *p = mmap(NULL, bytes, prot, MAP_SHARED, s->fd, edge ? bytes : 0);

	m.area = p == MAP_FAILED ? NULL : p;
	return m;
}

static void unmap(struct map *m)
{
	if (m->area)
		munmap(m->area, m->words * sizeof(long));
	m->area = NULL;
}

static void count_stats(int fd)
{
	struct kcov_stats st = { .size = sizeof(st) };

	if (ioctl(fd, KCOV_GET_STATS, &st))
		return;
	if (st.main.recorded > st.main.capacity || st.edge.recorded > st.edge.capacity)
		add(&total->wrong, 1);
	add(&total->callbacks, st.main.recorded + st.main.dropped + st.edge.recorded +
	    st.edge.dropped);
}

static int enable(int fd)
{
	struct {
		struct kcov_remote_arg arg;
		uint64_t handle;
	} remote = { .arg = { .trace_mode = modes[rnd(MODES)], .area_size = 512, .num_handles = 1 } };

	switch (rnd(8)) {
	case 0:
		remote.arg.handles[0] = kcov_remote_handle(KCOV_SUBSYSTEM_USB, 1 + rnd(4));
		return ioctl(fd, KCOV_REMOTE_ENABLE, &remote);
	case 1:
		return ioctl(fd, KCOV_UNIQUE_ENABLE, (unsigned long)rnd(600));
	default:
		return ioctl(fd, KCOV_ENABLE, modes[rnd(MODES)]);
	}
}

static void disable(void)
{
	if (mine < 0)
		return;
	ioctl(mine, KCOV_DISABLE, 0);
	close(mine);
	mine = -1;
}

/* One window or some of them, in this thread; perhaps it stays enabled. */
static void trace(struct slot *s)
{
	int prot = rnd(4) ? PROT_READ | PROT_WRITE : PROT_READ;
	struct map main, edge = { 0 };
	int fd = s->fd, n = rnd(8), i, copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0 && !rnd(2))
		slot_open(s);
	if (!rnd(10))
		fail_nth(1 + rnd(12));
	if (enable(copy)) {
		fail_nth(0);
		add(&total->refused, 1);
		close(copy);
		if (rnd(8))
			disable();
		return;
	}
	add(&total->enables, 1);
	close(mine);
	mine = copy;
	main = slot_map(s, false, prot);
	if (rnd(2))
		edge = slot_map(s, true, prot);
	fail_nth(0);
	for (i = 0; i < n; i++) {
		work();
		add(&total->windows, 1);
		if (rnd(2))
			ioctl(fd, KCOV_RESET_TRACE, 0);
		else
			count_stats(fd);
	}
	unmap(&main);
	unmap(&edge);
	if (rnd(8))
		disable();
}

/* A child that enables, works, and ends in some way. */
static void trace_child(struct slot *s)
{
	pid_t pid = fork();

	if (pid > 0) {
		add(&total->forks, 1);
		if (!rnd(3)) {
			usleep(rnd(2000));
			kill(pid, SIGKILL);
		}
		waitpid(pid, NULL, 0);
		return;
	}
	if (pid < 0)
		return;
	seed += getpid();
	for (int i = rnd(4); i >= 0; i--)
		trace(s);
	if (!ioctl(s->fd, KCOV_ENABLE, modes[rnd(MODES)]))
		add(&total->enables, 1);
	work();
	if (!rnd(4))
		execl("/bin/true", "true", NULL);
	if (!rnd(4))
		raise(SIGSEGV);
	_exit(0);
}

static void *tracer(void *arg)
{
	int left = 50 + *(int *)arg;

	seed = 0x9e3779b97f4a7c15ull * (*(int *)arg + 1) ^ getpid();
	/* Ends now and then, perhaps enabled. */
	for (; !over() && left; left--) {
		struct slot *s = &slots[rnd(SLOTS)];

		add(&total->ops, 1);
		switch (rnd(10)) {
		case 0:
			slot_open(s);
			break;
		case 1:
			if (!rnd(3))
				slot_close(s);
			break;
		case 2:
			ioctl(s->fd, KCOV_DISABLE, 0);
			break;
		case 3:
			ioctl(s->fd, KCOV_RESET_TRACE, 0);
			break;
		case 4:
			count_stats(s->fd);
			break;
		case 5:
			if (!rnd(4))
				trace_child(s);
			break;
		default:
			trace(s);
		}
	}
	/* Where it is enabled, it stays so until the thread is gone. */
	close(mine);
	return NULL;
}

/* Stores what nobody should into what it has mapped, while others trace. */
static void scribble(volatile unsigned long *area, size_t words)
{
	for (int i = rnd(2000); i >= 0; i--) {
		const unsigned long evil[] = {
			0, ~0ul, words, words - 1, 1ul << 63, words << 32, rnd(~0u), (unsigned long)area,
		};

		area[rnd(2) ? 0 : rnd(words)] = evil[rnd(ARRAY_SIZE(evil))];
	}
}

static void *hostile(void *arg)
{
	struct map map[2 * SLOTS] = { 0 };

	seed = 0xbadc0ffee ^ getpid() ^ *(int *)arg;
	while (!over()) {
		unsigned int i = rnd(2 * SLOTS);

		add(&total->ops, 1);
		if (!rnd(3))
			unmap(&map[i]);
		if (!map[i].area)
			map[i] = slot_map(&slots[i / 2], i % 2, PROT_READ | PROT_WRITE);
		if (map[i].area)
			scribble(map[i].area, map[i].words);
	}
	return NULL;
}

/* A process: threads that end are replaced. */
static void gang(int number)
{
	pthread_t thread[TRACERS + 1];
	int id[TRACERS + 1], i, round = 0;

	signal(SIGSEGV, SIG_DFL);
	for (i = 0; i < SLOTS; i++)
		slots[i] = (struct slot){ .fd = -1 };
	seed = 1 + number;
	for (i = 0; i < SLOTS; i++)
		slot_open(&slots[i]);
	id[TRACERS] = number;
	pthread_create(&thread[TRACERS], NULL, hostile, &id[TRACERS]);
	for (; !over(); round++) {
		for (i = 0; i < TRACERS; i++) {
			id[i] = (round * GANGS + number) * TRACERS + i;
			pthread_create(&thread[i], NULL, tracer, &id[i]);
		}
		for (i = 0; i < TRACERS; i++)
			pthread_join(thread[i], NULL);
	}
	pthread_join(thread[TRACERS], NULL);
	_exit(0);
}

/* ---- afterwards ---- */

/* A PC that comes in one call of getppid() comes in the next one. */
static void exact_again(void)
{
	unsigned long full[2][512];
	struct cov c;
	bool ok = false;

	cov_open_or_exit(&c, 8 * page_words(), COV_EDGE);
	for (int try = 0; try < 20 && !ok; try++) {
		for (int k = 0; k < 2; k++) {
			if (cov_enable(c.fd, k ? KCOV_TRACE_UNIQ_PC : KCOV_TRACE_PC))
				exit(1);
			getppid();
			cov_clear(&c);
			getppid();
			full[k][0] = cov_count(c.main, c.words);
			memcpy(full[k] + 1, c.main + 1, 511 * sizeof(long));
			cov_disable(c.fd);
		}
		/* It has no loop. */
		ok = full[0][0] && full[0][0] < 512 && full[1][0] &&
		     !memcmp(full[0], full[1], full[1][0] * sizeof(long));
	}
	tap_ok(ok, "mode 2 shows what mode 0 does: %lu PCs", full[0][0]);
	cov_close(&c);
}

int main(int argc, char **argv)
{
	unsigned long before, after;
	int seconds = 30, n, i;
	pid_t pid[GANGS];
	uint64_t start = 1;

	seconds_and_seed(argc, argv, &seconds, &start);
	total = mmap(NULL, sizeof(*total), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (total == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	tap_diag("%d s, seed %llu", seconds, (unsigned long long)start);
	close(fail_nth_open());
	exact_again();
	n = cov_vmallocs(&before);
	for (i = 0; i < GANGS; i++) {
		pid[i] = fork();
		if (!pid[i])
			gang(start * GANGS + i);
	}
	for (i = 1; i <= seconds; i++) {
		sleep(1);
		if (i % 60 == 0)
			tap_diag("%d s: %lu operations", i, total->ops);
	}
	__atomic_store_n(&total->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < GANGS; i++)
		waitpid(pid[i], NULL, 0);
	tap_ok(total->windows && total->callbacks && !total->wrong,
	       "%lu operations, %lu enables (%lu refused), %lu forks, %lu windows, %lu callbacks",
	       total->ops, total->enables, total->refused, total->forks, total->windows,
	       total->callbacks);
	tap_ok(cov_vmallocs(&after) == n, "no area is left: %d vmalloc areas, as before", n);
	exact_again();
	kmemleak_finds_no("");
	return tap_done();
}
