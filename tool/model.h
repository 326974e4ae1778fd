/* SPDX-License-Identifier: MIT */
/*
 * What a report is made of: files, their lines that have coverable code, and functions.
 * All forms of the report, LCOV's and JSON included, are written from this, so that their
 * totals are the same.
 *
 * A line is one that a callback lies in, or in which a function begins. A function
 * reaches from its first line to that of the next one in its file, and is reached if one
 * of its lines is: that is how readers of LCOV's files see it.
 */
#ifndef UKCOV_MODEL_H
#define UKCOV_MODEL_H

#include "tool.h"

struct count {
	size_t hit, all;
};

struct line {
	uint32_t number;
	bool hit;
	struct count pcs;	/* none if a function begins here and no callback is */
};

struct function {
	const char *name;
	uint32_t line;		/* 0: not known, no debug information */
	bool hit;
	struct count pcs, lines;
};

struct file {
	const char *path;	/* relative to the source tree, if it lies in there */
	char *source;		/* where it is on this machine, NULL: not found */
	struct line *lines;	/* by number */
	size_t nr_lines;
	struct function *functions;	/* by line */
	size_t nr_functions;
	struct count pcs, line, function;
};

struct model {
	struct file *files;	/* those with coverable code, by path */
	size_t nr_files;
	struct count pcs, line, function;
	size_t coverable;	/* PCs that the kernel can report */
	/* PCs recorded that are no callback's: a function that jumps to the hook records its caller's. */
	size_t tails;		/* it is known which function that was */
	size_t unknown;		/* it is not: called through a pointer, or in a module */
	size_t foreign;		/* in no function of this vmlinux and its modules */
	size_t nowhere;		/* coverable PCs without a file */
	size_t no_source;	/* files without a source that is found */
	char *root;		/* of the source tree, on this machine; NULL: not found */
	bool lines;		/* there is debug information */
};

/* 0, or an exit status after a message. */
int model_build(struct model *m, struct ukcov_image *img, struct ukcov_set *set,
		const struct kernel_options *o, const char *vmlinux);
void model_free(struct model *m);

/* ---- maintainers.c ---- */

struct maintainers;

/* Reads the tree's MAINTAINERS; NULL after a message. */
struct maintainers *maintainers_read(const char *root);

/* Which subsystem a file belongs to, "" if none says so. */
const char *maintainers_of(const struct maintainers *m, const char *path);
void maintainers_free(struct maintainers *m);

/* ---- lcov.c ---- */

/* Writes LCOV's tracefile. 0 or -errno after a message. */
int lcov_write(const struct model *m, const char *path, const char *build_id);

/* Has LCOV's genhtml make pages. 0 or an exit status after a message. */
int lcov_html(const struct model *m, const char *dir, const char *title, const char *build_id);

#endif /* UKCOV_MODEL_H */
