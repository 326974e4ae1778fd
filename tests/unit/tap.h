/* SPDX-License-Identifier: MIT */
/* Results in TAP, for the programs in this folder: one C file is one test. */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* A broken loop would say the same thing a million times. */
#define TAP_DIAGS	10

static struct {
	int run, failed;
	unsigned long wrong;	/* failed CHECK()s since the last result */
} tap;

__attribute__((format(printf, 1, 2)))
static inline void tap_diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	va_end(ap);
}

/*
 * One line, of one test: passed if no CHECK() failed since the last one. With $TAP_STOP the
 * first one that did not ends the program.
 */
__attribute__((format(printf, 1, 2)))
static inline void tap_result(const char *fmt, ...)
{
	va_list ap;

	tap.run++;
	tap.failed += !!tap.wrong;
	printf("%sok %d - ", tap.wrong ? "not " : "", tap.run);
	tap.wrong = 0;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	if (tap.failed && getenv("TAP_STOP"))
		exit(1);
}

/* A test that cannot be run here. */
static inline void tap_skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap.run, what, why);
	fflush(stdout);
}

static inline bool tap_check(bool ok, const char *what, const char *file, int line)
{
	if (!ok && tap.wrong++ < TAP_DIAGS)
		tap_diag("%s:%d: not true: %s", file, line, what);
	return ok;
}

/* Says nothing unless @cond is false; tap_result() sums up. */
#define CHECK(cond)	tap_check(cond, #cond, __FILE__, __LINE__)

/* The plan, and the exit status of the program. */
static inline int tap_done(void)
{
	printf("1..%d\n", tap.run);
	return tap.failed || tap.wrong || !tap.run;
}

#endif /* TAP_H */
