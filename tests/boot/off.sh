#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In a guest without CONFIG_KCOV_UNIQ: Linux as it was. TAP.

set -u
bin=$1
out=/tmp/out
. "$(dirname "$0")/tap.sh"

for mode in 0 1; do
	"$bin/kcov-sample" $mode > $out 2>&1 && [ -s $out ]
	ok $? "kcov-sample $mode works"
done
for mode in 2 4 6 8; do
	"$bin/kcov-sample" $mode > $out 2>&1
	[ $? -eq 1 ] && grep -q "does not have mode $mode" $out
	ok $? "kcov-sample $mode: says that the kernel lacks it, status 1"
done
"$bin/examples/pcs" > $out 2> $out.err && "$bin/kcov-sample" 0 | cmp -s - $out
ok $? "examples/pcs works, in mode 0"
for i in edges compact fuzz 'exec true'; do
	# shellcheck disable=SC2086 # words
	"$bin/examples"/$i > $out 2> $out.err
	[ $? -eq 1 ] && grep -q 'without CONFIG_KCOV_UNIQ' $out.err
	ok $? "examples/${i%% *}: says that the kernel lacks the modes, status 1"
done
grep -q kcov_uniq /proc/kallsyms > $out 2>&1
[ $? -eq 1 ]; ok $? "nothing of kcov_uniq is in the kernel"

done_testing
