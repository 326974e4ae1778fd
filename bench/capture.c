// SPDX-License-Identifier: MIT
/*
 * capture DIR [WORKLOAD...]: writes full traces of workloads, for replay.
 *
 * Runs in a guest. DIR/NAME.pcs holds the PCs, each 8 bytes, little endian; DIR/NAME.cmps
 * the first comparisons, each four times that: type, two arguments, PC;
 * DIR/index a line for each: name, callbacks, distinct PCs, distinct edge words.
 */
#include "../tests/boot/workloads.h"

#include <endian.h>

/* 16M words: the largest workload fills a third of it. */
#define AREA_WORDS	(16ul << 20)

/* Fewer than the largest set holds, see replay_cmp. */
#define MAX_CMPS	200000ul

static const char *const defaults[] = {
	"mmap-64m", "fork", "files-200", "tcp", "maps", "find",
	"ls-lR", "read-zero", "pipe", "unix", "netlink", "fork-exec",
	"epoll", "mount", "file-mmap", "sort",
};

static struct expect expect;

/* fwrite() as it is on little endian; word by word elsewhere. */
static int write_words(FILE *f, const unsigned long *word, size_t n)
{
	size_t i;
	uint64_t v;

	if (htole64(1) == 1)
		return fwrite(word, sizeof(*word), n, f) == n ? 0 : -1;
	for (i = 0; i < n; i++) {
		v = htole64(word[i]);
		if (fwrite(&v, sizeof(v), 1, f) != 1)
			return -1;
	}
	return 0;
}

static int save(const char *dir, const char *name, const char *suffix,
		const unsigned long *word, size_t n)
{
	char path[4096];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);
	f = fopen(path, "wb");
	if (!f) {
		perror(path);
		return -1;
	}
	err = write_words(f, word, n);
	if (fclose(f) || err) {
		fprintf(stderr, "%s: not all of it could be written\n", path);
		return -1;
	}
	return 0;
}

static int capture_cmps(struct cov *c, const struct workload *w, const char *dir)
{
	struct workload_result r;
	size_t n;

	if (workload_run(w, c, KCOV_TRACE_CMP, &r)) {
		fprintf(stderr, "%s: comparisons: %s\n", w->name, r.why);
		return -1;
	}
	n = cov_cmp_count(c->main, c->words);
	return save(dir, w->name, "cmps", c->main + 1, (n < MAX_CMPS ? n : MAX_CMPS) * CMP_WORDS);
}

/* 0: written. -1: not, stderr says why. */
static int capture(struct cov *c, const struct workload *w, const char *dir,
		   FILE *index)
{
	struct workload_result r;
	size_t n;
	int i, err = 0;

	/* Twice: the first run also fills caches, and is not typical. */
	for (i = 0; i < 2 && !err; i++)
		err = workload_run(w, c, KCOV_TRACE_PC, &r);
	if (err) {
		fprintf(stderr, "%s: could not run: %s\n", w->name, r.why);
		return -1;
	}
	n = cov_count(c->main, c->words);
	if (!n || n == c->words - 1) {
		fprintf(stderr, "%s: %s\n", w->name,
			n ? "the trace is larger than the area" : "empty trace");
		return -1;
	}
	if (save(dir, w->name, "pcs", c->main + 1, n))
		return -1;
	expect_from(&expect, c->main + 1, n);
	if (capture_cmps(c, w, dir))
		return -1;
	fprintf(index, "%s %zu %zu %zu\n", w->name, n, expect.pc.n, expect.edge.n);
	printf("%-16s %10zu callbacks %6zu PCs %6zu edge words\n", w->name, n,
	       expect.pc.n, expect.edge.n);
	return ferror(index) ? -1 : 0;
}

static int capture_all(struct cov *c, const char *dir, int n,
		       const char *const *names, FILE *index)
{
	const struct workload *w;
	int i, err, failed = 0, written = 0;

	for (i = 0; i < n; i++) {
		w = workload_find(names[i]);
		if (!w) {
			fprintf(stderr, "%s: no such workload\n", names[i]);
			failed++;
			continue;
		}
		err = capture(c, w, dir, index);
		err ? failed++ : written++;
	}
	return failed || !written;
}

int main(int argc, char **argv)
{
	char path[4096];
	struct cov c;
	FILE *index;
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: capture DIR [WORKLOAD...]\n");
		return 2;
	}
	cov_open_or_exit(&c, AREA_WORDS, 0);
	expect_init(&expect);
	snprintf(path, sizeof(path), "%s/index", argv[1]);
	index = fopen(path, "w");
	if (!index) {
		perror(path);
		return 1;
	}
	if (argc > 2)
		err = capture_all(&c, argv[1], argc - 2,
				  (const char *const *)argv + 2, index);
	else
		err = capture_all(&c, argv[1], ARRAY_SIZE(defaults), defaults,
				  index);
	if (fclose(index)) {
		perror(path);
		err = 1;
	}
	return err;
}
