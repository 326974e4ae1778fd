#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Coverage of a function that does not come back, with three instrumentations: gcov of GCC 12.2,
# and gcov and source-based coverage of Clang 19.1.7 (Debian 12). A program is in a loop when its
# time is up; the handler of the signal writes the counts and leaves, which is the usual way to
# get the coverage of what is ended from outside. Each report is wrong, each in its own way:
#  - GCC -O0, and Clang's source-based coverage, show the line behind the loop as run.
#  - GCC -O2 says "called 0 blocks executed 0%" of the function in which all the time went: the
#    loop's counters are in registers until it ends. -fprofile-update=atomic, meant for threads, or
#    -fno-tree-loop-im, which Linux uses, keep them in memory.
#  - Then, and with Clang's gcov, the function is never called, and its loop ran millions of times.
# Not all blocks have a counter. Other counts are worked out, as if each call had returned. Who
# looks for code that a test does not reach finds what it was stuck in.
#
# Seen: what "seen" below holds: whether the start of the function, the loop (both did run) and the
# line behind the loop (which did not) are shown as run.
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

gcc=12.2.0-14+deb12u1
llvm='1:19.1.7-3~deb12u1'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download gcc-12=$gcc cpp-12=$gcc libgcc-12-dev=$gcc libisl23 libmpc3 libmpfr6 libgmp10 \
	clang-19="$llvm" libclang-cpp19="$llvm" libllvm19="$llvm" llvm-19="$llvm" \
	libclang-common-19-dev="$llvm" libclang-rt-19-dev="$llvm" > log 2>&1 ||
	{ cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
bin=$PWD/root/usr/bin llvm=$PWD/root/usr/lib/llvm-19
LD_LIBRARY_PATH=$llvm/lib:$PWD/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

cat > input.c <<'END'
#include <signal.h>
#include <unistd.h>
int WRITE(void);

static void time_is_up(int signal)
{
	(void)signal;
	(void)WRITE();
	_exit(0);
}

__attribute__((noinline)) static unsigned int steps(unsigned int x)
{
	unsigned int n = 0;

	if (x > 100) /* start */
		return 0;
	while (x != 1) {
		x = x % 2 ? 3 * x + 1 : x / 2; /* loop */
		n++;
	}
	return n * 2; /* end */
}

int main(int argc, char **argv)
{
	signal(SIGALRM, time_is_up);
	alarm(1);
	return steps(argc - 1) + steps(*argv[0]);
}
END
report() { # NAME: a report in gcov's form, as input
	sed -n 's,^ *\([^:]*\):.*/\* \(.*\) \*/.*,\1: \2,p' | awk -v name="$1" '
		{ line = line ", " $2 " " ($1 == "-:" ? "-" : $1 + 0 ? "run" : "not") }
		END { print name ": " substr(line, 3) }'
}
gcov() { # NAME 'COMPILER' 'GCOV'
	rm -f ./*.gc??
	$2 -std=gnu99 -DWRITE=__gcov_dump --coverage -c input.c -o input.o &&
		$2 --coverage input.o -o input && ./input || exit 2
	$3 -t input.gcda | report "$1"
}
{
	gcov 'GCC -O0' "$bin/gcc-12 -O0" "$bin/gcov-12"
	gcov 'GCC -O2' "$bin/gcc-12 -O2" "$bin/gcov-12"
	gcov 'GCC -O2 -fno-tree-loop-im' "$bin/gcc-12 -O2 -fno-tree-loop-im" "$bin/gcov-12"
	gcov 'GCC -O2 -fprofile-update=atomic' "$bin/gcc-12 -O2 -fprofile-update=atomic" "$bin/gcov-12"
	gcov "Clang's gcov" "$llvm/bin/clang" "$llvm/bin/llvm-cov gcov"
	"$llvm/bin/clang" -std=gnu99 -DWRITE=__llvm_profile_write_file -fprofile-instr-generate \
		-fcoverage-mapping input.c -o input && LLVM_PROFILE_FILE=profraw ./input || exit 2
	"$llvm/bin/llvm-profdata" merge profraw -o profdata
	"$llvm/bin/llvm-cov" show input -instr-profile profdata |
		awk -F '|' '{ print $2 ": " $3 }' | report "Clang's source-based"
} > got
cat got
cat > seen <<'END'
GCC -O0: start run, loop run, end run
GCC -O2: start not, loop not, end not
GCC -O2 -fno-tree-loop-im: start not, loop run, end not
GCC -O2 -fprofile-update=atomic: start not, loop run, end not
Clang's gcov: start not, loop run, end not
Clang's source-based: start run, loop run, end run
END
cmp -s got seen
