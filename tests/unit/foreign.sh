#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The engine's tests on a machine with 32 bits and the other byte order, which QEMU emulates. TAP.

set -u
cd "$(dirname "$0")/../.." || exit 1
cc=powerpc-linux-gnu-gcc
dir=build/unit-foreign
programs="test_set test_edge test_cmp test_window test_oracle test_compact test_reenter test_nested"
n=0 failed=0

for i in $cc qemu-ppc; do
	command -v "$i" >/dev/null || { echo "ok 1 - the engine on another machine # SKIP $i is missing: run scripts/deps builds"; echo 1..1; exit; }
done
mkdir -p $dir
# Emulation takes ten times as long.
export ORACLE_CALLBACKS="${ORACLE_CALLBACKS:-200000}"
for t in $programs; do
	n=$((n + 1))
	if $cc -static -std=gnu11 -Wall -Wextra -Werror -g -O2 -Icore -Ishim -Itests/unit "tests/unit/$t.c" -o "$dir/$t" &&
		qemu-ppc "$dir/$t" > "$dir/$t.log" 2>&1; then
		echo "ok $n - $t: $(grep -c '^ok' "$dir/$t.log") results"
	else
		failed=1
		echo "not ok $n - $t"
		grep -v '^ok' "$dir/$t.log" | tail -n 10 | sed 's/^/# /'
	fi
done
echo "1..$n"
exit $failed
