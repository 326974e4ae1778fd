// SPDX-License-Identifier: MIT
/*
 * modules - the code of modules: traced, unloaded, loaded elsewhere
 *
 * Only what lies in the module is judged: that is the same in each run.
 *
 * Argument: the directory with the modules.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "guest.h"

#define WORDS	(64u << 10)
/* A module's text, and more than that. Nothing else is there that runs. */
#define TEXT	0x10000ul

struct list {
	size_t n, words;		/* items, and words of one */
	unsigned long item[WORDS];	/* less the module's address */
};

static const char *dir;
static struct list trace, plain, got, before[4];

/* The page where its text begins. 0: not loaded. */
static unsigned long base_of(const char *name)
{
	unsigned long base = 0;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/sections/.text", name);
	f = fopen(path, "r");
	if (f && fscanf(f, "%lx", &base) != 1)
		base = 0;
	if (f)
		fclose(f);
	return base & ~0xffful;
}

/* Where it is then; or it exits. */
static unsigned long load(const char *name)
{
	unsigned long base;
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.ko", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0)) {
		perror(path);
		exit(1);
	}
	close(fd);
	base = base_of(name);
	if (!base) {
		fprintf(stderr, "%s: loaded, and nowhere\n", name);
		exit(1);
	}
	return base;
}

static void unload(const char *name)
{
	if (!syscall(SYS_delete_module, name, O_NONBLOCK))
		return;
	perror(name);
	exit(1);
}

/* Its code, on this thread. */
static void run(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/run", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "40", 2) != 2) {
		perror(path);
		exit(1);
	}
	close(fd);
}

static bool in(unsigned long base, unsigned long pc)
{
	return pc - base < TEXT;
}

/* What an area has of the module; PCs of comparisons are their last word. */
static void take(struct list *l, const unsigned long *area, size_t words, unsigned long base)
{
	size_t n = words == 1 ? cov_count(area, WORDS) : cov_cmp_count(area, WORDS), i, k;

	l->n = 0;
	l->words = words;
	for (i = 0; i < n; i++) {
		const unsigned long *item = area + 1 + i * words;

		if (!in(base, item[words - 1]))
			continue;
		for (k = 0; k < words; k++)
			l->item[l->n * words + k] = item[k] - (k == words - 1 ? base : 0);
		l->n++;
	}
}

/* The module's part of a trace in @mode; of an edge area if it is 4. Whole, or it exits. */
static void collect(struct list *l, const char *name, unsigned long mode, unsigned long base)
{
	struct kcov_stats st;
	struct cov c;

	cov_open_or_exit(&c, WORDS, COV_EDGE);
	if (cov_enable(c.fd, mode))
		exit(1);
	run(name);
	if (cov_disable(c.fd) || cov_stats(c.fd, &st) || st.main.dropped || st.edge.dropped) {
		fprintf(stderr, "mode %lu: something was dropped\n", mode);
		exit(1);
	}
	take(l, mode == 4 ? c.edge : c.main, mode_is_cmp(mode) ? CMP_WORDS : 1, base);
	cov_close(&c);
}

static bool has(const struct list *l, const unsigned long *item)
{
	for (size_t i = 0; i < l->n; i++)
		if (!memcmp(l->item + i * l->words, item, l->words * sizeof(*item)))
			return true;
	return false;
}

/* The items of @all, each when it is new, in order. */
static void each_once(struct list *l, const struct list *all)
{
	l->n = 0;
	l->words = all->words;
	for (size_t i = 0; i < all->n; i++) {
		const unsigned long *item = all->item + i * all->words;

		if (has(l, item))
			continue;
		memcpy(l->item + l->n * l->words, item, l->words * sizeof(*item));
		l->n++;
	}
}

static bool equal(const struct list *a, const struct list *b)
{
	return a->n == b->n && a->words == b->words &&
	       !memcmp(a->item, b->item, a->n * a->words * sizeof(a->item[0]));
}

/* The edge words into the module, of a full trace, each when it is new. */
static void edges_of(struct list *l, const char *name, unsigned long base)
{
	unsigned long prev = 0;
	struct cov c;
	size_t n, i;

	cov_open_or_exit(&c, WORDS, 0);
	if (cov_enable(c.fd, 0))
		exit(1);
	run(name);
	cov_disable(c.fd);
	n = cov_count(c.main, WORDS);
	trace.n = 0;
	trace.words = 1;
	for (i = 1; i <= n; prev = c.main[i++])
		if (in(base, c.main[i]))
			trace.item[trace.n++] = cov_edge_word(prev, c.main[i]) - base;
	cov_close(&c);
	each_once(l, &trace);
}

/* Each mode against the full trace; and with what there was at the last call, if any. */
static void in_modes(const char *name, unsigned long base, bool again)
{
	static const unsigned long modes[] = { 2, 4, 8, 16 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (modes[i] == 4) {
			edges_of(&plain, name, base);
		} else {
			collect(&trace, name, modes[i] == 8, base);
			each_once(&plain, &trace);
		}
		collect(&got, name, modes[i], base);
		if (modes[i] == 16) {
			trace = got;
			each_once(&got, &trace);
		}
		if (!tap_ok(got.n >= 10 && equal(&got, &plain),
			    "%s, mode %lu: %zu items, those of the full trace", name, modes[i], got.n))
			tap_diag("%zu items in the full trace", plain.n);
		if (again && !tap_ok(equal(&got, &before[i]), "and where it was before"))
			tap_diag("%zu items there", before[i].n);
		before[i] = got;
	}
}

/*
 * One window that goes on: a module is gone, and another one lies in its place. A PC is a number:
 * each is there once in the window. After a reset all that is there is the other module's.
 */
static void in_its_place(struct cov *c, unsigned long base)
{
	size_t i, both = 0;

	take(&before[0], c->main, 1, base);
	collect(&trace, "kcov_other", 0, base);
	each_once(&plain, &trace);
	if (cov_enable(c->fd, 2))
		exit(1);
	run("kcov_other");
	cov_disable(c->fd);
	take(&got, c->main, 1, base);
	trace = got;
	each_once(&got, &trace);
	for (i = 0; i < plain.n; i++) {
		both += has(&before[0], &plain.item[i]);
		if (!has(&got, &plain.item[i]))
			break;
	}
	tap_ok(i == plain.n && got.n == trace.n && got.n == before[0].n + plain.n - both,
	       "a window with both modules: %zu PCs and %zu, %zu numbers are the same", before[0].n,
	       plain.n, both);
	cov_reset(c->fd);
	if (cov_enable(c->fd, 2))
		exit(1);
	run("kcov_other");
	cov_disable(c->fd);
	take(&got, c->main, 1, base);
	tap_ok(got.n && equal(&got, &plain), "after a reset: %zu PCs, those of what is there now", got.n);
}

int main(int argc, char **argv)
{
	unsigned long base, other, moved;
	int filler[40];
	size_t i;
	struct cov c;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	dir = argv[1];
	cov_open_or_exit(&c, WORDS, 0);
	/* Until gaps are filled in which one fits and the other does not. */
	for (i = 0; i < ARRAY_SIZE(filler); i++) {
		base = load("kcov_loops");
		cov_reset(c.fd);
		if (cov_enable(c.fd, 2))
			return 1;
		run("kcov_loops");
		cov_disable(c.fd);
		unload("kcov_loops");
		other = load("kcov_other");
		if (other == base)
			break;
		unload("kcov_other");
		filler[i] = cov_fd();
		cov_init(filler[i], 2);
	}
	if (i == ARRAY_SIZE(filler))
		other = load("kcov_other");
	if (other == base)
		in_its_place(&c, base);
	else
		tap_skip("it lies elsewhere", "another module where the first one was");
	cov_close(&c);
	in_modes("kcov_other", other, false);
	unload("kcov_other");

	base = load("kcov_loops");
	in_modes("kcov_loops", base, false);
	unload("kcov_loops");
	load("kcov_other");
	moved = load("kcov_loops");
	if (moved == base)
		tap_skip("it lies where it was", "it is loaded again, elsewhere");
	else
		tap_ok(true, "it is loaded again, %ld pages from where it was",
		       (long)(moved - base) / 4096);
	in_modes("kcov_loops", moved, true);
	unload("kcov_loops");
	unload("kcov_other");
	return tap_done();
}
