// SPDX-License-Identifier: MIT
/* Prints what the library finds in a vmlinux and modules: for the scripts of this folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ukcov.h"

static void check(int err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "show: %s: %s\n", what, strerror(-err));
	exit(1);
}

static const char *kind_name(uint32_t kind)
{
	switch (kind) {
	case UKCOV_SITE_CALL:		return "call";
	case UKCOV_SITE_JUMP:		return "jump";
	case UKCOV_SITE_CMP_CALL:	return "cmp-call";
	case UKCOV_SITE_CMP_JUMP:	return "cmp-jump";
	}
	return "?";
}

static int print_site(void *arg, const struct ukcov_site *site)
{
	(void)arg;
	printf("%s 0x%016lx %s\n", kind_name(site->kind), site->pc, site->module ? : "-");
	return 0;
}

static int print_function(void *arg, const struct ukcov_function *f)
{
	(void)arg;
	printf("%s %s:%u 0x%lx 0x%lx %s%s%s\n", f->name, f->file ? : "??", f->line, f->low,
	       f->high, f->module ? : "-", f->flags & UKCOV_INLINED ? " inlined" : "",
	       f->flags & UKCOV_SYMTAB ? " symtab" : "");
	return 0;
}

static int print_module(void *arg, const struct ukcov_module *m)
{
	(void)arg;
	printf("%s %s: %s\n", m->name, m->path ? : "-", m->error ? strerror(-m->error) : "fine");
	return 0;
}

/* Functions and lines, from the inside out, on one line. */
static void find(struct ukcov_image *img, uint64_t pc)
{
	struct ukcov_frame f[64];
	int n = ukcov_image_find(img, pc, f, 64);

	printf("0x%016lx", pc);
	for (int i = 0; i < n; i++)
		printf(" %s %s:%u", f[i].function ? : "??", f[i].file ? : "??", f[i].line);
	printf(n <= 0 ? " ?? ??:0\n" : "\n");
}

/* Each number is replaced by its function and the offset in it. */
static void names(struct ukcov_image *img, uint64_t pc)
{
	struct ukcov_frame f[64];
	int n = ukcov_image_find(img, pc, f, 64);

	if (n <= 0)
		printf("0x%lx\n", pc);
	else
		printf("%s+0x%lx\n", f[n - 1].function ? : "??", f[n - 1].offset + 1);
}

static void tail(struct ukcov_image *img, uint64_t pc)
{
	struct ukcov_site site;

	if (!ukcov_image_tail(img, pc, &site))
		printf("0x%016lx 0x%016lx\n", pc, site.pc);
}

static void each_pc(struct ukcov_image *img, void (*what)(struct ukcov_image *img, uint64_t pc))
{
	char line[256];

	while (fgets(line, sizeof(line), stdin))
		if (line[0] != '#')
			what(img, strtoull(line, NULL, 16));
}

int main(int argc, char **argv)
{
	struct ukcov_map *map = NULL;
	struct ukcov_image *img;
	unsigned int flags = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: show sites|functions|modules|find|names|tail VMLINUX [MAP [DIR]]\n"
				"The last three read PCs from stdin.\n");
		return 2;
	}
	if (argc > 3)
		check(ukcov_map_read(&map, argv[3], NULL), argv[3]);
	/* By symbols: they are the same with and without debug information. */
	if (!strcmp(argv[1], "names"))
		flags = UKCOV_NO_DEBUG;
	check(ukcov_image_open(&img, argv[2], map, argc > 4 ? argv[4] : NULL, flags), argv[2]);
	if (!strcmp(argv[1], "sites"))
		check(ukcov_image_visit_sites(img, print_site, NULL), "sites");
	else if (!strcmp(argv[1], "functions"))
		check(ukcov_image_visit_functions(img, print_function, NULL), "functions");
	else if (!strcmp(argv[1], "modules"))
		check(ukcov_image_visit_modules(img, print_module, NULL), "modules");
	else
		each_pc(img, !strcmp(argv[1], "find") ? find :
			!strcmp(argv[1], "tail") ? tail : names);
	ukcov_image_close(img);
	ukcov_map_free(map);
	return 0;
}
