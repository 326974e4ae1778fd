/* SPDX-License-Identifier: MIT */
/*
 * Units of .debug_info, and DIEs, their entries. Nine of ten are parameters, variables and
 * types, which say nothing of lines: it is worked out once for each kind of DIE of a unit
 * how to step over it. libdw reads the attributes of each to find the next one, and, in
 * version 0.188, memory of others if they are damaged.
 *
 * Here nothing outside of the unit and of the sections that it refers to is read.
 */
#ifndef UKCOV_DIES_H
#define UKCOV_DIES_H

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "bytes.h"
#include "table.h"

/* No compiler comes near; a damaged kind with a million attributes would take for ever. */
#define MAX_ATTRS	128

#define SHAPES		1024	/* kinds of DIEs with a code below this are known by it */
#define SHAPE_STEPS	24

/* An entry of .debug_abbrev. */
struct kind {
	const uint8_t *specs;	/* of its attributes, to their end; NULL: there is none */
	uint16_t tag;
	bool children;
};

/* Those of a unit, by their code. */
struct kinds {
	struct kind *list;
	size_t n;
	size_t room;
};

struct attr {
	uint64_t form;		/* 0: there is none */
	const uint8_t *p;	/* its value, which ends in the unit */
	int64_t constant;	/* or it is this */
};

struct unit {
	const struct debug *debug;
	struct bytes dies;
	const uint8_t *start;	/* its header, from which references are counted */
	struct kinds kinds;
	unsigned int version;
	unsigned int offset_size;
	/* Of its own DIE. */
	unsigned int tag;
	struct attr name;
	struct attr dir;
	struct attr program;
	uint64_t low;
	uint64_t addr_base;
	uint64_t rnglists_base;
	uint64_t str_offsets_base;
};

struct units {
	struct debug debug;
	struct unit *list;	/* by their places in .debug_info */
	size_t n;
	size_t room;
	struct kinds *kinds;	/* units may have the same */
	size_t n_kinds;
	size_t kinds_room;
	struct table kinds_at;	/* offset in .debug_abbrev, and 1: index in kinds */
	size_t left;		/* so many bytes of .debug_abbrev may be read */
};

struct die {
	const struct unit *unit;
	const uint8_t *p;
};

/* Steps: so many bytes, or one of these. */
enum {
	STEP_END	= 0,
	STEP_LEB	= -1,
	STEP_STRING	= -2,
	STEP_BLOCK	= -3,	/* its length comes first */
	STEP_BLOCK1	= -4,
	STEP_BLOCK2	= -5,
	STEP_BLOCK4	= -6,
	STEP_INDIRECT	= -7,	/* the form comes first */
	STEP_UNKNOWN	= -8,
};

static inline int step_of(const struct unit *u, uint64_t form)
{
	switch (form) {
	case DW_FORM_flag_present: case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1: case DW_FORM_ref1: case DW_FORM_flag: case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2: case DW_FORM_ref2: case DW_FORM_strx2: case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3: case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4: case DW_FORM_ref4: case DW_FORM_strx4: case DW_FORM_addrx4:
	case DW_FORM_ref_sup4:
		return 4;
	case DW_FORM_addr: case DW_FORM_data8: case DW_FORM_ref8: case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_ref_addr:
		return u->version == 2 ? 8 : u->offset_size;
	case DW_FORM_strp: case DW_FORM_line_strp: case DW_FORM_sec_offset: case DW_FORM_strp_sup:
	case DW_FORM_GNU_ref_alt: case DW_FORM_GNU_strp_alt:
		return u->offset_size;
	case DW_FORM_udata: case DW_FORM_sdata: case DW_FORM_ref_udata: case DW_FORM_strx:
	case DW_FORM_addrx: case DW_FORM_loclistx: case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index: case DW_FORM_GNU_str_index:
		return STEP_LEB;
	case DW_FORM_string:
		return STEP_STRING;
	case DW_FORM_block: case DW_FORM_exprloc:
		return STEP_BLOCK;
	case DW_FORM_block1:
		return STEP_BLOCK1;
	case DW_FORM_block2:
		return STEP_BLOCK2;
	case DW_FORM_block4:
		return STEP_BLOCK4;
	case DW_FORM_indirect:
		return STEP_INDIRECT;
	}
	return STEP_UNKNOWN;
}

/* Behind one attribute; false if it goes beyond the unit. */
static inline bool step_over(const struct unit *u, struct bytes *b, int step)
{
	if (step >= 0)
		return bytes_skip(b, step);
	switch (step) {
	case STEP_LEB:
		bytes_leb(b);
		return true;
	case STEP_STRING:
		return bytes_string(b);
	case STEP_BLOCK:
		return bytes_skip(b, bytes_leb(b));
	case STEP_BLOCK1:
		return bytes_skip(b, bytes_number(b, 1));
	case STEP_BLOCK2:
		return bytes_skip(b, bytes_number(b, 2));
	case STEP_BLOCK4:
		return bytes_skip(b, bytes_number(b, 4));
	case STEP_INDIRECT:
		step = step_of(u, bytes_leb(b));
		return step != STEP_INDIRECT && step_over(u, b, step);
	}
	return false;
}

/* Attributes. */

struct attrs {
	const struct unit *unit;
	struct bytes specs;
	struct bytes values;
	uint64_t name;		/* of the attribute that was read last */
	struct attr attr;
};

static inline const struct kind *kind_of(const struct unit *u, uint64_t code)
{
	return code < u->kinds.n && u->kinds.list[code].specs ? &u->kinds.list[code] : NULL;
}

/* Returns the kind of @die; NULL: it has none. */
static inline const struct kind *attrs_begin(struct attrs *a, const struct die *die)
{
	const struct kind *kind;

	*a = (struct attrs){ .unit = die->unit, .values = { die->p, die->unit->dies.end } };
	kind = kind_of(die->unit, bytes_leb(&a->values));
	if (kind)
		a->specs = (struct bytes){ kind->specs, die->unit->debug->abbrev.end };
	return kind;
}

/* The next attribute; false: no more, or the rest is damaged. */
static inline bool attrs_next(struct attrs *a)
{
	int step;

	a->name = bytes_leb(&a->specs);
	a->attr.form = bytes_leb(&a->specs);
	if (!a->name && !a->attr.form)
		return false;
	if (a->attr.form == DW_FORM_implicit_const)
		a->attr.constant = bytes_signed_leb(&a->specs);
	else if (a->attr.form == DW_FORM_indirect)
		a->attr.form = bytes_leb(&a->values);
	a->attr.p = a->values.p;
	step = step_of(a->unit, a->attr.form);
	return step != STEP_INDIRECT && step_over(a->unit, &a->values, step);
}

/* A number, or an offset in a section; false: it is none. */
static inline bool attr_number(const struct unit *u, const struct attr *a, uint64_t *v)
{
	struct bytes b = { a->p, u->dies.end };

	switch (a->form) {
	case DW_FORM_data1: case DW_FORM_data2: case DW_FORM_data4: case DW_FORM_data8:
	case DW_FORM_sec_offset:
		*v = bytes_number(&b, step_of(u, a->form));
		return true;
	case DW_FORM_udata:
		*v = bytes_leb(&b);
		return true;
	case DW_FORM_sdata:
		*v = bytes_signed_leb(&b);
		return true;
	case DW_FORM_implicit_const:
		*v = a->constant;
		return true;
	}
	return false;
}

/* One of the addresses in .debug_addr. */
static inline bool unit_addr(const struct unit *u, uint64_t i, uint64_t *addr)
{
	return bytes_item(&u->debug->addr, u->addr_base, i, 8, addr);
}

static inline bool attr_addr(const struct unit *u, const struct attr *a, uint64_t *addr)
{
	struct bytes b = { a->p, u->dies.end };

	switch (a->form) {
	case DW_FORM_addr:
		*addr = bytes_number(&b, 8);
		return true;
	case DW_FORM_addrx:
		return unit_addr(u, bytes_leb(&b), addr);
	case DW_FORM_addrx1: case DW_FORM_addrx2: case DW_FORM_addrx3: case DW_FORM_addrx4:
		return unit_addr(u, bytes_number(&b, step_of(u, a->form)), addr);
	}
	return false;
}

/* NULL: it is none, or has no end. */
static inline const char *attr_string(const struct unit *u, const struct attr *a)
{
	struct bytes b = { a->p, u->dies.end };
	uint64_t i;

	switch (a->form) {
	case DW_FORM_string:
		return bytes_string(&b);
	case DW_FORM_strp:
		return bytes_string_at(&u->debug->str, bytes_number(&b, u->offset_size));
	case DW_FORM_line_strp:
		return bytes_string_at(&u->debug->line_str, bytes_number(&b, u->offset_size));
	case DW_FORM_strx:
		i = bytes_leb(&b);
		break;
	case DW_FORM_strx1: case DW_FORM_strx2: case DW_FORM_strx3: case DW_FORM_strx4:
		i = bytes_number(&b, step_of(u, a->form));
		break;
	default:
		return NULL;
	}
	if (!bytes_item(&u->debug->str_offsets, u->str_offsets_base, i, u->offset_size, &i))
		return NULL;
	return bytes_string_at(&u->debug->str, i);
}

/* The unit that @p is in; NULL: none. */
static inline const struct unit *units_find(const struct units *units, const uint8_t *p)
{
	size_t low = 0, high = units->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (units->list[mid].start <= p)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &units->list[low - 1] : NULL;
}

/* Another DIE; false: there is none. */
static inline bool attr_die(const struct units *units, const struct unit *u,
			    const struct attr *a, struct die *die)
{
	struct bytes b = { a->p, u->dies.end };
	struct bytes in = { u->start, u->dies.end };
	uint64_t offset;

	switch (a->form) {
	case DW_FORM_ref1: case DW_FORM_ref2: case DW_FORM_ref4: case DW_FORM_ref8:
		offset = bytes_number(&b, step_of(u, a->form));
		break;
	case DW_FORM_ref_udata:
		offset = bytes_leb(&b);
		break;
	case DW_FORM_ref_addr:
		in = u->debug->info;
		offset = bytes_number(&b, step_of(u, a->form));
		break;
	default:
		return false;
	}
	if (!bytes_skip(&in, offset))
		return false;
	die->p = in.p;
	die->unit = a->form == DW_FORM_ref_addr ? units_find(units, in.p) : u;
	return die->unit && die->p >= die->unit->dies.p && die->p < die->unit->dies.end;
}

/* Units. */

/* An entry at @b, which moves behind it; false: there are no more, or the rest is damaged. */
static inline bool kinds_add(struct kinds *kinds, struct bytes *b, const uint8_t *start, int *err)
{
	uint64_t code = bytes_leb(b), name, form;
	struct kind kind = { 0 };
	unsigned int n = 0;

	kind.tag = bytes_leb(b);
	kind.children = bytes_number(b, 1);
	kind.specs = b->p;
	/* They are counted from 1, and each takes more bytes than one. */
	if (!code || code > (size_t)(b->p - start))
		return false;
	do {
		if (b->p == b->end || n++ > MAX_ATTRS)
			return false;
		name = bytes_leb(b);
		form = bytes_leb(b);
		if (form == DW_FORM_implicit_const)
			bytes_leb(b);
	} while (name || form);
	while (kinds->n <= code) {
		*err = ukcov__grow((void **)&kinds->list, &kinds->room, kinds->n, sizeof(kind));
		if (*err)
			return false;
		kinds->list[kinds->n++] = (struct kind){ 0 };
	}
	kinds->list[code] = kind;
	return true;
}

/* Those at @offset of .debug_abbrev. 0 or -ENOMEM. */
static inline int units_kinds(struct units *units, uint64_t offset, struct kinds *kinds)
{
	struct bytes b = units->debug.abbrev;
	const uint8_t *start;
	uint32_t *id;
	int err = 0;

	if (!bytes_skip(&b, offset))
		return 0;
	id = table_get(&units->kinds_at, offset + 1);
	if (!id || (*id == NONE && ukcov__grow((void **)&units->kinds, &units->kinds_room,
					       units->n_kinds, sizeof(*kinds))))
		return -ENOMEM;
	if (*id == NONE) {
		*id = units->n_kinds;
		/* None is read twice, but damaged ones may lie in one another. */
		if ((size_t)(b.end - b.p) > units->left)
			b.end = b.p + units->left;
		start = b.p;
		while (kinds_add(kinds, &b, start, &err))
			;
		units->left -= b.p - start;
		units->kinds[units->n_kinds++] = *kinds;
	}
	*kinds = units->kinds[*id];
	return err;
}

static inline void unit_read_attr(struct unit *u, uint64_t name, const struct attr *a)
{
	switch (name) {
	case DW_AT_name:
		u->name = *a;
		break;
	case DW_AT_comp_dir:
		u->dir = *a;
		break;
	case DW_AT_stmt_list:
		u->program = *a;
		break;
	case DW_AT_addr_base:
		attr_number(u, a, &u->addr_base);
		break;
	case DW_AT_rnglists_base:
		attr_number(u, a, &u->rnglists_base);
		break;
	case DW_AT_str_offsets_base:
		attr_number(u, a, &u->str_offsets_base);
		break;
	}
}

/* Its own DIE, if it has one. 0; -EBADMSG: there is no such kind. */
static inline int unit_read(struct unit *u)
{
	const struct die die = { u, u->dies.p };
	const struct kind *kind;
	struct attr low = { 0 };
	struct attrs a;

	kind = attrs_begin(&a, &die);
	if (!kind)
		return u->dies.p == u->dies.end || !*u->dies.p ? 0 : -EBADMSG;
	u->tag = kind->tag;
	while (attrs_next(&a)) {
		unit_read_attr(u, a.name, &a.attr);
		if (a.name == DW_AT_low_pc)
			low = a.attr;
	}
	/* When it is known where addresses are. */
	attr_addr(u, &low, &u->low);
	return 0;
}

/* A header at @b, which moves behind the unit. 0 or -errno. */
static inline int units_add(struct units *units, struct bytes *b)
{
	struct unit u = { .debug = &units->debug, .start = b->p, .offset_size = 4 };
	uint64_t len = bytes_number(b, 4), abbrev;
	unsigned int type = DW_UT_compile, addr_size;
	int err;

	if (len == 0xffffffff) {
		len = bytes_number(b, 8);
		u.offset_size = 8;
	}
	u.dies.p = b->p;
	if (!bytes_skip(b, len))
		return -EBADMSG;
	u.dies.end = b->p;
	u.version = bytes_number(&u.dies, 2);
	if (u.version == 5) {
		type = bytes_number(&u.dies, 1);
		addr_size = bytes_number(&u.dies, 1);
		abbrev = bytes_number(&u.dies, u.offset_size);
	} else {
		abbrev = bytes_number(&u.dies, u.offset_size);
		addr_size = bytes_number(&u.dies, 1);
	}
	if (u.version < 2 || u.version > 5 || addr_size != 8)
		return -EBADMSG;
	if (type != DW_UT_compile && type != DW_UT_partial)
		bytes_skip(&u.dies, 8);
	if (type == DW_UT_type || type == DW_UT_split_type)
		bytes_skip(&u.dies, u.offset_size);
	err = units_kinds(units, abbrev, &u.kinds);
	if (!err)
		err = unit_read(&u);
	if (err)
		return err;
	if (ukcov__grow((void **)&units->list, &units->room, units->n, sizeof(u)))
		return -ENOMEM;
	units->list[units->n++] = u;
	return 0;
}

static inline void units_close(struct units *units)
{
	for (size_t i = 0; i < units->n_kinds; i++)
		free(units->kinds[i].list);
	free(units->kinds);
	free(units->kinds_at.slots);
	free(units->list);
}

/* All of the file. 0 or -errno; then there is nothing to close. */
static inline int units_open(struct units *units, Elf *elf)
{
	struct bytes b;
	int err = 0;

	*units = (struct units){ 0 };
	debug_open(&units->debug, elf);
	units->left = 8 * (size_t)(units->debug.abbrev.end - units->debug.abbrev.p);
	b = units->debug.info;
	while (!err && b.p < b.end)
		err = units_add(units, &b);
	if (err)
		units_close(units);
	return err;
}

/* Stepping over DIEs. */

struct shape {
	const struct unit *unit;	/* that it is of */
	uint16_t tag;
	bool children;
	bool usable;
	int16_t sibling;	/* where, behind the code, its 4 bytes are; -1: it has none */
	int16_t steps[SHAPE_STEPS];
};

struct dies {
	const struct unit *unit;
	struct shape shapes[SHAPES];
};

static inline void dies_learn(const struct unit *u, struct shape *s, const struct kind *kind)
{
	struct bytes specs = { kind->specs, u->debug->abbrev.end };
	bool only_fixed = true;
	int fixed = 0, n = 0, step;
	uint64_t name, form;

	s->tag = kind->tag;
	s->children = kind->children;
	while (true) {
		name = bytes_leb(&specs);
		form = bytes_leb(&specs);
		if (!name && !form)
			break;
		if (form == DW_FORM_implicit_const)
			bytes_leb(&specs);
		if (name == DW_AT_sibling && form == DW_FORM_ref4 && only_fixed)
			s->sibling = fixed;
		step = step_of(u, form);
		if (step >= 0) {
			fixed += step;
			continue;
		}
		/* Room for what is fixed, this one, what is fixed behind it, and the end. */
		if (n + 4 > SHAPE_STEPS)
			return;
		if (fixed)
			s->steps[n++] = fixed;
		s->steps[n++] = step;
		fixed = 0;
		only_fixed = false;
	}
	if (fixed)
		s->steps[n++] = fixed;
	s->steps[n] = STEP_END;
	s->usable = true;
}

/*
 * The shape of the DIE at *@p, which moves behind its code. NULL: no more children, or
 * damaged: then *@p is the end.
 */
static inline const struct shape *dies_shape(struct dies *d, const uint8_t **p)
{
	struct bytes b = { *p, d->unit->dies.end };
	uint64_t code = bytes_leb(&b);
	/* One place for all others: they are learned each time. */
	struct shape *s = &d->shapes[code < SHAPES ? code : 0];

	*p = b.p;
	if (!code)
		return NULL;
	if (s->unit != d->unit || code >= SHAPES) {
		const struct kind *kind = kind_of(d->unit, code);

		s->unit = d->unit;
		s->sibling = -1;
		s->usable = false;
		if (kind)
			dies_learn(d->unit, s, kind);
	}
	if (s->usable)
		return s;
	*p = d->unit->dies.end;
	return NULL;
}

/* Behind the attributes. */
static inline const uint8_t *dies_skip_attrs(const struct dies *d, const struct shape *s,
					     const uint8_t *p)
{
	struct bytes b = { p, d->unit->dies.end };

	for (const int16_t *step = s->steps; *step != STEP_END; step++)
		if (!step_over(d->unit, &b, *step))
			return b.end;
	return b.p;
}

/* Where the DIE says that the next one is; NULL if it does not. */
static inline const uint8_t *dies_sibling(const struct dies *d, const struct shape *s,
					  const uint8_t *attrs)
{
	struct bytes b = { attrs, d->unit->dies.end };
	uint64_t offset;

	if (s->sibling < 0 || !bytes_skip(&b, s->sibling))
		return NULL;
	offset = bytes_number(&b, 4);
	/* Only onwards, or there might be no end. */
	if (offset <= (size_t)(attrs - d->unit->start) ||
	    offset > (size_t)(b.end - d->unit->start))
		return NULL;
	return d->unit->start + offset;
}

/* Behind a DIE and all that is in it; @attrs is behind its code. */
static inline const uint8_t *dies_skip(struct dies *d, const struct shape *s, const uint8_t *attrs)
{
	const uint8_t *p = attrs, *sibling;
	unsigned int depth = 0;

	do {
		sibling = s && s->children ? dies_sibling(d, s, p) : NULL;
		if (sibling) {
			p = sibling;
		} else if (s) {
			p = dies_skip_attrs(d, s, p);
			depth += s->children;
		} else {
			depth--;
		}
		if (!depth || p >= d->unit->dies.end)
			break;
		s = dies_shape(d, &p);
	} while (true);
	return p;
}

#endif /* UKCOV_DIES_H */
