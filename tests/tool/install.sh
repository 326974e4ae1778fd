#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010,SC1090,SC2016,SC2034,SC2086 # "do" is an argument; lists; quotes meant so
#
# make install, the manual page, and the completion. TAP.
#
# install.sh DIRECTORY TAP.SH

set -u
dir=$1/install
out=$1/install.out
. "$2"
repo=$(cd "$(dirname "$0")/../.." && pwd)
rm -rf "$dir"

make -s -C "$repo" install DESTDIR="$dir" PREFIX=/opt/ukcov > $out 2>&1; ok $? "make install DESTDIR PREFIX"
"$dir/opt/ukcov/bin/ukcov" --version > $out 2>&1; ok $? "the installed program runs"
find "$dir" -type f -o -type l | sed "s,^$dir,," | grep -v '^/opt/ukcov/' > $out
[ ! -s $out ]; ok $? "nothing is outside of PREFIX"
page=$dir/opt/ukcov/share/man/man1/ukcov.1
[ -s "$page" ]; ok $? "the manual page is there"
if command -v man > /dev/null; then
	LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" > /dev/null 2> $out
	[ ! -s $out ]; ok $? "man has nothing to say about it"
fi
# Each command and each long option that --help has is in the manual and in the completion.
lost=
for command in run report diff merge filter top overflow doctor; do
	for word in $command $("$repo/build/tool/ukcov" $command --help | grep -oE '^  (-[a-z], )?--[a-z0-9]+' | grep -oE '\-\-[a-z0-9]+'); do
		dashes=$(echo "$word" | sed 's/-/\\\\-/g')
		grep -qE -e "$dashes([^a-z0-9]|$)" "$page" || lost="$lost $command:$word"
	done
done
echo "$lost" > $out
[ -z "$lost" ]; ok $? "the manual has all commands and options"

# complete WORD...: what bash offers for the last one.
complete() {
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ukcov; printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$dir/opt/ukcov/share/bash-completion/completions/ukcov" "$@"
}
[ "$(complete ukcov re)" = report ]; ok $? "completion: commands"
[ "$(complete ukcov help ove)" = overflow ]; ok $? "completion: help of a command"
complete ukcov run --fo | grep -qx -e --follow; ok $? "completion: options"
[ "$(complete ukcov run -m com)" = compact ]; ok $? "completion: modes"
complete ukcov report --by s | grep -qx subsystem; ok $? "completion: values"
done_testing
