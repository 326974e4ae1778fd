#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GCC 12.2 and Clang 19.1.7 (Debian 12), -O2: a program that defines
# __sanitizer_cov_trace_pc() itself, and looks at its counter before and after it calls an
# instrumented function of the same file, sees that nothing ran. The hook does run, and counts;
# but the compilers find out what a function can change before they put the calls of the hook into
# it, and do not find out again. So they know that the function leaves the counter alone, and do
# not read it a second time. GCC does so for a counter with external linkage too; Clang only if
# the function writes no memory. Even a volatile counter is not enough for GCC: it moves the call
# of a function that only reads behind the second look. GCC's attribute noipa helps, and -O0.
#
# Seen: what "seen" below holds: what ran in a function that writes memory, in one that only
# reads, and what the counter held at exit.
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

gcc=12.2.0-14+deb12u1
clang='1:19.1.7-3~deb12u1'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download gcc-12=$gcc cpp-12=$gcc libisl23 libmpc3 libmpfr6 libgmp10 \
	clang-19="$clang" libclang-cpp19="$clang" libllvm19="$clang" > log 2>&1 ||
	{ cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
LD_LIBRARY_PATH=$PWD/root/usr/lib/llvm-19/lib:$PWD/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

cat > input.c <<'END'
#define UNTRACED __attribute__((no_sanitize("coverage"), no_sanitize_coverage))

int printf(const char *format, ...);

COUNTER unsigned long hits;
static int table[16];

UNTRACED void __sanitizer_cov_trace_pc(void) { hits++; }

TRACED static void writes(int x) { if (x & 1) table[x & 15]++; }
TRACED static int reads(int x) { return x & 1 ? table[x & 15] : 0; }

UNTRACED __attribute__((destructor)) static void at_exit(void) { printf("%lu in all\n", hits); }

UNTRACED int main(int argc, char **argv)
{
	unsigned long before, first, second;
	int value;

	(void)argv;
	before = hits;
	writes(argc);
	first = hits - before;
	before = hits;
	value = reads(argc);
	second = hits - before;
	printf("writes() %lu, reads() %lu, ", first, second);
	return value != 1;
}
END
run() { # NAME COMPILER OPTION...
	name=$1
	shift
	"$@" -w -fsanitize-coverage=trace-pc -c input.c -o input.o && cc input.o -o input || exit 2
	echo "$name: $(./input)"
}
noinline='-DTRACED=__attribute__((noinline))'
gcc=root/usr/bin/gcc-12 clang=root/usr/lib/llvm-19/bin/clang
{
	run 'GCC -O0' $gcc -O0 $noinline -DCOUNTER=static
	run 'GCC -O2' $gcc -O2 $noinline -DCOUNTER=static
	run 'GCC -O2, external' $gcc -O2 $noinline -DCOUNTER=
	run 'GCC -O2, volatile' $gcc -O2 $noinline -DCOUNTER=volatile
	run 'GCC -O2, noipa' $gcc -O2 -DCOUNTER= '-DTRACED=__attribute__((noipa))'
	run 'Clang -O0' $clang -O0 $noinline -DCOUNTER=static
	run 'Clang -O2' $clang -O2 $noinline -DCOUNTER=static
	run 'Clang -O2, external' $clang -O2 $noinline -DCOUNTER=
	run 'Clang -O2, volatile' $clang -O2 $noinline -DCOUNTER=volatile
} > got
cat got
cat > seen <<'END'
GCC -O0: writes() 3, reads() 4, 7 in all
GCC -O2: writes() 0, reads() 0, 6 in all
GCC -O2, external: writes() 0, reads() 0, 6 in all
GCC -O2, volatile: writes() 3, reads() 0, 6 in all
GCC -O2, noipa: writes() 3, reads() 3, 6 in all
Clang -O0: writes() 2, reads() 2, 4 in all
Clang -O2: writes() 0, reads() 0, 4 in all
Clang -O2, external: writes() 2, reads() 0, 4 in all
Clang -O2, volatile: writes() 2, reads() 2, 4 in all
END
cmp -s got seen
