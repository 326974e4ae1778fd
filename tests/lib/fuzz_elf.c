// SPDX-License-Identifier: MIT
/* For libFuzzer: vmlinux and modules. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ukcov.h"

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

static int look_at(void *arg, const struct ukcov_function *f)
{
	if (f->low)
		ukcov_image_visit_lines(arg, f->low, f->high, no_line, NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("vmlinux", 0);
	struct ukcov_image *img;
	char path[64];

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!ukcov_image_open(&img, path, NULL, NULL, 0)) {
		ukcov_image_debug(img);
		ukcov_image_visit_sites(img, look_up, img);
		ukcov_image_visit_functions(img, look_at, img);
		ukcov_image_close(img);
	}
	close(fd);
	return 0;
}
