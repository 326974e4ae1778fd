// SPDX-License-Identifier: MIT
/*
 * For bench/symbolize: every coverable PC of a vmlinux, with its functions and lines, as
 * addr2line -fi prints them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ukcov.h"

static int print(void *arg, uint64_t pc, const struct ukcov_frame *frames, size_t n)
{
	(void)arg;
	printf("0x%016llx\n", (unsigned long long)pc - 1);
	if (!n)
		printf("??\n??:0\n");
	for (size_t i = 0; i < n; i++)
		printf("%s\n%s:%u\n", frames[i].function ? : "??", frames[i].file ? : "??",
		       frames[i].line);
	return 0;
}

static int print_pc(void *arg, const struct ukcov_site *site)
{
	(void)arg;
	if (site->kind == UKCOV_SITE_CALL)
		printf("0x%016llx\n", (unsigned long long)site->pc);
	return 0;
}

static void check(int err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "symbolize: %s: %s\n", what, strerror(-err));
	exit(1);
}

int main(int argc, char **argv)
{
	struct ukcov_image *img;
	struct ukcov_set *set;
	const uint64_t *pcs;
	size_t n;

	if (argc != 3 && argc != 2) {
		fprintf(stderr, "usage: symbolize VMLINUX         (prints what is coverable)\n"
				"       symbolize VMLINUX FILE    (of PCs: symbolizes them)\n");
		return 2;
	}
	check(ukcov_image_open(&img, argv[1], NULL, NULL, 0), argv[1]);
	if (argc == 2) {
		check(ukcov_image_visit_sites(img, print_pc, NULL), "sites");
		ukcov_image_close(img);
		return 0;
	}
	check(ukcov_set_read(&set, argv[2], NULL), argv[2]);
	pcs = ukcov_set_words(set, &n);
	check(ukcov_image_find_all(img, pcs, n, print, NULL), "symbolizing");
	ukcov_set_free(set);
	ukcov_image_close(img);
	return 0;
}
