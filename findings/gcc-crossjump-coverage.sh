#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GCC 12.2 (Debian 12), -O2 and -Os, -fsanitize-coverage=trace-pc: blocks that have a call of the
# hook each become one block with one call if their machine code is the same. Cross-jumping comes
# after the calls are put in, and takes two calls of the hook for alike. Their source may differ:
# members at the same offset of a union, casts between signed and unsigned. Below, version 4 and
# version 6 leave the very same PCs, so a fuzzer that has seen one does not notice the other, and
# a report gives line 9 for both: after version 4 it calls a line covered that never ran, and
# line 8 uncovered, which did. -O1 or -fno-crossjumping keep the blocks apart. Clang does always: it
# forbids that calls of the hook are merged. In 81 files of mm/ and fs/ of Linux 6.12,
# -fno-crossjumping makes 26,210 calls of 25,622: 2.2% are gone.
#
# Seen: what "seen" below holds: whether the PCs of both versions differ, and their lines.
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
struct v4 { int kind, length; };
struct v6 { int kind; unsigned int length; };
union header { struct v4 v4; struct v6 v6; };

int get(const union header *h, int version)
{
	switch (version) {
	case 4: return h->v4.length;
	case 6: return h->v6.length;
	}
	return -1;
}
END
cat > main.c <<'END'
#include <stdio.h>
#include <stdlib.h>

int get(const void *header, int version);

void __sanitizer_cov_trace_pc(void)
{
	printf("%p\n", (void *)((char *)__builtin_return_address(0) - 1));
}

int main(int argc, char **argv)
{
	int header[] = { 1, 40 };

	(void)argc;
	return get(header, atoi(argv[1])) != 40;
}
END
cc -O1 -g0 -fno-pie -c main.c
lines() { addr2line -e input < "pcs.$1" | sed -n 's/.*input.c:\([0-9]*\).*/\1/p' | paste -sd' '; }
run() { # NAME COMPILER OPTION...
	name=$1
	shift
	"$@" -g -fno-pie -fsanitize-coverage=trace-pc -c input.c -o input.o &&
		cc -no-pie input.o main.o -o input || exit 2
	./input 4 > pcs.4
	./input 6 > pcs.6
	cmp -s pcs.4 pcs.6 && differ='the same PCs' || differ='other PCs'
	echo "$name: $differ; lines of 4: $(lines 4), of 6: $(lines 6)"
}
gcc=root/usr/bin/gcc-12
{
	run 'GCC -O1' $gcc -O1
	run 'GCC -O2' $gcc -O2
	run 'GCC -Os' $gcc -Os
	run 'GCC -O2 -fno-crossjumping' $gcc -O2 -fno-crossjumping
	run 'Clang -O2' root/usr/lib/llvm-19/bin/clang -O2 | sed 's/;.*//'
} > got
cat got
cat > seen <<'END'
GCC -O1: other PCs; lines of 4: 7 8 7, of 6: 7 9 7
GCC -O2: the same PCs; lines of 4: 7 9 9, of 6: 7 9 9
GCC -Os: the same PCs; lines of 4: 7 9 9, of 6: 7 9 9
GCC -O2 -fno-crossjumping: other PCs; lines of 4: 7 8 8, of 6: 7 9 9
Clang -O2: other PCs
END
cmp -s got seen
