// SPDX-License-Identifier: MIT
/* Makes struct lines_index of debug information: one walk over all of it. */
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dies.h"
#include "image.h"
#include "lines.h"
#include "program.h"
#include "ranges.h"
#include "table.h"

/* Inlined functions in inlined functions: what is deeper is left out. */
#define MAX_DEPTH	256

/* The address range of a scope, before they are put in order. */
struct range {
	uint32_t low;
	uint32_t high;
	uint32_t scope;
	uint32_t depth;
};

/* The files of a unit, by their number. */
struct unit_files {
	uint32_t *ids;		/* NULL: not read yet */
	size_t n;
};

/* All that the walk needs. */
struct walk {
	struct object *obj;
	struct lines_index *ix;
	uint64_t limit;		/* length of the object's code */
	struct table origins;	/* address of a DIE: func */
	struct table raw_files;	/* address of a name in strings: file */
	struct table files;	/* the same of the final name */
	struct table funcs;	/* hash of name, file and line: func */
	struct list ranges;	/* of one function */
	struct strings raw;
	bool no_memory;		/* a file was left out */
	char *path;		/* one of a file, while it is made */
	size_t path_room;
	struct units units;
	struct ranges reader;
	struct unit_files *foreign;	/* of each unit that another one refers to */
	/* Of the unit. */
	const struct unit *unit;
	struct dies dies;
	struct program program;
	uint32_t *unit_ids;	/* of each of its files, NONE: not asked for yet */
	size_t unit_ids_room;
};

static void *list_add(struct list *l, size_t size)
{
	if (ukcov__grow(&l->items, &l->room, l->n, size))
		return NULL;
	return (char *)l->items + size * l->n++;
}

/* Files. */

/* In place: no "." and "..", no double slashes. */
static void normalise(char *path)
{
	char *out = path, *in = path, *start = path + (path[0] == '/');

	if (start != path) {
		out++;
		in++;
	}
	while (*in) {
		size_t len = strcspn(in, "/");
		bool up = len == 2 && in[0] == '.' && in[1] == '.';
		bool at_up = out - start >= 3 && !strncmp(out - 3, "../", 3);

		if (up && out > start && !at_up) {
			for (out--; out > start && out[-1] != '/'; out--)
				;
		} else if (len && !(len == 1 && in[0] == '.') && !(up && start != path)) {
			memmove(out, in, len);
			out += len;
			if (in[len])
				*out++ = '/';
		}
		in += len + !!in[len];
	}
	if (out > start && out[-1] == '/')
		out--;
	*out = 0;
}

/* Behind @root and a slash; @path itself if it is elsewhere. */
static const char *below(const char *path, const char *root)
{
	size_t len = root ? strlen(root) : 0;

	if (!len || strncmp(path, root, len) || path[len] != '/')
		return path;
	return path + len + 1;
}

static uint32_t new_file(struct walk *w, const char *raw)
{
	struct ukcov_image *img = w->obj->img;
	const char *name, **file;
	char *path = strdup(raw);
	uint32_t *id;

	if (!path)
		return NONE;
	normalise(path);
	name = below(path, img->root);
	if (name == path)
		name = below(path, img->build_root);
	name = strings_get(&img->strings, name);
	free(path);
	id = name ? table_get(&w->files, (uintptr_t)name) : NULL;
	if (!id)
		return NONE;
	if (*id == NONE) {
		file = list_add(&w->ix->files, sizeof(*file));
		if (!file)
			return NONE;
		*file = name;
		*id = w->ix->files.n - 1;
	}
	return *id;
}

/* In @dir, which is in that of the unit, if they are relative. NULL: no memory. */
static const char *full_path(struct walk *w, const char *top, const char *dir, const char *name)
{
	size_t len;
	char *p;

	if (dir && dir[0] == '/')
		top = NULL;
	if (name[0] == '/' || (!top && !dir))
		return name;
	len = (top ? strlen(top) + 1 : 0) + (dir ? strlen(dir) + 1 : 0) + strlen(name) + 1;
	if (len > w->path_room) {
		p = realloc(w->path, len);
		if (!p)
			return NULL;
		w->path = p;
		w->path_room = len;
	}
	p = w->path;
	if (top)
		p = stpcpy(stpcpy(p, top), "/");
	if (dir)
		p = stpcpy(stpcpy(p, dir), "/");
	strcpy(p, name);
	return w->path;
}

/* A file of a program, of a unit in @top. NONE: it has no name, or @w has no memory. */
static uint32_t program_file_id(struct walk *w, const struct program *p, const char *top, size_t i)
{
	const struct program_file *f = &p->files[i];
	const char *dir = f->dir < p->n_dirs ? p->dirs[f->dir] : NULL, *raw, *name;
	uint32_t *id;

	if (!f->name)
		return NONE;
	raw = full_path(w, top, dir, f->name);
	name = raw ? strings_get(&w->raw, raw) : NULL;
	id = name ? table_get(&w->raw_files, (uintptr_t)name) : NULL;
	if (id && *id == NONE)
		*id = new_file(w, raw);
	if (id && *id != NONE)
		return *id;
	w->no_memory = true;
	return NONE;
}

static uint32_t unit_file(struct walk *w, size_t i)
{
	const struct program *p = &w->program;

	if (i >= p->n_files)
		return NONE;
	if (w->unit_ids[i] == NONE)
		w->unit_ids[i] = program_file_id(w, p, attr_string(w->unit, &w->unit->dir), i);
	return w->unit_ids[i];
}

/* The line number program of a unit; an empty one if that cannot be read. 0 or -ENOMEM. */
static int unit_program(struct program *p, const struct unit *u)
{
	uint64_t offset;

	if (!attr_number(u, &u->program, &offset))
		offset = UINT64_MAX;
	return program_begin(p, offset) == -ENOMEM ? -ENOMEM : 0;
}

static int begin_program(struct walk *w)
{
	struct program *p = &w->program;
	uint32_t *ids;

	if (unit_program(p, w->unit))
		return -ENOMEM;
	if (p->n_files > w->unit_ids_room) {
		ids = reallocarray(w->unit_ids, p->n_files, sizeof(*ids));
		if (!ids)
			return -ENOMEM;
		w->unit_ids = ids;
		w->unit_ids_room = p->n_files;
	}
	if (p->n_files)
		memset(w->unit_ids, 0xff, p->n_files * sizeof(*w->unit_ids));
	return 0;
}

static void read_foreign(struct walk *w, const struct unit *u, struct unit_files *files)
{
	const char *top = attr_string(u, &u->dir);
	struct program p;

	program_open(&p, &w->units.debug);
	p.left = w->program.left;
	files->ids = unit_program(&p, u) ? NULL : calloc(p.n_files + 1, sizeof(*files->ids));
	for (; files->ids && files->n < p.n_files; files->n++)
		files->ids[files->n] = program_file_id(w, &p, top, files->n);
	w->no_memory |= !files->ids;
	w->program.left = p.left;
	program_free(&p);
}

/* The file with this number in another unit than the one that is read. */
static uint32_t foreign_file(struct walk *w, const struct unit *u, size_t i)
{
	struct unit_files *files = &w->foreign[u - w->units.list];

	if (!files->ids)
		read_foreign(w, u, files);
	return i < files->n ? files->ids[i] : NONE;
}

/* Rows. */

/* Is @addr the object's, or an end of it? Discarded code is at 0. */
static bool in_object(const struct walk *w, uint64_t addr)
{
	return addr - w->ix->base <= w->limit;
}

static int add_row(struct walk *w, uint64_t addr, uint32_t file, uint32_t line)
{
	struct row *r, *last = w->ix->rows.n ?
		&ITEM(w->ix->rows, struct row, w->ix->rows.n - 1) : NULL;
	uint32_t offset = addr - w->ix->base;

	if (!in_object(w, addr))
		return 0;
	/* Of rows for one address, the last counts. What begins beats what ends there. */
	if (last && last->addr == offset && (file != NONE || last->file == NONE)) {
		last->file = file;
		last->line = line;
		return 0;
	}
	if (last && last->file == file && last->line == line && last->addr <= offset)
		return 0;
	r = list_add(&w->ix->rows, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct row){ offset, file, line };
	return 0;
}

/*
 * Compilers give line 0 to what belongs to no line: it is shown in the one before. Marked,
 * so that nobody takes it for what it is not.
 */
static int add_line(struct walk *w, const struct program_row *row, uint32_t *file,
		    uint32_t *number)
{
	uint32_t line = (uint32_t)row->line & ~ROW_GUESSED;

	if (row->end) {
		*file = NONE;
		*number = 0;
	} else if (line) {
		*file = unit_file(w, row->file);
		*number = line;
	} else {
		*number |= ROW_GUESSED;
	}
	/* Nothing before it in this sequence. */
	if (*file == NONE || !(*number & ~ROW_GUESSED))
		return add_row(w, row->addr, NONE, 0);
	return add_row(w, row->addr, *file, *number);
}

static int add_rows(struct walk *w)
{
	uint32_t file = NONE, number = 0;
	int err = 0;

	while (!err && program_next(&w->program))
		err = add_line(w, &w->program.row, &file, &number);
	return err;
}

/* Functions. */

static uint64_t func_hash(const char *name, uint32_t file, uint32_t line)
{
	uint64_t h = (uintptr_t)name * 0x9e3779b97f4a7c15;

	h = (h ^ file ^ h >> 31) * 0x9e3779b97f4a7c15;
	h = (h ^ line ^ h >> 31) * 0x9e3779b97f4a7c15;
	return h | 1;
}

static bool is_func(const struct func *f, const char *name, uint32_t file, uint32_t line)
{
	return f->name == name && f->file == file && f->line == line;
}

/* The same function in many units is one. NONE: no memory. */
static uint32_t get_func(struct walk *w, const char *name, uint32_t file, uint32_t line)
{
	uint64_t hash = func_hash(name, file, line);
	struct func *f;
	uint32_t *id;

	/* Another function with this hash moves on to the next. */
	for (;; hash += 2) {
		id = table_get(&w->funcs, hash);
		if (!id)
			return NONE;
		if (*id == NONE)
			break;
		if (is_func(&ITEM(w->ix->funcs, struct func, *id), name, file, line))
			return *id;
	}
	f = list_add(&w->ix->funcs, sizeof(*f));
	if (!f)
		return NONE;
	*f = (struct func){ name, file, line, false };
	*id = w->ix->funcs.n - 1;
	return *id;
}

/* What we want to know of a DIE. */
struct facts {
	struct attr low;
	struct attr high;
	struct attr ranges;
	struct attr origin;
	struct attr file;
	struct attr line;
};

static void get_facts(const struct die *die, struct facts *f)
{
	struct attrs a;

	memset(f, 0, sizeof(*f));
	for (attrs_begin(&a, die); attrs_next(&a);) {
		switch (a.name) {
		case DW_AT_low_pc:
			f->low = a.attr;
			break;
		case DW_AT_high_pc:
			f->high = a.attr;
			break;
		case DW_AT_ranges:
			f->ranges = a.attr;
			break;
		case DW_AT_abstract_origin:
		case DW_AT_specification:
			f->origin = a.attr;
			break;
		case DW_AT_call_file:
			f->file = a.attr;
			break;
		case DW_AT_call_line:
			f->line = a.attr;
			break;
		}
	}
}

/* 0: it has none. */
static uint64_t number(const struct unit *u, const struct attr *a)
{
	uint64_t value;

	return attr_number(u, a, &value) ? value : 0;
}

/* What a DIE, or what it is an instance of, is called, and where it is declared. */
struct decl {
	const char *name;
	const struct unit *file_unit;	/* whose file it is */
	struct attr file;
	uint32_t line;
	struct attr origin;
};

static void get_decl_of(const struct die *die, struct decl *d)
{
	struct attrs a;

	d->origin.form = 0;
	for (attrs_begin(&a, die); attrs_next(&a);) {
		switch (a.name) {
		case DW_AT_name:
			d->name = d->name ? : attr_string(die->unit, &a.attr);
			break;
		case DW_AT_decl_file:
			if (d->file_unit)
				break;
			d->file_unit = die->unit;
			d->file = a.attr;
			break;
		case DW_AT_decl_line:
			d->line = d->line ? : number(die->unit, &a.attr);
			break;
		case DW_AT_abstract_origin:
		case DW_AT_specification:
			d->origin = a.attr;
			break;
		}
	}
}

static void get_decl(const struct walk *w, struct die die, struct decl *d)
{
	*d = (struct decl){ 0 };
	for (unsigned int depth = 0; depth < 16; depth++) {
		get_decl_of(&die, d);
		if ((d->name && d->file_unit && d->line) ||
		    !attr_die(&w->units, die.unit, &d->origin, &die))
			break;
	}
}

static uint32_t decl_file(struct walk *w, const struct decl *d)
{
	uint64_t i;

	if (!d->file_unit || !attr_number(d->file_unit, &d->file, &i))
		return NONE;
	return d->file_unit == w->unit ? unit_file(w, i) : foreign_file(w, d->file_unit, i);
}

static uint32_t new_func(struct walk *w, const struct die *die)
{
	const char *name;
	struct decl d;

	get_decl(w, *die, &d);
	name = strings_get(&w->obj->img->strings, d.name ? : "");
	if (!name)
		return NONE;
	return get_func(w, name, decl_file(w, &d), d.line);
}

/* The function of a DIE with code. NONE: no memory. */
static uint32_t func_of_die(struct walk *w, const struct die *die, const struct facts *f)
{
	struct die origin;
	uint32_t *id, func;

	if (!attr_die(&w->units, die->unit, &f->origin, &origin))
		origin = *die;
	id = table_get(&w->origins, (uintptr_t)origin.p);
	if (!id)
		return NONE;
	if (*id != NONE)
		return *id;
	func = new_func(w, &origin);
	*id = func;
	return func;
}

/* Scopes. */

static uint32_t add_scope(struct walk *w, const struct die *die, const struct facts *f,
			  uint32_t parent)
{
	struct scope *s;
	uint32_t func = func_of_die(w, die, f), file = NONE;

	if (func == NONE)
		return NONE;
	if (parent != NONE)
		file = unit_file(w, number(die->unit, &f->file));
	s = list_add(&w->ix->scopes, sizeof(*s));
	if (!s)
		return NONE;
	*s = (struct scope){ func, parent, file, 0 };
	if (parent != NONE)
		s->call_line = number(die->unit, &f->line);
	return w->ix->scopes.n - 1;
}

static int add_range(struct walk *w, uint64_t low, uint64_t high, uint32_t scope, uint32_t depth)
{
	struct range *r;

	if (low >= high || !in_object(w, low) || !in_object(w, high))
		return 0;
	r = list_add(&w->ranges, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct range){ low - w->ix->base, high - w->ix->base, scope, depth };
	return 0;
}

static int add_one_range(struct walk *w, const struct facts *f, uint32_t scope, uint32_t depth)
{
	uint64_t low, high, size;

	if (!attr_addr(w->unit, &f->low, &low))
		return 0;
	if (attr_addr(w->unit, &f->high, &high))
		return add_range(w, low, high, scope, depth);
	if (!attr_number(w->unit, &f->high, &size))
		return 0;
	return add_range(w, low, low + size, scope, depth);
}

/* All ranges of a DIE. Returns how many of them are the object's, or -errno. */
static int add_ranges(struct walk *w, const struct facts *f, uint32_t scope, uint32_t depth)
{
	struct ranges *r = &w->reader;
	size_t before = w->ranges.n;
	int err = 0;

	if (!f->ranges.form) {
		err = add_one_range(w, f, scope, depth);
	} else {
		ranges_begin(r, w->unit, &f->ranges);
		while (!err && ranges_next(r))
			err = add_range(w, r->low, r->high, scope, depth);
	}
	return err ? err : (int)(w->ranges.n - before);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return (x->depth > y->depth) - (x->depth < y->depth);
}

static bool is_sorted(const struct range *r, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (compare_ranges(&r[i - 1], &r[i]) > 0)
			return false;
	return true;
}

/* From @addr on, the code is in @scope; what was said of this address before is void. */
static int add_segment(struct walk *w, uint32_t addr, uint32_t scope)
{
	struct list *l = &w->ix->segments;
	struct segment *last = l->n ? &ITEM(*l, struct segment, l->n - 1) : NULL;

	if (!last || last->addr != addr) {
		last = list_add(l, sizeof(*last));
		if (!last)
			return -ENOMEM;
	}
	*last = (struct segment){ addr, scope };
	return 0;
}

/* Ranges that lie in one another become segments, each of the innermost scope. */
static int flatten(struct walk *w)
{
	struct range *r = w->ranges.items, *stack[MAX_DEPTH + 2];
	size_t n = w->ranges.n, depth = 0;
	int err = 0;

	if (!is_sorted(r, n))
		qsort(r, n, sizeof(*r), compare_ranges);
	for (size_t i = 0; !err && i < n; i++) {
		for (; !err && depth && stack[depth - 1]->high <= r[i].low; depth--)
			err = add_segment(w, stack[depth - 1]->high,
					  depth > 1 ? stack[depth - 2]->scope : NONE);
		/* No copy is larger than what it was put into. */
		if (depth && r[i].high > stack[depth - 1]->high)
			r[i].high = stack[depth - 1]->high;
		if (depth <= MAX_DEPTH && r[i].low < r[i].high) {
			stack[depth++] = &r[i];
			err = err ? : add_segment(w, r[i].low, r[i].scope);
		}
	}
	for (; !err && depth; depth--)
		err = add_segment(w, stack[depth - 1]->high,
				  depth > 1 ? stack[depth - 2]->scope : NONE);
	return err;
}

static int walk_children(struct walk *w, const uint8_t **p, uint32_t scope, uint32_t depth);

/* *@p is behind the code of the DIE @at, and moves behind all of it. */
static int walk_inlined(struct walk *w, const struct shape *s, const uint8_t *at,
			const uint8_t **p, uint32_t parent, uint32_t depth)
{
	uint32_t scope = w->ix->scopes.n;
	const struct die die = { w->unit, at };
	struct facts f;
	int n;

	get_facts(&die, &f);
	n = add_ranges(w, &f, scope, depth);
	/* Without code there is nothing to find in it. */
	if (n <= 0 || depth >= MAX_DEPTH) {
		*p = dies_skip(&w->dies, s, *p);
		return n < 0 ? n : 0;
	}
	if (add_scope(w, &die, &f, parent) == NONE)
		return -ENOMEM;
	*p = dies_skip_attrs(&w->dies, s, *p);
	return s->children ? walk_children(w, p, scope, depth) : 0;
}

/* From the first child at *@p to behind the last one. */
static int walk_children(struct walk *w, const uint8_t **p, uint32_t scope, uint32_t depth)
{
	int err = 0;

	while (!err && *p < w->unit->dies.end) {
		const uint8_t *at = *p;
		const struct shape *s = dies_shape(&w->dies, p);

		if (!s)
			break;
		if (s->tag == DW_TAG_inlined_subroutine) {
			err = walk_inlined(w, s, at, p, scope, depth + 1);
		} else if (s->tag == DW_TAG_lexical_block && s->children && depth < MAX_DEPTH) {
			*p = dies_skip_attrs(&w->dies, s, *p);
			err = walk_children(w, p, scope, depth + 1);
		} else {
			*p = dies_skip(&w->dies, s, *p);
		}
	}
	return err;
}

static int add_parts(struct walk *w, uint32_t func)
{
	for (size_t i = 0; i < w->ranges.n; i++) {
		const struct range *r = &ITEM(w->ranges, struct range, i);
		struct part *p;

		if (r->depth)
			continue;
		p = list_add(&w->ix->parts, sizeof(*p));
		if (!p)
			return -ENOMEM;
		*p = (struct part){ r->low, r->high, func };
	}
	return 0;
}

static int walk_function(struct walk *w, const struct shape *s, const uint8_t *at,
			 const uint8_t **p)
{
	uint32_t scope = w->ix->scopes.n, func;
	const struct die die = { w->unit, at };
	struct facts f;
	int n, err;

	w->ranges.n = 0;
	get_facts(&die, &f);
	n = add_ranges(w, &f, scope, 0);
	if (n <= 0) {
		*p = dies_skip(&w->dies, s, *p);
		return n;
	}
	if (add_scope(w, &die, &f, NONE) == NONE)
		return -ENOMEM;
	func = ITEM(w->ix->scopes, struct scope, scope).func;
	ITEM(w->ix->funcs, struct func, func).has_code = true;
	*p = dies_skip_attrs(&w->dies, s, *p);
	err = s->children ? walk_children(w, p, scope, 0) : 0;
	if (!err)
		err = add_parts(w, func);
	return err ? err : flatten(w);
}

static bool has_functions(unsigned int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_enumeration_type;
}

/* Functions of C are on top; those of Rust are in namespaces and types. */
static int walk_functions(struct walk *w, const uint8_t **p, unsigned int depth)
{
	int err = 0;

	while (!err && *p < w->unit->dies.end) {
		const uint8_t *at = *p;
		const struct shape *s = dies_shape(&w->dies, p);

		if (!s)
			break;
		if (s->tag == DW_TAG_subprogram) {
			err = walk_function(w, s, at, p);
		} else if (has_functions(s->tag) && s->children && depth < 16) {
			*p = dies_skip_attrs(&w->dies, s, *p);
			err = walk_functions(w, p, depth + 1);
		} else {
			*p = dies_skip(&w->dies, s, *p);
		}
	}
	return err;
}

static int walk_unit(struct walk *w)
{
	const uint8_t *p = w->unit->dies.p;
	const struct shape *s = dies_shape(&w->dies, &p);

	if (!s || !s->children)
		return 0;
	p = dies_skip_attrs(&w->dies, s, p);
	return walk_functions(w, &p, 0);
}

/* Where the tree was. */

/* Cuts the end "/@file" off; false: it has another one. */
static bool cut_end(char *path, const char *file)
{
	size_t len = strlen(path), tail = strlen(file);

	if (len <= tail || strcmp(path + len - tail, file) || path[len - tail - 1] != '/')
		return false;
	path[len - tail - 1] = 0;
	return true;
}

/* The unit of init/main.c, which every kernel has, tells where its source and objects are. */
static int find_root(struct ukcov_image *img, const struct unit *u)
{
	const char *name = attr_string(u, &u->name), *dir = attr_string(u, &u->dir);
	char *path;

	if (!name || !dir)
		return 0;
	if (asprintf(&path, "%s%s%s", name[0] == '/' ? "" : dir, name[0] == '/' ? "" : "/",
		     name) < 0)
		return -ENOMEM;
	normalise(path);
	if (!cut_end(path, "init/main.c")) {
		free(path);
		return 0;
	}
	img->root = path;
	img->build_root = strdup(dir);
	if (!img->build_root)
		return -ENOMEM;
	normalise(img->build_root);
	return 0;
}

/* The order. */

/* By address; what ends there before what begins there. */
static uint64_t row_key(const void *p)
{
	const struct row *r = p;

	return (uint64_t)r->addr << 1 | (r->file != NONE);
}

static uint64_t segment_key(const void *p)
{
	const struct segment *s = p;

	return (uint64_t)s->addr << 1 | (s->scope != NONE);
}

static uint64_t part_key(const void *p)
{
	const struct part *r = p;

	return (uint64_t)r->low << 1;
}

#define RADIX_BITS	11
#define RADIX		(1u << RADIX_BITS)

/* One digit of the key: a stable sort. */
static void radix_pass(const char *from, char *to, size_t n, size_t size, unsigned int shift,
		       uint64_t (*key)(const void *))
{
	size_t start[RADIX + 1] = { 0 };

	for (size_t i = 0; i < n; i++)
		start[(key(from + i * size) >> shift & (RADIX - 1)) + 1]++;
	for (size_t i = 1; i < RADIX; i++)
		start[i] += start[i - 1];
	for (size_t i = 0; i < n; i++) {
		size_t place = start[key(from + i * size) >> shift & (RADIX - 1)]++;

		memcpy(to + place * size, from + i * size, size);
	}
}

/* A million rows: ten times as fast as qsort(). Keys have 33 bits. */
static int sort_list(struct list *l, size_t size, uint64_t (*key)(const void *))
{
	char *other, *items = l->items;

	if (l->n < 2)
		return 0;
	other = malloc(l->n * size);
	if (!other)
		return -ENOMEM;
	for (unsigned int shift = 0; shift < 3 * RADIX_BITS; shift += RADIX_BITS) {
		char *swap = items;

		radix_pass(items, other, l->n, size, shift, key);
		items = other;
		other = swap;
	}
	free(other);
	l->items = items;
	l->room = l->n;
	return 0;
}

static int finish(struct lines_index *ix)
{
	int err = sort_list(&ix->rows, sizeof(struct row), row_key);

	if (!err)
		err = sort_list(&ix->segments, sizeof(struct segment), segment_key);
	if (!err)
		err = sort_list(&ix->parts, sizeof(struct part), part_key);
	return err;
}

void ukcov__free_lines(struct lines_index *ix)
{
	if (!ix)
		return;
	free(ix->rows.items);
	free(ix->segments.items);
	free(ix->scopes.items);
	free(ix->funcs.items);
	free(ix->parts.items);
	free(ix->files.items);
	free(ix);
}

static int read_unit(struct walk *w, const struct unit *u)
{
	int err;

	w->unit = w->dies.unit = u;
	err = begin_program(w);
	if (!err)
		err = add_rows(w);
	return err ? err : walk_unit(w);
}

static int read_units(struct walk *w)
{
	const struct units *units = &w->units;
	struct ukcov_image *img = w->obj->img;
	int err = 0;

	program_open(&w->program, &units->debug);
	ranges_open(&w->reader, &units->debug);
	w->foreign = calloc(units->n + 1, sizeof(*w->foreign));
	if (!w->foreign)
		return -ENOMEM;
	for (size_t i = 0; !err && i < units->n && !img->root; i++)
		if (units->list[i].tag == DW_TAG_compile_unit)
			err = find_root(img, &units->list[i]);
	/* Of -gsplit-dwarf, lines are here: functions are in other files, which are not read. */
	for (size_t i = 0; !err && i < units->n; i++)
		if (units->list[i].tag == DW_TAG_compile_unit ||
		    units->list[i].tag == DW_TAG_skeleton_unit)
			err = read_unit(w, &units->list[i]);
	return !err && w->no_memory ? -ENOMEM : err;
}

static void free_walk(struct walk *w)
{
	for (size_t i = 0; w->foreign && i < w->units.n; i++)
		free(w->foreign[i].ids);
	free(w->foreign);
	free(w->origins.slots);
	free(w->raw_files.slots);
	free(w->files.slots);
	free(w->funcs.slots);
	free(w->ranges.items);
	free(w->unit_ids);
	free(w->path);
	program_free(&w->program);
	strings_free(&w->raw);
	units_close(&w->units);
}

static int read_all(struct object *obj, struct lines_index *ix)
{
	const struct section *last = &obj->sections[obj->n_sections - 1];
	Dwarf_Addr bias;
	/* libdwfl decompresses, and applies the relocations of a module. */
	Dwarf *dw = dwfl_module_getdwarf(obj->mod, &bias);
	struct walk *w;
	int err;

	if (!dw)
		return -EBADMSG;
	ix->base = obj->sections[0].addr;
	/* Offsets have 32 bits. */
	if (last->addr + last->size - ix->base >= NONE)
		return -EFBIG;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->obj = obj;
	w->ix = ix;
	w->limit = last->addr + last->size - ix->base;
	err = units_open(&w->units, dwarf_getelf(dw));
	if (!err) {
		err = read_units(w);
		free_walk(w);
	}
	free(w);
	return err;
}

int ukcov__read_lines(struct object *obj)
{
	struct lines_index *ix;
	int err;

	if (obj->lines || obj->debug <= 0 || obj->img->flags & UKCOV_NO_DEBUG)
		return 0;
	ix = calloc(1, sizeof(*ix));
	if (!ix)
		return -ENOMEM;
	err = read_all(obj, ix);
	if (!err)
		err = finish(ix);
	if (err) {
		ukcov__free_lines(ix);
		/* What cannot be read is said, and the symbol table takes over. */
		obj->debug = err;
		return err == -ENOMEM ? err : 0;
	}
	obj->lines = ix;
	return 0;
}
