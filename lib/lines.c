// SPDX-License-Identifier: MIT
/* Makes struct lines_index of debug information: one walk with libdw. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dies.h"
#include "image.h"
#include "lines.h"
#include "program.h"

/*
 * libdw keeps what it has read of a unit until its handle is closed: a new one after so
 * many units saves most of the memory, and costs next to nothing.
 */
#define UNITS_PER_HANDLE	64

/* Inlined functions in inlined functions: what is deeper is left out. */
#define MAX_DEPTH	256

/* The address range of a scope, before they are put in order. */
struct range {
	uint32_t low;
	uint32_t high;
	uint32_t scope;
	uint32_t depth;
};

/* An open-addressed table from 64 bits to 32. */
struct table {
	struct pair {
		uint64_t key;
		uint32_t value;
	} *slots;
	size_t mask;
	size_t used;
};

/* All that the walk needs. */
struct walk {
	struct object *obj;
	struct lines_index *ix;
	uint64_t limit;		/* length of the object's code */
	struct table origins;	/* offset of a DIE: func */
	struct table raw_files;	/* address of a name in strings: file */
	struct table files;	/* the same of the final name */
	struct table funcs;	/* hash of name, file and line: func */
	struct list ranges;	/* of one function */
	struct strings raw;
	char *path;		/* one of a file, while it is made */
	size_t path_room;
	/* Of the unit. */
	struct dies dies;
	const char *dir;
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

/* Tables. */

static struct pair *table_slot(const struct table *t, uint64_t key)
{
	size_t i = (key ^ key >> 32) * 0x9e3779b97f4a7c15 >> 20;

	for (i &= t->mask; t->slots[i].key && t->slots[i].key != key; i = (i + 1) & t->mask)
		;
	return &t->slots[i];
}

static int table_grow(struct table *t)
{
	struct table old = *t;
	size_t slots = old.slots ? 2 * (old.mask + 1) : 1024;

	t->slots = calloc(slots, sizeof(*t->slots));
	if (!t->slots) {
		*t = old;
		return -ENOMEM;
	}
	t->mask = slots - 1;
	for (size_t i = 0; old.slots && i <= old.mask; i++)
		if (old.slots[i].key)
			*table_slot(t, old.slots[i].key) = old.slots[i];
	free(old.slots);
	return 0;
}

/* Where the value of @key is; new ones are NONE. The key is not 0. NULL: no memory. */
static uint32_t *table_get(struct table *t, uint64_t key)
{
	struct pair *p;

	if ((!t->slots || 2 * t->used > t->mask) && table_grow(t))
		return NULL;
	p = table_slot(t, key);
	if (!p->key) {
		p->key = key;
		p->value = NONE;
		t->used++;
	}
	return &p->value;
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

/* In @dir, which is in the unit's directory, if they are relative. NULL: no memory. */
static const char *full_path(struct walk *w, const char *dir, const char *name)
{
	const char *top = !dir || dir[0] != '/' ? w->dir : NULL;
	size_t len;
	char *p;

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

/* The file of a path as the compiler wrote it. NONE: no memory. */
static uint32_t file_of_path(struct walk *w, const char *dir, const char *raw)
{
	const char *name;
	uint32_t *id;

	raw = raw ? full_path(w, dir, raw) : NULL;
	name = raw ? strings_get(&w->raw, raw) : NULL;
	id = name ? table_get(&w->raw_files, (uintptr_t)name) : NULL;
	if (!id)
		return NONE;
	if (*id == NONE)
		*id = new_file(w, raw);
	return *id;
}

static uint32_t unit_file(struct walk *w, size_t i)
{
	const struct program *p = &w->program;
	const struct program_file *f;

	if (i >= p->n_files)
		return NONE;
	f = &p->files[i];
	if (w->unit_ids[i] == NONE)
		w->unit_ids[i] = file_of_path(w, f->dir < p->n_dirs ? p->dirs[f->dir] : NULL,
					      f->name);
	return w->unit_ids[i];
}

static const char *unit_dir(const struct debug *debug, Dwarf_Die *unit)
{
	Dwarf_Attribute attr;

	return debug_string(debug, dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr)));
}

static int begin_program(struct walk *w, Dwarf_Die *unit)
{
	struct program *p = &w->program;
	Dwarf_Attribute attr;
	Dwarf_Word offset;
	uint32_t *ids;

	w->dir = unit_dir(p->debug, unit);
	if (dwarf_formudata(dwarf_attr(unit, DW_AT_stmt_list, &attr), &offset))
		offset = UINT64_MAX;
	if (program_begin(p, offset) == -ENOMEM)
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

/* What we want to know of a DIE: got at once, as a search for each is a search from the start. */
struct attrs {
	Dwarf_Attribute low;
	Dwarf_Attribute high;
	Dwarf_Attribute origin;
	Dwarf_Attribute file;
	Dwarf_Attribute line;
	bool has_low, has_high, has_origin, has_file, has_line, has_ranges;
};

static int get_attr(Dwarf_Attribute *attr, void *arg)
{
	struct attrs *a = arg;

	switch (dwarf_whatattr(attr)) {
	case DW_AT_low_pc:
		a->low = *attr;
		a->has_low = true;
		break;
	case DW_AT_high_pc:
		a->high = *attr;
		a->has_high = true;
		break;
	case DW_AT_ranges:
		a->has_ranges = true;
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		a->origin = *attr;
		a->has_origin = true;
		break;
	case DW_AT_call_file:
		a->file = *attr;
		a->has_file = true;
		break;
	case DW_AT_call_line:
		a->line = *attr;
		a->has_line = true;
		break;
	}
	return DWARF_CB_OK;
}

static void get_attrs(Dwarf_Die *die, struct attrs *a)
{
	a->has_low = a->has_high = a->has_origin = false;
	a->has_file = a->has_line = a->has_ranges = false;
	dwarf_getattrs(die, get_attr, a, 0);
}

static uint32_t number(bool has, Dwarf_Attribute *attr)
{
	Dwarf_Word value;

	return has && !dwarf_formudata(attr, &value) ? value : 0;
}

/* What a DIE, or what it is an instance of, is called, and where it is declared. */
struct decl {
	const struct debug *debug;
	const char *name;
	Dwarf_Attribute file;
	Dwarf_Attribute line;
	Dwarf_Attribute origin;
	bool has_file, has_line, has_origin;
};

static int get_decl_attr(Dwarf_Attribute *attr, void *arg)
{
	struct decl *d = arg;

	switch (dwarf_whatattr(attr)) {
	case DW_AT_name:
		d->name = d->name ? : debug_string(d->debug, dwarf_formstring(attr));
		break;
	case DW_AT_decl_file:
		if (!d->has_file)
			d->file = *attr;
		d->has_file = true;
		break;
	case DW_AT_decl_line:
		if (!d->has_line)
			d->line = *attr;
		d->has_line = true;
		break;
	case DW_AT_abstract_origin:
	case DW_AT_specification:
		d->origin = *attr;
		d->has_origin = true;
		break;
	}
	return DWARF_CB_OK;
}

static void get_decl(const struct debug *debug, Dwarf_Die die, struct decl *d)
{
	*d = (struct decl){ .debug = debug };
	for (unsigned int depth = 0; depth < 16; depth++) {
		d->has_origin = false;
		dwarf_getattrs(&die, get_decl_attr, d, 0);
		if ((d->name && d->has_file && d->has_line) || !d->has_origin ||
		    !dwarf_formref_die(&d->origin, &die))
			break;
	}
}

/* The file with this number in another unit than the one that is read. */
static uint32_t foreign_file(struct walk *w, struct Dwarf_CU *cu, size_t i)
{
	Dwarf_Files *files;
	Dwarf_Half version;
	Dwarf_Die unit;
	size_t n;

	if (!dwarf_cu_die(cu, &unit, &version, NULL, NULL, NULL, NULL, NULL) ||
	    (version < 5 && !i) || dwarf_getsrcfiles(&unit, &files, &n) || i >= n)
		return NONE;
	return file_of_path(w, NULL, dwarf_filesrc(files, i, NULL, NULL));
}

static uint32_t decl_file(struct walk *w, struct decl *d)
{
	Dwarf_Word i;

	if (!d->has_file || dwarf_formudata(&d->file, &i))
		return NONE;
	return d->file.cu == w->dies.cu ? unit_file(w, i) : foreign_file(w, d->file.cu, i);
}

static uint32_t new_func(struct walk *w, Dwarf_Die *die)
{
	const char *name;
	struct decl d;

	get_decl(w->program.debug, *die, &d);
	name = strings_get(&w->obj->img->strings, d.name ? : "");
	if (!name)
		return NONE;
	return get_func(w, name, decl_file(w, &d), number(d.has_line, &d.line));
}

/* The function of a DIE with code. NONE: no memory. */
static uint32_t func_of_die(struct walk *w, const Dwarf_Die *die, struct attrs *a)
{
	Dwarf_Die origin;
	uint32_t *id, func;

	if (!a->has_origin || !dwarf_formref_die(&a->origin, &origin))
		origin = *die;
	id = table_get(&w->origins, dwarf_dieoffset(&origin));
	if (!id)
		return NONE;
	if (*id != NONE)
		return *id;
	func = new_func(w, &origin);
	*id = func;
	return func;
}

/* Scopes. */

static uint32_t add_scope(struct walk *w, Dwarf_Die *die, struct attrs *a, uint32_t parent)
{
	struct scope *s;
	uint32_t func = func_of_die(w, die, a), file = NONE;

	if (func == NONE)
		return NONE;
	if (parent != NONE)
		file = unit_file(w, number(a->has_file, &a->file));
	s = list_add(&w->ix->scopes, sizeof(*s));
	if (!s)
		return NONE;
	*s = (struct scope){ func, parent, file, 0 };
	if (parent != NONE)
		s->call_line = number(a->has_line, &a->line);
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

static int add_one_range(struct walk *w, struct attrs *a, uint32_t scope, uint32_t depth)
{
	Dwarf_Addr low, high;
	Dwarf_Word size;

	if (!a->has_high || dwarf_formaddr(&a->low, &low))
		return 0;
	if (!dwarf_formaddr(&a->high, &high))
		return add_range(w, low, high, scope, depth);
	if (dwarf_formudata(&a->high, &size))
		return 0;
	return add_range(w, low, low + size, scope, depth);
}

/* All ranges of a DIE. Returns how many of them are the object's, or -errno. */
static int add_ranges(struct walk *w, Dwarf_Die *die, struct attrs *a, uint32_t scope,
		      uint32_t depth)
{
	Dwarf_Addr base, low, high;
	size_t before = w->ranges.n;
	ptrdiff_t offset = 0;
	int err = 0;

	if (a->has_ranges)
		while (!err && (offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0)
			err = add_range(w, low, high, scope, depth);
	else if (a->has_low)
		err = add_one_range(w, a, scope, depth);
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
	Dwarf_Die die = dies_at(&w->dies, at);
	struct attrs a;
	int n;

	get_attrs(&die, &a);
	n = add_ranges(w, &die, &a, scope, depth);
	/* Without code there is nothing to find in it. */
	if (n <= 0 || depth >= MAX_DEPTH) {
		*p = dies_skip(&w->dies, s, *p);
		return n < 0 ? n : 0;
	}
	if (add_scope(w, &die, &a, parent) == NONE)
		return -ENOMEM;
	*p = dies_skip_attrs(&w->dies, s, *p);
	return s->children ? walk_children(w, p, scope, depth) : 0;
}

/* From the first child at *@p to behind the last one. */
static int walk_children(struct walk *w, const uint8_t **p, uint32_t scope, uint32_t depth)
{
	int err = 0;

	while (!err && *p < w->dies.end) {
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
	Dwarf_Die die = dies_at(&w->dies, at);
	struct attrs a;
	int n, err;

	w->ranges.n = 0;
	get_attrs(&die, &a);
	n = add_ranges(w, &die, &a, scope, 0);
	if (n <= 0) {
		*p = dies_skip(&w->dies, s, *p);
		return n;
	}
	if (add_scope(w, &die, &a, NONE) == NONE)
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

	while (!err && *p < w->dies.end) {
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

static int walk_unit(struct walk *w, const Dwarf_Die *unit)
{
	const uint8_t *p = unit->addr;
	const struct shape *s = dies_shape(&w->dies, &p);

	if (!s || !s->children)
		return 0;
	p = dies_skip_attrs(&w->dies, s, p);
	return walk_functions(w, &p, 0);
}

/* Where the tree was. */

/* @path without the end "/@file"; NULL: it has another one, or no memory. */
static char *root_of(const char *path, const char *file)
{
	size_t len = strlen(path), tail = strlen(file);

	if (len <= tail || strcmp(path + len - tail, file) || path[len - tail - 1] != '/')
		return NULL;
	return strndup(path, len - tail - 1);
}

/* The unit of init/main.c, which every kernel has, tells where its source and objects are. */
static int find_root(struct ukcov_image *img, const struct debug *debug, Dwarf_Die *unit)
{
	const char *name = debug_string(debug, dwarf_diename(unit)), *dir = unit_dir(debug, unit);
	char *path;

	if (img->root || !name || !dir)
		return 0;
	if (asprintf(&path, "%s%s%s", name[0] == '/' ? "" : dir, name[0] == '/' ? "" : "/",
		     name) < 0)
		return -ENOMEM;
	normalise(path);
	img->root = root_of(path, "init/main.c");
	free(path);
	if (!img->root)
		return 0;
	img->build_root = strdup(dir);
	if (!img->build_root)
		return -ENOMEM;
	normalise(img->build_root);
	return 0;
}

/* Units. */

struct units {
	struct object *obj;
	Dwarf *dw;
	bool own;		/* to be closed */
	struct debug debug;
	Dwarf_Off next;
	unsigned int left;	/* until the next handle */
	size_t header;		/* of this unit */
	size_t len;
	uint8_t addr_size;
	uint8_t offset_size;
};

/* libdwfl has applied the relocations of a module when it hands out its handle. */
static int open_units(struct units *u)
{
	Dwarf_Addr bias;

	if (u->own)
		dwarf_end(u->dw);
	u->left = UNITS_PER_HANDLE;
	u->own = !u->obj->name;
	u->dw = u->own ? dwarf_begin_elf(u->obj->elf, DWARF_C_READ, NULL) :
			 dwfl_module_getdwarf(u->obj->mod, &bias);
	return u->dw ? 0 : -EBADMSG;
}

static void close_units(struct units *u)
{
	if (u->own)
		dwarf_end(u->dw);
}

/* 1: a unit; 0: no more; or -errno. */
static int next_unit(struct units *u, Dwarf_Die *die)
{
	Dwarf_Die last;
	Dwarf_Off off;
	int ret;

	do {
		if (u->own && !u->left--) {
			ret = open_units(u);
			if (ret)
				return ret;
		}
		off = u->next;
		ret = dwarf_next_unit(u->dw, off, &u->next, &u->header, NULL, NULL,
				      &u->addr_size, &u->offset_size, NULL, NULL);
		if (ret)
			return ret < 0 ? -EBADMSG : 0;
		/* A length that is damaged may lead back, or there might be no end. */
		if (u->next <= off)
			return -EBADMSG;
		u->len = u->next - off;
	} while (!dwarf_offdie(u->dw, off + u->header, die) ||
		 dwarf_tag(die) != DW_TAG_compile_unit);
	/* Or beyond the section, which libdw knows the end of, and does not say. */
	return dwarf_offdie(u->dw, u->next - 1, &last) ? 1 : -EBADMSG;
}

static int for_each_unit(struct object *obj,
			 int (*visit)(void *arg, const struct units *u, Dwarf_Die *unit), void *arg)
{
	struct units u = { .obj = obj };
	Dwarf_Die unit;
	int err = open_units(&u), more;

	if (err)
		return err;
	debug_open(&u.debug, dwarf_getelf(u.dw));
	while ((more = next_unit(&u, &unit)) > 0) {
		err = visit(arg, &u, &unit);
		if (err)
			break;
	}
	close_units(&u);
	return err ? err : more;
}

static int visit_root(void *arg, const struct units *u, Dwarf_Die *unit)
{
	struct ukcov_image *img = arg;
	int err = find_root(img, &u->debug, unit);

	return err ? err : !!img->root;
}

static int visit_unit(void *arg, const struct units *u, Dwarf_Die *unit)
{
	struct walk *w = arg;
	int err;

	if (!w->program.debug)
		program_open(&w->program, &u->debug);
	dies_begin(&w->dies, unit, u->header, u->len, u->addr_size, u->offset_size);
	err = begin_program(w, unit);
	if (!err)
		err = add_rows(w);
	return err ? err : walk_unit(w, unit);
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

static void free_walk(struct walk *w)
{
	free(w->origins.slots);
	free(w->raw_files.slots);
	free(w->files.slots);
	free(w->funcs.slots);
	free(w->ranges.items);
	free(w->unit_ids);
	free(w->path);
	program_free(&w->program);
	strings_free(&w->raw);
	free(w);
}

static int read_all(struct object *obj, struct lines_index *ix)
{
	const struct section *last = &obj->sections[obj->n_sections - 1];
	struct walk *w;
	int err = 0;

	ix->base = obj->sections[0].addr;
	/* Offsets have 32 bits. */
	if (last->addr + last->size - ix->base >= NONE)
		return -EFBIG;
	if (!obj->img->root)
		err = for_each_unit(obj, visit_root, obj->img);
	if (err < 0)
		return err;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->obj = obj;
	w->ix = ix;
	w->limit = last->addr + last->size - ix->base;
	err = for_each_unit(obj, visit_unit, w);
	free_walk(w);
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
