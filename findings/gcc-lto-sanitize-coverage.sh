#!/bin/sh
# SPDX-License-Identifier: MIT
#
# GCC 12.2 (Debian 12): with -flto, whether code gets -fsanitize-coverage's calls is decided by the
# command that links, for all objects alike. What the objects were compiled with does not matter:
# without the option at the link, objects compiled with it have no coverage, and with it, objects
# compiled without it, because they must not be traced, are traced. There is no message. Other
# options that objects are compiled with, such as -fno-omit-frame-pointer, are kept for each
# function; Clang 19 keeps this one too. What does keep code out is the attribute
# no_sanitize_coverage on each function.
#
# Seen: what "seen" below holds: calls of the hook in a function compiled with the option and in
# one compiled without it.
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

gcc=12.2.0-14+deb12u1
clang='1:19.1.7-3~deb12u1'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download gcc-12=$gcc cpp-12=$gcc libisl23 libmpc3 libmpfr6 libgmp10 \
	clang-19="$clang" lld-19="$clang" libclang-cpp19="$clang" libllvm19="$clang" \
	libclang-common-19-dev="$clang" > log 2>&1 || { cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
llvm=$PWD/root/usr/lib/llvm-19
LD_LIBRARY_PATH=$llvm/lib:$PWD/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

cat > with.c <<'END'
void log_it(void);
int with(int x) { if (x) log_it(); return x * 3; }
END
cat > without.c <<'END'
#ifdef __clang__
#define UNTRACED __attribute__((no_sanitize("coverage")))
#else
#define UNTRACED __attribute__((no_sanitize_coverage))
#endif
void log_it(void);
int without(int x) { if (x) log_it(); return x * 3; }
UNTRACED int attribute(int x) { if (x) log_it(); return x * 3; }
END
coverage=-fsanitize-coverage=trace-pc

# calls FUNCTION: of the hook, in linked.o.
calls() {
	objdump -dr linked.o | awk -v f="<$1>:" '/^[0-9a-f]+ </ { on = $2 == f }
		on && /R_X86_64.*__sanitizer_cov_trace_pc/ { n++ } END { printf "%d", n }'
}
line() { echo "$1: compiled with $(calls with), without $(calls without), attribute $(calls attribute)"; }
compile() { # COMPILER...
	"$@" -O1 $coverage -c with.c && "$@" -O1 -c without.c || exit 2
}
gcc=root/usr/bin/gcc-12
{
	compile $gcc
	ld -r with.o without.o -o linked.o
	line 'GCC'
	compile $gcc -flto
	$gcc -O1 -flto -r -flinker-output=nolto-rel with.o without.o -o linked.o || exit 2
	line 'GCC -flto, linked without the option'
	$gcc -O1 -flto $coverage -r -flinker-output=nolto-rel with.o without.o -o linked.o || exit 2
	line 'GCC -flto, linked with the option'
	compile "$llvm/bin/clang" -flto
	root/usr/bin/ld.lld-19 -r with.o without.o -o linked.o || exit 2
	line 'Clang -flto'
} > got
cat got
cat > seen <<'END'
GCC: compiled with 3, without 0, attribute 0
GCC -flto, linked without the option: compiled with 0, without 0, attribute 0
GCC -flto, linked with the option: compiled with 3, without 3, attribute 0
Clang -flto: compiled with 3, without 0, attribute 0
END
cmp -s got seen
