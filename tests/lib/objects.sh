#!/bin/sh
# SPDX-License-Identifier: MIT
#
# objects.sh DIR: compiles tests/lib/objects in all the ways that the tests look at.

set -eu
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/objects"

cov="-fsanitize-coverage=trace-pc,trace-cmp"
base="-O2 -g -gdwarf-5 -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -I."
link="-nostdlib -static -Wl,-e,_start -Wl,--build-id=sha1"

# kernel NAME CC FLAG...: DIR/NAME; DIR/NAME.s has what the compiler says itself.
kernel() {
	name=$1 cc=$2
	shift 2
	# shellcheck disable=SC2086 # lists
	for f in init/main other; do
		# Split, there would be a file beside the source.
		$cc $base "$@" -gno-split-dwarf -S -o "$out/$name.$(basename $f).s" $f.c
		$cc $base "$@" -c -o "$out/$name.$(basename $f).o" $f.c
	done
	cat "$out/$name.main.s" "$out/$name.other.s" > "$out/$name.s"
	# shellcheck disable=SC2086
	$cc $base -c -o "$out/$name.hooks.o" hooks.c
	# shellcheck disable=SC2086
	$cc $link -o "$out/$name" "$out/$name.main.o" "$out/$name.other.o" "$out/$name.hooks.o"
}

# module NAME CC FLAG...: DIR/NAME.ko
module() {
	name=$1 cc=$2
	shift 2
	# shellcheck disable=SC2086
	$cc $base "$@" -S -o "$out/$name.s" mod.c
	# shellcheck disable=SC2086
	$cc $base "$@" -c -o "$out/$name.o" mod.c
	# shellcheck disable=SC2086
	$cc -nostdlib -r -Wl,--build-id=sha1 -o "$out/$name.ko" "$out/$name.o"
}

kernel gcc gcc $cov
kernel regs gcc $cov -mcmodel=large
kernel size gcc $cov -Os
kernel clang clang-14 $cov
kernel dwarf2 gcc $cov -gdwarf-2
kernel dwarf4 gcc $cov -gdwarf-4
kernel clang4 clang-14 $cov -gdwarf-4
kernel split gcc $cov -gsplit-dwarf
kernel clangsplit clang-14 $cov -gsplit-dwarf
kernel dwarf64 gcc $cov -gdwarf64
kernel clang64 clang-14 $cov -gdwarf64
kernel arm64 aarch64-linux-gnu-gcc $cov -mno-outline-atomics
kernel none gcc
module mod gcc $cov
module regmod gcc $cov -mcmodel=large
module armmod aarch64-linux-gnu-gcc $cov -mno-outline-atomics

# Inlined functions are described in other units.
# shellcheck disable=SC2086
gcc $base $cov -flto -flto-partition=none $link -o "$out/lto" init/main.c other.c "$out/gcc.hooks.o"

# That of binutils leaves line 0 out.
for f in line0 ranges4 ranges5; do
	clang-14 -c -o "$out/$f.o" $f.s
	# shellcheck disable=SC2086
	gcc $link -o "$out/$f" "$out/$f.o"
done

cd "$out"
# What it says of an empty segment is true, and no matter.
objcopy --compress-debug-sections=zstd gcc zstd 2>/dev/null
objcopy --compress-debug-sections=zlib gcc zlib 2>/dev/null
objcopy --compress-debug-sections=zlib-gnu gcc zlib-gnu 2>/dev/null
strip -g -o nodebug gcc 2>/dev/null
strip -o nosymbols gcc 2>/dev/null
objcopy --only-keep-debug gcc onlydebug 2>/dev/null
rm -rf modules two empty damaged broken linked && mkdir -p modules/a/b modules/stripped
cp mod.ko modules/a/b/mod.ko
strip -g -o modules/stripped/mod.ko mod.ko
xz -k -c regmod.ko > modules/a/reg-mod.ko.xz
cp -r modules/a two
ln -s modules linked
cp mod.ko two/other.ko
mkdir -p empty damaged broken
head -c 3000 mod.ko > damaged/mod.ko
