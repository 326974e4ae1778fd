/* SPDX-License-Identifier: MIT */
/*
 * What ukcov run --follow must know about x86-64: where registers are when the tracer
 * makes a task call the kernel. arch_arm64.h is the same for arm64.
 */
#ifndef UKCOV_ARCH_H
#define UKCOV_ARCH_H

#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#define ARCH_INSN_SIZE	2u	/* of the instruction that calls the kernel */
#define ARCH_RED_ZONE	128u	/* bytes below the stack pointer that a function may use */

struct arch_regs {
	struct user_regs_struct r;
};

static inline int arch_get(pid_t tid, struct arch_regs *regs)
{
	return ptrace(PTRACE_GETREGS, tid, 0, &regs->r) ? -errno : 0;
}

static inline int arch_set(pid_t tid, const struct arch_regs *regs)
{
	return ptrace(PTRACE_SETREGS, tid, 0, &regs->r) ? -errno : 0;
}

/* A 32-bit program has another ABI: its calls are not ours. */
static inline bool arch_is_native(const struct arch_regs *regs)
{
	return regs->r.cs == 0x33;
}

static inline unsigned long arch_pc(const struct arch_regs *regs)
{
	return regs->r.rip;
}

static inline unsigned long arch_sp(const struct arch_regs *regs)
{
	return regs->r.rsp;
}

static inline bool arch_is_insn(const unsigned char *code)
{
	return code[0] == 0x0f && code[1] == 0x05;	/* syscall */
}

/* The next instruction is the one at @insn, which makes the call @nr. */
static inline void arch_set_call(struct arch_regs *regs, unsigned long insn, long nr,
				 const unsigned long arg[6])
{
	regs->r.rip = insn;
	regs->r.rax = nr;
	/* In no call now: nothing that the kernel would restart. */
	regs->r.orig_rax = -1;
	regs->r.rdi = arg[0];
	regs->r.rsi = arg[1];
	regs->r.rdx = arg[2];
	regs->r.r10 = arg[3];
	regs->r.r8 = arg[4];
	regs->r.r9 = arg[5];
}

static inline long arch_result(const struct arch_regs *regs)
{
	return regs->r.rax;
}

#endif /* UKCOV_ARCH_H */
