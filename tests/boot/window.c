// SPDX-License-Identifier: MIT
/*
 * window - when a window begins, goes on and ends
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "guest.h"

#define WORDS	8192	/* a page, where these are large */
#define BYTES	(WORDS * sizeof(unsigned long))
#define WINDOWS	fewer(100000)

static const unsigned long uniq_modes[] = { 2, 4, 6, 8, 16 };

/* Words of an item in the main area. The edge area of the modes with other ones is empty. */
static unsigned int unit;

static void set_mode(unsigned long mode)
{
	unit = mode_is_cmp(mode) ? CMP_WORDS : 1;
}

/* Does the mode fill the main area? */
static bool in_main(unsigned long mode)
{
	return mode != KCOV_TRACE_UNIQ_EDGE;
}

/*
 * What the tests trace: enough code to be worth a window, always the same. The option
 * is one that prctl() compares with all those that it has.
 */
static void work(void)
{
	if (read(-1, NULL, 0) != -1 || prctl(0x5a5a0000, 0, 0, 0, 0) != -1)
		exit(1);
}

/* What an area holds. */
struct list {
	unsigned long n;
	unsigned long item[WORDS];
};

static unsigned long items(const unsigned long *area)
{
	return unit == 1 ? cov_count(area, WORDS) : cov_cmp_count(area, WORDS);
}

static void take(struct list *l, const unsigned long *area)
{
	l->n = items(area);
	memcpy(l->item, &area[1], l->n * unit * sizeof(unsigned long));
}

static bool same(const struct list *l, const unsigned long *area)
{
	return area[0] == l->n &&
	       !memcmp(&area[1], l->item, l->n * unit * sizeof(unsigned long));
}

static bool has(const struct list *l, const unsigned long *item)
{
	unsigned long i;

	for (i = 0; i < l->n; i++)
		if (!memcmp(&l->item[i * unit], item, unit * sizeof(*item)))
			return true;
	return false;
}

static bool has_edge(const struct list *l, unsigned long prev, unsigned long pc)
{
	unsigned long word = cov_edge_word(prev, pc);

	return has(l, &word);
}

static struct cov enabled(unsigned long mode)
{
	struct cov c;
	int err;

	set_mode(mode);
	cov_open_or_exit(&c, WORDS, COV_EDGE);
	err = cov_enable(c.fd, mode);
	if (err) {
		fprintf(stderr, "mode %lu: %s\n", mode, strerror(-err));
		exit(1);
	}
	return c;
}

static void disable(struct cov *c)
{
	cov_disable(c->fd);
	cov_close(c);
}

/*
 * The lists of one window that holds work(), begun by a store of 0. The first call may
 * do things that later ones do not, and a tick may hit any: twice the same is work().
 */
static void reference(struct cov *c, struct list *main, struct list *edge)
{
	int i, alike = 0;

	for (i = 0; i < 3 || (alike < 2 && i < 1000); i++) {
		cov_clear(c);
		work();
		alike = i && same(main, c->main) && same(edge, c->edge) ? alike + 1 : 0;
		take(main, c->main);
		take(edge, c->edge);
	}
}

/* Does an area hold all of a list? A tick that hit the task may have added more. */
static bool holds(const unsigned long *area, const struct list *l)
{
	struct list got;
	unsigned long i;

	take(&got, area);
	for (i = 0; i < l->n; i++)
		if (!has(&got, &l->item[i * unit]))
			return false;
	return true;
}

/* Does it hold an item that a list has not? Then something came between. */
static bool disturbed(const unsigned long *area, const struct list *l)
{
	unsigned long i, n = items(area);

	for (i = 0; i < n; i++)
		if (!has(l, &area[1 + i * unit]))
			return true;
	return false;
}

/*
 * Where the kernel is preemptible, a tick adds PCs to a window that it hits, and takes
 * the place of an edge: all PCs must be there still. Any other difference is wrong.
 */
struct windows {
	int ticks, wrong;
};

static void judge(struct windows *w, const struct cov *c, const struct list *main,
		  const struct list *edge)
{
	if (same(main, c->main) && same(edge, c->edge))
		return;
	if ((disturbed(c->main, main) || disturbed(c->edge, edge)) && holds(c->main, main))
		w->ticks++;
	else
		w->wrong++;
}

static bool all_right(const struct windows *w, int n)
{
	if (w->ticks || w->wrong)
		tap_diag("%d windows wrong, %d hit by a tick", w->wrong, w->ticks);
	return !w->wrong && w->ticks <= n / 50;
}

static void many_windows(unsigned long mode)
{
	struct cov c = enabled(mode);
	struct windows w = { 0 };
	struct list main, edge;
	int i;

	reference(&c, &main, &edge);
	for (i = 0; i < WINDOWS; i++) {
		cov_clear(&c);
		work();
		judge(&w, &c, &main, &edge);
	}
	disable(&c);
	tap_ok(all_right(&w, WINDOWS) && (main.n || edge.n),
	       "mode %lu: %d windows by storing 0, each with all %lu %s and %lu edges",
	       mode, WINDOWS, main.n, unit == 1 ? "PCs" : "comparisons", edge.n);
}

/* Without a reset, what was seen stays seen. */
static void one_window(unsigned long mode)
{
	struct cov c = enabled(mode);
	unsigned long n, edges;
	int i, tries = 0;

	for (i = 0; i < 10; i++)
		work();
	/* A tick may add something, but not for ever. */
	do {
		n = c.main[0];
		edges = c.edge[0];
		for (i = 0; i < fewer(1000); i++)
			work();
	} while ((n != c.main[0] || edges != c.edge[0]) && ++tries < 20);
	tap_ok(n == c.main[0] && edges == c.edge[0] && n + edges,
	       "mode %lu: %d calls more add nothing to a window", mode, i);
	disable(&c);
}

/* Each area has its own window. */
static void areas_apart(unsigned long unused)
{
	struct cov c = enabled(6);
	struct list main, edge;
	unsigned long n;

	(void)unused;
	reference(&c, &main, &edge);
	getppid();
	n = c.edge[0];
	c.main[0] = 0;
	work();
	tap_ok(same(&main, c.main) && n > edge.n && c.edge[0] >= n,
	       "mode 6: a 0 in the main area leaves the edge area alone");
	getppid();
	n = c.main[0];
	c.edge[0] = 0;
	work();
	tap_ok(same(&edge, c.edge) && n > main.n && c.main[0] >= n,
	       "mode 6: a 0 in the edge area leaves the main area alone");
	disable(&c);
}

/* What junk in word 0 leaves of a window: all but the count until the next new item. */
static void scribbled(struct cov *c, unsigned long junk)
{
	cov_clear(c);
	work();
	if (junk) {
		c->main[0] = junk;
		c->edge[0] = junk;
	}
	getppid();
}

/* A number that is not 0 in word 0 is nothing to the kernel. */
static void scribble(unsigned long mode)
{
	static const unsigned long junk[] = { 1, 2, WORDS - 1, WORDS, ~0ul, 1ul << 63 };
	struct cov c = enabled(mode);
	struct list main, edge;
	bool ok = true;
	size_t i;

	reference(&c, &main, &edge);
	scribbled(&c, 0);
	scribbled(&c, 0);
	take(&main, c.main);
	take(&edge, c.edge);
	for (i = 0; i < ARRAY_SIZE(junk); i++) {
		scribbled(&c, junk[i]);
		ok &= !in_main(mode) || same(&main, c.main);
		ok &= !(mode & 4) || same(&edge, c.edge);
	}
	tap_ok(ok, "mode %lu: junk in word 0 does not become the count", mode);
	disable(&c);
}

/*
 * KCOV_RESET_TRACE from another thread, while this one waits in userspace. A store
 * that follows it, and takes its 0 away, must not take the reset back.
 */
struct resetter {
	struct cov *c;
	int err;
	int turn;	/* 0: the tracing thread's, 1: the resetting one's, 2: end */
};

static int wait_turn(struct resetter *r, int not)
{
	int turn;

	while ((turn = __atomic_load_n(&r->turn, __ATOMIC_ACQUIRE)) == not)
		;
	return turn;
}

static void *resetter(void *arg)
{
	struct resetter *r = arg;

	while (wait_turn(r, 0) == 1) {
		r->err |= cov_reset(r->c->fd);
		r->err |= r->c->main[0] != 0 || r->c->edge[0] != 0;
		r->c->main[0] = 1;
		r->c->edge[0] = 1;
		__atomic_store_n(&r->turn, 0, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void reset_by_thread(unsigned long mode)
{
	struct cov c = enabled(mode);
	struct resetter r = { .c = &c };
	struct list main, edge;
	int i, wrong = 0, split = 0, rounds = 20;
	pthread_t t;

	/* With two threads a file descriptor is looked up in another way. */
	pthread_create(&t, NULL, resetter, &r);
	reference(&c, &main, &edge);
	/* A tick before work() has the edge from 0. */
	if (edge.n)
		edge.item[0] = edge.item[edge.n - 1];
	for (i = 0; i < rounds; i++) {
		getppid();
		__atomic_store_n(&r.turn, 1, __ATOMIC_RELEASE);
		wait_turn(&r, 1);
		work();
		/* A tick splits an edge, but not in three windows in a row; it takes no PC away. */
		split = holds(c.edge, &edge) ? 0 : split + 1;
		wrong += !holds(c.main, &main) || split == 3;
		i -= split == 1 || split == 2;
	}
	__atomic_store_n(&r.turn, 2, __ATOMIC_RELEASE);
	join_last(t);
	tap_ok(!wrong && !r.err, "mode %lu: KCOV_RESET_TRACE by another thread", mode);
	if (wrong || r.err)
		tap_diag("%d of %d windows wrong, err %d", wrong, rounds, r.err);
	disable(&c);
}

/* The task resets by ioctl: what follows is a window like any other. */
static void reset_by_ioctl(unsigned long mode)
{
	struct cov c = enabled(mode);
	struct list main, edge;
	struct windows w = { 0 };
	struct kcov_stats st;
	int i, alike = 0;

	for (i = 0; i < 3 || (alike < 2 && i < 1000); i++) {
		cov_reset(c.fd);
		work();
		alike = i && same(&main, c.main) && same(&edge, c.edge) ? alike + 1 : 0;
		take(&main, c.main);
		take(&edge, c.edge);
	}
	for (i = 0; i < fewer(1000); i++) {
		cov_reset(c.fd);
		work();
		judge(&w, &c, &main, &edge);
		/* What a reset that does nothing would leave in the next one. */
		getppid();
	}
	cov_disable(c.fd);
	cov_stats(c.fd, &st);
	tap_ok(all_right(&w, i) && (in_main(mode) ? main.n : edge.n) &&
	       (!in_main(mode) || st.main.recorded == c.main[0]) &&
	       (!(mode & 4) || st.edge.recorded == c.edge[0]),
	       "mode %lu: KCOV_RESET_TRACE, %d windows all the same", mode, i);
	cov_close(&c);
}

/* With nothing mapped for writing, the ioctl is the only way. */
static void reset_read_only(unsigned long mode)
{
	const unsigned long *area;
	struct kcov_stats st;
	bool empty;
	int fd = cov_fd();

	cov_init(fd, WORDS);
	area = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd,
		    mode == 4 ? BYTES : 0);
	if (area == MAP_FAILED) {
		tap_ok(false, "mode %lu: a read-only mapping", mode);
		return;
	}
	tap_ok(cov_reset(fd) == 0 && area[0] == 0,
	       "mode %lu: KCOV_RESET_TRACE before KCOV_ENABLE", mode);
	cov_enable(fd, mode);
	work();
	cov_disable(fd);
	empty = !area[0];
	cov_reset(fd);
	cov_stats(fd, &st);
	tap_ok(!empty && area[0] == 0 && !st.main.recorded && !st.edge.recorded,
	       "mode %lu: KCOV_RESET_TRACE with a read-only mapping", mode);
	cov_enable(fd, mode);
	work();
	cov_disable(fd);
	tap_ok(area[0] != 0, "mode %lu: the next window is filled", mode);
	munmap((void *)area, BYTES);
	close(fd);
}

static void again(struct cov *c, unsigned long mode)
{
	cov_enable(c->fd, mode);
	cov_disable(c->fd);
}

/* With more in it than again(). */
static void more(struct cov *c, unsigned long mode)
{
	cov_enable(c->fd, mode);
	getppid();
	umask(022);
	mkdir("/proc/self/status", 0);
	cov_disable(c->fd);
}

/* KCOV_ENABLE in the same mode: the window goes on, previous PC included. */
static void goes_on(unsigned long unused)
{
	struct cov c;
	struct list trace, before, edges;
	unsigned long first, last;

	(void)unused;
	set_mode(6);
	cov_open_or_exit(&c, WORDS, COV_EDGE);
	/* The path from KCOV_ENABLE to KCOV_DISABLE, from a full trace of it. */
	again(&c, 0);
	c.main[0] = 0;
	again(&c, 0);
	take(&trace, c.main);
	first = trace.item[0];
	last = trace.item[trace.n - 1];

	cov_clear(&c);
	again(&c, 6);
	again(&c, 4);
	again(&c, 6);
	take(&before, c.edge);
	tap_ok(before.n && before.item[0] == cov_edge_word(0, first) &&
	       !has_edge(&before, last, first),
	       "a window begins with the edge from 0");
	take(&before, c.main);
	again(&c, 6);
	take(&edges, c.edge);
	tap_ok(same(&before, c.main), "KCOV_ENABLE in the same mode goes on: PCs stay");
	tap_ok(edges.item[edges.n - 1] == cov_edge_word(last, first),
	       "and the edge from the last PC before it is new");

	cov_clear(&c);
	again(&c, 6);
	take(&edges, c.edge);
	tap_ok(!has_edge(&edges, last, first) &&
	       edges.item[0] == cov_edge_word(0, first),
	       "unless a 0 was stored in between");
	cov_close(&c);
}

/* The same for comparisons, and for their statistics. */
static void goes_on_cmp(unsigned long unused)
{
	struct kcov_stats st;
	struct list before;
	struct cov c;
	bool same_before;

	(void)unused;
	set_mode(8);
	cov_open_or_exit(&c, WORDS, COV_EDGE);
	again(&c, 8);
	again(&c, 8);
	take(&before, c.main);
	again(&c, 8);
	same_before = same(&before, c.main);
	more(&c, 8);
	cov_stats(c.fd, &st);
	tap_ok(before.n && same_before && c.main[0] > before.n &&
	       !memcmp(&c.main[1], before.item, before.n * unit * sizeof(c.main[0])),
	       "mode 8: KCOV_ENABLE in the same mode goes on: what is new comes last");
	tap_ok(st.main.recorded == c.main[0] && st.main.capacity == (WORDS - 1) / CMP_WORDS &&
	       !st.main.dropped && !st.main.untracked && !st.edge.capacity,
	       "mode 8: KCOV_GET_STATS of the window");
	c.main[0] = 0;
	cov_stats(c.fd, &st);
	tap_ok(!st.main.recorded, "mode 8: nothing is recorded in a window to come");
	again(&c, 8);
	tap_ok(same(&before, c.main), "mode 8: KCOV_ENABLE after a 0 begins a window");
	cov_close(&c);
}

/* A window around a child that is not traced and does, or does not, work(). */
static void with_child(struct cov *c, struct list *main, struct list *edge, bool works)
{
	pid_t pid;
	int i;

	cov_clear(c);
	pid = fork();
	if (!pid) {
		for (i = 0; works && i < 100; i++)
			work();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	take(main, c->main);
	take(edge, c->edge);
}

/* What work() leaves, and a window without it does not, is not in another one, either. */
static bool not_in(const struct list *work, const struct list *without,
		   const struct list *with, int *marks)
{
	unsigned long i;

	for (i = 0; i < work->n; i++) {
		if (has(without, &work->item[i * unit]))
			continue;
		++*marks;
		if (has(with, &work->item[i * unit]))
			return false;
	}
	return true;
}

static void not_inherited(unsigned long mode)
{
	static struct list main, edge, without_main, without_edge, with_main, with_edge;
	struct cov c = enabled(mode);
	int marks = 0;
	bool ok;

	reference(&c, &main, &edge);
	with_child(&c, &without_main, &without_edge, false);
	with_child(&c, &with_main, &with_edge, true);
	ok = not_in(&main, &without_main, &with_main, &marks) &&
	     not_in(&edge, &without_edge, &with_edge, &marks);
	tap_ok(ok && marks, "mode %lu: a child of fork() is not traced (it lacks %d items)",
	       mode, marks);
	disable(&c);
}

/* @to after @from, which has left more than @to will show. */
static void one_change(unsigned long from, unsigned long to)
{
	struct list main, edge;
	struct cov c;
	bool ok;

	set_mode(to);
	cov_open_or_exit(&c, WORDS, COV_EDGE);
	/* What @to shows of a window of its own. */
	again(&c, to);
	cov_clear(&c);
	again(&c, to);
	take(&main, c.main);
	take(&edge, c.edge);
	cov_clear(&c);
	more(&c, from);
	/* Modes 0 and 1 of Linux count on from one another. */
	if (from < 2 && to < 2)
		main.n += c.main[0];
	ok = c.main[0] > main.n || c.edge[0] > edge.n || to < 2 || from == 4 || to == 4;
	again(&c, to);
	ok &= from < 2 && to < 2 ? c.main[0] == main.n : same(&main, c.main);
	ok &= !(to & 4) || same(&edge, c.edge);
	tap_ok(ok, "mode %lu after mode %lu: a new window", to, from);
	if (!ok)
		tap_diag("%lu PCs of %lu, %lu edges of %lu", c.main[0], main.n,
			 c.edge[0], edge.n);
	cov_close(&c);
}

/* KCOV_ENABLE in another mode: word 0 becomes 0, and a new window begins. */
static void other_mode(unsigned long unused)
{
	static const unsigned long modes[] = { 0, 1, 2, 4, 6, 8, 16 };
	size_t i, j;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(modes); i++)
		for (j = 0; j < ARRAY_SIZE(modes); j++)
			if (i != j)
				one_change(modes[i], modes[j]);
}

/* The areas of the least size, which cannot be mapped. Not for comparisons. */
static void two_words(unsigned long mode)
{
	struct kcov_stats st, more, again;
	int fd = cov_fd();

	if (cov_init(fd, 2) || cov_enable(fd, mode)) {
		tap_ok(false, "mode %lu: an area of 2 words", mode);
		close(fd);
		return;
	}
	work();
	cov_stats(fd, &st);
	getppid();
	cov_stats(fd, &more);
	cov_disable(fd);
	/* Mode 0 counts from the last enable, the others on. */
	cov_enable(fd, mode);
	cov_disable(fd);
	cov_stats(fd, &again);
	tap_ok(mode < 2 ? again.main.dropped < more.main.dropped :
	       again.main.dropped >= more.main.dropped &&
	       again.edge.dropped >= more.edge.dropped,
	       "mode %lu: drops %s KCOV_ENABLE", mode,
	       mode < 2 ? "begin at" : "go on after");
	tap_ok((mode == 4 ? st.main.capacity == 0 :
		st.main.capacity == 1 && st.main.recorded == 1 &&
		st.main.dropped && more.main.dropped > st.main.dropped) &&
	       (!(mode & 4) ||
		(st.edge.capacity == 1 && st.edge.recorded == 1 &&
		 st.edge.dropped && more.edge.dropped > st.edge.dropped)),
	       "mode %lu: an area of 2 words holds 1 item, the rest is counted", mode);
	tap_diag("main: %llu + %llu, then %llu + %llu", st.main.recorded,
		 st.main.dropped, more.main.recorded, more.main.dropped);
	close(fd);
}

static void one_window_of_work(int fd, unsigned long mode, struct kcov_stats *st)
{
	cov_enable(fd, mode);
	work();
	cov_disable(fd);
	cov_stats(fd, st);
}

static void no_room_in(size_t words, unsigned long mode)
{
	struct kcov_stats want, st, again, reset, other;
	struct cov c;
	int i, fd = cov_fd();

	cov_open_or_exit(&c, WORDS, 0);
	for (i = 0; i < 3; i++) {
		cov_reset(c.fd);
		one_window_of_work(c.fd, mode, &want);
	}
	cov_close(&c);

	if (cov_init(fd, words)) {
		tap_ok(false, "an area of %zu words", words);
		return;
	}
	one_window_of_work(fd, mode, &st);
	one_window_of_work(fd, mode, &again);
	cov_reset(fd);
	cov_stats(fd, &reset);
	tap_ok(want.main.recorded && !want.main.dropped && !st.main.capacity &&
	       !st.main.recorded && st.main.dropped == want.main.recorded &&
	       !st.main.untracked && !st.edge.capacity,
	       "mode %lu, %zu words: no room, %llu comparisons are counted", mode, words,
	       st.main.dropped);
	/* Mode 1 counts from the last enable; in mode 8 there is nothing new. */
	tap_ok(again.main.dropped == st.main.dropped && !again.main.recorded,
	       "mode %lu, %zu words: the same number when done again", mode, words);
	one_window_of_work(fd, mode, &again);
	tap_ok(!reset.main.dropped && again.main.dropped == st.main.dropped,
	       "mode %lu, %zu words: after KCOV_RESET_TRACE 0, then the same number",
	       mode, words);
	/* Word 0 was 0 all the time: that another mode was there is what counts. */
	one_window_of_work(fd, 2, &other);
	one_window_of_work(fd, mode, &again);
	tap_ok(other.main.recorded == words - 1 && other.main.dropped &&
	       other.main.dropped != st.main.dropped &&
	       again.main.dropped == st.main.dropped && !again.main.recorded,
	       "mode %lu, %zu words: a new window after mode 2", mode, words);
	close(fd);
}

/* Comparisons in areas with room for none: counted, just those that there are. */
static void no_room(unsigned long mode)
{
	size_t words;

	for (words = 2; words <= CMP_WORDS; words++)
		no_room_in(words, mode);
}

static void big(size_t words, unsigned long mode)
{
	struct cov c;
	struct kcov_stats st;
	bool main, edge;

	set_mode(mode);
	cov_open_or_exit(&c, words, COV_EDGE);
	cov_enable(c.fd, mode);
	work();
	cov_disable(c.fd);
	cov_stats(c.fd, &st);
	main = st.main.capacity == (words - 1) / unit && c.main[0] == st.main.recorded &&
	       c.main[0];
	edge = mode & 4 ? st.edge.capacity == words - 1 && c.edge[0] == st.edge.recorded &&
			  c.edge[0] : !st.edge.capacity && !c.edge[0];
	tap_ok(main && edge && st.mode == mode, "mode %lu: areas of %zu words hold %llu items",
	       mode, words, st.main.capacity);
	cov_close(&c);
}

/*
 * A test of a few windows. On a preemptible kernel a tick may hit one, but not three times
 * in a row; what is wrong is so each time.
 */
static void despite_ticks(void (*test)(unsigned long), unsigned long mode)
{
	typeof(tap) before = tap;
	FILE *out = stdout;
	char *text, *line;
	size_t len;
	int i;

	for (i = 0; i < 3; i++) {
		tap = before;
		text = NULL;
		stdout = open_memstream(&text, &len);
		test(mode);
		fclose(stdout);
		stdout = out;
		if (tap.failed == before.failed || i == 2)
			break;
		for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			if (!strncmp(line, "not ok", 6))
				tap_diag("once more: %s", line);
		free(text);
	}
	fputs(text, stdout);
	fflush(stdout);
	free(text);
}

int main(void)
{
	static const unsigned long all[] = { 0, 1, 2, 4, 6, 8, 16 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uniq_modes); i++) {
		many_windows(uniq_modes[i]);
		one_window(uniq_modes[i]);
		despite_ticks(scribble, uniq_modes[i]);
		despite_ticks(reset_by_ioctl, uniq_modes[i]);
		reset_by_thread(uniq_modes[i]);
		not_inherited(uniq_modes[i]);
	}
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		reset_read_only(all[i]);
		despite_ticks(mode_is_cmp(all[i]) ? no_room : two_words, all[i]);
		if (all[i] != 4) {
			big(page_words(), all[i]);
			big(16 << 20, all[i]);
		}
	}
	despite_ticks(areas_apart, 0);
	despite_ticks(goes_on, 0);
	despite_ticks(goes_on_cmp, 0);
	despite_ticks(other_mode, 0);
	return tap_done();
}
