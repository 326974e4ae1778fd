#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Of an arm64 machine: PCs are the same wherever the kernel lies, and with pointer authentication
# or without. TAP.
#
# Arguments: kcov-sample, and options of scripts/vm, which are words.

# shellcheck disable=SC2086

set -u
repo=$(cd "$(dirname "$0")/../.." && pwd)
sample=$1
shift
tmp=$(mktemp -d)
out=$tmp/out
trap 'rm -rf "$tmp"' EXIT
. "$(dirname "$0")/tap.sh"

# boot NAME WORDS MODE: what the sample prints goes to $tmp/NAME, the log to $tmp/NAME.log.
boot() {
	"$repo/scripts/vm" $options --time 120 --append "$2" --log "$tmp/$1.log" -- "$sample" "$3" \
		> "$tmp/$1" 2> "$out"
}

# same NAME NAME: the same PCs, and some.
same() {
	[ "$(sort -u "$tmp/$1" | wc -l)" -ge 3 ] || return 1
	sort -u "$tmp/$1" > "$out" && sort -u "$tmp/$2" | diff "$out" - > "$out.diff"
}

options=$*
boot plain '' 0 && grep -qa 'KASLR enabled' "$tmp/plain.log" && grep -qa 'Address authentication' "$tmp/plain.log"
ok $? "a boot with KASLR and pointer authentication"
boot fixed nokaslr 0 && ! grep -qa 'KASLR enabled' "$tmp/fixed.log"
ok $? "a boot without KASLR"
same plain fixed; ok $? "its PCs are the same"
boot unsigned arm64.nopauth 0 && ! grep -qa 'Address authentication' "$tmp/unsigned.log"
ok $? "a boot without pointer authentication"
same plain unsigned; ok $? "its PCs are the same"
boot both '' 6 && sed '/=edge=/,$d' "$tmp/both" > "$tmp/pcs"
ok $? "a boot in which mode 6 is used"
same plain pcs; ok $? "its PCs are the same, each once"

done_testing
