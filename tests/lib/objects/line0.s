# SPDX-License-Identifier: MIT
# Two functions; the compiler of this gave line 0 to the second call of the first one and to
# the only one of the second.
	.file 1 "init/main.c"
	.text
	.globl	first
	.type	first, @function
first:
.Lfirst:
	.loc 1 11 1
	call	__sanitizer_cov_trace_pc
	.loc 1 0 1
	call	__sanitizer_cov_trace_pc
	.loc 1 12 1
	ret
.Lfirst_end:
	.size	first, .-first
	.globl	_start
	.type	_start, @function
_start:
.Lstart:
	.loc 1 0 1
	call	__sanitizer_cov_trace_pc
	.loc 1 31 1
	ret
.Lstart_end:
	.size	_start, .-_start
	.globl	__sanitizer_cov_trace_pc
	.type	__sanitizer_cov_trace_pc, @function
__sanitizer_cov_trace_pc:
	ret
.Lend:
	.section	.debug_abbrev
	.uleb128 1, 0x11		# compile unit, with children
	.byte	1
	.uleb128 0x10, 0x17, 0x03, 0x08, 0x1b, 0x08, 0x11, 0x01, 0x12, 0x07, 0, 0
	.uleb128 2, 0x2e		# subprogram
	.byte	0
	.uleb128 0x03, 0x08, 0x3a, 0x0b, 0x3b, 0x0b, 0x11, 0x01, 0x12, 0x07, 0, 0
	.byte	0
	.section	.debug_info
	.long	.Linfo_end - .Linfo
.Linfo:
	.value	4
	.long	.debug_abbrev
	.byte	8
	.uleb128 1
	.long	.debug_line
	.asciz	"init/main.c"
	.asciz	"/tree"
	.quad	.Lfirst
	.quad	.Lend - .Lfirst
	.uleb128 2
	.asciz	"first"
	.byte	1, 10
	.quad	.Lfirst
	.quad	.Lfirst_end - .Lfirst
	.uleb128 2
	.asciz	"_start"
	.byte	1, 30
	.quad	.Lstart
	.quad	.Lstart_end - .Lstart
	.byte	0
.Linfo_end:
	.section	.debug_line
