// SPDX-License-Identifier: MIT
/*
 * A decoder of x86-64 instructions: their length, exactly, for all that compilers and the
 * kernel's assembly emit (compared with objdump by the tests); and which general registers
 * are written, where it is better to name one too many than to miss one.
 */
#include <stdbool.h>
#include <string.h>

#include "x86.h"

/* What follows an opcode. */
#define M	1		/* ModRM */
#define I8	2		/* immediate of 1 byte */
#define IZ	4		/* of 4, with the operand prefix 2 */
#define IV	8		/* of 4, with it 2, with REX.W 8 */
#define I16	16		/* of 2 */
#define REL	32		/* distance of 4 bytes */
#define BAD	64

static const unsigned char one_byte[256] = {
#define ALU	M, M, M, M, I8, IZ
	ALU, BAD, BAD, ALU, BAD, BAD, ALU, BAD, BAD, ALU, BAD, BAD,
	ALU, 0, BAD, ALU, 0, BAD, ALU, 0, BAD, ALU, 0, BAD,
#undef ALU
	[0x60] = BAD, BAD, BAD, M, 0, 0, 0, 0, IZ, M | IZ, I8, M | I8,
	[0x70] = I8, I8, I8, I8, I8, I8, I8, I8, I8, I8, I8, I8, I8, I8, I8, I8,
	[0x80] = M | I8, M | IZ, BAD, M | I8, M, M, M, M, M, M, M, M, M, M, M, M,
	[0x9a] = BAD,
	[0xa8] = I8, IZ,
	[0xb0] = I8, I8, I8, I8, I8, I8, I8, I8, IV, IV, IV, IV, IV, IV, IV, IV,
	[0xc0] = M | I8, M | I8, I16, 0, BAD, BAD, M | I8, M | IZ,
	[0xc8] = I16 | I8, 0, I16, 0, 0, I8, BAD, 0,
	[0xd0] = M, M, M, M, BAD, BAD, BAD, 0, M, M, M, M, M, M, M, M,
	[0xe0] = I8, I8, I8, I8, I8, I8, I8, I8, REL, REL, BAD, I8,
	[0xf6] = M, M,
	[0xfe] = M, M,
};

static const unsigned char two_bytes[256] = {
	M, M, M, M, BAD, 0, 0, 0, 0, 0, BAD, 0, BAD, M, 0, M | I8,
	M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	M, M, M, M, BAD, BAD, BAD, BAD, M, M, M, M, M, M, M, M,
	[0x38] = BAD, BAD, BAD,
	[0x40] = M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	M | I8, M | I8, M | I8, M | I8, M, M, M, 0, M, M, M, M, M, M, M, M,
	[0x80] = REL, REL, REL, REL, REL, REL, REL, REL, REL, REL, REL, REL, REL, REL, REL, REL,
	[0x90] = M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	[0xa0] = 0, 0, 0, M, M | I8, M, 0, 0, 0, 0, 0, M, M | I8, M, M, M,
	[0xb0] = M, M, M, M, M, M, M, M, M, M, M | I8, M, M, M, M, M,
	[0xc0] = M, M, M | I8, M, M | I8, M | I8, M | I8, M, 0, 0, 0, 0, 0, 0, 0, 0,
	[0xd0] = M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
};

/* What has been read of an instruction. */
struct decoder {
	const unsigned char *start;
	const unsigned char *p;
	const unsigned char *end;
	bool cut;
	bool operand16;
	bool addr32;
	bool rep;
	unsigned char rex;
	bool vector;		/* VEX or EVEX */
	unsigned int map;	/* 1: one byte; 2: 0f; 3: 0f 38; 4: 0f 3a */
	unsigned char op;
	unsigned char modrm;
	uint64_t imm;
};

static unsigned int byte(struct decoder *d)
{
	if (d->p < d->end)
		return *d->p++;
	d->cut = true;
	return 0;
}

static uint64_t little_endian(struct decoder *d, unsigned int bytes)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < bytes; i++)
		v |= (uint64_t)byte(d) << 8 * i;
	return v;
}

static int64_t sign_extend(uint64_t v, unsigned int bytes)
{
	unsigned int shift = 64 - 8 * bytes;

	return (int64_t)(v << shift) >> shift;
}

static bool prefix(struct decoder *d, unsigned char b)
{
	switch (b) {
	case 0x66:
		d->operand16 = true;
		return true;
	case 0x67:
		d->addr32 = true;
		return true;
	case 0xf3:
		d->rep = true;
		return true;
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: case 0xf0: case 0xf2:
		return true;
	}
	return false;
}

/* VEX and EVEX: the opcode's map is in the prefix. */
static void vector(struct decoder *d, unsigned char b)
{
	unsigned int bits = byte(d);

	d->vector = true;
	d->rex = (~bits & 0x80) >> 5;	/* R; X and B matter to addresses and sources only */
	d->map = 2;
	if (b == 0xc4 || b == 0x62) {
		d->map = (bits & (b == 0x62 ? 7 : 31)) + 1;
		byte(d);
	}
	if (b == 0x62)
		byte(d);
	d->op = byte(d);
}

static void opcode(struct decoder *d)
{
	unsigned int b = byte(d);

	while (!d->cut && prefix(d, b))
		b = byte(d);
	if ((b & 0xf0) == 0x40) {
		d->rex = b;
		b = byte(d);
	}
	d->map = 1;
	d->op = b;
	if (b == 0xc4 || b == 0xc5 || b == 0x62) {
		vector(d, b);
	} else if (b == 0x0f) {
		d->map = 2;
		d->op = byte(d);
		if (d->op == 0x38 || d->op == 0x3a) {
			d->map = d->op == 0x38 ? 3 : 4;
			d->op = byte(d);
		}
	}
}

static unsigned int follows(const struct decoder *d)
{
	switch (d->map) {
	case 1:
		return one_byte[d->op];
	case 2:
		/* Shifts of vectors by a constant, as without the prefix. */
		return two_bytes[d->op];
	case 4:
		return M | I8;
	}
	/* AVX512-FP16 has two more maps. */
	return d->map == 3 || d->map == 6 || d->map == 7 ? M : BAD;
}

/* The general register that the field of ModRM names; @rex_bit extends it. */
static unsigned int rm(const struct decoder *d)
{
	return (d->modrm & 7) | (d->rex & 1) << 3;
}

static unsigned int reg(const struct decoder *d)
{
	return (d->modrm >> 3 & 7) | (d->rex & 4) << 1;
}

static unsigned int extension(const struct decoder *d)
{
	return d->modrm >> 3 & 7;
}

static bool is_reg(const struct decoder *d)
{
	return d->modrm >> 6 == 3;
}

static void address(struct decoder *d)
{
	unsigned int mod, sib;

	d->modrm = byte(d);
	mod = d->modrm >> 6;
	/* Control and debug registers: never memory. */
	if (mod == 3 || (d->map == 2 && d->op >= 0x20 && d->op <= 0x23 && !d->vector)) {
		d->modrm |= 0xc0;
		return;
	}
	if ((d->modrm & 7) == 4) {
		sib = byte(d);
		if (mod == 0 && (sib & 7) == 5)
			mod = 2;
	} else if (mod == 0 && (d->modrm & 7) == 5) {
		mod = 2;
	}
	if (mod)
		little_endian(d, mod == 1 ? 1 : 4);
}

static void immediate(struct decoder *d, unsigned int what)
{
	unsigned int bytes = 0;

	/* test: one of the group of f6 and f7 has an immediate. */
	if (d->map == 1 && (d->op & 0xfe) == 0xf6 && extension(d) < 2)
		what |= d->op == 0xf6 ? I8 : IZ;
	if (what & (IZ | IV))
		bytes = d->operand16 ? 2 : 4;
	if (what & IV && d->rex & 8)
		bytes = 8;
	if (what & REL)
		bytes = 4;
	if (what & I16)
		bytes = 2;
	/* A number of 8 bytes that is an address: 4 with the prefix. */
	if (d->map == 1 && d->op >= 0xa0 && d->op <= 0xa3)
		bytes = d->addr32 ? 4 : 8;
	if (bytes)
		d->imm = sign_extend(little_endian(d, bytes), bytes);
	if (what & I8) {
		uint64_t v = sign_extend(byte(d), 1);

		if (!bytes)
			d->imm = v;
	}
}

/* Without REX, 4 to 7 are the second bytes of the first four. */
static unsigned int byte_reg(const struct decoder *d, unsigned int r)
{
	return !d->rex && r >= 4 && r < 8 ? r - 4 : r;
}

static unsigned int bit(const struct decoder *d, unsigned int r, bool is_byte)
{
	return 1u << (is_byte ? byte_reg(d, r) : r);
}

static unsigned int rm_bit(const struct decoder *d, bool is_byte)
{
	return is_reg(d) ? bit(d, rm(d), is_byte) : 0;
}

static unsigned int written_f6(const struct decoder *d)
{
	if (extension(d) < 2)
		return 0;
	if (extension(d) < 4)
		return rm_bit(d, d->op == 0xf6);
	return X86_RAX | X86_RDX;
}

static unsigned int written_alu(const struct decoder *d)
{
	bool is_byte = !(d->op & 1);

	if (d->op >= 0x38)
		return 0;
	switch (d->op & 7) {
	case 0: case 1:
		return rm_bit(d, is_byte);
	case 2: case 3:
		return bit(d, reg(d), is_byte);
	}
	return X86_RAX;
}

static unsigned int written_1(const struct decoder *d)
{
	unsigned int low = (d->op & 7) | (d->rex & 1) << 3;

	if (d->op < 0x40)
		return written_alu(d);
	switch (d->op) {
	case 0x58 ... 0x5f:
	case 0xb8 ... 0xbf:
		return 1u << low;
	case 0xb0 ... 0xb7:
		return bit(d, low, true);
	case 0x63: case 0x69: case 0x6b: case 0x8b: case 0x8d:
		return 1u << reg(d);
	case 0x8a:
		return bit(d, reg(d), true);
	case 0x80: case 0x81: case 0x83:
		return extension(d) == 7 ? 0 : rm_bit(d, d->op == 0x80);
	case 0x86: case 0x87:
		return rm_bit(d, d->op == 0x86) | bit(d, reg(d), d->op == 0x86);
	case 0x88: case 0x89: case 0x8c: case 0x8f: case 0xc6: case 0xc7:
	case 0xc0: case 0xc1: case 0xd0 ... 0xd3:
		return rm_bit(d, d->op == 0x88 || d->op == 0xc6 || d->op == 0xc0 ||
			      d->op == 0xd0 || d->op == 0xd2);
	case 0x91 ... 0x97:
		return X86_RAX | 1u << low;
	case 0x90:
		return d->rex & 1 ? X86_RAX | 1u << low : 0;
	case 0x98: case 0xa0: case 0xa1: case 0xe4: case 0xe5: case 0xec: case 0xed:
		return X86_RAX;
	case 0x99:
		return X86_RDX;
	case 0x6c ... 0x6f:
	case 0xa4 ... 0xa7:
	case 0xaa ... 0xaf:
		return X86_RSI | X86_RDI | X86_RCX | X86_RAX;
	case 0xc9:
		return X86_RBP;
	case 0xe0 ... 0xe2:
		return X86_RCX;
	case 0xf6: case 0xf7:
		return written_f6(d);
	case 0xfe: case 0xff:
		return extension(d) < 2 ? rm_bit(d, d->op == 0xfe) : 0;
	}
	return 0;
}

static unsigned int written_2(const struct decoder *d)
{
	unsigned int low = (d->op & 7) | (d->rex & 1) << 3;

	switch (d->op) {
	case 0x00: case 0x20: case 0x21: case 0x7e: case 0xae:
		return rm_bit(d, false);
	case 0x01: case 0x31: case 0x32: case 0x33:
		return X86_RAX | X86_RCX | X86_RDX | (d->op == 1 ? rm_bit(d, false) : 0);
	case 0xa2:
		return X86_RAX | X86_RBX | X86_RCX | X86_RDX;
	case 0x02: case 0x03: case 0x2c: case 0x2d: case 0x40 ... 0x50: case 0xaf:
	case 0xb2: case 0xb4 ... 0xb8: case 0xbc ... 0xbf: case 0xc5: case 0xd7:
		return 1u << reg(d);
	case 0x1e:
		return d->rep ? rm_bit(d, false) : 0;
	case 0x90 ... 0x9f:
		return rm_bit(d, true);
	case 0xa4: case 0xa5: case 0xab: case 0xac: case 0xad: case 0xb3: case 0xbb:
		return rm_bit(d, false);
	case 0xb0: case 0xb1:
		return X86_RAX | rm_bit(d, d->op == 0xb0);
	case 0xba:
		return extension(d) > 4 ? rm_bit(d, false) : 0;
	case 0xc0: case 0xc1:
		return rm_bit(d, d->op == 0xc0) | bit(d, reg(d), d->op == 0xc0);
	case 0xc7:
		return rm_bit(d, false) | X86_RAX | X86_RDX;
	case 0xc8 ... 0xcf:
		return 1u << low;
	}
	return 0;
}

static unsigned int written(const struct decoder *d)
{
	/* Few instructions with VEX write one: BMI, and what moves out of vectors. */
	if (d->vector)
		return 1u << reg(d) | rm_bit(d, false);
	switch (d->map) {
	case 1:
		return written_1(d);
	case 2:
		return written_2(d);
	case 3:
		return d->op >= 0xf0 ? 1u << reg(d) : 0;
	}
	return d->op >= 0x14 && d->op <= 0x17 ? rm_bit(d, false) : 0;
}

static void classify_ff(const struct decoder *d, struct x86_insn *insn)
{
	insn->reg = rm(d);
	if (extension(d) == 2)
		insn->kind = is_reg(d) ? X86_CALL_REG : X86_CALL_MEM;
	else if (extension(d) == 4)
		insn->kind = is_reg(d) ? X86_JUMP_REG : X86_JUMP_MEM;
}

static void classify_1(const struct decoder *d, struct x86_insn *insn)
{
	switch (d->op) {
	case 0xe8:
		insn->kind = X86_CALL;
		break;
	case 0xe9: case 0xeb:
		insn->kind = X86_JUMP;
		break;
	case 0x70 ... 0x7f:
	case 0xe0 ... 0xe3:
		insn->kind = X86_BRANCH;
		break;
	case 0xc2: case 0xc3: case 0xcb: case 0xca: case 0xcf:
		insn->kind = X86_RETURN;
		break;
	case 0xff:
		classify_ff(d, insn);
		break;
	case 0xb8 ... 0xbf:
		insn->kind = X86_SET;
		insn->reg = (d->op & 7) | (d->rex & 1) << 3;
		insn->value = d->rex & 8 ? d->imm : (uint32_t)d->imm;
		break;
	case 0xc7:
		if (is_reg(d) && d->rex & 8) {
			insn->kind = X86_SET;
			insn->reg = rm(d);
			insn->value = d->imm;
		}
		break;
	case 0x89: case 0x8b:
		if (is_reg(d) && d->rex & 8) {
			insn->kind = X86_COPY;
			insn->reg = d->op == 0x89 ? rm(d) : reg(d);
			insn->from = d->op == 0x89 ? reg(d) : rm(d);
		}
		break;
	}
}

static void classify(const struct decoder *d, uint64_t addr, struct x86_insn *insn)
{
	if (d->vector)
		return;
	if (d->map == 1)
		classify_1(d, insn);
	else if (d->map == 2 && d->op >= 0x80 && d->op <= 0x8f)
		insn->kind = X86_BRANCH;
	insn->target = addr + insn->len + d->imm;
}

int ukcov__x86_decode(const unsigned char *code, size_t len, uint64_t addr,
		      struct x86_insn *insn)
{
	struct decoder d = { .start = code, .p = code, .end = code + (len < 15 ? len : 15) };
	unsigned int what;

	opcode(&d);
	what = follows(&d);
	if (d.cut || what & BAD)
		return -1;
	if (what & M)
		address(&d);
	immediate(&d, what);
	if (d.cut)
		return -1;
	insn->len = d.p - code;
	insn->kind = X86_OTHER;
	insn->reg = 0;
	insn->from = 0;
	insn->value = 0;
	insn->written = written(&d);
	classify(&d, addr, insn);
	return 0;
}
