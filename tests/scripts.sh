#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What scripts say of trees that they cannot use. Nothing is built. TAP.

set -u
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
out=$tmp/out
. "$repo/tests/boot/tap.sh"

# A Linux tree that is hardly one.
tree=$(cd "$tmp" && pwd -P)/linux
user=$repo/build/src/linux-6.12-user-$(echo "$tree" | cksum | cut -d' ' -f1)
trap 'rm -rf "$tmp" "$user" "$user".*' EXIT
mkdir -p "$tree/lib" "$tree/kernel"
printf 'kernelversion:\n\t@echo 6.12.5\n' > "$tree/Makefile"
echo 'config KCOV' > "$tree/lib/Kconfig.debug"
echo 'int kcov;' > "$tree/kernel/kcov.c"

get() { # WANTED-STATUS
	LINUX=$tree "$repo/scripts/get-kernel" > "$out" 2> "$out.err"
	[ $? -eq "$1" ]
}

if command -v rsync > /dev/null; then
	base=$(awk '{ print $2 }' "$repo/patches/6.12/BASE")
	get 1 && tail -n 1 "$out.err" | grep -q "does not apply to $tree, which is Linux 6.12.5; it was made for $base\$"
	ok $? "get-kernel: a patch does not apply: to what, and what it was made for"
else
	n=$((n + 1))
	echo "ok 1 - get-kernel # SKIP rsync is not installed"
fi
echo 'config KCOV_UNIQ' >> "$tree/lib/Kconfig.debug"
get 1 && grep -q "LINUX=$tree has the series already" "$out.err"
ok $? "get-kernel: a tree that has the series already"
sed -i 's/6.12.5/6.1.9/' "$tree/Makefile"
get 1 && grep -q "is not a Linux 6.12 source tree" "$out.err"
ok $? "get-kernel: another version"

done_testing
