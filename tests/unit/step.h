/* SPDX-License-Identifier: MIT */
/*
 * Run a function one instruction at a time, then again from any of them, on x86-64.
 *
 * Before each instruction a breakpoint traps, and the handler of SIGTRAP gets the registers. With
 * the function's stack, that is an *instant*: all that it needs to go on from there.
 * step_resume() makes it go on, without traps, as often as wanted, and memory may be changed
 * before. So a function is stepped once, whatever is to be tried at its instructions.
 *
 * The next breakpoint lies where the instruction leads: behind it, or where it jumps to. How
 * long it is, the CPU's trap flag tells once. The flag could do all of this; but on a virtual
 * machine it can take 16 microseconds where a breakpoint takes 1.
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
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define STEP_REGS	(REG_EFL + 1)		/* the general ones, of ucontext_t */
#define STEP_STACK	64			/* words of it that a function may use */
#define STEP_ARGS	5
#define STEP_TRAP	0x100			/* the trap flag */
#define STEP_RESUME	0x10000			/* set by the CPU in what it saves */
#define STEP_CODE	0x10000			/* bytes of code, at most */
#define STEP_NEXT	2			/* instructions that one may lead to */

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

/* Where breakpoints are, and what they replace. */
struct step_break {
	uint8_t	*at;
	uint8_t	was;
};

static struct step_break step_breaks[STEP_NEXT];
static unsigned int step_n_breaks;

/* Bytes of an instruction, by its address; 0: not known. The program is small. */
static uint8_t step_length[STEP_CODE];
static uint8_t *step_flagged;		/* the one that the trap flag is set for, or NULL */

static inline void step_break(const uint8_t *at)
{
	struct step_break *b = &step_breaks[step_n_breaks++];

	b->at = (uint8_t *)at;
	b->was = *at;
	*b->at = 0xcc;
}

static inline void step_unbreak(void)
{
	while (step_n_breaks) {
		step_n_breaks--;
		*step_breaks[step_n_breaks].at = step_breaks[step_n_breaks].was;
	}
}

static inline long step_signed(const uint8_t *at, int bytes)
{
	int32_t value;

	if (bytes == 1)
		return (int8_t)*at;
	memcpy(&value, at, sizeof(value));
	return value;
}

/*
 * Where the instruction at @ip leads. Return: how many are in @next; 0: the trap flag is to
 * tell, @jumps: each time.
 */
static inline int step_leads(const uint8_t *ip, const greg_t *reg, const uint8_t **next, bool *jumps)
{
	int rex = (ip[0] & 0xf0) == 0x40;
	uint8_t op = ip[rex];

	*jumps = false;
	if ((op & 0xf0) == 0x70) {
		next[0] = ip + 2;
		next[1] = next[0] + step_signed(ip + 1, 1);
		return 2;
	}
	if (op == 0x0f && (ip[1] & 0xf0) == 0x80) {
		next[0] = ip + 6;
		next[1] = next[0] + step_signed(ip + 2, 4);
		return 2;
	}
	switch (op) {
	case 0xeb:				/* jmp */
		next[0] = ip + 2 + step_signed(ip + 1, 1);
		return 1;
	case 0xe8:				/* call */
	case 0xe9:				/* jmp */
		next[0] = ip + 5 + step_signed(ip + 1, 4);
		return 1;
	case 0xc3:				/* ret */
		next[0] = *(const uint8_t **)reg[REG_RSP];
		return 1;
	case 0xff:				/* call and jmp, by a register or memory */
		*jumps = (ip[rex + 1] >> 3 & 7) - 2U < 4;
		break;
	case 0x2e: case 0x3e:			/* prefixes, of jumps and of what is repeated */
	case 0xf2: case 0xf3:
	case 0xc2:				/* ret */
	case 0xe0: case 0xe1: case 0xe2: case 0xe3:	/* loop */
		*jumps = true;
	}
	if (*jumps || !step_length[(uintptr_t)ip % STEP_CODE])
		return 0;
	next[0] = ip + step_length[(uintptr_t)ip % STEP_CODE];
	return 1;
}

static void step_trap(int sig, siginfo_t *info, void *context)
{
	greg_t *reg = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uint8_t *next[STEP_NEXT], *ip;
	bool jumps;
	int n;

	(void)sig;
	(void)info;
	if (step_flagged) {
		ip = (uint8_t *)reg[REG_RIP];
		step_leads(step_flagged, reg, next, &jumps);
		if (!jumps)
			step_length[(uintptr_t)step_flagged % STEP_CODE] = ip - step_flagged;
		step_flagged = NULL;
		reg[REG_EFL] &= ~STEP_TRAP;
	} else {
		/* The CPU has gone past the breakpoint. */
		ip = (uint8_t *)--reg[REG_RIP];
	}
	step_unbreak();
	if (ip == (uint8_t *)step_back)
		return;
	step_taken(reg);
	n = step_leads(ip, reg, next, &jumps);
	if (!n) {
		step_flagged = (uint8_t *)ip;
		reg[REG_EFL] |= STEP_TRAP;
	}
	while (n--)
		step_break(next[n]);
}

static inline void step_init(void (*taken)(const greg_t *reg))
{
	struct sigaction sa = { .sa_sigaction = step_trap, .sa_flags = SA_SIGINFO };
	extern char __executable_start[], etext[];
	size_t page = sysconf(_SC_PAGESIZE);
	char *begin = (char *)((uintptr_t)__executable_start & -page);

	step_taken = taken;
	sigaction(SIGTRAP, &sa, NULL);
	/* For breakpoints. */
	if (mprotect(begin, etext - begin, PROT_READ | PROT_WRITE | PROT_EXEC)) {
		perror("the code of this program cannot be made writable, for breakpoints");
		exit(1);
	}
}

static inline void step_go(greg_t *reg, bool trap)
{
	unsigned long *sp = (unsigned long *)reg[REG_RSP];

	if (trap)
		step_break((uint8_t *)reg[REG_RIP]);
	*--sp = reg[REG_RIP];
	reg[REG_RSP] = (greg_t)sp;
	reg[REG_EFL] &= ~(STEP_TRAP | STEP_RESUME);
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
