// SPDX-License-Identifier: MIT
/*
 * clients - programs that only know mode 0, with kcov.compact=1, and KCOV_UNIQUE_ENABLE
 *
 * The programs do what fuzzers do with their buffer: reset it by a store of 0, sort it in
 * place, map it twice, leave it enabled in a child that exits, reset it from another
 * thread. What they see must be a shortened trace of the same call each time, and nothing
 * that they do may show in the next window.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "guest.h"

#define WORDS		8192	/* a page, where these are large */
#define BYTES		(WORDS * sizeof(unsigned long))
#define CALLS		fewer(2000)

struct list {
	size_t n;
	unsigned long item[WORDS];
};

static void compact(bool on)
{
	cov_parameter("compact", on ? "1" : "0");
}

static struct cov fresh(void)
{
	struct cov c;

	cov_open_or_exit(&c, WORDS, 0);
	return c;
}

static void enable(struct cov *c, unsigned long mode)
{
	int err = cov_enable(c->fd, mode);

	if (!err)
		return;
	fprintf(stderr, "mode %lu: %s\n", mode, strerror(-err));
	exit(1);
}

static unsigned long mode_of(const struct cov *c)
{
	struct kcov_stats st;

	return cov_stats(c->fd, &st) ? ~0ul : st.mode;
}

/* The same path each time, with loops. */
static void work(void)
{
	int i;

	for (i = 0; i < 5; i++)
		if (read(-1, NULL, 0) != -1 || prctl(0x5a5a0000, 0, 0, 0, 0) != -1 ||
		    mkdir("/proc/self/status", 0) != -1)
			exit(1);
}

static void take(struct list *l, const unsigned long *area)
{
	l->n = cov_count(area, WORDS);
	memcpy(l->item, area + 1, l->n * sizeof(*area));
}

static bool same(const struct list *a, const struct list *b)
{
	return a->n == b->n && !memcmp(a->item, b->item, a->n * sizeof(a->item[0]));
}

/* One window. */
static void window(struct cov *c, struct list *l)
{
	__atomic_store_n(&c->main[0], 0, __ATOMIC_RELAXED);
	work();
	take(l, c->main);
}

/*
 * What work() gives: the same four times in a row, for a tick may hit any; and not at first,
 * when caches that it fills make it take other ways.
 */
static bool reference(struct cov *c, struct list *l)
{
	struct list now;
	int i, alike = 0;

	for (i = 0; i < fewer(200); i++)
		work();
	window(c, l);
	for (i = 0; i < 100 && alike < 3; i++) {
		window(c, &now);
		alike = same(l, &now) ? alike + 1 : 0;
		*l = now;
	}
	return alike == 3;
}

static int by_value(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* Pairs of a list, as a client counts them: edge words, sorted, each once. */
static void edges(const struct list *l, struct list *e)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		e->item[i] = cov_edge_word(i ? l->item[i - 1] : 0, l->item[i]);
	qsort(e->item, l->n, sizeof(e->item[0]), by_value);
	for (i = 0; i < l->n; i++)
		if (!i || e->item[i] != e->item[i - 1])
			e->item[n++] = e->item[i];
	e->n = n;
}

/* ---- what is asked for and what is collected ---- */

static void parameter(void)
{
	struct cov c = fresh();
	int err;

	enable(&c, 0);
	tap_ok(mode_of(&c) == 0, "kcov.compact=0: mode 0 is mode 0");
	cov_disable(c.fd);
	compact(true);
	tap_ok(mode_of(&c) == 0, "kcov.compact=1 changes nothing before the next KCOV_ENABLE");
	enable(&c, 0);
	tap_ok(mode_of(&c) == 16, "kcov.compact=1: mode 0 collects mode 16, KCOV_GET_STATS tells");
	compact(false);
	tap_ok(mode_of(&c) == 16, "kcov.compact=0 changes nothing before the next KCOV_ENABLE");
	cov_disable(c.fd);
	compact(true);
	err = cov_enable(c.fd, 1);
	tap_ok(err == 0 && mode_of(&c) == 8, "kcov.compact=1: mode 1 collects mode 8");
	cov_disable(c.fd);
	enable(&c, 2);
	tap_ok(mode_of(&c) == 2, "kcov.compact=1: mode 2 is mode 2");
	cov_disable(c.fd);
	tap_ok(cov_enable(c.fd, 3) == -EINVAL, "kcov.compact=1: mode 3: EINVAL");
	compact(false);
	enable(&c, 0);
	tap_ok(mode_of(&c) == 0 && c.main[0], "kcov.compact=0: mode 0 is mode 0 again");
	cov_disable(c.fd);
	cov_close(&c);
}

/* Without memory for it: mode 0, and no error. */
static void no_memory(void)
{
	int fail = fail_nth_open(), err, n, plain = 0;
	char text[8];

	if (fail < 0) {
		tap_skip("no fault injection in this kernel", "kcov.compact=1 without memory");
		return;
	}
	compact(true);
	for (n = err = 0; n < 3 && !err; n++) {
		struct cov c = fresh();

		snprintf(text, sizeof(text), "%d", n + 1);
		if (pwrite(fail, text, strlen(text), 0) < 0)
			break;
		err = cov_enable(c.fd, 0);
		pwrite(fail, "0", 1, 0);
		plain += !err && mode_of(&c) == 0 && c.main[0];
		cov_disable(c.fd);
		cov_close(&c);
	}
	compact(false);
	close(fail);
	tap_ok(!err && plain == n && n == 3,
	       "kcov.compact=1 without memory: mode 0, no error, %d times", plain);
}

/* ---- clients of mode 0 ---- */

/* What work() gives in mode 0, or with kcov.compact=1. */
static bool reference_in(struct cov *c, bool compacted, struct list *l)
{
	bool ok;

	compact(compacted);
	enable(c, 0);
	ok = reference(c, l);
	cov_disable(c->fd);
	compact(false);
	return ok;
}

/*
 * Its edges are those of the full trace, in fewer words. Judged once, by the first compact
 * trace with the same full one before and after it: what caches hold may change in between.
 */
static void same_signal(void)
{
	static struct list full, short_, after, full_edges, short_edges;
	struct cov c = fresh();
	bool ok = false;
	int tries;

	for (tries = 0; tries < 20 && !ok; tries++)
		ok = reference_in(&c, false, &full) && reference_in(&c, true, &short_) &&
		     reference_in(&c, false, &after) && same(&full, &after);
	edges(&full, &full_edges);
	edges(&short_, &short_edges);
	tap_ok(ok && short_.n && short_.n < full.n / 2 && full.n < WORDS - 1,
	       "a client of mode 0: %zu words instead of %zu", short_.n, full.n);
	tap_ok(ok && same(&full_edges, &short_edges), "and the same %zu edges", full_edges.n);
	cov_close(&c);
}

/* Calls that end with known pairs: what has not been written when KCOV_DISABLE comes. */
static size_t repeat(struct cov *c, unsigned long mode, struct list *l)
{
	size_t before;
	int i;

	enable(c, mode);
	for (i = 0; i < 3; i++)
		ioctl(c->fd, KCOV_DISABLE, 1);
	before = cov_count(c->main, WORDS);
	cov_disable(c->fd);
	take(l, c->main);
	return before;
}

static void the_end(void)
{
	static struct list full, short_;
	struct cov c = fresh();
	size_t before = 0;
	bool ok = false;
	int tries;

	/* A tick may come last. */
	for (tries = 0; tries < 20 && !ok; tries++) {
		repeat(&c, 0, &full);
		before = repeat(&c, 16, &short_);
		ok = full.n && short_.n > before &&
		     short_.item[short_.n - 1] == full.item[full.n - 1];
	}
	tap_ok(ok, "the last PC is the last word: KCOV_DISABLE writes %zu of %zu words",
	       short_.n - before, short_.n);
	cov_close(&c);
}

/* A program traced three times on one descriptor, as fuzzers do to see what is stable. */
static void three_times(void)
{
	static struct list run[3], e[3];
	struct cov c = fresh();
	int i, tries;
	bool ok = false;

	compact(true);
	for (tries = 0; tries < 20 && !ok; tries++) {
		for (i = 0; i < 3; i++) {
			enable(&c, 0);
			window(&c, &run[i]);
			cov_disable(c.fd);
			edges(&run[i], &e[i]);
		}
		ok = e[0].n && same(&e[0], &e[1]) && same(&e[1], &e[2]);
	}
	compact(false);
	tap_ok(ok, "three times the same program, three times the same %zu edges", e[0].n);
	cov_close(&c);
}

/* Windows of work() while @disturb does something before each. */
static void disturbed(const char *what, void (*disturb)(struct cov *c))
{
	static struct list want, got;
	struct cov c = fresh();
	int i, good = 0;
	bool ok;

	compact(true);
	enable(&c, 0);
	ok = reference(&c, &want);
	for (i = 0; i < CALLS; i++) {
		disturb(&c);
		window(&c, &got);
		good += same(&want, &got);
	}
	cov_disable(c.fd);
	compact(false);
	/* Ticks hit some; what is wrong is so in each. */
	tap_ok(ok && want.n && good > i / 2, "%s: %d of %d windows are as without", what, good, i);
	cov_close(&c);
}

static void sort_in_place(struct cov *c)
{
	qsort(c->main + 1, cov_count(c->main, WORDS), sizeof(long), by_value);
}

static void overwrite(struct cov *c)
{
	memset(c->main + 1, 0x5a, BYTES - sizeof(long));
}

static void huge_count(struct cov *c)
{
	c->main[0] = ~0ul;
	work();
}

/* Another thread that never stops doing something to the area. */
static struct {
	pthread_t thread;
	struct cov *c;
	void (*act)(struct cov *c);
	volatile bool quit;
	unsigned long times;
} other;

static void *other_thread(void *arg)
{
	(void)arg;
	while (!other.quit) {
		other.act(other.c);
		other.times++;
	}
	return NULL;
}

static void start_other(struct cov *c, void (*act)(struct cov *c))
{
	other.c = c;
	other.act = act;
	other.quit = false;
	other.times = 0;
	if (pthread_create(&other.thread, NULL, other_thread, NULL)) {
		perror("pthread_create");
		exit(1);
	}
}

static void stop_other(void)
{
	other.quit = true;
	join_last(other.thread);
}

/* A pair of SEEN words would be read back from the area, if any were. */
static void sort_all(struct cov *c)
{
	qsort(c->main + 1, WORDS - 1, sizeof(long), by_value);
}

static void store_0(struct cov *c)
{
	__atomic_store_n(&c->main[0], 0, __ATOMIC_RELAXED);
	usleep(100);
}

static void reset_ioctl(struct cov *c)
{
	cov_reset(c->fd);
	usleep(100);
}

/* One of a few windows: a tick may hit any. */
static bool is_soon(struct cov *c, const struct list *want)
{
	static struct list got;
	int i;

	for (i = 0; i < 10; i++) {
		window(c, &got);
		if (same(want, &got))
			return true;
	}
	return false;
}

/* Are the windows of @c those of a descriptor that nobody disturbs? @want, or what it shows now. */
static bool as_ever(struct cov *c, struct list *want)
{
	struct cov other_c;
	bool ok;

	if (is_soon(c, want))
		return true;
	other_c = fresh();
	cov_disable(c->fd);
	enable(&other_c, 0);
	ok = reference(&other_c, want);
	cov_disable(other_c.fd);
	cov_close(&other_c);
	enable(c, 0);
	return ok && is_soon(c, want);
}

/* While system calls run; then a window without, which must be as ever. */
static void beside(const char *what, void (*act)(struct cov *c))
{
	static struct list want;
	struct cov c = fresh();
	int round, i, good = 0;
	bool ok, inside = true;

	compact(true);
	enable(&c, 0);
	ok = reference(&c, &want);
	for (round = 0; round < 20; round++) {
		start_other(&c, act);
		for (i = 0; i < CALLS / 20 || !other.times; i++) {
			work();
			inside &= c.main[WORDS - 1] != 0 || c.main[0] < WORDS;
		}
		stop_other();
		good += as_ever(&c, &want);
	}
	cov_disable(c.fd);
	compact(false);
	if (!tap_ok(ok && inside && good == round,
		    "%s beside system calls: the next window is as ever", what))
		tap_diag("%d of %d are%s%s", good, round, ok ? "" : ", of none without it",
			 inside ? "" : ", outside the area");
	cov_close(&c);
}

/* Mapped twice: both show the same, and a reset through either is one. */
static void mapped_twice(void)
{
	static struct list want, got;
	struct cov c = fresh();
	unsigned long *second = cov_map(c.fd, WORDS, 0);
	int i, good = 0;
	bool ok;

	if (!second) {
		perror("second mapping");
		exit(1);
	}
	compact(true);
	enable(&c, 0);
	ok = reference(&c, &want);
	for (i = 0; i < CALLS; i++) {
		__atomic_store_n(&second[0], 0, __ATOMIC_RELAXED);
		work();
		take(&got, second);
		good += same(&want, &got) && !memcmp(second, c.main, (got.n + 1) * sizeof(long));
	}
	cov_disable(c.fd);
	compact(false);
	tap_ok(ok && good > i / 2, "mapped twice: %d of %d windows reset through the other one",
	       good, i);
	munmap(second, BYTES);
	cov_close(&c);
}

/* The last word is the last PC, which is in code that an exiting task runs. */
static void children(void)
{
	static struct list first, got;
	struct cov c = fresh();
	int i, status, good = 0, n = CALLS / 10;

	compact(true);
	for (i = 0; i < n; i++) {
		pid_t pid;

		c.main[0] = 0;
		pid = fork();
		if (!pid) {
			/* In a child of a program, the mapping is not there. */
			if (cov_enable(c.fd, 0))
				_exit(1);
			work();
			_exit(0);
		}
		waitpid(pid, &status, 0);
		take(&got, c.main);
		if (!i)
			first = got;
		good += !status && got.n && mode_of(&c) == 16 &&
			got.item[got.n - 1] == first.item[first.n - 1];
	}
	compact(false);
	tap_ok(good > n * 9 / 10,
	       "%d of %d children that exit while enabled: their end is there, and the next can enable",
	       good, n);
	cov_close(&c);
}

/* ---- KCOV_UNIQUE_ENABLE ---- */

static int bitmap_enable(int fd, unsigned long words)
{
	return ioctl(fd, KCOV_UNIQUE_ENABLE, words) ? -errno : 0;
}

static void bitmap_answers(void)
{
	static const unsigned long bad[] = { 0, WORDS - 1, WORDS, WORDS + 1, ~0ul, 1ul << 60,
					     1ul << 63 };
	struct cov c = fresh(), other_c = fresh();
	int fd = cov_fd(), wrong = 0;
	size_t i;

	tap_ok(bitmap_enable(fd, 1) == -EINVAL, "KCOV_UNIQUE_ENABLE before KCOV_INIT_TRACE: EINVAL");
	close(fd);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		wrong += bitmap_enable(c.fd, bad[i]) != -EINVAL;
	tap_ok(!wrong, "KCOV_UNIQUE_ENABLE: 0 and too many words: EINVAL");
	for (i = 5; i < 64; i++)
		wrong += cov_enable(c.fd, 1ul << i | 2) != -EINVAL;
	tap_ok(!wrong, "KCOV_ENABLE takes no bitmap");
	tap_ok(!bitmap_enable(c.fd, 64) && bitmap_enable(c.fd, 64) == -EINVAL &&
	       cov_enable(c.fd, 0) == -EINVAL && cov_enable(c.fd, 2) == -EINVAL,
	       "KCOV_UNIQUE_ENABLE once more, or KCOV_ENABLE: EINVAL, as in Linux");
	tap_ok(bitmap_enable(other_c.fd, 64) == -EBUSY && cov_enable(other_c.fd, 0) == -EBUSY &&
	       cov_enable(other_c.fd, 2) == -EBUSY && cov_enable(other_c.fd, 1 << 20) == -EBUSY,
	       "with another descriptor: EBUSY, whatever the mode");
	tap_ok(!cov_disable(c.fd) && cov_disable(c.fd) == -EINVAL, "KCOV_DISABLE ends it, once");
	cov_close(&c);
	cov_close(&other_c);
}

/* The list behind a bitmap of @bitmap words, and mode 2's. */
static void bitmap(unsigned long words, unsigned long bitmap)
{
	static struct list want, got;
	unsigned long *list, capacity = words - bitmap - 1, i, scribbled = 0;
	struct kcov_stats st;
	int alike = 0, tries;
	struct cov c;
	bool ok;

	cov_open_or_exit(&c, words, 0);
	enable(&c, 2);
	for (i = 0; i < (unsigned long)fewer(200); i++)
		work();
	for (tries = 0; tries < 100 && alike < 2; tries++) {
		c.main[0] = 0;
		work();
		got.n = c.main[0];
		memcpy(got.item, c.main + 1, (got.n < WORDS ? got.n : WORDS) * sizeof(long));
		alike = same(&want, &got) ? alike + 1 : 0;
		want = got;
	}
	cov_disable(c.fd);
	if (want.n > capacity)
		want.n = capacity;
	for (i = 0; i < bitmap; i++)
		c.main[i] = 0x5a5a + i;
	list = c.main + bitmap;
	*list = 7;
	ok = alike == 2 && !bitmap_enable(c.fd, bitmap);
	tap_ok(ok && !cov_stats(c.fd, &st) && st.mode == 2 && st.main.capacity == capacity,
	       "a bitmap of %lu words of %lu: mode 2, room for %lu PCs", bitmap, words, capacity);
	for (tries = 0, ok = false; tries < 100 && !ok; tries++) {
		*list = 0;
		work();
		got.n = *list;
		memcpy(got.item, list + 1, (got.n < WORDS ? got.n : WORDS) * sizeof(long));
		ok = same(&want, &got);
	}
	tap_ok(ok, "count and %zu PCs follow the bitmap", want.n);
	for (i = 0; i < bitmap; i++)
		scribbled += c.main[i] != 0x5a5a + i;
	tap_ok(!scribbled, "the bitmap is left alone");

	/* Clients clear it, before the count or after, or only one of them. */
	for (tries = 0, ok = false; tries < 100 && !ok; tries++) {
		memset(c.main, 0, bitmap * sizeof(long));
		*list = 0;
		work();
		got.n = *list;
		memcpy(got.item, list + 1, (got.n < WORDS ? got.n : WORDS) * sizeof(long));
		ok = same(&want, &got);
	}
	tap_ok(ok, "a cleared bitmap is harmless");
	for (i = 0; i < 50; i++) {
		work();
		if (i == 25)
			memset(c.main, 0xff, bitmap * sizeof(long));
	}
	got.n = *list;
	/* A tick may add a few PCs; calls do not, once they are all there. */
	for (i = 0; i < 950; i++)
		work();
	tap_ok(*list >= want.n && *list <= want.n + 300 && (*list == got.n || slow() || words < 64),
	       "saturated: 1000 times the same calls add nothing (%lu PCs)", *list);
	cov_disable(c.fd);
	tap_ok(!cov_reset(c.fd) && *list == 0 && c.main[0] == ~0ul,
	       "KCOV_RESET_TRACE empties the list, and leaves the bitmap");
	bitmap_enable(c.fd, bitmap);
	work();
	tap_ok(*list >= want.n, "and the next window has them again");
	cov_disable(c.fd);

	/* The same, without: another window. */
	enable(&c, 2);
	tap_ok(c.main[0] && c.main[0] < words, "KCOV_ENABLE begins a list at word 0 again");
	cov_disable(c.fd);
	cov_close(&c);
}

int main(void)
{
	parameter();
	no_memory();
	same_signal();
	the_end();
	three_times();
	disturbed("sorted in place", sort_in_place);
	disturbed("overwritten", overwrite);
	disturbed("with a huge count for a while", huge_count);
	beside("sorted by another thread", sort_all);
	beside("overwritten by another thread", overwrite);
	beside("reset by another thread's store", store_0);
	beside("reset by another thread's ioctl", reset_ioctl);
	mapped_twice();
	children();
	bitmap_answers();
	bitmap(WORDS * 2, 1);
	bitmap(WORDS * 2, 1024);
	bitmap(WORDS * 2, 4096);
	bitmap(WORDS * 2, WORDS * 2 - 2);
	return tap_done();
}
