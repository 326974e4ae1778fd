#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck shell=dash # for -nt
#
# Build the kselftest by the kernel's own Makefile and run it in a guest; it prints TAP.

set -eu

usage() {
	cat <<-END
	Usage: tests/boot/kselftest.sh [--kernel VERSION] [--arch ARCH] [--config NAME]

	Builds tools/testing/selftests/kcov of the patched tree in build/kselftest-VERSION,
	and runs it in a kernel that scripts/vm boots: the options are those of scripts/vm.

	  tests/boot/kselftest.sh
	  tests/boot/kselftest.sh --arch x86_64
	END
}

die() { echo "kselftest: $*" >&2; exit 1; }

kernel=6.12 arch=um config=
while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) usage; exit ;;
	--kernel|--arch|--config) [ $# -ge 2 ] || die "$1 needs a value, see --help" ;;
	*) die "unknown argument '$1', see --help" ;;
	esac
	case $1 in
	--kernel) kernel=$2 ;;
	--arch) arch=$2 ;;
	--config) config=$2 ;;
	esac
	shift 2
done

repo=$(cd "$(dirname "$0")/../.." && pwd)
tree=$("$repo/scripts/get-kernel" --kernel "$kernel")
out=$repo/build/kselftest-$kernel
mkdir -p "$out/headers"
exec 9> "$out/lock"
flock 9
unset ARCH

# The host's programs run in all guests; so do its headers.
header=usr/include/linux/kcov.h
if [ ! "$out/headers/$header" -nt "$tree/include/uapi/linux/kcov.h" ]; then
	make -C "$tree" O="$out/headers" -j"$(nproc)" headers > "$out/headers.log" 2>&1 ||
		die "cannot make the kernel's headers, see $out/headers.log"
	touch "$out/headers/$header"
fi
make -C "$tree/tools/testing/selftests" O="$out" TARGETS=kcov CC="${CC:-gcc}" \
	KHDR_INCLUDES="-isystem $out/headers/usr/include" USERCFLAGS=-Werror > "$out/build.log" 2>&1 ||
	die "cannot build the kselftest, see $out/build.log"
"$repo/scripts/vm" --kernel "$kernel" --arch "$arch" --config "$config" --time 300 \
	--log "$out/$arch${config:+-$config}.log" -- "$out/kselftest/kcov/unique_modes"
