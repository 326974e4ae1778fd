/* SPDX-License-Identifier: MIT */
/*
 * Line number programs, what .debug_line has for each unit: rows of address, file and line,
 * and the names of files. libdw makes a list of all rows and sorts it, and a path of each
 * file, wanted or not; that is a third of all time. Here rows come one by one, as the
 * compiler wrote them, and paths are left in their parts.
 *
 * The debug information may be damaged: nothing outside of its sections is read.
 */
#ifndef UKCOV_PROGRAM_H
#define UKCOV_PROGRAM_H

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "bytes.h"

/* What was read of a file: its names are in the sections. */
struct program_file {
	const char *name;
	uint64_t dir;		/* index in the directories */
};

/* The state machine of DWARF. */
struct program_row {
	uint64_t addr;
	uint64_t file;
	uint64_t line;
	bool end;		/* of the sequence: nothing is at @addr */
};

struct program {
	/* Once for all units. */
	const struct debug *debug;
	size_t left;		/* so many bytes may be read */
	/* Of a unit. */
	struct bytes code;
	struct program_file *files;
	size_t n_files;
	size_t files_room;
	const char **dirs;
	size_t n_dirs;
	size_t dirs_room;
	const uint8_t *lengths;	/* operands of each opcode, from 1 */
	unsigned int version;
	unsigned int offset_size;
	unsigned int min_len;
	unsigned int max_ops;
	int line_base;
	unsigned int line_range;
	unsigned int opcode_base;
	/* Of the machine. */
	struct program_row row;
	unsigned int op;	/* in an instruction of many: VLIW */
};

/* The header. */

static inline int program_add_dir(struct program *p, const char *name)
{
	if (ukcov__grow((void **)&p->dirs, &p->dirs_room, p->n_dirs, sizeof(*p->dirs)))
		return -ENOMEM;
	p->dirs[p->n_dirs++] = name;
	return 0;
}

static inline int program_add_file(struct program *p, const char *name, uint64_t dir)
{
	if (ukcov__grow((void **)&p->files, &p->files_room, p->n_files, sizeof(*p->files)))
		return -ENOMEM;
	p->files[p->n_files++] = (struct program_file){ name, dir };
	return 0;
}

/* Up to DWARF 4: directory 0 is the unit's, there is no file 0. */
static inline int program_names_4(struct program *p, struct bytes *b)
{
	const char *name;
	int err = program_add_dir(p, NULL);

	while (!err && (name = bytes_string(b)) && name[0])
		err = program_add_dir(p, name);
	err = err ? : program_add_file(p, NULL, 0);
	while (!err && (name = bytes_string(b)) && name[0]) {
		err = program_add_file(p, name, bytes_leb(b));
		bytes_leb(b);
		bytes_leb(b);
	}
	return err;
}

/* One value of DWARF 5: a string, or a number. */
static inline int program_value(const struct program *p, struct bytes *b, unsigned int form,
				const char **string, uint64_t *number)
{
	*string = NULL;
	*number = 0;
	switch (form) {
	case DW_FORM_string:
		*string = bytes_string(b);
		return *string ? 0 : -EBADMSG;
	case DW_FORM_line_strp:
		*string = bytes_string_at(&p->debug->line_str, bytes_number(b, p->offset_size));
		return *string ? 0 : -EBADMSG;
	case DW_FORM_strp:
		*string = bytes_string_at(&p->debug->str, bytes_number(b, p->offset_size));
		return *string ? 0 : -EBADMSG;
	case DW_FORM_udata:
		*number = bytes_leb(b);
		return 0;
	case DW_FORM_data1: case DW_FORM_data2: case DW_FORM_data4: case DW_FORM_data8:
		*number = bytes_number(b, form == DW_FORM_data1 ? 1 : form == DW_FORM_data2 ? 2 :
					  form == DW_FORM_data4 ? 4 : 8);
		return 0;
	case DW_FORM_data16:
		return bytes_skip(b, 16) ? 0 : -EBADMSG;
	case DW_FORM_block:
		return bytes_skip(b, bytes_leb(b)) ? 0 : -EBADMSG;
	}
	return -EBADMSG;
}

/* The directories, or the files, of DWARF 5. */
static inline int program_names_5(struct program *p, struct bytes *b, bool is_files)
{
	unsigned int n = bytes_number(b, 1), what[UINT8_MAX], form[UINT8_MAX];
	uint64_t count;
	int err = 0;

	for (unsigned int i = 0; i < n; i++) {
		what[i] = bytes_leb(b);
		form[i] = bytes_leb(b);
	}
	count = bytes_leb(b);
	/* Each has a byte at least. */
	if (count && !n)
		return -EBADMSG;
	while (!err && count--) {
		const char *name = NULL, *string;
		uint64_t dir = 0, number;

		if (b->p == b->end)
			return -EBADMSG;
		for (unsigned int i = 0; !err && i < n; i++) {
			err = program_value(p, b, form[i], &string, &number);
			if (what[i] == DW_LNCT_path)
				name = string;
			else if (what[i] == DW_LNCT_directory_index)
				dir = number;
		}
		if (!err)
			err = is_files ? program_add_file(p, name, dir) : program_add_dir(p, name);
	}
	return err;
}

/* The length of a unit's part. */
static inline int program_unit(struct program *p, struct bytes *b)
{
	uint64_t len = bytes_number(b, 4);

	p->offset_size = 4;
	if (len == 0xffffffff) {
		len = bytes_number(b, 8);
		p->offset_size = 8;
	}
	if (len > (size_t)(b->end - b->p))
		return -EBADMSG;
	b->end = b->p + len;
	return 0;
}

/* How the machine is set up. */
static inline int program_machine(struct program *p, struct bytes *b)
{
	struct bytes lengths;

	p->min_len = bytes_number(b, 1);
	p->max_ops = p->version >= 4 ? bytes_number(b, 1) : 1;
	bytes_number(b, 1);
	p->line_base = (int8_t)bytes_number(b, 1);
	p->line_range = bytes_number(b, 1);
	p->opcode_base = bytes_number(b, 1);
	lengths = *b;
	p->lengths = lengths.p - 1;
	if (!p->max_ops || !p->line_range || !p->opcode_base ||
	    !bytes_skip(b, p->opcode_base - 1))
		return -EBADMSG;
	return 0;
}

static inline void program_reset(struct program *p)
{
	p->row = (struct program_row){ .file = 1, .line = 1 };
	p->op = 0;
}

/* The program at @offset of the section. 0; -EBADMSG: it has none; -ENOMEM. */
static inline int program_begin(struct program *p, uint64_t offset)
{
	struct bytes b = p->debug->line;
	uint64_t header;
	int err;

	p->n_files = p->n_dirs = 0;
	p->code = (struct bytes){ 0 };
	if (!bytes_skip(&b, offset) || program_unit(p, &b))
		return -EBADMSG;
	/* Units of a program each, but a damaged one may have as many of all as it likes. */
	if ((size_t)(b.end - b.p) > p->left)
		return -EBADMSG;
	p->left -= b.end - b.p;
	p->version = bytes_number(&b, 2);
	if (p->version < 2 || p->version > 5)
		return -EBADMSG;
	/* The sizes of addresses and segments: nothing here has others. */
	if (p->version == 5 && (bytes_number(&b, 1) != 8 || bytes_number(&b, 1)))
		return -EBADMSG;
	header = bytes_number(&b, p->offset_size);
	p->code = b;
	if (!bytes_skip(&p->code, header))
		return -EBADMSG;
	b.end = p->code.p;
	err = program_machine(p, &b);
	if (!err && p->version < 5)
		err = program_names_4(p, &b);
	else if (!err)
		err = program_names_5(p, &b, false) ? : program_names_5(p, &b, true);
	if (err)
		p->code.end = p->code.p;
	program_reset(p);
	return err;
}

/* The program. */

static inline void program_advance(struct program *p, uint64_t n)
{
	if (p->max_ops == 1) {
		p->row.addr += n * p->min_len;
		return;
	}
	n += p->op;
	p->row.addr += n / p->max_ops * p->min_len;
	p->op = n % p->max_ops;
}

/* Returns whether there is a row. */
static inline bool program_extended(struct program *p)
{
	uint64_t len = bytes_leb(&p->code);
	struct bytes b = p->code;

	if (!bytes_skip(&p->code, len) || !len)
		return false;
	b.end = p->code.p;
	switch (bytes_number(&b, 1)) {
	case DW_LNE_end_sequence:
		p->row.end = true;
		return true;
	case DW_LNE_set_address:
		p->op = 0;
		p->row.addr = bytes_number(&b, len - 1 < 8 ? len - 1 : 8);
		break;
	}
	return false;
}

static inline bool program_standard(struct program *p, unsigned int opcode)
{
	switch (opcode) {
	case DW_LNS_copy:
		return true;
	case DW_LNS_advance_pc:
		program_advance(p, bytes_leb(&p->code));
		break;
	case DW_LNS_advance_line:
		p->row.line += bytes_signed_leb(&p->code);
		break;
	case DW_LNS_set_file:
		p->row.file = bytes_leb(&p->code);
		break;
	case DW_LNS_const_add_pc:
		program_advance(p, (255 - p->opcode_base) / p->line_range);
		break;
	case DW_LNS_fixed_advance_pc:
		p->row.addr += bytes_number(&p->code, 2);
		p->op = 0;
		break;
	default:
		/* As many numbers as the header says: of no meaning to us. */
		for (unsigned int n = p->lengths[opcode]; n; n--)
			bytes_leb(&p->code);
	}
	return false;
}

/* The next row; false: no more. */
static inline bool program_next(struct program *p)
{
	if (p->row.end)
		program_reset(p);
	while (p->code.p < p->code.end) {
		unsigned int opcode = *p->code.p++;

		if (opcode >= p->opcode_base) {
			opcode -= p->opcode_base;
			p->row.line += p->line_base + (int)(opcode % p->line_range);
			program_advance(p, opcode / p->line_range);
			return true;
		}
		if (opcode ? program_standard(p, opcode) : program_extended(p))
			return true;
	}
	return false;
}

static inline void program_open(struct program *p, const struct debug *debug)
{
	*p = (struct program){ .debug = debug };
	p->left = 8 * (size_t)(debug->line.end - debug->line.p);
}

static inline void program_free(struct program *p)
{
	free(p->files);
	free(p->dirs);
}

#endif /* UKCOV_PROGRAM_H */
