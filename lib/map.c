// SPDX-License-Identifier: MIT
/*
 * Where a kernel and its modules lie. A file of it is a copy of /proc/modules with what
 * else is known in comments, so that the two can be read by the same code.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "internal.h"
#include "map.h"
#include "ukcov.h"

#define MAGIC	"# ukcov map 1\n"

static void free_module(struct map_module *m)
{
	for (size_t i = 0; i < m->n_sections; i++)
		free(m->sections[i].name);
	free(m->sections);
	free(m->name);
}

void ukcov_map_free(struct ukcov_map *map)
{
	if (!map)
		return;
	for (size_t i = 0; i < map->n_modules; i++)
		free_module(&map->modules[i]);
	free(map->modules);
	free(map);
}

const char *ukcov_map_release(const struct ukcov_map *map)
{
	return map->release;
}

const char *ukcov_map_build_id(const struct ukcov_map *map)
{
	return map->build_id;
}

void ukcov_map_set_text(struct ukcov_map *map, uint64_t addr)
{
	map->text = addr;
}

static int add_module(struct ukcov_map *map, const char *name, uint64_t base, uint64_t size)
{
	struct map_module *m;

	if (ukcov__grow((void **)&map->modules, &map->room, map->n_modules, sizeof(*m)))
		return -ENOMEM;
	m = &map->modules[map->n_modules];
	memset(m, 0, sizeof(*m));
	m->name = strdup(name);
	if (!m->name)
		return -ENOMEM;
	m->base = base;
	m->size = size;
	map->n_modules++;
	return 0;
}

static int add_section(struct map_module *m, const char *name, uint64_t addr)
{
	struct map_section *s;

	if (ukcov__grow((void **)&m->sections, &m->room, m->n_sections, sizeof(*s)))
		return -ENOMEM;
	s = &m->sections[m->n_sections];
	s->name = strdup(name);
	if (!s->name)
		return -ENOMEM;
	s->addr = addr;
	m->n_sections++;
	return 0;
}

/* A file that is read. Modules are found in a tree, as a hostile file may name many. */
struct reader {
	struct ukcov_map *map;
	void *names;
};

/* A module in the tree: of two with one name, the last one. */
struct name {
	const char *name;
	size_t index;
};

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Of the module that was added last. */
static int add_name(struct reader *r)
{
	size_t last = r->map->n_modules - 1;
	struct name *name = malloc(sizeof(*name)), **in_tree;

	if (!name)
		return -ENOMEM;
	*name = (struct name){ r->map->modules[last].name, last };
	in_tree = tsearch(name, &r->names, compare_names);
	if (in_tree && *in_tree != name)
		(*in_tree)->index = last;
	if (!in_tree || *in_tree != name)
		free(name);
	return in_tree ? 0 : -ENOMEM;
}

static struct map_module *find_module(const struct reader *r, const char *name)
{
	struct name key = { .name = name }, **found = tfind(&key, &r->names, compare_names);

	return found ? &r->map->modules[(*found)->index] : NULL;
}

/* A line of /proc/modules: name, size, users, names of users, state, address. */
static int parse_module(struct reader *r, char *line)
{
	char *field[6], *save = NULL, *end;
	uint64_t base, size;
	int err;

	if (r->map->n_modules == UKCOV_MAX_MODULES)
		return -E2BIG;
	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = strtok_r(i ? NULL : line, " \t", &save);
		if (!field[i])
			return -EILSEQ;
	}
	size = strtoull(field[1], &end, 10);
	if (*end || strncmp(field[5], "0x", 2) || !ukcov__parse_hex(field[5], &base))
		return -EILSEQ;
	/* Nothing can be that large; and sums must not wrap. */
	if (size > UINT32_MAX || base > UINT64_MAX - size)
		return -EILSEQ;
	err = add_module(r->map, field[0], base, size);
	return err ? err : add_name(r);
}

static int copy_text(char *to, size_t room, const char *from)
{
	if (!from || strlen(from) >= room)
		return -EILSEQ;
	strcpy(to, from);
	return 0;
}

/* "section MODULE NAME ADDRESS" or "build-id MODULE ID", behind the module's line. */
static int parse_module_comment(const struct reader *r, const char *what, char *save)
{
	char *name = strtok_r(NULL, " ", &save), *value = strtok_r(NULL, " ", &save);
	char *addr = strtok_r(NULL, " ", &save);
	struct map_module *m = name ? find_module(r, name) : NULL;
	uint64_t number;

	if (!m || !value)
		return -EILSEQ;
	if (!strcmp(what, "module-build-id"))
		return copy_text(m->build_id, sizeof(m->build_id), value);
	if (!addr || !ukcov__parse_hex(addr, &number))
		return -EILSEQ;
	return add_section(m, value, number);
}

static int parse_comment(const struct reader *r, char *line)
{
	struct ukcov_map *map = r->map;
	char *save = NULL, *what = strtok_r(line + 1, " ", &save), *value;

	if (!what)
		return 0;
	if (!strcmp(what, "section") || !strcmp(what, "module-build-id"))
		return parse_module_comment(r, what, save);
	value = strtok_r(NULL, " ", &save);
	if (!strcmp(what, "release"))
		return copy_text(map->release, sizeof(map->release), value);
	if (!strcmp(what, "build-id"))
		return copy_text(map->build_id, sizeof(map->build_id), value);
	if (!strcmp(what, "text"))
		return value && ukcov__parse_hex(value, &map->text) ? 0 : -EILSEQ;
	return 0;
}

/* Without permission /proc/modules has zeroes instead of addresses. */
static int check_addresses(const struct ukcov_map *map)
{
	for (size_t i = 0; i < map->n_modules; i++)
		if (map->modules[i].base)
			return 0;
	return map->n_modules ? -EACCES : 0;
}

static int parse(struct ukcov_map *map, char *text, size_t len, size_t *number)
{
	struct lines lines = { .next = text, .end = text + len };
	struct reader r = { .map = map };
	char *line;
	int err = 0;

	while (!err && (line = ukcov__next_line(&lines))) {
		*number = lines.number;
		if (lines.cut)
			err = -EILSEQ;
		else if (line[0] == '#')
			err = parse_comment(&r, line);
		else if (line[0])
			err = parse_module(&r, line);
	}
	tdestroy(r.names, free);
	if (!err)
		*number = 0;
	return err ? err : check_addresses(map);
}

/* Takes @text apart. */
static int parse_new(struct ukcov_map **map, char *text, size_t len, size_t *line)
{
	size_t number = 0;
	int err = -ENOMEM;

	*map = calloc(1, sizeof(**map));
	if (*map)
		err = parse(*map, text, len, &number);
	if (err) {
		ukcov_map_free(*map);
		*map = NULL;
	}
	if (line)
		*line = number;
	return err;
}

int ukcov_map_parse(struct ukcov_map **map, const char *text, size_t len, size_t *line)
{
	char *copy = malloc(len + 1);
	int err;

	*map = NULL;
	if (line)
		*line = 0;
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = 0;
	err = parse_new(map, copy, len, line);
	free(copy);
	return err;
}

int ukcov_map_read(struct ukcov_map **map, const char *path, size_t *line)
{
	char *text;
	size_t len;
	int err;

	*map = NULL;
	if (line)
		*line = 0;
	err = ukcov__read_file(path, &text, &len);
	if (err)
		return err;
	err = parse_new(map, text, len, line);
	free(text);
	return err;
}

/* The running kernel. */

/* Where _text is. KASLR moves it, and KCOV subtracts by how much. */
static int read_text(struct ukcov_map *map)
{
	char type, name[128];
	uint64_t addr;
	FILE *f = fopen("/proc/kallsyms", "re");

	/* A kernel without it cannot be randomized and traced by names either. */
	if (!f)
		return errno == ENOENT ? 0 : -errno;
	while (fscanf(f, "%" SCNx64 " %c %127s%*[^\n]", &addr, &type, name) == 3) {
		if (strcmp(name, "_text"))
			continue;
		map->text = addr;
		fclose(f);
		return addr ? 0 : -EACCES;
	}
	fclose(f);
	return 0;
}

/* /sys/module/MODULE/sections/SECTION: an address. */
static int read_section(struct map_module *m, const char *dir, const char *name)
{
	uint64_t addr;
	char *path, *text, *end;
	size_t len;
	int err;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	err = ukcov__read_file(path, &text, &len);
	free(path);
	if (err)
		return err == -EACCES || err == -EPERM ? 0 : err;
	end = strchrnul(text, '\n');
	*end = 0;
	err = ukcov__parse_hex(text, &addr) && addr ? add_section(m, name, addr) : 0;
	free(text);
	return err;
}

static int read_sections(struct map_module *m)
{
	struct dirent *e;
	char *path;
	int err = 0;
	DIR *dir;

	if (asprintf(&path, "/sys/module/%s/sections", m->name) < 0)
		return -ENOMEM;
	dir = opendir(path);
	while (dir && !err && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			err = read_section(m, path, e->d_name);
	if (dir)
		closedir(dir);
	free(path);
	return err;
}

static int read_module_id(struct map_module *m)
{
	char *path, *notes;
	size_t len;

	if (asprintf(&path, "/sys/module/%s/notes/.note.gnu.build-id", m->name) < 0)
		return -ENOMEM;
	if (!ukcov__read_file(path, &notes, &len)) {
		ukcov__build_id(notes, len, m->build_id);
		free(notes);
	}
	free(path);
	return 0;
}

/* Modules may come and go meanwhile: what is gone has no sections. */
static int read_modules(struct ukcov_map *map)
{
	int err = 0;

	for (size_t i = 0; !err && i < map->n_modules; i++) {
		err = read_sections(&map->modules[i]);
		if (err == -ENOENT || err == -ENODEV)
			err = 0;
		if (!err)
			err = read_module_id(&map->modules[i]);
	}
	return err;
}

int ukcov_map_live(struct ukcov_map **map)
{
	struct utsname un;
	int err;

	err = ukcov_map_read(map, "/proc/modules", NULL);
	if (err == -ENOENT)
		err = ukcov_map_parse(map, "", 0, NULL);
	if (err)
		return err;
	if (!uname(&un))
		snprintf((*map)->release, sizeof((*map)->release), "%s", un.release);
	ukcov__kernel_build_id((*map)->build_id);
	err = read_text(*map);
	if (!err)
		err = read_modules(*map);
	if (err) {
		ukcov_map_free(*map);
		*map = NULL;
	}
	return err;
}

/* Writing. */

static void print_module(FILE *f, const struct map_module *m)
{
	fprintf(f, "%s %" PRIu64 " 0 - Live 0x%016" PRIx64 "\n", m->name, m->size, m->base);
	if (m->build_id[0])
		fprintf(f, "# module-build-id %s %s\n", m->name, m->build_id);
	for (size_t i = 0; i < m->n_sections; i++)
		fprintf(f, "# section %s %s 0x%016" PRIx64 "\n", m->name, m->sections[i].name,
			m->sections[i].addr);
}

static int format(const struct ukcov_map *map, char **text, size_t *len)
{
	FILE *f = open_memstream(text, len);
	bool failed;

	if (!f)
		return -ENOMEM;
	fputs(MAGIC, f);
	if (map->release[0])
		fprintf(f, "# release %s\n", map->release);
	if (map->build_id[0])
		fprintf(f, "# build-id %s\n", map->build_id);
	if (map->text)
		fprintf(f, "# text 0x%016" PRIx64 "\n", map->text);
	for (size_t i = 0; i < map->n_modules; i++)
		print_module(f, &map->modules[i]);
	failed = ferror(f);
	if (fclose(f) || failed) {
		free(*text);
		return -ENOMEM;
	}
	return 0;
}

int ukcov_map_write(const struct ukcov_map *map, const char *path)
{
	char *text;
	size_t len;
	int err = format(map, &text, &len);

	if (err)
		return err;
	err = ukcov__replace_file(path, text, len);
	free(text);
	return err;
}
