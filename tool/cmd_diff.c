// SPDX-License-Identifier: MIT
/* ukcov diff: what only one of two runs reached. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char help[] =
	"Usage: ukcov diff [OPTION...] A B\n"
	"\n"
	"Shows the functions that only A reaches, those that only B reaches, and those that both\n"
	"reach, but by PCs that the other one does not have. Of each, most PCs first.\n"
	"\n"
	"  -n, --top N          this many of each (default: 20; 0: all of them)\n"
	"  --json               as JSON\n"
	KERNEL_HELP
	"\n"
	"Exit status: 0, also if they differ.\n"
	"\n"
	"Examples:\n"
	"  ukcov run -o a.cov -- ls; ukcov run -o b.cov -- ls -l; ukcov diff a.cov b.cov\n"
	"  ukcov diff --json a.cov b.cov | jq '.functions[] | select(.reached_by == \"b\").name'\n";

/* Who has a PC, or reaches a function. */
enum who { A, B, BOTH };

struct row {
	const char *function, *file;
	uint32_t line;
	size_t pcs[3];	/* enum who */
};

struct rows {
	struct row *row;
	size_t n, room;
	enum who who;	/* has the PCs that are added now */
	size_t done, all;
};

static int add_row(void *arg, uint64_t pc, const struct ukcov_frame *frames, size_t count)
{
	struct rows *rows = arg;
	struct row *r;

	(void)pc;
	progress("symbolizing", rows->done++, rows->all);
	if (rows->n == rows->room) {
		rows->room = 2 * rows->room + 1024;
		rows->row = xrealloc(rows->row, rows->room * sizeof(*rows->row));
	}
	r = &rows->row[rows->n++];
	memset(r, 0, sizeof(*r));
	r->function = count && frames[0].function ? frames[0].function : "(unknown)";
	r->file = count ? frames[0].function_file : NULL;
	r->line = count ? frames[0].function_line : 0;
	r->pcs[rows->who] = 1;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->function, y->function);

	if (!order)
		order = strcmp(x->file ? x->file : "", y->file ? y->file : "");
	if (order)
		return order;
	return x->line < y->line ? -1 : x->line > y->line;
}

static size_t size(const struct row *r)
{
	return r->pcs[A] + r->pcs[B];
}

static int by_size(const void *a, const void *b)
{
	size_t x = size(a), y = size(b);

	if (x != y)
		return x > y ? -1 : 1;
	return by_name(a, b);
}

/* One row for each function in which A and B differ. */
static void collapse(struct rows *rows)
{
	size_t n = 0, kept = 0;

	if (!rows->n)
		return;
	qsort(rows->row, rows->n, sizeof(*rows->row), by_name);
	for (size_t i = 1; i < rows->n; i++) {
		if (by_name(&rows->row[n], &rows->row[i])) {
			rows->row[++n] = rows->row[i];
			continue;
		}
		for (size_t k = 0; k < ARRAY_SIZE(rows->row->pcs); k++)
			rows->row[n].pcs[k] += rows->row[i].pcs[k];
	}
	for (size_t i = 0; i <= n; i++)
		if (size(&rows->row[i]))
			rows->row[kept++] = rows->row[i];
	rows->n = kept;
	qsort(rows->row, rows->n, sizeof(*rows->row), by_size);
}

static enum who reached_by(const struct row *r)
{
	if (r->pcs[BOTH] || (r->pcs[A] && r->pcs[B]))
		return BOTH;
	return r->pcs[A] ? A : B;
}

static size_t count(const struct rows *rows, enum who who)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++)
		n += reached_by(&rows->row[i]) == who;
	return n;
}

/* A PC that is no callback's is that of a jump to the hook, at the end of a function. */
static uint64_t place_of(struct ukcov_image *img, struct ukcov_set *coverable, uint64_t pc)
{
	struct ukcov_site site;

	if (ukcov_set_has(coverable, pc) || ukcov_image_tail(img, pc, &site))
		return pc;
	return site.pc;
}

static int add_rows(struct rows *rows, enum who who, struct ukcov_image *img,
		    struct ukcov_set *coverable, struct ukcov_set *set)
{
	size_t n;
	const uint64_t *words = ukcov_set_words(set, &n);
	uint64_t *pcs = xcalloc(n, sizeof(*pcs));
	int err;

	for (size_t i = 0; i < n; i++)
		pcs[i] = place_of(img, coverable, words[i]);
	rows->who = who;
	err = ukcov_image_find_all(img, pcs, n, add_row, rows);
	free(pcs);
	return err;
}

static int find_rows(struct rows *rows, struct ukcov_image *img, struct ukcov_set *sets[3])
{
	struct ukcov_set *coverable;
	int err;

	err = ukcov_set_new(&coverable);
	if (err)
		return err;
	err = ukcov_image_coverable(img, coverable);
	/* Without callbacks in vmlinux: by what the PCs are alone. */
	if (err == -EBADMSG)
		err = 0;
	for (size_t i = 0; i < 3; i++)
		rows->all += ukcov_set_size(sets[i]);
	for (size_t i = 0; i < 3 && err >= 0; i++)
		err = add_rows(rows, i, img, coverable, sets[i]);
	progress_end();
	ukcov_set_free(coverable);
	collapse(rows);
	return err < 0 ? err : 0;
}

static void print_json(const struct rows *rows, const struct ukcov_set_diff *d)
{
	static const char *const by[] = { "a", "b", "both" };

	printf("{\"only_a\": %zu, \"only_b\": %zu, \"both\": %zu,\n"
	       " \"functions_only_a\": %zu, \"functions_only_b\": %zu, \"functions\": [", d->only_a,
	       d->only_b, d->both, count(rows, A), count(rows, B));
	for (size_t i = 0; i < rows->n; i++) {
		fputs(i ? ",\n {\"name\": " : "\n {\"name\": ", stdout);
		json_string(stdout, rows->row[i].function);
		if (rows->row[i].file) {
			fputs(", \"file\": ", stdout);
			json_string(stdout, rows->row[i].file);
			printf(", \"line\": %u", rows->row[i].line);
		}
		printf(", \"reached_by\": \"%s\", \"only_a\": %zu, \"only_b\": %zu}",
		       by[reached_by(&rows->row[i])], rows->row[i].pcs[A], rows->row[i].pcs[B]);
	}
	fputs("\n]}\n", stdout);
}

static void print_row(const struct row *r, const char *dim, const char *plain)
{
	if (reached_by(r) == BOTH)
		printf("%8s %8s  ", r->pcs[A] ? number(r->pcs[A]) : "",
		       r->pcs[B] ? number(r->pcs[B]) : "");
	else
		printf("%8s  ", number(size(r)));
	fputs(r->function, stdout);
	if (r->file)
		printf("  %s%s:%u%s", dim, r->file, r->line, plain);
	putchar('\n');
}

static void print_table(const struct rows *rows, enum who who, size_t top)
{
	static const char *const titles[] = {
		"functions that only A reaches", "functions that only B reaches",
		"functions that both reach, with PCs that only one has",
	};
	const char *dim = colours(stdout) ? "\033[2m" : "", *plain = *dim ? "\033[0m" : "";
	size_t all = count(rows, who), shown = 0;

	printf("\n%s: %s\n", titles[who], number(all));
	if (!all)
		return;
	if (who == BOTH)
		printf("%8s %8s  function\n", "only A", "only B");
	else
		printf("%8s  function\n", "PCs");
	for (size_t i = 0; i < rows->n && (!top || shown < top); i++) {
		if (reached_by(&rows->row[i]) != who)
			continue;
		print_row(&rows->row[i], dim, plain);
		shown++;
	}
	if (shown < all)
		printf("%s... and %s more: -n 0 shows all%s\n", dim, number(all - shown), plain);
}

static const struct option options[] = {
	{ "top", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 256 },
	KERNEL_LONG_OPTIONS,
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

struct choice {
	size_t top;
	bool json;
	struct kernel_options kernel;
};

static int parse(int argc, char **argv, struct choice *o)
{
	char *end;
	int opt;

	while ((opt = next_option(argc, argv, "n:" KERNEL_OPTSTRING "h", options)) != -1) {
		switch (opt) {
		case 'n':
			o->top = strtoul(optarg, &end, 10);
			if (*end || *optarg < '0' || *optarg > '9')
				return misuse("diff", "-n %s: not a number", optarg);
			break;
		case 256:
			o->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			if (!kernel_option(&o->kernel, opt))
				return STATUS_USAGE;
		}
	}
	if (argc - optind != 2)
		return misuse("diff", "give two files, not %d", argc - optind);
	return -1;
}

static int diff(const struct choice *o, char **paths, struct ukcov_set *a, struct ukcov_set *b)
{
	struct rows rows = { 0 };
	struct ukcov_image *img = NULL;
	struct ukcov_set *both, *sets[3];
	struct ukcov_set_diff d;
	int err = 0, status = 0;

	ukcov_set_compare(a, b, &d);
	if (ukcov_set_copy(&both, a))
		return fail(STATUS_FAILED, "no memory");
	ukcov_set_intersect(both, b);
	ukcov_set_subtract(a, both);
	ukcov_set_subtract(b, both);
	sets[A] = a;
	sets[B] = b;
	sets[BOTH] = both;
	if (!o->json)
		printf("only in A, %s: %s %s\nonly in B, %s: %s\nin both: %s\n", paths[0],
		       number(d.only_a), is_edges(a) ? "edges" : "PCs", paths[1], number(d.only_b),
		       number(d.both));
	if (!is_edges(a) && d.only_a + d.only_b) {
		img = open_kernel(&o->kernel, a, paths[0], NULL);
		err = img ? find_rows(&rows, img, sets) : -ENOENT;
		if (img && err)
			say("%s", strerror(-err));
		status = err ? STATUS_FAILED : 0;
	}
	if (!err && o->json)
		print_json(&rows, &d);
	else if (img && !err)
		for (enum who who = A; who <= BOTH; who++)
			print_table(&rows, who, o->top);
	ukcov_set_free(both);
	ukcov_image_close(img);
	free(rows.row);
	return status;
}

int cmd_diff(int argc, char **argv)
{
	struct choice o = { .top = 20 };
	struct ukcov_set *a, *b = NULL;
	char **paths;
	int status;

	status = parse(argc, argv, &o);
	if (status >= 0)
		return status;
	paths = argv + optind;
	a = read_set(paths[0]);
	if (a)
		b = read_set(paths[1]);
	status = STATUS_FAILED;
	if (!a || !b)
		goto out;
	if (!comparable(a, paths[0], b, paths[1], &o.kernel))
		status = diff(&o, paths, a, b);
	if (fflush(stdout) || ferror(stdout))
		status = fail(STATUS_FAILED, "cannot write to stdout: %s", strerror(errno));
out:
	ukcov_set_free(a);
	ukcov_set_free(b);
	return status;
}
