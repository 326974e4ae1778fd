#!/bin/sh
# SPDX-License-Identifier: MIT
#
# addr2line 2.40 (Debian 12) on code of Clang 19.1.7 with DWARF 5, its usual version: an inlined
# function whose code is not in one piece is left out of the frames, and its line is given to the
# function around it: "user, line 6", where line 6 is one of check(). Status 0, no message. Such a
# function has DW_AT_ranges in the form DW_FORM_rnglistx there. With DWARF 4, or in code of GCC,
# the same function is found; llvm-addr2line 19 finds it always. Users of addr2line have met it with
# Clang 20. Linux's scripts/decode_stacktrace.sh asks addr2line unless LLVM is set.
#
# Seen: what "seen" below holds: of the addresses of user() at lines of check(), how many have the
# frame of check().
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

llvm='1:19.1.7-3~deb12u1' binutils=2.40-2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download clang-19="$llvm" libclang-cpp19="$llvm" libllvm19="$llvm" llvm-19="$llvm" \
	libclang-common-19-dev="$llvm" binutils-x86-64-linux-gnu=$binutils libbinutils=$binutils \
	> log 2>&1 || { cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
bin=$PWD/root/usr/lib/llvm-19/bin
addr2line=$PWD/root/usr/bin/x86_64-linux-gnu-addr2line
LD_LIBRARY_PATH=$PWD/root/usr/lib/llvm-19/lib:$PWD/root/usr/lib/x86_64-linux-gnu
export LD_LIBRARY_PATH

cat > input.c <<'END'
void rare(int x) __attribute__((cold));
int get(int x);
static inline int check(int x)
{
	if (x > 5)
		rare(x);
	return x * 3;
}
int user(int x)
{
	x = get(x);
	x += check(x);
	return get(x);
}
END
cat > main.c <<'END'
void rare(int x) { (void)x; }
int get(int x) { return x ^ 5; }
int user(int x);
int main(int argc, char **argv) { (void)argv; return user(argc); }
END
cc -O1 -g0 -c main.c

# count TOOL: of the addresses at lines 5 to 7 of input.c, how many have the frame of check().
count() {
	"$bin/llvm-objdump" -d --disassemble-symbols=user --no-show-raw-insn x |
		sed -n 's/^ *\([0-9a-f]*\):.*/0x\1/p' | "$@" -a -i -f -e x | awk '
		/^0x/ { address = $0; next }
		address != last && !/:/ { last = address; inner = $0 }
		/input.c:[567]$/ { lines++; found += inner == "check" }
		END { printf "%d of %d", found, lines }'
}
run() { # NAME COMPILER OPTION...
	name=$1
	shift
	"$@" -O2 -c input.c -o input.o && cc input.o main.o -o x || exit 2
	echo "$name: addr2line $(count "$addr2line"), llvm-addr2line $(count "$bin/llvm-addr2line")"
}
"$addr2line" --version | head -n 1
{
	run 'Clang, DWARF 5' "$bin/clang" -g
	run 'Clang, DWARF 4' "$bin/clang" -gdwarf-4
	run 'GCC, DWARF 5' gcc -gdwarf-5
} > got
cat got
cat > seen <<'END'
Clang, DWARF 5: addr2line 0 of 4, llvm-addr2line 4 of 4
Clang, DWARF 4: addr2line 4 of 4, llvm-addr2line 4 of 4
GCC, DWARF 5: addr2line 2 of 2, llvm-addr2line 2 of 2
END
cmp -s got seen
