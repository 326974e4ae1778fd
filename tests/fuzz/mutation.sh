#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Kernels that are broken on purpose, each with the test that must see it. TAP.

set -eu

usage() {
	cat <<-END
	Usage: tests/fuzz/mutation.sh [--kernel ARCH[-CONFIG]] [WORD...]

	Breaks a file of kernel/, builds the kernel, boots it with a test, and wants the test
	to fail, or the log to hold the splat that is named. The checkout stays as it is: the
	broken file is mounted over the sound one, for the build only, which takes root or user
	namespaces. A minute or two each; the kernel is built anew when next needed.

	  --kernel NAME   um (default), x86_64-debug or x86_64-kcsan: what sanitizers must report
	  WORD            only those whose text has one of the words

	  tests/fuzz/mutation.sh
	  tests/fuzz/mutation.sh --kernel x86_64-debug leak
	END
}

die() { echo "tests/fuzz/mutation.sh: $*" >&2; exit 2; }

kernel=um
while [ $# -gt 0 ]; do
	case $1 in
	-h|--help) usage; exit ;;
	--kernel) [ $# -ge 2 ] || die "--kernel needs a name, see --help"; kernel=$2; shift 2 ;;
	-*) die "unknown option '$1', see --help" ;;
	*) break ;;
	esac
done
words=$*
arch=${kernel%%-*} config=
[ "$arch" = "$kernel" ] || config=${kernel#*-}

cd "$(dirname "$0")/../.."
repo=$(pwd -P)
file=$repo/kernel/kcov_uniq.c
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM HUP
n=0 failed=0

private=-m
[ "$(id -u)" = 0 ] || private=-rm
unshare $private mount --bind "$file" "$file" ||
	die "cannot mount in a namespace of its own (run it as root)"

wanted() { # TEXT
	[ -n "$words" ] || return 0
	for word in $words; do
		case $1 in
		*"$word"*) return 0 ;;
		esac
	done
	return 1
}

not_ok() {
	failed=1
	echo "not ok $n - $1"
	tail -n 10 "$tmp/log" 2>/dev/null | sed 's/^/# /'
}

# boots WITH COMMAND...: with the broken file, a kernel in the configuration WITH as well.
boots() {
	with=$config${1:+${config:+,}$1}
	shift
	# shellcheck disable=SC2016 # expanded by that shell
	unshare $private sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' broken \
		"$tmp/broken.c" "$file" scripts/build-kernel --arch "$arch" --config "$with" \
		> "$tmp/image" 2> "$tmp/log" || return 2
	scripts/vm --arch "$arch" --image "$(cat "$tmp/image")" --mem 1536M --time 1200 \
		--log "$tmp/guest" -- "$@" > "$tmp/log" 2>&1
}

# mutant TEXT SED EXPECT WITH COMMAND...: EXPECT is found in what the test prints.
mutant() {
	text=$1 expect=$3
	sed "$2" "$file" > "$tmp/broken.c"
	shift 3
	wanted "$text" || return 0
	n=$((n + 1))
	if cmp -s "$file" "$tmp/broken.c"; then
		not_ok "$text: the sed expression no longer changes $file"
		return
	fi
	status=0
	boots "$@" || status=$?
	if [ "$status" -eq 2 ] && ! grep -q '^1\.\.' "$tmp/log"; then
		not_ok "$text: does not compile"
	elif [ "$status" -eq 0 ]; then
		not_ok "$text: nothing fails"
	elif ! grep -qE "$expect" "$tmp/log"; then
		not_ok "$text: fails, but not by $expect"
	else
		echo "ok $n - $text: $(grep -m 1 -E "$expect" "$tmp/log")"
	fi
}

scripts/deps "$kernel"
tests/boot/run --build
bin=$repo/build/boot
[ "$arch" = um ] || export KCOV_TEST_SLOW=1

case $kernel in
um)
	fuzz="$bin/ioctl_fuzz --seconds 5"
	# shellcheck disable=SC2086 # commands with arguments
	{
	mutant "a bitmap may leave one word" 's/bitmap > u->words - 2/bitmap > u->words - 1/' '^not ok' '' $fuzz
	mutant "statistics of any size" 's/if (size < offsetofend(struct kcov_stats, mode))/if (0)/' '^not ok' '' $fuzz
	mutant "the edge area is anywhere" 's/vma->vm_pgoff != size >> PAGE_SHIFT)/0)/' '^not ok' '' $fuzz
	mutant "a reset leaves the windows" 's/READ_ONCE(d->mode) | KCOV_DEDUP_RESET/READ_ONCE(d->mode)/; /kcov_uniq_zero(u, kcov_uniq_is_cmp(u->mode));/d' '^not ok' '' $fuzz
	mutant "the edge area is never freed" '/vfree(u->dedup.edge.area);/d' '^not ok .*no area is left' '' "$bin/stress" --seconds 10
	mutant "what is collected is not flushed" '/^void kcov_uniq_end/,/^}/s/kcov_dedup_flush(&u->dedup);//' '^not ok' '' "$bin/clients"
	mutant "what has grown is not given back" 's/ >= KCOV_UNIQ_PATIENCE/ > 1000/' '^not ok' '' "$bin/memory"
	mutant "a window loses its keys when it gets less memory" 's/ || used > KCOV_UNIQ_KEEP)/ || used)/' '^not ok' '' "$bin/memory"
	mutant "sections are not added" 's/^\tkcov_uniq_replay(/\tif (0)\n\t&/' '^not ok' tee "$bin/remote" --storm
	mutant "what sections lose is not counted" 's/^\tkcov_uniq_replay(/\tkcov_uniq_of(area)->dedup.main.dropped = 0;\n&/' '^not ok' '' "$bin/remote"
	}
	;;
x86_64-debug)
	mutant "memory that is in use is freed" 's/^\t\t\tkcov_uniq_moved(/\t\t\tif (0)\n&/' 'KASAN' tee "$bin/oracle" --grow
	mutant "a leak" '/vfree(u->dedup.edge.area);/d' 'unreferenced object' '' "$bin/stress" --seconds 60
	mutant "a sleep under the lock" '/^static int kcov_uniq_alloc_edge_area/,/^}/s/mem = kcov_uniq_vmalloc.*/spin_lock_irqsave(lock, flags);\n\t&\n\tspin_unlock_irqrestore(lock, flags);/' 'sleeping function' '' "$bin/abi"
	mutant "an index that is not checked" 's/return (max(bytes, count) - count) \//return 999999 + bytes \//' 'KASAN|BUG:|died' '' "$bin/window"
	;;
x86_64-kcsan)
	mutant "a race on the state" 's/^\tkcov_uniq_zero(u, kcov_uniq_is_cmp(u->mode));/\tkcov_dedup_reset(\&d->main);/' 'KCSAN: .*(kcov|sanitizer_cov)' '' "$bin/race"
	;;
*) die "no mutants for $kernel, see --help" ;;
esac
[ "$n" -gt 0 ] || die "no mutant has one of these words: $words"
echo "1..$n"
exit $failed
