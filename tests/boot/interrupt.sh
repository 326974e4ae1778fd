#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ./check that is interrupted ends its guests at once. TAP.

set -u
repo=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d)
out=$tmp/out
trap 'rm -rf "$tmp"' EXIT
. "$(dirname "$0")/tap.sh"

# A copy of the repository with kernels and sources of this one, whose only test sleeps.
copy=$tmp/repo
mkdir -p "$copy/build"
for i in "$repo"/* "$repo"/build/src "$repo"/build/linux-6.12-um; do
	case $i in
	"$repo"/build) ;;
	"$repo"/build/*) ln -s "$i" "$copy/build/" ;;
	*) cp -r "$i" "$copy/" ;;
	esac
done
sed -i 's/^	um) printf .*/	um) echo abi ;;/
	s/^	memory|race[a-z|]*) .*/	abi) vm 200 -- sleep 150 ;;/' "$copy/tests/boot/run"

# here: what runs in the copy, guests included.
here() {
	pgrep -f "$copy/" 2>/dev/null
}

# interrupt SIGNAL STATUS COMMAND...: once a guest sleeps.
interrupt() {
	signal=$1 want=$2
	shift 2
	# A signal that is ignored here would be ignored there.
	env --default-signal=INT "$@" > "$out" 2>&1 &
	pid=$!
	i=0
	until pgrep -f "init=$copy/build/vm-init" > /dev/null || [ $i -eq 600 ]; do
		sleep 0.2
		i=$((i + 1))
	done
	[ $i -lt 600 ] || echo "no guest has started" >> "$out"
	sleep 1
	kill -s "$signal" "$pid"
	begin=$(date +%s)
	wait "$pid"
	got=$?
	# A child of a child may still be about to end.
	while [ -n "$(here)" ] && [ $(($(date +%s) - begin)) -lt 3 ]; do
		sleep 0.1
	done
	took=$(($(date +%s) - begin))
	echo "status $got after $took s; left: $(here | xargs)" >> "$out"
	[ $i -lt 600 ] && [ $got -eq "$want" ] && [ $took -le 3 ] && [ -z "$(here)" ]
}

interrupt INT 130 "$copy/check" um; ok $? "./check: SIGINT ends it and its guest in 3 s"
interrupt TERM 143 "$copy/check" um; ok $? "./check: so does SIGTERM"
interrupt TERM 143 "$copy/tests/boot/run"; ok $? "tests/boot/run: so does SIGTERM"
here | xargs -r kill -s KILL

done_testing
