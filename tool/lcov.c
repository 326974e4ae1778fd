// SPDX-License-Identifier: MIT
/*
 * LCOV's tracefile, in the one form that LCOV 1.16 to 2.5 take without a word: a DA in each
 * function's first line, each name once in a file, a function reached if and only if one of
 * its lines is, no line that the file does not have, no file that is not there.
 *
 * From 2.2 on LCOV wants to know the last line of each function, which 1.x misreads as the
 * function's name. So each file has two records. The first has the last lines alone, under a
 * blank behind the file's name and a test's name of its own. For 1.x that is another file, in
 * which there is no line, so it is left out. 2.x removes the blank and the test, in which
 * there is no line either, and keeps what it has learnt.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model.h"

static size_t line_count(const struct line *l)
{
	if (!l->hit)
		return 0;
	return l->pcs.hit ? l->pcs.hit : 1;
}

/* As often as its line that was reached by most PCs. */
static size_t function_count(const struct file *f, size_t i)
{
	uint32_t end = i + 1 < f->nr_functions ? f->functions[i + 1].line : UINT32_MAX;
	size_t most = 0, n;

	for (size_t k = 0; k < f->nr_lines; k++) {
		if (f->lines[k].number < f->functions[i].line || f->lines[k].number >= end)
			continue;
		n = line_count(&f->lines[k]);
		most = n > most ? n : most;
	}
	return most;
}

/* The last line of a function that has coverable code. */
static uint32_t last_line(const struct file *f, size_t i)
{
	uint32_t end = i + 1 < f->nr_functions ? f->functions[i + 1].line : UINT32_MAX;
	uint32_t last = f->functions[i].line;

	for (size_t k = 0; k < f->nr_lines && f->lines[k].number < end; k++)
		if (f->lines[k].number > last)
			last = f->lines[k].number;
	return last;
}

static void begin_record(FILE *out, const char *test, const struct file *f, const char *blank,
			 const char *build_id)
{
	fprintf(out, "TN:%s\nSF:%s%s\n", test, f->source, blank);
	/* So that results of different kernels are not put together. */
	if (build_id && *build_id)
		fprintf(out, "VER:%s\n", build_id);
}

static void write_last_lines(FILE *out, const struct file *f, const char *build_id)
{
	begin_record(out, "last_lines", f, " ", build_id);
	for (size_t i = 0; i < f->nr_functions; i++)
		fprintf(out, "FN:%u,%u,%s\n", f->functions[i].line, last_line(f, i),
			f->functions[i].name);
	fputs("end_of_record\n", out);
}

static void write_file(FILE *out, const struct file *f, const char *build_id)
{
	if (f->nr_functions)
		write_last_lines(out, f, build_id);
	begin_record(out, "", f, "", build_id);
	for (size_t i = 0; i < f->nr_functions; i++)
		fprintf(out, "FN:%u,%s\n", f->functions[i].line, f->functions[i].name);
	for (size_t i = 0; i < f->nr_functions; i++)
		fprintf(out, "FNDA:%zu,%s\n", function_count(f, i), f->functions[i].name);
	fprintf(out, "FNF:%zu\nFNH:%zu\n", f->function.all, f->function.hit);
	for (size_t i = 0; i < f->nr_lines; i++)
		fprintf(out, "DA:%u,%zu\n", f->lines[i].number, line_count(&f->lines[i]));
	fprintf(out, "LF:%zu\nLH:%zu\nend_of_record\n", f->line.all, f->line.hit);
}

static bool can_write(const struct model *m)
{
	if (!m->lines)
		say("LCOV needs lines: give a vmlinux with debug information");
	else if (!m->root)
		say("the kernel's source tree was not found: give it with --source");
	return m->lines && m->root;
}

int lcov_write(const struct model *m, const char *path, const char *build_id)
{
	struct output out;
	int err;

	if (!can_write(m))
		return -ENODATA;
	err = output_open(&out, path);
	if (err)
		return err;
	for (size_t i = 0; i < m->nr_files; i++)
		if (m->files[i].source)
			write_file(out.f, &m->files[i], build_id);
	return output_close(&out);
}

/* Shows what genhtml said, its last lines. */
static void show_log(const char *path)
{
	char line[4096];
	FILE *f = fopen(path, "re");
	size_t n = 0, i = 0;

	while (f && fgets(line, sizeof(line), f))
		n++;
	if (f)
		rewind(f);
	while (f && fgets(line, sizeof(line), f))
		if (i++ + 15 >= n)
			fprintf(stderr, "  %s", line);
	if (f)
		fclose(f);
}

static int wait_with_progress(pid_t pid)
{
	int status;
	pid_t got;

	for (;;) {
		got = waitpid(pid, &status, isatty(2) ? WNOHANG : 0);
		if (got == pid)
			break;
		if (got < 0 && errno != EINTR)
			return -1;
		progress("genhtml", 0, 0);
		usleep(100000);
	}
	progress_end();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const char *genhtml(void)
{
	const char *program = getenv("GENHTML");

	return program && *program ? program : "genhtml";
}

static int run_genhtml(const struct model *m, const char *info, const char *dir,
		       const char *title, const char *log)
{
	char *argv[] = {
		(char *)genhtml(), "--output-directory", (char *)dir, "--prefix", m->root,
		"--title", (char *)title, (char *)info, NULL,
	};
	int status, fd;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return fail(STATUS_FAILED, "fork: %s", strerror(errno));
	if (!pid) {
		fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (fd >= 0) {
			dup2(fd, 1);
			dup2(fd, 2);
		}
		execvp(argv[0], argv);
		_exit(127);
	}
	status = wait_with_progress(pid);
	if (status == 127)
		return fail(STATUS_FAILED, "%s is missing: install the package lcov", argv[0]);
	if (!status)
		return 0;
	say("%s failed with status %d; its last words:", argv[0], status);
	show_log(log);
	return STATUS_FAILED;
}

int lcov_html(const struct model *m, const char *dir, const char *title, const char *build_id)
{
	char temp[] = "/tmp/ukcov.XXXXXX", *info, *log;
	int status;

	if (!can_write(m))
		return STATUS_FAILED;
	if (!mkdtemp(temp))
		return fail(STATUS_FAILED, "cannot make a directory in /tmp: %s", strerror(errno));
	info = xasprintf("%s/ukcov.info", temp);
	log = xasprintf("%s/genhtml.log", temp);
	status = STATUS_FAILED;
	if (!lcov_write(m, info, build_id))
		status = run_genhtml(m, info, dir, title, log);
	unlink(info);
	unlink(log);
	rmdir(temp);
	free(info);
	free(log);
	return status;
}
