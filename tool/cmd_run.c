// SPDX-License-Identifier: MIT
/* ukcov run: a command with coverage, and a file of what it reached. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "tool.h"

static const char help[] =
	"Usage: ukcov run [OPTION...] [--] COMMAND [ARG...]\n"
	"       ukcov run [OPTION...] -p PID\n"
	"\n"
	"Runs COMMAND and collects which kernel code it reaches. Its input, output and exit\n"
	"status are its own. A summary goes to stderr. It does not count inlined functions, as\n"
	"'ukcov report' does.\n"
	"\n"
	"  -o, --output FILE    write what was reached to FILE ('-': stdout)\n"
	"  -f, --follow         all that COMMAND starts, too: processes and threads, each from\n"
	"                       its first instruction on. Kernel threads that work for them\n"
	"                       are not collected\n"
	"  -p, --pid PID        a process that runs, its threads and what they start, until it\n"
	"                       ends or Ctrl-C is pressed; it goes on then\n"
	"  -m, --mode MODE      pc: each PC once (default); edge: each edge word once;\n"
	"                       cmp: each comparison once; compact: a short trace with all PCs\n"
	"                       and pairs of PCs; trace: each PC, in order\n"
	"  -b, --buffer WORDS   room in each task's buffer, as 65536, 64K or 1M; default: 64K,\n"
	"                       and 1M where the kernel knows plain traces only\n"
	"  -q, --quiet          no summary\n"
	"  --fallback           do as if the kernel knew plain traces only\n"
	"  -k, --kernel FILE    vmlinux, to count functions by\n"
	"\n"
	"Exit status: COMMAND's; 128+N if signal N killed it; 127: no such command; 126: it\n"
	"cannot be run; 125: ukcov failed; 2: wrong usage.\n"
	"\n"
	"Examples:\n"
	"  ukcov run -o ls.cov -- ls -l /proc\n"
	"  ukcov run --follow -o make.cov -- make -j4\n"
	"  ukcov run -m trace -b 4M -o - -- true | head\n"
	"  ukcov run -o sshd.cov -p \"$(pidof -s sshd)\"\n";

/* Words in order: those of one task behind those of another. */
struct list {
	uint64_t *words;
	size_t n, room;
};

struct result {
	unsigned int mode;
	struct ukcov_set *set;	/* PCs or edge words; for comparisons, their PCs */
	struct list trace;	/* of modes that keep the order */
	struct ukcov_cmp *cmps;
	size_t n, room;
};

static const struct {
	const char *name;
	unsigned int mode;
} modes[] = {
	{ "pc", UKCOV_PC }, { "edge", UKCOV_EDGE }, { "cmp", UKCOV_CMP },
	{ "compact", UKCOV_COMPACT }, { "trace", UKCOV_TRACE },
};

static bool find_mode(const char *name, unsigned int *mode)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(name, modes[i].name))
			continue;
		*mode = modes[i].mode;
		return true;
	}
	return false;
}

static bool in_order(unsigned int mode)
{
	return mode == UKCOV_TRACE || mode == UKCOV_COMPACT;
}

static int take_word(void *arg, uint64_t word)
{
	struct list *list = arg;

	if (list->n == list->room) {
		list->room = 2 * list->room + 4096;
		list->words = xrealloc(list->words, list->room * sizeof(*list->words));
	}
	list->words[list->n++] = word;
	return 0;
}

static int take_cmp(void *arg, const struct ukcov_cmp *cmp)
{
	struct result *res = arg;

	if (res->n == res->room) {
		res->room = 2 * res->room + 1024;
		res->cmps = xrealloc(res->cmps, res->room * sizeof(*res->cmps));
	}
	res->cmps[res->n++] = *cmp;
	return ukcov_set_add(res->set, cmp->pc);
}

static int take(void *arg, struct ukcov *cov)
{
	struct result *res = arg;
	int n;

	if (res->mode == UKCOV_CMP) {
		n = ukcov_visit_cmps(cov, take_cmp, res);
		return n < 0 ? n : 0;
	}
	if (in_order(res->mode)) {
		n = ukcov_visit_pcs(cov, take_word, &res->trace);
		if (n < 0)
			return n;
	}
	return ukcov_set_collect(res->set, cov);
}

/* ---- the file ---- */

static int print_header(void *arg, const char *key, const char *value)
{
	fprintf(arg, "# %s: %s\n", key, value);
	return 0;
}

static int by_cmp(const void *a, const void *b)
{
	const struct ukcov_cmp *x = a, *y = b;

	if (x->pc != y->pc)
		return x->pc < y->pc ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->arg1 != y->arg1)
		return x->arg1 < y->arg1 ? -1 : 1;
	return x->arg2 < y->arg2 ? -1 : x->arg2 > y->arg2;
}

/* Those of all tasks, each once. */
static void sort_cmps(struct result *res)
{
	size_t n = 0;

	if (!res->n)
		return;
	qsort(res->cmps, res->n, sizeof(*res->cmps), by_cmp);
	for (size_t i = 1; i < res->n; i++)
		if (by_cmp(&res->cmps[n], &res->cmps[i]))
			res->cmps[++n] = res->cmps[i];
	res->n = n + 1;
}

static void print_cmps(FILE *f, const struct result *res)
{
	fputs("# PC, operands' bytes, is the first one a constant, operands\n", f);
	for (size_t i = 0; i < res->n; i++) {
		const struct ukcov_cmp *c = &res->cmps[i];

		fprintf(f, "0x%016llx %d %s 0x%llx 0x%llx\n", (unsigned long long)c->pc,
			1 << (c->type >> 1 & 3), c->type & 1 ? "const" : "var",
			(unsigned long long)c->arg1, (unsigned long long)c->arg2);
	}
}

static int write_list(struct result *res, const char *path)
{
	struct output out;
	int err = output_open(&out, path);

	if (err)
		return err;
	ukcov_set_visit_header(res->set, print_header, out.f);
	if (res->mode == UKCOV_CMP)
		print_cmps(out.f, res);
	for (size_t i = 0; i < res->trace.n; i++)
		fprintf(out.f, "0x%016llx\n", (unsigned long long)res->trace.words[i]);
	return output_close(&out);
}

/* Where modules were: whoever symbolizes later needs that, and they may be gone then. */
static void write_map(const char *path)
{
	struct ukcov_map *map;
	char *name;
	int err;

	if (!strcmp(path, "-") || is_special(path) || !has_modules())
		return;
	err = ukcov_map_live(&map);
	name = xasprintf("%s.map", path);
	if (!err) {
		err = ukcov_map_write(map, name);
		ukcov_map_free(map);
	}
	if (err)
		say("%s: cannot write where modules are: %s", name, strerror(-err));
	free(name);
}

static int write_result(struct result *res, const char *path, const char *vmlinux)
{
	int err;

	if (res->mode == UKCOV_CMP)
		ukcov_set_put(res->set, "mode", "cmp");
	if (vmlinux)
		ukcov_set_put(res->set, "vmlinux", vmlinux);
	if (res->mode == UKCOV_CMP || in_order(res->mode))
		err = write_list(res, path);
	else
		err = write_set(res->set, path);
	if (!err)
		write_map(path);
	return err;
}

/* ---- the summary ---- */

struct functions {
	size_t n;
	const char *last;
};

static int count_function(void *arg, uint64_t pc, const struct ukcov_frame *frames, size_t count)
{
	struct functions *fn = arg;
	const char *name = count ? frames[count - 1].function : NULL;

	/* PCs are sorted: a function's are neighbours. */
	(void)pc;
	if (name && name != fn->last)
		fn->n++;
	fn->last = name;
	return 0;
}

/*
 * From the symbol table, which is fast, but knows no inlined functions: reports count more.
 * False if there is no vmlinux.
 */
static bool count_functions(struct ukcov_set *set, const char *vmlinux, size_t *functions)
{
	struct functions fn = { 0, NULL };
	struct ukcov_image *img;
	struct ukcov_map *map;
	const uint64_t *pcs;
	size_t n;
	int err;

	if (!vmlinux)
		return false;
	if (ukcov_map_live(&map))
		map = NULL;
	err = ukcov_image_open(&img, vmlinux, map, NULL, UKCOV_NO_DEBUG);
	ukcov_map_free(map);
	if (err)
		return false;
	pcs = ukcov_set_words(set, &n);
	err = ukcov_image_find_all(img, pcs, n, count_function, &fn);
	ukcov_image_close(img);
	*functions = fn.n;
	return err >= 0;
}

static void summarize(const struct collect *c, struct result *res, const char *vmlinux)
{
	size_t n = ukcov_set_size(res->set), functions;
	char *line, *more;

	if (res->mode == UKCOV_EDGE)
		line = xasprintf("%s edges", number(n));
	else if (res->mode == UKCOV_CMP)
		line = xasprintf("%s comparisons at %s PCs", number(res->n), number(n));
	else if (count_functions(res->set, vmlinux, &functions))
		line = xasprintf("%s PCs in %s functions (inlined ones not counted)", number(n),
				 number(functions));
	else
		line = xasprintf("%s PCs (functions: no vmlinux found, see -k)", number(n));
	if (in_order(res->mode)) {
		more = xasprintf("%s, trace of %s", line, number(res->trace.n));
		free(line);
		line = more;
	}
	if (c->counted)
		more = xasprintf("%s, %s dropped", line, number(c->dropped));
	else
		more = xasprintf("%s, %s", line, c->lost_tasks ? "some dropped" : "0 dropped");
	say("%s, %s task%s", more, number(c->followed), c->followed == 1 ? "" : "s");
	free(line);
	free(more);
}

/* ---- the command ---- */

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "follow", no_argument, NULL, 'f' },
	{ "pid", required_argument, NULL, 'p' },
	{ "mode", required_argument, NULL, 'm' },
	{ "buffer", required_argument, NULL, 'b' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "fallback", no_argument, NULL, 256 },
	{ "kernel", required_argument, NULL, 'k' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

struct choice {
	const char *output, *mode, *kernel;
	bool quiet;
};

/* -1: go on; else an exit status. */
static int parse(int argc, char **argv, struct collect *c, struct choice *o)
{
	char *end;
	long pid;
	int opt;

	while ((opt = next_option(argc, argv, "+o:fp:m:b:qk:h", options)) != -1) {
		switch (opt) {
		case 'o':
			o->output = optarg;
			break;
		case 'f':
			c->follow = true;
			break;
		case 'p':
			pid = strtol(optarg, &end, 10);
			c->attach = pid;
			if (pid <= 0 || pid != c->attach || *end)
				return misuse("run", "-p %s: not the number of a process", optarg);
			break;
		case 'm':
			if (o->mode && strcmp(o->mode, optarg))
				return misuse("run", "two modes, %s and %s: give one", o->mode, optarg);
			o->mode = optarg;
			if (!find_mode(optarg, &c->mode))
				return misuse("run", "-m %s: the modes are pc, edge, cmp, compact and trace",
					      optarg);
			break;
		case 'b':
			c->words = parse_words(optarg);
			if (!c->words)
				return misuse("run", "-b %s: not a number of words, at least 2, as 64K",
					      optarg);
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'k':
			o->kernel = optarg;
			break;
		case 256:
			c->flags |= UKCOV_NO_NATIVE;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return STATUS_USAGE;
		}
	}
	c->argv = argv + optind;
	if (c->attach && optind < argc)
		return misuse("run", "-p and a command: give one of them");
	if (!c->attach && optind == argc)
		return misuse("run", "no command given");
	return -1;
}

/* That FILE can be written is known before the command has run for an hour. */
static int check_output(const char *path)
{
	struct output out;
	int err;

	if (!path || !strcmp(path, "-") || is_special(path))
		return 0;
	err = output_open(&out, path);
	if (!err)
		output_discard(&out);
	return err;
}

int cmd_run(int argc, char **argv)
{
	struct collect c = { .mode = UKCOV_PC, .take = take };
	struct result res = { 0 };
	struct choice o = { 0 };
	char *vmlinux;
	int status;

	status = parse(argc, argv, &c, &o);
	if (status >= 0)
		return status;
	if (check_output(o.output))
		return STATUS_UKCOV;
	res.mode = c.mode;
	c.arg = &res;
	if (ukcov_set_new(&res.set))
		return fail(STATUS_UKCOV, "no memory");
	status = collect_run(&c);
	if (c.failed_to_start || !c.tasks)
		goto out;
	if (c.error) {
		say("coverage was lost: %s", strerror(-c.error));
		status = STATUS_UKCOV;
	}
	sort_cmps(&res);
	vmlinux = find_vmlinux_live(o.kernel);
	if (o.output && write_result(&res, o.output, vmlinux))
		status = STATUS_UKCOV;
	collect_complain(&c);
	if (!o.quiet)
		summarize(&c, &res, vmlinux);
	free(vmlinux);
out:
	ukcov_set_free(res.set);
	free(res.trace.words);
	free(res.cmps);
	return status;
}
