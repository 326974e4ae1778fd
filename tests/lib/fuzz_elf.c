// SPDX-License-Identifier: MIT
/*
 * For libFuzzer: vmlinux, and modules with the map that places them. An input is a vmlinux;
 * or 'M' (x86-64) or 'A' (arm64), the length of a map in two bytes, the map, and the module.
 *
 * What libelf hands out is in memory of its own with nothing behind, so that ASan sees who
 * reads beyond: it calls elf_begin() and elf_getdata() of this program, as libdw does.
 */
#include <dlfcn.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ukcov.h"

/* Copies, until the input is done. */
static struct copy {
	struct copy *next;
	const Elf_Data *of;
	void *bytes;
} *copies;

static void *copy(const void *from, size_t len, const Elf_Data *of)
{
	struct copy *c = malloc(sizeof(*c));

	if (!c)
		abort();
	*c = (struct copy){ copies, of, malloc(len) };
	if (!c->bytes)
		abort();
	copies = c;
	return memcpy(c->bytes, from, len);
}

static void free_copies(void)
{
	while (copies) {
		struct copy *c = copies;

		copies = c->next;
		free(c->bytes);
		free(c);
	}
}

Elf *elf_begin(int fd, Elf_Cmd cmd, Elf *ref)
{
	static __typeof__(elf_begin) *real;
	struct stat st;
	void *bytes;
	Elf *elf;

	if (!real)
		real = dlsym(RTLD_NEXT, "elf_begin");
	if (ref || (cmd != ELF_C_READ_MMAP && cmd != ELF_C_READ_MMAP_PRIVATE) ||
	    fstat(fd, &st) || !st.st_size)
		return real(fd, cmd, ref);
	bytes = malloc(st.st_size);
	if (!bytes || pread(fd, bytes, st.st_size, 0) != st.st_size)
		abort();
	elf = elf_memory(copy(bytes, st.st_size, NULL), st.st_size);
	free(bytes);
	return elf;
}

Elf_Data *elf_getdata(Elf_Scn *scn, Elf_Data *last)
{
	static __typeof__(elf_getdata) *real;
	Elf_Data *data;

	if (!real)
		real = dlsym(RTLD_NEXT, "elf_getdata");
	data = real(scn, last);
	if (!data || !data->d_buf || !data->d_size)
		return data;
	for (struct copy *c = copies; c; c = c->next)
		if (c->of == data && c->bytes == data->d_buf)
			return data;
	data->d_buf = copy(data->d_buf, data->d_size, data);
	return data;
}

static bool is_module(const uint8_t *data, size_t len)
{
	return len && (data[0] == 'M' || data[0] == 'A');
}

static int look_up(void *arg, const struct ukcov_site *site)
{
	struct ukcov_frame frames[8];
	struct ukcov_site tail;

	ukcov_image_find(arg, site->pc, frames, 8);
	ukcov_image_tail(arg, site->pc, &tail);
	return 0;
}

static int no_line(void *arg, const struct ukcov_line *line)
{
	(void)arg;
	return line->line ? 0 : 1;
}

/* How many inputs had functions in their debug information. */
static unsigned long with_functions;
static bool has_functions;

static int look_at(void *arg, const struct ukcov_function *f)
{
	has_functions |= !(f->flags & UKCOV_SYMTAB);
	if (f->low)
		ukcov_image_visit_lines(arg, f->low, f->high, no_line, NULL);
	return 0;
}

static int see_module(void *arg, const struct ukcov_module *m)
{
	(void)arg;
	return m->name ? 0 : 1;
}

static void open_and_look(const char *vmlinux, const struct ukcov_map *map, const char *dir)
{
	struct ukcov_image *img;

	if (!ukcov_image_open(&img, vmlinux, map, dir, 0)) {
		ukcov_image_debug(img);
		ukcov_image_visit_modules(img, see_module, NULL);
		ukcov_image_visit_sites(img, look_up, img);
		has_functions = false;
		ukcov_image_visit_functions(img, look_at, img);
		with_functions += has_functions;
		ukcov_image_close(img);
	}
	free_copies();
}

static void fuzz_vmlinux(const uint8_t *data, size_t len)
{
	int fd = memfd_create("vmlinux", 0);
	char path[64];

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	open_and_look(path, NULL, NULL);
	close(fd);
}

/* The one of the input; if that is none, one in which the module is. */
static struct ukcov_map *read_map(const uint8_t *text, size_t len)
{
	static const char usual[] = "mod 16384 0 - Live 0x70000000\n"
		"# section mod .text 0x70000000\n# section mod .text.unlikely 0x70002000\n"
		"# section mod .init.text 0x70100000\n";
	struct ukcov_map *map;

	if ((!len || ukcov_map_parse(&map, (const char *)text, len, NULL)) &&
	    ukcov_map_parse(&map, usual, strlen(usual), NULL))
		abort();
	return map;
}

/* $UKCOV_FUZZ_DIR is where the module is put, $UKCOV_OBJECTS what objects.sh compiled. */
static void fuzz_module(const uint8_t *data, size_t len)
{
	const char *dir = getenv("UKCOV_FUZZ_DIR"), *objects = getenv("UKCOV_OBJECTS");
	size_t map_len = len < 3 ? 0 : data[1] | data[2] << 8;
	struct ukcov_map *map;
	char path[4096];
	FILE *f;

	if (!dir || !objects)
		abort();
	if (len < 3 || map_len > len - 3)
		return;
	map = read_map(data + 3, map_len);
	snprintf(path, sizeof(path), "%s/mod.ko", dir);
	f = fopen(path, "w");
	if (!f)
		abort();
	fwrite(data + 3 + map_len, 1, len - 3 - map_len, f);
	if (fclose(f))
		abort();
	snprintf(path, sizeof(path), "%s/%s", objects, data[0] == 'A' ? "arm64" : "nodebug");
	open_and_look(path, map, dir);
	ukcov_map_free(map);
}

static void print_count(void)
{
	fprintf(stderr, "stat::with_functions: %lu\n", with_functions);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	elf_version(EV_CURRENT);
	return atexit(print_count);
}

/* One of the sections of debug information; false: there is none. */
static bool pick_section(uint8_t *data, size_t len, unsigned int seed, GElf_Shdr *picked)
{
	Elf *elf = elf_memory((char *)data, len);
	Elf_Scn *scn = NULL;
	const char *name;
	GElf_Shdr sh;
	size_t names;
	int n = 0;

	if (elf_getshdrstrndx(elf, &names))
		names = 0;
	while ((scn = elf_nextscn(elf, scn))) {
		name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;
		if (name && !strncmp(name, ".debug_", 7) && sh.sh_type != SHT_NOBITS && sh.sh_size &&
		    sh.sh_offset < len && sh.sh_size <= len - sh.sh_offset && !(rand_r(&seed) % ++n))
			*picked = sh;
	}
	elf_end(elf);
	return n;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned int seed);

/* Mostly inside of such a section: of what is changed anywhere, most is no ELF file any more. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t max, unsigned int seed)
{
	size_t skip = is_module(data, len) && len >= 3 ? 3 + (data[1] | data[2] << 8) : 0;
	GElf_Shdr sh;

	if (seed % 4 && skip < len && pick_section(data + skip, len - skip, seed, &sh)) {
		LLVMFuzzerMutate(data + skip + sh.sh_offset, sh.sh_size, sh.sh_size);
		return len;
	}
	return LLVMFuzzerMutate(data, len, max);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (is_module(data, len))
		fuzz_module(data, len);
	else
		fuzz_vmlinux(data, len);
	return 0;
}
