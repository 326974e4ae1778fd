#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Hooks and lines of the objects of objects.sh, against what the compiler wrote, and what
# addr2line says. TAP.

set -u
cd "$(dirname "$0")/../../build/lib/objects" || exit 2
. ../../../tests/boot/tap.sh
# shellcheck disable=SC2034 # ok() shows it
out=diff.out

# count KIND FILE: calls or jumps in assembly. Of module NAME: objects.sh has NAME.s, too.
in_assembly() {
	case $1 in
	call) grep -cE "\s(callq?|bl)\s+__sanitizer_cov_trace_pc(@PLT)?$" "$2" ;;
	jump) grep -cE "\s(jmp|j[a-z]+|b)\s+__sanitizer_cov_trace_pc(@PLT)?$" "$2" ;;
	cmp-call) grep -cE "\s(callq?|bl)\s+__sanitizer_cov_trace_(const_cmp|cmp|switch)" "$2" ;;
	esac
}

# What is called through registers, the compiler calls by name in the other code model.
for pair in gcc:gcc regs:gcc size:size clang:clang dwarf4:dwarf4 arm64:arm64; do
	../show sites "${pair%:*}" > sites 2>&1
	for kind in call jump cmp-call; do
		want=$(in_assembly $kind "${pair#*:}.s")
		have=$(grep -c "^$kind " sites)
		[ "$want" = "$have" ]
		ok $? "${pair%:*}: $have of kind $kind, as the compiler wrote ($want)"
	done
done

# same FILE ADDR2LINE: functions and lines, but for the directories.
same() {
	../show sites "$1" | awk '$1 == "call" { print $2 }' > pcs
	../show find "$1" < pcs | sed -E 's,[^ ]*/,,g' > ours
	while read -r pc; do
		echo "$pc $("$2" -fi -e "$1" "$(printf '0x%x' $((pc - 1)))" | xargs)"
	done < pcs | sed -E 's,[^ ]*/,,g; s, \(discriminator [0-9]+\),,g' > theirs
	[ -s ours ] && diff ours theirs > diff.out 2>&1
}
for k in regs size dwarf2 dwarf4 zlib gcc; do
	same $k addr2line
	ok $? "$k: functions and lines as of addr2line"
done
# addr2line 2.40 cannot read these; the code is that of gcc.
for k in dwarf64 zlib-gnu; do
	../show sites $k | awk '$1 == "call" { print $2 }' | ../show find $k | sed -E 's,[^ ]*/,,g' |
		diff ours - > diff.out 2>&1
	ok $? "$k: functions and lines as of gcc"
done
for k in clang clang64; do
	../show sites $k | awk '$1 == "call" { print $2 }' | ../show find $k > $k.found
done
diff clang.found clang64.found > diff.out 2>&1
ok $? "clang64: as of clang"
same arm64 aarch64-linux-gnu-addr2line
ok $? "arm64: the same"
done_testing
