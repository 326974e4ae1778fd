#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GCC 12.2 and Clang 19.1.7 (Debian 12), -fsanitize-coverage=trace-cmp: for an ordered comparison
# with a constant, the constant that is reported is often not the one in the source. GCC makes all
# four operators <= or > first, so it reports 99 for both "x < 100" and "x >= 100", even without
# optimisation. A fuzzer that puts the reported constant in the place of a value that is too small
# then never gets to the other side: not for one of the four operators. For a value that is too
# large it always does. Clang makes all four < or >, so it helps with "x < 100" and "x <= 100"
# (reported: 101) only; without optimisation it reports what the source says.
#
# Linux records these constants for fuzzers (KCOV_TRACE_CMP); "if (len < 64) return -EINVAL;" is
# the commonest check that there is.
#
# Seen: what "seen" below holds: the constants, and for x = 7 and x = 200 whether "x OP 100"
# changes when x becomes the reported constant.
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

gcc=12.2.0-14+deb12u1
clang='1:19.1.7-3~deb12u1'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download gcc-12=$gcc cpp-12=$gcc libisl23 libmpc3 libmpfr6 libgmp10 \
	clang-19="$clang" libclang-cpp19="$clang" libllvm19="$clang" \
	libclang-common-19-dev="$clang" > log 2>&1 || { cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
LD_LIBRARY_PATH=$PWD/root/usr/lib/llvm-19/lib:$PWD/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

cat > checks.c <<'END'
int lt(unsigned int x) { return x < 100; }
int le(unsigned int x) { return x <= 100; }
int gt(unsigned int x) { return x > 100; }
int ge(unsigned int x) { return x >= 100; }
END
cat > main.c <<'END'
#include <stdint.h>
#include <stdio.h>

int lt(unsigned int x), le(unsigned int x), gt(unsigned int x), ge(unsigned int x);

static uint32_t reported;

void __sanitizer_cov_trace_pc(void) { }

void __sanitizer_cov_trace_const_cmp4(uint32_t constant, uint32_t value)
{
	reported = constant;
}

int main(int argc, char **argv)
{
	static int (*const check[])(unsigned int x) = { lt, le, gt, ge };
	static const unsigned int from[] = { 7, 200 };
	unsigned int i, j, constant[4], helps[2] = { 0, 0 };

	for (i = 0; i < 4; i++) {
		for (j = 0; j < 2; j++) {
			int before = check[i](from[j]);

			constant[i] = reported;
			helps[j] += check[i](constant[i]) != before;
		}
	}
	printf("%s: < %u, <= %u, > %u, >= %u; changes 7: %u of 4, 200: %u of 4\n", argv[1],
	       constant[0], constant[1], constant[2], constant[3], helps[0], helps[1]);
	return 0;
}
END
cc -O1 -c main.c
run() { # NAME COMPILER OPTION...
	name=$1
	shift
	"$@" -fsanitize-coverage=trace-pc,trace-cmp -c checks.c -o checks.o || exit 2
	cc checks.o main.o -o checks
	./checks "$name"
}
{
	run 'GCC -O0' root/usr/bin/gcc-12 -O0
	run 'GCC -O2' root/usr/bin/gcc-12 -O2
	run 'Clang -O0' root/usr/lib/llvm-19/bin/clang -O0
	run 'Clang -O2' root/usr/lib/llvm-19/bin/clang -O2
} > got
cat got
cat > seen <<'END'
GCC -O0: < 99, <= 100, > 100, >= 99; changes 7: 0 of 4, 200: 4 of 4
GCC -O2: < 99, <= 100, > 100, >= 99; changes 7: 0 of 4, 200: 4 of 4
Clang -O0: < 100, <= 100, > 100, >= 100; changes 7: 2 of 4, 200: 2 of 4
Clang -O2: < 100, <= 101, > 100, >= 99; changes 7: 2 of 4, 200: 2 of 4
END
cmp -s got seen
