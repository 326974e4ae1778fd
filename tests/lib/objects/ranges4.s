# SPDX-License-Identifier: MIT
# The same of DWARF 4.
	.text
	.globl	_start
_start:
	.macro	function name
	.globl	\name
	.type	\name, @function
\name:
	nop
	call	__sanitizer_cov_trace_pc
	ret
\name\()_end:
	.size	\name, . - \name
	.endm
	function pair
	function base
	function parts
	.globl	__sanitizer_cov_trace_pc
	.type	__sanitizer_cov_trace_pc, @function
__sanitizer_cov_trace_pc:
	ret
	.section	.debug_abbrev
	.uleb128 1, 0x11		# compile unit, with children
	.byte	1
	.uleb128 0x03, 0x08, 0x11, 0x01, 0, 0
	.uleb128 2, 0x2e		# subprogram
	.byte	0
	.uleb128 0x03, 0x08, 0x55, 0x17, 0, 0
	.byte	0
	.section	.debug_info
	.long	.Linfo_end - .Linfo
.Linfo:
	.value	4
	.long	.debug_abbrev
	.byte	8
	.uleb128 1
	.asciz	"ranges4.s"
	.quad	_start
	.macro	die name list
	.uleb128 2
	.asciz	"\name"
	.long	\list
	.endm
	die	pair .L0
	die	base .L1
	die	parts .L2
	.byte	0
.Linfo_end:
	.section	.debug_ranges
.L0:	.quad	pair - _start, pair_end - _start
	.quad	0, 0
.L1:	.quad	-1, base
	.quad	0, base_end - base
	.quad	0, 0
	# An empty one between two: it is no end.
.L2:	.quad	parts - _start, parts + 2 - _start
	.quad	1, 1
	.quad	-1, parts
	.quad	2, parts_end - parts
	.quad	0, 0
