/* SPDX-License-Identifier: MIT */
/* vmlinux and modules: what image.c, code.c and lines.c share. */
#ifndef UKCOV_IMAGE_H
#define UKCOV_IMAGE_H

#include <elfutils/libdwfl.h>
#include <gelf.h>

#include "internal.h"
#include "strings.h"
#include "ukcov.h"

/*
 * A section with code. Everything in an object is at an address of the object's own: where
 * vmlinux is linked to, and where libdwfl puts a module. What KCOV reports is @shift more.
 */
struct section {
	const char *name;
	size_t index;
	uint64_t addr;
	uint64_t size;
	uint64_t shift;
	bool known;		/* where it was at run time */
	bool init;		/* may be freed, and something else be there */
};

struct symbol {
	uint64_t addr;
	uint64_t size;
	const char *name;
	unsigned char rank;	/* of names for the same address */
};

struct lines_index;

/* An ELF file. */
struct object {
	struct ukcov_image *img;
	char *name;		/* NULL: vmlinux */
	char *path;		/* NULL: not found */
	uint64_t base;		/* of a module, as KCOV reports it */
	uint64_t size;
	int error;		/* as in struct ukcov_module */
	Dwfl *dwfl;
	Dwfl_Module *mod;
	Elf *elf;
	struct section *sections;
	size_t n_sections;
	size_t sections_room;
	struct symbol *symbols;	/* of code, by address */
	size_t n_symbols;
	size_t symbols_room;
	bool has_symbols;	/* they were read */
	const char *names;	/* the string table of the last one */
	const char *names_end;	/* behind its last 0 */
	int debug;		/* as of ukcov_image_debug() */
	struct lines_index *lines;
};

struct code_range {
	uint64_t start;		/* as KCOV reports it */
	uint64_t end;
	struct object *obj;
	struct section *section;
};

struct site {
	uint64_t pc;
	uint32_t kind;
	struct object *obj;
};

struct ukcov_image {
	struct object *objects;	/* vmlinux first */
	size_t n_objects;
	struct code_range *ranges;	/* of what stays, by address */
	size_t n_ranges;
	struct code_range *init;	/* of what may be freed */
	size_t n_init;
	struct site *sites;
	size_t n_sites;
	size_t sites_room;
	bool has_sites;
	char build_id[BUILD_ID_LEN];
	unsigned int flags;
	int machine;
	struct strings strings;
	char *root;		/* of the source */
	char *build_root;	/* of what was generated */
};

/* The code that KCOV reports as @addr; NULL: none. */
const struct code_range *ukcov__image_code(const struct ukcov_image *img, uint64_t addr);

/* A symbol as of libdwfl, and where it is. Its name; NULL: it has none, or that has no end. */
const char *ukcov__symbol(struct object *obj, int i, GElf_Sym *sym, GElf_Addr *addr,
			  GElf_Word *section);

/* Symbols of code. 0 or -ENOMEM. */
int ukcov__read_symbols(struct object *obj);
const struct symbol *ukcov__find_symbol(struct object *obj, uint64_t addr);

/* The section that @addr, of the object's own, is in; NULL: none. */
struct section *ukcov__find_section(const struct object *obj, uint64_t addr);

/* lines.c: debug information. */
int ukcov__read_lines(struct object *obj);
void ukcov__free_lines(struct lines_index *lines);

#endif /* UKCOV_IMAGE_H */
