// SPDX-License-Identifier: MIT
/* ukcov diff: what only one of two runs reached. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char help[] =
	"Usage: ukcov diff [OPTION...] A B\n"
	"\n"
	"Shows which functions have PCs that only A, or only B, reached, most first.\n"
	"\n"
	"  -n, --top N          this many functions (default: 20; 0: all of them)\n"
	"  --json               as JSON\n"
	KERNEL_HELP
	"\n"
	"Exit status: 0, also if they differ.\n"
	"\n"
	"Examples:\n"
	"  ukcov run -o a.cov -- ls; ukcov run -o b.cov -- ls -l; ukcov diff a.cov b.cov\n"
	"  ukcov diff --json before.cov after.cov | jq .only_b\n";

struct row {
	const char *function, *file;
	uint32_t line;
	size_t a, b;
};

struct rows {
	struct row *row;
	size_t n, room;
	bool second;	/* the PCs are those of B */
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
	r->a = !rows->second;
	r->b = rows->second;
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

static int by_size(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->a + x->b != y->a + y->b)
		return x->a + x->b > y->a + y->b ? -1 : 1;
	return by_name(a, b);
}

/* One row for each function. */
static void collapse(struct rows *rows)
{
	size_t n = 0;

	if (!rows->n)
		return;
	qsort(rows->row, rows->n, sizeof(*rows->row), by_name);
	for (size_t i = 1; i < rows->n; i++) {
		if (by_name(&rows->row[n], &rows->row[i])) {
			rows->row[++n] = rows->row[i];
			continue;
		}
		rows->row[n].a += rows->row[i].a;
		rows->row[n].b += rows->row[i].b;
	}
	rows->n = n + 1;
	qsort(rows->row, rows->n, sizeof(*rows->row), by_size);
}

static int find_rows(struct rows *rows, struct ukcov_image *img, struct ukcov_set *a,
		     struct ukcov_set *b)
{
	const uint64_t *pcs;
	size_t n;
	int err;

	pcs = ukcov_set_words(a, &n);
	rows->all = n + ukcov_set_size(b);
	err = ukcov_image_find_all(img, pcs, n, add_row, rows);
	if (err >= 0) {
		rows->second = true;
		pcs = ukcov_set_words(b, &n);
		err = ukcov_image_find_all(img, pcs, n, add_row, rows);
	}
	progress_end();
	collapse(rows);
	return err < 0 ? err : 0;
}

static void print_json(const struct rows *rows, const struct ukcov_set_diff *d)
{
	printf("{\"only_a\": %zu, \"only_b\": %zu, \"both\": %zu, \"functions\": [", d->only_a,
	       d->only_b, d->both);
	for (size_t i = 0; i < rows->n; i++) {
		fputs(i ? ",\n {\"name\": " : "\n {\"name\": ", stdout);
		json_string(stdout, rows->row[i].function);
		if (rows->row[i].file) {
			fputs(", \"file\": ", stdout);
			json_string(stdout, rows->row[i].file);
			printf(", \"line\": %u", rows->row[i].line);
		}
		printf(", \"only_a\": %zu, \"only_b\": %zu}", rows->row[i].a, rows->row[i].b);
	}
	fputs("\n]}\n", stdout);
}

static void print_table(const struct rows *rows, size_t top)
{
	const char *dim = colours(stdout) ? "\033[2m" : "", *plain = *dim ? "\033[0m" : "";

	if (!rows->n)
		return;
	printf("\n%8s %8s  function\n", "only A", "only B");
	for (size_t i = 0; i < rows->n && (!top || i < top); i++) {
		const struct row *r = &rows->row[i];

		printf("%8s %8s  %s", r->a ? number(r->a) : "", r->b ? number(r->b) : "",
		       r->function);
		if (r->file)
			printf("  %s%s:%u%s", dim, r->file, r->line, plain);
		putchar('\n');
	}
	if (top && top < rows->n)
		printf("%s... and %s more: -n 0 shows all%s\n", dim, number(rows->n - top), plain);
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
	struct ukcov_set *was;
	struct ukcov_set_diff d;
	int err = 0, status = 0;

	ukcov_set_compare(a, b, &d);
	if (ukcov_set_copy(&was, a))
		return fail(STATUS_FAILED, "no memory");
	ukcov_set_subtract(a, b);
	ukcov_set_subtract(b, was);
	ukcov_set_free(was);
	if (!o->json)
		printf("only in A, %s: %s %s\nonly in B, %s: %s\nin both: %s\n", paths[0],
		       number(d.only_a), is_edges(a) ? "edges" : "PCs", paths[1], number(d.only_b),
		       number(d.both));
	if (!is_edges(a) && d.only_a + d.only_b) {
		img = open_kernel(&o->kernel, a, paths[0], NULL);
		err = img ? find_rows(&rows, img, a, b) : -ENOENT;
		if (img && err)
			say("%s", strerror(-err));
		status = err ? STATUS_FAILED : 0;
	}
	if (!err && o->json)
		print_json(&rows, &d);
	else if (!err)
		print_table(&rows, o->top);
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
