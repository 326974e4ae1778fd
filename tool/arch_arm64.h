/* SPDX-License-Identifier: MIT */
/* arch_x86_64.h for arm64. */
#ifndef UKCOV_ARCH_H
#define UKCOV_ARCH_H

#include <elf.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#define ARCH_INSN_SIZE	4u
#define ARCH_RED_ZONE	0u

struct arch_regs {
	struct user_regs_struct r;
	size_t size;	/* as the kernel filled it: smaller for 32-bit programs */
};

static inline int arch_get(pid_t tid, struct arch_regs *regs)
{
	struct iovec io = { &regs->r, sizeof(regs->r) };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &io))
		return -errno;
	regs->size = io.iov_len;
	return 0;
}

static inline int arch_set(pid_t tid, const struct arch_regs *regs)
{
	struct iovec io = { (void *)&regs->r, regs->size };

	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &io) ? -errno : 0;
}

static inline bool arch_is_native(const struct arch_regs *regs)
{
	return regs->size == sizeof(regs->r);
}

static inline unsigned long arch_pc(const struct arch_regs *regs)
{
	return regs->r.pc;
}

static inline unsigned long arch_sp(const struct arch_regs *regs)
{
	return regs->r.sp;
}

static inline bool arch_is_insn(const unsigned char *code)
{
	return code[0] == 0x01 && code[1] == 0 && code[2] == 0 && code[3] == 0xd4;	/* svc #0 */
}

/*
 * Restarting is no matter here: the kernel forgets the call that was interrupted when it
 * enters the next one, and x0 is put back by whoever restores the registers.
 */
static inline void arch_set_call(struct arch_regs *regs, unsigned long insn, long nr,
				 const unsigned long arg[6])
{
	regs->r.pc = insn;
	regs->r.regs[8] = nr;
	for (int i = 0; i < 6; i++)
		regs->r.regs[i] = arg[i];
}

static inline long arch_result(const struct arch_regs *regs)
{
	return regs->r.regs[0];
}

#endif /* UKCOV_ARCH_H */
