#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Clang and llvm-cov 19.1.7 (Debian 12): in the body of a macro, a branch of one statement without
# braces that never ran is shown as if it had: "llvm-cov show" and the DA records of "export
# -format=lcov" give its line the count of the code around it. The region of the statement has
# count 0; but Clang writes no gap region before it, which it does outside of macros, and
# llvm-cov takes the larger of the count at a line's start and those that begin in it. So in a
# macro, "if (x) a; else b;" has full line coverage after one call. In a function, or with braces
# on lines of their own, the count is 0. Clang and llvm-cov 14 and 16 do the same.
#
# Seen: what "seen" below holds: the counts of "y = 2;", which never runs.
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

llvm='1:19.1.7-3~deb12u1'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download clang-19="$llvm" libclang-cpp19="$llvm" libllvm19="$llvm" llvm-19="$llvm" \
	libclang-common-19-dev="$llvm" libclang-rt-19-dev="$llvm" > log 2>&1 ||
	{ cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
bin=$PWD/root/usr/lib/llvm-19/bin
LD_LIBRARY_PATH=$PWD/root/usr/lib/llvm-19/lib:$PWD/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

cat > input.c <<'END'
#define MACRO(x, y) do { \
	if (x) \
		y = 1; \
	else \
		y = 2; /* in a macro */ \
} while (0)

#define BRACES(x, y) do { \
	if (x) { \
		y = 1; \
	} else { \
		y = 2; /* in a macro, with braces */ \
	} \
} while (0)

static int function(int x)
{
	int y;

	if (x)
		y = 1;
	else
		y = 2; /* in a function */
	return y;
}

int main(void)
{
	int x = 1, y, z;

	MACRO(x, y);
	BRACES(x, z);
	return y + z + function(x) == 3 ? 0 : 1;
}
END
"$bin/clang" -fprofile-instr-generate -fcoverage-mapping input.c -o input || exit 2
LLVM_PROFILE_FILE=profraw ./input || { echo "the branch did run" >&2; exit 2; }
"$bin/llvm-profdata" merge profraw -o profdata
"$bin/llvm-cov" show input -instr-profile profdata > shown
"$bin/llvm-cov" export -format=lcov input -instr-profile profdata > info
cat shown
grep -n 'y = 2' input.c | while IFS=: read -r line text; do
	echo "$(echo "$text" | sed 's,.*/\* \(.*\) \*/.*,\1,'): shown" \
	     "$(awk -F '|' -v line="$line" '$1 + 0 == line { print $2 + 0; exit }' shown)," \
	     "LCOV $(sed -n "s/^DA:$line,//p" info)"
done > got
cat got
cat > seen <<'END'
in a macro: shown 1, LCOV 1
in a macro, with braces: shown 0, LCOV 0
in a function: shown 0, LCOV 0
END
cmp -s got seen
