#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/vm itself: what it passes on, and what it says when things go wrong. TAP.
# Arguments are passed on to scripts/vm.

set -u
repo=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
out=$tmp/out
trap 'rm -rf "$tmp"' EXIT
. "$(dirname "$0")/tap.sh"

# run WANTED-STATUS ARG...
run() {
	want=$1
	shift
	"$repo/scripts/vm" $options "$@" > "$out" 2> "$out.err"
	[ $? -eq "$want" ]
}

options="$* --time 60"
run 0 -- true; ok $? "status 0"
run 3 -- sh -c 'exit 3'; ok $? "status 3"
run 143 -- sh -c 'kill -TERM $$'; ok $? "killed by a signal: 128 + its number"
run 127 -- /nonexistent; ok $? "no such program: 127"

run 0 -- sh -c 'head -c 3000000 /dev/zero | tr "\0" "\r"; echo end'
[ "$(wc -c < "$out")" -eq 3000004 ] && ! grep -q Linux "$out"
ok $? "3 MB of output arrive byte for byte"
run 0 -- sh -c 'pwd; echo "$1"' x 'two  words' && printf '%s\n' "$PWD" 'two  words' | cmp -s - "$out"
ok $? "current directory and arguments"

run 0 -- sh -c '! touch "$1/x" 2>&1' x "$tmp" && [ ! -e "$tmp/x" ]
ok $? "the host's files are read-only"
mkdir "$tmp/scratch"
run 0 --scratch "$tmp/scratch" -- sh -c 'echo hello > "$VM_SCRATCH/x"' &&
	[ "$(cat "$tmp/scratch/x")" = hello ]
ok $? "the scratch folder is writable, and the host sees it"
run 0 -- sh -c 'test -e /sys/kernel/debug/kcov && test -e /proc/version && cat < /dev/null && ip addr show lo | grep -q 127.0.0.1'
ok $? "debugfs, proc, /dev/null and lo"

options="$* --time 3"
run 124 -- sleep 100 && grep -q '^vm: .*3' "$out.err"; ok $? "time limit: 124, and says so"
options="$* --time 60"
run 125 -- sh -c 'echo c > /proc/sysrq-trigger' && grep -q '^vm:' "$out.err" && grep -qi sysrq "$out.err"
ok $? "the kernel dies: 125, and the end of the guest's log"
run 126 -- sh -c 'echo "<4>WARNING: CPU: 0 PID: 1 at kernel/kcov.c:1" > /dev/kmsg' && grep -q 'kcov.c:1' "$out.err"
ok $? "a splat in the guest's log: 126, and shows it"
run 125 --nonsense; ok $? "a wrong option: 125"

done_testing
