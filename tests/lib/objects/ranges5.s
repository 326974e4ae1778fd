# SPDX-License-Identifier: MIT
# Functions whose address ranges are told in each way that DWARF 5 has: compilers use a few.
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
	function offset_pair
	function base_addressx
	function startx_endx
	function startx_length
	function base_address
	function start_end
	function start_length
	function by_offset
	function parts
	.globl	__sanitizer_cov_trace_pc
	.type	__sanitizer_cov_trace_pc, @function
__sanitizer_cov_trace_pc:
	ret
	.section	.debug_abbrev
	.uleb128 1, 0x11		# compile unit, with children
	.byte	1
	.uleb128 0x03, 0x08, 0x11, 0x01, 0x73, 0x17, 0x74, 0x17, 0, 0
	.uleb128 2, 0x2e		# subprogram: its list by number
	.byte	0
	.uleb128 0x03, 0x08, 0x55, 0x23, 0, 0
	.uleb128 3, 0x2e		# subprogram: its list by offset
	.byte	0
	.uleb128 0x03, 0x08, 0x55, 0x17, 0, 0
	.byte	0
	.section	.debug_info
	.long	.Linfo_end - .Linfo
.Linfo:
	.value	5
	.byte	1, 8
	.long	.debug_abbrev
	.uleb128 1
	.asciz	"ranges5.s"
	.quad	_start
	.long	.Laddr, .Lbase
	.macro	die name number
	.uleb128 2
	.asciz	"\name"
	.uleb128 \number
	.endm
	die	offset_pair 0
	die	base_addressx 1
	die	startx_endx 2
	die	startx_length 3
	die	base_address 4
	die	start_end 5
	die	start_length 6
	.uleb128 3
	.asciz	"by_offset"
	.long	.L7
	die	parts 7
	.byte	0
.Linfo_end:
	.section	.debug_addr
	.long	.Laddr_end - .Laddr_begin
.Laddr_begin:
	.value	5
	.byte	8, 0
.Laddr:
	.quad	base_addressx, startx_endx, startx_endx_end, startx_length
.Laddr_end:
	.section	.debug_rnglists
	.long	.Llists_end - .Llists
.Llists:
	.value	5
	.byte	8, 0
	.long	8
.Lbase:
	.long	.L0 - .Lbase, .L1 - .Lbase, .L2 - .Lbase, .L3 - .Lbase, .L4 - .Lbase
	.long	.L5 - .Lbase, .L6 - .Lbase, .L8 - .Lbase
.L0:	.byte	4
	.uleb128 offset_pair - _start, offset_pair_end - _start
	.byte	0
.L1:	.uleb128 1, 0, 4, 0, base_addressx_end - base_addressx, 0
.L2:	.uleb128 2, 1, 2, 0
.L3:	.uleb128 3, 3, startx_length_end - startx_length, 0
.L4:	.byte	5
	.quad	base_address
	.uleb128 4, 0, base_address_end - base_address, 0
.L5:	.byte	6
	.quad	start_end, start_end_end
	.byte	0
.L6:	.byte	7
	.quad	start_length
	.uleb128 start_length_end - start_length, 0
.L7:	.byte	6
	.quad	by_offset, by_offset_end
	.byte	0
	# An empty one between two: it is no end.
.L8:	.uleb128 4, parts - _start, parts + 2 - _start, 4, 1, 1
	.byte	5
	.quad	parts
	.uleb128 4, 2, parts_end - parts, 0
.Llists_end:
