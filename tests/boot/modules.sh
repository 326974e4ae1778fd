#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Build the modules of tests/boot/module for the kernel of the other tests, and run a program with
# their directory as its argument in a guest. Arguments are --kernel VERSION --arch ARCH
# --config NAME, which may be empty, the program, and options of scripts/vm.

set -eu
die() { echo "modules: $*" >&2; exit 1; }

repo=$(cd "$(dirname "$0")/../.." && pwd)
[ "${1-}" = --kernel ] && [ "${3-}" = --arch ] && [ "${5-}" = --config ] ||
	die "--kernel VERSION --arch ARCH --config NAME first"
kernel=$2 arch=$4 config=$6 program=$7
shift 7
tree=$("$repo/scripts/get-kernel" --kernel "$kernel")
image=$("$repo/scripts/build-kernel" --kernel "$kernel" --arch "$arch" --config "$config")
built=$repo/build/linux-$kernel-$arch${config:+-$(echo "$config" | tr , -)}
out=$built.modules
mkdir -p "$out"
exec 9> "$out.lock"
flock 9
cp -u "$repo"/tests/boot/module/* "$out"
make -C "$tree" O="$built" ARCH="$arch" M="$out" CC="${CC:-gcc}" modules > "$out.log" 2>&1 || {
	tail -n 20 "$out.log" >&2
	die "cannot build the modules, see $out.log"
}
"$repo/scripts/vm" --kernel "$kernel" --arch "$arch" --image "$image" "$@" -- "$program" "$out"
