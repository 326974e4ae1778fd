#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Clang 19.1.7 (Debian 12), -O2: a function with no_sanitize("coverage") that is inlined into one
# without is traced there, with all its blocks. The attribute does not keep it from being inlined,
# as no_sanitize("address") and no_sanitize("thread") do, and is forgotten once it is. GCC 12.2
# does not inline a function with no_sanitize_coverage, and so keeps it untraced. With Clang, code
# that must not call the hook needs noinline as well. Clang 14 does the same.
#
# Seen: what "seen" below holds: calls of the hook, or of the sanitizer's functions, in the caller
# of such a function, and whether a copy of the function is left to call.
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
void other(int *p);

ATTRIBUTE static inline int untraced(int *p)
{
	if (*p > 3)
		other(p);
	return *p + 1;
}

int caller(int *p)
{
	return untraced(p) * 2;
}
END
run() { # NAME HOOK COMPILER OPTION...
	name=$1 hook=$2
	shift 2
	"$@" -O2 -c input.c -o input.o || exit 2
	hooks=$(objdump -dr input.o | awk '/^[0-9a-f]+ </ { on = $2 == "<caller>:" }
		on && /R_X86_64.*'"$hook"'/ { n++ } END { print n + 0 }')
	nm input.o | grep -q untraced && left='not inlined' || left=inlined
	echo "$name: $left, $hooks in the caller"
}
gcc=root/usr/bin/gcc-12 clang=root/usr/lib/llvm-19/bin/clang
{
	run 'GCC, coverage' __sanitizer_cov $gcc -fsanitize-coverage=trace-pc \
		'-DATTRIBUTE=__attribute__((no_sanitize_coverage))'
	run 'Clang, coverage' __sanitizer_cov $clang -fsanitize-coverage=trace-pc \
		'-DATTRIBUTE=__attribute__((no_sanitize("coverage")))'
	run 'Clang, coverage, no attribute' __sanitizer_cov $clang -fsanitize-coverage=trace-pc \
		-DATTRIBUTE=
	run 'Clang, address' __asan_ $clang -fsanitize=address \
		'-DATTRIBUTE=__attribute__((no_sanitize("address")))'
	run 'Clang, thread' __tsan_read $clang -fsanitize=thread \
		'-DATTRIBUTE=__attribute__((no_sanitize("thread")))'
} > got
cat got
cat > seen <<'END'
GCC, coverage: not inlined, 1 in the caller
Clang, coverage: inlined, 3 in the caller
Clang, coverage, no attribute: inlined, 3 in the caller
Clang, address: not inlined, 0 in the caller
Clang, thread: not inlined, 0 in the caller
END
cmp -s got seen
