#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The example of lib/README.md: compiled as it stands there, and run in a guest. TAP.

set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/boot/tap.sh
out=build/lib/example.out

awk '/^```c/ { p = 1; next } /^```/ { p = 0 } p' lib/README.md > build/lib/example.c
lines=$(wc -l < build/lib/example.c)
[ "$lines" -gt 10 ] && [ "$lines" -le 30 ]
ok $? "it has $lines lines"
gcc -Wall -Wextra -Werror -Ilib -o build/lib/example build/lib/example.c build/lib/libukcov.a \
	-ldw -lelf > $out 2>&1
ok $? "compiles without a warning"
vmlinux=$(dirname "$(scripts/build-kernel --config debuginfo 2>$out)")/vmlinux
scripts/vm --config debuginfo --time 60 -- build/lib/example "$vmlinux" > $out 2>&1
ok $? "runs"
grep -q '^ksys_read fs/read_write.c:[1-9][0-9]*$' $out
ok $? "shows what read() reaches: $(wc -l < $out) PCs"
scripts/vm --config debuginfo --time 60 -- build/lib/example /none > $out 2>&1
[ $? -eq 1 ] && grep -q '^No such file or directory$' $out
ok $? "says what is wrong"
done_testing
