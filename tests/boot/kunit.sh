#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Run the KUnit suite of the unique modes; the kernel's own kunit.py judges it. TAP.

set -eu

usage() {
	cat <<-END
	Usage: tests/boot/kunit.sh [--kernel VERSION] [--arch um] [--own-kernel]

	Runs the KUnit suite in the kernel that the other tests boot, where it waits for
	kunit.enable=1, and prints its results as TAP. What its kunitconfig sets must be
	what a kernel can have. The logs stay in build/kunit-VERSION.

	  --kernel VERSION  default: 6.12
	  --own-kernel      as the documentation of the series has it: kunit.py builds a
	                    kernel from the kunitconfig (minutes the first time), and runs it
	END
}

die() { echo "kunit: $*" >&2; exit 1; }

kernel=6.12 own=
while [ $# -gt 0 ]; do
	case $1 in
	--kernel) [ $# -ge 2 ] || die "--kernel needs a version"; kernel=$2; shift 2 ;;
	--own-kernel) own=1; shift ;;
	--arch) [ "${2-}" = um ] || die "--arch: um only"; shift 2 ;;
	-h|--help) usage; exit ;;
	*) die "unknown argument '$1', see --help" ;;
	esac
done

repo=$(cd "$(dirname "$0")/../.." && pwd)
command -v python3 >/dev/null || die "python3 is missing: run 'scripts/deps um'"
tree=$("$repo/scripts/get-kernel" --kernel "$kernel")
out=$repo/build/kunit-$kernel
mkdir -p "$out"
exec 9> "$out/lock"
flock 9
cc=${CC:-gcc}
if command -v ccache >/dev/null; then
	export CCACHE_DIR="${CCACHE_DIR:-$repo/build/ccache}"
	export CCACHE_BASEDIR="$repo/build" CCACHE_NOHASHDIR=1
	export KBUILD_BUILD_TIMESTAMP='2000-01-01 00:00:00 UTC'
	cc="ccache $cc"
fi

cd "$tree"
kunit() {
	command=$1
	shift
	python3 tools/testing/kunit/kunit.py "$command" --arch um --build_dir "$out" \
		--kunitconfig tools/testing/kunit/configs/kcov.config "$@"
}
for i in config ${own:+build}; do
	kunit "$i" --make_options "CC=$cc" --make_options "HOSTCC=$cc" > "$out/$i.log" 2>&1 || {
		tail -n 20 "$out/$i.log" >&2
		die "kunit.py $i failed, see $out/$i.log"
	}
done
status=0
if [ -n "$own" ]; then
	timeout 300 python3 tools/testing/kunit/kunit.py exec --build_dir "$out" --raw_output=kunit \
		--kunitconfig tools/testing/kunit/configs/kcov.config \
		--timeout 120 > "$out/tap.log" 2>&1 || status=$?
else
	"$repo/scripts/vm" --kernel "$kernel" --append kunit.enable=1 --time 300 \
		--log "$out/vm.log" -- true || die "the guest ended with status $?, see $out/vm.log"
	tr -d '\r' < "$out/vm.log" > "$out/tap.log"
	python3 tools/testing/kunit/kunit.py parse "$out/tap.log" > "$out/parse.log" 2>&1 || status=$?
fi

# The cases of the suite, as results of their own.
sed -n 's/^ *\(\(not \)\{0,1\}ok [0-9]* kcov_uniq_test_.*\)/\1/p' "$out/tap.log" > "$out/cases"
cat "$out/cases"
grep -E '^ +#' "$out/tap.log" | grep -vE '# (Subtest|module|Totals|kcov_uniq: pass)' || :
echo "1..$(wc -l < "$out/cases")"
[ -s "$out/cases" ] || {
	tail -n 20 "$out/tap.log" >&2
	die "the suite has not run, see $out/tap.log"
}
[ $status -eq 0 ] || die "kunit.py ended with status $status, see $out/tap.log"
! grep -q '^not ok' "$out/cases"
