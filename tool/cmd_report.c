// SPDX-License-Identifier: MIT
/* ukcov report: what files of coverage say, in a terminal, for LCOV, as JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static const char help[] =
	"Usage: ukcov report [OPTION...] FILE...\n"
	"\n"
	"Shows which functions, files and lines were reached, most first, and their shares of\n"
	"what can be reached. Several FILEs are taken together; '-' is stdin.\n"
	"\n"
	"  --by WHAT            function, file (default), dir, or subsystem (MAINTAINERS)\n"
	"  -n, --top N          this many rows (default: 20; 0: all of them)\n"
	"  --html DIR           pages with the source, by LCOV's genhtml\n"
	"  --lcov FILE          LCOV's tracefile, for its versions 1.16 to 2.5; '-': stdout\n"
	"  --json               all of it, as JSON\n"
	"  --annotate FILE.c    one source file with what was reached beside it\n"
	KERNEL_HELP
	"\n"
	"Shares are of the places at which the compiler put a callback: a line without one\n"
	"runs with the line before it. Functions that are inlined count as functions.\n"
	"\n"
	"Examples:\n"
	"  ukcov report make.cov\n"
	"  ukcov report --by subsystem make.cov\n"
	"  ukcov report --annotate mm/mmap.c make.cov | less -R\n"
	"  ukcov report --html out -k ~/linux/build make.cov && xdg-open out/index.html\n"
	"  ukcov report --json a.cov b.cov | jq .totals\n";

enum by { BY_FILE, BY_FUNCTION, BY_DIR, BY_SUBSYSTEM };

static const char *const by_names[] = { "file", "function", "dir", "subsystem" };

struct choice {
	enum by by;
	size_t top;
	const char *html, *lcov, *annotate;
	bool json;
	struct kernel_options kernel;
};

struct row {
	const char *name, *file;
	uint32_t line;
	struct count pcs, lines, functions;
};

static const char *red = "", *green = "", *dim = "", *bold = "", *plain = "";

static void set_colours(void)
{
	if (!colours(stdout))
		return;
	red = "\033[31m";
	green = "\033[32m";
	dim = "\033[2m";
	bold = "\033[1m";
	plain = "\033[0m";
}

/* ---- tables ---- */

static int by_hits(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order;

	if (x->pcs.hit != y->pcs.hit)
		return x->pcs.hit > y->pcs.hit ? -1 : 1;
	order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->file ? x->file : "", y->file ? y->file : "");
}

static void add(struct count *to, struct count c)
{
	to->hit += c.hit;
	to->all += c.all;
}

/* " 120/265   45.3%" */
static void print_count(struct count c)
{
	char both[48];

	if (!c.all) {
		printf("%21s", "");
		return;
	}
	snprintf(both, sizeof(both), "%s/%s", number(c.hit), number(c.all));
	printf("%14s %6s", both, percent(c.hit, c.all));
}

static void print_row(const struct row *r, enum by by, const struct model *m)
{
	print_count(r->pcs);
	if (m->lines)
		print_count(r->lines);
	if (by != BY_FUNCTION)
		print_count(r->functions);
	printf("  %s", r->name);
	if (r->file && r->line)
		printf("  %s%s:%u%s", dim, r->file, r->line, plain);
	putchar('\n');
}

static void print_table(struct row *rows, size_t n, const struct choice *o, const struct model *m)
{
	size_t hit = 0, shown;

	qsort(rows, n, sizeof(*rows), by_hits);
	while (hit < n && rows[hit].pcs.hit)
		hit++;
	shown = o->top && o->top < hit ? o->top : hit;
	printf("%s%14s       ", bold, "PCs");
	if (m->lines)
		printf("%14s       ", "lines");
	if (o->by != BY_FUNCTION)
		printf("%14s       ", "functions");
	printf("  %s%s\n", by_names[o->by], plain);
	for (size_t i = 0; i < shown; i++)
		print_row(&rows[i], o->by, m);
	if (shown < hit)
		printf("%s... and %s more that were reached: -n 0 shows all%s\n", dim,
		       number(hit - shown), plain);
}

static struct row *function_rows(const struct model *m, size_t *n)
{
	struct row *rows = xcalloc(m->function.all, sizeof(*rows));

	*n = 0;
	for (size_t i = 0; i < m->nr_files; i++) {
		const struct file *f = &m->files[i];

		for (size_t k = 0; k < f->nr_functions; k++) {
			struct row *r = &rows[(*n)++];

			r->name = f->functions[k].name;
			r->file = f->path;
			r->line = f->functions[k].line;
			r->pcs = f->functions[k].pcs;
			r->lines = f->functions[k].lines;
		}
	}
	return rows;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

/* The directory of a path, which is never freed: rows live as long as the program. */
static const char *dir_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xasprintf("%.*s", (int)(slash - path), path) : ".";
}

/* NULL after a message. */
static struct row *file_rows(const struct model *m, enum by by, size_t *n)
{
	struct row *rows = xcalloc(m->nr_files, sizeof(*rows));
	struct maintainers *mt = NULL;
	size_t used = 0;

	if (by == BY_SUBSYSTEM) {
		if (!m->root)
			say("the kernel's source tree, with MAINTAINERS, was not found: give it with --source");
		else
			mt = maintainers_read(m->root);
		if (!mt) {
			free(rows);
			return NULL;
		}
	}
	for (size_t i = 0; i < m->nr_files; i++) {
		const struct file *f = &m->files[i];
		struct row *r = &rows[i];

		r->name = f->path;
		if (by == BY_DIR)
			r->name = dir_name(f->path);
		else if (by == BY_SUBSYSTEM)
			r->name = xstrdup(maintainers_of(mt, f->path));
		if (!*r->name)
			r->name = "(none)";
		r->pcs = f->pcs;
		r->lines = f->line;
		r->functions = f->function;
		progress("reading MAINTAINERS", i, m->nr_files);
	}
	progress_end();
	maintainers_free(mt);
	qsort(rows, m->nr_files, sizeof(*rows), by_name);
	for (size_t i = 0; i < m->nr_files; i++) {
		if (!i || strcmp(rows[used - 1].name, rows[i].name)) {
			rows[used++] = rows[i];
			continue;
		}
		add(&rows[used - 1].pcs, rows[i].pcs);
		add(&rows[used - 1].lines, rows[i].lines);
		add(&rows[used - 1].functions, rows[i].functions);
	}
	*n = used;
	return rows;
}

/* By file: with each one's functions, most first. */
static void print_functions(const struct file *f, size_t most)
{
	struct row *rows = xcalloc(f->nr_functions, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < f->nr_functions; i++) {
		if (!f->functions[i].pcs.hit)
			continue;
		rows[n].name = f->functions[i].name;
		rows[n].line = f->functions[i].line;
		rows[n].lines = f->functions[i].lines;
		rows[n++].pcs = f->functions[i].pcs;
	}
	qsort(rows, n, sizeof(*rows), by_hits);
	for (size_t i = 0; i < n && (!most || i < most); i++) {
		print_count(rows[i].pcs);
		if (f->nr_lines)
			print_count(rows[i].lines);
		printf("%21s    %s%s%s", "", rows[i].pcs.hit == rows[i].pcs.all ? green : "",
		       rows[i].name, plain);
		if (rows[i].line)
			printf("%s:%u%s", dim, rows[i].line, plain);
		putchar('\n');
	}
	free(rows);
}

static int file_by_hits(const void *a, const void *b)
{
	const struct file *x = *(const struct file *const *)a, *y = *(const struct file *const *)b;

	if (x->pcs.hit != y->pcs.hit)
		return x->pcs.hit > y->pcs.hit ? -1 : 1;
	return strcmp(x->path, y->path);
}

static void print_files(const struct model *m, const struct choice *o)
{
	const struct file **files = xcalloc(m->nr_files, sizeof(*files));
	size_t n = 0, shown;

	for (size_t i = 0; i < m->nr_files; i++)
		if (m->files[i].pcs.hit)
			files[n++] = &m->files[i];
	qsort(files, n, sizeof(*files), file_by_hits);
	shown = o->top && o->top < n ? o->top : n;
	printf("%s%14s       ", bold, "PCs");
	if (m->lines)
		printf("%14s       ", "lines");
	printf("%14s         file, and its functions%s\n", "functions", plain);
	for (size_t i = 0; i < shown; i++) {
		const struct file *f = files[i];

		fputs(bold, stdout);
		print_count(f->pcs);
		if (m->lines)
			print_count(f->line);
		print_count(f->function);
		printf("  %s%s\n", f->path, plain);
		print_functions(f, o->top ? 3 : 0);
	}
	if (shown < n)
		printf("%s... and %s more files that were reached: -n 0 shows all, and all functions%s\n",
		       dim, number(n - shown), plain);
	free(files);
}

static void print_head(const struct model *m, const struct ukcov_set *set)
{
	const char *dropped = ukcov_set_get(set, "dropped");

	printf("kernel %s\n", kernel_name(set));
	printf("reached: %s of %s PCs (%s)", number(m->pcs.hit), number(m->pcs.all),
	       percent(m->pcs.hit, m->pcs.all));
	if (m->lines)
		printf(", %s of %s lines (%s)", number(m->line.hit), number(m->line.all),
		       percent(m->line.hit, m->line.all));
	printf(", %s of %s functions (%s)\n", number(m->function.hit), number(m->function.all),
	       percent(m->function.hit, m->function.all));
	if (dropped && strcmp(dropped, "0"))
		printf("%snot complete: %s items had no room when this was collected%s\n", red,
		       !strcmp(dropped, "unknown") ? "some" : dropped, plain);
	if (m->tails)
		printf("%s%s PCs lie in the caller of a function that ends in a jump to KCOV (GCC before 14); that function is marked instead%s\n",
		       dim, number(m->tails), plain);
	if (m->unknown)
		printf("%s%s PCs lie behind a call through a pointer, or in a module: the function that ran ends in such a jump, and is not known%s\n",
		       dim, number(m->unknown), plain);
	if (m->foreign)
		printf("%s%s PCs are in no function of this vmlinux and its modules: is a .ko missing, or vmlinux another kernel's?%s\n",
		       dim, number(m->foreign), plain);
	if (m->nowhere)
		printf("%s%s PCs that can be reached are left out: their place in the source is not known%s\n",
		       dim, number(m->nowhere), plain);
	if (m->no_source)
		printf("%s%s files are left out: their source was not found%s\n", dim,
		       number(m->no_source), plain);
	putchar('\n');
}

static int print_tables(const struct model *m, const struct choice *o, const struct ukcov_set *set)
{
	struct row *rows;
	size_t n = 0;

	if (o->by == BY_FILE) {
		print_head(m, set);
		print_files(m, o);
		return 0;
	}
	rows = o->by == BY_FUNCTION ? function_rows(m, &n) : file_rows(m, o->by, &n);
	if (!rows)
		return STATUS_FAILED;
	print_head(m, set);
	print_table(rows, n, o, m);
	free(rows);
	return 0;
}

/* ---- one source file ---- */

/* By its whole path, or by the end of it if that is only one. NULL after a message. */
static const struct file *find_file(const struct model *m, const char *name)
{
	const struct file *found = NULL;
	size_t n = strlen(name), all = 0;

	for (size_t i = 0; i < m->nr_files; i++) {
		const struct file *f = &m->files[i];
		size_t len = strlen(f->path);

		if (!strcmp(f->path, name) || (f->source && !strcmp(f->source, name)))
			return f;
		if (len > n && !strcmp(f->path + len - n, name) && f->path[len - n - 1] == '/') {
			found = f;
			all++;
		}
	}
	if (all == 1)
		return found;
	if (all > 1)
		say("%s: there are %zu such files: give more of the path, as %s", name, all,
		    found->path);
	else
		say("%s: no such file in this kernel, or nothing in it that can be reached", name);
	return NULL;
}

static int annotate(const struct model *m, const char *name)
{
	const struct file *f = find_file(m, name);
	size_t room = 0, at = 0;
	char *text = NULL;
	FILE *src;

	if (!f)
		return STATUS_FAILED;
	src = f->source ? fopen(f->source, "re") : NULL;
	if (!src)
		return fail(STATUS_FAILED, "%s: its source was not found: give the tree with --source",
			    f->path);
	printf("%s%s%s: %s of %s PCs, %s of %s lines, %s of %s functions\n", bold, f->path, plain,
	       number(f->pcs.hit), number(f->pcs.all), number(f->line.hit), number(f->line.all),
	       number(f->function.hit), number(f->function.all));
	for (uint32_t no = 1; getline(&text, &room, src) > 0; no++) {
		char beside[32] = "";
		const char *colour = "";

		text[strcspn(text, "\n")] = 0;
		if (at < f->nr_lines && f->lines[at].number == no) {
			const struct line *l = &f->lines[at++];

			colour = l->hit ? green : red;
			if (l->pcs.all)
				snprintf(beside, sizeof(beside), "%zu/%zu %c", l->pcs.hit, l->pcs.all,
					 l->hit ? '+' : '-');
			else
				snprintf(beside, sizeof(beside), "%c", l->hit ? '+' : '-');
		}
		printf("%s%9s%s %s%6u%s  %s%s%s\n", colour, beside, plain, dim, no, plain, colour,
		       text, plain);
	}
	free(text);
	fclose(src);
	return 0;
}

/* ---- JSON ---- */

static void json_count(const char *name, struct count c, const char *end)
{
	printf("\"%s\": {\"hit\": %zu, \"all\": %zu}%s", name, c.hit, c.all, end);
}

static void json_value(const char *name, const char *value)
{
	printf("\"%s\": ", name);
	if (value)
		json_string(stdout, value);
	else
		fputs("null", stdout);
	fputs(", ", stdout);
}

static void json_file(const struct file *f)
{
	fputs("\n  {", stdout);
	json_value("file", f->path);
	json_count("pcs", f->pcs, ", ");
	json_count("lines", f->line, ", ");
	json_count("functions", f->function, ",\n   \"hit_lines\": [");
	for (size_t i = 0, n = 0; i < f->nr_lines; i++)
		if (f->lines[i].hit)
			printf("%s%u", n++ ? ", " : "", f->lines[i].number);
	fputs("], \"missed_lines\": [", stdout);
	for (size_t i = 0, n = 0; i < f->nr_lines; i++)
		if (!f->lines[i].hit)
			printf("%s%u", n++ ? ", " : "", f->lines[i].number);
	fputs("],\n   \"function_list\": [", stdout);
	for (size_t i = 0; i < f->nr_functions; i++) {
		const struct function *fn = &f->functions[i];

		fputs(i ? ",\n    {" : "\n    {", stdout);
		json_value("name", fn->name);
		printf("\"line\": %u, \"hit\": %s, ", fn->line, fn->hit ? "true" : "false");
		json_count("pcs", fn->pcs, ", ");
		json_count("lines", fn->lines, "}");
	}
	fputs("]}", stdout);
}

static int print_json(const struct model *m, const struct ukcov_set *set)
{
	fputs("{\"kernel\": {", stdout);
	json_value("release", ukcov_set_get(set, "release"));
	json_value("build_id", ukcov_set_get(set, "build-id"));
	json_value("mode", set_mode(set));
	json_value("dropped", ukcov_set_get(set, "dropped"));
	printf("\"coverable_pcs\": %zu},\n \"totals\": {", m->coverable);
	json_count("pcs", m->pcs, ", ");
	json_count("lines", m->line, ", ");
	json_count("functions", m->function, "},\n");
	printf(" \"jumped_to\": %zu, \"unknown_pcs\": %zu, \"pcs_without_place\": %zu,\n"
	       " \"files_without_source\": %zu, \"files\": [", m->tails, m->unknown + m->foreign, m->nowhere,
	       m->no_source);
	for (size_t i = 0; i < m->nr_files; i++) {
		if (i)
			putchar(',');
		json_file(&m->files[i]);
	}
	fputs("\n ]}\n", stdout);
	return 0;
}

/* ---- the command ---- */

static const struct option options[] = {
	{ "by", required_argument, NULL, 256 },
	{ "top", required_argument, NULL, 'n' },
	{ "html", required_argument, NULL, 257 },
	{ "lcov", required_argument, NULL, 258 },
	{ "json", no_argument, NULL, 259 },
	{ "annotate", required_argument, NULL, 260 },
	KERNEL_LONG_OPTIONS,
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static bool parse_by(const char *name, enum by *by)
{
	for (size_t i = 0; i < ARRAY_SIZE(by_names); i++) {
		if (strcmp(name, by_names[i]))
			continue;
		*by = i;
		return true;
	}
	return false;
}

static int parse(int argc, char **argv, struct choice *o)
{
	char *end;
	int opt;

	while ((opt = next_option(argc, argv, "n:" KERNEL_OPTSTRING "h", options)) != -1) {
		switch (opt) {
		case 256:
			if (!parse_by(optarg, &o->by))
				return misuse("report", "--by %s: say function, file, dir or subsystem",
					      optarg);
			break;
		case 'n':
			o->top = strtoul(optarg, &end, 10);
			if (*end || *optarg < '0' || *optarg > '9')
				return misuse("report", "-n %s: not a number", optarg);
			break;
		case 257:
			o->html = optarg;
			break;
		case 258:
			o->lcov = optarg;
			break;
		case 259:
			o->json = true;
			break;
		case 260:
			o->annotate = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			if (!kernel_option(&o->kernel, opt))
				return STATUS_USAGE;
		}
	}
	if (optind == argc)
		return misuse("report", "no file given");
	if (o->json + !!o->annotate + (o->lcov && !strcmp(o->lcov, "-")) > 1)
		return misuse("report", "two things for stdout: give one of them");
	return -1;
}

static int report(const struct choice *o, const struct model *m, const struct ukcov_set *set,
		  const char *file)
{
	const char *id = ukcov_set_get(set, "build-id");
	char *title;
	int status = 0;

	if (o->lcov && lcov_write(m, o->lcov, id))
		status = STATUS_FAILED;
	if (!status && o->html) {
		title = xasprintf("%s, Linux %s", file, kernel_name(set));
		status = lcov_html(m, o->html, title, id);
		free(title);
		if (!status && !o->json)
			printf("%s/index.html: %s of %s lines, %s of %s functions\n", o->html,
			       number(m->line.hit), number(m->line.all), number(m->function.hit),
			       number(m->function.all));
	}
	if (status)
		return status;
	if (o->json)
		return print_json(m, set);
	if (o->annotate)
		return annotate(m, o->annotate);
	if (!o->html && !o->lcov)
		return print_tables(m, o, set);
	return 0;
}

int cmd_report(int argc, char **argv)
{
	struct choice o = { .top = 20 };
	struct ukcov_image *img;
	struct ukcov_set *set;
	char *vmlinux = NULL;
	struct model m;
	int status;

	status = parse(argc, argv, &o);
	if (status >= 0)
		return status;
	set = read_sets(argv + optind, argc - optind, &o.kernel);
	if (!set)
		return STATUS_FAILED;
	if (is_edges(set)) {
		ukcov_set_free(set);
		return fail(STATUS_FAILED, "%s: edges are no places in the code: collect with -m pc or -m compact",
			    argv[optind]);
	}
	set_colours();
	img = open_kernel(&o.kernel, set, argv[optind], &vmlinux);
	status = img ? model_build(&m, img, set, &o.kernel, vmlinux) : STATUS_FAILED;
	if (!status) {
		status = report(&o, &m, set, argv[optind]);
		model_free(&m);
	}
	if (fflush(stdout) || ferror(stdout))
		status = fail(STATUS_FAILED, "cannot write to stdout: %s", strerror(errno));
	ukcov_image_close(img);
	ukcov_set_free(set);
	free(vmlinux);
	return status;
}
