#!/bin/sh
# SPDX-License-Identifier: MIT
#
# valgrind 3.19 (Debian 12): callgrind does not count the block of code in which the program ends,
# by a system call or by a signal. Cachegrind, of the same package, does. Callgrind adds the cost of
# a block when it gets to the next one, and here there is none. Who looks in its output for how far
# a program got finds all but the place where it stopped: below, the lines that ran just before the
# end have no cost, nor do the total and the callers' costs include it. There is no message.
#
# Seen: what "seen" below holds: the instructions counted for each line with a comment, and in all.
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download valgrind=1:3.19.0-1 > log 2>&1 || { cat log >&2; exit 2; }
dpkg -x valgrind_*.deb root
VALGRIND_LIB=$PWD/root/usr/libexec/valgrind
export VALGRIND_LIB

cat > input.c <<'END'
static volatile int state = 5; // without data valgrind reads no debug information

static void last(int more)
{
	if (more) {
		state = 1; /* middle */
		return;
	}
	state = 2; /* near the end */
	state = 3; /* nearer */
#ifdef SIGNAL
	__builtin_trap(); /* end */
#else
	__asm__ volatile("syscall" : : "a"(231), "D"(0)); /* end */
#endif
}

void _start(void)
{
	last(1);
	last(0);
}
END
lines() { # FILE
	grep -n '/\*' input.c | grep -v "$absent" | while IFS=: read -r line text; do
		text=${text##*/\* }
		printf ' %s %s,' "${text% \*/}" \
			"$(awk -v line="$line" '$1 == line { n += $2 } END { print n + 0 }' "$1")"
	done
	sed -n 's/^\(summary\|totals\): / in all /p' "$1" | head -n 1
}
run() { # NAME OPTION ABSENT
	absent=$3
	cc -g -O0 -fno-pie -no-pie -nostdlib -static "$2" input.c -o input || exit 2
	for tool in callgrind cachegrind; do
		case $tool in
		callgrind) options='--compress-strings=no --compress-pos=no' ;;
		cachegrind) options='--cache-sim=no' ;;
		esac
		# shellcheck disable=SC2086 # two options
		root/usr/bin/valgrind -q --tool=$tool $options --$tool-out-file=out ./input \
			> log 2>&1 || :
		[ -s out ] || { cat log >&2; exit 2; }
		echo "$1, $tool:$(lines out)"
	done
}
{
	run 'system call' -DCALL trap
	run 'signal' -DSIGNAL syscall
} > got
cat got
cat > seen <<'END'
system call, callgrind: middle 1, near the end 0, nearer 0, end 0, in all 20
system call, cachegrind: middle 1, near the end 1, nearer 1, end 4, in all 26
signal, callgrind: middle 1, near the end 0, nearer 0, end 0, in all 20
signal, cachegrind: middle 1, near the end 1, nearer 1, end 1, in all 23
END
cmp -s got seen
