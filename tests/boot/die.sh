#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Run die in a guest; what it says, and that nothing is in the log but its deaths. TAP.
# Arguments are passed on to scripts/vm.

set -u
repo=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$repo/scripts/vm" "$@" --ignore-splats --log "$tmp/log" -- "$repo/build/boot/die" > "$tmp/out" 2> "$tmp/err"
status=$?
grep -v '^1\.\.' "$tmp/out"
grep -v '^vm: the guest.s log holds' "$tmp/err" | sed 's/^/# /'
tests=$(grep -cE '^(not )?ok' "$tmp/out")
died=$(sed -n 's/^# deaths: //p' "$tmp/out")
death='kernel BUG at .*kernel/kcov_uniq_tee.h'
bugs=$(grep -ac "$death" "$tmp/log")
# A task that dies within rcu_read_lock() exits within it. A debug kernel says so; it must say so
# of nothing else that may not sleep.
in_rcu='
	/sleeping function called from invalid context/ { said = $0; next }
	said && !/in_atomic\(\): 0, irqs_disabled\(\): 0/ { print said }
	{ said = ""; print }'
# Each has such a line, one that begins with "Oops: invalid opcode", and a trace.
other=$(awk "$in_rcu" "$tmp/log" |
	grep -aE 'WARNING:|BUG:|KASAN:|KCSAN:|UBSAN|kernel BUG|Oops: |INFO: task .* hung|kmemleak: .*suspected' |
	grep -av -e "$death" -e 'Oops: invalid opcode')
if [ "$bugs" = "$died" ] && [ "$bugs" -gt 0 ] && [ -z "$other" ]; then
	echo "ok $((tests + 1)) - the log has $bugs deaths, and nothing else"
else
	echo "not ok $((tests + 1)) - the log has $bugs deaths of ${died:-?}, and nothing else"
	echo "$other" | tr -d '\r' | sed 's/^/# /'
	tail -n 20 "$tmp/log" | tr -d '\r' | sed 's/^/# /'
	[ "$status" -ne 0 ] || status=1
fi
echo "1..$((tests + 1))"
exit "$status"
