#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A kernel with debug information: speed and lines against other symbolizers, and what a
# guest collects, in the kernel and in a module. TAP.

set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/boot/tap.sh
dir=build/lib/module
out=$dir/out
rm -rf $dir
mkdir -p $dir

vmlinux=$(dirname "$(scripts/build-kernel --config debuginfo 2>$out)")/vmlinux
tree=$(dirname "$vmlinux")
bench/symbolize --tap "$vmlinux" > $dir/bench 2>&1
grep '^#' $dir/bench
while read -r line; do
	case $line in
	# Time is no test's to judge: see bench/symbolize.
	*"times as fast"*) echo "# symbolize: ${line#*- }" ;;
	ok*) ok 0 "symbolize: ${line#*- }" ;;
	not*) ok 1 "symbolize: ${line#*- }" ;;
	1..5) ok 0 "symbolize: all results are there" ;;
	esac
done < $dir/bench
grep -q '^1\.\.5' $dir/bench || ok 1 "symbolize: all results are there"

scripts/vm --config debuginfo --time 100 --scratch $dir -- build/lib/module-test \
	"$tree/drivers/net/dummy.ko" > $out 2>&1
ok $? "a module is loaded and used, traced"
grep -v '^#' $dir/module.cov > $dir/pcs
build/lib/show modules "$vmlinux" $dir/module.map "$tree" > $out 2>&1 &&
	grep -q '^dummy .*/drivers/net/dummy.ko: fine' $out
ok $? "its file is found by the map"
build/lib/show find "$vmlinux" $dir/module.map "$tree" < $dir/pcs > $dir/lines 2> $out
# Code for init is gone, its addresses are not.
for f in dummy_get_stats64 dummy_dev_init dummy_init_module; do
	grep -q " $f drivers/net/dummy.c:[1-9]" $dir/lines
	ok $? "$f of the module, with file and line"
done
grep -q ' load_module kernel/module/main.c:' $dir/lines
ok $? "load_module of the kernel"
! grep -E ' \?\?|:0( |$)' $dir/lines > $out
ok $? "each of $(wc -l < $dir/pcs) PCs has a function, a file and a line"

# What is in no list of calls is a hook that was jumped to.
build/lib/show sites "$vmlinux" $dir/module.map "$tree" > $dir/sites 2> $out
awk '$1 == "call" { print $2 }' $dir/sites | sort -u > $dir/calls
sort -u $dir/pcs | comm -23 - $dir/calls > $dir/others
build/lib/show tail "$vmlinux" $dir/module.map "$tree" < $dir/others > $dir/tails 2> $out
echo "# $(wc -l < $dir/pcs) PCs, $(wc -l < $dir/others) of no call: of these $(wc -l < $dir/tails) are hooks that were jumped to"
[ "$(wc -l < $dir/others)" -lt $(($(wc -l < $dir/pcs) / 10)) ]
ok $? "nine of ten PCs and more are of coverable calls"
# The others: functions that are called by pointers. Nobody can tell which those are.
others=$(($(wc -l < $dir/others) - $(wc -l < $dir/tails)))
[ $((others * 100)) -lt "$(wc -l < $dir/pcs)" ]
ok $? "of no call, and unexplained: $others of $(wc -l < $dir/pcs)"
done_testing
