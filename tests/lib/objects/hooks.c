// SPDX-License-Identifier: MIT
/* The hooks of the kernel that is never run. */
/* Where KASLR is measured from. */
__asm__(".pushsection .text\n.globl _text\n_text:\n.popsection");

#define HOOK(name, ...) \
	void name(__VA_ARGS__); void name(__VA_ARGS__) {}

HOOK(__sanitizer_cov_trace_pc, void)
HOOK(__sanitizer_cov_trace_cmp1, unsigned char a, unsigned char b)
HOOK(__sanitizer_cov_trace_cmp2, unsigned short a, unsigned short b)
HOOK(__sanitizer_cov_trace_cmp4, unsigned int a, unsigned int b)
HOOK(__sanitizer_cov_trace_cmp8, unsigned long a, unsigned long b)
HOOK(__sanitizer_cov_trace_const_cmp1, unsigned char a, unsigned char b)
HOOK(__sanitizer_cov_trace_const_cmp2, unsigned short a, unsigned short b)
HOOK(__sanitizer_cov_trace_const_cmp4, unsigned int a, unsigned int b)
HOOK(__sanitizer_cov_trace_const_cmp8, unsigned long a, unsigned long b)
HOOK(__sanitizer_cov_trace_switch, unsigned long a, void *b)
