#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Clang 19.1.7 (Debian 12), x86-64: a function with __attribute__((preserve_most)) saves all
# registers that its calls may change before its first branch, so an early exit pays for the whole
# function. The same function without the attribute is shrink-wrapped: its early exit touches no
# register. Linux marks out-of-line slow paths of callbacks so (__preserve_most, since 6.6), which
# makes an early exit in them several times as long. What helps is a function of its own behind
# the early exit.
#
# Seen: "preserve_most: 9 registers pushed before the first branch", "without: 0", "split: 1".
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

version='1:19.1.7-3~deb12u1'
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download clang-19="$version" libclang-cpp19="$version" libllvm19="$version" \
	libclang-common-19-dev="$version" > log 2>&1 || { cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
llvm=root/usr/lib/llvm-19
LD_LIBRARY_PATH=$llvm/lib:root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

cat > input.c <<'END'
void slow(long *p);

#define MOST __attribute__((noinline, preserve_most))

MOST void most(long *p)
{
	if (!*p)
		return;
	slow(p);
	slow(p + 1);
}

__attribute__((noinline)) void without(long *p)
{
	if (!*p)
		return;
	slow(p);
	slow(p + 1);
}

MOST static void behind(long *p)
{
	slow(p);
	slow(p + 1);
}

MOST void split(long *p)
{
	if (!*p)
		return;
	behind(p);
}
END
"$llvm/bin/clang" --version | head -n 1
"$llvm/bin/clang" -O2 -fomit-frame-pointer -S input.c -o input.s || exit 2

# pushes FUNCTION: before its first branch.
pushes() {
	awk -v f="$1:" '$1 == f { on = 1 } on && $1 == "pushq" { n++ }
		on && $1 ~ /^j/ { print n + 0; exit }' input.s
}
{
	echo "preserve_most: $(pushes most) registers pushed before the first branch"
	echo "without: $(pushes without)"
	echo "split: $(pushes split)"
} > seen
cat seen
printf '%s\n' 'preserve_most: 9 registers pushed before the first branch' 'without: 0' 'split: 1' |
	cmp -s - seen
