#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In a guest without CONFIG_KCOV_UNIQ: Linux as it was. TAP.

set -u
bin=$1
out=/tmp/out
n=0 failed=0

ok() { # STATUS TEXT
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
		sed 's/^/# /' $out
	fi
}

for mode in 0 1; do
	"$bin/kcov-sample" $mode > $out 2>&1 && [ -s $out ]
	ok $? "kcov-sample $mode works"
done
for mode in 2 4 6; do
	"$bin/kcov-sample" $mode > $out 2>&1
	[ $? -eq 1 ] && grep -q "does not have mode $mode" $out
	ok $? "kcov-sample $mode: says that the kernel lacks it, status 1"
done
grep -q kcov_uniq /proc/kallsyms > $out 2>&1
[ $? -eq 1 ]; ok $? "nothing of kcov_uniq is in the kernel"

echo "1..$n"
exit $failed
