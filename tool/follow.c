// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "follow.h"
#if defined(__x86_64__)
#include "arch_x86_64.h"
#elif defined(__aarch64__)
#include "arch_arm64.h"
#else
#error "ukcov run --follow knows x86-64 and arm64"
#endif

#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP		128
#endif
#ifndef PTRACE_O_SUSPEND_SECCOMP
#define PTRACE_O_SUSPEND_SECCOMP	(1 << 21)
#endif
#ifndef PTRACE_GETSIGMASK
#define PTRACE_GETSIGMASK		0x420a
#define PTRACE_SETSIGMASK		0x420b
#endif

#define SYSCALL_STOP	(SIGTRAP | 0x80)
#define OPTIONS		(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
			 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

/* What is to be done when a task stops for us. */
enum todo {
	TODO_NOTHING,
	TODO_ENABLE,	/* its first instruction is next */
	TODO_ATTACH,	/* it was interrupted, anywhere */
	TODO_SETTLE,	/* its registers are to be put back */
	TODO_LEAVE,	/* it is to be let go */
};

struct task {
	struct task *next;
	pid_t tid;
	enum todo todo;
	bool stopped;		/* by a signal, as all of its process */
	struct follow_area *area;	/* NULL: not followed */
	/* For TODO_SETTLE. */
	struct arch_regs regs;
	uint64_t mask;
};

/* ---- the tasks ---- */

static struct task **find_slot(struct follow *f, pid_t tid)
{
	struct task **slot = &f->hash[tid & 1023];

	while (*slot && (*slot)->tid != tid)
		slot = &(*slot)->next;
	return slot;
}

static struct task *find(struct follow *f, pid_t tid)
{
	return *find_slot(f, tid);
}

static struct task *add(struct follow *f, pid_t tid, enum todo todo)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->tid = tid;
	t->todo = todo;
	t->next = f->hash[tid & 1023];
	f->hash[tid & 1023] = t;
	f->tasks++;
	return t;
}

static void put_area(struct follow *f, struct task *t)
{
	if (t->area)
		f->ops->put(f->ctx, t->area);
	t->area = NULL;
}

static void drop(struct follow *f, struct task **slot)
{
	struct task *t = *slot;

	*slot = t->next;
	put_area(f, t);
	free(t);
}

/* A task that is gone: its coverage ended before it did. */
static void gone(struct follow *f, pid_t tid, int status)
{
	struct task **slot = find_slot(f, tid);

	if (tid == f->command)
		f->status = status;
	if (*slot)
		drop(f, slot);
}

/* ---- calls that a stopped task makes for us ---- */

struct calls {
	struct follow *f;
	struct task *t;
	struct arch_regs regs;	/* as they were */
	uint64_t mask;		/* signals that were blocked */
	unsigned long insn;	/* an instruction that calls the kernel */
	bool gone;		/* it was killed, or has become another one: see status */
	int status;
	int signal;		/* that came meanwhile, although all are blocked: SIGSTOP */
	bool suspended;		/* seccomp */
};

/* What is put on the task's stack. */
struct scratch {
	int fds[2];
	struct msghdr msg;
	struct iovec io;
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
};

static bool is_stop_signal(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* Runs to the next stop at a call's begin or end. */
static int to_stop(struct calls *c)
{
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, c->t->tid, 0, 0))
			return -errno;
		while (waitpid(c->t->tid, &c->status, __WALL) < 0)
			if (errno != EINTR)
				return -errno;
		if (!WIFSTOPPED(c->status) || c->status >> 16 == PTRACE_EVENT_EXEC) {
			c->gone = true;
			return -ESRCH;
		}
		if (WSTOPSIG(c->status) == SYSCALL_STOP)
			return 0;
		/* SIGSTOP, which cannot be blocked, or its process stops. That has to wait. */
		if (!(c->status >> 16) || is_stop_signal(WSTOPSIG(c->status)))
			c->signal = WSTOPSIG(c->status);
	}
}

static long call(struct calls *c, long nr, unsigned long a, unsigned long b, unsigned long d,
		 unsigned long e)
{
	const unsigned long arg[6] = { a, b, d, e, 0, 0 };
	struct arch_regs regs = c->regs;
	int err;

	arch_set_call(&regs, c->insn, nr, arg);
	err = arch_set(c->t->tid, &regs);
	if (!err)
		err = to_stop(c);
	if (!err)
		err = to_stop(c);
	if (!err)
		err = arch_get(c->t->tid, &regs);
	return err ? err : arch_result(&regs);
}

/* For kernels without CONFIG_CROSS_MEMORY_ATTACH. */
static ssize_t by_file(pid_t tid, unsigned long addr, void *to, const void *from, size_t len)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = to ? pread(fd, to, len, (off_t)addr) : pwrite(fd, from, len, (off_t)addr);
	close(fd);
	return n;
}

static bool peek(pid_t tid, unsigned long addr, void *buf, size_t len)
{
	struct iovec mine = { buf, len }, theirs = { (void *)addr, len };
	ssize_t n = process_vm_readv(tid, &mine, 1, &theirs, 1, 0);

	if (n < 0 && errno == ENOSYS)
		n = by_file(tid, addr, buf, NULL, len);
	return n == (ssize_t)len;
}

static bool poke(pid_t tid, unsigned long addr, const void *buf, size_t len)
{
	struct iovec mine = { (void *)buf, len }, theirs = { (void *)addr, len };
	ssize_t n = process_vm_writev(tid, &mine, 1, &theirs, 1, 0);

	if (n < 0 && errno == ENOSYS)
		n = by_file(tid, addr, NULL, buf, len);
	return n == (ssize_t)len;
}

/* The instruction before the next one, which has made this task; else one of the vDSO's. */
static unsigned long find_insn(pid_t tid, const struct arch_regs *regs, bool fresh)
{
	unsigned long at = arch_pc(regs) - ARCH_INSN_SIZE, from, to;
	unsigned char code[65536];
	char path[64], line[256];
	size_t len = 0;
	FILE *maps;

	if (fresh && peek(tid, at, code, ARCH_INSN_SIZE) && arch_is_insn(code))
		return at;
	snprintf(path, sizeof(path), "/proc/%d/maps", tid);
	maps = fopen(path, "re");
	if (!maps)
		return 0;
	while (!len && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]") && sscanf(line, "%lx-%lx", &from, &to) == 2)
			len = to - from < sizeof(code) ? to - from : sizeof(code);
	fclose(maps);
	if (!len || !peek(tid, from, code, len))
		return 0;
	for (size_t i = 0; i + ARCH_INSN_SIZE <= len; i++)
		if (arch_is_insn(code + i) && (ARCH_INSN_SIZE == 2 || i % 4 == 0))
			return from + i;
	return 0;
}

/* A number in /proc/TID/status, or -1. */
static int status_of(pid_t tid, const char *key)
{
	char path[64], line[256];
	int value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			value = atoi(line + strlen(key));
	fclose(f);
	return value;
}

/* Is there a filter of calls that would see ours? It may kill the task for them. */
static bool has_filter(pid_t tid)
{
	return status_of(tid, "Seccomp:") > 0;
}

/* 0; or -errno, and the task is as it was. */
static int calls_begin(struct calls *c, struct follow *f, struct task *t, bool fresh)
{
	const uint64_t all = ~0ull;
	int err;

	memset(c, 0, sizeof(*c));
	c->f = f;
	c->t = t;
	err = arch_get(t->tid, &c->regs);
	if (err)
		return err;
	if (!arch_is_native(&c->regs))
		return -ENOEXEC;
	c->insn = find_insn(t->tid, &c->regs, fresh);
	if (!c->insn)
		return -ENOEXEC;
	c->suspended = !ptrace(PTRACE_SETOPTIONS, t->tid, 0,
			       (f->attached ? 0 : PTRACE_O_EXITKILL) | OPTIONS |
			       PTRACE_O_SUSPEND_SECCOMP);
	if (!c->suspended && has_filter(t->tid))
		return -EPERM;
	if (ptrace(PTRACE_GETSIGMASK, t->tid, sizeof(c->mask), &c->mask) ||
	    ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(all), &all))
		return -errno;
	return 0;
}

/* @settle: the registers are put back at the next stop, see settle(). */
static void calls_end(struct calls *c, bool settle)
{
	pid_t tid = c->t->tid;

	if (c->gone)
		return;
	if (c->suspended)
		ptrace(PTRACE_SETOPTIONS, tid, 0,
		       (c->f->attached ? 0 : PTRACE_O_EXITKILL) | OPTIONS);
	if (settle) {
		c->t->regs = c->regs;
		c->t->mask = c->mask;
	} else {
		arch_set(tid, &c->regs);
		ptrace(PTRACE_SETSIGMASK, tid, sizeof(c->mask), &c->mask);
	}
	if (c->signal)
		syscall(SYS_tgkill, tid, tid, c->signal);
}

/*
 * Processes first, as most are. Of a thread from Linux 6.9 on (PIDFD_THREAD); elsewhere of
 * its process, which has the same descriptors.
 */
static int open_task(pid_t tid)
{
	int fd = syscall(SYS_pidfd_open, tid, 0);

	if (fd < 0)
		fd = syscall(SYS_pidfd_open, tid, O_EXCL);
	if (fd < 0)
		fd = syscall(SYS_pidfd_open, status_of(tid, "Tgid:"), 0);
	return fd;
}

/* To a descriptor of the task, which is the other end of a pair of sockets. */
static int send_fd(pid_t tid, int target, int fd)
{
	struct scratch s = { .io = { &s.byte, 1 } };
	int pidfd, sock, err = 0;
	struct cmsghdr *head;

	s.msg.msg_iov = &s.io;
	s.msg.msg_iovlen = 1;
	s.msg.msg_control = &s.control;
	s.msg.msg_controllen = sizeof(s.control);
	head = CMSG_FIRSTHDR(&s.msg);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	pidfd = open_task(tid);
	if (pidfd < 0)
		return -errno;
	sock = syscall(SYS_pidfd_getfd, pidfd, target, 0);
	if (sock < 0)
		err = -errno;
	else if (sendmsg(sock, &s.msg, MSG_NOSIGNAL) < 0)
		err = -errno;
	if (sock >= 0)
		close(sock);
	close(pidfd);
	return err;
}

/* The task gets @area's descriptor; with the sockets, these are *fds. */
static int receive(struct calls *c, unsigned long at, int fds[3], int fd)
{
	struct scratch got;
	pid_t tid = c->t->tid;
	long err;

	err = call(c, SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0,
		   at + offsetof(struct scratch, fds));
	if (err)
		return err;
	if (!peek(tid, at, fds, 2 * sizeof(int)))
		return -EFAULT;
	err = send_fd(tid, fds[1], fd);
	if (err)
		return err;
	err = call(c, SYS_recvmsg, fds[0], at + offsetof(struct scratch, msg),
		   MSG_CMSG_CLOEXEC | MSG_DONTWAIT, 0);
	if (err < 0)
		return err;
	if (!peek(tid, at, &got, sizeof(got)))
		return -EFAULT;
	if (got.control.head.cmsg_len != CMSG_LEN(sizeof(int)) ||
	    got.msg.msg_controllen < CMSG_LEN(sizeof(int)))
		return -EMFILE;
	memcpy(&fds[2], got.control.bytes + CMSG_LEN(0), sizeof(int));
	return 0;
}

static void close_all(struct calls *c, const int fds[3])
{
	if (fds[0] >= 0 && fds[1] == fds[0] + 1 && fds[2] == fds[1] + 1 &&
	    !call(c, SYS_close_range, fds[0], fds[2], 0, 0))
		return;
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && !c->gone)
			call(c, SYS_close, fds[i], 0, 0, 0);
}

/* Makes the task call KCOV_ENABLE or KCOV_DISABLE on the descriptor of @area. */
static int make_ioctl(struct calls *c, struct follow_area *area, unsigned long cmd)
{
	unsigned long at = (arch_sp(&c->regs) - ARCH_RED_ZONE - sizeof(struct scratch)) & ~63ul;
	struct scratch old, s = { .fds = { -1, -1 } };
	int fds[3] = { -1, -1, -1 }, err;

	s.msg.msg_iov = (void *)(at + offsetof(struct scratch, io));
	s.msg.msg_iovlen = 1;
	s.msg.msg_control = (void *)(at + offsetof(struct scratch, control));
	s.msg.msg_controllen = sizeof(s.control);
	s.io.iov_base = (void *)(at + offsetof(struct scratch, byte));
	s.io.iov_len = 1;
	if (!peek(c->t->tid, at, &old, sizeof(old)) || !poke(c->t->tid, at, &s, sizeof(s)))
		return -EFAULT;
	err = receive(c, at, fds, area->fd);
	if (!err)
		err = call(c, SYS_ioctl, fds[2], cmd, cmd == KCOV_ENABLE ? area->mode : 0, 0);
	if (!c->gone)
		close_all(c, fds);
	if (!c->gone)
		poke(c->t->tid, at, &old, sizeof(old));
	return err;
}

static void count_failure(struct follow *f, int err)
{
	enum follow_why why = FOLLOW_REFUSED;

	if (err == -ENOEXEC)
		why = FOLLOW_FOREIGN;
	else if (err == -EBUSY)
		why = FOLLOW_BUSY;
	else if (err == -ENOMEM || err == -EMFILE || err == -ENFILE)
		why = FOLLOW_NO_AREA;
	f->not[why]++;
	f->not_errno = -err;
}

static void handle(struct follow *f, pid_t tid, int status);

/* Turns coverage of a stopped task on. Returns false if it is not there any more. */
static bool enable(struct follow *f, struct task *t, bool fresh)
{
	struct follow_area *area = f->ops->get(f->ctx);
	struct calls c;
	int err;

	if (!area) {
		f->not[FOLLOW_NO_AREA]++;
		return true;
	}
	err = calls_begin(&c, f, t, fresh);
	if (!err) {
		err = make_ioctl(&c, area, KCOV_ENABLE);
		calls_end(&c, !fresh);
		if (!fresh && !c.gone) {
			t->todo = TODO_SETTLE;
			ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
		}
	}
	if (err) {
		f->ops->put(f->ctx, area);
		if (!c.gone)
			count_failure(f, err);
	} else {
		t->area = area;
		f->followed++;
		f->ops->start(f->ctx, area);
	}
	if (!c.gone)
		return true;
	handle(f, t->tid, c.status);
	return false;
}

/* The same for off, of a task that was stopped anywhere. */
static bool disable(struct follow *f, struct task *t)
{
	struct calls c;
	int err;

	if (!t->area)
		return true;
	err = calls_begin(&c, f, t, false);
	if (err)
		return true;
	make_ioctl(&c, t->area, KCOV_DISABLE);
	calls_end(&c, true);
	if (!c.gone) {
		put_area(f, t);
		t->todo = TODO_SETTLE;
		ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
		return true;
	}
	handle(f, t->tid, c.status);
	return false;
}

/*
 * The task stopped once more on its way back to the program, where the kernel looks at
 * the registers to find out if a call is to be restarted. So they are put back here: a
 * call that was interrupted goes on, or ends with EINTR if a signal waits.
 */
static void settle(struct task *t)
{
	arch_set(t->tid, &t->regs);
	ptrace(PTRACE_SETSIGMASK, t->tid, sizeof(t->mask), &t->mask);
	t->todo = TODO_NOTHING;
}

/* ---- stops ---- */

static void go_on(pid_t tid, int sig)
{
	/* ESRCH: it was killed; that comes next. */
	ptrace(PTRACE_CONT, tid, 0, sig);
}

static void let_go(struct follow *f, struct task *t)
{
	ptrace(PTRACE_DETACH, t->tid, 0, 0);
	drop(f, find_slot(f, t->tid));
}

/* A stop that we asked for, or that a new task begins with, or the process' own. */
static void event_stop(struct follow *f, struct task *t, int sig)
{
	t->stopped = is_stop_signal(sig);
	if (t->todo == TODO_SETTLE)
		settle(t);
	if (f->stop) {
		/* A stopped process stays so, and collects until it ends: nobody asks. */
		if (t->area && !t->stopped) {
			if (disable(f, t))
				go_on(t->tid, 0);
			return;
		}
		let_go(f, t);
		return;
	}
	if (t->stopped) {
		/* It waits for SIGCONT, which makes an event stop again. */
		ptrace(PTRACE_LISTEN, t->tid, 0, 0);
		return;
	}
	if (t->todo == TODO_ENABLE || t->todo == TODO_ATTACH) {
		bool fresh = t->todo == TODO_ENABLE;

		t->todo = TODO_NOTHING;
		if (!enable(f, t, fresh))
			return;
	}
	go_on(t->tid, 0);
}

/*
 * exec ended all other threads of the process, and whoever called it now has the number
 * of the first one, whose end is not reported.
 */
static void event_exec(struct follow *f, pid_t tid)
{
	struct task **slot, *t;
	unsigned long old = tid;

	ptrace(PTRACE_GETEVENTMSG, tid, 0, &old);
	if ((pid_t)old == tid)
		return;
	slot = find_slot(f, tid);
	if (*slot)
		drop(f, slot);
	slot = find_slot(f, old);
	t = *slot;
	if (!t)
		return;
	*slot = t->next;
	t->tid = tid;
	t->next = f->hash[tid & 1023];
	f->hash[tid & 1023] = t;
}

static void handle(struct follow *f, pid_t tid, int status)
{
	int sig, event = status >> 16;
	struct task *t;

	if (!WIFSTOPPED(status)) {
		gone(f, tid, status);
		return;
	}
	sig = WSTOPSIG(status);
	if (event == PTRACE_EVENT_EXEC)
		event_exec(f, tid);
	t = find(f, tid);
	if (!t)
		t = add(f, tid, TODO_ENABLE);
	if (!t) {
		/* No memory to remember it: let it run alone. */
		f->not[FOLLOW_NO_AREA]++;
		ptrace(PTRACE_DETACH, tid, 0, 0);
	} else if (event == PTRACE_EVENT_STOP) {
		event_stop(f, t, sig);
	} else if (event || sig == SYSCALL_STOP) {
		if (f->stop)
			ptrace(PTRACE_INTERRUPT, tid, 0, 0);
		go_on(tid, 0);
	} else {
		go_on(tid, sig);
	}
}

/* ---- from outside ---- */

int follow_child(struct follow *f, pid_t pid, struct follow_area *area)
{
	struct task *t;

	f->command = pid;
	f->status = -1;
	if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS | PTRACE_O_EXITKILL))
		return -errno;
	t = add(f, pid, TODO_NOTHING);
	if (!t)
		return -ENOMEM;
	t->area = area;
	f->followed++;
	return 0;
}

/* A thread that one of those that are traced has made meanwhile. */
static bool is_ours(pid_t tid)
{
	return status_of(tid, "TracerPid:") == getpid();
}

/* Threads that are not traced yet: seizes them. How many, or -errno. */
static int seize_threads(struct follow *f, pid_t pid)
{
	struct dirent *entry;
	char path[64];
	int n = 0;
	pid_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (n >= 0 && (entry = readdir(dir))) {
		tid = atoi(entry->d_name);
		if (tid <= 0 || find(f, tid))
			continue;
		if (!ptrace(PTRACE_SEIZE, tid, 0, OPTIONS)) {
			if (!add(f, tid, TODO_ATTACH))
				n = -ENOMEM;
			else
				n++;
			ptrace(PTRACE_INTERRUPT, tid, 0, 0);
		} else if (errno != ESRCH && !is_ours(tid)) {
			n = -errno;
		}
	}
	closedir(dir);
	return n;
}

int follow_attach(struct follow *f, pid_t pid)
{
	int n;

	f->attached = true;
	f->command = pid;
	f->status = -1;
	do
		n = seize_threads(f, pid);
	while (n > 0);
	return n ? n : (f->tasks ? 0 : -ESRCH);
}

void follow_stop(struct follow *f)
{
	f->stop = 1;
	/* Each makes a stop, so that the wait ends. */
	for (size_t i = 0; i < sizeof(f->hash) / sizeof(f->hash[0]); i++)
		for (struct task *t = f->hash[i]; t; t = t->next)
			ptrace(PTRACE_INTERRUPT, t->tid, 0, 0);
}

int follow_wait(struct follow *f)
{
	int status, err = 0;
	pid_t tid;

	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (tid > 0) {
			handle(f, tid, status);
		} else if (errno != EINTR) {
			err = errno == ECHILD ? 0 : -errno;
			break;
		}
	}
	for (size_t i = 0; i < sizeof(f->hash) / sizeof(f->hash[0]); i++)
		while (f->hash[i])
			drop(f, &f->hash[i]);
	return err;
}
