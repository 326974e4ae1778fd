#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libFuzzer with ASan and UBSan on what reads files: the same few inputs each time, or
# $UKCOV_FUZZ_SECONDS of new ones for each of the two. What is found stays in
# build/lib-fuzz/. TAP.

set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/boot/tap.sh
if [ -n "${UKCOV_FUZZ_SECONDS:-}" ]; then
	much="-max_total_time=$UKCOV_FUZZ_SECONDS"
else
	# Not for some seconds: what a fuzzer finds by chance is no test's result.
	much='-seed=1 -runs=5000'
fi
dir=build/lib-fuzz
flags="-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
out=$dir/out
mkdir -p $dir/text $dir/elf $dir/module
export UKCOV_FUZZ_DIR="$PWD/$dir/module" UKCOV_OBJECTS="$PWD/build/lib/objects"

make -s -C lib CC=clang-14 O="$PWD/$dir" CFLAGS="$flags" "$PWD/$dir/libukcov.a" > $out 2>&1
ok $? "builds with Clang"
for target in text elf; do
	clang-14 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -O1 -g -fsanitize=fuzzer,address,undefined \
		-rdynamic -Ilib tests/lib/fuzz_$target.c $dir/libukcov.a -ldw -lelf -ldl -o $dir/fuzz_$target > $out 2>&1
	ok $? "fuzz_$target builds"
done

# Small ones of each kind to start from.
for k in gcc regs clang clang4 clang64 dwarf2 dwarf4 dwarf64 lto split clangsplit zlib zlib-gnu arm64 \
	line0 ranges4 ranges5; do
	cp build/lib/objects/$k $dir/elf/
done
map='mod 16384 0 - Live 0x70000000\n# section mod .text 0x70000000\n'
for k in mod regmod armmod; do
	case $k in arm*) kind=A ;; *) kind=M ;; esac
	{ printf '%s\000\000' $kind; cat build/lib/objects/$k.ko; } > $dir/elf/$k
	# shellcheck disable=SC2059 # the 61 bytes of the map have escapes
	{ printf "$kind\\075\\000$map"; cat build/lib/objects/$k.ko; } > $dir/elf/$k-map
done
printf '# ukcov 1\n# build-id: ab\n# pcs: 2\n0x0000000000000001\n0xffffffff81000000\n' > $dir/text/set
printf '# text 0xffffffff81000000\na 1 0 - Live 0xffffffffc0000000\n# section a .text 0xffffffffc0000000\n' > $dir/text/map

new=
for target in text elf; do
	# Leaks inside libdw on damaged input are not ours; ours are found by the other tests.
	leaks=1
	[ $target = text ] || leaks=0
	# What was found before is not the start of a run that is to be the same.
	[ -n "${UKCOV_FUZZ_SECONDS:-}" ] || new=$(mktemp -d)
	# Seconds on the clock, for one input: a machine may stand still for a while.
	# shellcheck disable=SC2086 # a list
	$dir/fuzz_$target $much -timeout=300 -rss_limit_mb=2048 -max_len=40000 \
		-dict=tests/lib/fuzz_$target.dict \
		-detect_leaks=$leaks -artifact_prefix=$dir/$target- -print_final_stats=1 \
		${new:+"$new"} $dir/$target > $dir/$target.log 2>&1
	status=$?
	[ -z "$new" ] || rm -rf "$new"
	tail -n 25 $dir/$target.log > $out
	ok $status "fuzz_$target: $(sed -n 's/^stat::number_of_executed_units: //p' $dir/$target.log) inputs"
done
# Or the fuzzer plays with headers only.
with=$(sed -n 's/^stat::with_functions: //p' $dir/elf.log)
[ "${with:-0}" -gt 0 ]
ok $? "fuzz_elf: functions are read in the debug information of $with inputs"
done_testing
