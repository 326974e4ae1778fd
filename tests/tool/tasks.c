// SPDX-License-Identifier: MIT
/*
 * Makes tasks in many ways, for 'ukcov run --follow'. Each task does one thing in the kernel
 * that no other one does, by its number, so that it is seen in the result whether its
 * coverage is there.
 *
 * tasks do N			this task does thing N
 * tasks WAY N			another one does, made in that way; see ways[]
 * tasks many COUNT		so many processes, one after another; they do all things
 * tasks things			how many there are
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

extern char **environ;
static char *self;

/* ---- things ---- */

static void do_sysinfo(void)
{
	struct sysinfo si;

	sysinfo(&si);
}

static void do_timerfd(void)
{
	timerfd_create(CLOCK_MONOTONIC, 0);
}

static void do_inotify(void)
{
	inotify_init1(0);
}

static void do_memfd(void)
{
	memfd_create("tasks", 0);
}

static void do_semaphore(void)
{
	semget(IPC_PRIVATE, 1, 0600);
}

static void do_eventfd(void)
{
	eventfd(0, 0);
}

static void do_epoll(void)
{
	epoll_create1(0);
}

static void do_timer(void)
{
	struct itimerval it = { { 0, 0 }, { 1000, 0 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

static void do_priority(void)
{
	getpriority(PRIO_PROCESS, 0);
}

static void do_mincore(void)
{
	unsigned char vec;

	mincore((void *)((long)&vec & -4096l), 4096, &vec);
}

static void do_times(void)
{
	struct tms t;

	times(&t);
}

static void do_packet(void)
{
	socket(AF_PACKET, SOCK_RAW, 0);
}

static void (*const things[])(void) = {
	do_sysinfo, do_timerfd, do_inotify, do_memfd, do_semaphore, do_eventfd, do_epoll,
	do_timer, do_priority, do_mincore, do_times, do_packet,
};

static void do_thing(unsigned int n)
{
	if (n < ARRAY_SIZE(things))
		things[n]();
}

/* ---- ways ---- */

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* The child's work: the thing, then its number as its exit status. */
static void exec_thing(unsigned int n)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", n);
	execl(self, "tasks", "do", number, NULL);
	_exit(126);
}

static int by_fork(unsigned int n)
{
	pid_t pid = fork();

	if (!pid) {
		do_thing(n);
		_exit(n);
	}
	return wait_for(pid);
}

static int by_fork_exec(unsigned int n)
{
	pid_t pid = fork();

	if (!pid)
		exec_thing(n);
	return wait_for(pid);
}

static int by_vfork(unsigned int n)
{
	pid_t pid = vfork();

	if (!pid)
		exec_thing(n);
	return wait_for(pid);
}

static int by_spawn(unsigned int n)
{
	char number[16], *argv[] = { "tasks", "do", number, NULL };
	pid_t pid;

	snprintf(number, sizeof(number), "%u", n);
	if (posix_spawn(&pid, self, NULL, NULL, argv, environ))
		return -1;
	return wait_for(pid);
}

static void *thread_thing(void *arg)
{
	do_thing((unsigned long)arg);
	return NULL;
}

static int by_thread(unsigned int n)
{
	pthread_t t[8];

	/* Several at once, of which the last one does it. */
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (pthread_create(&t[i], NULL, thread_thing, (void *)(i == 7 ? n : 1000ul)))
			return -1;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		pthread_join(t[i], NULL);
	return n << 8;
}

static void *thread_exec(void *arg)
{
	exec_thing((unsigned long)arg);
	return NULL;
}

/* A thread that is not the first one becomes another program. */
static int by_thread_exec(unsigned int n)
{
	pthread_t t;

	if (pthread_create(&t, NULL, thread_exec, (void *)(unsigned long)n))
		return -1;
	for (;;)
		pause();
}

static int by_kill(unsigned int n)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		do_thing(n);
		kill(getpid(), SIGKILL);
	}
	status = wait_for(pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? (int)n << 8 : -1;
}

static int by_crash(unsigned int n)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		do_thing(n);
		raise(SIGSEGV);
	}
	status = wait_for(pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? (int)n << 8 : -1;
}

/* Stops, goes on and is ended by signals, as a shell would do with a job. */
static int by_job(unsigned int n)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		raise(SIGSTOP);
		do_thing(n);
		for (;;)
			pause();
	}
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status) ||
	    WSTOPSIG(status) != SIGSTOP)
		return -1;
	kill(pid, SIGCONT);
	if (waitpid(pid, &status, WCONTINUED) != pid || !WIFCONTINUED(status))
		return -1;
	/* Until it sleeps, having done it. */
	usleep(100000);
	kill(pid, SIGTERM);
	status = wait_for(pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? (int)n << 8 : -1;
}

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

/* A child that has all signals blocked, and one waiting, from its first instruction on. */
static int by_signal(unsigned int n)
{
	sigset_t set, old;
	pid_t pid;

	signal(SIGUSR1, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	pid = fork();
	if (!pid) {
		sigset_t now;

		sigprocmask(SIG_BLOCK, NULL, &now);
		kill(getpid(), SIGUSR1);
		if (!sigismember(&now, SIGUSR1) || sigismember(&now, SIGUSR2) || signals)
			_exit(100);
		sigprocmask(SIG_SETMASK, &old, NULL);
		if (signals != 1)
			_exit(101);
		do_thing(n);
		_exit(n);
	}
	return wait_for(pid);
}

/* As another user, who may not open KCOV. */
static int by_user(unsigned int n)
{
	if (setgid(12345) || setuid(12345))
		return -1;
	return by_fork(n);
}

static int by_chroot(unsigned int n)
{
	if (chroot("/proc/self/fdinfo"))
		return -1;
	return by_fork(n);
}

static int by_namespace(unsigned int n)
{
	if (unshare(CLONE_NEWPID))
		return -1;
	return by_fork(n);
}

/* A filter that kills who does what ukcov does on behalf of a task. */
static int by_filter(unsigned int n)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &prog))
		return -1;
	return by_fork(n);
}

/* How many descriptors a child finds open, in its exit status: ukcov must leave none. */
static int count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	return n;
}

static int by_looking(unsigned int n)
{
	pid_t pid = fork();

	if (!pid)
		_exit(count_open() + 16 * (int)n);
	return wait_for(pid);
}

static const struct {
	const char *name;
	int (*make)(unsigned int n);
} ways[] = {
	{ "fork", by_fork }, { "fork-exec", by_fork_exec }, { "vfork", by_vfork },
	{ "spawn", by_spawn }, { "thread", by_thread }, { "thread-exec", by_thread_exec },
	{ "kill", by_kill }, { "crash", by_crash }, { "job", by_job }, { "signal", by_signal },
	{ "user", by_user }, { "chroot", by_chroot }, { "namespace", by_namespace },
	{ "filter", by_filter }, { "looking", by_looking },
};

static int many(int count)
{
	int bad = 0;

	for (int i = 0; i < count; i++) {
		int status = by_fork(i % ARRAY_SIZE(things));

		bad += !WIFEXITED(status) || WEXITSTATUS(status) != (int)(i % ARRAY_SIZE(things));
	}
	return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned int n;
	int status;

	self = argv[0];
	if (argc == 2 && !strcmp(argv[1], "things")) {
		printf("%zu\n", ARRAY_SIZE(things));
		return 0;
	}
	if (argc != 3)
		return 2;
	n = atoi(argv[2]);
	if (!strcmp(argv[1], "many"))
		return many(n);
	if (!strcmp(argv[1], "do")) {
		do_thing(n);
		return n;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(argv[1], ways[i].name))
			continue;
		status = ways[i].make(n);
		if (status == -1 || !WIFEXITED(status))
			return 99;
		return WEXITSTATUS(status);
	}
	return 2;
}
