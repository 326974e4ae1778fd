#!/bin/sh
# SPDX-License-Identifier: MIT
#
# gcov of GCC 12.2 and of Clang 19.1.7 (Debian 12): a program that starts another one by vfork()
# and exec() gets wrong counts, and the two are wrong in opposite ways.
#  - GCC: what the program runs after that is lost, in all its files: 0, "never executed".
#  - Clang: what it ran before that is counted twice.
# Both put a function in the place of exec() that writes the counts first, as exec() drops them.
# A child of vfork() has its parent's memory. So GCC's mark "is written" stays in the parent, which
# then writes nothing at its end; Clang's parent writes all of it again. There is no message. Only
# fork() by its name has a replacement that takes care of that. forkpty(), which calls it in the C
# library, leads to counts twice in both. After fork() GCC is wrong for one line: it shows the one
# after exec() as run, which did not come back. posix_spawn() is right in both.
#
# Seen: what "seen" below holds: the counts of each line with a comment.
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
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static int first, last;

int main(void)
{
	char *argv[] = { "true", 0 };
	int status = 1, terminal = -1;
	pid_t pid;

	first++; /* before */
#ifndef WAY
	if (posix_spawn(&pid, "/bin/true", 0, 0, argv, 0))
		return 1;
#else
	pid = WAY;
	if (!pid) {
		execv("/bin/true", argv);
		_exit(1); /* behind exec */
	}
#endif
	waitpid(pid, &status, 0);
	last++; /* after */
	return status || terminal == 0 || first != last;
}
END
run() { # NAME 'COMPILER' 'GCOV'
	for way in fork vfork forkpty posix_spawn; do
		case $way in
		forkpty) define='-DWAY=forkpty(&terminal,0,0,0)' ;;
		posix_spawn) define=-UWAY ;;
		*) define="-DWAY=$way()" ;;
		esac
		rm -f ./*.gc??
		$2 -D_GNU_SOURCE "$define" --coverage -c input.c -o input.o &&
			$2 --coverage input.o -o input || exit 2
		./input || { echo "the program failed" >&2; exit 2; }
		printf '%s, %s:' "$1" "$way"
		$3 -t input.gcda | sed -n 's,^ *\([^:]*\):.*/\* \(.*\) \*/.*, \2 \1,p' |
			grep -v ' -$' | paste -sd,
	done
}
{
	run GCC "$bin/gcc-12" "$bin/gcov-12"
	run Clang "$llvm/bin/clang" "$llvm/bin/llvm-cov gcov"
} > got
cat got
cat > seen <<'END'
GCC, fork: before 1, behind exec 1, after 1
GCC, vfork: before 1, behind exec 1, after #####
GCC, forkpty: before 2, behind exec 1, after 1
GCC, posix_spawn: before 1, after 1
Clang, fork: before 1, behind exec #####, after 1
Clang, vfork: before 2, behind exec #####, after 1
Clang, forkpty: before 2, behind exec #####, after 1
Clang, posix_spawn: before 1, after 1
END
cmp -s got seen
