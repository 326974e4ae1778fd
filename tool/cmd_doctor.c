// SPDX-License-Identifier: MIT
/* ukcov doctor: what this kernel and machine have, and what to do about what they lack. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "tool.h"

#define DEBUGFS		"/sys/kernel/debug"
#define DEBUGFS_FS	0x64626720
#define WORDS		512ul

static const char help[] =
	"Usage: ukcov doctor [OPTION...]\n"
	"\n"
	"Checks what 'ukcov run' and 'ukcov report' need, and says what to do about what is\n"
	"missing. What the kernel can do is found out by asking it.\n"
	"\n"
	KERNEL_HELP
	"\n"
	"Exit status: 0 if coverage can be collected, else 1.\n";

static bool broken;	/* nothing can be collected */
static const char *red = "", *green = "", *yellow = "", *plain = "";

static void __printf(3, 4) line(const char *colour, const char *mark, const char *fmt, ...)
{
	va_list ap;

	printf("%s%-5s%s ", colour, mark, plain);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

#define good(...)	line(green, "ok", __VA_ARGS__)
#define note(...)	line(yellow, "note", __VA_ARGS__)
#define bad(...)	do { broken = true; line(red, "NO", __VA_ARGS__); } while (0)

/* ---- configuration ---- */

static FILE *open_config(const char *vmlinux, char **from)
{
	const char *slash = vmlinux ? strrchr(vmlinux, '/') : NULL;
	struct utsname un;
	char *at[3];
	FILE *f = NULL;

	*from = NULL;
	if (!access("/proc/config.gz", R_OK)) {
		*from = xstrdup("/proc/config.gz");
		return popen("zcat /proc/config.gz 2>/dev/null", "r");
	}
	uname(&un);
	at[0] = xasprintf("/boot/config-%s", un.release);
	at[1] = xasprintf("/lib/modules/%s/build/.config", un.release);
	at[2] = slash ? xasprintf("%.*s/.config", (int)(slash - vmlinux), vmlinux) : xstrdup("");
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		if (!f && *at[i])
			f = fopen(at[i], "re");
		if (f && !*from)
			*from = at[i];
		else
			free(at[i]);
	}
	return f;
}

static const struct {
	const char *option, *without;
} wanted[] = {
	{ "CONFIG_KCOV=y", "there is no coverage" },
	{ "CONFIG_KCOV_INSTRUMENT_ALL=y", "only some directories are covered" },
	{ "CONFIG_KCOV_ENABLE_COMPARISONS=y", "no comparisons" },
	{ "CONFIG_KCOV_UNIQ=y", "no unique modes: apply the series for them" },
	{ "CONFIG_DEBUG_INFO=y", "no lines in reports" },
};

/* False: it was not found. */
static bool read_config(const char *vmlinux, bool *have, char **from)
{
	FILE *f = open_config(vmlinux, from);
	char text[512];

	if (!f)
		return false;
	while (fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = 0;
		for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
			have[i] |= !strcmp(text, wanted[i].option);
	}
	if (!strcmp(*from, "/proc/config.gz"))
		pclose(f);
	else
		fclose(f);
	return true;
}

static void check_config(const char *vmlinux)
{
	bool have[ARRAY_SIZE(wanted)] = { false };
	char *from;

	if (!read_config(vmlinux, have, &from)) {
		note("the kernel's configuration was not found (/proc/config.gz, /boot): build with CONFIG_IKCONFIG_PROC=y to see it here");
		return;
	}
	printf("      configuration: %s\n", from);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (have[i])
			good("%s", wanted[i].option);
		else
			note("%s is not set: %s", wanted[i].option, wanted[i].without);
	}
	free(from);
}

/* ---- KCOV ---- */

#define NO_KCOV	"build one with CONFIG_KCOV=y and CONFIG_KCOV_INSTRUMENT_ALL=y, or try that of scripts/vm"

/* Without the function that callbacks call there is none. True also if nobody knows. */
static bool has_kcov(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	bool have[ARRAY_SIZE(wanted)] = { false }, some = false, has = false;
	char text[512], *from;

	while (f && !has && fgets(text, sizeof(text), f)) {
		some = true;
		has = strstr(text, " __sanitizer_cov_trace_pc\n");
	}
	if (f)
		fclose(f);
	if (some)
		return has;
	if (!read_config(NULL, have, &from))
		return true;
	free(from);
	return have[0];
}

static int open_kcov(void)
{
	struct statfs fs;
	int fd;

	if (statfs(DEBUGFS, &fs) || (unsigned long)fs.f_type != DEBUGFS_FS) {
		bad("debugfs is not mounted: mount -t debugfs none %s", DEBUGFS);
		return -1;
	}
	good("debugfs is mounted at %s", DEBUGFS);
	fd = open(DEBUGFS "/kcov", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		good("%s/kcov can be opened", DEBUGFS);
		return fd;
	}
	if (errno == ENOENT)
		bad("there is no %s/kcov: %s", DEBUGFS, NO_KCOV);
	else if (errno == EACCES || errno == EPERM)
		bad("no permission to open %s/kcov: run this as root%s", DEBUGFS,
		    geteuid() ? "" : " without lockdown (kernel lockdown forbids debugfs: boot with lockdown=none)");
	else
		bad("%s/kcov: %s", DEBUGFS, strerror(errno));
	return -1;
}

static const struct {
	unsigned long mode;
	const char *name, *what;
} modes[] = {
	{ KCOV_TRACE_PC, "0", "trace of PCs" },
	{ KCOV_TRACE_CMP, "1", "trace of comparisons" },
	{ KCOV_TRACE_UNIQ_PC, "2", "unique PCs" },
	{ KCOV_TRACE_UNIQ_EDGE, "4", "unique edges" },
	{ KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE, "6", "unique PCs and edges" },
	{ KCOV_TRACE_UNIQ_CMP, "8", "unique comparisons" },
	{ KCOV_TRACE_COMPACT, "16", "compact trace" },
};

/* Our kernel says so by KCOV_GET_STATS; others give mode 2 another meaning. */
static void check_modes(int fd, bool ours)
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		bool can = !ioctl(fd, KCOV_ENABLE, modes[i].mode);
		int err = errno;

		if (can)
			ioctl(fd, KCOV_DISABLE, 0);
		if (can && modes[i].mode > 1 && !ours)
			note("mode %-2s is something else in this kernel: %s come from the library", modes[i].name,
			     modes[i].what);
		else if (can)
			good("mode %-2s %s", modes[i].name, modes[i].what);
		else if (!i)
			bad("mode 0 (trace of PCs): %s%s", strerror(err),
			    err == EBUSY ? ": this task is being traced already" : "");
		else if (modes[i].mode == KCOV_TRACE_CMP || modes[i].mode == KCOV_TRACE_UNIQ_CMP)
			note("mode %-2s %s: %s: for comparisons build with CONFIG_KCOV_ENABLE_COMPARISONS=y",
			     modes[i].name, modes[i].what, strerror(err));
		else
			note("mode %-2s %s: the kernel lacks it; the library makes it from mode 0, which needs larger buffers (-b)",
			     modes[i].name, modes[i].what);
	}
}

static void check_ioctls(int fd, bool ours)
{
	struct kcov_remote_arg arg = { .trace_mode = KCOV_TRACE_PC, .area_size = WORDS };

	if (ours)
		good("KCOV_GET_STATS: the kernel counts what has no room");
	else
		note("no KCOV_GET_STATS: a full buffer is noticed, but not by how much; apply the series for that");
	if (ours && ioctl(fd, KCOV_RESET_TRACE, 0))
		note("KCOV_RESET_TRACE: %s", strerror(errno));
	else if (ours)
		good("KCOV_RESET_TRACE");
	arg.common_handle = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, getpid());
	if (ioctl(fd, KCOV_REMOTE_ENABLE, &arg)) {
		note("KCOV_REMOTE_ENABLE: %s: no coverage of background work", strerror(errno));
	} else {
		ioctl(fd, KCOV_DISABLE, 0);
		good("KCOV_REMOTE_ENABLE");
	}
	if (!access("/sys/module/kcov/parameters/compact", F_OK))
		good("kcov.compact is there: echo 1 > /sys/module/kcov/parameters/compact for fuzzers that know mode 0 only");
}

/* A call is traced and has PCs. */
static void check_pcs(int fd)
{
	unsigned long *area = mmap(NULL, WORDS * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED,
				   fd, 0);
	unsigned long n;

	if (area == MAP_FAILED) {
		bad("the buffer cannot be mapped: %s", strerror(errno));
		return;
	}
	if (!ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC)) {
		area[0] = 0;
		syscall(SYS_read, -1, NULL, 0);
		n = area[0];
		ioctl(fd, KCOV_DISABLE, 0);
		if (n)
			good("read(-1, NULL, 0) makes %lu callbacks", n);
		else
			bad("read(-1, NULL, 0) makes no callback: build with CONFIG_KCOV_INSTRUMENT_ALL=y");
	}
	munmap(area, WORDS * sizeof(long));
}

static void check_kcov(void)
{
	struct kcov_stats st = { .size = sizeof(st) };
	bool ours;
	int fd;

	if (!has_kcov()) {
		bad("CONFIG_KCOV is not set in this kernel: %s", NO_KCOV);
		return;
	}
	fd = open_kcov();
	if (fd < 0)
		return;
	if (ioctl(fd, KCOV_INIT_TRACE, WORDS)) {
		bad("KCOV_INIT_TRACE: %s", strerror(errno));
		close(fd);
		return;
	}
	ours = !ioctl(fd, KCOV_GET_STATS, &st);
	check_pcs(fd);
	check_modes(fd, ours);
	check_ioctls(fd, ours);
	close(fd);
}

/* ---- ptrace ---- */

static void check_follow(void)
{
	int fds[2], pidfd, got, status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds)) {
		note("--follow: no local sockets: build with CONFIG_UNIX=y");
		return;
	}
	close(fds[0]);
	close(fds[1]);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, 0)) {
		note("--follow: ptrace: %s: is ukcov itself traced, or ptrace forbidden?", strerror(errno));
	} else {
		pidfd = syscall(SYS_pidfd_open, pid, 0);
		got = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
		if (got < 0 && errno != EBADF)
			note("--follow: pidfd_getfd: %s: Linux 5.6 or newer is needed", strerror(errno));
		else
			good("--follow: ptrace and pidfd_getfd work");
		if (got >= 0)
			close(got);
		if (pidfd >= 0)
			close(pidfd);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, __WALL);
}

/* ---- vmlinux ---- */

static int show_module(void *arg, const struct ukcov_module *m)
{
	(void)arg;
	if (m->error)
		note("module %s: %s: give the directory of the .ko files with --modules", m->name,
		     m->error == -ENOENT ? "no .ko found" : strerror(-m->error));
	else
		good("module %s: %s", m->name, m->path);
	return 0;
}

static void check_image(const char *vmlinux, const struct ukcov_map *map,
			const struct kernel_options *o)
{
	struct ukcov_image *img;
	char *dir = NULL;
	int err;

	if (map)
		dir = o->modules ? xstrdup(o->modules) :
			xasprintf("%.*s", (int)(strrchr(vmlinux, '/') - vmlinux), vmlinux);
	err = ukcov_image_open(&img, vmlinux, map, dir, UKCOV_ANY_BUILD_ID);
	free(dir);
	if (err) {
		note("%s: %s: reports need a vmlinux with symbols", vmlinux, strerror(-err));
		return;
	}
	if (map && *ukcov_map_build_id(map) && *ukcov_image_build_id(img) &&
	    strcmp(ukcov_map_build_id(map), ukcov_image_build_id(img)))
		note("%s is of another kernel: give the right one with -k", vmlinux);
	else
		good("vmlinux: %s, build id %.12s", vmlinux,
		     *ukcov_image_build_id(img) ? ukcov_image_build_id(img) : "none");
	switch (ukcov_image_debug(img)) {
	case 1:
		good("debug information: reports have lines");
		break;
	case -ENODATA:
		note("no debug information: reports have functions only; build with CONFIG_DEBUG_INFO_DWARF5=y");
		break;
	case -EPROTONOSUPPORT:
		note("debug information that the installed libelf cannot read (zstd): build with CONFIG_DEBUG_INFO_COMPRESSED_NONE=y");
		break;
	default:
		note("the debug information is damaged: build the kernel again");
	}
	ukcov_image_visit_modules(img, show_module, NULL);
	ukcov_image_close(img);
}

static void check_vmlinux(const struct kernel_options *o, char **found)
{
	struct ukcov_map *map;
	struct utsname un;
	int err;

	uname(&un);
	err = ukcov_map_live(&map);
	if (err == -EACCES)
		note("the kernel hides addresses: sysctl kernel.kptr_restrict=0, as root, to know modules and KASLR");
	else if (err)
		note("where the kernel lies cannot be read: %s", strerror(-err));
	else if (!*ukcov_map_build_id(map))
		note("the running kernel has no build id: whether a vmlinux is the right one cannot be told");
	if (err)
		map = NULL;
	*found = find_vmlinux(o->vmlinux, NULL, un.release, map ? ukcov_map_build_id(map) : NULL);
	if (*found)
		check_image(*found, map, o);
	else
		note("no vmlinux of Linux %s was found, so reports know no functions: give the build directory with -k, or install the -dbg package of the kernel",
		     un.release);
	ukcov_map_free(map);
}

static void check_kaslr(void)
{
	char text[4096] = "";
	FILE *f = fopen("/proc/cmdline", "re");

	if (f) {
		if (!fgets(text, sizeof(text), f))
			*text = 0;
		fclose(f);
	}
	if (strstr(text, "nokaslr"))
		good("KASLR is off (nokaslr)");
	else
		good("KASLR is no matter: KCOV's PCs are without its offset");
}

static void check_programs(void)
{
	if (!system("command -v genhtml >/dev/null 2>&1"))
		good("genhtml is there, for 'ukcov report --html'");
	else
		note("genhtml is missing, for 'ukcov report --html': install the package lcov");
}

static const struct option options[] = {
	KERNEL_LONG_OPTIONS,
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

int cmd_doctor(int argc, char **argv)
{
	struct kernel_options o = { 0 };
	struct utsname un;
	char *vmlinux = NULL;
	int opt;

	while ((opt = next_option(argc, argv, KERNEL_OPTSTRING "h", options)) != -1) {
		if (opt == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (!kernel_option(&o, opt))
			return STATUS_USAGE;
	}
	if (optind < argc)
		return misuse("doctor", "'%s': doctor takes no argument", argv[optind]);
	if (colours(stdout)) {
		red = "\033[31m";
		green = "\033[32m";
		yellow = "\033[33m";
		plain = "\033[0m";
	}
	uname(&un);
	printf("      Linux %s, %s\n", un.release, un.machine);
	check_kcov();
	check_follow();
	check_vmlinux(&o, &vmlinux);
	check_kaslr();
	check_config(vmlinux);
	check_programs();
	free(vmlinux);
	puts(broken ? "Coverage cannot be collected here: see the lines with NO." :
	     "Coverage can be collected: ukcov run -o FILE -- COMMAND");
	return broken ? STATUS_FAILED : 0;
}
