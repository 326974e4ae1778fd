// SPDX-License-Identifier: MIT
/* Images: objects that objects.sh compiled, whole, damaged, and of each other. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "ukcov.h"

#define MAX_FRAMES	16

static char *path_of(const char *name)
{
	static __thread char path[8][4096];
	static __thread int i;

	i = (i + 1) % 8;
	snprintf(path[i], sizeof(path[i]), "%s/%s", getenv("UKCOV_OBJECTS") ? : "build/lib/objects",
		 name);
	return path[i];
}

static struct ukcov_image *image(const char *name, const char *map_text, const char *dir,
				 unsigned int flags)
{
	struct ukcov_map *map = NULL;
	struct ukcov_image *img;
	int err = map_text ? ukcov_map_parse(&map, map_text, strlen(map_text), NULL) : 0;

	if (!err)
		err = ukcov_image_open(&img, path_of(name), map, dir ? path_of(dir) : NULL, flags);
	ukcov_map_free(map);
	if (err) {
		tap_diag("%s: %s", name, strerror(-err));
		exit(1);
	}
	return img;
}

/* The PCs of one kind. */
struct pcs {
	uint32_t kind;
	const char *module;
	size_t n;
	uint64_t pc[256];
};

static int put_site(void *arg, const struct ukcov_site *site)
{
	struct pcs *p = arg;

	if (site->kind == p->kind && !strcmp(site->module ? : "", p->module) && p->n < 256)
		p->pc[p->n++] = site->pc;
	return 0;
}

static struct pcs sites(struct ukcov_image *img, uint32_t kind, const char *module)
{
	struct pcs p = { .kind = kind, .module = module };

	CHECK(!ukcov_image_visit_sites(img, put_site, &p));
	return p;
}

static void test_lines(const char *name, bool has_frames)
{
	struct ukcov_image *img = image(name, NULL, NULL, 0);
	struct ukcov_frame f[MAX_FRAMES], one;
	struct pcs p = sites(img, UKCOV_SITE_CALL, "");
	size_t deepest = 0, guessed = 0;

	CHECK(ukcov_image_debug(img) == 1 && p.n > 30);
	for (size_t i = 0; i < p.n; i++) {
		int n = ukcov_image_find(img, p.pc[i], f, MAX_FRAMES);

		CHECK(n > 0 && n < MAX_FRAMES);
		for (int j = 0; j < n; j++) {
			CHECK(f[j].function && f[j].line && !f[j].module);
			CHECK(f[j].file && (!strcmp(f[j].file, "init/main.c") ||
					    !strcmp(f[j].file, "helpers.h") ||
					    !strcmp(f[j].file, "other.c")));
			CHECK(f[j].function_file && f[j].function_line);
			CHECK(strcmp(f[j].function, "helper") || !strcmp(f[j].function_file, "helpers.h"));
			CHECK(!!(f[j].flags & UKCOV_INLINED) == (j < n - 1));
			CHECK(!(f[j].flags & UKCOV_SYMTAB));
			guessed += !!(f[j].flags & UKCOV_LINE_GUESSED);
		}
		deepest = n > (int)deepest ? (size_t)n : deepest;
		/* No room: the number is told all the same. */
		CHECK(ukcov_image_find(img, p.pc[i], &one, 1) == n);
		CHECK(one.function == f[0].function && one.line == f[0].line);
		CHECK(ukcov_image_find(img, p.pc[i], NULL, 0) == n);
	}
	CHECK(!has_frames || deepest == 4);
	/* GCC gives each PC a line, Clang all but one. */
	CHECK(guessed <= !strncmp(name, "clang", 5));
	CHECK(ukcov_image_find(img, 0, f, MAX_FRAMES) == -ENOENT);
	CHECK(ukcov_image_find(img, UINT64_MAX, f, MAX_FRAMES) == -ENOENT);
	CHECK(strstr(ukcov_image_root(img), "tests/lib/objects"));
	tap_result("%s: each PC has a function, a file and a line, never 0; %zu lines guessed",
		   name, guessed);
	ukcov_image_close(img);
}

/* Line 0 in the middle of a function, and where one begins: made of assembly. */
static void test_line_0(void)
{
	struct ukcov_image *img = image("line0", NULL, NULL, 0);
	struct ukcov_frame f[2];
	struct pcs p = sites(img, UKCOV_SITE_CALL, "");

	CHECK(p.n == 3);
	CHECK(ukcov_image_find(img, p.pc[0], f, 2) == 1 && f[0].line == 11);
	CHECK(!(f[0].flags & UKCOV_LINE_GUESSED));
	CHECK(ukcov_image_find(img, p.pc[1], f, 2) == 1 && f[0].line == 11);
	CHECK(f[0].flags & UKCOV_LINE_GUESSED);
	/* Not the line of the function before. */
	CHECK(ukcov_image_find(img, p.pc[2], f, 2) == 1 && f[0].line != 11 && f[0].line != 12);
	CHECK(f[0].flags & UKCOV_LINE_GUESSED);
	tap_result("line 0: the row before in this function, and marked");
	ukcov_image_close(img);
}

static void test_tail(const char *name)
{
	struct ukcov_image *img = image(name, NULL, NULL, 0);
	struct pcs jumps = sites(img, UKCOV_SITE_JUMP, "");
	struct ukcov_frame f[2];
	struct ukcov_site site;
	size_t found = 0;

	CHECK(jumps.n == 1);
	CHECK(ukcov_image_find(img, jumps.pc[0], f, 2) > 0);
	CHECK(!strcmp(f[0].function, "tail_called"));
	/* What is recorded for it is in calls_tail(), behind the call of tail_called(). */
	memset(&site, 0xff, sizeof(site));
	memset(f, 0xff, sizeof(f));
	for (uint64_t pc = jumps.pc[0]; pc < jumps.pc[0] + 100; pc++)
		if (!ukcov_image_tail(img, pc, &site)) {
			CHECK(site.pc == jumps.pc[0] && site.kind == UKCOV_SITE_JUMP);
			CHECK(!site.reserved && !site.more[0] && !site.more[1]);
			CHECK(ukcov_image_find(img, pc, f, 2) > 0);
			CHECK(!strcmp(f[0].function, "calls_tail"));
			CHECK(!f[0].reserved && !f[0].more[0] && !f[0].more[1]);
			found++;
		}
	CHECK(found == 1);
	CHECK(ukcov_image_tail(img, sites(img, UKCOV_SITE_CALL, "").pc[0], &site) == -ENOENT);
	tap_result("%s: the hook that is jumped to is told apart, and what it is recorded as", name);
	ukcov_image_close(img);
}

static void test_no_debug(const char *name, int why, unsigned int flags)
{
	struct ukcov_image *img = image(name, NULL, NULL, flags);
	struct pcs p = sites(img, UKCOV_SITE_CALL, "");
	struct ukcov_frame f[2];

	CHECK(ukcov_image_debug(img) == why || (flags && ukcov_image_debug(img) == 1));
	CHECK(p.n > 30);
	for (size_t i = 0; i < p.n; i++) {
		CHECK(ukcov_image_find(img, p.pc[i], f, 2) == 1);
		CHECK(f[0].function && !f[0].file && !f[0].line && f[0].flags == UKCOV_SYMTAB);
	}
	CHECK(!strcmp(ukcov_image_root(img), ""));
	CHECK(ukcov_image_visit_lines(img, p.pc[0], p.pc[0] + 9, NULL, NULL) == -ENODATA);
	tap_result("%s: functions by the symbol table, and said so (%s)", name,
		   why < 0 ? strerror(-why) : "as was asked for");
	ukcov_image_close(img);
}

static void test_zstd(void)
{
	struct ukcov_image *img = image("zstd", NULL, NULL, 0);
	int debug = ukcov_image_debug(img);
	struct ukcov_frame f[MAX_FRAMES];
	struct pcs p = sites(img, UKCOV_SITE_CALL, "");

	/* Newer ones can read it. */
	CHECK(debug == -EPROTONOSUPPORT || debug == 1);
	CHECK(ukcov_image_find(img, p.pc[0], f, MAX_FRAMES) > 0 && f[0].function);
	CHECK(debug == 1 ? f[0].line != 0 : f[0].flags == UKCOV_SYMTAB);
	tap_result("debug information compressed with zstd: %s", debug == 1 ? "read" :
		   strerror(-debug));
	ukcov_image_close(img);
}

/* Where a module is, in three ways of knowing it. */
#define LIVE	"mod 16384 0 - Live 0xc0000000\n"
#define TEXT	"# section mod .text 0xc0000000\n"
#define REF	"# section mod .ref.text 0xc0001000\n"
#define INIT	"# section mod .init.text 0xc0008000\n"

static const char *function_at(struct ukcov_image *img, uint64_t pc, const char *module)
{
	struct ukcov_frame f[MAX_FRAMES];
	int n = ukcov_image_find(img, pc, f, MAX_FRAMES);

	if (n <= 0 || n > MAX_FRAMES || !f[n - 1].function || strcmp(f[n - 1].module ? : "", module))
		return "";
	return f[n - 1].function;
}

static void check_module(struct ukcov_image *img, uint64_t base, const char *name)
{
	struct pcs p = sites(img, UKCOV_SITE_CALL, name);
	struct ukcov_frame f[MAX_FRAMES];
	size_t ref = 0, init = 0, work = 0;

	CHECK(p.n == 18);
	for (size_t i = 0; i < p.n; i++) {
		const char *fn = function_at(img, p.pc[i], name);
		bool in_ref = p.pc[i] - base - 0x1000 < 0x1000;
		bool in_init = p.pc[i] - base - 0x8000 < 0x1000;

		CHECK(ukcov_image_find(img, p.pc[i], f, MAX_FRAMES) > 0);
		CHECK(f[0].file && f[0].line);
		CHECK(!strcmp(fn, in_ref ? "mod_ref" : in_init ? "mod_init" : "mod_work"));
		ref += in_ref;
		init += in_init;
		work += !in_ref && !in_init;
	}
	CHECK(ref && init && work);
}

struct address {
	const char *name;
	uint64_t addr;
};

static int find_address(void *arg, const struct ukcov_function *f)
{
	struct address *a = arg;

	if (!strcmp(f->name, a->name))
		a->addr = f->low;
	return 0;
}

/* _text is where the first hook is. */
static uint64_t text_of(struct ukcov_image *img)
{
	struct address a = { .name = "__sanitizer_cov_trace_pc" };

	CHECK(!ukcov_image_visit_functions(img, find_address, &a) && a.addr);
	return a.addr;
}

static void test_module(void)
{
	struct ukcov_image *img = image("gcc", LIVE TEXT REF INIT, "modules", 0);
	uint64_t first;

	check_module(img, 0xc0000000, "mod");
	first = sites(img, UKCOV_SITE_CALL, "mod").pc[0] - 0xc0000000;
	tap_result("a module: code in all sections, relocated, with lines");
	ukcov_image_close(img);

	/* _text of this vmlinux is not at the address that KASLR would give it. */
	img = image("gcc", "# text 0xffffffff90000000\n" LIVE TEXT REF INIT, "modules", 0);
	CHECK(sites(img, UKCOV_SITE_CALL, "").pc[0] < 0x500000);
	CHECK(sites(img, UKCOV_SITE_CALL, "mod").n == 18);
	CHECK(sites(img, UKCOV_SITE_CALL, "mod").pc[0] ==
	      0xc0000000 + (0x100000000 - 0x90000000) + text_of(img) + first);
	tap_result("with KASLR: less its offset, modules too");
	ukcov_image_close(img);
}

static void test_module_by_registers(void)
{
	struct ukcov_image *img = image("regs", "reg_mod 16384 0 - Live 0xc0000000\n"
		"# section reg_mod .text 0xc0000000\n# section reg_mod .ref.text 0xc0001000\n"
		"# section reg_mod .init.text 0xc0008000\n", "modules", 0);

	check_module(img, 0xc0000000, "reg_mod");
	tap_result("a compressed module that calls its hooks through registers");
	ukcov_image_close(img);
	img = image("arm64", "armmod 16384 0 - Live 0xc0000000\n"
		"# section armmod .text 0xc0000000\n# section armmod .ref.text 0xc0001000\n"
		"# section armmod .init.text 0xc0008000\n", "", 0);
	CHECK(sites(img, UKCOV_SITE_CALL, "armmod").n == 19);
	CHECK(!strcmp(function_at(img, sites(img, UKCOV_SITE_CALL, "armmod").pc[0], "armmod"),
		      "mod_work"));
	tap_result("a module of arm64");
	ukcov_image_close(img);
}

/* Only /proc/modules: sections one behind the other, as the kernel lays them out. */
static void test_module_guessed(void)
{
	struct ukcov_image *img = image("gcc", LIVE, "modules", 0);
	struct pcs p = sites(img, UKCOV_SITE_CALL, "mod");
	size_t init = 0, ref = 0;

	for (size_t i = 0; i < p.n; i++) {
		const char *fn = function_at(img, p.pc[i], "mod");

		init += !strcmp(fn, "mod_init");
		ref += !strcmp(fn, "mod_ref");
	}
	CHECK(p.n > 10 && p.pc[0] > 0xc0000000 && p.pc[0] < 0xc0000020 && ref && !init);
	tap_result("a module of which only /proc/modules is known");
	ukcov_image_close(img);
}

/* mod's .init.text was freed, other's .text is there now; sysfs tells both. */
static void test_stale_init(void)
{
	struct ukcov_image *img = image("gcc", LIVE TEXT REF
		"# section mod .init.text 0xc0100000\n"
		"other 16384 0 - Live 0xc0100000\n# section other .text 0xc0100000\n",
		"two", 0);
	struct pcs p = sites(img, UKCOV_SITE_CALL, "other");

	CHECK(p.n > 5);
	for (size_t i = 0; i < p.n; i++)
		CHECK(!strcmp(function_at(img, p.pc[i], "other"), "mod_work"));
	tap_result("code for init that was freed: the module that is there now");
	ukcov_image_close(img);
}

static int put_error(void *arg, const struct ukcov_module *m)
{
	*(int *)arg = m->error;
	return 0;
}

static int module_error(const char *map, const char *dir)
{
	struct ukcov_image *img = image("gcc", map, dir, 0);
	int err = 1;

	CHECK(!ukcov_image_visit_modules(img, put_error, &err));
	CHECK(sites(img, UKCOV_SITE_CALL, "").n > 30);
	ukcov_image_close(img);
	return err;
}

static void test_module_errors(void)
{
	CHECK(module_error(LIVE TEXT, "modules") == 0);
	CHECK(module_error(LIVE TEXT, "linked") == 0);
	CHECK(module_error(LIVE TEXT, "modules/stripped") == -ENODATA);
	CHECK(module_error(LIVE TEXT, "empty") == -ENOENT);
	CHECK(module_error(LIVE TEXT, NULL) == -ENOENT);
	CHECK(module_error(LIVE "# module-build-id mod 0123\n" TEXT, "modules") == -ESTALE);
	CHECK(module_error(LIVE TEXT, "damaged") == -ENOEXEC);
	tap_result("a module's file is missing, stripped, of another build, damaged");
}

static int open_vmlinux(const char *path, const char *map_text, unsigned int flags)
{
	struct ukcov_map *map = NULL;
	struct ukcov_image *img = (void *)1;
	int err;

	if (map_text)
		CHECK(!ukcov_map_parse(&map, map_text, strlen(map_text), NULL));
	err = ukcov_image_open(&img, path, map, NULL, flags);
	CHECK(err ? !img : !!img);
	ukcov_image_close(img);
	ukcov_map_free(map);
	return err;
}

static void test_bad_vmlinux(void)
{
	struct ukcov_image *img = image("gcc", NULL, NULL, 0);
	char map[256];

	snprintf(map, sizeof(map), "# build-id %s\n", ukcov_image_build_id(img));
	CHECK(strlen(ukcov_image_build_id(img)) == 40);
	ukcov_image_close(img);
	CHECK(open_vmlinux(path_of("gcc"), map, 0) == 0);
	CHECK(open_vmlinux(path_of("size"), map, 0) == -ESTALE);
	CHECK(open_vmlinux(path_of("size"), map, UKCOV_ANY_BUILD_ID) == 0);
	tap_result("a vmlinux of another build: -ESTALE");
	CHECK(open_vmlinux(path_of("nowhere"), NULL, 0) == -ENOENT);
	CHECK(open_vmlinux(path_of("gcc.s"), NULL, 0) == -ENOEXEC);
	CHECK(open_vmlinux(path_of("mod.ko"), NULL, 0) == -ENOEXEC);
	CHECK(open_vmlinux(path_of("empty"), NULL, 0) < 0);
	CHECK(open_vmlinux("/dev/null", NULL, 0) == -ENOEXEC);
	CHECK(open_vmlinux(path_of("gcc"), NULL, 1u << 30) == -EINVAL);
	tap_result("no vmlinux, a file that is none, a module, a directory");
	img = image("nosymbols", NULL, NULL, 0);
	CHECK(ukcov_image_visit_sites(img, put_site, NULL) == -EBADMSG);
	ukcov_image_close(img);
	img = image("onlydebug", NULL, NULL, 0);
	CHECK(ukcov_image_visit_sites(img, put_site, NULL) == -EBADMSG);
	CHECK(ukcov_image_debug(img) == 1);
	ukcov_image_close(img);
	tap_result("a vmlinux without hooks, or without code: -EBADMSG");
}

/* Cut off anywhere: an error, or what is left is read; never more than that. */
static void test_truncated(const char *name, size_t step)
{
	static char text[1 << 20];
	const char *cut = path_of("cut");
	struct ukcov_image *img;
	struct ukcov_frame f[2];
	struct stat st;
	int fd = open(path_of(name), O_RDONLY), out;
	ssize_t len = read(fd, text, sizeof(text));
	size_t refused = 0, tried = 0;

	close(fd);
	CHECK(len > 1000 && !stat(path_of(name), &st));
	for (size_t n = 0; n < (size_t)len; n += step, tried++) {
		out = open(cut, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		CHECK(write(out, text, n) == (ssize_t)n);
		close(out);
		if (ukcov_image_open(&img, cut, NULL, NULL, 0)) {
			refused++;
			continue;
		}
		ukcov_image_find(img, 0x401100, f, 2);
		ukcov_image_close(img);
	}
	unlink(cut);
	CHECK(refused == tried);
	tap_result("%s cut off at %zu places: refused", name, tried);
}

/* A section that is larger than the file, one that has no end. */
static void test_damaged(void)
{
	static char text[1 << 20];
	const char *damaged = path_of("damaged-size");
	int fd = open(path_of("gcc"), O_RDONLY), out;
	ssize_t len = read(fd, text, sizeof(text));
	Elf64_Ehdr *eh = (void *)text;
	Elf64_Shdr *sh = (void *)(text + eh->e_shoff);
	static const uint64_t sizes[] = { 1 << 20, UINT64_MAX, UINT64_MAX / 2 };

	close(fd);
	CHECK(len > 1000 && eh->e_shnum > 5);
	for (size_t i = 0; i < 3 * 5; i++) {
		uint64_t old = sh[1 + i % 5].sh_size;

		/* That has no bytes in the file. */
		if (sh[1 + i % 5].sh_type == SHT_NOBITS)
			continue;
		sh[1 + i % 5].sh_size = sizes[i / 5];
		out = open(damaged, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		CHECK(write(out, text, len) == len);
		close(out);
		CHECK(open_vmlinux(damaged, NULL, 0) == -ENOEXEC);
		sh[1 + i % 5].sh_size = old;
	}
	unlink(damaged);
	tap_result("sections that go beyond the file: refused");
}

static Elf64_Shdr *section(char *text, const char *name)
{
	Elf64_Ehdr *eh = (void *)text;
	Elf64_Shdr *sh = (void *)(text + eh->e_shoff);

	for (int i = 1; i < eh->e_shnum; i++)
		if (!strcmp(text + sh[eh->e_shstrndx].sh_offset + sh[i].sh_name, name))
			return &sh[i];
	return NULL;
}

/* A unit of debug information that goes beyond its section, or leads back to itself. */
static void test_damaged_units(void)
{
	static char text[1 << 20];
	static const struct { uint32_t len32; uint64_t len64; } lengths[] = {
		{ 0x7fffffff, 0 }, { 1 << 20, 0 }, { 0xffffffff, -12ull }, { 0xffffffff, -16ull },
	};
	const char *damaged = path_of("damaged-unit");
	int fd = open(path_of("gcc"), O_RDONLY), out;
	ssize_t len = read(fd, text, sizeof(text));
	Elf64_Shdr *sh = len > 1000 ? section(text, ".debug_info") : NULL;
	struct ukcov_image *img;

	close(fd);
	CHECK(sh && sh->sh_size > 100);
	for (size_t i = 0; sh && i < 4; i++) {
		char *unit = text + sh->sh_offset;
		/* Version 5, a compile unit, addresses of 8 bytes. */
		static const unsigned char rest[] = { 5, 0, 1, 8 };

		memcpy(unit, &lengths[i].len32, 4);
		if (lengths[i].len64) {
			memcpy(unit + 4, &lengths[i].len64, 8);
			memcpy(unit + 12, rest, 4);
		}
		out = open(damaged, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		CHECK(write(out, text, len) == len);
		close(out);
		CHECK(!ukcov_image_open(&img, damaged, NULL, NULL, 0));
		CHECK(ukcov_image_debug(img) == -EBADMSG);
		CHECK(sites(img, UKCOV_SITE_CALL, "").n > 30);
		ukcov_image_close(img);
	}
	unlink(damaged);
	tap_result("units that go beyond their section, or back: -EBADMSG");
}

/* Of a module, that is noticed when it is read. */
static void test_damaged_module(void)
{
	static char text[1 << 20];
	const char *damaged = path_of("broken/mod.ko");
	int fd = open(path_of("mod.ko"), O_RDONLY), out;
	ssize_t len = read(fd, text, sizeof(text));
	Elf64_Shdr *sh = len > 1000 ? section(text, ".debug_info") : NULL;
	struct ukcov_image *img;
	struct ukcov_frame f[2];
	uint64_t pc;
	int err = 1;

	close(fd);
	CHECK(sh && sh->sh_size > 100);
	memset(text + sh->sh_offset, 0x7f, 4);
	out = open(damaged, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(write(out, text, len) == len);
	close(out);
	img = image("gcc", LIVE TEXT REF INIT, "broken", 0);
	CHECK(!ukcov_image_visit_modules(img, put_error, &err) && !err);
	pc = sites(img, UKCOV_SITE_CALL, "mod").pc[0];
	CHECK(ukcov_image_find(img, pc, f, 2) == 1 && f[0].flags & UKCOV_SYMTAB);
	CHECK(!ukcov_image_visit_modules(img, put_error, &err) && err == -EBADMSG);
	tap_result("a module with damaged debug information: -EBADMSG, functions by the symbol table");
	ukcov_image_close(img);
}

/* Line number programs with any byte damaged: functions are known, whatever lines are. */
static void test_damaged_lines(const char *name)
{
	static char text[1 << 20];
	const char *damaged = path_of("damaged-lines");
	int fd = open(path_of(name), O_RDONLY), out;
	ssize_t len = read(fd, text, sizeof(text));
	Elf64_Shdr *sh = len > 1000 ? section(text, ".debug_line") : NULL;
	struct ukcov_image *img;
	struct ukcov_frame f[MAX_FRAMES];

	close(fd);
	CHECK(sh && sh->sh_size > 100);
	/* All of the first header, then here and there. */
	for (size_t i = 0; sh && i < sh->sh_size; i += i < 100 ? 1 : 23) {
		char *byte = text + sh->sh_offset + i, old = *byte;

		*byte = i % 2 && old != -1 ? -1 : old + 0x40;
		out = open(damaged, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		CHECK(write(out, text, len) == len);
		close(out);
		*byte = old;
		img = image("damaged-lines", NULL, NULL, 0);
		CHECK(ukcov_image_debug(img) == 1);
		CHECK(ukcov_image_find(img, sites(img, UKCOV_SITE_CALL, "").pc[0], f, MAX_FRAMES) > 0);
		CHECK(f[0].function && !(f[0].flags & UKCOV_SYMTAB));
		ukcov_image_close(img);
	}
	unlink(damaged);
	tap_result("%s: damaged line numbers, functions are there", name);
}

/* The parts of functions that debug information tells. */
struct parts {
	size_t n;
	struct part {
		char name[32];
		uint64_t low;
		uint64_t high;
	} part[64];
};

static int put_part(void *arg, const struct ukcov_function *f)
{
	struct parts *p = arg;
	struct part *part = &p->part[p->n];

	if (f->flags & UKCOV_SYMTAB || f->high <= f->low || p->n == 64)
		return 0;
	snprintf(part->name, sizeof(part->name), "%s", f->name);
	part->low = f->low;
	part->high = f->high;
	p->n++;
	return 0;
}

static struct parts parts_of(const char *name)
{
	struct ukcov_image *img = image(name, NULL, NULL, 0);
	struct parts p = { 0 };

	CHECK(ukcov_image_debug(img) == 1);
	CHECK(!ukcov_image_visit_functions(img, put_part, &p));
	ukcov_image_close(img);
	return p;
}

static bool has_part(const struct parts *p, const char *name, uint64_t low, uint64_t high)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->part[i].name, name) && p->part[i].low == low &&
		    p->part[i].high == high)
			return true;
	return false;
}

/* Each function is where its symbol is; "parts" in two halves, the first of two bytes. */
static int check_symbol(void *arg, const struct ukcov_function *f)
{
	const struct parts *p = arg;

	CHECK(f->flags & UKCOV_SYMTAB);
	if (!strncmp(f->name, "__", 2))
		return 0;
	if (strcmp(f->name, "parts"))
		CHECK(has_part(p, f->name, f->low, f->high));
	else
		CHECK(has_part(p, f->name, f->low, f->low + 2) &&
		      has_part(p, f->name, f->low + 2, f->high));
	return 0;
}

/* Address ranges in all their forms, from assembly. */
static void test_ranges(const char *name, size_t n)
{
	struct ukcov_image *img = image(name, NULL, NULL, UKCOV_NO_DEBUG);
	struct parts p = parts_of(name);

	CHECK(p.n == n);
	CHECK(!ukcov_image_visit_functions(img, check_symbol, &p));
	tap_result("%s: address ranges in each form: %zu, as the symbols say", name, n);
	ukcov_image_close(img);
}

/* Cut off anywhere, lists tell less; never anything else. */
static void test_cut_ranges(const char *name, const char *in)
{
	static char text[1 << 20];
	const char *damaged = path_of("damaged-ranges");
	struct parts all = parts_of(name), p = { 0 };
	int fd = open(path_of(name), O_RDONLY), out;
	ssize_t len = read(fd, text, sizeof(text));
	Elf64_Shdr *sh = len > 1000 ? section(text, in) : NULL;
	size_t size = sh ? sh->sh_size : 0, before = 0, half = 0;

	close(fd);
	CHECK(size > 10);
	for (size_t n = 0; n < size; n++) {
		sh->sh_size = n;
		out = open(damaged, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		CHECK(write(out, text, len) == len);
		close(out);
		p = parts_of("damaged-ranges");
		for (size_t i = 0; i < p.n; i++)
			CHECK(has_part(&all, p.part[i].name, p.part[i].low, p.part[i].high));
		CHECK(p.n >= before);
		before = p.n;
		half = n == size / 2 ? p.n : half;
	}
	unlink(damaged);
	CHECK(half < p.n && p.n < all.n);
	tap_result("%s: %s cut off at any byte: %zu ranges of %zu, at half of it %zu", name, in, p.n,
		   all.n, half);
}

/* With the functions in other files: lines are there, functions are those of the symbols. */
static void test_split(const char *name)
{
	struct ukcov_image *img = image(name, NULL, NULL, 0);
	struct pcs p = sites(img, UKCOV_SITE_CALL, "");
	struct ukcov_frame f[2];

	CHECK(ukcov_image_debug(img) == 1 && p.n > 30);
	for (size_t i = 0; i < p.n; i++) {
		CHECK(ukcov_image_find(img, p.pc[i], f, 2) == 1);
		CHECK(f[0].function && f[0].flags & UKCOV_SYMTAB && f[0].file && f[0].line);
	}
	tap_result("%s: lines, and functions by the symbol table", name);
	ukcov_image_close(img);
}

static int count_line(void *arg, const struct ukcov_line *line)
{
	CHECK(line->line && line->file);
	++*(int *)arg;
	return 0;
}

struct wanted {
	const char *name;
	size_t parts;
	size_t inlined;
	uint32_t line;
};

static int find_function(void *arg, const struct ukcov_function *f)
{
	struct wanted *w = arg;

	if (strcmp(f->name, w->name))
		return 0;
	w->parts += f->high > f->low;
	w->inlined += !!(f->flags & UKCOV_INLINED);
	w->line = f->line;
	return 0;
}

static void test_functions(void)
{
	struct ukcov_image *img = image("gcc", NULL, NULL, 0);
	struct wanted helper = { .name = "helper" }, busy = { .name = "busy" };
	struct wanted unlikely = { .name = "unlikely_part" };
	struct pcs p = sites(img, UKCOV_SITE_CALL, "");
	int lines = 0;

	CHECK(!ukcov_image_visit_functions(img, find_function, &helper));
	CHECK(!ukcov_image_visit_functions(img, find_function, &busy));
	CHECK(!ukcov_image_visit_functions(img, find_function, &unlikely));
	CHECK(helper.inlined == 1 && !helper.parts && helper.line == 19);
	CHECK(busy.parts == 1 && !busy.inlined && busy.line > 10);
	CHECK(unlikely.parts == 2);
	tap_result("functions: with code, in two parts, inlined everywhere");
	CHECK(!ukcov_image_visit_lines(img, p.pc[0] - 5, p.pc[p.n - 1], count_line, &lines));
	CHECK(lines > 30);
	lines = 0;
	CHECK(!ukcov_image_visit_lines(img, p.pc[3] - 1, p.pc[3], count_line, &lines) && lines == 1);
	CHECK(ukcov_image_visit_lines(img, 1, 2, count_line, &lines) == -ENOENT);
	tap_result("rows of the line table");
	ukcov_image_close(img);
}

static void *in_thread(void *arg)
{
	struct ukcov_image *img = image(arg, NULL, NULL, 0);
	struct pcs p = sites(img, UKCOV_SITE_CALL, "");
	struct ukcov_frame f[MAX_FRAMES];
	size_t good = 0;

	for (size_t i = 0; i < p.n; i++)
		good += ukcov_image_find(img, p.pc[i], f, MAX_FRAMES) > 0 && f[0].line;
	good = good == p.n && p.n > 30;
	ukcov_image_close(img);
	return (void *)good;
}

static void test_threads(void)
{
	static char *names[] = { "gcc", "clang", "dwarf4", "gcc" };
	pthread_t thread[4];
	void *good;

	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&thread[i], NULL, in_thread, names[i]));
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_join(thread[i], &good) && good);
	tap_result("four threads with an image each");
}

int main(void)
{
	test_lines("gcc", true);
	test_lines("dwarf2", true);
	test_lines("dwarf4", true);
	test_lines("dwarf64", true);
	test_lines("lto", false);
	test_lines("regs", true);
	test_lines("size", false);
	test_lines("clang", false);
	test_lines("clang4", false);
	test_lines("clang64", false);
	test_lines("arm64", true);
	test_lines("zlib", true);
	test_lines("zlib-gnu", true);
	test_threads();
	test_line_0();
	test_tail("gcc");
	test_tail("regs");
	test_tail("arm64");
	test_no_debug("nodebug", -ENODATA, 0);
	test_no_debug("gcc", 1, UKCOV_NO_DEBUG);
	test_zstd();
	test_split("split");
	test_split("clangsplit");
	test_functions();
	test_ranges("ranges4", 4);
	test_ranges("ranges5", 10);
	test_module();
	test_module_by_registers();
	test_module_guessed();
	test_stale_init();
	test_module_errors();
	test_bad_vmlinux();
	test_damaged();
	test_damaged_units();
	test_damaged_module();
	test_damaged_lines("gcc");
	test_damaged_lines("dwarf4");
	test_cut_ranges("ranges4", ".debug_ranges");
	test_cut_ranges("ranges5", ".debug_rnglists");
	test_cut_ranges("ranges5", ".debug_addr");
	test_truncated("gcc", 997);
	test_truncated("clang", 1499);
	return tap_done();
}
