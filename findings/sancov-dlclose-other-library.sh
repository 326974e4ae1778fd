#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Clang 19.1.7 (Debian 12), -fsanitize-coverage=trace-pc-guard with a sanitizer, coverage=1: a
# program loads plug-in A, calls it, closes it and loads plug-in B, which it does not call. There is
# no file of coverage for A, but one for B, with as many PCs as ran in A; for the symbolizer they
# are in B's function. There is no message, and the status is 0. The runtime keeps addresses, and
# asks at the end of the process which module is there; Linux puts the next library where the last
# one was. If nothing is there, it says "unknown pc", but still writes these PCs, into the file of
# the module before them, as offsets that are whole addresses.
#
# Seen: what "seen" below holds: the PCs in the file of each module, but for those of main().
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

cat > a.c <<'END'
int a(int x) { return x > 3 ? x - 1 : 2; }
END
cat > b.c <<'END'
int b(int x) { return x > 3 ? x * 2 : 7; }
END
cat > main.c <<'END'
#include <dlfcn.h>
#include <string.h>

int main(int argc, char **argv)
{
	void *plugin = dlopen("./a.so", RTLD_NOW);
	int (*a)(int x) = (int (*)(int))dlsym(plugin, "a");
	int value = a(7);

	if (strstr(argv[argc - 1], "close") && dlclose(plugin))
		return 1;
	if (strstr(argv[argc - 1], "load") && !dlopen("./b.so", RTLD_NOW))
		return 1;
	return value != 6;
}
END
clang="$bin/clang -g -w -fsanitize=undefined -fsanitize-coverage=trace-pc-guard"
$clang -shared -fPIC a.c -o a.so && $clang -shared -fPIC b.c -o b.so && $clang main.c -o main ||
	exit 2

run() { # WHAT
	rm -f ./*.sancov
	UBSAN_OPTIONS=coverage=1 ./main "$1" > log 2>&1 || { cat log >&2; exit 2; }
	echo "$1:"
	for file in *.sancov; do
		module=${file%%.[0-9]*}
		# After 8 bytes of magic, 8 for each PC.
		od -A n -v -t x8 -w8 -j 8 "$file" | while read -r pc; do
			case $pc in
			0000000000*) "$bin/llvm-symbolizer" --obj="$module" "0x$pc" | head -n 1 ;;
			*) echo 'a whole address' ;;
			esac
		done | grep -v main | sort | uniq -c | while read -r number function; do
			echo "  in the file of $module: $number of $function"
		done
	done
	sed -n 's/.*\(unknown pc\).*/  message: \1/p' log
}
{
	run 'call'
	run 'call, load'
	run 'call, close'
	run 'call, close, load'
} > got
cat got
cat > seen <<'END'
call:
  in the file of a.so: 2 of a
call, load:
  in the file of a.so: 2 of a
call, close:
  in the file of main: 2 of a whole address
  message: unknown pc
  message: unknown pc
call, close, load:
  in the file of b.so: 2 of b
END
cmp -s got seen
