#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Interrupts at every instruction of the hook, as compilers make it with the kernel's flags:
# test_step.c. TAP.

set -eu

usage() {
	cat <<-END
	Usage: tests/unit/test_step.sh [--all]
	       tests/unit/test_step.sh --build PROGRAM [CORE]

	Builds the test with GCC and Clang, as far as they are there, in build/unit, and runs
	both, half a minute each. With --all, nothing is left to chance, interrupts of
	interrupts neither: that takes an hour each.

	  --build    only with \$CC, by default gcc; CORE has the engine, by default core

	  build/unit/test_step-gcc 16    (mode 16 alone)
	END
}

repo=$(cd "$(dirname "$0")/../.." && pwd)
cd "$repo"

# What matters of the kernel's flags. No vector registers, no red zone: step.h counts on it.
flags="-fno-strict-aliasing -fno-strict-overflow -fno-stack-protector -fno-pie
-fcf-protection=none -mgeneral-regs-only -mno-red-zone -DCONFIG_KCOV_UNIQ=1
-include shim/linux/compiler_types.h"

# compile COMPILER CORE FLAG...
compile() {
	cc=$1 core=$2
	shift 2
	# shellcheck disable=SC2086 # a list
	"$cc" -std=gnu11 -Wall -Wextra -g $flags -I"$core" -Ikernel -Ishim -Itests/unit "$@"
}

# The hook as in the kernel; the test itself runs no faster with -O2.
build() { # COMPILER PROGRAM CORE
	compile "$1" "$3" -O2 -c tests/unit/hooks.c -o "$2.hooks.o" &&
	compile "$1" "$3" -O2 -c kernel/kcov_uniq_hook.c -o "$2.uniq.o" &&
	compile "$1" "$3" -O0 -no-pie tests/unit/test_step.c "$2.hooks.o" "$2.uniq.o" -o "$2"
}

skip() { echo "ok - $1: every instruction # SKIP $2"; }

# try COMPILER: its results, without numbers.
try() {
	if ! command -v "$1" >/dev/null; then
		skip "$1" "not installed"
		return
	fi
	case $("$1" -dumpmachine) in
	x86_64-*) ;;
	*) skip "$1" "stepping is for x86-64"; return ;;
	esac
	mkdir -p build/unit
	program=build/unit/test_step-${1##*/}
	if build "$1" "$program" core; then
		# shellcheck disable=SC2086
		tests/tap "${1##*/}" "$program" $all || :
	else
		echo "not ok - $1: does not compile"
	fi
}

all=
case ${1-} in
-h|--help) usage; exit ;;
--build) build "${CC:-gcc}" "$2" "${3:-core}"; exit ;;
--all) all=--all ;;
esac

results=$(mktemp)
trap 'rm -f "$results"' EXIT
# shellcheck disable=SC2086
for cc in $(printf '%s\n' gcc clang ${CC-} | sort -u); do
	try "$cc"
done | tee "$results"
echo "1..$(grep -cE '^(not )?ok' "$results")"
! grep -q '^not ok' "$results"
