/* SPDX-License-Identifier: MIT */
/*
 * Address ranges of a DIE: .debug_ranges, and of DWARF 5 .debug_rnglists. They may be
 * damaged: nothing outside of the section is read.
 */
#ifndef UKCOV_RANGES_H
#define UKCOV_RANGES_H

#include "dies.h"

struct ranges {
	size_t left;		/* so many bytes may be read, of all lists */
	/* Of a list. */
	const struct unit *unit;
	struct bytes list;
	uint64_t base;
	/* What was read last. */
	uint64_t low;
	uint64_t high;
};

static inline void ranges_open(struct ranges *r, const struct debug *d)
{
	/* Two DIEs hardly ever share a list. In damaged files all may share one. */
	r->left = 8 * ((size_t)(d->ranges.end - d->ranges.p) +
		       (size_t)(d->rnglists.end - d->rnglists.p));
}

/* The list that the attribute @a, DW_AT_ranges, tells; an empty one if there is none. */
static inline void ranges_begin(struct ranges *r, const struct unit *u, const struct attr *a)
{
	struct bytes b = { a->p, u->dies.end };
	uint64_t offset;

	r->unit = u;
	r->base = u->low;
	r->list = u->version < 5 ? u->debug->ranges : u->debug->rnglists;
	if (a->form == DW_FORM_rnglistx) {
		if (!bytes_item(&r->list, u->rnglists_base, bytes_leb(&b), u->offset_size, &offset) ||
		    !bytes_skip(&r->list, u->rnglists_base))
			offset = UINT64_MAX;
	} else if (!attr_number(u, a, &offset)) {
		offset = UINT64_MAX;
	}
	bytes_skip(&r->list, offset);
	if ((size_t)(r->list.end - r->list.p) > r->left)
		r->list.end = r->list.p + r->left;
}

/* An entry of DWARF 2 to 4. 1: a range; 0: something else; -1: the end. */
static inline int ranges_read_4(struct ranges *r)
{
	uint64_t low, high;

	/* Behind each one there is another: the end is one, too. */
	if (r->list.end - r->list.p < 2 * 16)
		return -1;
	low = bytes_number(&r->list, 8);
	high = bytes_number(&r->list, 8);
	if (!low && !high)
		return -1;
	if (low == UINT64_MAX) {
		r->base = high;
		return 0;
	}
	r->low = r->base + low;
	r->high = r->base + high;
	return 1;
}

/* The same of DWARF 5; one that goes up to the end may be cut off, and is to be ignored. */
static inline int ranges_read_5(struct ranges *r)
{
	struct bytes *b = &r->list;

	switch (bytes_number(b, 1)) {
	case DW_RLE_base_addressx:
		return unit_addr(r->unit, bytes_leb(b), &r->base) ? 0 : -1;
	case DW_RLE_base_address:
		r->base = bytes_number(b, 8);
		return 0;
	case DW_RLE_offset_pair:
		r->low = r->base + bytes_leb(b);
		r->high = r->base + bytes_leb(b);
		return 1;
	case DW_RLE_start_end:
		r->low = bytes_number(b, 8);
		r->high = bytes_number(b, 8);
		return 1;
	case DW_RLE_start_length:
		r->low = bytes_number(b, 8);
		r->high = r->low + bytes_leb(b);
		return 1;
	case DW_RLE_startx_endx:
		return unit_addr(r->unit, bytes_leb(b), &r->low) &&
		       unit_addr(r->unit, bytes_leb(b), &r->high) ? 1 : -1;
	case DW_RLE_startx_length:
		if (!unit_addr(r->unit, bytes_leb(b), &r->low))
			return -1;
		r->high = r->low + bytes_leb(b);
		return 1;
	}
	/* DW_RLE_end_of_list, or damaged. */
	return -1;
}

/* The next range, which may be empty; false: no more. */
static inline bool ranges_next(struct ranges *r)
{
	const uint8_t *before = r->list.p;
	int ret;

	do {
		ret = r->unit->version < 5 ? ranges_read_4(r) : ranges_read_5(r);
		if (r->list.p == r->list.end)
			ret = -1;
	} while (!ret);
	r->left -= r->list.p - before;
	return ret > 0;
}

#endif /* UKCOV_RANGES_H */
