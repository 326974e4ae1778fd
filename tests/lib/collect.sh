#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Boots the patched kernel, the same with the option off, and one without the series; the
# same program must collect the same in all of them, in every mode. TAP.

set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/boot/tap.sh
dir=build/lib/collect
# shellcheck disable=SC2034 # ok() shows it
out=build/lib/collect.out
rm -rf $dir
mkdir -p $dir

# boot NAME CONFIG OPTION...: runs "collect OPTION", its results in ours.
boot() {
	name=$1 config=$2
	shift 2
	mkdir -p "$dir/$name"
	scripts/vm --config "$config" --time 100 --scratch "$dir/$name" --log "$dir/$name.log" \
		${append:+--append "$append"} ${ignore:+--ignore-splats} -- \
		build/lib/collect-test "$@" > "$dir/$name.tap" 2> "$dir/$name.err"
	status=$?
	grep -q '^1\.\.' "$dir/$name.tap" || echo "not ok 1 - died, status $status" >> "$dir/$name.tap"
	grep '^ok .*# SKIP' "$dir/$name.tap" | sed "s/^ok [0-9]* - /# skipped: $name: /"
	sed -n "/^#/s/^/# $name: /p; /^not ok/s/^/# $name: /p" "$dir/$name.tap"
	! grep -q '^not ok' "$dir/$name.tap" && [ $status = 0 ]
	ok $? "$name: $(grep -c '^ok' "$dir/$name.tap") results of collect $*"
}

# Time stands still while a program runs: no ticks in what it does.
append=time-travel=inf-cpu
boot patched '' --native
boot off off --plain
boot stock stock --plain
append=
boot others '' --others
boot others-stock stock --others
append=debugfs=off
boot no-debugfs '' --no-debugfs
append='' ignore=1
boot huge '' --huge

image() { scripts/build-kernel --config "$1" 2>/dev/null; }
patched=$(image '') off=$(image off) stock=$(image stock)

# names KERNEL MODE: what was collected, as "function+offset", which is the same in all.
names() {
	case $1 in
	patched) vmlinux=$patched ;;
	off) vmlinux=$off ;;
	stock) vmlinux=$stock ;;
	esac
	case $2 in
	*cmp) awk 'NR % 3 == 1' "$dir/$1/$2" | build/lib/show names "$vmlinux" > "$dir/$1/$2.pcs"
		awk 'NR % 3 != 1' "$dir/$1/$2" | paste - - | paste "$dir/$1/$2.pcs" - | sort -u ;;
	compact-pairs)
		build/lib/show names "$vmlinux" < "$dir/$1/compact" |
			awk '{ print prev, $0; prev = $0 }' | sort -u ;;
	trace) build/lib/show names "$vmlinux" < "$dir/$1/trace" ;;
	*) build/lib/show names "$vmlinux" < "$dir/$1/$2" | sort ;;
	esac > "$dir/$1/$2.names"
}

for mode in trace pc pc-edge compact-pairs trace-cmp cmp; do
	for kernel in patched off stock; do
		names $kernel $mode
	done
	items=$(wc -l < "$dir/patched/$mode.names")
	for kernel in off stock; do
		[ "$items" -gt 100 ] && cmp -s "$dir/patched/$mode.names" "$dir/$kernel/$mode.names"
		ok $? "$mode: the same $items items, patched and $kernel"
	done
done
# Edge words are made of addresses: the same where the code is at the same ones.
if nm "$off" | grep ' [tT] ' > $dir/off.nm && nm "$stock" | grep ' [tT] ' | cmp -s - $dir/off.nm; then
	for mode in edge pc-edge-edges; do
		sort "$dir/off/$mode" > $dir/a
		sort "$dir/stock/$mode" | cmp -s - $dir/a
		ok $? "$mode: the same $(wc -l < $dir/a) words, off and stock"
	done
else
	for mode in edge pc-edge-edges; do
		[ "$(wc -l < "$dir/off/$mode")" = "$(wc -l < "$dir/stock/$mode")" ]
		ok $? "$mode: as many words, off and stock"
	done
fi
done_testing
