// SPDX-License-Identifier: MIT
/*
 * The init of the guests of scripts/vm: makes the guest usable, runs one
 * program, leaves its verdict and powers off.
 *
 * Its arguments are the repository and a directory of the host, where scripts/vm has put
 *	argv, env	what to run, each string ended by a 0
 *	dirs		the working directory and the scratch folder; 0-ended too
 *	shown		more files and directories that the program must see; 0-ended too
 *	mounts		directories that it may write to, as the scratch folder; 0-ended too
 *	terminal	"DEVICE ROWS COLUMNS": the program has this terminal, and no streams
 *	stdin		what the program reads, if there is such a file
 *	stdout, stderr	empty files; without stderr, both streams go to stdout
 * and where this program adds
 *	started		so that a guest that restarts itself is noticed
 *	verdict		"exit N" or "signal N"; nothing else speaks for the guest
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define __noreturn	__attribute__((__noreturn__))
#define __printf(a, b)	__attribute__((__format__(printf, a, b)))

/* A stream of the program: a pipe in the guest, so that it is no file for the program. */
struct stream {
	int to_program;
	int from_program;
	int file;
};

static void __noreturn power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

/* No verdict is written: scripts/vm then shows the log, with this message. */
static void __printf(1, 2) __noreturn die(const char *fmt, ...)
{
	char msg[512] = "vm-init: ";
	size_t n = strlen(msg);
	va_list ap;
	int fd;

	va_start(ap, fmt);
	vsnprintf(msg + n, sizeof(msg) - n, fmt, ap);
	va_end(ap);
	/* Not by dprintf(), which seeks: /dev/kmsg refuses that. */
	fd = open("/dev/kmsg", O_WRONLY);
	if (write(fd < 0 ? 2 : fd, msg, strlen(msg)) < 0)
		perror(msg);
	power_off();
}

static void make_dirs(const char *path)
{
	char *copy = strdup(path);
	char *p = copy;

	while ((p = strchr(p + 1, '/'))) {
		*p = 0;
		mkdir(copy, 0755);
		*p = '/';
	}
	mkdir(path, 0755);
	free(copy);
}

/* A kernel without the file system or a host without the directory is no error. */
static void mount_fs(const char *type, const char *dir, const char *options)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, options) && errno != ENODEV && errno != ENOENT &&
	    errno != EBUSY)
		die("cannot mount %s: %s", dir, strerror(errno));
}

static void make_node(const char *name, int major, int minor)
{
	mknod(name, S_IFCHR | 0666, makedev(major, minor));
}

static void mount_dev(void)
{
	if (!mount("devtmpfs", "/dev", "devtmpfs", 0, NULL))
		return;
	mount_fs("tmpfs", "/dev", "mode=0755");
	make_node("/dev/null", 1, 3);
	make_node("/dev/zero", 1, 5);
	make_node("/dev/full", 1, 7);
	make_node("/dev/random", 1, 8);
	make_node("/dev/urandom", 1, 9);
	make_node("/dev/kmsg", 1, 11);
	make_node("/dev/tty", 5, 0);
	make_node("/dev/ptmx", 5, 2);
}

static void mount_all(void)
{
	mount_dev();
	mount_fs("proc", "/proc", NULL);
	mount_fs("sysfs", "/sys", NULL);
	mount_fs("debugfs", "/sys/kernel/debug", NULL);
	mount_fs("cgroup2", "/sys/fs/cgroup", NULL);
	mount_fs("devpts", "/dev/pts", "ptmxmode=0666,mode=0620");
	mount_fs("tmpfs", "/dev/shm", "mode=1777");
	mount_fs("mqueue", "/dev/mqueue", NULL);
	mount_fs("tmpfs", "/run", "mode=0755");
	mount_fs("tmpfs", "/tmp", "mode=1777");
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
}

static int same_file(const char *path, int fd)
{
	struct stat a, b;

	return !stat(path, &a) && !fstat(fd, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* What a file is mounted on. */
static void make_file(const char *path)
{
	char *dir = strdup(path);

	*strrchr(dir, '/') = 0;
	make_dirs(dir);
	free(dir);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/*
 * A file or directory of the host, to be read. It is there already, unless the guest's own
 * /tmp or the like hides it: then it is still in @fd, which was opened before.
 */
static void expose(const char *name, int fd)
{
	char path[64];
	struct stat st;

	if (fd < 0 || same_file(name, fd))
		return;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		make_dirs(name);
	else
		make_file(name);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (mount(path, name, NULL, MS_BIND, NULL))
		die("cannot mount the host's %s: %s", name, strerror(errno));
}

/*
 * The same to be written to: from QEMU, which calls it @tag, or else from UML. Not cached,
 * so that the host sees at once what is written.
 */
static void expose_writable(const char *dir, const char *tag)
{
	make_dirs(dir);
	if (mount(tag, dir, "9p", 0, "trans=virtio,version=9p2000.L,msize=500000,cache=none") &&
	    (errno != ENODEV || mount("none", dir, "hostfs", 0, dir)))
		die("cannot mount the host's %s: %s", dir, strerror(errno));
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

/* read_strings - the strings of a file, and NULL */
static char **read_strings(const char *name)
{
	size_t len = 0, room = 0, n = 0;
	char **strings, *text = NULL;
	ssize_t got;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("cannot read %s: %s", name, strerror(errno));
	do {
		if (len == room)
			text = realloc(text, room = 2 * room + 65536);
		got = text ? read(fd, text + len, room - len) : -1;
		if (got < 0)
			die("cannot read %s: %s", name, strerror(errno));
		len += got;
	} while (got);
	close(fd);

	for (size_t i = 0; i < len; i++)
		n += !text[i];
	strings = calloc(n + 1, sizeof(*strings));
	if (!strings)
		die("no memory for %s", name);
	for (size_t i = 0; i < n; i++) {
		strings[i] = text;
		text += strlen(text) + 1;
	}
	return strings;
}

static void enter(const char *dir)
{
	if (chdir(dir))
		die("cannot enter %s: %s", dir, strerror(errno));
}

/* open_all - a descriptor for each of @names, -1 for what is not there */
static int *open_all(char **names)
{
	int *fds, n = 0;

	while (names[n])
		n++;
	fds = calloc(n + 1, sizeof(*fds));
	if (!fds)
		die("no memory");
	while (n--)
		fds[n] = open(names[n], O_PATH | O_CLOEXEC);
	return fds;
}

/* The program's terminal; -1 if it is to have none. */
static int open_terminal(void)
{
	struct winsize size = { 0 };
	char name[32], path[64];
	FILE *f = fopen("terminal", "re");
	int fd;

	if (!f)
		return -1;
	if (fscanf(f, "%31s %hu %hu", name, &size.ws_row, &size.ws_col) < 1)
		die("the file 'terminal' is empty");
	fclose(f);
	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	ioctl(fd, TIOCSWINSZ, &size);
	return fd;
}

static void open_stream(struct stream *s, const char *name)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	s->from_program = fds[0];
	s->to_program = fds[1];
	fcntl(s->from_program, F_SETFL, O_NONBLOCK);
	s->file = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (s->file < 0)
		die("cannot write %s: %s", name, strerror(errno));
}

/* Pass on one piece; returns > 0 if there was one, 0 once the stream has ended. */
static int relay(struct stream *s)
{
	static char buf[65536];
	ssize_t got, put, n;

	got = read(s->from_program, buf, sizeof(buf));
	for (put = 0; put < got; put += n) {
		n = write(s->file, buf + put, got - put);
		if (n < 0)
			die("the program's output is lost (a full disk?): %s", strerror(errno));
	}
	return got;
}

static void __noreturn run(char **argv, char **env, const char *cwd, int in, int out, int err)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	/* If it is a terminal: keys such as Ctrl-C are for this program. */
	ioctl(0, TIOCSCTTY, 0);
	if (chdir(cwd)) {
		dprintf(2, "vm: cannot enter %s: %s\n", cwd, strerror(errno));
		_exit(127);
	}
	environ = env;
	execvp(argv[0], argv);
	dprintf(2, "vm: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void nothing(int sig)
{
	(void)sig;
}

/* Reap; returns 1 when there are no children left, and the program's status in *status. */
static int reap(pid_t program, int *status)
{
	pid_t pid;
	int st;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0)
		if (pid == program)
			*status = st;
	return pid < 0 && errno == ECHILD;
}

/* Run the program to its end, then kill what it left; returns its wait status. */
static int supervise(pid_t program, struct stream *streams, int n)
{
	struct pollfd fds[2];
	int status = -1, killed = 0;
	sigset_t none;

	sigemptyset(&none);
	for (int i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = streams[i].from_program, .events = POLLIN };
	/* SIGCHLD is blocked but for the wait, so that none is missed. */
	while (!reap(program, &status)) {
		if (status != -1 && !killed++)
			kill(-1, SIGKILL);
		ppoll(fds, n, NULL, &none);
		for (int i = 0; i < n; i++)
			if (fds[i].revents && relay(&streams[i]) == 0)
				fds[i].fd = -1;
	}
	for (int i = 0; i < n; i++)
		while (relay(&streams[i]) > 0)
			;
	return status;
}

static void write_verdict(int status)
{
	int fd = open("verdict", O_WRONLY | O_CREAT | O_EXCL, 0644);
	int n;

	n = WIFEXITED(status) ? dprintf(fd, "exit %d\n", WEXITSTATUS(status)) :
				dprintf(fd, "signal %d\n", WTERMSIG(status));
	if (n < 0 || fsync(fd))
		die("cannot write the verdict: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	struct stream streams[2];
	char **dirs, **shown, **mounts, tag[16];
	int in, out, err, terminal, status;
	int repo, cwd, *shown_fds, n = 0;
	sigset_t chld;
	pid_t pid;

	umask(022);
	sethostname("vm", 2);
	/* More arguments may follow: UML appends to the kernel's command line. */
	if (argc < 3)
		die("usage (on the kernel's command line): init=.../vm-init -- REPO DIRECTORY");
	enter(argv[2]);
	dirs = read_strings("dirs");
	shown = read_strings("shown");
	mounts = read_strings("mounts");
	shown_fds = open_all(shown);
	repo = open(argv[1], O_PATH | O_CLOEXEC);
	cwd = open(dirs[0], O_PATH | O_CLOEXEC);
	mount_all();
	expose(argv[1], repo);
	expose_writable(argv[2], "run");
	enter(argv[2]);
	if (open("started", O_CREAT | O_EXCL | O_CLOEXEC, 0644) < 0)
		die("the guest has restarted, which ends it: %s", strerror(errno));
	expose(dirs[0], cwd);
	for (int i = 0; shown[i]; i++)
		expose(shown[i], shown_fds[i]);
	for (int i = 0; mounts[i]; i++) {
		snprintf(tag, sizeof(tag), "mount%d", i);
		expose_writable(mounts[i], tag);
	}
	/* The scratch folder last: no other mount may hide it. */
	expose_writable(dirs[1], "scratch");
	loopback_up();

	terminal = open_terminal();
	if (terminal >= 0) {
		in = out = err = terminal;
	} else {
		in = open("stdin", O_RDONLY | O_CLOEXEC);
		if (in < 0)
			in = open("/dev/null", O_RDONLY | O_CLOEXEC);
		open_stream(&streams[n++], "stdout");
		if (!access("stderr", F_OK))
			open_stream(&streams[n++], "stderr");
		out = streams[0].to_program;
		err = streams[n - 1].to_program;
	}

	signal(SIGCHLD, nothing);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (!pid)
		run(read_strings("argv"), read_strings("env"), dirs[0], in, out, err);
	for (int i = 0; i < n; i++)
		close(streams[i].to_program);
	status = supervise(pid, streams, n);
	if (terminal >= 0)
		tcdrain(terminal);
	write_verdict(status);
	power_off();
}
