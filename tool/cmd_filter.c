// SPDX-License-Identifier: MIT
/* ukcov filter: the PCs that lie in some functions, files or modules. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char help[] =
	"Usage: ukcov filter [OPTION...] FILE\n"
	"\n"
	"Writes the PCs of FILE that lie in a function, source file or module of which one of\n"
	"the GLOBs is the name. A function that is inlined counts, and so does the one around it.\n"
	"\n"
	"  --function GLOB      as 'tcp_*'; any of these options may be given more than once\n"
	"  --file GLOB          as 'mm/*' (a '*' reaches over '/'); or the end of the path, 'mmap.c'\n"
	"  --module GLOB        as 'xfs'; what is no module's is 'vmlinux'\n"
	"  -v, --invert         the others\n"
	"  -o, --output FILE    where to (default: stdout)\n"
	KERNEL_HELP
	"\n"
	"Examples:\n"
	"  ukcov filter --file 'net/*' make.cov | wc -l\n"
	"  ukcov filter -v --function 'ptrace_*' --function '*signal*' -o b.cov a.cov\n";

#define MAX_GLOBS	64

struct filter {
	const char *globs[3][MAX_GLOBS];	/* of functions, files, modules */
	size_t n[3];
	bool invert;
	struct ukcov_set *out;
};

static bool matches(const struct filter *f, int kind, const char *name)
{
	char *tail;
	bool yes;

	for (size_t i = 0; name && i < f->n[kind]; i++) {
		const char *glob = f->globs[kind][i];

		if (!fnmatch(glob, name, 0))
			return true;
		if (kind != 1 || *glob == '/')
			continue;
		tail = xasprintf("*/%s", glob);
		yes = !fnmatch(tail, name, 0);
		free(tail);
		if (yes)
			return true;
	}
	return false;
}

static int visit(void *arg, uint64_t pc, const struct ukcov_frame *frames, size_t count)
{
	struct filter *f = arg;
	bool yes = false;

	for (size_t i = 0; i < count && !yes; i++)
		yes = matches(f, 0, frames[i].function) || matches(f, 1, frames[i].file) ||
		      matches(f, 2, frames[i].module ? frames[i].module : "vmlinux");
	return yes == f->invert ? 0 : ukcov_set_add(f->out, pc);
}

static int copy_header(void *arg, const char *key, const char *value)
{
	return ukcov_set_put(arg, key, value);
}

static const struct option options[] = {
	{ "function", required_argument, NULL, 256 },
	{ "file", required_argument, NULL, 257 },
	{ "module", required_argument, NULL, 258 },
	{ "invert", no_argument, NULL, 'v' },
	{ "output", required_argument, NULL, 'o' },
	KERNEL_LONG_OPTIONS,
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int parse(int argc, char **argv, struct filter *f, struct kernel_options *kernel,
		 const char **output)
{
	int opt;

	while ((opt = next_option(argc, argv, "vo:" KERNEL_OPTSTRING "h", options)) != -1) {
		switch (opt) {
		case 256:
		case 257:
		case 258:
			if (f->n[opt - 256] == MAX_GLOBS)
				return misuse("filter", "more than %d globs of one kind", MAX_GLOBS);
			f->globs[opt - 256][f->n[opt - 256]++] = optarg;
			break;
		case 'v':
			f->invert = true;
			break;
		case 'o':
			*output = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			if (!kernel_option(kernel, opt))
				return STATUS_USAGE;
		}
	}
	if (!f->n[0] && !f->n[1] && !f->n[2])
		return misuse("filter", "by what? Give --function, --file or --module");
	if (optind + 1 != argc)
		return misuse("filter", optind == argc ? "no file given" : "more than one file given");
	return -1;
}

int cmd_filter(int argc, char **argv)
{
	struct kernel_options kernel = { 0 };
	const char *output = "-", *path;
	struct filter f = { 0 };
	struct ukcov_image *img;
	struct ukcov_set *set;
	const uint64_t *pcs;
	int status, err;
	size_t n;

	status = parse(argc, argv, &f, &kernel, &output);
	if (status >= 0)
		return status;
	path = argv[optind];
	set = read_set(path);
	if (!set)
		return STATUS_FAILED;
	if (is_edges(set)) {
		ukcov_set_free(set);
		return fail(STATUS_FAILED, "%s: edges are no places in the code", path);
	}
	img = open_kernel(&kernel, set, path, NULL);
	err = img ? ukcov_set_new(&f.out) : -ENOENT;
	if (!err) {
		ukcov_set_visit_header(set, copy_header, f.out);
		pcs = ukcov_set_words(set, &n);
		err = ukcov_image_find_all(img, pcs, n, visit, &f);
		if (err < 0)
			say("%s: %s", path, strerror(-err));
		else
			err = write_set(f.out, output);
		if (!err)
			err = copy_map(path, output);
		if (!err)
			say("%s of %s PCs", number(ukcov_set_size(f.out)), number(n));
	}
	ukcov_set_free(f.out);
	ukcov_image_close(img);
	ukcov_set_free(set);
	return err < 0 ? STATUS_FAILED : 0;
}
