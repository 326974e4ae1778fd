// SPDX-License-Identifier: MIT
/* The workloads, how one is run, and what its full trace says. */
#define _GNU_SOURCE
#include "workloads.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ftw.h>
#include <grp.h>
#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/loop.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/times.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define BASE		"/tmp/kcov-wl"
#define TREE		BASE "/tree"
#define TREE_DIRS	30
#define TREE_FILES	80	/* in each directory */
#define LINES		BASE "/lines"
#define OUT		BASE "/out"
#define ZERO		BASE "/zero"
#define KIB		1024ul
#define MIB		(1024 * KIB)

/* A workload that hangs is ended, and failed, after that many seconds. */
#define HANG_SECONDS	(slow() ? 200 : 20)

/* Where the areas' owner and the traced child leave word for each other. */
struct shared {
	uint64_t start, end;
	int err;
	bool skip;
	char why[160];
	char note[80];
};

static struct shared *shared;

static char buf[MIB];

/* Fails a run(), naming the call that went wrong. */
static int fail(const char *what)
{
	int err = errno ? errno : EIO;

	snprintf(shared->why, sizeof(shared->why), "%s: %s", what, strerror(err));
	return -err;
}

#define TRY(call)							\
	do {								\
		if ((long)(call) == -1)					\
			return fail(#call);				\
	} while (0)

/* For a setup(): not in this kernel, or not permitted. */
static const char *lacks(const char *what)
{
	static char why[128];

	snprintf(why, sizeof(why), "%s: %s", what, strerror(errno));
	return why;
}

/* ---- files and programs that workloads need ---- */

static int rm_one(const char *path, const struct stat *st, int type,
		  struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void rm_tree(const char *path)
{
	nftw(path, rm_one, 32, FTW_DEPTH | FTW_PHYS);
}

static int put_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, data, len);
	close(fd);
	return n == (ssize_t)len ? 0 : -1;
}

static const char *make_base(void)
{
	static bool done;

	if (done)
		return NULL;
	rm_tree(BASE);
	if (mkdir(BASE, 0755))
		return lacks("mkdir " BASE);
	/* An own device: the guest's /dev may be the host's, or empty. */
	if (mknod(ZERO, S_IFCHR | 0666, makedev(1, 5)))
		return lacks("mknod " ZERO);
	done = true;
	return NULL;
}

static int tree_dir(int d)
{
	char path[128], text[256];
	int f, len;

	snprintf(path, sizeof(path), TREE "/d%02d", d);
	if (mkdir(path, 0755))
		return -1;
	for (f = 0; f < TREE_FILES; f++) {
		snprintf(path, sizeof(path), TREE "/d%02d/file%03d.txt", d, f);
		len = snprintf(text, sizeof(text),
			       "file %d of directory %d\n%s\n", f, d,
			       (d + f) % 7 ? "plain text" : "a needle in it");
		if (put_file(path, text, len))
			return -1;
	}
	return 0;
}

static const char *make_tree(void)
{
	static bool done;
	int d;

	if (done)
		return NULL;
	if (mkdir(TREE, 0755))
		return lacks("mkdir " TREE);
	for (d = 0; d < TREE_DIRS; d++)
		if (tree_dir(d))
			return lacks("files in " TREE);
	done = true;
	return NULL;
}

static const char *make_lines(void)
{
	unsigned int i, x = 1;
	FILE *f = fopen(LINES, "w");

	if (!f)
		return lacks(LINES);
	for (i = 0; i < 4000; i++) {
		x = x * 1103515245u + 12345;
		fprintf(f, "%08x line %u\n", x, i);
	}
	fclose(f);
	return NULL;
}

/* The e_machine of an ELF file; 0 if it is none. */
static int elf_machine(const char *path)
{
	unsigned short machine = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4];

	if (fd >= 0 && pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "\177ELF", 4) &&
	    pread(fd, &machine, 2, 18) != 2)
		machine = 0;
	close(fd);
	return machine;
}

/* The host's programs may be for another machine than the guest's. */
static bool runs_here(const char *path)
{
	int machine = elf_machine(path);

	return !access(path, X_OK) && (!machine || machine == elf_machine("/proc/self/exe"));
}

/* Where @prog lies, by the usual places: the guest's PATH may be empty. */
static const char *find_prog(const char *prog)
{
	static const char *const dirs[] = {
		"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin",
	};
	static char path[256];
	size_t i;

	if (prog[0] == '/')
		return runs_here(prog) ? prog : NULL;
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], prog);
		if (runs_here(path))
			return path;
	}
	return NULL;
}

static const char *preload_path(void)
{
	static char path[4096];
	const char *env = getenv("KCOV_PRELOAD");
	char *slash;
	ssize_t n;

	if (env)
		return env;
	n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	if (n < 0)
		return "preload.so";
	path[n] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "preload.so");
	return path;
}

static const char *need_prog(const struct workload *w)
{
	static char why[128];
	const char *bad = make_base();

	if (bad)
		return bad;
	if (!find_prog(w->argv[0])) {
		snprintf(why, sizeof(why), "%s is not installed for this machine", w->argv[0]);
		return why;
	}
	if (w->depth && access(preload_path(), R_OK))
		return "preload.so is not built (see $KCOV_PRELOAD)";
	return NULL;
}

static const char *need_prog_tree(const struct workload *w)
{
	const char *bad = need_prog(w);

	return bad ? bad : make_tree();
}

static const char *need_prog_lines(const struct workload *w)
{
	const char *bad = need_prog(w);

	return bad ? bad : make_lines();
}

static const char *need_base(const struct workload *w)
{
	(void)w;
	return make_base();
}

static int zero_fd(void)
{
	return open(ZERO, O_RDWR | O_CLOEXEC);
}

/* ---- plain system calls ---- */

static int run_read_bad(void)
{
	char c;

	if (read(-1, &c, 0) != -1 || errno != EBADF)
		return fail("read(-1)");
	return 0;
}

static int run_ids(void)
{
	struct utsname uts;
	struct rusage ru;
	struct rlimit rl;
	struct tms tms;
	int i;

	for (i = 0; i < 20; i++) {
		syscall(SYS_getpid);
		syscall(SYS_getppid);
		syscall(SYS_gettid);
		syscall(SYS_getuid);
		syscall(SYS_getegid);
		getpgid(0);
		getsid(0);
		umask(022);
		TRY(syscall(SYS_getcwd, buf, sizeof(buf)));
		TRY(uname(&uts));
		TRY(getrusage(RUSAGE_SELF, &ru));
		TRY(getrlimit(RLIMIT_NOFILE, &rl));
		times(&tms);
	}
	return 0;
}

static int run_prctl(void)
{
	char name[16];

	TRY(prctl(PR_SET_NAME, "workload"));
	TRY(prctl(PR_GET_NAME, name));
	TRY(prctl(PR_SET_DUMPABLE, 1));
	TRY(prctl(PR_GET_DUMPABLE));
	TRY(prctl(PR_SET_TIMERSLACK, 1000));
	TRY(prctl(PR_SET_CHILD_SUBREAPER, 1));
	TRY(prctl(PR_SET_KEEPCAPS, 0));
	TRY(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	prctl(PR_CAPBSET_READ, 0);
	prctl(PR_GET_SECCOMP);
	prctl(12345);
	return 0;
}

static int run_setuid(void)
{
	gid_t groups[4] = { 1, 2, 3, 4 };

	TRY(setgroups(4, groups));
	TRY(getgroups(4, groups));
	TRY(syscall(SYS_setresgid, 100, 100, 100));
	TRY(syscall(SYS_setresuid, 1000, 0, 0));
	TRY(syscall(SYS_setreuid, 1000, 1000));
	TRY(syscall(SYS_setfsuid, 1000));
	if (syscall(SYS_setuid, 0) != -1)
		return fail("setuid(0) was permitted");
	if (access("/etc/shadow", R_OK) != -1)
		return fail("/etc/shadow can be read");
	return 0;
}

static int run_sched(void)
{
	struct sched_param p = { .sched_priority = 0 };
	cpu_set_t set;
	int i;

	for (i = 0; i < 10; i++)
		TRY(sched_yield());
	TRY(sched_getaffinity(0, sizeof(set), &set));
	TRY(sched_setaffinity(0, sizeof(set), &set));
	TRY(sched_setscheduler(0, SCHED_BATCH, &p));
	TRY(sched_setscheduler(0, SCHED_OTHER, &p));
	TRY(setpriority(PRIO_PROCESS, 0, 5));
	TRY(sched_get_priority_max(SCHED_FIFO));
	return 0;
}

/* The CPU numbered @n of those in @set, counted round and round, alone. */
static cpu_set_t one_cpu(const cpu_set_t *set, int n)
{
	cpu_set_t one;
	int cpu = -1;

	CPU_ZERO(&one);
	for (n %= CPU_COUNT(set); n >= 0; n--)
		while (!CPU_ISSET(++cpu, set))
			;
	CPU_SET(cpu, &one);
	return one;
}

int migrations = 10000;

/* From one CPU to the next, and how often it really got there. */
static int run_migrate(void)
{
	/* The first may be no migration. */
	int i, moved = 0, rounds = migrations + 1;
	cpu_set_t all, one;
	unsigned int cpu, was;

	TRY(sched_getaffinity(0, sizeof(all), &all));
	TRY(syscall(SYS_getcpu, &was, NULL, NULL));
	for (i = 1; i <= rounds; i++) {
		one = one_cpu(&all, i);
		TRY(sched_setaffinity(0, sizeof(one), &one));
		TRY(syscall(SYS_getcpu, &cpu, NULL, NULL));
		if (!CPU_ISSET(cpu, &one)) {
			errno = EIO;
			return fail("another CPU than asked for");
		}
		moved += cpu != was;
		was = cpu;
	}
	snprintf(shared->note, sizeof(shared->note),
		 "%d migrations in %d rounds, %d CPUs", moved, rounds, CPU_COUNT(&all));
	if (CPU_COUNT(&all) > 1 && moved < rounds - 1) {
		errno = EIO;
		return fail("fewer migrations than rounds");
	}
	return 0;
}

/* ---- memory ---- */

static int run_mmap64(void)
{
	void *p = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return fail("mmap");
	TRY(munmap(p, 64 * MIB));
	return 0;
}

static int run_faults(void)
{
	size_t i, len = 2 * MIB;
	volatile char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return fail("mmap");
	for (i = 0; i < len; i += 4096)
		p[i] = 1;
	TRY(munmap((void *)p, len));
	return 0;
}

static int run_vma(void)
{
	char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (p == MAP_FAILED)
		return fail("mmap");
	for (i = 0; i < 16; i++)
		p[i * 64 * KIB] = 1;
	for (i = 0; i < 16; i += 2)
		TRY(mprotect(p + i * 64 * KIB, 64 * KIB, PROT_READ));
	TRY(madvise(p + 64 * KIB, 64 * KIB, MADV_DONTNEED));
	TRY(mprotect(p, MIB, PROT_READ | PROT_WRITE));
	p = mremap(p, MIB, 2 * MIB, MREMAP_MAYMOVE);
	if (p == MAP_FAILED)
		return fail("mremap");
	TRY(munmap(p + 64 * KIB, 64 * KIB));
	TRY(msync(p, 64 * KIB, MS_ASYNC));
	TRY(munmap(p, 2 * MIB));
	return 0;
}

static int run_brk(void)
{
	char *top = sbrk(0);
	int i;

	for (i = 0; i < 16; i++) {
		TRY(sbrk(64 * KIB));
		top[i * 64 * KIB] = 1;
	}
	TRY(sbrk(-16l * (long)(64 * KIB)));
	return 0;
}

static int run_memfd(void)
{
	int fd = memfd_create("workload", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char *p;

	if (fd < 0)
		return fail("memfd_create");
	TRY(ftruncate(fd, 64 * KIB));
	p = mmap(NULL, 64 * KIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return fail("mmap");
	memset(p, 'x', 64 * KIB);
	TRY(msync(p, 64 * KIB, MS_SYNC));
	TRY(munmap(p, 64 * KIB));
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_WRITE));
	if (write(fd, "x", 1) != -1)
		return fail("write to a sealed file");
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 64 * KIB, 64 * KIB));
	TRY(close(fd));
	return 0;
}

static const char *need_shm(const struct workload *w)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	(void)w;
	if (id < 0)
		return lacks("shmget");
	shmctl(id, IPC_RMID, NULL);
	return NULL;
}

static int run_shm(void)
{
	int id = shmget(IPC_PRIVATE, 64 * KIB, IPC_CREAT | 0600);
	struct shmid_ds ds;
	char *p;

	if (id < 0)
		return fail("shmget");
	p = shmat(id, NULL, 0);
	if (p == (void *)-1)
		return fail("shmat");
	memset(p, 1, 64 * KIB);
	TRY(shmctl(id, IPC_STAT, &ds));
	TRY(shmdt(p));
	TRY(shmctl(id, IPC_RMID, NULL));
	return 0;
}

static int run_sysvipc(void)
{
	struct {
		long type;
		char text[256];
	} m = { .type = 1 };
	struct sembuf op = { .sem_num = 1, .sem_op = 1 };
	int q, s, i;

	q = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	if (q < 0)
		return fail("msgget");
	for (i = 0; i < 8; i++)
		TRY(msgsnd(q, &m, sizeof(m.text), IPC_NOWAIT));
	for (i = 0; i < 8; i++)
		TRY(msgrcv(q, &m, sizeof(m.text), 0, IPC_NOWAIT));
	TRY(msgctl(q, IPC_RMID, NULL));
	s = semget(IPC_PRIVATE, 4, IPC_CREAT | 0600);
	if (s < 0)
		return fail("semget");
	TRY(semop(s, &op, 1));
	op.sem_op = -1;
	TRY(semop(s, &op, 1));
	TRY(semctl(s, 0, IPC_RMID));
	return 0;
}

static const char *need_mqueue(const struct workload *w)
{
	mqd_t q = mq_open("/kcov-wl", O_CREAT | O_RDWR, 0600, NULL);

	(void)w;
	if (q == (mqd_t)-1)
		return lacks("mq_open");
	mq_close(q);
	mq_unlink("/kcov-wl");
	return NULL;
}

static int run_mqueue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 128 };
	mqd_t q = mq_open("/kcov-wl", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr);
	unsigned int prio;
	int i;

	if (q == (mqd_t)-1)
		return fail("mq_open");
	for (i = 0; i < 4; i++)
		TRY(mq_send(q, buf, 64, 4 - i));
	if (mq_send(q, buf, 64, 0) != -1)
		return fail("a full queue took a message");
	for (i = 0; i < 4; i++)
		TRY(mq_receive(q, buf, 128, &prio));
	TRY(mq_getattr(q, &attr));
	TRY(mq_close(q));
	TRY(mq_unlink("/kcov-wl"));
	return 0;
}

/* ---- files ---- */

static int run_maps(void)
{
	struct stat st;
	ssize_t n;
	int fd;

	TRY(stat("/proc/self/maps", &st));
	fd = open("/proc/self/maps", O_RDONLY);
	if (fd < 0)
		return fail("open");
	do {
		n = read(fd, buf, 4096);
		TRY(n);
	} while (n);
	TRY(close(fd));
	return 0;
}

static int run_zero(void)
{
	int i, fd = open(ZERO, O_RDONLY);

	if (fd < 0)
		return fail("open");
	for (i = 0; i < 64; i++)
		TRY(read(fd, buf, MIB));
	TRY(close(fd));
	return 0;
}

static int run_files(void)
{
	char name[64], other[64];
	int i, fd;

	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), BASE "/f%03d", i);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd < 0)
			return fail("open");
		TRY(write(fd, buf, 1000));
		TRY(close(fd));
	}
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), BASE "/f%03d", i);
		snprintf(other, sizeof(other), BASE "/g%03d", i);
		TRY(rename(name, other));
	}
	for (i = 0; i < 200; i++) {
		snprintf(other, sizeof(other), BASE "/g%03d", i);
		TRY(unlink(other));
	}
	return 0;
}

static int run_dirs(void)
{
	int i;

	TRY(chdir(BASE));
	for (i = 0; i < 40; i++) {
		TRY(mkdir("deep", 0755));
		TRY(chdir("deep"));
	}
	TRY(syscall(SYS_getcwd, buf, sizeof(buf)));
	for (i = 0; i < 40; i++) {
		TRY(chdir(".."));
		TRY(rmdir("deep"));
	}
	return 0;
}

static int run_links(void)
{
	struct timespec ts[2] = { { .tv_sec = 1 }, { .tv_sec = 2 } };
	struct stat st;
	int fd;

	TRY(chdir(BASE));
	fd = open("a", O_CREAT | O_RDWR, 0644);
	if (fd < 0)
		return fail("open");
	TRY(link("a", "b"));
	TRY(symlink("b", "c"));
	TRY(symlink("c", "d"));
	TRY(stat("d", &st));
	TRY(readlink("d", buf, sizeof(buf)));
	TRY(chmod("a", 0600));
	TRY(chown("a", 1, 1));
	TRY(ftruncate(fd, 10000));
	TRY(utimensat(AT_FDCWD, "a", ts, 0));
	setxattr("a", "user.x", "1", 1, 0);
	listxattr("a", buf, sizeof(buf));
	TRY(fsync(fd));
	TRY(close(fd));
	TRY(unlink("d"));
	TRY(unlink("c"));
	TRY(unlink("b"));
	TRY(unlink("a"));
	return 0;
}

static int run_rw_vectors(void)
{
	struct iovec iov[8];
	int i, fd = open(BASE "/vec", O_CREAT | O_TRUNC | O_RDWR, 0644);

	if (fd < 0)
		return fail("open");
	for (i = 0; i < 8; i++)
		iov[i] = (struct iovec){ buf + i * 8192, 1000 * (i + 1) };
	TRY(writev(fd, iov, 8));
	TRY(pwritev(fd, iov, 8, 100000));
	TRY(lseek(fd, 0, SEEK_SET));
	TRY(readv(fd, iov, 8));
	TRY(preadv(fd, iov, 8, 50000));
	TRY(pwrite(fd, buf, 10, 1 << 20));
	TRY(pread(fd, buf, 4096, 1 << 19));
	TRY(close(fd));
	TRY(unlink(BASE "/vec"));
	return 0;
}

static int run_file_mmap(void)
{
	int fd = open(BASE "/map", O_CREAT | O_TRUNC | O_RDWR, 0644);
	size_t i, len = 256 * KIB;
	volatile char *p;

	if (fd < 0)
		return fail("open");
	TRY(ftruncate(fd, len));
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return fail("mmap");
	for (i = 0; i < len; i += 4096)
		p[i] = 1;
	TRY(msync((void *)p, len, MS_SYNC));
	TRY(munmap((void *)p, len));
	TRY(close(fd));
	TRY(unlink(BASE "/map"));
	return 0;
}

static int run_sendfile(void)
{
	int in, out, i;
	off_t off = 0;

	in = open(BASE "/from", O_CREAT | O_TRUNC | O_RDWR, 0644);
	out = open(BASE "/to", O_CREAT | O_TRUNC | O_RDWR, 0644);
	if (in < 0 || out < 0)
		return fail("open");
	TRY(write(in, buf, 256 * KIB));
	for (i = 0; i < 4; i++)
		TRY(sendfile(out, in, &off, 64 * KIB));
	TRY(close(in));
	TRY(close(out));
	TRY(unlink(BASE "/from"));
	TRY(unlink(BASE "/to"));
	return 0;
}

/* Directories whose content does not change while we look. */
static int run_getdents(void)
{
	static const char *const dirs[] = {
		"/proc/self/ns", "/proc/sys/vm", "/proc/self", "/proc/sys/kernel",
		"/sys/kernel", "/sys", "/proc/sys/fs",
	};
	size_t i;
	long n;
	int fd;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		fd = open(dirs[i], O_RDONLY | O_DIRECTORY);
		if (fd < 0)
			continue;
		do {
			n = syscall(SYS_getdents64, fd, buf, 1024);
			TRY(n);
		} while (n);
		TRY(close(fd));
	}
	return 0;
}

static const char *need_locks(const struct workload *w)
{
	struct flock fl = { .l_type = F_UNLCK };
	const char *bad = make_base();
	int fd, err;

	(void)w;
	if (bad)
		return bad;
	fd = open(BASE "/lock", O_CREAT | O_RDWR, 0644);
	err = fcntl(fd, F_SETLK, &fl);
	close(fd);
	unlink(BASE "/lock");
	return err ? lacks("fcntl(F_SETLK)") : NULL;
}

static int run_locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int i, fd = open(BASE "/lock", O_CREAT | O_RDWR, 0644);

	if (fd < 0)
		return fail("open");
	for (i = 0; i < 10; i++) {
		fl.l_start = i * 10;
		fl.l_len = 5;
		TRY(fcntl(fd, F_SETLK, &fl));
	}
	fl.l_type = F_RDLCK;
	fl.l_start = 0;
	fl.l_len = 60;
	TRY(fcntl(fd, F_SETLK, &fl));
	TRY(fcntl(fd, F_GETLK, &fl));
	fl.l_type = F_UNLCK;
	fl.l_len = 0;
	TRY(fcntl(fd, F_SETLK, &fl));
	TRY(close(fd));
	TRY(unlink(BASE "/lock"));
	return 0;
}

static const char *need_inotify(const struct workload *w)
{
	const char *bad = make_base();
	int fd;

	(void)w;
	if (bad)
		return bad;
	fd = inotify_init1(0);
	if (fd < 0)
		return lacks("inotify_init1");
	close(fd);
	return NULL;
}

static int run_inotify(void)
{
	int wd, i, file, fd = inotify_init1(IN_NONBLOCK);

	if (fd < 0)
		return fail("inotify_init1");
	wd = inotify_add_watch(fd, BASE, IN_ALL_EVENTS);
	TRY(wd);
	for (i = 0; i < 5; i++) {
		file = open(BASE "/watched", O_CREAT | O_WRONLY, 0644);
		TRY(write(file, "x", 1));
		TRY(close(file));
		TRY(unlink(BASE "/watched"));
	}
	TRY(read(fd, buf, 4096));
	TRY(inotify_rm_watch(fd, wd));
	TRY(close(fd));
	return 0;
}

static int run_mount(void)
{
	struct statfs fs;

	TRY(mkdir(BASE "/mnt", 0755));
	TRY(mount("workload", BASE "/mnt", "tmpfs", MS_NOSUID, "size=1m"));
	TRY(put_file(BASE "/mnt/file", buf, 5000));
	TRY(statfs(BASE "/mnt", &fs));
	TRY(mount(NULL, BASE "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	TRY(umount2(BASE "/mnt", MNT_DETACH));
	TRY(rmdir(BASE "/mnt"));
	return 0;
}

/* ---- sockets ---- */

static struct sockaddr_in loopback(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return a;
}

/* lo is down in a fresh guest. */
static const char *need_lo(const struct workload *w)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int err, fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)w;
	if (fd < 0)
		return lacks("socket(AF_INET)");
	err = ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return err ? lacks("lo cannot be brought up") : NULL;
}

/* One task is both ends: what was sent is read before more is. */
static int run_tcp(void)
{
	struct sockaddr_in addr = loopback();
	socklen_t len = sizeof(addr);
	int srv, cli, con, i, got;
	ssize_t n;

	srv = socket(AF_INET, SOCK_STREAM, 0);
	cli = socket(AF_INET, SOCK_STREAM, 0);
	TRY(bind(srv, (void *)&addr, len));
	TRY(listen(srv, 1));
	TRY(getsockname(srv, (void *)&addr, &len));
	TRY(connect(cli, (void *)&addr, len));
	con = accept(srv, NULL, NULL);
	TRY(con);
	for (i = 0; i < 64; i++) {
		TRY(send(cli, buf, 8 * KIB, 0));
		for (got = 0; got < (int)(8 * KIB); got += n) {
			n = recv(con, buf, 8 * KIB, 0);
			TRY(n);
		}
	}
	TRY(shutdown(cli, SHUT_WR));
	TRY(recv(con, buf, 1, 0));
	TRY(close(con));
	TRY(close(cli));
	TRY(close(srv));
	return 0;
}

/* So many datagrams of @size bytes from one socket to another, which gets @addr. */
static int datagrams(struct sockaddr *addr, socklen_t len, size_t size, int times)
{
	int a, b, i;

	a = socket(addr->sa_family, SOCK_DGRAM, 0);
	b = socket(addr->sa_family, SOCK_DGRAM, 0);
	TRY(bind(a, addr, len));
	TRY(getsockname(a, addr, &len));
	for (i = 0; i < times; i++) {
		TRY(sendto(b, buf, size, 0, addr, len));
		TRY(recv(a, buf, 2 * size, MSG_DONTWAIT));
	}
	TRY(close(a));
	TRY(close(b));
	return 0;
}

static int run_udp(void)
{
	struct sockaddr_in addr = loopback();

	return datagrams((void *)&addr, sizeof(addr), 500, 50);
}

/* Sends @fd from @s[0], receives a copy of it at s[1]. */
static int pass_fd(const int *s, int fd)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} ctl = { .h = {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	struct iovec iov = { buf, 100 };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl),
	};

	memcpy(CMSG_DATA(&ctl.h), &fd, sizeof(fd));
	TRY(sendmsg(s[0], &m, 0));
	m.msg_controllen = sizeof(ctl);
	TRY(recvmsg(s[1], &m, 0));
	memcpy(&fd, CMSG_DATA(&ctl.h), sizeof(fd));
	TRY(close(fd));
	return 0;
}

static int run_unix(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = BASE "/sock" };
	int srv, s[2], i;

	srv = socket(AF_UNIX, SOCK_STREAM, 0);
	s[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	TRY(bind(srv, (void *)&addr, sizeof(addr)));
	TRY(listen(srv, 1));
	TRY(connect(s[0], (void *)&addr, sizeof(addr)));
	s[1] = accept(srv, NULL, NULL);
	TRY(s[1]);
	for (i = 0; i < 10; i++)
		if (pass_fd(s, srv))
			return -EIO;
	TRY(close(s[0]));
	TRY(close(s[1]));
	TRY(close(srv));
	TRY(unlink(addr.sun_path));
	return 0;
}

static int run_socketpair(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	size_t i;
	int s[2], k;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		TRY(socketpair(AF_UNIX, types[i], 0, s));
		for (k = 0; k < 10; k++) {
			TRY(send(s[k & 1], buf, 1000, 0));
			TRY(recv(s[!(k & 1)], buf, 1000, 0));
		}
		TRY(shutdown(s[0], SHUT_RDWR));
		TRY(close(s[0]));
		TRY(close(s[1]));
	}
	return 0;
}

/* Whether the @n bytes in buf hold the end of a dump. */
static bool netlink_ended(ssize_t n)
{
	struct nlmsghdr *h = (void *)buf;

	for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			return true;
	return false;
}

static int netlink_dump(int fd, int type)
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} req = {
		.h = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1,
		},
		.g = { .rtgen_family = AF_UNSPEC },
	};
	ssize_t n;

	TRY(send(fd, &req, req.h.nlmsg_len, 0));
	do
		TRY(n = recv(fd, buf, 32 * KIB, 0));
	while (!netlink_ended(n));
	return 0;
}

static int run_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return fail("socket");
	if (netlink_dump(fd, RTM_GETLINK) || netlink_dump(fd, RTM_GETADDR) ||
	    netlink_dump(fd, RTM_GETROUTE) || netlink_dump(fd, RTM_GETNEIGH))
		return -EIO;
	TRY(close(fd));
	return 0;
}

/* ---- pipes and events ---- */

static int run_pipe(void)
{
	struct iovec iov = { buf, 8192 };
	int a[2], b[2], fd, i;

	/* Pages of its own: the shared page of zeroes counts its users. */
	memset(buf, 'x', 8192);
	fd = open(BASE "/spliced", O_CREAT | O_TRUNC | O_RDWR, 0644);
	TRY(fd);
	TRY(pipe(a));
	TRY(pipe(b));
	for (i = 0; i < 20; i++) {
		TRY(write(a[1], buf, 4096));
		TRY(tee(a[0], b[1], 4096, 0));
		TRY(splice(a[0], NULL, fd, NULL, 4096, 0));
		TRY(read(b[0], buf, 4096));
	}
	TRY(vmsplice(a[1], &iov, 1, 0));
	TRY(splice(a[0], NULL, b[1], NULL, 8192, 0));
	TRY(read(b[0], buf, 8192));
	for (i = 0; i < 2; i++) {
		TRY(close(a[i]));
		TRY(close(b[i]));
	}
	TRY(close(fd));
	TRY(unlink(BASE "/spliced"));
	return 0;
}

static int run_poll(void)
{
	struct pollfd p[2];
	fd_set set;
	int fds[2], i;
	struct timeval tv = { 0, 0 };

	TRY(pipe(fds));
	for (i = 0; i < 20; i++) {
		p[0] = (struct pollfd){ .fd = fds[0], .events = POLLIN };
		p[1] = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
		TRY(poll(p, 2, 0));
		TRY(write(fds[1], "x", 1));
		TRY(poll(p, 2, -1));
		FD_ZERO(&set);
		FD_SET(fds[0], &set);
		TRY(select(fds[0] + 1, &set, NULL, NULL, &tv));
		TRY(read(fds[0], buf, 1));
	}
	TRY(close(fds[0]));
	TRY(close(fds[1]));
	return 0;
}

static int run_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN }, out[8];
	int ep, i, p[8][2];

	ep = epoll_create1(EPOLL_CLOEXEC);
	TRY(ep);
	for (i = 0; i < 8; i++) {
		TRY(pipe(p[i]));
		ev.data.fd = i;
		TRY(epoll_ctl(ep, EPOLL_CTL_ADD, p[i][0], &ev));
	}
	for (i = 0; i < 8; i++)
		TRY(write(p[i][1], "x", 1));
	TRY(epoll_wait(ep, out, 8, 0));
	ev.events = EPOLLIN | EPOLLET | EPOLLONESHOT;
	TRY(epoll_ctl(ep, EPOLL_CTL_MOD, p[0][0], &ev));
	TRY(epoll_wait(ep, out, 8, -1));
	for (i = 0; i < 8; i++) {
		TRY(epoll_ctl(ep, EPOLL_CTL_DEL, p[i][0], NULL));
		TRY(close(p[i][0]));
		TRY(close(p[i][1]));
	}
	TRY(close(ep));
	return 0;
}

static const char *need_eventfd(const struct workload *w)
{
	int fd = eventfd(0, 0);

	(void)w;
	if (fd < 0)
		return lacks("eventfd");
	close(fd);
	return NULL;
}

static int run_eventfd(void)
{
	int i, fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
	uint64_t v = 1;

	TRY(fd);
	for (i = 0; i < 20; i++) {
		TRY(write(fd, &v, sizeof(v)));
		TRY(read(fd, &v, sizeof(v)));
	}
	if (read(fd, &v, sizeof(v)) != -1)
		return fail("read of an empty eventfd");
	TRY(close(fd));
	return 0;
}

static const char *need_timerfd(const struct workload *w)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	(void)w;
	if (fd < 0)
		return lacks("timerfd_create");
	close(fd);
	return NULL;
}

static int run_timerfd(void)
{
	struct itimerspec its = { .it_value = { .tv_nsec = 1 } }, old;
	int i, fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t v;

	TRY(fd);
	for (i = 0; i < 3; i++) {
		TRY(timerfd_settime(fd, TFD_TIMER_ABSTIME, &its, &old));
		TRY(read(fd, &v, sizeof(v)));
	}
	its.it_value.tv_sec = 1000;
	TRY(timerfd_settime(fd, 0, &its, NULL));
	TRY(timerfd_gettime(fd, &old));
	TRY(close(fd));
	return 0;
}

static const char *need_signalfd(const struct workload *w)
{
	sigset_t set;
	int fd;

	(void)w;
	sigemptyset(&set);
	fd = signalfd(-1, &set, 0);
	if (fd < 0)
		return lacks("signalfd");
	close(fd);
	return NULL;
}

static int run_signalfd(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int i, fd;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	TRY(sigprocmask(SIG_BLOCK, &set, NULL));
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	TRY(fd);
	for (i = 0; i < 10; i++) {
		TRY(kill(getpid(), SIGUSR1));
		TRY(read(fd, &info, sizeof(info)));
	}
	TRY(close(fd));
	return 0;
}

static volatile sig_atomic_t signals;

static void on_signal(int sig, siginfo_t *info, void *ctx)
{
	(void)sig;
	(void)info;
	(void)ctx;
	signals++;
}

static int run_signals(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal,
				.sa_flags = SA_SIGINFO | SA_ONSTACK };
	stack_t ss = { .ss_sp = buf, .ss_size = 64 * KIB };
	union sigval val = { .sival_int = 1 };
	sigset_t set;
	int i;

	TRY(sigaltstack(&ss, NULL));
	TRY(sigaction(SIGUSR1, &sa, NULL));
	TRY(sigaction(SIGRTMIN, &sa, NULL));
	for (i = 0; i < 10; i++) {
		TRY(kill(getpid(), SIGUSR1));
		TRY(sigqueue(getpid(), SIGRTMIN, val));
	}
	sigfillset(&set);
	TRY(sigprocmask(SIG_BLOCK, &set, NULL));
	for (i = 0; i < 5; i++)
		TRY(raise(SIGUSR1));
	TRY(sigpending(&set));
	sigfillset(&set);
	TRY(sigprocmask(SIG_UNBLOCK, &set, NULL));
	return signals == 21 ? 0 : fail("signals were lost");
}

/* ---- processes ---- */

static int reap(pid_t pid)
{
	int status;

	TRY(pid);
	TRY(waitpid(pid, &status, 0));
	if (status)
		return fail("child");
	return 0;
}

/*
 * Each process that ends stirs the kernel's random numbers, which takes another
 * path every fourth time: with the traced one they must be a multiple of that,
 * or one run is not like the next.
 */
#define FORKS	11

static int run_fork(void)
{
	pid_t pid;
	int i;

	for (i = 0; i < FORKS; i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		if (reap(pid))
			return -EIO;
	}
	return 0;
}

static const char *need_true(const struct workload *w)
{
	(void)w;
	return find_prog("/bin/true") ? NULL : "no /bin/true";
}

static int run_fork_exec(void)
{
	char *argv[] = { "true", NULL }, *env[] = { NULL };
	pid_t pid;
	int i;

	for (i = 0; i < 3; i++) {
		pid = fork();
		if (!pid) {
			execve("/bin/true", argv, env);
			_exit(127);
		}
		if (reap(pid))
			return -EIO;
	}
	return 0;
}

static int run_vfork(void)
{
	pid_t pid;
	int i;

	for (i = 0; i < FORKS; i++) {
		pid = vfork();
		if (!pid)
			_exit(0);
		if (reap(pid))
			return -EIO;
	}
	return 0;
}

static int clone_child(void *arg)
{
	(void)arg;
	return 0;
}

static int run_clone(void)
{
	static const int flags[] = {
		0, CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_VM | CLONE_FS | CLONE_FILES,
		CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_VM | CLONE_VFORK,
		CLONE_SYSVSEM, CLONE_IO, CLONE_PTRACE,
	};
	size_t i;
	pid_t tid;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (reap(clone(clone_child, buf + sizeof(buf) / 2,
			       flags[i] | SIGCHLD, NULL, &tid, NULL, &tid)))
			return -EIO;
	/* CLONE_THREAD without CLONE_SIGHAND is refused. */
	if (clone(clone_child, buf + sizeof(buf) / 2, CLONE_THREAD, NULL) != -1)
		return fail("clone");
	return 0;
}

static void *thread(void *arg)
{
	return arg;
}

/*
 * User Mode Linux 6.1 leaves in a child what MADV_DONTFORK takes away: a thread's stack may come
 * to lie there, and then program and kernel see different memory.
 */
static const char *need_dontfork(const struct workload *w)
{
	int status = 0;
	pid_t pid;
	char *p;

	(void)w;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return lacks("mmap");
	*p = 1;
	madvise(p, 4096, MADV_DONTFORK);
	pid = fork();
	if (!pid)
		_exit(mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == p && *p);
	waitpid(pid, &status, 0);
	munmap(p, 4096);
	return status ? "a child has memory that MADV_DONTFORK took away" : NULL;
}

static int run_pthread(void)
{
	pthread_t t;
	int i;

	for (i = 0; i < FORKS; i++) {
		errno = pthread_create(&t, NULL, thread, NULL);
		if (errno)
			return fail("pthread_create");
		errno = pthread_join(t, NULL);
		if (errno)
			return fail("pthread_join");
	}
	return 0;
}

static uint32_t futex_word[2];

static int run_futex(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		TRY(syscall(SYS_futex, futex_word, FUTEX_WAKE, 1));
		if (syscall(SYS_futex, futex_word, FUTEX_WAIT, 1) != -1)
			return fail("FUTEX_WAIT for another value");
	}
	TRY(syscall(SYS_futex, futex_word, FUTEX_REQUEUE, 1, 1, futex_word + 1));
	syscall(SYS_futex, futex_word, FUTEX_LOCK_PI, 0, NULL);
	syscall(SYS_futex, futex_word, FUTEX_UNLOCK_PI);
	return 0;
}

static const char *need_uts_ns(const struct workload *w)
{
	(void)w;
	/* In a child that is thrown away: nothing need be undone. */
	return unshare(CLONE_NEWUTS) ? lacks("unshare(CLONE_NEWUTS)") : NULL;
}

static int run_unshare(void)
{
	/* Some of them may be missing; the refusal is traced then. */
	TRY(unshare(CLONE_NEWUTS));
	TRY(sethostname("workload", 8));
	unshare(CLONE_NEWIPC);
	unshare(CLONE_NEWNS);
	unshare(CLONE_NEWPID);
	unshare(CLONE_NEWUSER);
	unshare(CLONE_FILES | CLONE_FS);
	return 0;
}

static const char *need_net_ns(const struct workload *w)
{
	(void)w;
	return access("/proc/self/ns/net", F_OK) ? lacks("/proc/self/ns/net") : NULL;
}

static int run_netns(void)
{
	TRY(unshare(CLONE_NEWNET));
	if (need_lo(NULL))
		return -EIO;
	return run_udp();
}

/* ---- asynchronous I/O ---- */

static const char *need_aio(const struct workload *w)
{
	aio_context_t ctx = 0;

	(void)w;
	if (syscall(SYS_io_setup, 4, &ctx))
		return lacks("io_setup");
	syscall(SYS_io_destroy, ctx);
	return NULL;
}

static int run_aio(void)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PREAD,
			   .aio_buf = (uintptr_t)buf, .aio_nbytes = 8192 };
	struct iocb *list[1] = { &cb };
	aio_context_t ctx = 0;
	struct io_event ev;
	int i;

	cb.aio_fildes = zero_fd();
	TRY((int)cb.aio_fildes);
	TRY(syscall(SYS_io_setup, 4, &ctx));
	for (i = 0; i < 5; i++) {
		TRY(syscall(SYS_io_submit, ctx, 1, list));
		TRY(syscall(SYS_io_getevents, ctx, 1, 1, &ev, NULL));
	}
	TRY(syscall(SYS_io_destroy, ctx));
	TRY(close(cb.aio_fildes));
	return 0;
}

struct uring {
	int fd;
	char *ring;
	struct io_uring_sqe *sqe;
	struct io_uring_params p;
};

static int uring_open(struct uring *r)
{
	size_t len;

	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, 8, &r->p);
	TRY(r->fd);
	len = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	r->ring = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		       r->fd, IORING_OFF_SQ_RING);
	r->sqe = mmap(NULL, 8 * sizeof(*r->sqe), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
	if (r->ring == MAP_FAILED || r->sqe == MAP_FAILED)
		return fail("mmap");
	return 0;
}

/* Submits what is in the first sqe and waits for its end. */
static int uring_one(struct uring *r)
{
	unsigned int *tail = (void *)(r->ring + r->p.sq_off.tail);
	unsigned int *head = (void *)(r->ring + r->p.cq_off.head);
	unsigned int *array = (void *)(r->ring + r->p.sq_off.array);

	array[*tail & (r->p.sq_entries - 1)] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	TRY(syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0));
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return 0;
}

static const char *need_uring(const struct workload *w)
{
	struct io_uring_params p = { 0 };
	int fd = syscall(SYS_io_uring_setup, 8, &p);

	(void)w;
	if (fd < 0)
		return lacks("io_uring_setup");
	close(fd);
	return make_base();
}

static int run_uring(void)
{
	struct uring r;
	int i, fd;

	if (uring_open(&r))
		return -EIO;
	fd = zero_fd();
	TRY(fd);
	for (i = 0; i < 8; i++) {
		memset(r.sqe, 0, sizeof(*r.sqe));
		r.sqe->opcode = i & 1 ? IORING_OP_READ : IORING_OP_NOP;
		r.sqe->fd = fd;
		r.sqe->addr = (uintptr_t)buf;
		r.sqe->len = i & 1 ? 4096 : 0;
		if (uring_one(&r))
			return -EIO;
	}
	TRY(close(r.fd));
	TRY(close(fd));
	return 0;
}

/* ---- what only the study runs ---- */

#define IMAGE		BASE "/image"	/* of a file system */
#define MNT		BASE "/mnt"

/* A program that prepares something; NULL or what is wrong. */
static const char *run_prog(const char *const *argv)
{
	static char why[160];
	const char *path = find_prog(argv[0]);
	int status = 0;
	pid_t pid;

	if (!path) {
		snprintf(why, sizeof(why), "%s is not installed for this machine", argv[0]);
		return why;
	}
	pid = fork();
	if (!pid) {
		int out = open(OUT, O_CREAT | O_TRUNC | O_RDWR, 0644);

		dup2(out, 1);
		dup2(out, 2);
		execv(path, (char *const *)argv);
		_exit(127);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && !status)
		return NULL;
	snprintf(why, sizeof(why), "%s failed (status 0x%x)", argv[0], status);
	return why;
}

static const char *make_image(const char *const *mkfs)
{
	const char *bad = make_base();
	int fd;

	if (bad)
		return bad;
	fd = open(IMAGE, O_CREAT | O_TRUNC | O_RDWR, 0600);
	if (fd < 0 || ftruncate(fd, 400 * MIB))
		return lacks(IMAGE);
	close(fd);
	if (mkdir(MNT, 0755) && errno != EEXIST)
		return lacks(MNT);
	return run_prog(mkfs);
}

/* The image as a block device of its own number, whatever /dev is; until nobody has it open. */
static const char *attach_image(void)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int loop;

	if (mknod(BASE "/loop", S_IFBLK | 0600, makedev(7, 0)) && errno != EEXIST)
		return lacks("mknod " BASE "/loop");
	config.fd = open(IMAGE, O_RDWR | O_CLOEXEC);
	if ((int)config.fd < 0)
		return lacks(IMAGE);
	loop = open(BASE "/loop", O_RDWR | O_CLOEXEC);
	if (loop < 0)
		return lacks(BASE "/loop");
	/* The child holds it open until it ends. */
	if (ioctl(loop, LOOP_CONFIGURE, &config))
		return lacks("LOOP_CONFIGURE");
	close(config.fd);
	return NULL;
}

/* Mounts and loop devices end with the child, whatever becomes of it. */
static const char *own_mounts(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return lacks("mounts of one's own");
	return NULL;
}

/* Nor does what it does to the network stay. */
static const char *own_net(const struct workload *w)
{
	return unshare(CLONE_NEWNET) ? lacks("unshare(CLONE_NEWNET)") : need_lo(w);
}

/* A file system of its own for each run: in it, mounted, or not. */
static const char *on_image(const char *const *mkfs, const char *type)
{
	const char *bad = make_image(mkfs);

	if (!bad)
		bad = own_mounts();
	if (!bad)
		bad = attach_image();
	if (!bad && type && mount(BASE "/loop", MNT, type, 0, NULL))
		bad = lacks(type);
	return bad;
}

static const char *const mkfs_ext4[] = { "mkfs.ext4", "-q", "-F", IMAGE, NULL };
static const char *const mkfs_xfs[] = { "mkfs.xfs", "-q", "-f", IMAGE, NULL };

static const char *on_ext4(const struct workload *w)
{
	(void)w;
	return on_image(mkfs_ext4, "ext4");
}

static const char *on_xfs(const struct workload *w)
{
	(void)w;
	return on_image(mkfs_xfs, "xfs");
}

static const char *beside_ext4(const struct workload *w)
{
	(void)w;
	return on_image(mkfs_ext4, NULL);
}

static const char *beside_xfs(const struct workload *w)
{
	(void)w;
	return on_image(mkfs_xfs, NULL);
}

/* 50 files of 64 KiB: written, synced, renamed, read, removed; and unmounted. */
static int run_fs(void)
{
	char path[64], to[64];
	int i, fd;

	for (i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), MNT "/file%d", i);
		snprintf(to, sizeof(to), MNT "/moved%d", i);
		fd = open(path, O_CREAT | O_RDWR, 0600);
		TRY(fd);
		TRY(write(fd, buf, 64 * KIB));
		if (i % 10 == 0)
			TRY(fsync(fd));
		TRY(rename(path, to));
		TRY(lseek(fd, 0, SEEK_SET));
		TRY(read(fd, buf, 64 * KIB));
		TRY(ftruncate(fd, 100));
		TRY(close(fd));
		TRY(unlink(to));
	}
	TRY(umount(MNT));
	return 0;
}

static int run_mount_as(const char *type)
{
	TRY(mount(BASE "/loop", MNT, type, 0, NULL));
	TRY(mkdir(MNT "/dir", 0755));
	TRY(umount(MNT));
	return 0;
}

static int run_mount_ext4(void)
{
	return run_mount_as("ext4");
}

static int run_mount_xfs(void)
{
	return run_mount_as("xfs");
}

static const char *need_overlay(const struct workload *w)
{
	(void)w;
	rm_tree(BASE "/ovl");
	if (mkdir(BASE "/ovl", 0755) || mkdir(BASE "/ovl/upper", 0755) ||
	    mkdir(BASE "/ovl/work", 0755) || mkdir(BASE "/ovl/lower", 0755) ||
	    put_file(BASE "/ovl/lower/file", buf, sizeof(buf)))
		return lacks(BASE "/ovl");
	if (mkdir(MNT, 0755) && errno != EEXIST)
		return lacks(MNT);
	return own_mounts();
}

static int run_overlay(void)
{
	int fd;

	TRY(mount("overlay", MNT, "overlay", 0, "lowerdir=" BASE "/ovl/lower,upperdir=" BASE
		  "/ovl/upper,workdir=" BASE "/ovl/work"));
	fd = open(MNT "/file", O_RDWR);
	TRY(fd);
	TRY(write(fd, "copied up", 9));
	TRY(close(fd));
	TRY(mkdir(MNT "/dir", 0755));
	TRY(unlink(MNT "/file"));
	TRY(umount(MNT));
	return 0;
}

/* A filter of 500 branches that the verifier must follow, loaded, attached, run. */
static int run_bpf(void)
{
	enum { PAIRS = 500 };
	static struct bpf_insn prog[2 * PAIRS + 2];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (uintptr_t)prog,
		.insn_cnt = ARRAY_SIZE(prog), .license = (uintptr_t)"GPL",
	};
	int i, fd, s[2];

	for (i = 0; i < PAIRS; i++) {
		prog[2 * i] = (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
			.dst_reg = BPF_REG_0, .src_reg = BPF_REG_1 };
		prog[2 * i + 1] = (struct bpf_insn){ .code = BPF_JMP | BPF_JEQ | BPF_K,
			.dst_reg = BPF_REG_0, .off = 0, .imm = i };
	}
	prog[2 * i] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 0 };
	prog[2 * i + 1] = (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT };
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	TRY(fd);
	TRY(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	TRY(setsockopt(s[1], SOL_SOCKET, SO_ATTACH_BPF, &fd, sizeof(fd)));
	send(s[0], "dropped", 7, MSG_DONTWAIT);
	return 0;
}

static int run_bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 1000,
	};
	uint64_t value = 1;
	uint32_t key;
	int fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	TRY(fd);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	for (key = 0; key < 1000; key++)
		TRY(syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)));
	for (key = 0; key < 1000; key++)
		TRY(syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)));
	return 0;
}

/* $KCOV_MODULE: one that belongs to the booted kernel. */
static const char *need_module(const struct workload *w)
{
	const char *path = getenv("KCOV_MODULE");

	(void)w;
	if (!path)
		return "$KCOV_MODULE names no module";
	return access(path, R_OK) ? lacks(path) : NULL;
}

static int run_module(void)
{
	int fd = open(getenv("KCOV_MODULE"), O_RDONLY);

	TRY(fd);
	TRY(syscall(SYS_finit_module, fd, "", 0));
	TRY(syscall(SYS_delete_module, "dummy", O_NONBLOCK));
	return 0;
}

static int run_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .src = (uintptr_t)buf };
	size_t page = sysconf(_SC_PAGESIZE), i;
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	char *p;

	TRY(fd);
	TRY(ioctl(fd, UFFDIO_API, &api));
	p = mmap(NULL, 64 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRY(p);
	reg.range.start = (uintptr_t)p;
	reg.range.len = 64 * page;
	TRY(ioctl(fd, UFFDIO_REGISTER, &reg));
	copy.len = page;
	for (i = 0; i < 64; i++) {
		copy.dst = (uintptr_t)p + i * page;
		TRY(ioctl(fd, UFFDIO_COPY, &copy));
	}
	return 0;
}

static int run_fanotify(void)
{
	int fd = syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY), i;

	TRY(fd);
	TRY(put_file(BASE "/watched", "text", 4));
	TRY(syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN | FAN_CLOSE | FAN_EVENT_ON_CHILD,
		    AT_FDCWD, BASE));
	for (i = 0; i < 20; i++)
		close(open(BASE "/watched", O_RDONLY));
	TRY(read(fd, buf, sizeof(buf)));
	return 0;
}

static int run_keys(void)
{
	char name[32];
	int i;

	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "key%d", i);
		TRY(syscall(SYS_add_key, "user", name, buf, 100, -2 /* the process keyring */));
	}
	TRY(syscall(SYS_keyctl, 7 /* KEYCTL_CLEAR */, -2));
	return 0;
}

static int run_udp6(void)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	return datagrams((void *)&addr, sizeof(addr), 500, 50);
}

/* Datagrams of 60,000 bytes: IP cuts them up and puts them together again. */
static int run_fragments(void)
{
	struct sockaddr_in addr = loopback();

	return datagrams((void *)&addr, sizeof(addr), 60000, 20);
}

static const char *need_rules(const struct workload *w)
{
	static const char rules[] =
		"flush ruleset\n"
		"table inet t {\n"
		" set ports { type inet_service; flags interval; elements = { 1-99, 1000-1999, 8080 } }\n"
		" chain in { type filter hook input priority 0; policy accept;\n"
		"  ct state established,related counter accept\n"
		"  tcp dport @ports counter drop\n"
		"  ip saddr 10.0.0.0/8 counter reject\n"
		" }\n"
		" chain nat { type nat hook postrouting priority 100; policy accept;\n"
		"  ip saddr 10.0.0.0/8 masquerade\n"
		" }\n"
		"}\n";
	const char *bad = w->argv ? need_prog(w) : make_base();

	if (bad)
		return bad;
	return put_file(BASE "/rules.nft", rules, strlen(rules)) ? lacks(BASE "/rules.nft") : NULL;
}

/* Everything that the workload sends goes through the rules. */
static const char *behind_rules(const struct workload *w)
{
	static const char *const nft[] = { "nft", "-f", BASE "/rules.nft", NULL };
	const char *bad = own_net(w);

	return bad ? bad : run_prog(nft);
}

/* ---- the table ---- */

#define ARGV(...) (const char *const []){ __VA_ARGS__, NULL }
#define STRESS(...) ARGV("stress-ng", "--quiet", "--no-rand-seed",	\
			 "--temp-path", BASE, __VA_ARGS__)

const struct workload workloads[] = {
	{ .name = "read-bad", .what = "read(-1, NULL, 0)", .run = run_read_bad },
	{ .name = "ids", .what = "getpid and its like, 20 times", .run = run_ids },
	{ .name = "prctl", .what = "a dozen of prctl's options", .run = run_prctl },
	{ .name = "setuid", .what = "root becomes an ordinary user",
	  .run = run_setuid },
	{ .name = "sched", .what = "yield, affinity, scheduling policy",
	  .run = run_sched },
	{ .name = "migrate", .what = "from CPU to CPU, 10,000 times",
	  .run = run_migrate },

	{ .name = "mmap-64m", .what = "mmap 64 MiB populated, munmap",
	  .run = run_mmap64 },
	{ .name = "faults", .what = "512 page faults", .run = run_faults },
	{ .name = "vma", .what = "mprotect, mremap, madvise", .run = run_vma },
	{ .name = "brk", .what = "the heap grows and shrinks", .run = run_brk },
	{ .name = "memfd", .what = "memfd: map, seal, fallocate",
	  .run = run_memfd },
	{ .name = "shm", .what = "System V shared memory", .setup = need_shm,
	  .run = run_shm },
	{ .name = "sysv-ipc", .what = "System V messages, semaphores",
	  .setup = need_shm, .run = run_sysvipc },
	{ .name = "mqueue", .what = "POSIX message queue", .setup = need_mqueue,
	  .run = run_mqueue },

	{ .name = "maps", .what = "stat, read /proc/self/maps", .run = run_maps },
	{ .name = "read-zero", .what = "reads 64 MiB of /dev/zero",
	  .prepare = need_base, .run = run_zero },
	{ .name = "files-200", .what = "200 files, renamed, removed",
	  .prepare = need_base, .run = run_files },
	{ .name = "dirs", .what = "40 nested directories", .prepare = need_base,
	  .run = run_dirs },
	{ .name = "links", .what = "links, modes, owners, times",
	  .prepare = need_base, .run = run_links },
	{ .name = "vectors", .what = "readv, writev, pread, pwrite",
	  .prepare = need_base, .run = run_rw_vectors },
	{ .name = "file-mmap", .what = "a mapped file, written, synced",
	  .prepare = need_base, .run = run_file_mmap },
	{ .name = "sendfile", .what = "256 KiB from file to file",
	  .prepare = need_base, .run = run_sendfile },
	{ .name = "getdents", .what = "lists directories of proc, sysfs",
	  .run = run_getdents },
	{ .name = "locks", .what = "fcntl locks, split and merged",
	  .setup = need_locks, .run = run_locks },
	{ .name = "inotify", .what = "watches a directory change",
	  .setup = need_inotify, .run = run_inotify },
	{ .name = "mount", .what = "mounts and unmounts a tmpfs",
	  .prepare = need_base, .run = run_mount },

	{ .name = "tcp", .what = "512 KiB over TCP loopback", .setup = need_lo,
	  .run = run_tcp },
	{ .name = "udp", .what = "50 datagrams over loopback",
	  .setup = need_lo, .run = run_udp },
	{ .name = "unix", .what = "passes descriptors over a socket",
	  .prepare = need_base, .run = run_unix },
	{ .name = "socketpair", .what = "socket pairs of three types",
	  .run = run_socketpair },
	{ .name = "netlink", .what = "dumps links, addresses, routes",
	  .run = run_netlink },

	{ .name = "pipe", .what = "pipes, tee, splice, vmsplice",
	  .prepare = need_base, .run = run_pipe },
	{ .name = "poll", .what = "poll and select on a pipe", .run = run_poll },
	{ .name = "epoll", .what = "epoll on 8 pipes", .run = run_epoll },
	{ .name = "eventfd", .what = "eventfd as a semaphore",
	  .setup = need_eventfd, .run = run_eventfd },
	{ .name = "timerfd", .what = "timers that have expired",
	  .setup = need_timerfd, .run = run_timerfd },
	{ .name = "signalfd", .what = "signals, read from a file",
	  .setup = need_signalfd, .run = run_signalfd },
	{ .name = "signals", .what = "signals, queued, on another stack",
	  .run = run_signals },

	{ .name = "fork", .what = "forks 11 times, waits",
	  .traced = "the parent", .run = run_fork },
	{ .name = "fork-exec", .what = "fork, exec of /bin/true, wait",
	  .traced = "the parent", .setup = need_true, .run = run_fork_exec },
	{ .name = "vfork", .what = "vforks 11 times, waits",
	  .traced = "the parent", .run = run_vfork },
	{ .name = "clone", .what = "clone with 11 sets of flags",
	  .traced = "the parent", .run = run_clone },
	{ .name = "pthread", .what = "11 threads made and joined",
	  .traced = "the main thread", .prepare = need_dontfork, .run = run_pthread },
	{ .name = "futex", .what = "wait, wake, requeue, lock PI",
	  .run = run_futex },
	{ .name = "unshare", .what = "five new namespaces",
	  .setup = need_uts_ns, .run = run_unshare },
	{ .name = "netns", .what = "UDP in a new network namespace",
	  .setup = need_net_ns, .run = run_netns },

	{ .name = "aio", .what = "io_submit of reads", .prepare = need_base,
	  .setup = need_aio, .run = run_aio },
	{ .name = "io-uring", .what = "io_uring: no-ops and reads",
	  .prepare = need_base, .setup = need_uring, .run = run_uring },

	{ .name = "find", .what = "find, sizes of 2,400 files",
	  .traced = "find, after exec", .prepare = need_prog_tree,
	  .argv = ARGV("find", TREE, "-size", "+0", "-print") },
	{ .name = "ls-lR", .what = "ls -lR of 2,400 files",
	  .traced = "ls, after exec", .prepare = need_prog_tree,
	  .argv = ARGV("ls", "-lR", "--time-style=+%s", TREE) },
	{ .name = "find-proc", .what = "find in /proc/sys",
	  .traced = "find, after exec", .prepare = need_prog,
	  .argv = ARGV("find", "/proc/sys", "-name", "*max*") },
	{ .name = "tar", .what = "tar of 2,400 files",
	  .traced = "tar, after exec", .prepare = need_prog_tree,
	  .argv = ARGV("tar", "cf", BASE "/out.tar", "-C", BASE, "tree") },
	{ .name = "grep", .what = "grep -r in 2,400 files",
	  .traced = "grep, after exec", .prepare = need_prog_tree,
	  .argv = ARGV("grep", "-r", "needle", TREE) },
	{ .name = "sort", .what = "sorts a file of 4,000 lines",
	  .traced = "sort, after exec", .prepare = need_prog_lines,
	  .argv = ARGV("sort", "-o", BASE "/sorted", LINES) },
	{ .name = "sha256sum", .what = "checksum of a file",
	  .traced = "sha256sum, after exec", .prepare = need_prog_lines,
	  .argv = ARGV("sha256sum", LINES) },
	{ .name = "dd", .what = "dd, 4 MiB from /dev/zero to tmpfs",
	  .traced = "dd, after exec", .prepare = need_prog,
	  .argv = ARGV("dd", "if=" ZERO, "of=" BASE "/dd", "bs=4k",
		       "count=1024", "status=none") },
	{ .name = "stress-rename", .what = "stress-ng --rename",
	  .traced = "its first child", .prepare = need_prog, .depth = 1,
	  .argv = STRESS("--rename", "1", "--rename-ops", "100") },
	{ .name = "stress-dentry", .what = "stress-ng --dentry",
	  .traced = "its first child", .prepare = need_prog, .depth = 1,
	  .argv = STRESS("--dentry", "1", "--dentry-ops", "100",
			 "--dentries", "20") },
	{ .name = "stress-mmap", .what = "stress-ng --mmap",
	  .traced = "its grandchild", .prepare = need_prog, .depth = 2,
	  .argv = STRESS("--mmap", "1", "--mmap-ops", "1",
			 "--mmap-bytes", "1M") },

	{ .name = "ext4-files", .what = "50 files on ext4, unmounted", .study = true,
	  .setup = on_ext4, .run = run_fs },
	{ .name = "ext4-mount", .what = "mounts and unmounts ext4", .study = true,
	  .setup = beside_ext4, .run = run_mount_ext4 },
	{ .name = "xfs-files", .what = "50 files on XFS, unmounted", .study = true,
	  .setup = on_xfs, .run = run_fs },
	{ .name = "xfs-mount", .what = "mounts and unmounts XFS", .study = true,
	  .setup = beside_xfs, .run = run_mount_xfs },
	{ .name = "overlay", .what = "overlayfs: copy up, whiteout", .study = true,
	  .prepare = need_base, .setup = need_overlay, .run = run_overlay },
	{ .name = "bpf-load", .what = "a filter of 500 branches", .study = true,
	  .run = run_bpf },
	{ .name = "bpf-map", .what = "a hash map of 1,000 items", .study = true,
	  .run = run_bpf_map },
	{ .name = "module", .what = "a module comes and goes", .study = true,
	  .setup = need_module, .run = run_module },
	{ .name = "userfaultfd", .what = "64 pages, filled by userfaultfd", .study = true,
	  .run = run_userfaultfd },
	{ .name = "fanotify", .what = "watches opens and closes", .study = true,
	  .prepare = need_base, .run = run_fanotify },
	{ .name = "keys", .what = "50 keys in a keyring", .study = true, .run = run_keys },
	{ .name = "udp6", .what = "50 datagrams over IPv6", .study = true,
	  .setup = need_lo, .run = run_udp6 },
	{ .name = "fragments", .what = "large datagrams over loopback", .study = true,
	  .setup = need_lo, .run = run_fragments },
	{ .name = "nft", .what = "nft loads a ruleset", .study = true,
	  .traced = "nft, after exec", .prepare = need_rules, .setup = own_net,
	  .argv = ARGV("nft", "-f", BASE "/rules.nft") },
	{ .name = "nft-tcp", .what = "512 KiB over TCP, through nftables", .study = true,
	  .prepare = need_rules, .setup = behind_rules, .run = run_tcp },
	{ .name = "cat-proc", .what = "reads a dozen files of /proc", .study = true,
	  .traced = "cat, after exec", .prepare = need_prog,
	  .argv = ARGV("cat", "/proc/meminfo", "/proc/vmstat", "/proc/stat", "/proc/interrupts",
		       "/proc/zoneinfo", "/proc/self/smaps", "/proc/self/status", "/proc/mounts",
		       "/proc/net/tcp", "/proc/net/unix", "/proc/filesystems", "/proc/locks") },
	{ .name = "cat-sys", .what = "reads files of /sys", .study = true,
	  .traced = "cat, after exec", .prepare = need_prog,
	  .argv = ARGV("cat", "/sys/devices/system/cpu/online", "/sys/class/net/lo/mtu",
		       "/sys/class/net/lo/statistics/rx_packets", "/sys/kernel/fscaps") },
	{ .name = "ps", .what = "ps of all processes", .study = true,
	  .traced = "ps, after exec", .prepare = need_prog,
	  .argv = ARGV("ps", "-eo", "pid,stat,args") },
	{ .name = "ip", .what = "ip adds an address", .study = true,
	  .traced = "ip, after exec", .prepare = need_prog, .setup = own_net,
	  .argv = ARGV("ip", "address", "replace", "127.1.2.3/8", "dev", "lo") },
	{ .name = "sh", .what = "a shell starts 20 programs", .study = true,
	  .traced = "the shell, after exec", .prepare = need_prog,
	  .argv = ARGV("sh", "-c", "i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i + 1)); done") },
	{ .name = "python", .what = "Python starts, imports json", .study = true,
	  .traced = "python3, after exec", .prepare = need_prog,
	  .argv = ARGV("python3", "-I", "-c", "import json") },
	{ .name = "perl", .what = "Perl starts, sorts", .study = true,
	  .traced = "perl, after exec", .prepare = need_prog,
	  .argv = ARGV("perl", "-e", "print sort map { $_ * 7 % 1000 } 1 .. 20000") },
/* Not symlink, which does as link does; that takes minutes. */
#define STRESSOR(stressor, ops)							\
	{ .name = "stress-" stressor, .what = "stress-ng --" stressor, .study = true,	\
	  .traced = "its first child", .prepare = need_prog, .depth = 1,		\
	  .argv = STRESS("--" stressor, "1", "--" stressor "-ops", ops) }
	STRESSOR("access", "10"),
	STRESSOR("aio", "10"),
	STRESSOR("chmod", "20"),
	STRESSOR("dir", "100"),
	STRESSOR("dup", "5"),
	STRESSOR("fallocate", "10"),
	STRESSOR("fault", "200"),
	STRESSOR("fcntl", "50"),
	STRESSOR("flock", "50"),
	STRESSOR("get", "1"),
	STRESSOR("itimer", "50"),
	STRESSOR("locka", "50"),
	STRESSOR("msync", "10"),
	STRESSOR("open", "100"),
	STRESSOR("personality", "10"),
	STRESSOR("readahead", "10"),
	STRESSOR("seek", "100"),
	STRESSOR("sendfile", "5"),
	STRESSOR("shm-sysv", "2"),
	STRESSOR("sigq", "100"),
	STRESSOR("utime", "50"),
	STRESSOR("vm-splice", "50"),
	STRESSOR("xattr", "5"),
	STRESSOR("link", "10"),
};

const size_t nr_workloads = ARRAY_SIZE(workloads);

const char *workload_traced(const struct workload *w)
{
	return w->traced ? w->traced : "the task itself";
}

const struct workload *workload_find(const char *name)
{
	size_t i;

	for (i = 0; i < nr_workloads; i++)
		if (!strcmp(workloads[i].name, name))
			return &workloads[i];
	return NULL;
}

/* ---- running one ---- */

static void __attribute__((noreturn)) child_skip(const char *why)
{
	shared->skip = true;
	snprintf(shared->why, sizeof(shared->why), "%s", why);
	_exit(0);
}

static void __attribute__((noreturn)) child_fail(int err, const char *what)
{
	shared->err = err;
	snprintf(shared->why, sizeof(shared->why), "%s: %s", what, strerror(-err));
	_exit(1);
}

static void start(const struct cov *c, unsigned long mode)
{
	int err;

	shared->start = clock_ns();
	if (mode == WORKLOAD_UNTRACED)
		return;
	err = cov_enable(c->fd, mode);
	if (err)
		child_fail(err, "KCOV_ENABLE");
}

/* The child turns into a program; its trace ends when that does. */
static void child_exec(const struct workload *w, const struct cov *c,
		       unsigned long mode)
{
	const char *path = find_prog(w->argv[0]);
	char preload[4200], child[64];
	char *env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC0", "HOME=/",
			NULL, NULL, NULL };
	int out = open(OUT, O_CREAT | O_TRUNC | O_RDWR, 0644);

	if (out < 0)
		child_fail(-errno, OUT);
	dup2(out, 1);
	close(out);
	/*
	 * A fresh directory: what a killed run left there must not matter, and
	 * some programs change theirs.
	 */
	if (chdir(BASE))
		child_fail(-errno, BASE);
	if (w->depth) {
		snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", preload_path());
		snprintf(child, sizeof(child), "KCOV_CHILD=%d %lu %d", c->fd, mode,
			 w->depth);
		if (mode != WORKLOAD_UNTRACED) {
			env[4] = preload;
			env[5] = child;
			fcntl(c->fd, F_SETFD, 0);
		}
		mode = WORKLOAD_UNTRACED;
	}
	start(c, mode);
	execve(path, (char *const *)w->argv, env);
	child_fail(-errno, path);
}

/*
 * The stack that run() will use is still its parent's after fork(). New pages wait for
 * others, up to a batch, and one that waits takes another path when it is written to after
 * a fork: so write out the batch, which madvise() does, and on a page that nobody needs.
 */
static void __attribute__((noinline)) own_stack(void)
{
	volatile char below[64 * KIB];
	size_t page = sysconf(_SC_PAGESIZE), i;

	for (i = 0; i < sizeof(below); i += 1024)
		below[i] = 0;
	madvise((void *)(((uintptr_t)below + page) & -page), page, MADV_DONTNEED);
}

static void __attribute__((noreturn, noinline))
child(const struct workload *w, const struct cov *c, unsigned long mode)
{
	const char *bad = w->setup ? w->setup(w) : NULL;
	int err;

	if (bad)
		child_skip(bad);
	if (w->argv)
		child_exec(w, c, mode);
	own_stack();
	start(c, mode);
	err = w->run();
	if (mode != WORKLOAD_UNTRACED)
		cov_disable(c->fd);
	shared->end = clock_ns();
	shared->err = err;
	_exit(0);
}

/*
 * child() with a stack that begins at the same place of a page in every run. It would
 * depend on who called and on the size of the environment, and decide which runs have
 * a page fault: a workload that forks has one in each page that it writes to afterwards.
 */
static void __attribute__((noreturn, noinline))
child_on_page(const struct workload *w, const struct cov *c, unsigned long mode)
{
	size_t pad = (uintptr_t)__builtin_frame_address(0) % sysconf(_SC_PAGESIZE);
	volatile char *below = __builtin_alloca(pad + 1);

	below[0] = 0;
	child(w, c, mode);
}

static pid_t child_start(const struct workload *w, const struct cov *c,
			 unsigned long mode)
{
	pid_t pid;

	memset(shared, 0, sizeof(*shared));
	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	/* Addresses decide how page tables and trees of mappings look. */
	personality(ADDR_NO_RANDOMIZE);
	alarm(HANG_SECONDS);
	child_on_page(w, c, mode);
}

static int child_end(const struct workload *w, pid_t pid,
		     struct workload_result *r)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	if (!shared->end)
		shared->end = clock_ns();
	r->ns = shared->end - shared->start;
	snprintf(r->why, sizeof(r->why), "%s", shared->why);
	snprintf(r->note, sizeof(r->note), "%s", shared->note);
	if (shared->skip)
		return 1;
	if (shared->err)
		return shared->err;
	if (WIFSIGNALED(status))
		snprintf(r->why, sizeof(r->why), "%s: killed by signal %d%s", w->name,
			 WTERMSIG(status),
			 WTERMSIG(status) == SIGALRM ? " (it hung)" : "");
	else if (WEXITSTATUS(status))
		snprintf(r->why, sizeof(r->why), "%s: exit status %d", w->name,
			 WEXITSTATUS(status));
	return status ? -EIO : 0;
}

/* Once for each workload; what it said is remembered. */
static const char *prepared(const struct workload *w)
{
	static char why[ARRAY_SIZE(workloads)][160];
	static bool done[ARRAY_SIZE(workloads)];
	size_t i = w - workloads;
	const char *bad;

	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED)
			abort();
	}
	if (!done[i]) {
		bad = w->prepare ? w->prepare(w) : NULL;
		snprintf(why[i], sizeof(why[i]), "%s", bad ? bad : "");
		done[i] = true;
	}
	return why[i][0] ? why[i] : NULL;
}

int workload_run(const struct workload *w, struct cov *c, unsigned long mode,
		 struct workload_result *r)
{
	const char *bad = prepared(w);
	pid_t pid;

	memset(r, 0, sizeof(*r));
	if (bad) {
		snprintf(r->why, sizeof(r->why), "%s", bad);
		return 1;
	}
	if (c)
		cov_clear(c);
	pid = child_start(w, c, mode);
	if (pid < 0) {
		snprintf(r->why, sizeof(r->why), "fork: %s", strerror(errno));
		return -errno;
	}
	return child_end(w, pid, r);
}

/* ---- what a trace says ---- */

void *big_alloc(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, bytes, MADV_DONTFORK);
	return p;
}

void uniq_init(struct uniq *u, size_t max, unsigned int words)
{
	size_t slots = 1;

	while (slots < 2 * max)
		slots *= 2;
	u->item = big_alloc(max * words * sizeof(*u->item));
	u->slot = big_alloc(slots * sizeof(*u->slot));
	u->words = words;
	u->mask = slots - 1;
	u->max = max;
	u->n = 0;
}

void uniq_clear(struct uniq *u)
{
	memset(u->slot, 0, (u->mask + 1) * sizeof(*u->slot));
	u->n = 0;
}

/* The slot that holds @item, or the empty one where it belongs. */
static uint32_t *uniq_slot(const struct uniq *u, const unsigned long *item)
{
	size_t size = u->words * sizeof(*item);
	unsigned long h = 0;
	uint32_t *s;
	unsigned int k;

	for (k = 0; k < u->words; k++) {
		h = (h ^ item[k]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 29;
	}
	for (;; h++) {
		s = &u->slot[h & u->mask];
		if (!*s || !memcmp(u->item + (*s - 1ul) * u->words, item, size))
			return s;
	}
}

bool uniq_has(const struct uniq *u, const unsigned long *item)
{
	return *uniq_slot(u, item) != 0;
}

bool uniq_add(struct uniq *u, const unsigned long *item)
{
	uint32_t *s = uniq_slot(u, item);

	if (*s)
		return false;
	if (u->n == u->max) {
		fprintf(stderr, "more than %zu distinct items\n", u->max);
		exit(1);
	}
	memcpy(u->item + u->n * u->words, item, u->words * sizeof(*item));
	*s = ++u->n;
	return true;
}

/* No workload comes near: a kernel of this size has fewer places than that. */
#define MAX_DISTINCT	(256 * 1024)

void expect_init(struct expect *e)
{
	uniq_init(&e->pc, MAX_DISTINCT, 1);
	uniq_init(&e->edge, MAX_DISTINCT, 1);
}

void expect_from(struct expect *e, const unsigned long *pcs, size_t n)
{
	unsigned long prev = 0, edge;
	size_t i;

	uniq_clear(&e->pc);
	uniq_clear(&e->edge);
	for (i = 0; i < n; i++) {
		edge = cov_edge_word(prev, pcs[i]);
		uniq_add(&e->pc, &pcs[i]);
		uniq_add(&e->edge, &edge);
		prev = pcs[i];
	}
}

void pairs_init(struct uniq *pairs)
{
	uniq_init(pairs, MAX_DISTINCT, PAIR_WORDS);
}

void pairs_from(struct uniq *pairs, const unsigned long *pcs, size_t n)
{
	unsigned long pair[PAIR_WORDS] = { 0, 0 };

	uniq_clear(pairs);
	for (; n; n--, pcs++) {
		pair[0] = pair[1];
		pair[1] = *pcs;
		uniq_add(pairs, pair);
	}
}

void cmp_place(const unsigned long *cmp, unsigned long *place)
{
	place[0] = cmp[0];
	place[1] = cmp[0] & KCOV_CMP_CONST ? cmp[1] : 0;
	place[2] = 0;
	place[3] = cmp[3];
}

void places_init(struct uniq *places)
{
	uniq_init(places, MAX_DISTINCT, CMP_WORDS);
}

void places_from(struct uniq *places, const unsigned long *cmp, size_t n)
{
	unsigned long place[CMP_WORDS];

	uniq_clear(places);
	for (; n; n--, cmp += CMP_WORDS) {
		cmp_place(cmp, place);
		uniq_add(places, place);
	}
}
