#!/bin/sh
# SPDX-License-Identifier: MIT
#
# scripts/vm itself: what it passes on, and what it says when things go wrong. TAP.
# Arguments are passed on to scripts/vm.

# Scripts of the guest are in quotes; $options are words.
# shellcheck disable=SC2016,SC2086

set -u
repo=$(cd "$(dirname "$0")/../.." && pwd)
# In /tmp, whatever TMPDIR says: guests have one of their own.
tmp=$(mktemp -d /tmp/vm-test.XXXXXX)
out=$tmp/out
trap 'rm -rf "$tmp" "$tmp.sh"' EXIT
. "$(dirname "$0")/tap.sh"

# run WANTED-STATUS ARG...
run() {
	want=$1
	shift
	"$repo/scripts/vm" $options "$@" > "$out" 2> "$out.err"
	[ $? -eq "$want" ]
}

# said PATTERN: the last line of stderr is like it.
said() {
	tail -n 1 "$out.err" | grep -qE -- "$1"
}

options="$* --time 60"
run 0 -- true; ok $? "status 0"
run 3 -- sh -c 'exit 3'; ok $? "status 3"
run 143 -- sh -c 'kill -TERM $$' && said '^vm: .*killed by signal 15 \(TERM\)$'
ok $? "killed by a signal: 128 + its number, and says so"
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
run 125 -- sh -c 'echo c > /proc/sysrq-trigger' && grep -q "guest's log ends with" "$out.err" &&
	said '^vm: the guest died: Kernel panic .*sysrq'
ok $? "the kernel dies: 125, the end of the guest's log, and the panic in the last line"
run 125 -- sh -c 'echo o > /proc/sysrq-trigger; sleep 9' && said '^vm: .*powered off'
ok $? "the program powers the guest off: 125, and says so"
run 126 -- sh -c 'echo "<4>WARNING: CPU: 0 PID: 1 at kernel/kcov.c:1" > /dev/kmsg' && grep -q 'kcov.c:1' "$out.err"
ok $? "a splat in the guest's log: 126, and shows it"
options="$* --time 60 --mem 200M"
run 137 -- tail /dev/zero && said '^vm: the program was killed by signal 9 .*out of memory'
ok $? "a program that takes all memory: killed, and why; no splat"
options="$* --time 60"
run 125 --nonsense; ok $? "a wrong option: 125"

# What lies where the guest has directories of its own.
mkdir "$tmp/bin" "$tmp/data"
echo hello > "$tmp/data/file"
echo beside > "$tmp/bin/beside"
cat > "$tmp/bin/prog" <<-'END'
	#!/bin/sh
	cat "$(dirname "$(readlink -f "$0")")/beside" && echo mine > /tmp/new && cat /tmp/new
END
chmod +x "$tmp/bin/prog"
cp "$tmp/bin/prog" "$tmp.sh"
sed -i 2d "$tmp.sh"
echo 'echo mine > /tmp/new && cat /tmp/new' >> "$tmp.sh"
run 0 -- "$tmp/bin/prog" && printf 'beside\nmine\n' | cmp -s - "$out"
ok $? "a program in a directory in /tmp, and what lies beside it"
run 0 -- "$tmp.sh" && echo mine | cmp -s - "$out"; ok $? "a program in /tmp itself"
ln -s "$tmp/bin/prog" "$tmp/data/link"
PATH=$tmp/data:$PATH run 0 -- link && printf 'beside\nmine\n' | cmp -s - "$out"
ok $? "one that PATH and a link lead to"
run 1 -- cat "$tmp/data/file" && said "^vm: .*did not see $tmp/data/file: --mount $tmp/data "
ok $? "a file in a directory of the host's /tmp: cannot be seen, and the last line says why"
run 1 -- cat "$tmp.sh" && said "^vm: .*did not see $tmp.sh: .*move it"
ok $? "a file of the host's /tmp itself: the same"
run 0 --mount "$tmp/data" --mount "$tmp/scratch" -- sh -c 'cat "$1/data/file" && cp "$1/data/file" "$1/scratch/copy"' x "$tmp" &&
	[ "$(cat "$tmp/scratch/copy")" = hello ] && [ "$(cat "$out")" = hello ]
ok $? "--mount: two directories are seen, and written to"
run 125 --mount "$tmp/none" -- true && said 'no such directory'; ok $? "--mount: no such directory: 125"

# script(1) has a terminal; what it prints has the lines that are typed, too. What is typed
# before a guest of QEMU opens its serial line is lost up to the 16 bytes of its FIFO.
printf '%s\n' '' '' '' '' '' '' '' '' '' '' '' '' '' '' '' '' '' '' '' '' 'test -t 0 && tty > /dev/tty && echo $((40 + 2)) words' 'exit 3' |
	timeout 120 script -qec "exec '$repo/scripts/vm' $options --interactive sh" /dev/null > "$out" 2> "$out.err"
[ $? -eq 3 ] && grep -q '42 words' "$out" && grep -q '/dev/tty' "$out"
ok $? "--interactive: a shell on this terminal"
run 125 --interactive < /dev/null && said 'must be a terminal'; ok $? "--interactive without a terminal: 125"

# A small disk, for this command only.
if unshare -m true 2>/dev/null; then
	full() { # SCRIPT
		unshare -m sh -c 'mkdir -p build/vm && mount -t tmpfs -o size=1m none build/vm && shift && "$@"' \
			x x "$repo/scripts/vm" $options -- sh -c "$1" > "$out" 2> "$out.err"
	}
	cd "$repo" || exit 1
	full 'head -c 3000000 /dev/zero'
	[ $? -eq 125 ] && said '^vm: the disk is full'
	ok $? "a disk that the program's output fills: 125, and the last line says so"
	full 'echo fits' && [ "$(cat "$out")" = fits ]; ok $? "one that it does not fill"
	unshare -m sh -c 'mount -t tmpfs -o size=1m none build/vm && head -c 2000000 /dev/zero > build/vm/x; shift; "$@"' \
		x x "$repo/scripts/vm" $options -- true > "$out" 2> "$out.err"
	[ $? -eq 125 ] && said '^vm: the disk is full'
	ok $? "one that was full before: 125, and says so"
else
	n=$((n + 1))
	echo "ok $n - a full disk # SKIP this user may not mount anything"
fi

# Guests that end as no kernel can be made to. The last word of their command line is the
# directory of the run.
image() { # SCRIPT
	printf '#!/bin/sh\nfor run; do :; done\n%s\n' "$1" > "$tmp/image"
	chmod +x "$tmp/image"
}
case " $* " in
*" --arch x86_64 "*) ;;
*)
	image 'echo "exit 7" > "$run/verdict"; echo "reboot: Power down"; kill -SEGV $$'
	run 7 --image "$tmp/image" -- true
	ok $? "User Mode Linux is killed after it powered off: the program's status"
	image 'echo "exit 7" > "$run/verdict"; echo "something else"; kill -SEGV $$'
	run 125 --image "$tmp/image" -- true && said 'died after the program ended'
	ok $? "it is killed before: 125"
	image 'echo "reboot: Power down"; kill -SEGV $$'
	run 125 --image "$tmp/image" -- true && said 'the guest died'
	ok $? "it is killed, and the program's status is missing: 125"
	image 'echo "[ 0.1] vm-init: cannot do this"; echo "reboot: Power down"'
	run 125 --image "$tmp/image" -- true && said '^vm: .*vm-init: cannot do this$'
	ok $? "the guest's init gives up: 125, and the last line says why"
	;;
esac

done_testing
