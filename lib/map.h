/* SPDX-License-Identifier: MIT */
/* What is in a map; for image.c. */
#ifndef UKCOV_MAP_H
#define UKCOV_MAP_H

#include "internal.h"

struct map_section {
	char *name;
	uint64_t addr;		/* at run time */
};

struct map_module {
	char *name;
	uint64_t base;		/* at run time */
	uint64_t size;
	char build_id[BUILD_ID_LEN];
	struct map_section *sections;
	size_t n_sections;
	size_t room;
};

struct ukcov_map {
	char release[65];
	char build_id[BUILD_ID_LEN];
	uint64_t text;		/* _text at run time; 0: KASLR is off */
	struct map_module *modules;
	size_t n_modules;
	size_t room;
};

#endif /* UKCOV_MAP_H */
