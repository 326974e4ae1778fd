// SPDX-License-Identifier: MIT
/*
 * vmlinux and modules: finding the files, where their code was, their symbols.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "map.h"

/* Debug information is looked for in the file itself, nowhere else, and not in the net. */
static int no_debug_file(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base,
			 const char *file, const char *link, GElf_Word crc, char **found)
{
	(void)mod, (void)user, (void)name, (void)base;
	(void)file, (void)link, (void)crc, (void)found;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_debuginfo = no_debug_file,
	.section_address = dwfl_offline_section_address,
};

static void close_object(struct object *obj)
{
	ukcov__free_lines(obj->lines);
	free(obj->symbols);
	free(obj->sections);
	if (obj->dwfl)
		dwfl_end(obj->dwfl);
	free(obj->path);
	free(obj->name);
}

static bool is_init(const char *name)
{
	return !strncmp(name, ".init", 5);
}

static int add_section(struct object *obj, Elf_Scn *scn, const GElf_Shdr *sh, const char *name)
{
	struct section *s;

	if (ukcov__grow((void **)&obj->sections, &obj->sections_room, obj->n_sections, sizeof(*s)))
		return -ENOMEM;
	s = &obj->sections[obj->n_sections++];
	*s = (struct section){
		.name = name,
		.index = elf_ndxscn(scn),
		.addr = sh->sh_addr,
		.size = sh->sh_size,
		.known = !obj->name,
		/* The kernel's own is not reused for code. */
		.init = obj->name && is_init(name),
	};
	return 0;
}

static int compare_sections(const void *a, const void *b)
{
	const struct section *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

/* Sections with code, whatever their names are. */
static int read_sections(struct object *obj)
{
	const GElf_Word flags = SHF_ALLOC | SHF_EXECINSTR;
	Elf_Scn *scn = NULL;
	const char *name;
	GElf_Shdr sh;
	size_t names;
	int err = 0;

	if (elf_getshdrstrndx(obj->elf, &names))
		return -ENOEXEC;
	while (!err && (scn = elf_nextscn(obj->elf, scn))) {
		name = gelf_getshdr(scn, &sh) ? elf_strptr(obj->elf, names, sh.sh_name) : NULL;
		if (!name)
			return -ENOEXEC;
		if ((sh.sh_flags & flags) != flags || !sh.sh_size)
			continue;
		if (sh.sh_addr > UINT64_MAX - sh.sh_size)
			return -ENOEXEC;
		err = add_section(obj, scn, &sh, name);
	}
	if (!obj->n_sections)
		return err ? err : -ENOEXEC;
	qsort(obj->sections, obj->n_sections, sizeof(*obj->sections), compare_sections);
	return err;
}

/* All sections are inside the file: libelf reads what is there of a file that is cut off. */
static int check_size(Elf *elf, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	Elf_Scn *scn = NULL;
	GElf_Ehdr eh;
	GElf_Shdr sh;

	if (!gelf_getehdr(elf, &eh) || !eh.e_shoff || eh.e_shoff > (uint64_t)size)
		return -ENOEXEC;
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			return -ENOEXEC;
		if (sh.sh_type != SHT_NOBITS && (sh.sh_offset > (uint64_t)size ||
						 sh.sh_size > size - sh.sh_offset))
			return -ENOEXEC;
	}
	return elf_nextscn(elf, NULL) ? 0 : -ENOEXEC;
}

static int check_machine(struct ukcov_image *img, const GElf_Ehdr *eh)
{
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB ||
	    (eh->e_machine != EM_X86_64 && eh->e_machine != EM_AARCH64))
		return -EPFNOSUPPORT;
	if (!img->machine)
		img->machine = eh->e_machine;
	return eh->e_machine == img->machine ? 0 : -ENOEXEC;
}

/* Not an ELF file, cut off, of another kind: found out before anything is made of it. */
static int check_file(struct object *obj, int fd)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	GElf_Ehdr eh;
	int err = -ENOEXEC;

	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &eh)) {
		err = check_machine(obj->img, &eh);
		if (!err && (eh.e_type == ET_REL) != !!obj->name)
			err = -ENOEXEC;
		if (!err)
			err = check_size(elf, fd);
	} else if (elf && obj->name) {
		/* Perhaps compressed, as .ko.xz: libdwfl will tell. */
		err = 0;
	}
	elf_end(elf);
	return err;
}

static int report(struct object *obj, int fd)
{
	GElf_Addr bias;

	if (fd < 0)
		return -errno;
	obj->dwfl = dwfl_begin(&callbacks);
	if (!obj->dwfl) {
		close(fd);
		return -ENOMEM;
	}
	dwfl_report_begin(obj->dwfl);
	obj->mod = dwfl_report_offline(obj->dwfl, obj->name ? : "kernel", obj->path, fd);
	if (!obj->mod) {
		close(fd);
		return -ENOEXEC;
	}
	dwfl_report_end(obj->dwfl, NULL, NULL);
	obj->elf = dwfl_module_getelf(obj->mod, &bias);
	return obj->elf && !bias ? 0 : -ENOEXEC;
}

/* Opens obj->path. */
static int open_object(struct object *obj)
{
	int fd = open(obj->path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	err = check_file(obj, fd);
	if (!err)
		err = report(obj, dup(fd));
	close(fd);
	return err ? err : read_sections(obj);
}

static void object_build_id(struct object *obj, char id[BUILD_ID_LEN])
{
	const unsigned char *bytes;
	GElf_Addr addr;
	int len = dwfl_module_build_id(obj->mod, &bytes, &addr);

	id[0] = 0;
	if (len <= 0 || 2 * len >= BUILD_ID_LEN)
		return;
	for (int i = 0; i < len; i++)
		sprintf(id + 2 * i, "%02x", bytes[i]);
}

/* Is there debug information that can be read? As ukcov_image_debug(). */
static int check_debug(Elf *elf)
{
	Elf_Scn *scn = NULL;
	const char *name;
	GElf_Shdr sh;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return -ENODATA;
	while ((scn = elf_nextscn(elf, scn))) {
		name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;
		if (!name || (strcmp(name, ".debug_info") && strcmp(name, ".zdebug_info")))
			continue;
		if (sh.sh_type == SHT_NOBITS || !sh.sh_size)
			return -ENODATA;
		/* libdw 0.188 says nothing of zstd, and finds nothing. */
		if (sh.sh_flags & SHF_COMPRESSED && elf_compress(scn, 0, 0) < 0)
			return -EPROTONOSUPPORT;
		return 1;
	}
	return -ENODATA;
}

/* Symbols. */

/* The string table that @name is in, up to its last 0. */
static bool find_names(struct object *obj, const char *name)
{
	Elf_Scn *scn = NULL;
	Elf_Data *data;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(obj->elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_STRTAB)
			continue;
		data = elf_getdata(scn, NULL);
		if (!data || !data->d_buf || name < (char *)data->d_buf ||
		    name >= (char *)data->d_buf + data->d_size)
			continue;
		obj->names = data->d_buf;
		obj->names_end = obj->names + data->d_size;
		while (obj->names_end > obj->names && obj->names_end[-1])
			obj->names_end--;
		return true;
	}
	return false;
}

const char *ukcov__symbol(struct object *obj, int i, GElf_Sym *sym, GElf_Addr *addr,
			  GElf_Word *section)
{
	const char *name = dwfl_module_getsym_info(obj->mod, i, sym, addr, section, NULL, NULL);

	if (!name)
		return NULL;
	if ((name < obj->names || name >= obj->names_end) && !find_names(obj, name))
		return NULL;
	return name < obj->names_end ? name : NULL;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* An address may have several names. The best one, 0, is that of a global function. */
static unsigned char symbol_rank(const GElf_Sym *sym)
{
	unsigned char rank = GELF_ST_BIND(sym->st_info) == STB_GLOBAL ? 0 :
			     GELF_ST_BIND(sym->st_info) == STB_WEAK ? 1 : 2;

	return GELF_ST_TYPE(sym->st_info) == STT_FUNC ? rank : rank + 3;
}

static bool is_code_symbol(const GElf_Sym *sym, const char *name)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);

	/* $x and the like of arm64 mark code and data. */
	return name && name[0] && name[0] != '$' && (type == STT_FUNC || type == STT_NOTYPE);
}

static int add_symbol(struct object *obj, const GElf_Sym *sym, GElf_Addr addr, const char *name)
{
	struct section *sec = ukcov__find_section(obj, addr);
	struct symbol *s;

	if (!sec || !is_code_symbol(sym, name))
		return 0;
	if (ukcov__grow((void **)&obj->symbols, &obj->symbols_room, obj->n_symbols, sizeof(*s)))
		return -ENOMEM;
	s = &obj->symbols[obj->n_symbols++];
	s->addr = addr;
	s->size = sym->st_size;
	s->rank = symbol_rank(sym);
	s->name = name;
	return 0;
}

int ukcov__read_symbols(struct object *obj)
{
	int n, err = 0;

	if (obj->has_symbols || !obj->mod)
		return 0;
	n = dwfl_module_getsymtab(obj->mod);
	for (int i = 1; !err && i < n; i++) {
		GElf_Addr addr;
		GElf_Word shndx;
		GElf_Sym sym;
		const char *name = ukcov__symbol(obj, i, &sym, &addr, &shndx);

		if (name && shndx != SHN_UNDEF && shndx != SHN_ABS)
			err = add_symbol(obj, &sym, addr, name);
	}
	if (err)
		return err;
	if (obj->n_symbols)
		qsort(obj->symbols, obj->n_symbols, sizeof(*obj->symbols), compare_symbols);
	obj->has_symbols = true;
	return 0;
}

const struct symbol *ukcov__find_symbol(struct object *obj, uint64_t addr)
{
	size_t low = 0, high = obj->n_symbols;
	const struct symbol *s;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (obj->symbols[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	s = &obj->symbols[low - 1];
	while (s > obj->symbols && s[-1].addr == s->addr)
		s--;
	/* One of assembly may have no size: it goes up to the next one, in its section. */
	if (s->size ? addr - s->addr >= s->size :
	    ukcov__find_section(obj, addr) != ukcov__find_section(obj, s->addr))
		return NULL;
	return s;
}

struct section *ukcov__find_section(const struct object *obj, uint64_t addr)
{
	size_t low = 0, high = obj->n_sections;
	struct section *s;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (obj->sections[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	s = &obj->sections[low - 1];
	return addr - s->addr < s->size ? s : NULL;
}

/* Where modules were. */

static const struct map_section *map_section(const struct map_module *m, const char *name)
{
	for (size_t i = 0; i < m->n_sections; i++)
		if (!strcmp(m->sections[i].name, name))
			return &m->sections[i];
	return NULL;
}

static int compare_index(const void *a, const void *b)
{
	const struct section *x = *(struct section *const *)a, *y = *(struct section *const *)b;

	return (x->index > y->index) - (x->index < y->index);
}

static uint64_t section_align(const struct object *obj, const struct section *s)
{
	GElf_Shdr sh;
	Elf_Scn *scn = elf_getscn(obj->elf, s->index);

	return scn && gelf_getshdr(scn, &sh) && sh.sh_addralign ? sh.sh_addralign : 1;
}

/* As the kernel lays a module's code out: one section behind the other, in their order. */
static int guess_sections(struct object *obj, uint64_t base)
{
	struct section **order = calloc(obj->n_sections, sizeof(*order));
	uint64_t addr = base, align;

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < obj->n_sections; i++)
		order[i] = &obj->sections[i];
	qsort(order, obj->n_sections, sizeof(*order), compare_index);
	for (size_t i = 0; i < obj->n_sections; i++) {
		if (order[i]->init)
			continue;
		align = section_align(obj, order[i]);
		addr = (addr + align - 1) / align * align;
		order[i]->shift = addr - order[i]->addr;
		order[i]->known = true;
		addr += order[i]->size;
	}
	free(order);
	return 0;
}

static int place_sections(struct object *obj, const struct map_module *m, uint64_t kaslr)
{
	const struct map_section *s;

	if (!m->n_sections)
		return guess_sections(obj, m->base - kaslr);
	for (size_t i = 0; i < obj->n_sections; i++) {
		s = map_section(m, obj->sections[i].name);
		if (!s)
			continue;
		obj->sections[i].shift = s->addr - kaslr - obj->sections[i].addr;
		obj->sections[i].known = true;
	}
	return 0;
}

/* Files of modules. */

struct candidate {
	char *module;		/* as the kernel writes the name */
	char *path;
	size_t number;
};

struct candidates {
	struct candidate *list;
	size_t n;
	size_t room;
};

static void free_candidates(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->list[i].module);
		free(c->list[i].path);
	}
	free(c->list);
}

/* "foo-bar.ko.xz" is the module foo_bar. */
static int add_candidate(struct candidates *c, const FTSENT *e)
{
	const char *name = e->fts_name, *end = strstr(name, ".ko");
	char *module, *path;

	if (!end || end == name || (end[3] && end[3] != '.'))
		return 0;
	module = strndup(name, end - name);
	path = strdup(e->fts_path);
	for (char *p = module; p && *p; p++)
		if (*p == '-')
			*p = '_';
	if (!module || !path || ukcov__grow((void **)&c->list, &c->room, c->n, sizeof(*c->list))) {
		free(module);
		free(path);
		return -ENOMEM;
	}
	c->list[c->n] = (struct candidate){ module, path, c->n };
	c->n++;
	return 0;
}

/* By name, those with the same name as they were found. */
static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = strcmp(x->module, y->module);

	return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* The first one that is not before @module. */
static size_t first_candidate(const struct candidates *c, const char *module)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(c->list[mid].module, module) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int find_candidates(struct candidates *c, const char *dir)
{
	char *dirs[] = { (char *)dir, NULL };
	/* @dir itself may be a link, as /lib/modules/RELEASE/build is. */
	FTS *fts = fts_open(dirs, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *e;
	int err = 0;

	if (!fts)
		return -errno;
	while (!err && (e = fts_read(fts)))
		if (e->fts_info == FTS_F || e->fts_info == FTS_NSOK)
			err = add_candidate(c, e);
	fts_close(fts);
	if (c->n)
		qsort(c->list, c->n, sizeof(*c->list), compare_candidates);
	return err;
}

static void forget(struct object *obj)
{
	if (obj->dwfl)
		dwfl_end(obj->dwfl);
	free(obj->sections);
	free(obj->path);
	obj->dwfl = NULL;
	obj->mod = NULL;
	obj->names = obj->names_end = NULL;
	obj->elf = NULL;
	obj->path = NULL;
	obj->sections = NULL;
	obj->n_sections = obj->sections_room = 0;
}

/* A file for @obj. 1: the right one, with debug information; 0: the right one; or -errno. */
static int try_candidate(struct object *obj, const struct map_module *m, const char *path)
{
	char id[BUILD_ID_LEN];
	int err;

	obj->path = strdup(path);
	if (!obj->path)
		return -ENOMEM;
	err = open_object(obj);
	if (err)
		return err;
	object_build_id(obj, id);
	/* Debug kernels may be built without ids of modules. */
	if (m->build_id[0] && id[0] && strcmp(m->build_id, id))
		return -ESTALE;
	obj->debug = check_debug(obj->elf);
	return obj->debug > 0;
}

/* Two files are right if one is stripped: that with debug information is better. */
static int open_module(struct object *obj, const struct map_module *m,
		       const struct candidates *c)
{
	char *good = NULL;
	int err = -ENOENT, ret = 0;

	for (size_t i = first_candidate(c, obj->name); i < c->n && ret <= 0; i++) {
		if (strcmp(c->list[i].module, obj->name))
			break;
		forget(obj);
		ret = try_candidate(obj, m, c->list[i].path);
		if (ret == -ENOMEM)
			break;
		if (ret == 0 && !good)
			good = c->list[i].path;
		if (ret < 0 && err != -ESTALE)
			err = ret;
	}
	if (ret > 0)
		return 0;
	forget(obj);
	if (ret != -ENOMEM && good)
		return try_candidate(obj, m, good) < 0 ? -ENOMEM : 0;
	return ret == -ENOMEM ? ret : err;
}

/* The symbol _text of vmlinux, where the map's is less the offset of KASLR. */
static uint64_t kaslr_offset(struct ukcov_image *img, const struct ukcov_map *map)
{
	struct object *obj = &img->objects[0];

	if (!map->text)
		return 0;
	for (int i = 1, n = dwfl_module_getsymtab(obj->mod); i < n; i++) {
		GElf_Sym sym;
		GElf_Addr addr;
		const char *name = ukcov__symbol(obj, i, &sym, &addr, NULL);

		if (name && !strcmp(name, "_text"))
			return map->text - addr;
	}
	return 0;
}

static int add_module(struct ukcov_image *img, const struct map_module *m,
		      const struct candidates *c, uint64_t kaslr)
{
	struct object *obj = &img->objects[img->n_objects];
	int err;

	obj->img = img;
	obj->name = strdup(m->name);
	if (!obj->name)
		return -ENOMEM;
	img->n_objects++;
	obj->base = m->base - kaslr;
	obj->size = m->size;
	err = open_module(obj, m, c);
	if (!err)
		err = place_sections(obj, m, kaslr);
	obj->error = err;
	return err == -ENOMEM ? err : 0;
}

static int add_modules(struct ukcov_image *img, const struct ukcov_map *map, const char *dir)
{
	struct candidates c = { 0 };
	uint64_t kaslr = kaslr_offset(img, map);
	int err = dir ? find_candidates(&c, dir) : 0;

	for (size_t i = 0; !err && i < map->n_modules; i++)
		err = add_module(img, &map->modules[i], &c, kaslr);
	free_candidates(&c);
	return err;
}

/* Looking up. */

static int compare_ranges(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int add_ranges(struct ukcov_image *img, struct object *obj)
{
	for (size_t i = 0; i < obj->n_sections; i++) {
		struct section *s = &obj->sections[i];
		struct code_range r = { .obj = obj, .section = s };

		r.start = s->addr + s->shift;
		r.end = r.start + s->size;
		if (!s->known || r.end < r.start)
			continue;
		if (s->init)
			img->init[img->n_init++] = r;
		else
			img->ranges[img->n_ranges++] = r;
	}
	return 0;
}

static int sort_ranges(struct ukcov_image *img)
{
	size_t n = 0;

	for (size_t i = 0; i < img->n_objects; i++)
		n += img->objects[i].n_sections;
	img->ranges = calloc(n, sizeof(*img->ranges));
	img->init = calloc(n, sizeof(*img->init));
	if (!img->ranges || !img->init)
		return -ENOMEM;
	for (size_t i = 0; i < img->n_objects; i++)
		add_ranges(img, &img->objects[i]);
	qsort(img->ranges, img->n_ranges, sizeof(*img->ranges), compare_ranges);
	qsort(img->init, img->n_init, sizeof(*img->init), compare_ranges);
	return 0;
}

static const struct code_range *find_range(const struct code_range *ranges, size_t n,
					   uint64_t addr)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (ranges[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && addr < ranges[low - 1].end ? &ranges[low - 1] : NULL;
}

const struct code_range *ukcov__image_code(const struct ukcov_image *img, uint64_t addr)
{
	const struct code_range *r = find_range(img->ranges, img->n_ranges, addr);

	/* What stays comes first: code for init is freed, its address is in sysfs still. */
	return r ? r : find_range(img->init, img->n_init, addr);
}

static int open_vmlinux(struct ukcov_image *img, const char *path, const struct ukcov_map *map)
{
	struct object *obj = &img->objects[0];
	int err;

	obj->img = img;
	img->n_objects = 1;
	obj->path = strdup(path);
	if (!obj->path)
		return -ENOMEM;
	err = open_object(obj);
	if (err)
		return err;
	object_build_id(obj, img->build_id);
	if (map && map->build_id[0] && !(img->flags & UKCOV_ANY_BUILD_ID) &&
	    strcmp(map->build_id, img->build_id))
		return -ESTALE;
	obj->debug = check_debug(obj->elf);
	return 0;
}

static int open_all(struct ukcov_image *img, const char *vmlinux, const struct ukcov_map *map,
		    const char *dir)
{
	int err;

	img->objects = calloc(1 + (map ? map->n_modules : 0), sizeof(*img->objects));
	if (!img->objects)
		return -ENOMEM;
	err = open_vmlinux(img, vmlinux, map);
	if (!err && map)
		err = add_modules(img, map, dir);
	return err ? err : sort_ranges(img);
}

int ukcov_image_open(struct ukcov_image **img, const char *vmlinux, const struct ukcov_map *map,
		     const char *dir, unsigned int flags)
{
	int err = -ENOMEM;

	*img = NULL;
	if (flags & ~(UKCOV_ANY_BUILD_ID | UKCOV_NO_DEBUG))
		return -EINVAL;
	*img = calloc(1, sizeof(**img));
	if (*img) {
		(*img)->flags = flags;
		err = open_all(*img, vmlinux, map, dir);
	}
	if (err) {
		ukcov_image_close(*img);
		*img = NULL;
	}
	return err;
}

void ukcov_image_close(struct ukcov_image *img)
{
	if (!img)
		return;
	for (size_t i = 0; i < img->n_objects; i++)
		close_object(&img->objects[i]);
	free(img->objects);
	free(img->ranges);
	free(img->init);
	free(img->sites);
	free(img->root);
	free(img->build_root);
	strings_free(&img->strings);
	free(img);
}

const char *ukcov_image_build_id(const struct ukcov_image *img)
{
	return img->build_id;
}

int ukcov_image_visit_modules(struct ukcov_image *img,
			      int (*visit)(void *arg, const struct ukcov_module *module),
			      void *arg)
{
	int err = 0;

	for (size_t i = 1; !err && i < img->n_objects; i++) {
		const struct object *obj = &img->objects[i];
		int error = obj->error ? : obj->debug < 0 ? obj->debug : 0;
		struct ukcov_module m = { obj->name, obj->path, obj->base, obj->size, error };

		err = visit(arg, &m);
	}
	return err;
}
