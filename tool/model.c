// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

/* One PC: where it is. */
struct place {
	const char *file, *function, *function_file;
	uint32_t line, function_line;
	bool hit;
	bool counts;	/* coverable; else it says that its line was reached, if that is one */
};

struct builder {
	struct place *places;
	size_t n, room, all;
	struct ukcov_set *set;
	bool extra;	/* these are not among the coverable ones */
	struct ukcov_image *img;
	struct model *m;
};

/* ---- from PCs to places ---- */

static int add_place(void *arg, uint64_t pc, const struct ukcov_frame *frames, size_t count)
{
	struct builder *b = arg;
	struct place *p;

	progress("symbolizing", b->n, b->all);
	if (!count || !frames[0].function) {
		b->m->nowhere += !b->extra;
		return 0;
	}
	if (b->n == b->room) {
		b->room = 2 * b->room + 65536;
		b->places = xrealloc(b->places, b->room * sizeof(*b->places));
	}
	p = &b->places[b->n++];
	p->function = frames[0].function;
	p->function_file = frames[0].function_file;
	p->function_line = frames[0].function_line;
	p->file = frames[0].file;
	p->line = frames[0].line;
	p->counts = !b->extra;
	p->hit = b->extra || ukcov_set_has(b->set, pc);
	if (!p->file || !p->line) {
		/* Without a line, the function is all that is known. */
		p->file = frames[0].module ? frames[0].module : "vmlinux";
		p->line = 0;
		p->function_line = 0;
		p->function_file = p->file;
	}
	return 0;
}

/* What was recorded and is no callback's: if a function's end jumps to the hook, that ran. */
static int add_tails(struct builder *b, struct ukcov_set *coverable)
{
	struct ukcov_site site;
	struct ukcov_frame frame;
	const uint64_t *words;
	struct ukcov_set *others;
	uint64_t *pcs;
	size_t n;
	int err;

	err = ukcov_set_copy(&others, b->set);
	if (err)
		return err;
	ukcov_set_subtract(others, coverable);
	words = ukcov_set_words(others, &n);
	pcs = xcalloc(n, sizeof(*pcs));
	for (size_t i = 0; i < n; i++) {
		err = ukcov_image_tail(b->img, words[i], &site);
		if (!err)
			pcs[b->m->tails++] = site.pc;
		else if (ukcov_image_find(b->img, words[i], &frame, 1) > 0)
			b->m->unknown++;
		else
			b->m->foreign++;
	}
	b->extra = true;
	err = ukcov_image_find_all(b->img, pcs, b->m->tails, add_place, b);
	free(pcs);
	ukcov_set_free(others);
	return err < 0 ? err : 0;
}

static int add_places(struct builder *b)
{
	struct ukcov_set *coverable;
	const uint64_t *pcs;
	int err;

	err = ukcov_set_new(&coverable);
	if (err)
		return err;
	progress("looking for callbacks", 0, 0);
	err = ukcov_image_coverable(b->img, coverable);
	if (!err) {
		pcs = ukcov_set_words(coverable, &b->all);
		b->m->coverable = b->all;
		err = ukcov_image_find_all(b->img, pcs, b->all, add_place, b);
		if (err > 0)
			err = 0;
	}
	if (!err)
		err = add_tails(b, coverable);
	progress_end();
	ukcov_set_free(coverable);
	return err;
}

/* ---- the source tree ---- */

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), t = strlen(tail);

	return n >= t && !strcmp(s + n - t, tail);
}

/* Names begin with this, as the compiler saw them; "" if they are relative. Has a slash. */
static char *compiled_root(const struct builder *b)
{
	static const char known[] = "kernel/fork.c";

	for (size_t i = 0; i < b->n; i++) {
		const char *file = b->places[i].file;
		size_t n = strlen(file) - strlen(known);

		if (ends_with(file, known) && (n == 0 || file[n - 1] == '/'))
			return xasprintf("%.*s", (int)n, file);
	}
	return xstrdup("");
}

static bool is_tree(const char *dir)
{
	char *path = xasprintf("%s/kernel/fork.c", dir);
	bool is = !access(path, R_OK);

	free(path);
	return is;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? xasprintf("%.*s", slash == path ? 1 : (int)(slash - path), path) :
		xstrdup(".");
}

/*
 * Where the sources are: as said, as compiled, or as the build directory says, which
 * may have been moved since.
 */
static char *find_root(const struct kernel_options *o, const char *compiled, const char *vmlinux)
{
	char *build = directory_of(vmlinux), *full;
	const char *at[4] = { o->source, *compiled ? compiled : NULL, NULL, build };
	char *link = xasprintf("%s/source", build), *root = NULL;

	at[2] = link;
	for (size_t i = o->source ? 0 : 1; i < ARRAY_SIZE(at) && !root; i++) {
		if (at[i] && is_tree(at[i])) {
			full = realpath(at[i], NULL);
			root = full ? full : xstrdup(at[i]);
		}
		if (o->source)
			break;
	}
	free(link);
	free(build);
	return root;
}

/* A file that the build made is not in the tree but in the build's directory. */
static char *generated(const char *path, const char *vmlinux)
{
	const char *at = strstr(path, "include/generated/");
	char *build, *file;

	if (!at)
		at = strstr(path, "/arch/");
	if (!at)
		return NULL;
	/* From its architecture's directory on, if it is there. */
	for (const char *p = at; p > path; p--)
		if (!strncmp(p, "/arch/", 6))
			at = p + 1;
	build = directory_of(vmlinux);
	file = xasprintf("%s/%s", build, *at == '/' ? at + 1 : at);
	free(build);
	if (!access(file, R_OK))
		return file;
	free(file);
	return NULL;
}

static char *find_source(const struct model *m, const char *path, const char *vmlinux)
{
	char *file;

	if (*path != '/') {
		if (!m->root)
			return NULL;
		file = xasprintf("%s/%s", m->root, path);
	} else {
		file = xstrdup(path);
	}
	if (!access(file, R_OK))
		return file;
	free(file);
	return generated(path, vmlinux);
}

static uint32_t count_lines(const char *path)
{
	FILE *f = fopen(path, "re");
	char buf[65536];
	uint32_t n = 0;
	char last = '\n';
	size_t got;

	if (!f)
		return 0;
	while ((got = fread(buf, 1, sizeof(buf), f)) > 0) {
		for (const char *p = buf; (p = memchr(p, '\n', buf + got - p)); p++)
			n++;
		last = buf[got - 1];
	}
	fclose(f);
	return n + (last != '\n');
}

/* ---- from places to files ---- */

/* The files' names without the root they were compiled in. */
static void cut_root(struct builder *b, const char *root)
{
	size_t n = strlen(root);

	if (!n)
		return;
	for (size_t i = 0; i < b->n; i++) {
		struct place *p = &b->places[i];

		if (!strncmp(p->file, root, n))
			p->file += n;
		if (p->function_file && !strncmp(p->function_file, root, n))
			p->function_file += n;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = x->file == y->file ? 0 : strcmp(x->file, y->file);

	if (order)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->counts != y->counts)
		return x->counts ? -1 : 1;
	return strcmp(x->function, y->function);
}

static int by_function(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_function_name(const void *a, const void *b)
{
	const struct function *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->line < y->line ? -1 : x->line > y->line;
}

/*
 * SYSCALL_DEFINE and the like make several functions in one line: the one with most code
 * stands for all. And a name that is there twice (under #ifdef, say) is kept once. Readers of
 * LCOV's files can take neither.
 */
static void unique_functions(struct file *f, bool lines)
{
	size_t n = 0;

	if (!f->nr_functions)
		return;
	qsort(f->functions, f->nr_functions, sizeof(*f->functions), by_function);
	for (size_t i = 1; i < f->nr_functions; i++) {
		struct function *fn = &f->functions[i], *last = &f->functions[n];

		if (!strcmp(fn->name, last->name) && fn->line == last->line) {
			last->pcs.all += fn->pcs.all;
		} else {
			f->functions[++n] = *fn;
		}
	}
	f->nr_functions = n + 1;
	if (!lines)
		return;
	n = 0;
	for (size_t i = 1; i < f->nr_functions; i++) {
		struct function *fn = &f->functions[i], *last = &f->functions[n];

		if (fn->line != last->line)
			f->functions[++n] = *fn;
		else if (fn->pcs.all > last->pcs.all)
			*last = *fn;
	}
	f->nr_functions = n + 1;
	qsort(f->functions, f->nr_functions, sizeof(*f->functions), by_function_name);
	n = 0;
	for (size_t i = 1; i < f->nr_functions; i++)
		if (strcmp(f->functions[i].name, f->functions[n].name))
			f->functions[++n] = f->functions[i];
	f->nr_functions = n + 1;
	qsort(f->functions, f->nr_functions, sizeof(*f->functions), by_function);
}

/* The functions that the places of @f are in, if they begin in @f. */
static void find_functions(struct file *f, const struct place *p, size_t n, uint32_t last_line)
{
	f->functions = xcalloc(n, sizeof(*f->functions));
	for (size_t i = 0; i < n; i++) {
		struct function *fn = &f->functions[f->nr_functions];

		if (!p[i].counts || !p[i].function_file || strcmp(p[i].function_file, f->path))
			continue;
		if (p[i].line && (!p[i].function_line || p[i].function_line > last_line))
			continue;
		fn->name = p[i].function;
		fn->line = p[i].line ? p[i].function_line : 0;
		fn->pcs.all = 1;
		f->nr_functions++;
	}
	unique_functions(f, n && p[0].line);
	for (size_t i = 0; i < f->nr_functions; i++)
		f->functions[i].pcs.all = 0;
}

static struct function *function_at(struct file *f, uint32_t line)
{
	size_t low = 0, high = f->nr_functions;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (f->functions[mid].line <= line)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &f->functions[low - 1] : NULL;
}

static int by_line(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Lines with callbacks, and those that functions begin in. */
static void find_lines(struct file *f, const struct place *p, size_t n, uint32_t last_line)
{
	size_t used = 0;

	f->lines = xcalloc(n + f->nr_functions, sizeof(*f->lines));
	for (size_t i = 0; i < n; i++) {
		struct line *l = used ? &f->lines[used - 1] : NULL;

		if (p[i].line > last_line)
			continue;
		if (!l || l->number != p[i].line) {
			/* PCs that only a jump reaches must not change what can be reached. */
			if (!p[i].counts)
				continue;
			l = &f->lines[used++];
			l->number = p[i].line;
		}
		l->pcs.all += p[i].counts;
		l->pcs.hit += p[i].hit && p[i].counts;
		l->hit |= p[i].hit;
	}
	f->nr_lines = used;
	for (size_t i = 0; i < f->nr_functions; i++) {
		struct line key = { .number = f->functions[i].line };

		if (!bsearch(&key, f->lines, f->nr_lines, sizeof(key), by_line))
			f->lines[used++].number = key.number;
	}
	f->nr_lines = used;
	qsort(f->lines, used, sizeof(*f->lines), by_line);
}

static void count_up(struct file *f)
{
	struct function *fn;

	for (size_t i = 0; i < f->nr_lines; i++) {
		struct line *l = &f->lines[i];

		fn = function_at(f, l->number);
		f->pcs.all += l->pcs.all;
		f->pcs.hit += l->pcs.hit;
		if (!fn)
			continue;
		fn->hit |= l->hit;
		fn->pcs.all += l->pcs.all;
		fn->pcs.hit += l->pcs.hit;
	}
	for (size_t i = 0; i < f->nr_lines; i++) {
		struct line *l = &f->lines[i];

		fn = function_at(f, l->number);
		/* A first line without a callback ran if any line of its function did. */
		if (fn && fn->line == l->number && !l->pcs.all)
			l->hit = fn->hit;
		f->line.all++;
		f->line.hit += l->hit;
		if (fn) {
			fn->lines.all++;
			fn->lines.hit += l->hit;
		}
	}
	for (size_t i = 0; i < f->nr_functions; i++) {
		f->function.all++;
		f->function.hit += f->functions[i].hit;
	}
}

/* Without debug information there are only functions. */
static void count_functions(struct file *f, const struct place *p, size_t n)
{
	struct function key = { 0 }, *fn;

	for (size_t i = 0; i < n; i++) {
		key.name = p[i].function;
		fn = bsearch(&key, f->functions, f->nr_functions, sizeof(key), by_function);
		f->pcs.all += p[i].counts;
		f->pcs.hit += p[i].counts && p[i].hit;
		if (!fn)
			continue;
		fn->hit |= p[i].hit;
		fn->pcs.all += p[i].counts;
		fn->pcs.hit += p[i].counts && p[i].hit;
	}
	for (size_t i = 0; i < f->nr_functions; i++) {
		f->function.all++;
		f->function.hit += f->functions[i].hit;
	}
}

static void add_up(struct count *to, struct count c)
{
	to->hit += c.hit;
	to->all += c.all;
}

static void make_file(struct model *m, const struct place *p, size_t n, const char *vmlinux)
{
	struct file *f = &m->files[m->nr_files];
	uint32_t last_line = UINT32_MAX;

	memset(f, 0, sizeof(*f));
	f->path = p->file;
	if (p->line) {
		m->lines = true;
		f->source = m->root ? find_source(m, f->path, vmlinux) : NULL;
		/* An empty file is none; with no tree at all, lines are shown unseen. */
		if (f->source)
			last_line = count_lines(f->source);
		if (m->root && (!f->source || !last_line)) {
			m->no_source++;
			free(f->source);
			return;
		}
	}
	find_functions(f, p, n, last_line);
	if (p->line) {
		find_lines(f, p, n, last_line);
		count_up(f);
	} else {
		count_functions(f, p, n);
	}
	/* Only lines that a file does not have. */
	if (!f->nr_lines && !f->nr_functions) {
		free(f->source);
		free(f->lines);
		free(f->functions);
		return;
	}
	add_up(&m->pcs, f->pcs);
	add_up(&m->line, f->line);
	add_up(&m->function, f->function);
	m->nr_files++;
}

static void make_files(struct model *m, struct builder *b, const char *vmlinux)
{
	size_t from = 0, files = 0;

	qsort(b->places, b->n, sizeof(*b->places), by_place);
	for (size_t i = 0; i < b->n; i++)
		files += !i || strcmp(b->places[i].file, b->places[i - 1].file);
	m->files = xcalloc(files, sizeof(*m->files));
	for (size_t i = 1; i <= b->n; i++) {
		if (i < b->n && !strcmp(b->places[i].file, b->places[from].file))
			continue;
		progress("reading sources", i, b->n);
		make_file(m, b->places + from, i - from, vmlinux);
		from = i;
	}
	progress_end();
}

/* Where there are lines, code without one (an assembler's) is nowhere in the source. */
static void drop_nowhere(struct builder *b)
{
	bool lines = false;
	size_t n = 0;

	for (size_t i = 0; i < b->n && !lines; i++)
		lines = b->places[i].line != 0;
	if (!lines)
		return;
	for (size_t i = 0; i < b->n; i++) {
		if (b->places[i].line)
			b->places[n++] = b->places[i];
		else
			b->m->nowhere += b->places[i].counts;
	}
	b->n = n;
}

int model_build(struct model *m, struct ukcov_image *img, struct ukcov_set *set,
		const struct kernel_options *o, const char *vmlinux)
{
	struct builder b = { .set = set, .img = img, .m = m };
	char *compiled;
	int err;

	memset(m, 0, sizeof(*m));
	err = add_places(&b);
	if (err == -EBADMSG) {
		free(b.places);
		return fail(STATUS_FAILED, "%s: no callback in it: this kernel was built without CONFIG_KCOV",
			    vmlinux);
	}
	if (err) {
		free(b.places);
		return fail(STATUS_FAILED, "%s: %s", vmlinux, strerror(-err));
	}
	drop_nowhere(&b);
	compiled = compiled_root(&b);
	m->root = find_root(o, compiled, vmlinux);
	if (o->source && !m->root) {
		say("--source %s: no source tree of a kernel there (kernel/fork.c is missing)",
		    o->source);
		err = STATUS_FAILED;
	}
	cut_root(&b, compiled);
	free(compiled);
	if (!err)
		make_files(m, &b, vmlinux);
	free(b.places);
	return err;
}

void model_free(struct model *m)
{
	for (size_t i = 0; i < m->nr_files; i++) {
		free(m->files[i].source);
		free(m->files[i].lines);
		free(m->files[i].functions);
	}
	free(m->files);
	free(m->root);
}
