// SPDX-License-Identifier: MIT
/*
 * For bench/symbolize: every coverable PC of a vmlinux, and its functions and lines as
 * addr2line -afi prints them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ukcov.h"

/* Half a million lines: printf() would take a sixth of the time. */
static void print_number(uint64_t n, unsigned int base, char end)
{
	char text[24], *p = text + sizeof(text);

	*--p = end;
	do {
		*--p = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	fwrite_unlocked(p, 1, text + sizeof(text) - p, stdout);
}

static void print_frame(const char *function, const char *file, uint32_t line)
{
	fputs_unlocked(function ? : "??", stdout);
	putchar_unlocked('\n');
	fputs_unlocked(file ? : "??", stdout);
	putchar_unlocked(':');
	print_number(line, 10, '\n');
}

static int print(void *arg, uint64_t pc, const struct ukcov_frame *frames, size_t n)
{
	(void)arg;
	fputs_unlocked("0x", stdout);
	print_number(pc - 1, 16, '\n');
	if (!n)
		print_frame(NULL, NULL, 0);
	for (size_t i = 0; i < n; i++)
		print_frame(frames[i].function, frames[i].file, frames[i].line);
	return 0;
}

static int print_call(void *arg, const struct ukcov_site *site)
{
	(void)arg;
	if (site->kind == UKCOV_SITE_CALL)
		printf("0x%016" PRIx64 "\n", site->pc);
	return 0;
}

static void check(int err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "symbolize: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void symbolize(struct ukcov_image *img, const char *file)
{
	struct ukcov_set *set;
	const uint64_t *pcs;
	size_t n;

	check(ukcov_set_read(&set, file, NULL), file);
	pcs = ukcov_set_words(set, &n);
	check(ukcov_image_find_all(img, pcs, n, print, NULL), "looking up");
	ukcov_set_free(set);
}

int main(int argc, char **argv)
{
	struct ukcov_image *img;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: symbolize VMLINUX         (prints what is coverable)\n"
				"       symbolize VMLINUX FILE    (of PCs: symbolizes them)\n");
		return 2;
	}
	check(ukcov_image_open(&img, argv[1], NULL, NULL, 0), argv[1]);
	if (argc == 2)
		check(ukcov_image_visit_sites(img, print_call, NULL), "coverable PCs");
	else
		symbolize(img, argv[2]);
	ukcov_image_close(img);
	return 0;
}
