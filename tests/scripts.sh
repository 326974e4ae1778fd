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

# added VERSION FILE: the lines that the patches of a version add to a file.
added() {
	cat "$repo/patches/$1"/*.patch | awk -v file="+++ b/$2" '
		/^\+\+\+ / { ours = $0 == file; next }
		/^--- / { next }
		ours && /^\+/'
}

for file in Documentation/dev-tools/kcov.rst Documentation/admin-guide/kernel-parameters.txt \
	MAINTAINERS include/uapi/linux/kcov.h kernel/Makefile lib/Kconfig.debug \
	tools/objtool/check.c tools/testing/selftests/Makefile; do
	added 6.12 $file > "$out"
	bad=0
	for v in "$repo"/patches/*/; do
		v=$(basename "$v")
		[ -s "$out" ] && added "$v" $file | diff "$out" - > "$out.err" || bad=1
	done
	ok $bad "patches/: the same for all versions of Linux: $file"
done

done_testing
