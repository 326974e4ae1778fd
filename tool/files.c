// SPDX-License-Identifier: MIT
/* Files of PCs, with messages. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char *read_error(int err)
{
	switch (err) {
	case -EILSEQ:
		return "not a number: is this a file of 'ukcov run -o'?";
	case -EBADMSG:
		return "the file is cut off: collect it again";
	}
	return strerror(-err);
}

/* A file of 'ukcov run -m cmp' is text of its own. */
static bool holds_comparisons(const char *path)
{
	char line[256];
	bool is = false;
	FILE *f = fopen(path, "re");

	while (f && !is && fgets(line, sizeof(line), f) && line[0] == '#')
		is = !strcmp(line, "# mode: cmp\n");
	if (f)
		fclose(f);
	return is;
}

struct ukcov_set *read_set(const char *path)
{
	const char *from = strcmp(path, "-") ? path : "/dev/stdin";
	struct ukcov_set *set;
	size_t line = 0;
	int err;

	err = ukcov_set_read(&set, from, &line);
	if (!err)
		return set;
	if (err == -EILSEQ && holds_comparisons(path)) {
		say("%s: it holds comparisons, which are no PCs: collect with -m pc", path);
		return NULL;
	}
	if (line)
		say("%s: line %zu: %s", path, line, read_error(err));
	else
		say("%s: %s", path, read_error(err));
	return NULL;
}

int write_set(struct ukcov_set *set, const char *path)
{
	int err;

	if (strcmp(path, "-"))
		err = ukcov_set_write(set, path);
	else
		err = ukcov_set_write_fd(set, 1);
	if (err)
		say("%s: cannot write it: %s%s", path, strerror(-err),
		    strcmp(path, "-") && !is_special(path) ? "; what was there is as it was" : "");
	return err;
}

bool same_kernel(const struct ukcov_set *a, const struct ukcov_set *b)
{
	static const char *const keys[] = { "build-id", "release" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *x = ukcov_set_get(a, keys[i]), *y = ukcov_set_get(b, keys[i]);

		if (x && y)
			return !strcmp(x, y);
	}
	return true;
}

const char *set_mode(const struct ukcov_set *set)
{
	const char *mode = ukcov_set_get(set, "mode");

	return mode ? mode : "pc";
}

bool is_edges(const struct ukcov_set *set)
{
	return !strcmp(set_mode(set), "edge");
}

/* What is known of all: of the second file only what does not contradict the first. */
static void merge_headers(struct ukcov_set *set, struct ukcov_set *other)
{
	const char *a = ukcov_set_get(set, "dropped"), *b = ukcov_set_get(other, "dropped");
	char text[32];

	if (strcmp(set_mode(set), set_mode(other)))
		ukcov_set_put(set, "mode", "pc");
	if (!b)
		return;
	if (!a || !strcmp(b, "unknown")) {
		ukcov_set_put(set, "dropped", b);
	} else if (strcmp(a, "unknown")) {
		snprintf(text, sizeof(text), "%llu", strtoull(a, NULL, 10) + strtoull(b, NULL, 10));
		ukcov_set_put(set, "dropped", text);
	}
}

int comparable(struct ukcov_set *set, const char *first, struct ukcov_set *other, const char *path,
	       const struct kernel_options *o)
{
	if (!o->force && !same_kernel(set, other)) {
		say("%s and %s come from different kernels (%s and %s): their PCs mean different code",
		    first, path, kernel_name(set), kernel_name(other));
		return -ESTALE;
	}
	if (is_edges(set) != is_edges(other)) {
		say("%s has %s, %s has %s: that is not the same kind of number", first,
		    is_edges(set) ? "edges" : "PCs", path, is_edges(other) ? "edges" : "PCs");
		return -EINVAL;
	}
	return align_modules(set, first, other, path, o->vmlinux);
}

static int merge_into(struct ukcov_set *set, const char *first, struct ukcov_set *other,
		      const char *path, const struct kernel_options *o)
{
	int err = comparable(set, first, other, path, o);

	if (err)
		return err;
	merge_headers(set, other);
	return ukcov_set_merge(set, other);
}

const char *kernel_name(const struct ukcov_set *set)
{
	const char *id = ukcov_set_get(set, "build-id"), *rel = ukcov_set_get(set, "release");
	static char bufs[2][160];
	static int turn;
	char *p = bufs[turn++ % 2];

	if (!id && !rel)
		return "unknown";
	snprintf(p, sizeof(bufs[0]), "%s%s%.12s", rel ? rel : "", id ? " build " : "",
		 id ? id : "");
	return p;
}

struct ukcov_set *read_sets(char **paths, int n, const struct kernel_options *o)
{
	struct ukcov_set *all = read_set(paths[0]), *one;

	for (int i = 1; all && i < n; i++) {
		one = read_set(paths[i]);
		if (!one || merge_into(all, paths[0], one, paths[i], o)) {
			ukcov_set_free(all);
			all = NULL;
		}
		ukcov_set_free(one);
	}
	return all;
}

int copy_map(const char *from, const char *to)
{
	char *a, *b;
	struct ukcov_map *map;
	int err;

	if (!strcmp(from, "-") || !strcmp(to, "-") || is_special(to) || !strcmp(from, to))
		return 0;
	a = xasprintf("%s.map", from);
	b = xasprintf("%s.map", to);
	err = ukcov_map_read(&map, a, NULL);
	if (!err) {
		err = ukcov_map_write(map, b);
		if (err)
			say("%s: cannot write it: %s", b, strerror(-err));
		ukcov_map_free(map);
	} else {
		/* No modules then. */
		err = 0;
	}
	free(a);
	free(b);
	return err;
}
