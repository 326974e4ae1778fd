/* SPDX-License-Identifier: MIT */
/*
 * Sections of debug information, and reading them: nothing outside of a section is read,
 * whatever the bytes in it are.
 */
#ifndef UKCOV_BYTES_H
#define UKCOV_BYTES_H

#include <gelf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "internal.h"

struct bytes {
	const uint8_t *p;
	const uint8_t *end;
};

/* Numbers: what is beyond the end is 0, and there is no more. */

static inline uint64_t bytes_number(struct bytes *b, unsigned int size)
{
	uint64_t v = 0;

	if ((size_t)(b->end - b->p) < size) {
		b->p = b->end;
		return 0;
	}
	for (unsigned int i = 0; i < size; i++)
		v |= (uint64_t)b->p[i] << 8 * i;
	b->p += size;
	return v;
}

static inline uint64_t bytes_leb(struct bytes *b)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; b->p < b->end; shift += 7) {
		uint8_t byte = *b->p++;

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return v;
}

static inline int64_t bytes_signed_leb(struct bytes *b)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; b->p < b->end;) {
		uint8_t byte = *b->p++;

		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80)
			continue;
		if (byte & 0x40 && shift < 64)
			v |= -1ull << shift;
		break;
	}
	return v;
}

static inline bool bytes_skip(struct bytes *b, uint64_t n)
{
	if (n > (size_t)(b->end - b->p)) {
		b->p = b->end;
		return false;
	}
	b->p += n;
	return true;
}

/* NULL: it has no end. */
static inline const char *bytes_string(struct bytes *b)
{
	const char *s = (const char *)b->p;
	const uint8_t *end = b->p < b->end ? memchr(b->p, 0, b->end - b->p) : NULL;

	if (!end) {
		b->p = b->end;
		return NULL;
	}
	b->p = end + 1;
	return s;
}

/* The string at an offset of a section. */
static inline const char *bytes_string_at(const struct bytes *section, uint64_t offset)
{
	struct bytes b = *section;

	return bytes_skip(&b, offset) ? bytes_string(&b) : NULL;
}

/* Item @i of @size bytes, of those that begin at @base of the section. */
static inline bool bytes_item(const struct bytes *section, uint64_t base, uint64_t i,
			      unsigned int size, uint64_t *number)
{
	struct bytes b = *section;

	if (!bytes_skip(&b, base) || i >= (size_t)(b.end - b.p) / size)
		return false;
	b.p += i * size;
	*number = bytes_number(&b, size);
	return true;
}

/* The sections, when libdw has decompressed and relocated them. */
struct debug {
	struct bytes info;
	struct bytes abbrev;
	struct bytes addr;
	struct bytes line;
	struct bytes line_str;
	struct bytes ranges;
	struct bytes rnglists;
	struct bytes str;
	struct bytes str_offsets;
};

static inline struct bytes debug_section(Elf *elf, const char *name)
{
	static const uint8_t nothing[1];
	struct bytes none = { nothing, nothing };
	Elf_Scn *scn = NULL;
	const char *have;
	Elf_Data *data;
	GElf_Shdr sh;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return none;
	while ((scn = elf_nextscn(elf, scn))) {
		have = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;
		/* Of old compilers: .zdebug_line. */
		if (!have || sh.sh_type == SHT_NOBITS || sh.sh_flags & SHF_COMPRESSED ||
		    (strcmp(have, name) && (strncmp(have, ".z", 2) || strcmp(have + 2, name + 1))))
			continue;
		data = elf_getdata(scn, NULL);
		if (data && data->d_buf)
			return (struct bytes){ data->d_buf, (uint8_t *)data->d_buf + data->d_size };
	}
	return none;
}

static inline void debug_open(struct debug *d, Elf *elf)
{
	d->info = debug_section(elf, ".debug_info");
	d->abbrev = debug_section(elf, ".debug_abbrev");
	d->addr = debug_section(elf, ".debug_addr");
	d->line = debug_section(elf, ".debug_line");
	d->line_str = debug_section(elf, ".debug_line_str");
	d->ranges = debug_section(elf, ".debug_ranges");
	d->rnglists = debug_section(elf, ".debug_rnglists");
	d->str = debug_section(elf, ".debug_str");
	d->str_offsets = debug_section(elf, ".debug_str_offsets");
}

#endif /* UKCOV_BYTES_H */
