#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010,SC1090,SC2016,SC2034,SC2086 # "do" is an argument; lists; quotes meant so
#
# In a guest: commands, and what they must print and exit with, to the byte. TAP.
#
# golden.sh FILE DIRECTORY TAP.SH
#
# FILE has blocks: a line "$ COMMAND", what it prints (stdout and stderr), a line "[STATUS]".
# Lines before the first one, and between blocks, are comments. What was printed stays in
# DIRECTORY/golden.new: copy it if it is right. In it, DIRECTORY of the kernel is $KERNEL, and
# build ids are <id>.

set -u
golden=$1 new=$2/golden.new
out=/tmp/golden.out
kernel=$(dirname "$UKCOV_VMLINUX")
export kernel
. "$3"
mkdir -p /tmp/golden
cd /tmp/golden || exit 1
: > "$new"

# one COMMAND FILE: runs it, and compares with what FILE says.
one() {
	printf '$ %s\n' "$1" > got
	sh -c "$1" > raw 2>&1
	status=$?
	sed -e "s,$kernel,\$KERNEL,g" -e 's/build [0-9a-f]\{12\}/build <id>/g' \
		-e 's/build id is [0-9a-f]\{12\}/build id is <id>/' raw >> got
	echo "[$status]" >> got
	cat got >> "$new"
	echo >> "$new"
	diff -u "$2" got > $out
	ok $? "$1"
}

: > want
command=
while IFS= read -r line; do
	case $line in
	'$ '*)
		command=${line#'$ '}
		printf '%s\n' "$line" > want
		;;
	'['*']')
		echo "$line" >> want
		one "$command" want < /dev/null
		command=
		;;
	*)
		if [ -n "$command" ]; then
			printf '%s\n' "$line" >> want
		else
			printf '%s\n' "$line" >> "$new"
		fi
		;;
	esac
done < "$golden"
done_testing
