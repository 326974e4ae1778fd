#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GCC 12.2 and Clang 19.1.7 (Debian 12), -fsanitize-coverage=trace-cmp: what a record says of the
# size of its values does not hold for GCC.
#  - A switch over a signed char: __sanitizer_cov_trace_switch() is told that values have 8 bits,
#    but gets value and cases extended by their sign to 64, cases in the order of signed numbers.
#    Clang extends by zero and sorts as unsigned. "x == -5" in the same code is fb by both. So the
#    constant -5 of a char comes in two forms from one compiler, and who looks it up in the cases by
#    halving them, or believes the largest to be the last, goes wrong.
#  - Of a comparison of 128 bits GCC reports the lower 64, as a whole comparison of 8 bytes: equal
#    operands, where the values differ and the branch is not taken. Clang reports none of it.
#
# Seen: what "seen" below holds.
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
int equal(signed char x)
{
	return x == -5;
}
int choose(signed char x)
{
	switch (x) {
	case -5: return 1;
	case 7: return 4;
	case 50: return 2;
	case 100: return 9;
	}
	return 0;
}
int wide(unsigned long high, unsigned long low)
{
	return ((unsigned __int128)high << 64 | low) == ((unsigned __int128)1 << 64 | 6);
}
END
cat > main.c <<'END'
#include <stdint.h>
#include <stdio.h>

int equal(signed char x), choose(signed char x), wide(unsigned long high, unsigned long low);

void __sanitizer_cov_trace_pc(void) { }
void __sanitizer_cov_trace_const_cmp1(uint8_t a, uint8_t b) { printf(" 1 byte: %x, %x;", a, b); }
void __sanitizer_cov_trace_const_cmp8(uint64_t a, uint64_t b) { printf(" 8 bytes: %lx, %lx;", a, b); }
void __sanitizer_cov_trace_switch(uint64_t value, uint64_t *cases)
{
	printf(" %lu bits: %lx of", cases[1], value);
	for (uint64_t i = 0; i < cases[0]; i++)
		printf(" %lx", cases[2 + i]);
	printf(";");
}

int main(void)
{
	printf(" x == -5:");
	equal(-5);
	printf("\n switch:");
	choose(-5);
	printf("\n 128 bits:");
	printf(" %s\n", wide(0, 6) ? "equal" : "not equal");
	return 0;
}
END
cc -O1 -c main.c
for compiler in root/usr/bin/gcc-12 root/usr/lib/llvm-19/bin/clang; do
	"$compiler" -O2 -fsanitize-coverage=trace-pc,trace-cmp -c input.c && cc input.o main.o -o x || exit 2
	basename "$compiler"
	./x
done > got
cat got
cat > seen <<'END'
gcc-12
 x == -5: 1 byte: fb, fb;
 switch: 8 bits: fffffffffffffffb of fffffffffffffffb 7 32 64;
 128 bits: 8 bytes: 6, 6; not equal
clang
 x == -5: 1 byte: fb, fb;
 switch: 8 bits: fb of 7 32 64 fb;
 128 bits: not equal
END
cmp -s got seen
