#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The engine needs no C library and calls nothing, for any compiler at hand. TAP.

set -eu

repo=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0

result() { # ok|not, text
	n=$((n + 1))
	[ "$1" = ok ] || { failed=1; set -- "not ok" "$2"; }
	echo "$1 $n - $2"
}

skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

# try COMPILER FLAG...
try() {
	cc=$1
	shift
	what="$cc $*"
	if ! command -v "$cc" >/dev/null; then
		skip "$what" "not installed"
		return
	fi
	# Warnings are errors here: this is what a kernel build would see.
	if ! echo 'int x;' | "$cc" "$@" -ffreestanding -x c -c - -o "$tmp/probe.o" 2>/dev/null; then
		skip "$what" "the compiler cannot do that"
		return
	fi
	# stdint.h, stddef.h and stdbool.h are the compiler's own.
	headers=$("$cc" -print-file-name=include)
	[ -d "$headers" ] || headers=$("$cc" -print-resource-dir)/include
	if ! "$cc" -std=gnu11 -Wall -Wextra -Werror -nostdinc -ffreestanding -nostdlib "$@" \
		-isystem "$headers" -I"$repo/shim" -I"$repo/core" \
		-c "$repo/tests/unit/freestanding.c" -o "$tmp/free.o" 2> "$tmp/log"; then
		sed 's/^/# /' "$tmp/log"
		result not "$what: compiles"
		return
	fi
	undefined=$(nm -u "$tmp/free.o" | grep -vE "_GLOBAL_OFFSET_TABLE_|[.]TOC[.]" || :)
	if [ -z "$undefined" ]; then
		result ok "$what: no undefined symbol"
	else
		echo "# undefined: $undefined"
		result not "$what: no undefined symbol"
	fi
}

try "${CC:-gcc}" -O2
for compiler in gcc clang; do
	for flags in -O2 -Os -O0 "-m32 -O2" "-m32 -O0" "-O2 -mgeneral-regs-only"; do
		# shellcheck disable=SC2086 # flags are words
		try "$compiler" $flags
	done
done
try clang --target=aarch64-linux-gnu -O2
try clang --target=armv7-linux-gnueabi -O2
try clang --target=riscv64-linux-gnu -O2
try clang --target=powerpc64-linux-gnu -O2
try aarch64-linux-gnu-gcc -O2 -mno-outline-atomics
echo "1..$n"
exit $failed
