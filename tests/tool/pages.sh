#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010,SC1090,SC2016,SC2034,SC2086 # "do" is an argument; lists; quotes meant so
#
# LCOV's readers of what ukcov writes: no error, no warning, and the totals of --json. TAP.
#
# pages.sh COVERAGE-FILE VMLINUX DIRECTORY TAP.SH [--long]

set -u
cov=$1 vmlinux=$2 dir=$3
out=$dir/pages.out
. "$4"
repo=$(cd "$(dirname "$0")/../.." && pwd)
ukcov=$repo/build/tool/ukcov
rm -rf "$dir/pages"
mkdir -p "$dir/pages"
cd "$dir/pages" || exit 1

"$ukcov" report -k "$vmlinux" --json --lcov cov.info "$cov" > report.json 2> $out
[ $? -eq 0 ] && [ ! -s $out ]; ok $? "report --json --lcov"
# totals: "hit all hit all", lines and functions.
totals=$(sed -n 's/.*"lines": {"hit": \([0-9]*\), "all": \([0-9]*\)}, "functions": {"hit": \([0-9]*\), "all": \([0-9]*\)}},$/\1 \2 \3 \4/p' report.json | head -n 1)
info=$(awk -F: '/^LH:/ { a += $2 } /^LF:/ { b += $2 } /^FNH:/ { c += $2 } /^FNF:/ { d += $2 }
	END { print a, b, c, d }' cov.info)
[ -n "$totals" ] && [ "$info" = "$totals" ]; ok $? "totals of the tracefile are those of --json: $totals"

# read_by NAME GENHTML: what it says, its totals, and a page of it.
read_by() {
	"$2" -o "html-$1" cov.info > $out 2>&1
	status=$?
	[ $status -eq 0 ]; ok $? "$1 reads the tracefile"
	grep -iE 'warning|error|inconsistent|deprecated|unsupported' $out | grep -v '^Processing file' > $out.err
	[ ! -s $out.err ]; ok $? "$1 has nothing to say about it"
	got=$(sed -n 's/.*(\([0-9]*\) of \([0-9]*\) \(lines\|functions\)).*/\1 \2/p' $out | tail -n 2 | xargs)
	[ "$got" = "$totals" ]; ok $? "$1: its totals are those of --json: $got"
	page=$(find "html-$1" -path '*/kernel/fork.c.gcov.html')
	grep -q 'class="[^"]*\(lineCov\|tlaGNC\|tlaCBC\)' "$page" && grep -q 'class="[^"]*\(lineNoCov\|tlaUNC\|tlaUBC\)' "$page"
	ok $? "$1: its page of kernel/fork.c has lines that ran and that did not"
	grep -q '>copy_process<' "${page%gcov.html}func.html"
	ok $? "$1: and names its functions"
}

# read_new SUITE: by that of another Debian.
read_new() {
	if new=$("$repo/tests/tool/new-lcov" "$1" 2> $out); then
		read_by "$("$new/genhtml" --version 2> /dev/null | sed 's/.*: //')" "$new/genhtml"
	else
		n=$((n + 1))
		echo "ok $n - LCOV of $1 # SKIP $(head -n 1 $out)"
	fi
}

if command -v genhtml > /dev/null; then
	read_by "LCOV $(dpkg-query -W -f '${Version}' lcov)" genhtml
else
	n=$((n + 1))
	echo "ok $n - LCOV of this system # SKIP genhtml is not installed"
fi
read_new sid
[ "${5:-}" != --long ] || read_new trixie
GENHTML= "$ukcov" report -k "$vmlinux" --html html "$cov" > $out 2>&1 && [ -s html/index.html ]
ok $? "report --html"
done_testing
