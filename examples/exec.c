// SPDX-License-Identifier: MIT
/*
 * What another program executes in the kernel: each PC, once.
 *
 * KCOV is for one task. It is not inherited by fork(), so the child enables it for itself; it
 * stays on over execve(). The mapping does not, so the parent reads the area. Threads and
 * children of the program are other tasks, and are not traced.
 *
 *	cc -Iinclude/uapi -o build/exec examples/exec.c && scripts/vm build/exec uname -a
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kcov.h>

#define WORDS	(64 << 10)

static void die(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	struct kcov_stats stats = { .size = sizeof(stats) };
	unsigned long *area, n, i;
	int fd, status;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: exec PROGRAM [ARG...]\n");
		return 2;
	}
	/* The program needs no descriptor: closed by execve(), KCOV stays on. */
	fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("/sys/kernel/debug/kcov (root? debugfs mounted? CONFIG_KCOV=y?)");
	if (ioctl(fd, KCOV_INIT_TRACE, WORDS))
		die("KCOV_INIT_TRACE");
	if (ioctl(fd, KCOV_GET_STATS, &stats))
		die("KCOV_GET_STATS (a kernel without CONFIG_KCOV_UNIQ?)");
	area = mmap(NULL, WORDS * sizeof(*area), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (area == MAP_FAILED)
		die("mmap");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		if (ioctl(fd, KCOV_ENABLE, KCOV_TRACE_UNIQ_PC))
			die("KCOV_ENABLE");
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	/* The end of the task disables KCOV. */
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	n = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);
	for (i = 1; i <= n; i++)
		printf("0x%lx\n", area[i]);
	if (ioctl(fd, KCOV_GET_STATS, &stats))
		die("KCOV_GET_STATS");
	if (stats.main.dropped)
		fprintf(stderr, "no room for %llu PCs\n", (unsigned long long)stats.main.dropped);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
