/* SPDX-License-Identifier: MIT */
/*
 * x86-64 code, as far as it takes to know which calls are calls of a hook: how long an
 * instruction is, where it goes, and which general registers it may write.
 */
#ifndef UKCOV_X86_H
#define UKCOV_X86_H

#include <stddef.h>
#include <stdint.h>

enum x86_kind {
	X86_OTHER,
	X86_CALL,		/* of @target */
	X86_CALL_REG,		/* through @reg */
	X86_CALL_MEM,
	X86_JUMP,		/* to @target */
	X86_BRANCH,		/* perhaps, to @target */
	X86_JUMP_REG,		/* through @reg */
	X86_JUMP_MEM,
	X86_RETURN,
	X86_SET,		/* @reg = @value */
	X86_COPY,		/* @reg = @from */
};

#define X86_RAX	(1u << 0)
#define X86_RCX	(1u << 1)
#define X86_RDX	(1u << 2)
#define X86_RBX	(1u << 3)
#define X86_RBP	(1u << 5)
#define X86_RSI	(1u << 6)
#define X86_RDI	(1u << 7)
/* What a called function may change. */
#define X86_CALLER_SAVED	(X86_RAX | X86_RCX | X86_RDX | X86_RSI | X86_RDI | 0xf00u)

struct x86_insn {
	unsigned int len;
	enum x86_kind kind;
	unsigned int reg;
	unsigned int from;
	unsigned int written;	/* bit for each register; those of a callee not included */
	uint64_t target;
	uint64_t value;
};

/* One instruction at @addr. 0, or -1 if it is none, or is cut off. */
int ukcov__x86_decode(const unsigned char *code, size_t len, uint64_t addr,
		      struct x86_insn *insn);

#endif /* UKCOV_X86_H */
