#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Our <linux/kcov.h>, the installed one, that of patches/6.12 and the patch for syzkaller say the
# same. TAP.

set -eu

repo=$(cd "$(dirname "$0")/../.." && pwd)
cc=${CC:-gcc}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0

skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }

# check TEXT FLAG...: test_uapi.c compiles with these flags.
check() {
	n=$((n + 1))
	what=$1
	shift
	# 32-bit programs: asm/ lies where the host's own lies.
	if "$cc" -std=gnu11 -Wall -Wextra -Werror -ffreestanding -fsyntax-only "$@" \
		-idirafter "/usr/include/$("$cc" -print-multiarch 2>/dev/null)" \
		-idirafter "/usr/include/$(uname -m)-linux-gnu" \
		"$repo/tests/unit/test_uapi.c" 2> "$tmp/log"; then
		echo "ok $n - $what"
	else
		failed=1
		sed -n '/error/s/^/# /p' "$tmp/log" | head -n 10
		echo "not ok $n - $what"
	fi
}

# both TEXT FLAG...: for 64 and 32 bits, where the compiler has both.
both() {
	text=$1
	shift
	check "$text" "$@"
	if echo 'int x;' | "$cc" -m32 -ffreestanding -fsyntax-only -x c - 2>/dev/null; then
		check "$text, 32 bits" -m32 "$@"
	else
		skip "$text, 32 bits" "the compiler has no -m32"
	fi
}

# patched: the header as the kernel has it, from the tree or by the patch alone.
patched() {
	tree=$repo/build/src/linux-6.12/include/uapi/linux/kcov.h
	mkdir -p "$tmp/include/uapi/linux"
	cp "$tree" "$tmp/include/uapi/linux/kcov.h" 2>/dev/null ||
		cp /usr/include/linux/kcov.h "$tmp/include/uapi/linux/kcov.h"
	# In a tree that was prepared for a build it is applied already.
	grep -q KCOV_GET_STATS "$tmp/include/uapi/linux/kcov.h" ||
		hunks include/uapi/linux/kcov.h | (cd "$tmp" && patch -s -p1) > "$tmp/log" 2>&1
}

# hunks FILE: what patches/6.12 do to one file.
hunks() {
	cat "$repo"/patches/6.12/*.patch | awk -v file="a/$1" '
		/^--- / { on = $2 == file }
		/^---$/ { on = 0 }
		on'
}

# client: what the patch for syzkaller says of the interface, as assertions about our header.
client() {
	printf '#include <%s>\n' stddef.h sys/ioctl.h
	echo '#include <linux/kcov.h>'
	echo 'typedef __u32 uint32; typedef __u64 uint64;'
	sed -n 's/^+//p' "$repo/clients/syzkaller/executor.patch" | awk '
		/^struct kcov_stats/ { on = 1 }
		on { sub(/struct kcov_stats/, "struct client_stats"); print }
		/^};/ { on = 0 }
		/^#define KCOV_GET_STATS/ {
			sub(/.*KCOV_GET_STATS /, ""); sub(/kcov_stats/, "struct kcov_stats")
			print "_Static_assert(KCOV_GET_STATS == " $0 ", \"number\");"
		}
		/^const unsigned long KCOV_/ {
			sub(/;/, "")
			print "_Static_assert(" $4 " == " $6 ", \"" $4 "\");"
		}'
	for i in capacity recorded dropped; do
		echo "_Static_assert(offsetof(struct client_stats, $i) == offsetof(struct kcov_stats, main.$i), \"$i\");"
	done
	echo '_Static_assert(sizeof(struct client_stats) <= sizeof(struct kcov_stats), "size");'
}

both "include/uapi/linux/kcov.h" -I"$repo/include/uapi"
if [ -e /usr/include/linux/kcov.h ]; then
	both "the installed <linux/kcov.h>, the older part" -DUAPI_OLD
else
	skip "the installed <linux/kcov.h>" "not installed"
fi
if ! command -v patch >/dev/null || [ ! -e /usr/include/linux/kcov.h ]; then
	skip "patches/6.12" "patch or <linux/kcov.h> is not installed"
elif patched; then
	both "patches/6.12" -DUAPI_HEADER="\"$tmp/include/uapi/linux/kcov.h\""
else
	n=$((n + 1)) failed=1
	sed 's/^/# /' "$tmp/log"
	echo "not ok $n - patches/6.12: applies to the installed header"
fi
client > "$tmp/client.c"
n=$((n + 1))
if [ "$(grep -c _Static_assert "$tmp/client.c")" = 7 ] &&
	"$cc" -fsyntax-only -I"$repo/include/uapi" "$tmp/client.c" 2> "$tmp/log"; then
	echo "ok $n - clients/syzkaller/executor.patch"
else
	failed=1
	sed 's/^/# /' "$tmp/log"
	echo "not ok $n - clients/syzkaller/executor.patch"
fi
echo "1..$n"
exit $failed
