// SPDX-License-Identifier: MIT
/* ukcov top: what repeats most in the full trace of a command. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char help[] =
	"Usage: ukcov top [OPTION...] [--] COMMAND [ARG...]\n"
	"\n"
	"Runs COMMAND with a trace of each PC, repeats too, and shows on stderr which PCs and\n"
	"functions come most often: that is what fills a buffer.\n"
	"\n"
	"  -n, --top N          this many of each (default: 10)\n"
	"  -b, --buffer WORDS   room in each task's buffer (default: 16M words, 128 MiB; with\n"
	"                       --follow 1M)\n"
	"  -f, --follow         all that COMMAND starts, too\n"
	"  -o, --output FILE    write it to FILE, not to stderr\n"
	KERNEL_HELP
	"\n"
	"Exit status: as of 'ukcov run'.\n"
	"\n"
	"Examples:\n"
	"  ukcov top -- find /usr > /dev/null\n"
	"  ukcov top -n 20 --follow -- make\n";

struct entry {
	uint64_t key;		/* a PC; 0: free */
	uint64_t count;
	const char *function;	/* innermost, with its file and line */
	const char *file;
	uint32_t line;
};

struct table {
	struct entry *entries;
	size_t n, room;		/* a power of two */
	uint64_t all;
};

static struct entry *slot(struct table *t, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15ull) >> 32;

	for (;; i++) {
		struct entry *e = &t->entries[i & (t->room - 1)];

		if (!e->key || e->key == key)
			return e;
	}
}

static void grow(struct table *t)
{
	struct table old = *t;

	t->room = old.room ? 2 * old.room : 16384;
	t->entries = xcalloc(t->room, sizeof(*t->entries));
	for (size_t i = 0; i < old.room; i++)
		if (old.entries[i].key)
			*slot(t, old.entries[i].key) = old.entries[i];
	free(old.entries);
}

static int count_pc(void *arg, uint64_t pc)
{
	struct table *t = arg;
	struct entry *e;

	if (t->n >= t->room / 2)
		grow(t);
	e = slot(t, pc);
	t->n += !e->key;
	e->key = pc;
	e->count++;
	t->all++;
	return 0;
}

static int take(void *arg, struct ukcov *cov)
{
	int n = ukcov_visit_pcs(cov, count_pc, arg);

	return n < 0 ? n : 0;
}

static int by_count(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

static int by_function(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->function, y->function);

	return order ? order : strcmp(x->file ? x->file : "", y->file ? y->file : "");
}

/* The table's entries as a list, most first. */
static void pack(struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->room; i++)
		if (t->entries[i].key)
			t->entries[n++] = t->entries[i];
	if (n)
		qsort(t->entries, n, sizeof(*t->entries), by_count);
}

static void symbolize(struct table *t, struct ukcov_image *img)
{
	for (size_t i = 0; i < t->n; i++) {
		struct entry *e = &t->entries[i];
		struct ukcov_frame frame;

		e->function = "(unknown)";
		if (!img || ukcov_image_find(img, e->key, &frame, 1) < 1 || !frame.function)
			continue;
		e->function = frame.function;
		e->file = frame.file;
		e->line = frame.line;
	}
}

/* A list with one entry for each function. */
static struct entry *functions(const struct table *t, size_t *n)
{
	struct entry *list = xcalloc(t->n, sizeof(*list));

	*n = 0;
	if (!t->n)
		return list;
	memcpy(list, t->entries, t->n * sizeof(*list));
	qsort(list, t->n, sizeof(*list), by_function);
	for (size_t i = 1; i < t->n; i++) {
		if (by_function(&list[*n], &list[i]))
			list[++*n] = list[i];
		else
			list[*n].count += list[i].count;
	}
	++*n;
	qsort(list, *n, sizeof(*list), by_count);
	return list;
}

static void print_list(FILE *f, const struct entry *list, size_t n, size_t top, uint64_t all,
		       bool pcs)
{
	fprintf(f, "\n%14s %7s  %s\n", "callbacks", "share", pcs ? "PC" : "function");
	for (size_t i = 0; i < n && i < top; i++) {
		const struct entry *e = &list[i];

		fprintf(f, "%14s %7s  ", number(e->count), percent(e->count, all));
		if (pcs)
			fprintf(f, "0x%llx ", (unsigned long long)e->key);
		fputs(e->function, f);
		if (e->file && pcs)
			fprintf(f, "  %s:%u", e->file, e->line);
		else if (e->file)
			fprintf(f, "  %s", e->file);
		fputc('\n', f);
	}
}

static void print(FILE *f, struct table *t, const struct collect *c, size_t top, bool named)
{
	struct entry *list;
	size_t n;

	fprintf(f, "%s callbacks of %s PCs", number(t->all), number(t->n));
	if (c->counted && c->dropped)
		fprintf(f, "; %s more had no room (shares are of what had): give a larger buffer with -b",
			number(c->dropped));
	else if (c->lost_tasks)
		fputs("; the buffer was full, what came then is not here: give a larger one with -b", f);
	fputc('\n', f);
	if (named) {
		list = functions(t, &n);
		print_list(f, list, n, top, t->all, false);
		free(list);
	}
	print_list(f, t->entries, t->n, top, t->all, true);
}

static const struct option options[] = {
	{ "top", required_argument, NULL, 'n' },
	{ "buffer", required_argument, NULL, 'b' },
	{ "follow", no_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	KERNEL_LONG_OPTIONS,
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

struct choice {
	size_t top;
	const char *output;
	struct kernel_options kernel;
};

static int parse(int argc, char **argv, struct choice *o, struct collect *c)
{
	char *end;
	int opt;

	while ((opt = next_option(argc, argv, "+n:b:fo:" KERNEL_OPTSTRING "h", options)) != -1) {
		switch (opt) {
		case 'n':
			o->top = strtoul(optarg, &end, 10);
			if (*end || *optarg < '0' || *optarg > '9')
				return misuse("top", "-n %s: not a number", optarg);
			break;
		case 'b':
			c->words = parse_words(optarg);
			if (!c->words)
				return misuse("top", "-b %s: not a number of words, at least 2, as 64K",
					      optarg);
			break;
		case 'f':
			c->follow = true;
			break;
		case 'o':
			o->output = optarg;
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
		return misuse("top", "no command given");
	c->argv = argv + optind;
	if (!c->words && !c->follow)
		c->words = 16ul << 20;
	return -1;
}

int cmd_top(int argc, char **argv)
{
	struct table t = { 0 };
	struct collect c = { .mode = UKCOV_TRACE, .take = take, .arg = &t };
	struct choice o = { .top = 10 };
	struct output out = { .f = stderr };
	struct ukcov_image *img;
	int status;

	status = parse(argc, argv, &o, &c);
	if (status >= 0)
		return status;
	if (o.output && output_open(&out, o.output))
		return STATUS_UKCOV;
	status = collect_run(&c);
	if (c.failed_to_start || !c.tasks) {
		if (o.output)
			output_discard(&out);
		free(t.entries);
		return status;
	}
	if (c.error) {
		say("coverage was lost: %s", strerror(-c.error));
		status = STATUS_UKCOV;
	}
	collect_complain_tasks(&c);
	img = open_live_kernel(&o.kernel);
	pack(&t);
	symbolize(&t, img);
	print(out.f, &t, &c, o.top, img);
	if (o.output && output_close(&out))
		status = STATUS_UKCOV;
	ukcov_image_close(img);
	free(t.entries);
	return status;
}
