// SPDX-License-Identifier: MIT
/*
 * Each allocation of the library fails once: -ENOMEM, or all is as it was, never less. Linked
 * with --wrap, so that those of elfutils and of libc do not fail.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "ukcov.h"

/* The allocation that fails, counted from 0; negative: none. */
static long countdown = -1;

static bool fails(void)
{
	if (countdown < 0 || countdown--)
		return false;
	errno = ENOMEM;
	return true;
}

#define WRAP(type, name, parameters, ...) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters { return fails() ? NULL : __real_##name(__VA_ARGS__); }

WRAP(void *, malloc, (size_t size), size)
WRAP(void *, calloc, (size_t n, size_t size), n, size)
WRAP(void *, realloc, (void *p, size_t size), p, size)
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), p, n, size)
WRAP(char *, strdup, (const char *s), s)
WRAP(char *, strndup, (const char *s, size_t n), s, n)

int __wrap_asprintf(char **s, const char *format, ...);
int __wrap_asprintf(char **s, const char *format, ...)
{
	va_list args;
	int n;

	if (fails())
		return -1;
	va_start(args, format);
	n = vasprintf(s, format, args);
	va_end(args);
	return n;
}

static uint64_t sum_text(const char *s)
{
	uint64_t sum = 5381;

	while (s && *s)
		sum = sum * 33 + *s++;
	return sum;
}

static int add_frames(void *arg, uint64_t pc, const struct ukcov_frame *f, size_t count)
{
	uint64_t *sum = arg;

	*sum = *sum * 31 + pc + count;
	for (size_t i = 0; i < count; i++)
		*sum = *sum * 31 + f[i].line + f[i].function_line + f[i].flags +
		       sum_text(f[i].function) + 3 * sum_text(f[i].file) + 5 * sum_text(f[i].module);
	return 0;
}

static int add_function(void *arg, const struct ukcov_function *f)
{
	uint64_t *sum = arg;

	*sum = *sum * 31 + f->low + f->high + f->line + sum_text(f->name) + sum_text(f->file);
	return 0;
}

static int add_module(void *arg, const struct ukcov_module *m)
{
	uint64_t *sum = arg;

	*sum = *sum * 31 + m->error + sum_text(m->name);
	return 0;
}

static char *path_of(const char *name)
{
	static char path[2][4096];
	static int i;

	i = !i;
	snprintf(path[i], sizeof(path[i]), "%s/%s", getenv("UKCOV_OBJECTS") ? : "build/lib/objects",
		 name);
	return path[i];
}

/* All that can be asked of an image, as one number. */
static int look(const char *name, uint64_t *sum)
{
	static const char map_text[] = "# build-id: 0\nmod 16384 0 - Live 0xc0000000\n"
		"# section mod .text 0xc0000000\n";
	struct ukcov_image *img = NULL;
	struct ukcov_map *map = NULL;
	struct ukcov_set *set = NULL;
	const uint64_t *pcs;
	size_t n;
	int err = ukcov_map_parse(&map, map_text, strlen(map_text), NULL);

	*sum = 0;
	err = err ? : ukcov_image_open(&img, path_of(name), map, path_of("modules"),
				       UKCOV_ANY_BUILD_ID);
	err = err ? : ukcov_set_new(&set);
	err = err ? : ukcov_image_coverable(img, set);
	if (!err) {
		pcs = ukcov_set_words(set, &n);
		err = ukcov_image_find_all(img, pcs, n, add_frames, sum);
	}
	err = err ? : ukcov_image_visit_functions(img, add_function, sum);
	err = err ? : ukcov_image_visit_modules(img, add_module, sum);
	if (!err)
		*sum += ukcov_image_debug(img) + sum_text(ukcov_image_root(img));
	ukcov_image_close(img);
	ukcov_map_free(map);
	ukcov_set_free(set);
	return err;
}

static void test_image(const char *name)
{
	uint64_t want, sum;
	long n = 0, refused = 0;
	int err;

	CHECK(!look(name, &want) && want);
	for (bool all = false; !all; n++) {
		countdown = n;
		err = look(name, &sum);
		all = countdown >= 0;
		countdown = -1;
		if (err != -ENOMEM && (err || sum != want))
			tap_diag("%s: allocation %ld: %d, %s", name, n, err,
				 sum == want ? "the same" : "another result");
		CHECK(err == -ENOMEM || (!err && sum == want));
		refused += !!err;
	}
	CHECK(n > 50 && refused > n / 2);
	tap_result("%s: each of %ld allocations fails: -ENOMEM for %ld, all is there for the rest",
		   name, n - 1, refused);
}

int main(void)
{
	test_image("gcc");
	test_image("lto");
	test_image("clang");
	return tap_done();
}
