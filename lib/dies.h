/* SPDX-License-Identifier: MIT */
/*
 * Steps over DIEs, the entries of .debug_info. Nine of ten are parameters, variables and
 * types, which say nothing of lines: libdw spends half of all time on reading their
 * attributes to find the next one. Here it is asked once for each kind of DIE of a unit
 * what it looks like; what is of interest is read by libdw.
 *
 * The debug information may be damaged: nothing beyond the unit is read.
 */
#ifndef UKCOV_DIES_H
#define UKCOV_DIES_H

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

#define SHAPES		1024	/* kinds of DIEs with a code below this are known by it */
#define SHAPE_STEPS	24

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

struct shape {
	uint32_t unit;		/* number of the unit that it is of */
	uint16_t tag;
	bool children;
	bool usable;
	int16_t sibling;	/* where, behind the code, its 4 bytes are; -1: it has none */
	int16_t steps[SHAPE_STEPS];
};

struct dies {
	struct shape shapes[SHAPES];
	uint32_t unit;
	const uint8_t *start;	/* of the unit, its header included */
	const uint8_t *end;
	struct Dwarf_CU *cu;
	unsigned int addr_size;
	unsigned int offset_size;
};

static inline uint64_t dies_leb(const uint8_t **p, const uint8_t *end)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; *p < end; shift += 7) {
		uint8_t byte = *(*p)++;

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return v;
}

static inline uint64_t dies_number(const uint8_t *p, unsigned int size)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < size; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static inline int dies_step_of(const struct dies *d, unsigned int form)
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
	case DW_FORM_data8: case DW_FORM_ref8: case DW_FORM_ref_sig8: case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return d->addr_size;
	case DW_FORM_strp: case DW_FORM_line_strp: case DW_FORM_sec_offset: case DW_FORM_strp_sup:
	case DW_FORM_ref_addr: case DW_FORM_GNU_ref_alt: case DW_FORM_GNU_strp_alt:
		return d->offset_size;
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

/* Behind one attribute; NULL if it goes beyond the unit. */
static inline const uint8_t *dies_step(const struct dies *d, const uint8_t *p, int step)
{
	unsigned int size = step == STEP_BLOCK1 ? 1 : step == STEP_BLOCK2 ? 2 : 4;
	uint64_t len;

	switch (step) {
	case STEP_LEB:
		dies_leb(&p, d->end);
		return p;
	case STEP_STRING:
		p = memchr(p, 0, d->end - p);
		return p ? p + 1 : NULL;
	case STEP_BLOCK:
		len = dies_leb(&p, d->end);
		break;
	case STEP_BLOCK1: case STEP_BLOCK2: case STEP_BLOCK4:
		if ((size_t)(d->end - p) < size)
			return NULL;
		len = dies_number(p, size);
		p += size;
		break;
	case STEP_INDIRECT:
		step = dies_step_of(d, dies_leb(&p, d->end));
		return step == STEP_INDIRECT ? NULL : dies_step(d, p, step);
	case STEP_UNKNOWN:
		return NULL;
	default:
		len = step;
	}
	return len > (size_t)(d->end - p) ? NULL : p + len;
}

/* What libdw knows of a kind. */
static inline void dies_learn(struct dies *d, struct shape *s, Dwarf_Die *die)
{
	int fixed = 0, n = 0, step;
	bool only_fixed = true;
	unsigned int name, form;

	s->unit = d->unit;
	s->sibling = -1;
	s->usable = false;
	s->tag = dwarf_tag(die);
	s->children = dwarf_haschildren(die) > 0;
	if (s->tag == DW_TAG_invalid)
		return;
	/* Not as many as dwarf_getattrcnt() says, which miscounts DW_FORM_implicit_const. */
	for (size_t i = 0; !dwarf_getabbrevattr_data(die->abbrev, i, &name, &form, NULL, NULL) &&
	     (name || form); i++) {
		if (name == DW_AT_sibling && form == DW_FORM_ref4 && only_fixed)
			s->sibling = fixed;
		step = dies_step_of(d, form);
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

static inline Dwarf_Die dies_at(const struct dies *d, const uint8_t *p)
{
	return (Dwarf_Die){ .addr = (void *)p, .cu = d->cu };
}

/*
 * The kind of the DIE at *@p, which moves behind its code. NULL: no more children, or
 * damaged: then *@p is the end.
 */
static inline const struct shape *dies_shape(struct dies *d, const uint8_t **p)
{
	const uint8_t *at = *p;
	uint64_t code = dies_leb(p, d->end);
	struct shape *s;

	if (!code)
		return NULL;
	/* One place for all others: they are learned each time. */
	s = &d->shapes[code < SHAPES ? code : 0];
	if (s->unit != d->unit || code >= SHAPES) {
		Dwarf_Die die = dies_at(d, at);

		dies_learn(d, s, &die);
	}
	if (s->usable)
		return s;
	*p = d->end;
	return NULL;
}

/* Behind the attributes. */
static inline const uint8_t *dies_skip_attrs(const struct dies *d, const struct shape *s,
					     const uint8_t *p)
{
	for (const int16_t *step = s->steps; p && *step != STEP_END; step++)
		p = dies_step(d, p, *step);
	return p ? p : d->end;
}

/* Where the DIE says that the next one is; NULL if it does not. */
static inline const uint8_t *dies_sibling(const struct dies *d, const struct shape *s,
					  const uint8_t *attrs)
{
	const uint8_t *p;

	if (s->sibling < 0 || d->end - attrs < s->sibling + 4)
		return NULL;
	p = d->start + dies_number(attrs + s->sibling, 4);
	/* Only onwards, or there might be no end. */
	return p > attrs && p <= d->end ? p : NULL;
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
		if (!depth || p >= d->end)
			break;
		s = dies_shape(d, &p);
	} while (true);
	return p;
}

/* A new unit; @die is its own, at @offset of the unit, which is @len long. */
static inline void dies_begin(struct dies *d, const Dwarf_Die *die, size_t offset, size_t len,
			      unsigned int addr_size, unsigned int offset_size)
{
	d->unit++;
	d->start = (const uint8_t *)die->addr - offset;
	d->end = d->start + len;
	d->cu = die->cu;
	d->addr_size = addr_size;
	d->offset_size = offset_size;
}

#endif /* UKCOV_DIES_H */
