// SPDX-License-Identifier: MIT
/*
 * Modules that are loaded once more, or after another boot, lie elsewhere. The PCs of one file
 * are moved to where its modules were when another was collected.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

struct module {
	char *name;
	uint64_t base, size;
	size_t lost;	/* PCs that have no place in the other file */
};

struct modules {
	struct module *list;
	size_t n;
};

static int add(void *arg, const struct ukcov_module *m)
{
	struct modules *all = arg;

	all->list = xrealloc(all->list, (all->n + 1) * sizeof(*all->list));
	all->list[all->n++] = (struct module){ xstrdup(m->name), m->base, m->size, 0 };
	return 0;
}

static void free_modules(struct modules *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->list[i].name);
	free(all->list);
}

/* Where modules were when @set, of the file @path, was collected, as KCOV reports it. */
static int find(const struct ukcov_set *set, const char *path, const char *given,
		struct modules *all)
{
	struct ukcov_map *map = saved_map(path);
	struct ukcov_image *img;
	char *vmlinux;
	int err;

	if (!map)
		return 0;
	vmlinux = find_vmlinux(given, ukcov_set_get(set, "vmlinux"), ukcov_set_get(set, "release"),
			       ukcov_set_get(set, "build-id"));
	err = vmlinux ? ukcov_image_open(&img, vmlinux, map, NULL, UKCOV_ANY_BUILD_ID | UKCOV_NO_DEBUG) :
		-ENOENT;
	if (!err) {
		ukcov_image_visit_modules(img, add, all);
		ukcov_image_close(img);
	}
	free(vmlinux);
	ukcov_map_free(map);
	return err;
}

static bool same_modules(const struct modules *a, const struct modules *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->list[i].name, b->list[i].name) || a->list[i].base != b->list[i].base)
			return false;
	return true;
}

static struct module *module_at(const struct modules *all, uint64_t pc)
{
	for (size_t i = 0; i < all->n; i++)
		if (pc >= all->list[i].base && pc - all->list[i].base < all->list[i].size)
			return &all->list[i];
	return NULL;
}

static const struct module *module_named(const struct modules *all, const char *name)
{
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->list[i].name, name))
			return &all->list[i];
	return NULL;
}

/* Those of @b in modules: away, and what they are in @a's. */
static int move(struct ukcov_set *set, const struct modules *a, const struct modules *b)
{
	struct ukcov_set *away = NULL, *moved = NULL;
	const struct module *to;
	struct module *from;
	const uint64_t *pcs;
	size_t n;
	int err;

	err = ukcov_set_new(&away);
	if (!err)
		err = ukcov_set_new(&moved);
	pcs = ukcov_set_words(set, &n);
	for (size_t i = 0; !err && i < n; i++) {
		from = module_at(b, pcs[i]);
		if (!from)
			continue;
		err = ukcov_set_add(away, pcs[i]);
		to = module_named(a, from->name);
		if (to && !err)
			err = ukcov_set_add(moved, pcs[i] - from->base + to->base);
		from->lost += !to;
	}
	if (!err) {
		ukcov_set_subtract(set, away);
		err = ukcov_set_merge(set, moved);
	}
	ukcov_set_free(away);
	ukcov_set_free(moved);
	return err;
}

int align_modules(const struct ukcov_set *a, const char *a_path, struct ukcov_set *b,
		  const char *b_path, const char *vmlinux)
{
	struct modules of_a = { 0 }, of_b = { 0 };
	int err;

	err = find(b, b_path, vmlinux, &of_b);
	if (!err && of_b.n)
		err = find(a, a_path, vmlinux, &of_a);
	if (err)
		say("%s and %s: no vmlinux was found, so where their modules were cannot be compared: give it by $UKCOV_VMLINUX",
		    a_path, b_path);
	else if (of_b.n && !same_modules(&of_a, &of_b))
		err = move(b, &of_a, &of_b);
	for (size_t i = 0; !err && i < of_b.n; i++)
		if (of_b.list[i].lost)
			say("module %s was not loaded when %s was collected: %s PCs of it in %s are left out; name that file first to keep them",
			    of_b.list[i].name, a_path, number(of_b.list[i].lost), b_path);
	free_modules(&of_a);
	free_modules(&of_b);
	return err;
}
