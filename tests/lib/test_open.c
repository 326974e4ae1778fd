// SPDX-License-Identifier: MIT
/* ukcov_open() on this machine, whose kernel most likely has no KCOV. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "ukcov.h"

static int open_here(void)
{
	struct ukcov *cov = (void *)1;
	int err = ukcov_open(&cov, UKCOV_PC, 65536, 0);

	CHECK(err ? !cov : !!cov);
	ukcov_close(cov);
	return err;
}

/* With debugfs mounted, in a namespace of our own: the machine stays as it is. */
static int open_with_debugfs(void)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/sys/kernel/debug", "debugfs", 0, NULL))
		return -ENOTSUP;
	if (!access("/sys/kernel/debug/kcov", F_OK))
		return -ENOTSUP;
	return open_here();
}

int main(void)
{
	int err = open_here(), status;

	CHECK(!err || err == -ENOENT || err == -ENODEV || err == -ENOSYS || err == -EACCES ||
	      err == -EPERM);
	tap_result("this machine: %s", err ? strerror(-err) : "it has KCOV");
	fflush(stdout);
	if (!fork())
		_exit(-open_with_debugfs());
	CHECK(wait(&status) > 0 && WIFEXITED(status));
	if (WEXITSTATUS(status) == ENOTSUP) {
		tap_skip("a kernel without KCOV", "this one has it, or debugfs cannot be mounted");
		return tap_done();
	}
	CHECK(WEXITSTATUS(status) == ENODEV);
	tap_result("a kernel without KCOV: -ENODEV");
	return tap_done();
}
