#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In a guest: what kcov-sample prints and how it exits. TAP.

set -u
sample=$1
out=/tmp/out
. "$(dirname "$0")/tap.sh"

run() { # WANTED-STATUS ARG...
	want=$1
	shift
	"$sample" "$@" > $out 2> $out.err
	[ $? -eq "$want" ]
}

lines() { # PATTERN: how many lines are like it
	grep -cE "$1" $out
}

pc='^0x[0-9a-f]+$'

run 0; ok $? "kcov-sample exits 0"
full=$(lines "$pc")
[ "$full" -ge 3 ] && [ "$full" -eq "$(wc -l < $out)" ]
ok $? "it prints $full PCs"
sort -u $out > /tmp/pcs

cmp='^pc 0x[0-9a-f]+ size [1248] const [01] arg1 0x[0-9a-f]+ arg2 0x[0-9a-f]+$'
run 0 1 && [ "$(lines "$cmp")" -ge 2 ] && [ "$(lines "$cmp")" -eq "$(wc -l < $out)" ]
ok $? "kcov-sample 1 prints comparisons"
# Each line when it is new, in order.
awk '!seen[$0]++' $out > /tmp/cmps

run 0 8 && cmp -s /tmp/cmps $out
ok $? "kcov-sample 8 prints the comparisons of mode 1, each once"

run 0 2 && sort $out | cmp -s - /tmp/pcs
ok $? "kcov-sample 2 prints the PCs of mode 0, each once"

run 0 16 && [ "$(lines "$pc")" -eq "$(wc -l < $out)" ] && sort -u $out | cmp -s - /tmp/pcs
ok $? "kcov-sample 16 prints the PCs of mode 0"

run 0 4 && [ "$(head -n 1 $out)" = ======edge====== ] && [ "$(lines "$pc")" -ge 3 ] &&
	[ -z "$(sort $out | uniq -d)" ]
ok $? "kcov-sample 4 prints edge words, each once"
tail -n +2 $out > /tmp/edges

run 0 6 && sed '/=edge=/,$d' $out | sort | cmp -s - /tmp/pcs &&
	sed '1,/=edge=/d' $out | cmp -s - /tmp/edges
ok $? "kcov-sample 6 prints both"

for mode in 3 5 7 9 10 32 -1 x 02 ""; do
	run 2 "$mode" && [ ! -s $out ] && grep -q '^usage:' $out.err
	ok $? "kcov-sample '$mode': usage, status 2"
done
run 2 2 4; ok $? "kcov-sample 2 4: status 2"
run 0 --help && grep -q '^usage:' $out && grep -q '^  8  each comparison once' $out
ok $? "kcov-sample --help"

"$sample" > /dev/full 2> $out.err
[ $? -eq 1 ] && [ -s $out.err ]; ok $? "a full disk: an error, status 1"

umount /sys/kernel/debug
run 1 && grep -q 'mount -t debugfs' $out.err; ok $? "no debugfs: says what to do, status 1"

done_testing
