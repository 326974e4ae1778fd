// SPDX-License-Identifier: MIT
/* Function, file and line of PCs: looks into what lines.c made, and the symbol table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "lines.h"

#define FRAMES	64

static uint32_t addr_of(const struct list *l, size_t size, size_t i)
{
	return *(uint32_t *)((char *)l->items + i * size);
}

#define NEAR	32

/*
 * The last item of @size bytes, which begin with their address, that is not above @addr.
 * Mostly it is near the one that was found before: PCs come in order.
 */
static const void *last_at(struct list *l, size_t size, uint32_t addr)
{
	size_t low = 0, high = l->n;

	if (l->hint < l->n && addr_of(l, size, l->hint) <= addr) {
		low = l->hint + 1;
		if (l->n - low > NEAR && addr_of(l, size, low + NEAR) > addr)
			high = low + NEAR;
	}
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (addr_of(l, size, mid) <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	l->hint = low ? low - 1 : 0;
	return low ? (char *)l->items + (low - 1) * size : NULL;
}

static const char *file_name(const struct lines_index *ix, uint32_t file)
{
	return file == NONE ? NULL : ITEM(ix->files, const char *, file);
}

static void put_function(struct ukcov_frame *f, const struct lines_index *ix,
			 const struct scope *s)
{
	const struct func *func = &ITEM(ix->funcs, struct func, s->func);

	f->function = func->name[0] ? func->name : NULL;
	f->function_file = file_name(ix, func->file);
	f->function_line = func->line;
}

/* The compiler gave no line for @row. Is the one that it got from a row before @low? */
static bool is_foreign(const struct lines_index *ix, const struct row *row, uint32_t low)
{
	while (row > (struct row *)ix->rows.items && row->line & ROW_GUESSED && row->addr > low)
		row--;
	return row->line & ROW_GUESSED;
}

/* No line of this function, or none at all, is there to be taken: its first one is nearest. */
static void put_first_line(struct ukcov_frame *f, const struct lines_index *ix,
			   const struct part *p)
{
	const struct func *func = &ITEM(ix->funcs, struct func, p->func);

	f->file = file_name(ix, func->file);
	f->line = func->line;
	f->flags |= UKCOV_LINE_GUESSED;
}

/* The line of the innermost frame. */
static void put_line(struct ukcov_frame *f, struct lines_index *ix, uint32_t addr)
{
	const struct row *row = last_at(&ix->rows, sizeof(*row), addr);
	const struct part *p;

	if (row && row->file != NONE) {
		f->file = file_name(ix, row->file);
		f->line = row->line & ~ROW_GUESSED;
		if (!(row->line & ROW_GUESSED))
			return;
		f->flags |= UKCOV_LINE_GUESSED;
	}
	p = last_at(&ix->parts, sizeof(*p), addr);
	if (p && addr < p->high && (!f->file || is_foreign(ix, row, p->low)))
		put_first_line(f, ix, p);
}

/* From the innermost scope outwards; the first frame has its line. Returns their number. */
static size_t put_scopes(struct ukcov_frame *frames, size_t max, const struct lines_index *ix,
			 uint32_t scope)
{
	size_t n = 0;

	while (scope != NONE) {
		const struct scope *s = &ITEM(ix->scopes, struct scope, scope);

		if (n < max) {
			put_function(&frames[n], ix, s);
			if (s->parent != NONE)
				frames[n].flags |= UKCOV_INLINED;
		}
		n++;
		scope = s->parent;
		if (scope != NONE && n < max) {
			memset(&frames[n], 0, sizeof(frames[n]));
			frames[n].file = file_name(ix, s->call_file);
			frames[n].line = s->call_line;
		}
	}
	return n;
}

static uint64_t part_offset(struct lines_index *ix, uint32_t addr)
{
	const struct part *p = last_at(&ix->parts, sizeof(*p), addr);

	return p ? addr - p->low : 0;
}

/* Without a function in the debug information. */
static int put_symbol(struct ukcov_frame *f, struct object *obj, uint64_t addr)
{
	const struct symbol *s;
	int err = ukcov__read_symbols(obj);

	if (err)
		return err;
	s = ukcov__find_symbol(obj, addr);
	if (s) {
		f->function = s->name;
		f->offset = addr - s->addr;
		f->flags |= UKCOV_SYMTAB;
	}
	return s || f->file ? 1 : -ENOENT;
}

static int find_in(struct object *obj, uint64_t addr, struct ukcov_frame *frames, size_t max)
{
	struct lines_index *ix = obj->lines;
	const struct segment *seg;
	size_t n = 0;

	memset(frames, 0, sizeof(*frames));
	if (ix && addr - ix->base < NONE) {
		uint32_t offset = addr - ix->base;

		put_line(&frames[0], ix, offset);
		seg = last_at(&ix->segments, sizeof(*seg), offset);
		if (seg && seg->scope != NONE)
			n = put_scopes(frames, max, ix, seg->scope);
		if (n && n <= max)
			frames[n - 1].offset = part_offset(ix, offset);
	}
	if (!n) {
		int ret = put_symbol(&frames[0], obj, addr);

		if (ret < 0)
			return ret;
		n = ret;
	}
	for (size_t i = 0; i < n && i < max; i++)
		frames[i].module = obj->name;
	return n;
}

int ukcov_image_find(struct ukcov_image *img, uint64_t pc, struct ukcov_frame *frames, size_t max)
{
	struct ukcov_frame one;
	const struct code_range *r;
	int err;

	/* The call is before the address to which it returns. */
	r = ukcov__image_code(img, pc - 1);
	if (!r)
		return -ENOENT;
	err = ukcov__read_lines(r->obj);
	if (err)
		return err;
	if (!max)
		return find_in(r->obj, pc - 1 - r->section->shift, &one, 1);
	return find_in(r->obj, pc - 1 - r->section->shift, frames, max);
}

int ukcov_image_find_all(struct ukcov_image *img, const uint64_t *pcs, size_t n,
			 int (*visit)(void *arg, uint64_t pc, const struct ukcov_frame *frames,
				      size_t count), void *arg)
{
	struct ukcov_frame *frames = malloc(FRAMES * sizeof(*frames));
	int err = frames ? 0 : -ENOMEM, count;

	for (size_t i = 0; !err && i < n; i++) {
		count = ukcov_image_find(img, pcs[i], frames, FRAMES);
		if (count < 0 && count != -ENOENT)
			err = count;
		else
			err = visit(arg, pcs[i], frames, count < 0 ? 0 :
				    count > FRAMES ? FRAMES : count);
	}
	free(frames);
	return err;
}

int ukcov_image_debug(struct ukcov_image *img)
{
	int err = ukcov__read_lines(&img->objects[0]);

	return err ? err : img->objects[0].debug;
}

const char *ukcov_image_root(struct ukcov_image *img)
{
	if (ukcov__read_lines(&img->objects[0]) || !img->root)
		return "";
	return img->root;
}

/* Functions. */

struct visit_functions {
	int (*visit)(void *arg, const struct ukcov_function *function);
	void *arg;
};

static int visit_part(const struct visit_functions *v, const struct object *obj, size_t i)
{
	const struct lines_index *ix = obj->lines;
	const struct part *p = &ITEM(ix->parts, struct part, i);
	const struct func *func = &ITEM(ix->funcs, struct func, p->func);
	const struct section *sec = ukcov__find_section(obj, ix->base + p->low);
	struct ukcov_function f = {
		.name = func->name,
		.file = file_name(ix, func->file),
		.module = obj->name,
		.line = func->line,
	};

	/* Code that was not at any address, or is none. */
	if (!sec || !sec->known || !func->name[0])
		return 0;
	f.low = ix->base + p->low + sec->shift;
	f.high = ix->base + p->high + sec->shift;
	return v->visit(v->arg, &f);
}

static int visit_inlined(const struct visit_functions *v, const struct object *obj)
{
	const struct lines_index *ix = obj->lines;
	int err = 0;

	for (size_t i = 0; !err && i < ix->funcs.n; i++) {
		const struct func *func = &ITEM(ix->funcs, struct func, i);
		struct ukcov_function f = {
			.name = func->name,
			.file = file_name(ix, func->file),
			.module = obj->name,
			.line = func->line,
			.flags = UKCOV_INLINED,
		};

		if (!func->has_code && func->name[0])
			err = v->visit(v->arg, &f);
	}
	return err;
}

/* Is there a function in the debug information that has this address? */
static bool has_part(struct lines_index *ix, uint64_t addr)
{
	const struct part *p;

	if (!ix || addr - ix->base >= NONE)
		return false;
	p = last_at(&ix->parts, sizeof(*p), addr - ix->base);
	return p && addr - ix->base < p->high;
}

static uint64_t symbol_end(const struct object *obj, size_t i, const struct section *sec)
{
	const struct symbol *s = &obj->symbols[i];

	if (s->size)
		return s->addr + s->size;
	for (i++; i < obj->n_symbols; i++)
		if (obj->symbols[i].addr != s->addr)
			break;
	if (i < obj->n_symbols && obj->symbols[i].addr < sec->addr + sec->size)
		return obj->symbols[i].addr;
	return sec->addr + sec->size;
}

static int visit_symbol(const struct visit_functions *v, const struct object *obj, size_t i)
{
	const struct symbol *s = &obj->symbols[i];
	const struct section *sec = ukcov__find_section(obj, s->addr);
	struct ukcov_function f = {
		.name = s->name,
		.module = obj->name,
		.flags = UKCOV_SYMTAB,
	};

	/* The first name of an address is the best one; marks in assembly are no functions. */
	if ((i && s[-1].addr == s->addr) || s->rank >= 3 || !sec || !sec->known ||
	    has_part(obj->lines, s->addr))
		return 0;
	f.low = s->addr + sec->shift;
	f.high = symbol_end(obj, i, sec) + sec->shift;
	return v->visit(v->arg, &f);
}

static int visit_object(const struct visit_functions *v, struct object *obj)
{
	int err = ukcov__read_lines(obj);

	if (!err)
		err = ukcov__read_symbols(obj);
	for (size_t i = 0; !err && obj->lines && i < obj->lines->parts.n; i++)
		err = visit_part(v, obj, i);
	for (size_t i = 0; !err && i < obj->n_symbols; i++)
		err = visit_symbol(v, obj, i);
	if (!err && obj->lines)
		err = visit_inlined(v, obj);
	return err;
}

int ukcov_image_visit_functions(struct ukcov_image *img,
				int (*visit)(void *arg, const struct ukcov_function *function),
				void *arg)
{
	const struct visit_functions v = { visit, arg };
	int err = 0;

	for (size_t i = 0; !err && i < img->n_objects; i++)
		err = visit_object(&v, &img->objects[i]);
	return err;
}

/* Rows. */

static int visit_rows(const struct code_range *r, uint64_t low, uint64_t high,
		      int (*visit)(void *arg, const struct ukcov_line *line), void *arg)
{
	struct lines_index *ix = r->obj->lines;
	uint64_t to_report = ix->base + r->section->shift;
	const struct row *row = last_at(&ix->rows, sizeof(*row), low - to_report);
	const struct row *end = ix->rows.n ? (struct row *)ix->rows.items + ix->rows.n : NULL;
	int err = 0;

	if (!ix->rows.n)
		return 0;
	for (row = row ? row : ix->rows.items; !err && row < end; row++) {
		uint64_t addr = row->addr + to_report;
		struct ukcov_line line = {
			.addr = addr < low ? low : addr,
			.file = file_name(ix, row->file),
			.line = row->line & ~ROW_GUESSED,
		};

		if (addr >= high)
			break;
		if (row->file != NONE)
			err = visit(arg, &line);
	}
	return err;
}

int ukcov_image_visit_lines(struct ukcov_image *img, uint64_t low, uint64_t high,
			    int (*visit)(void *arg, const struct ukcov_line *line), void *arg)
{
	const struct code_range *r = ukcov__image_code(img, low);
	int err;

	if (!r)
		return -ENOENT;
	err = ukcov__read_lines(r->obj);
	if (err)
		return err;
	if (!r->obj->lines)
		return -ENODATA;
	return visit_rows(r, low, high < r->end ? high : r->end, visit, arg);
}
