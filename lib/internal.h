/* SPDX-License-Identifier: MIT */
/* What the parts of the library share. Nothing here is exported. */
#ifndef UKCOV_INTERNAL_H
#define UKCOV_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* A build id in hexadecimal: 20 bytes today, room for 32. */
#define BUILD_ID_LEN	65

/* All of a file, also of /proc, with a 0 behind it. To be freed. 0 or -errno. */
int ukcov__read_file(const char *path, char **text, size_t *len);

/* Write all of it. 0 or -errno. */
int ukcov__write_all(int fd, const char *text, size_t len);

/* Put a file in the place of @path, or leave what is there as it is. 0 or -errno. */
int ukcov__replace_file(const char *path, const char *text, size_t len);

/* The build id among ELF notes; "" if it is not there. */
void ukcov__build_id(const void *notes, size_t len, char id[BUILD_ID_LEN]);

/* That of the running kernel; "" if it cannot be read. */
void ukcov__kernel_build_id(char id[BUILD_ID_LEN]);

/* Make room for one more of @size bytes. 0 or -ENOMEM. */
int ukcov__grow(void **array, size_t *room, size_t used, size_t size);

/* The next line of @text, with its end cut off and blanks at both ends; NULL: no more. */
struct lines {
	char *next;
	char *end;
	size_t number;
	bool cut;	/* the last line had no newline */
};

char *ukcov__next_line(struct lines *lines);

/* A hexadecimal number, with or without 0x, and nothing else. */
bool ukcov__parse_hex(const char *text, uint64_t *number);

#endif /* UKCOV_INTERNAL_H */
