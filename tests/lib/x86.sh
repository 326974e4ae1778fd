#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The decoder of x86-64 against objdump: all instructions of the C library, the shell and
# the objects of the other tests. TAP.

set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/boot/tap.sh
out=build/lib/x86.out

# "ADDRESS BYTES" of each instruction; what objdump does not know is left out.
instructions() {
	objdump -d -w --insn-width=16 "$1" | grep -v '(bad)' |
		sed -nE 's/^ *([0-9a-f]+):\t([0-9a-f ]+[0-9a-f]) *(\t.*)?$/\1 \2/p'
}

for file in "$(gcc -print-file-name=libc.so.6)" /bin/sh build/lib/objects/regs build/lib/objects/clang; do
	instructions "$file" | build/lib/decode > $out 2>&1
	ok $? "$(basename "$file"): $(tail -n 1 $out)"
done
done_testing
