/* SPDX-License-Identifier: MIT */
/*
 * Run a function one instruction at a time, then again from any of them, on x86-64.
 *
 * With the trap flag set the CPU traps after each instruction, and the handler of SIGTRAP
 * gets the registers. With the function's stack, that is an *instant*: all that it needs to
 * go on from there. step_resume() makes it go on, without traps, as often as wanted, and
 * memory may be changed before. So a function is stepped once, whatever is to be tried at
 * its instructions: a trap takes microseconds, and many of them on a virtual machine.
 *
 * The function has a stack of its own. What is done at an instant uses another one, which
 * makes no difference: neither side has anything to do with what is on the other's. The
 * function must be compiled with -mno-red-zone and -mgeneral-regs-only, as the kernel is:
 * nothing is saved below the stack pointer, nor of vector registers.
 */
#ifndef STEP_H
#define STEP_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define STEP_REGS	(REG_EFL + 1)		/* the general ones, of ucontext_t */
#define STEP_STACK	64			/* words of it that a function may use */
#define STEP_ARGS	5
#define STEP_TRAP	0x100			/* the trap flag */
#define STEP_RESUME	0x10000			/* set by the CPU in what it saves */

struct instant {
	greg_t		reg[STEP_REGS];
	unsigned long	stack[STEP_STACK];	/* from the stack pointer on */
};

/* The stack, with room for the frames of signals below what the function uses. */
static unsigned long step_stack[8192] __attribute__((aligned(64)));
static unsigned long *const step_top = step_stack + sizeof(step_stack) / sizeof(long) - 8;

/* What to do at each instruction, before it is executed. */
static void (*step_taken)(const greg_t *reg);

/*
 * step_run(reg): load registers, in the order of ucontext_t; "ret" pops the instruction
 * pointer, which step_go() has pushed. The function returns to step_back, and that to the
 * caller of step_run().
 */
void step_run(const greg_t *reg);
extern const char step_back[];

__asm__("	.pushsection .text\n"
	"step_run:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n"
	"	push %r13\n	push %r14\n	push %r15\n"
	"	mov %rsp, step_home(%rip)\n"
	"	mov %rdi, %rsp\n"
	"	pop %r8\n	pop %r9\n	pop %r10\n	pop %r11\n"
	"	pop %r12\n	pop %r13\n	pop %r14\n	pop %r15\n"
	"	pop %rdi\n	pop %rsi\n	pop %rbp\n	pop %rbx\n"
	"	pop %rdx\n	pop %rax\n	pop %rcx\n"
	"	lea 16(%rsp), %rsp\n"
	"	popfq\n"
	"	mov -24(%rsp), %rsp\n"
	"	ret\n"
	"step_back:\n"
	"	mov step_home(%rip), %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n"
	"	pop %r12\n	pop %rbx\n	pop %rbp\n"
	"	ret\n"
	"	.local step_home\n"
	"	.comm step_home, 8, 8\n"
	"	.popsection\n");

static void step_trap(int sig, siginfo_t *info, void *context)
{
	greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;
	const char *ip = (const char *)reg[REG_RIP];

	(void)sig;
	(void)info;
	if (ip == step_back)
		reg[REG_EFL] &= ~STEP_TRAP;
	else if (ip < (const char *)step_run || ip > step_back)
		step_taken(reg);
}

static inline void step_init(void (*taken)(const greg_t *reg))
{
	struct sigaction sa = { .sa_sigaction = step_trap, .sa_flags = SA_SIGINFO };

	step_taken = taken;
	sigaction(SIGTRAP, &sa, NULL);
}

static inline void step_go(greg_t *reg, bool trap)
{
	unsigned long *sp = (unsigned long *)reg[REG_RSP];

	*--sp = reg[REG_RIP];
	reg[REG_RSP] = (greg_t)sp;
	reg[REG_EFL] = (reg[REG_EFL] & ~(STEP_TRAP | STEP_RESUME)) | (trap ? STEP_TRAP : 0);
	step_run(reg);
}

/* Call a function; with @trap, step_taken() is called at each of its instructions. */
static inline void step_call(void *function, const unsigned long *arg, bool trap)
{
	static const int in[STEP_ARGS] = { REG_RDI, REG_RSI, REG_RDX, REG_RCX, REG_R8 };
	greg_t reg[STEP_REGS] = { 0 };
	int i;

	for (i = 0; i < STEP_ARGS; i++)
		reg[in[i]] = arg[i];
	step_top[-1] = (unsigned long)step_back;
	reg[REG_RSP] = (greg_t)(step_top - 1);
	reg[REG_RIP] = (greg_t)function;
	step_go(reg, trap);
}

/* In step_taken(): keep the instant. */
static inline void step_keep(struct instant *at, const greg_t *reg)
{
	unsigned long *sp = (unsigned long *)reg[REG_RSP];

	if (sp < step_top - STEP_STACK)
		abort();
	memcpy(at->reg, reg, sizeof(at->reg));
	memcpy(at->stack, sp, (char *)step_top - (char *)sp);
}

/* Go on from an instant, to the end of the function; @trap as for step_call(). */
static inline void step_resume(const struct instant *at, bool trap)
{
	unsigned long *sp = (unsigned long *)at->reg[REG_RSP];
	greg_t reg[STEP_REGS];

	memcpy(reg, at->reg, sizeof(reg));
	memcpy(sp, at->stack, (char *)step_top - (char *)sp);
	step_go(reg, trap);
}

#endif /* STEP_H */
