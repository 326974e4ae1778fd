/* SPDX-License-Identifier: MIT */
/* What the commands of ukcov share. */
#ifndef UKCOV_TOOL_H
#define UKCOV_TOOL_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "ukcov.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))

/* Exit statuses, but for those of a program that is run. */
#define STATUS_FAILED	1
#define STATUS_USAGE	2
#define STATUS_UKCOV	125	/* of run, top, overflow: ukcov failed, not the program */
#define STATUS_CANNOT	126	/* the program cannot be run */
#define STATUS_NO_PROG	127	/* there is no such program */

/* Each is given its own name as argv[0], and returns the exit status. */
int cmd_run(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_filter(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_overflow(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* ---- util.c ---- */

/* "ukcov: ..." to stderr. fail() returns @status. */
void __printf(1, 2) say(const char *fmt, ...);
int __printf(2, 3) fail(int status, const char *fmt, ...);

/* Of a wrong command line: the message, then where help is. Returns STATUS_USAGE. */
int __printf(2, 3) misuse(const char *command, const char *fmt, ...);

/* getopt_long() with messages of ours; '?' after one was printed. */
int next_option(int argc, char **argv, const char *optstring, const struct option *opts);

/* "64K", "1M", "65536": at least 2. 0 if it is none. */
size_t parse_words(const char *text);

/* Does @stream go to a terminal that is to have colours? */
bool colours(FILE *stream);

/* On a terminal, from the second second on: "label 12%". progress_end() removes it. */
void progress(const char *label, size_t done, size_t all);
void progress_end(void);

/* Memory or the end of the program. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *__printf(1, 2) xasprintf(const char *fmt, ...);

/* A number with commas, in one of some buffers that are used by turns. */
const char *number(uint64_t n);

/* A percentage: "12.3%"; of nothing, "-". */
const char *percent(uint64_t part, uint64_t all);

/*
 * A file that is written beside its place and moved there when it is complete; "-" is
 * stdout. output_close() says what went wrong, if anything did, and returns 0 or -errno;
 * the old file is there then.
 */
struct output {
	FILE *f;
	char *path, *temp;
	int error;	/* of output_open(): f is NULL then */
};

/* Is there something at @path that must not be replaced: a device, a pipe? */
bool is_special(const char *path);

int output_open(struct output *out, const char *path);
int output_close(struct output *out);
void output_discard(struct output *out);

/* A string in JSON, quotes included. */
void json_string(FILE *f, const char *s);

/* ---- files.c ---- */

/* Reads a file of PCs; on an error says why and returns NULL. */
struct ukcov_set *read_set(const char *path);

/* Writes it, "-" is stdout; on an error says why. 0 or -errno. */
int write_set(struct ukcov_set *set, const char *path);

/* Do both come from the same kernel, as far as they say? */
bool same_kernel(const struct ukcov_set *a, const struct ukcov_set *b);

/* "6.12.117 build 0123456789ab", in one of two buffers that are used by turns. */
const char *kernel_name(const struct ukcov_set *set);

struct kernel_options;

/*
 * 0, or a message and -errno if they are of other kernels or another kind. PCs of @b in modules
 * become what they are in @a.
 */
int comparable(struct ukcov_set *a, const char *a_path, struct ukcov_set *b, const char *b_path,
	       const struct kernel_options *o);

/* The map of modules that belongs to file @from, for file @to. 0 or -errno after a message. */
int copy_map(const char *from, const char *to);

/* All files in one set, whose header is that of the first; NULL after a message. */
struct ukcov_set *read_sets(char **paths, int n, const struct kernel_options *o);

/* Are its words no PCs? */
bool is_edges(const struct ukcov_set *set);

/* What the file's words are: "pc", "edge", ... */
const char *set_mode(const struct ukcov_set *set);

/* ---- modules.c ---- */

/*
 * Moves PCs of @b in modules to where these were when @a was collected. What has no place
 * there is left out, and said. 0 or -errno.
 */
int align_modules(const struct ukcov_set *a, const char *a_path, struct ukcov_set *b,
		  const char *b_path, const char *vmlinux);

/* ---- kernel.c ---- */

struct kernel_options {
	const char *vmlinux;	/* or the build directory; NULL: look for it */
	const char *modules;	/* where .ko files are; NULL: look for it */
	const char *source;	/* the tree; NULL: as the debug information says */
	bool force;		/* another build id is no error */
	bool no_debug;		/* symbol tables will do */
};

#define KERNEL_OPTSTRING	"k:"
#define KERNEL_LONG_OPTIONS						\
	{ "kernel", required_argument, NULL, 'k' },			\
	{ "modules", required_argument, NULL, 1001 },			\
	{ "source", required_argument, NULL, 1002 },			\
	{ "force", no_argument, NULL, 1003 }
#define KERNEL_HELP							\
	"  -k, --kernel FILE    vmlinux, or the directory in which it was built\n"	\
	"  --modules DIR        where the modules' .ko files are\n"	\
	"  --source DIR         the kernel's source tree\n"		\
	"  --force              take a vmlinux of another build\n"

/* Is @opt one of those? Then it was taken. */
bool kernel_option(struct kernel_options *o, int opt);

/*
 * Opens the vmlinux of @set, whose file is @path; NULL after a message. *@name (unless it is
 * NULL) is that of vmlinux, to be freed.
 */
struct ukcov_image *open_kernel(const struct kernel_options *o, struct ukcov_set *set,
				const char *path, char **name);

/*
 * Where vmlinux of a kernel is: @given, or, if it has that build id, @hint or one of the
 * usual places; NULL: not found. To be freed.
 */
char *find_vmlinux(const char *given, const char *hint, const char *release,
		   const char *build_id);

/* The same for the kernel that runs; never one of another build. */
char *find_vmlinux_live(const char *given);

/* Opens it; NULL if it is not found, after a message. */
struct ukcov_image *open_live_kernel(const struct kernel_options *o);

/* The map of modules beside the file @path; NULL: there is none. */
struct ukcov_map *saved_map(const char *path);

/* Does it have modules now? */
bool has_modules(void);

/* Messages for what ukcov_open() returns. */
const char *open_hint(int err);

/* ---- collect.c ---- */

/* A command to be run with coverage. */
struct collect {
	unsigned int mode;
	size_t words;		/* 0: a default */
	bool follow;
	pid_t attach;		/* instead of a command */
	char **argv;
	unsigned int flags;	/* of ukcov_open() */
	/* Called with what each task left, while it is there. 0 or -errno. */
	int (*take)(void *arg, struct ukcov *cov);
	void *arg;
	/* What came out. */
	unsigned int kernel_mode;
	int error;		/* the first one of take() */
	uint64_t dropped;	/* items that the kernel counted */
	uint64_t recorded;
	uint64_t edge_recorded, edge_dropped;
	uint64_t most, most_edge;	/* recorded and dropped, of the task that has most */
	unsigned long lost_tasks;	/* whose buffer was full */
	unsigned long tasks, followed, areas;
	unsigned long not[4];	/* enum follow_why */
	int not_errno;
	bool failed_to_start;	/* the program was not run at all */
	bool counted;		/* the kernel counts what it drops */
};

/* Runs it. The exit status, of the program if there is one; a message if ukcov fails. */
int collect_run(struct collect *c);

/* "3 of 25 tasks were not followed: ...": to stderr, if there is something to say. */
void collect_complain_tasks(const struct collect *c);

/* The same, and whether the buffer was large enough. */
void collect_complain(const struct collect *c);

#endif /* UKCOV_TOOL_H */
