// SPDX-License-Identifier: MIT
/* Maps of modules: files, and that of the machine this runs on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tap.h"
#include "ukcov.h"

static int parse(const char *text, struct ukcov_map **map, size_t *line)
{
	return ukcov_map_parse(map, text, strlen(text), line);
}

static const char full[] =
	"# ukcov map 1\n"
	"# release 6.12.0\n"
	"# build-id 0123456789abcdef\n"
	"# text 0xffffffff8a000000\n"
	"dummy 12288 0 - Live 0xffffffffc0400000\n"
	"# module-build-id dummy 00ff\n"
	"# section dummy .text 0xffffffffc0400000\n"
	"# section dummy .init.text 0xffffffffc0500000\n";

static void test_file(void)
{
	char path[] = "/tmp/ukcov-map.XXXXXX", text[4096] = "";
	int fd = mkstemp(path);
	struct ukcov_map *m;
	size_t line = 5;
	FILE *f;

	CHECK(!parse(full, &m, &line) && !line);
	CHECK(!strcmp(ukcov_map_release(m), "6.12.0"));
	CHECK(!strcmp(ukcov_map_build_id(m), "0123456789abcdef"));
	CHECK(!ukcov_map_write(m, path));
	ukcov_map_free(m);
	close(fd);
	f = fopen(path, "r");
	CHECK(f && fread(text, 1, sizeof(text) - 1, f) > 0);
	if (f)
		fclose(f);
	CHECK(!strcmp(text, full) || (tap_diag("%s", text), 0));
	CHECK(!ukcov_map_read(&m, path, NULL));
	ukcov_map_free(m);
	unlink(path);
	CHECK(ukcov_map_read(&m, path, NULL) == -ENOENT && !m);
	tap_result("written as it was read");
}

static void test_proc_modules(void)
{
	struct ukcov_map *m;

	CHECK(!parse("a 12288 1 b, Live 0xffffffffc0400000\n"
		     "b 4096 0 [permanent], Live 0xffffffffc0500000 (OE)\n", &m, NULL));
	CHECK(!strcmp(ukcov_map_release(m), "") && !strcmp(ukcov_map_build_id(m), ""));
	ukcov_map_free(m);
	CHECK(!parse("", &m, NULL));
	ukcov_map_free(m);
	tap_result("a copy of /proc/modules");
	CHECK(parse("a 12288 1 b, Live 0x0000000000000000\n", &m, NULL) == -EACCES && !m);
	tap_result("addresses hidden: -EACCES");
}

static void bad(const char *text, size_t want)
{
	struct ukcov_map *m;
	size_t line;

	if (!CHECK(parse(text, &m, &line) == -EILSEQ && line == want && !m))
		tap_diag("line %zu of: %s", line, text);
}

static void test_bad(void)
{
	bad("a 12288 1 b, Live 0xffffffffc0400000", 1);
	bad("a 12288 1 b, Live\n", 1);
	bad("a x 1 b, Live 0xffffffffc0400000\n", 1);
	bad("a 12288 1 b, Live 12\n", 1);
	bad("a 12288 1 b, Live 0xfffffffffffff000\n", 1);
	bad("a 99999999999 1 b, Live 0xffffffffc0400000\n", 1);
	bad("# section a .text 0x1\n", 1);
	bad("\n# text hello\n", 2);
	bad("# build-id 0123456789012345678901234567890123456789012345678901234567890123456789\n", 1);
	bad("\177ELF\002\001\001\n", 1);
	tap_result("what is no such file: -EILSEQ, and where");
}

/* As many as there may be: each line is found its module at once, or this takes minutes. */
static void test_many(void)
{
	struct ukcov_map *m;
	size_t len, line;
	char *text;
	FILE *f = open_memstream(&text, &len);

	for (unsigned int i = 0; i < UKCOV_MAX_MODULES; i++)
		fprintf(f, "m%u 4096 0 - Live 0x%x\n", i, 0x70000000 + i);
	for (unsigned int i = 0; i < UKCOV_MAX_MODULES; i++)
		fprintf(f, "# section m%u .text 0x%x\n", i, 0x70000000 + i);
	fclose(f);
	CHECK(!ukcov_map_parse(&m, text, len, &line));
	ukcov_map_free(m);
	free(text);
	tap_result("%u modules, sections behind them", UKCOV_MAX_MODULES);

	f = open_memstream(&text, &len);
	for (unsigned int i = 0; i <= UKCOV_MAX_MODULES; i++)
		fprintf(f, "m 4096 0 - Live 0x%x\n", 0x70000000 + i);
	fclose(f);
	CHECK(ukcov_map_parse(&m, text, len, &line) == -E2BIG && !m);
	CHECK(line == UKCOV_MAX_MODULES + 1);
	free(text);
	tap_result("one more: -E2BIG");
}

/* Of two modules with one name, sections are the last one's. */
static void test_repeated(void)
{
	static const char text[] = "# ukcov map 1\n"
		"m 4096 0 - Live 0x0000000070000000\n"
		"n 4096 0 - Live 0x0000000070001000\n"
		"m 4096 0 - Live 0x0000000070002000\n"
		"# section m .text 0x0000000070002000\n";
	char path[] = "/tmp/ukcov-map.XXXXXX", written[sizeof(text)] = "";
	int fd = mkstemp(path);
	struct ukcov_map *m;

	CHECK(fd >= 0 && !parse(text, &m, NULL) && !ukcov_map_write(m, path));
	ukcov_map_free(m);
	close(fd);
	fd = open(path, O_RDONLY);
	CHECK(read(fd, written, sizeof(text) - 1) == sizeof(text) - 1 && !strcmp(written, text));
	close(fd);
	unlink(path);
	tap_result("a name twice: sections are the last one's");
}

static void test_live(void)
{
	struct ukcov_map *m;
	struct utsname un;
	int err = ukcov_map_live(&m);

	if (err == -EACCES) {
		tap_skip("the map of this machine", "addresses are hidden here");
		return;
	}
	CHECK(!err && !uname(&un) && !strcmp(ukcov_map_release(m), un.release));
	tap_result("the map of this machine");
	ukcov_map_free(m);
}

int main(void)
{
	test_file();
	test_proc_modules();
	test_bad();
	test_many();
	test_repeated();
	test_live();
	ukcov_map_free(NULL);
	return tap_done();
}
