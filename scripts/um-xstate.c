// SPDX-License-Identifier: MIT
/*
 * Preloaded into User Mode Linux, which knows at most 2696 bytes of extended registers
 * (up to Linux 6.12): on a CPU with AMX there are more, the host refuses to set them in
 * part, and every guest dies at its first instruction ("ptrace set fp regs failed").
 *
 * What UML does not know is taken for unused: programs in a guest cannot use AMX.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Where the mask of components in use lies in an XSAVE area, and those up to 2696 bytes. */
#define XSTATE_BV	512
#define XSTATE_KNOWN	0x3ffull

static long (*real_ptrace)(enum __ptrace_request request, ...);
static size_t full_size;	/* the host's, once it is known */

__attribute__((constructor)) static void init(void)
{
	real_ptrace = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
}

static long get(pid_t pid, struct iovec *iov)
{
	static char full[65536];
	struct iovec all = { full, sizeof(full) };
	long res = syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all);

	if (res)
		return res;
	full_size = all.iov_len;
	if (iov->iov_len > full_size)
		iov->iov_len = full_size;
	memcpy(iov->iov_base, full, iov->iov_len);
	return 0;
}

static long set(pid_t pid, struct iovec *iov)
{
	static char full[65536];
	struct iovec all = { full, full_size };
	uint64_t used;

	if (full_size <= iov->iov_len)
		return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, iov);
	memcpy(full, iov->iov_base, iov->iov_len);
	memcpy(&used, full + XSTATE_BV, sizeof(used));
	used &= XSTATE_KNOWN;
	memcpy(full + XSTATE_BV, &used, sizeof(used));
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}

/* UML calls it from one thread at a time. */
long ptrace(enum __ptrace_request request, ...)
{
	void *addr, *data;
	va_list ap;
	pid_t pid;

	va_start(ap, request);
	pid = va_arg(ap, pid_t);
	addr = va_arg(ap, void *);
	data = va_arg(ap, void *);
	va_end(ap);
	if (addr == (void *)NT_X86_XSTATE && request == PTRACE_GETREGSET)
		return get(pid, data);
	if (addr == (void *)NT_X86_XSTATE && request == PTRACE_SETREGSET)
		return set(pid, data);
	return real_ptrace(request, pid, addr, data);
}
