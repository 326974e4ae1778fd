// SPDX-License-Identifier: MIT
/* For libFuzzer: files of PCs and maps. What is read is written and read again. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ukcov.h"

static void check(int good)
{
	if (!good)
		abort();
}

/* Through a descriptor, and back. */
static struct ukcov_set *again(struct ukcov_set *set)
{
	int fd = memfd_create("set", 0);
	struct ukcov_set *copy;
	char *text;
	off_t len;

	check(fd >= 0 && !ukcov_set_write_fd(set, fd));
	len = lseek(fd, 0, SEEK_END);
	text = malloc(len);
	check(text && pread(fd, text, len, 0) == len);
	check(!ukcov_set_parse(&copy, text, len, NULL));
	free(text);
	close(fd);
	return copy;
}

static int same_value(void *arg, const char *key, const char *value)
{
	const char *other = ukcov_set_get(arg, key);

	check(other && !strcmp(other, value));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct ukcov_set_diff d;
	struct ukcov_set *set, *copy;
	struct ukcov_map *map;
	size_t line;

	if (!ukcov_set_parse(&set, (const char *)data, len, &line)) {
		check(line == 0);
		copy = again(set);
		check(!ukcov_set_compare(set, copy, &d));
		ukcov_set_visit_header(set, same_value, copy);
		ukcov_set_free(copy);
		ukcov_set_free(set);
	} else {
		check(!set);
	}
	if (!ukcov_map_parse(&map, (const char *)data, len, &line)) {
		check(!ukcov_map_write(map, "/dev/null"));
		ukcov_map_free(map);
	} else {
		check(!map);
	}
	return 0;
}
