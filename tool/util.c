// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static void vsay(const char *fmt, va_list ap)
{
	progress_end();
	fflush(stdout);
	fputs("ukcov: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
}

int fail(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
	return status;
}

int misuse(const char *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(fmt, ap);
	va_end(ap);
	say("see 'ukcov %s --help'", command);
	return STATUS_USAGE;
}

int next_option(int argc, char **argv, const char *optstring, const struct option *opts)
{
	int at = optind ? optind : 1, opt;
	const char *word = at < argc ? argv[at] : "";

	opterr = 0;
	opt = getopt_long(argc, argv, optstring, opts, NULL);
	if (opt != '?' && opt != ':')
		return opt;
	if (optopt && !strncmp(word, "--", 2))
		misuse(argv[0], strchr(word, '=') ? "%s: this option takes no value" :
		       "%s needs a value", word);
	else if (!strncmp(word, "--", 2))
		misuse(argv[0], "unknown option '%s'", word);
	else if (strchr(optstring, optopt))
		misuse(argv[0], "-%c needs a value", optopt);
	else
		misuse(argv[0], "unknown option '-%c'", optopt);
	return '?';
}

size_t parse_words(const char *text)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (*end == 'K' || *end == 'k') {
		n <<= 10;
		end++;
	} else if (*end == 'M' || *end == 'm') {
		n <<= 20;
		end++;
	}
	return errno || *end || n < 2 || n > 1ull << 40 ? 0 : n;
}

bool colours(FILE *stream)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(stream)) && !(no && *no) && term && strcmp(term, "dumb");
}

/* ---- progress ---- */

static const char *shown;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void progress(const char *label, size_t done, size_t all)
{
	static double first, last;
	static const char *of;
	double t;

	if (!isatty(2))
		return;
	t = now();
	if (of != label) {
		of = label;
		first = t;
	}
	if (t - first < 1 || t - last < 0.1)
		return;
	last = t;
	shown = label;
	if (all)
		fprintf(stderr, "\r%s %zu%%\033[K", label, done * 100 / all);
	else
		fprintf(stderr, "\r%s %.0f s\033[K", label, t - first);
}

void progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = NULL;
}

/* ---- memory ---- */

static void *check(void *p)
{
	if (p)
		return p;
	say("no memory");
	exit(STATUS_UKCOV);
}

void *xmalloc(size_t size)
{
	return check(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return check(calloc(n ? n : 1, size));
}

void *xrealloc(void *p, size_t size)
{
	return check(realloc(p, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return check(strdup(s));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return check(s);
}

/* ---- numbers ---- */

const char *number(uint64_t n)
{
	static char bufs[16][32];
	static unsigned int turn;
	char *p = bufs[turn++ % 16] + sizeof(bufs[0]) - 1;
	int digits = 0;

	*p = 0;
	do {
		if (digits && digits % 3 == 0)
			*--p = ',';
		*--p = '0' + n % 10;
		n /= 10;
		digits++;
	} while (n);
	return p;
}

const char *percent(uint64_t part, uint64_t all)
{
	static char bufs[16][16];
	static unsigned int turn;
	char *p = bufs[turn++ % 16];

	if (!all)
		return "-";
	snprintf(p, sizeof(bufs[0]), "%.1f%%", 100.0 * part / all);
	/* Not all of it is not 100%, and something is not nothing. */
	if (part < all && !strcmp(p, "100.0%"))
		return "99.9%";
	if (part && !strcmp(p, "0.0%"))
		return "<0.1%";
	return p;
}

void json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c < ' ')
			fprintf(f, "\\u%04x", c);
		else
			fputc(c, f);
	}
	fputc('"', f);
}

/* ---- files that are complete or not there ---- */

bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

int output_open(struct output *out, const char *path)
{
	int fd;

	memset(out, 0, sizeof(*out));
	if (!strcmp(path, "-")) {
		out->f = stdout;
		return 0;
	}
	if (is_special(path)) {
		out->f = fopen(path, "we");
		if (out->f) {
			out->path = xstrdup(path);
			return 0;
		}
		out->error = -errno;
		say("%s: cannot write there: %s", path, strerror(errno));
		return out->error;
	}
	/* What a symbolic link leads to is replaced, not the link. */
	out->path = realpath(path, NULL);
	if (!out->path)
		out->path = xstrdup(path);
	out->temp = xasprintf("%s.XXXXXX", out->path);
	fd = mkostemp(out->temp, O_CLOEXEC);
	if (fd >= 0) {
		/* As any other new file. */
		mode_t mask = umask(0);

		umask(mask);
		fchmod(fd, 0666 & ~mask);
		out->f = fdopen(fd, "w");
	}
	if (out->f)
		return 0;
	out->error = -errno;
	say("%s: cannot write there: %s", path, strerror(errno));
	free(out->path);
	free(out->temp);
	return out->error;
}

int output_close(struct output *out)
{
	bool bad = ferror(out->f);
	int err = 0;

	/* ENOSPC mostly; what it was is not known any more if an earlier write failed. */
	errno = 0;
	if (fflush(out->f) || bad) {
		errno = errno ? errno : ENOSPC;
		err = -errno;
	}
	if (out->f == stdout) {
		if (err)
			say("cannot write to stdout: %s", strerror(-err));
		return err;
	}
	if (!err && out->temp && fsync(fileno(out->f)))
		err = -errno;
	if (fclose(out->f) && !err)
		err = -errno;
	if (!err && out->temp && rename(out->temp, out->path))
		err = -errno;
	if (err) {
		if (out->temp)
			unlink(out->temp);
		say("%s: cannot write it: %s%s", out->path, strerror(-err),
		    out->temp ? "; what was there is as it was" : "");
	}
	free(out->path);
	free(out->temp);
	return err;
}

void output_discard(struct output *out)
{
	fclose(out->f);
	if (out->temp)
		unlink(out->temp);
	free(out->path);
	free(out->temp);
}
