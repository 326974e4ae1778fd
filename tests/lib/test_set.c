// SPDX-License-Identifier: MIT
/* Sets and their files. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "ukcov.h"

static char dir[] = "/tmp/ukcov-set.XXXXXX";

/* A file in our directory; one of the last four names. */
static const char *in_dir(const char *name)
{
	static char path[4][256];
	static int i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static struct ukcov_set *set_of(const uint64_t *words, size_t n)
{
	struct ukcov_set *set;

	if (ukcov_set_new(&set))
		exit(1);
	for (size_t i = 0; i < n; i++)
		CHECK(!ukcov_set_add(set, words[i]));
	return set;
}

#define SET(...) set_of((uint64_t[]){ __VA_ARGS__ }, \
			sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static bool is(struct ukcov_set *set, const uint64_t *words, size_t n)
{
	size_t have;
	const uint64_t *w = ukcov_set_words(set, &have);

	return have == n && !memcmp(w, words, n * sizeof(*w));
}

#define IS(set, ...) is(set, (uint64_t[]){ __VA_ARGS__ }, \
			sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static void test_algebra(void)
{
	struct ukcov_set *a = SET(5, 1, 3, 3, UINT64_MAX, 0), *b = SET(3, 4, UINT64_MAX);
	struct ukcov_set *empty = set_of(NULL, 0);
	struct ukcov_set_diff d;

	CHECK(IS(a, 0, 1, 3, 5, UINT64_MAX));
	CHECK(ukcov_set_size(a) == 5);
	CHECK(ukcov_set_has(a, 5) && ukcov_set_has(a, 0) && !ukcov_set_has(a, 4));
	CHECK(!ukcov_set_has(empty, 0));
	memset(&d, 0xff, sizeof(d));
	CHECK(ukcov_set_compare(a, b, &d) == 1);
	CHECK(d.only_a == 3 && d.only_b == 1 && d.both == 2);
	CHECK(!d.reserved[0] && !d.reserved[2]);
	CHECK(ukcov_set_compare(a, a, &d) == 0 && d.both == 5 && !d.only_a && !d.only_b);
	CHECK(ukcov_set_compare(empty, b, &d) == 1 && d.only_b == 3);
	tap_result("words, sorted, each once; compare");

	ukcov_set_intersect(a, b);
	CHECK(IS(a, 3, UINT64_MAX));
	CHECK(!ukcov_set_merge(a, b));
	CHECK(IS(a, 3, 4, UINT64_MAX));
	ukcov_set_subtract(a, b);
	CHECK(ukcov_set_size(a) == 0);
	CHECK(!ukcov_set_merge(a, b) && !ukcov_set_merge(a, a));
	ukcov_set_intersect(a, a);
	CHECK(IS(a, 3, 4, UINT64_MAX));
	ukcov_set_subtract(a, empty);
	CHECK(IS(a, 3, 4, UINT64_MAX));
	ukcov_set_subtract(a, a);
	CHECK(ukcov_set_size(a) == 0);
	tap_result("merge, intersect, subtract, also with itself and nothing");
	ukcov_set_free(a);
	ukcov_set_free(b);
	ukcov_set_free(empty);
	ukcov_set_free(NULL);
}

/* Against a naive model: which of a thousand numbers are in. */
static void test_model(void)
{
	uint64_t seed = 88172645463325252;
	bool in[2][1000] = { 0 };
	struct ukcov_set *set[2] = { SET(), SET() };
	struct ukcov_set *copy;

	for (int i = 0; i < 20000; i++) {
		unsigned int which = seed >> 20 & 1, word = (seed >> 24) % 1000;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		CHECK(!ukcov_set_add(set[which], word));
		in[which][word] = true;
		CHECK(i % 97 || ukcov_set_has(set[which], word));
		if (i % 3000 == 2999) {
			CHECK(!ukcov_set_copy(&copy, set[0]));
			ukcov_set_subtract(set[0], set[1]);
			for (int j = 0; j < 1000; j++)
				CHECK(ukcov_set_has(set[0], j) == (in[0][j] && !in[1][j]));
			ukcov_set_free(set[0]);
			set[0] = copy;
		}
	}
	for (int w = 0; w < 2; w++)
		for (int j = 0; j < 1000; j++)
			CHECK(ukcov_set_has(set[w], j) == in[w][j]);
	tap_result("20,000 random words, as a naive model has them");
	ukcov_set_free(set[0]);
	ukcov_set_free(set[1]);
}

static char *get_file(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	if (n < 0)
		return NULL;
	text[n] = 0;
	return text;
}

static const char *files_in_dir(void)
{
	static char names[256];
	char command[300];
	FILE *f;
	size_t n;

	snprintf(command, sizeof(command), "ls -A %s | xargs", dir);
	f = popen(command, "r");
	n = fread(names, 1, sizeof(names) - 1, f);
	pclose(f);
	names[n] = 0;
	return names;
}

static void test_write(void)
{
	struct ukcov_set *a = SET(0xffffffff81000010, 0x20), *b;
	size_t line = 9;
	struct stat st;
	char *text;

	umask(022);
	CHECK(!ukcov_set_put(a, "build-id", "abc123"));
	CHECK(!ukcov_set_put(a, "command", "ls -l: /tmp # x"));
	CHECK(!ukcov_set_write(a, in_dir("a")));
	text = get_file(in_dir("a"));
	CHECK(text && !strcmp(text, "# ukcov 1\n# build-id: abc123\n# command: ls -l: /tmp # x\n"
			      "# pcs: 2\n0x0000000000000020\n0xffffffff81000010\n"));
	CHECK(!stat(in_dir("a"), &st) && (st.st_mode & 0777) == 0644);
	tap_result("a file as the field's tools read it, with a header, mode as the umask says");

	CHECK(!ukcov_set_read(&b, in_dir("a"), &line) && line == 0);
	CHECK(IS(b, 0x20, 0xffffffff81000010));
	CHECK(!strcmp(ukcov_set_get(b, "build-id"), "abc123"));
	CHECK(!strcmp(ukcov_set_get(b, "command"), "ls -l: /tmp # x"));
	CHECK(!ukcov_set_get(b, "pcs") && !ukcov_set_get(b, "ukcov 1"));
	tap_result("read again: the same words and header");

	/* An existing file keeps its mode, a link stays a link. */
	CHECK(!chmod(in_dir("a"), 0600) && !symlink("a", in_dir("link")));
	CHECK(!ukcov_set_add(b, 0x30) && !ukcov_set_write(b, in_dir("link")));
	CHECK(!lstat(in_dir("link"), &st) && S_ISLNK(st.st_mode));
	CHECK(!stat(in_dir("a"), &st) && (st.st_mode & 0777) == 0600);
	CHECK(strstr(get_file(in_dir("a")), "# pcs: 3\n"));
	CHECK(!strcmp(files_in_dir(), "a link\n"));
	tap_result("replaced in place, no other file is left");
	ukcov_set_free(a);
	ukcov_set_free(b);
}

static void test_header(void)
{
	struct ukcov_set *a = SET(1);

	CHECK(ukcov_set_put(a, "", "x") == -EINVAL);
	CHECK(ukcov_set_put(a, "a b", "x") == -EINVAL);
	CHECK(ukcov_set_put(a, "pcs", "7") == -EINVAL);
	CHECK(ukcov_set_put(a, "k", "two\nlines") == -EINVAL);
	CHECK(ukcov_set_put(a, "k", " blank") == -EINVAL);
	CHECK(!ukcov_set_put(a, "k", "1") && !ukcov_set_put(a, "k", "2"));
	CHECK(!strcmp(ukcov_set_get(a, "k"), "2"));
	CHECK(!ukcov_set_put(a, "k", NULL) && !ukcov_set_get(a, "k"));
	tap_result("header: keys, values, replaced, removed");
	ukcov_set_free(a);
}

/* A file with keys without end would be read for hours. */
static void test_many_keys(void)
{
	static char text[(UKCOV_MAX_KEYS + 1) * 16];
	struct ukcov_set *a = SET(1), *b;
	char key[16], *p = text;
	size_t line, len = 0;

	for (int i = 0; i <= UKCOV_MAX_KEYS; i++) {
		if (i == UKCOV_MAX_KEYS)
			len = p - text;
		snprintf(key, sizeof(key), "k%d", i);
		CHECK(ukcov_set_put(a, key, "v") == (i < UKCOV_MAX_KEYS ? 0 : -E2BIG));
		p += sprintf(p, "# %s: v\n", key);
	}
	CHECK(!ukcov_set_put(a, "k0", "w") && !strcmp(ukcov_set_get(a, "k0"), "w"));
	CHECK(!ukcov_set_parse(&b, text, len, &line) && !line);
	CHECK(!strcmp(ukcov_set_get(b, "k1023"), "v"));
	ukcov_set_free(b);
	CHECK(ukcov_set_parse(&b, text, p - text, &line) == -E2BIG && !b);
	CHECK(line == UKCOV_MAX_KEYS + 1);
	tap_result("header: too many keys");
	ukcov_set_free(a);
}

static int parse(const char *text, struct ukcov_set **set, size_t *line)
{
	return ukcov_set_parse(set, text, strlen(text), line);
}

static void test_others(void)
{
	struct ukcov_set *a;
	size_t line;

	CHECK(!parse("ffffffff81000010\r\n\n  0xFFFFFFFF81000010  \n0x1\n# not: a header\n", &a,
		     &line));
	CHECK(IS(a, 1, 0xffffffff81000010));
	CHECK(!ukcov_set_get(a, "not"));
	ukcov_set_free(a);
	CHECK(!parse("", &a, &line) && ukcov_set_size(a) == 0);
	ukcov_set_free(a);
	/* What "sort -u" makes of two files: more words than either header says. */
	CHECK(!parse("# pcs: 1\n# pcs: 2\n0x1\n0x2\n0x3\n", &a, &line) && IS(a, 1, 2, 3));
	ukcov_set_free(a);
	tap_result("what other tools write is read");
}

static void bad(const char *text, size_t len, int want, size_t want_line)
{
	struct ukcov_set *a = (void *)1;
	size_t line = 77;
	int err = ukcov_set_parse(&a, text, len, &line);

	if (!CHECK(err == want && line == want_line && !a))
		tap_diag("error %d in line %zu of: %.40s", err, line, text);
	ukcov_set_free(a == (void *)1 ? NULL : a);
}

#define BAD(text, want, line) bad(text, sizeof(text) - 1, want, line)

static void test_bad(void)
{
	struct ukcov_set *a;

	BAD("0x1\n0x2", -EBADMSG, 2);
	BAD("# pcs: 3\n0x1\n0x2\n", -EBADMSG, 3);
	tap_result("a file that is cut off: -EBADMSG, and where");
	BAD("0x1\nhello\n", -EILSEQ, 2);
	BAD("0x\n", -EILSEQ, 1);
	BAD("0x12345678123456789\n", -EILSEQ, 1);
	BAD("0x1 0x2\n", -EILSEQ, 1);
	BAD("-1\n", -EILSEQ, 1);
	BAD("# pcs: x\n0x1\n", -EILSEQ, 1);
	BAD("0x1\n\0\0\0\n", -EILSEQ, 2);
	BAD("0x1\0" "2\n", -EILSEQ, 1);
	BAD("\x7f" "ELF\2\1\1\0\0\0\n", -EILSEQ, 1);
	tap_result("what is no such file: -EILSEQ, and where");
	CHECK(ukcov_set_read(&a, in_dir("none"), NULL) == -ENOENT && !a);
	CHECK(ukcov_set_read(&a, dir, NULL) == -EISDIR && !a);
	tap_result("no file, a directory");
}

/* A disk that is full shows as a short write; so does a limit of the file's size. */
static void test_full(void)
{
	struct rlimit old, small = { 100, RLIM_INFINITY };
	struct ukcov_set *a = SET(1), *big = SET();
	int fd;

	for (uint64_t i = 1; i < 1000; i++)
		CHECK(!ukcov_set_add(big, i));
	CHECK(!ukcov_set_write(a, in_dir("full")));
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	CHECK(!setrlimit(RLIMIT_FSIZE, &small));
	CHECK(ukcov_set_write(big, in_dir("full")) == -EFBIG);
	CHECK(!setrlimit(RLIMIT_FSIZE, &old));
	CHECK(strstr(get_file(in_dir("full")), "# pcs: 1\n"));
	CHECK(!strcmp(files_in_dir(), "a full link\n"));
	tap_result("what cannot be written whole: the old file is there as it was, nothing else");

	CHECK(ukcov_set_write(big, "/dev/full") == -ENOSPC);
	CHECK(ukcov_set_write(a, "/nowhere/at/all") == -ENOENT);
	fd = open("/dev/full", O_WRONLY);
	CHECK(ukcov_set_write_fd(a, fd) == -ENOSPC);
	close(fd);
	CHECK(!ukcov_set_write(a, "/dev/null"));
	tap_result("/dev/full, no such directory, /dev/null");
	ukcov_set_free(a);
	ukcov_set_free(big);
}

int main(void)
{
	char command[64];

	if (!mkdtemp(dir))
		return 1;
	test_algebra();
	test_model();
	test_write();
	test_header();
	test_many_keys();
	test_others();
	test_bad();
	test_full();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		tap_diag("%s is still there", dir);
	return tap_done();
}
