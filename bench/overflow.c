// SPDX-License-Identifier: MIT
/*
 * overflow DIR [WORKLOAD...]: how large the windows of real programs are.
 *
 * Runs in a guest. Each workload is traced whole, in mode 0; its trace is cut where the
 * functions of system calls begin; and of each piece, and of the whole, is counted what each
 * design would write. Comparisons are counted by the kernel, in modes 1 and 8.
 *
 * DIR/windows.csv gets a line for each window: its kind ("program" or "call"), the workload,
 * the system call, and of it: callbacks, distinct PCs, distinct edge words, words of the
 * compact trace, bytes of the delta encoding; of programs also: comparisons, distinct
 * comparisons, and 1 if they are more than the set held, so that the number is an upper bound.
 */
#include "../tests/boot/workloads.h"

#include <ctype.h>

#include "sizes.h"

/* All but a few workloads have room in a third of it; see sizes_of_large(). */
#define AREA_WORDS	(32ul << 20)

/* ---- the kernel's functions ---- */

struct symbol {
	unsigned long from;
	char name[56];
};

#define MAX_SYMBOLS	(1u << 20)

static struct symbol *symbols;
static size_t nr_symbols;

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from ? 1 : strcmp(x->name, y->name);
}

static void symbols_load(void)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	struct symbol s;
	char type;

	if (!f) {
		perror("/proc/kallsyms");
		exit(1);
	}
	symbols = big_alloc(MAX_SYMBOLS * sizeof(*symbols));
	while (nr_symbols < MAX_SYMBOLS &&
	       fscanf(f, "%lx %c %55s%*[^\n]", &s.from, &type, s.name) == 3)
		if (tolower(type) == 't' || tolower(type) == 'w')
			symbols[nr_symbols++] = s;
	fclose(f);
	if (!nr_symbols || !symbols[nr_symbols - 1].from) {
		fprintf(stderr, "/proc/kallsyms has no addresses: run this as root, with CONFIG_KALLSYMS\n");
		exit(1);
	}
	qsort(symbols, nr_symbols, sizeof(*symbols), by_address);
}

/* The last symbol that begins at or before @pc. */
static size_t symbol_at(unsigned long pc)
{
	size_t low = 0, high = nr_symbols;

	while (low + 1 < high) {
		size_t mid = (low + high) / 2;

		if (symbols[mid].from <= pc)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/*
 * The name of the system call whose function @pc is in, or NULL. A function has several
 * names, all with one address; all calls that this kernel does not have are one function.
 * ".part" and its like are no functions of their own.
 */
static const char *call_at(unsigned long pc)
{
	static const char *const prefixes[] = { "__se_sys_", "sys_" };
	size_t i = symbol_at(pc), p;
	unsigned long from = symbols[i].from;
	const char *name = NULL;

	for (;; i--) {
		if (!strcmp(symbols[i].name, "sys_ni_syscall"))
			return "(not there)";
		for (p = 0; p < ARRAY_SIZE(prefixes) && !name; p++)
			if (!strncmp(symbols[i].name, prefixes[p], strlen(prefixes[p])) &&
			    !strchr(symbols[i].name, '.'))
				name = symbols[i].name + strlen(prefixes[p]);
		if (!i || symbols[i - 1].from != from)
			return name;
	}
}

/* ---- where a program enters the kernel ---- */

/*
 * The first callback of each system call's function: of its PCs, the lowest one. Linux leaves
 * some out of KCOV (kernel/sched): those calls are not seen, and are part of the one before.
 * So are page faults.
 */
static struct uniq entries;

static void entries_from(const struct uniq *pcs)
{
	unsigned long *lowest = calloc(nr_symbols, sizeof(*lowest));
	size_t i, k;

	for (i = 0; i < pcs->n; i++) {
		if (!call_at(pcs->item[i]))
			continue;
		k = symbol_at(pcs->item[i]);
		if (!lowest[k] || pcs->item[i] < lowest[k])
			lowest[k] = pcs->item[i];
	}
	uniq_clear(&entries);
	for (k = 0; k < nr_symbols; k++)
		if (lowest[k])
			uniq_add(&entries, &lowest[k]);
	free(lowest);
}

/* ---- one workload ---- */

static void print_sizes(FILE *f, const struct sizes *s)
{
	fprintf(f, ",%lu,%lu,%lu,%lu,%lu", s->callbacks, s->pcs, s->edges, s->compact, s->delta);
}

static struct expect expect;

/* The engine is not its own witness. */
static bool as_counted(const struct workload *w, const struct sizes *s)
{
	if (s->pcs == expect.pc.n && s->edges == expect.edge.n)
		return true;
	fprintf(stderr, "%s: the engine says %lu PCs and %lu edge words, there are %zu and %zu\n",
		w->name, s->pcs, s->edges, expect.pc.n, expect.edge.n);
	return false;
}

/*
 * Each from its beginning to the next one's, with the page faults in between. What is before
 * the first one is KCOV_ENABLE, and the last one may be KCOV_DISABLE.
 */
static size_t write_calls(const struct workload *w, FILE *out, const unsigned long *pc, size_t n)
{
	size_t from, to, calls = 0;
	struct sizes s;

	for (from = 0; from < n && !uniq_has(&entries, &pc[from]); from++)
		;
	for (; from < n; from = to, calls++) {
		for (to = from + 1; to < n && !uniq_has(&entries, &pc[to]); to++)
			;
		if (to == n && w->run)
			break;
		sizes_from(&s, pc + from, to - from);
		fprintf(out, "call,%s,%s", w->name, call_at(pc[from]));
		print_sizes(out, &s);
		fputs(",,,\n", out);
	}
	return calls;
}

/* A run in @mode, and what the kernel counted. */
static int run_in(const struct workload *w, struct cov *c, unsigned long mode,
		  struct kcov_stats *st)
{
	struct workload_result r;
	int err = workload_run(w, c, mode, &r);

	if (!err)
		err = cov_stats(c->fd, st);
	if (!err)
		return 0;
	fprintf(stderr, "%s: could not run: mode %lu: %s\n", w->name, mode,
		*r.why ? r.why : strerror(-err));
	return -1;
}

static unsigned long all_of(const struct kcov_area_stats *a)
{
	return a->recorded + a->dropped;
}

static int write_program(const struct workload *w, FILE *out, struct cov *c,
			 const struct sizes *s, int tries)
{
	struct kcov_stats st;
	unsigned long cmps;

	if (run_in(w, c, KCOV_TRACE_CMP, &st))
		return -1;
	cmps = all_of(&st.main);
	/* State that was full doubles at the next KCOV_ENABLE. */
	do {
		if (run_in(w, c, KCOV_TRACE_UNIQ_CMP, &st))
			return -1;
	} while (--tries && st.main.untracked);
	fprintf(out, "program,%s,", w->name);
	print_sizes(out, s);
	fprintf(out, ",%lu,%lu,%d\n", cmps, all_of(&st.main), st.main.untracked != 0);
	return 0;
}

/*
 * A trace that the area does not hold: its calls are not told, and its sizes are what the
 * kernel counts, which needs no large area. Of the delta encoding: as many bytes a callback
 * as in the part that is there.
 */
static int sizes_of_large(const struct workload *w, struct cov *c, unsigned long callbacks,
			  struct sizes *s)
{
	struct kcov_stats st;

	sizes_from(s, c->main + 1, cov_count(c->main, c->words));
	s->delta = (double)s->delta / s->callbacks * callbacks;
	s->callbacks = callbacks;
	if (run_in(w, c, KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE, &st))
		return -1;
	s->pcs = all_of(&st.main);
	s->edges = all_of(&st.edge);
	if (run_in(w, c, KCOV_TRACE_COMPACT, &st))
		return -1;
	s->compact = all_of(&st.main);
	if (!st.main.untracked)
		return 0;
	fprintf(stderr, "%s: more distinct PCs, or pairs of them, than the set holds\n", w->name);
	return -1;
}

/* 0: written. Otherwise it could not run, or not be measured: that was said on stderr. */
static int measure(const struct workload *w, FILE *out, struct cov *c)
{
	uint64_t begin = clock_ns();
	struct kcov_stats st;
	size_t n, calls = 0;
	struct sizes s;
	int err;

	if (run_in(w, c, KCOV_TRACE_PC, &st))
		return -1;
	/* Once more: the first run also fills caches, and is not typical. */
	if (!st.main.dropped && run_in(w, c, KCOV_TRACE_PC, &st))
		return -1;
	n = cov_count(c->main, c->words);
	if (!n) {
		fprintf(stderr, "%s: empty trace\n", w->name);
		return -1;
	}
	if (st.main.dropped) {
		err = sizes_of_large(w, c, all_of(&st.main), &s) ||
		      write_program(w, out, c, &s, 1);
	} else {
		sizes_from(&s, c->main + 1, n);
		expect_from(&expect, c->main + 1, n);
		if (!as_counted(w, &s))
			return -1;
		entries_from(&expect.pc);
		calls = write_calls(w, out, c->main + 1, n);
		/* From 16K items to 256K, the most. */
		err = write_program(w, out, c, &s, 5);
	}
	if (err)
		return -1;
	printf("%-18s %9lu callbacks %6lu PCs %6lu edges %7lu compact %7zu calls %5.1f s\n",
	       w->name, s.callbacks, s.pcs, s.edges, s.compact, calls,
	       (clock_ns() - begin) / 1e9);
	fflush(stdout);
	return ferror(out) ? -1 : 0;
}

static FILE *create(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

int main(int argc, char **argv)
{
	size_t i, done = 0, failed = 0;
	struct cov c;
	FILE *out;
	int k;

	if (argc < 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: overflow DIR [WORKLOAD...]\n");
		return 2;
	}
	for (k = 2; k < argc; k++)
		if (!workload_find(argv[k])) {
			fprintf(stderr, "overflow: there is no workload '%s'\n", argv[k]);
			return 2;
		}
	out = create(argv[1], "windows.csv");
	fputs("kind,workload,call,callbacks,pcs,edges,compact,delta_bytes,cmps,uniq_cmps,uniq_cmps_bound\n",
	      out);
	symbols_load();
	sizes_init();
	expect_init(&expect);
	uniq_init(&entries, 4096, 1);
	cov_open_or_exit(&c, AREA_WORDS, 0);
	if (argc == 2) {
		for (i = 0; i < nr_workloads; i++)
			measure(&workloads[i], out, &c) ? failed++ : done++;
	} else {
		for (k = 2; k < argc; k++)
			measure(workload_find(argv[k]), out, &c) ? failed++ : done++;
	}
	if (fclose(out)) {
		perror("windows.csv");
		return 1;
	}
	printf("%zu workloads measured, %zu could not be\n", done, failed);
	return failed || !done;
}
