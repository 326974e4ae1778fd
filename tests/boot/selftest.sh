#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In a guest with CONFIG_KCOV_SELFTEST: it came through KCOV's own test. TAP.

set -u
bin=$1
out=/tmp/out
. "$(dirname "$0")/tap.sh"

for line in 'kcov: running self test' 'kcov: done running self test'; do
	dmesg > $out 2>&1 && grep -q "$line" $out
	ok $? "the log has: $line"
done
"$bin/kcov-sample" 6 > $out 2>&1 && [ -s $out ]
ok $? "kcov-sample 6 works"

done_testing
