#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What scripts say: of trees that they cannot use, of their options, to a shell that completes
# them. No kernel is built. TAP.

set -u
repo=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
out=$tmp/out
. "$repo/tests/boot/tap.sh"

# A Linux tree that is hardly one.
tree=$(cd "$tmp" && pwd -P)/linux
user=$(echo "$tree" | cksum | cut -d' ' -f1)
trap 'rm -rf "$tmp" "$repo"/build/src/linux-6.12*-user-"$user" "$repo"/build/src/linux-6.12*-user-"$user".* "$repo"/build/linux-6.12*-user-"$user"-um*' EXIT
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
	grep -q '^--- lib/Kconfig.debug' "$out.err" && grep -q '^+config KCOV_UNIQ$' "$out.err"
	ok $? "get-kernel: and the hunks that were rejected"
else
	n=$((n + 1))
	echo "ok $n - get-kernel # SKIP rsync is not installed"
fi
echo 'config KCOV_UNIQ' >> "$tree/lib/Kconfig.debug"
if command -v rsync > /dev/null; then
	get 0 && grep -q "LINUX=$tree has the series already" "$out.err" && diff -r "$tree" "$(cat "$out")" > "$out.diff"
	ok $? "get-kernel: a tree that has the series already is copied as it is"
else
	n=$((n + 1))
	echo "ok $n - get-kernel # SKIP rsync is not installed"
fi
# A tree that builds no kernel: what shows make's progress? Its make ends when that was seen.
cat > "$tree/Makefile" <<'END'
all:
	@echo '  CC      slow.o'
	@for i in $$(seq 300); do [ -n "$$SEEN" ] || break; grep -q 'slow\.o' "$$SEEN" && break; sleep 0.2; done
	@touch $(O)/linux
kernelversion:
	@echo 6.12.5
tinyconfig:
	@: > $(O)/.config
olddefconfig:
	@cp $(O)/wanted.config $(O)/.config
END
mkdir -p "$tree/scripts/kconfig"
printf '#!/bin/sh\n' > "$tree/scripts/kconfig/merge_config.sh"
chmod +x "$tree/scripts/kconfig/merge_config.sh"
missing=
for i in rsync flex bison bc script; do
	command -v $i > /dev/null || missing="$missing $i"
done
if [ -z "$missing" ]; then
	: > "$out.seen"
	SEEN=$out.seen LINUX=$tree script -qefc "'$repo/scripts/build-kernel'" "$out.seen" > /dev/null 2>&1 < /dev/null
	ended=$?
	tr '\r' '\n' < "$out.seen" > "$out"
	[ $ended -eq 0 ] && grep -qE '\[ *[0-9]+s\] [0-9]+ files: CC slow\.o' "$out"
	ok $? "build-kernel: on a terminal it shows what make does"
	echo >> "$tree/Makefile"
	LINUX=$tree "$repo/scripts/build-kernel" > "$out" 2> "$out.err"
	ended=$?
	grep -v '^get-kernel: ' "$out.err" > "$out.stages"
	[ $ended -eq 0 ] && [ "$(wc -l < "$out")" = 1 ] && grep -q '^\[ *[0-9]*s\] compiling ' "$out.err" &&
		! grep -qv '^\[ *[0-9]*s\] ' "$out.stages"
	ok $? "build-kernel: elsewhere a line for each stage"
else
	n=$((n + 1))
	echo "ok $n - build-kernel: progress # SKIP missing:$missing"
fi
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

# A copy of scripts/ where no kernel can be built or booted.
mkdir -p "$tmp/a b" && cp -r "$repo/scripts" "$repo/patches" "$tmp/a b/"
"$tmp/a b/scripts/vm" true > "$out" 2>&1
[ $? -eq 125 ] && tail -n 1 "$out" | grep -q "a b': it has a space in its name; move the repository$"
ok $? "vm: a repository with a space in its name"
"$tmp/a b/scripts/build-kernel" > "$out" 2>&1
[ $? -eq 1 ] && tail -n 1 "$out" | grep -q "a b': it has a space or a colon in its name; move the repository$"
ok $? "build-kernel: the same"

mkdir "$tmp/a b/tests" && cp -r "$repo/demo" "$repo/include" "$tmp/a b/" && cp -r "$repo/tests/boot" "$tmp/a b/tests/"
"$tmp/a b/demo" --list > "$out" 2> "$out.err" && grep -q '^mmap-64m  *mmap 64 MiB' "$out" && [ ! -s "$out.err" ]
ok $? "demo: --list, without a kernel"
"$tmp/a b/demo" pipe nonsense > "$out" 2>&1
[ $? -eq 2 ] && [ "$(cat "$out")" = "demo: there is no workload 'nonsense', see --list" ]
ok $? "demo: a workload that does not exist: says so before it builds anything"
"$tmp/a b/demo" --jsn pipe > "$out" 2>&1
[ $? -eq 2 ] && [ "$(cat "$out")" = "demo: unknown option '--jsn', see --help" ]
ok $? "demo: and an option"
"$tmp/a b/tests/boot/run" --kernel 9.9 > "$out" 2>&1
[ $? -eq 1 ] && grep -q '^tests/boot/run: no patches for Linux 9.9: ' "$out" && [ "$(wc -l < "$out")" = 1 ]
ok $? "tests/boot/run: no such version: says so before it compiles anything"

# options SCRIPT: those that it takes, from the patterns of its "case".
options() {
	sed -n 's/^	\(\(-[-a-z|]*\)*\)).*/\1/p' "$1" | tr '|' '\n' | grep -- '^-[-a-z]*[a-z]$' | grep -vx -e -h -e --help | sort -u
}
for script in check scripts/vm scripts/build-kernel scripts/get-kernel scripts/deps scripts/series; do
	"$repo/$script" --help > "$out.help" 2>&1
	options "$repo/$script" > "$out.options"
	: > "$out"
	while read -r option; do
		# Between the script and itself only.
		case $option in
		--one) continue ;;
		esac
		grep -qE -- "(^|[^a-z-])$option([^a-z-]|\$)" "$out.help" || echo "--help lacks $option" >> "$out"
	done < "$out.options"
	[ ! -s "$out" ] && [ -s "$out.help" ]
	ok $? "$script: --help has its $(wc -l < "$out.options") options"
done

# completed WORD...: what bash offers for the last one.
completed() {
	(cd "$repo" && bash -c '. scripts/completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		_kcov_uniq; printf "%s\n" "${COMPREPLY[@]}"' bash "$@") 2>&1
}
[ "$(completed ./check x86_64-d)" = x86_64-debug ]; ok $? "completion: groups"
[ "$(completed scripts/vm --inter)" = --interactive ]; ok $? "completion: options"
[ "$(completed scripts/vm --config te)" = tee ]; ok $? "completion: configurations"
completed scripts/vm -- unam | grep -qx uname; ok $? "completion: a command behind --"

"$repo/scripts/series" cover > "$out" 2> "$out.err" && ! grep -q '[{}]' "$out"
ok $? "series cover: all figures are there"
fake=$(mktemp -d)
mkdir "$fake/scripts" "$fake/study"
cp "$repo/scripts/series" "$fake/scripts" && cp -r "$repo/patches" "$fake"
grep -v '^programs	' "$repo/study/figures.tsv" > "$fake/study/figures.tsv"
! "$fake/scripts/series" cover > "$out" 2> "$out.err" &&
	grep -q 'no figure {programs} in study/figures.tsv' "$out.err"
ok $? "series cover: a figure that is missing is said"
rm -rf "$fake"

# A copy whose last step is the one in kernel/FILES.
fake=$(mktemp -d)
mkdir "$fake/scripts"
cp "$repo/scripts/series" "$fake/scripts" && cp -r "$repo/patches" "$repo/kernel" "$repo/core" "$fake"
"$fake/scripts/series" steps > "$out" 2>&1 && diff -r "$repo/kernel/steps" "$fake/kernel/steps" >> "$out"
[ $? -eq 0 ] && [ ! -s "$out" ]
ok $? "series steps: the last one leads to the files of core/ and kernel/"
sed -i 's/^#define KCOV_DEDUP_PROBES.*/#define KCOV_DEDUP_PROBES	32U/' "$fake/core/kcov_dedup_set.h"
"$fake/scripts/series" steps > "$out" 2>&1 && "$fake/scripts/series" steps >> "$out" 2>&1
[ $? -eq 0 ] && [ "$(cat "$out")" = "series: kernel/steps/0003.diff: written" ] &&
	grep -q '^+#define KCOV_DEDUP_PROBES	32U' "$fake/kernel/steps/0003.diff"
ok $? "series steps: a change goes to the step that has the line, once"
sed -i 's,^	/. Pairs with the barrier() in kcov_dedup_enter.*,	/* Pairs with kcov_dedup_enter(). */,; s/^	KCOV_DEDUP_DONE,.*/	KCOV_DEDUP_DONE,/' "$fake/core/kcov_dedup.h"
"$fake/scripts/series" steps > "$out" 2>&1 &&
	[ "$(cat "$out")" = "series: kernel/steps/0003.diff: written
series: kernel/steps/0008.diff: written" ]
ok $? "series steps: two changes, two steps"
sed -i 's/done = likely(main0) &&/done = main0 \&\&/' "$fake/core/kcov_dedup.h"
"$fake/scripts/series" steps > "$out" 2>&1 && grep -q '^step 0003, kernel/kcov_dedup.h has other lines where these were changed:$' "$out" &&
	grep -q '^series: kernel/steps/0008.diff: written$' "$out"
ok $? "series steps: a step with other lines stays as it is, and is named"
cp -r "$fake/kernel/steps" "$fake/before"
sed -i 's/^	struct kcov_dedup_window	main;/	struct kcov_dedup_window	first;/; s/^	struct kcov_dedup_window	edge;/	struct kcov_dedup_window	second;/' "$fake/core/kcov_dedup.h"
! "$fake/scripts/series" steps > "$out" 2>&1 &&
	grep -q '^series: step 0003 has only some of the lines that you changed in kernel/kcov_dedup.h:$' "$out" &&
	grep -q '^<<<<<<< this step$' "$fake/build/series-step/kernel/kcov_dedup.h" && diff -r "$fake/before" "$fake/kernel/steps"
ok $? "series steps: a step with some of the lines: nothing is written"
rm -rf "$fake"

if command -v man > /dev/null; then
	for page in "$repo"/man/*.[13]; do
		LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 > /dev/null
	done > "$out"
	[ ! -s "$out" ]; ok $? "man has nothing to say about the manual pages"
else
	n=$((n + 1))
	echo "ok $n - manual pages # SKIP man is not installed"
fi
: > "$out"
sed -n 's/^	"  *\([0-9]*\)  .*/\1/p' "$repo/kernel/kcov-sample.c" | while read -r mode; do
	grep -qx "\.B $mode" "$repo/man/kcov-sample.1" || echo "there is no mode $mode" >> "$out"
done
[ ! -s "$out" ]; ok $? "the manual page of kcov-sample has its modes"

done_testing
