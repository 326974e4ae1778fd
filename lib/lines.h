/* SPDX-License-Identifier: MIT */
/*
 * What debug information says about the code of an object: three lists by address, made in
 * one walk over all of it. To look each PC up there takes a thousand times as long.
 */
#ifndef UKCOV_LINES_H
#define UKCOV_LINES_H

#include <stddef.h>
#include <stdint.h>

#define NONE	UINT32_MAX

/* Addresses are less this object's lowest one: they fit in 32 bits. */

/* The code from here on is of this line. */
struct row {
	uint32_t addr;
	uint32_t file;		/* NONE: no line is known from here on */
	uint32_t line;		/* and ROW_GUESSED */
};

#define ROW_GUESSED	(1u << 31)

/* The code from here on is in this scope; NONE: in no function. */
struct segment {
	uint32_t addr;
	uint32_t scope;
};

/* A function, or a copy of one that was inlined. */
struct scope {
	uint32_t func;
	uint32_t parent;	/* scope that it is inlined into; NONE: it is not */
	uint32_t call_file;
	uint32_t call_line;
};

struct func {
	const char *name;
	uint32_t file;
	uint32_t line;
	bool has_code;		/* of its own */
};

/* The code of a function, or a part of it. */
struct part {
	uint32_t low;
	uint32_t high;
	uint32_t func;
};

struct list {
	void *items;
	size_t n;
	size_t room;
	size_t hint;		/* what was found last */
};

struct lines_index {
	uint64_t base;
	struct list rows;
	struct list segments;
	struct list scopes;
	struct list funcs;
	struct list parts;
	struct list files;	/* const char * */
};

#define ITEM(list, type, i)	(((type *)(list).items)[i])

#endif /* UKCOV_LINES_H */
