#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gdb 13.1 (Debian 12): "break check", where check() is inlined, is hit by 4, 2 or 1 of its 4
# calls, by what the compiler made of it. gdb says "Breakpoint 1 at", with one address, and later
# "already hit 2 times"; no word about the others. There are two reasons:
#  - The code of check() is in several pieces. gdb takes the lowest address of all, which may be a
#    branch of it, and not DW_AT_entry_pc, where the compiler says it starts. So with GCC -O1 the
#    breakpoint is hit by even numbers only. A breakpoint at its first line is hit by all.
#  - The loop around it is unrolled: there are four copies of check(), but for DWARF they are one
#    inlined call. Of the addresses in one such call gdb keeps one, for a line as well as
#    for a function, so that a line whose code is scattered does not stop twice.
# So hits of such a breakpoint are no count of calls, and "not hit" does not mean "not called".
#
# Seen: what "seen" below holds: hits in a run that calls check() 4 times.
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

gcc=12.2.0-14+deb12u1
llvm='1:19.1.7-3~deb12u1'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
# gdb's libraries, but for those that each machine with a compiler has.
libraries=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
	--no-replaces --no-enhances gdb-minimal | grep '^lib' | grep -v '^lib\(c6\|gcc-s1\|crypt1\)$')
# shellcheck disable=SC2086 # a list
apt-get -q download gdb-minimal=13.1-3 $libraries gcc-12=$gcc cpp-12=$gcc libisl23 libmpc3 \
	libmpfr6 clang-19="$llvm" libclang-cpp19="$llvm" libllvm19="$llvm" > log 2>&1 ||
	{ cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
LD_LIBRARY_PATH=$PWD/root/usr/lib/llvm-19/lib:$PWD/root/usr/lib/x86_64-linux-gnu
LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$PWD/root/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

cat > input.c <<'END'
volatile int calls;
int table[4] = { 1, 2, 3, 4 };

static inline __attribute__((always_inline)) int check(int x)
{
	calls++;
	return x & 1 ? x * 3 : x / 2;
}

__attribute__((noinline)) int all(void)
{
	int sum = 0;

	for (int i = 0; i < 4; i++)
		sum ^= check(table[i]);
	return sum;
}

int main(void)
{
	return all() == 0 || calls != 4;
}
END
hits() { # PLACE
	root/usr/bin/gdb -q -nx -batch -ex "break $1" -ex 'ignore 1 1000' -ex run \
		-ex 'info breakpoints' ./input > log 2>&1
	grep -q 'exited normally' log || { cat log >&2; exit 2; }
	sed -n 's/.*breakpoint already hit \([0-9]*\) time.*/\1/p' log
}
run() { # NAME COMPILER OPTION...
	name=$1
	shift
	"$@" -g -fno-pie -c input.c -o input.o && cc -no-pie input.o -o input || exit 2
	function=$(hits check) line=$(hits input.c:6)
	echo "$name: break check $function, break input.c:6 $line"
}
{
	run 'GCC -O1' root/usr/bin/gcc-12 -O1
	run 'GCC -O2' root/usr/bin/gcc-12 -O2
	run 'GCC -O3' root/usr/bin/gcc-12 -O3
	run 'Clang -O1' root/usr/lib/llvm-19/bin/clang -O1
	run 'Clang -O2' root/usr/lib/llvm-19/bin/clang -O2
} > got
cat got
cat > seen <<'END'
GCC -O1: break check 2, break input.c:6 4
GCC -O2: break check 4, break input.c:6 4
GCC -O3: break check 1, break input.c:6 1
Clang -O1: break check 4, break input.c:6 4
Clang -O2: break check 1, break input.c:6 1
END
cmp -s got seen
