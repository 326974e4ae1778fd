#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010,SC1090,SC2016,SC2034,SC2086 # "do" is an argument; lists; quotes meant so
#
# In a guest: what the commands of ukcov say, on a kernel with the unique modes ("patched") or
# without ("stock"). Results for the host go to $VM_SCRATCH. TAP.
#
# commands.sh patched|stock TASKS STATIC-TASKS TAP.SH

set -u
kernel=$1 tasks=$2 static=$3
out=/tmp/out
. "$4"
cd /tmp || exit 1

# gather NAME MODE-ARGS: run a static program at addresses that are not random. NAME.any is what some
# run has, NAME.all what each has: that repeats, but for what the state of the allocators makes.
# An environment of some 30 to 60 pages changes that state from run to run.
pad=$(head -c 120000 /dev/zero | tr '\0' x)
gather() {
	# shellcheck disable=SC2086 # a list
	PAD=$pad MORE=$(printf %.$((4000 * try))s "$pad") setarch -R ukcov run -q $2 -o one.cov -- "$static" do 0
	grep -v '^#' one.cov | sort -u > one.list
	[ -e "$1.all" ] || cp one.list "$1.all"
	comm -12 "$1.all" one.list > "$1.new" && mv "$1.new" "$1.all"
	sort -u one.list "$1.any" > "$1.new" && mv "$1.new" "$1.any"
}

# alike MODE-ARGS MODE-ARGS [TRIES]: what each run with one has, some run with the other has, too.
alike() {
	rm -f one.any one.all other.any other.all
	: > one.any
	: > other.any
	for try in $(seq "${3:-25}"); do
		gather one "$1"
		gather other "$2"
		comm -23 one.all other.any > lost.list
		comm -13 one.any other.all > more.list
		[ "$try" -lt 5 ] || [ -s lost.list ] || [ -s more.list ] || return 0
	done
	cat lost.list more.list > $out
	return 1
}

ukcov doctor > $out 2> $out.err; ok $? "doctor: coverage can be collected"
if [ $kernel = patched ]; then
	grep -q 'ok *KCOV_GET_STATS' $out; ok $? "doctor: knows the kernel by KCOV_GET_STATS"
	[ "$(grep -c '^ok *mode' $out)" = 7 ]; ok $? "doctor: all 7 modes"
else
	grep -q 'note *no KCOV_GET_STATS' $out; ok $? "doctor: no KCOV_GET_STATS"
	[ "$(grep -c '^ok *mode' $out)" = 2 ]; ok $? "doctor: the two modes of Linux"
fi
grep -q "^ok *vmlinux: $UKCOV_VMLINUX" $out; ok $? "doctor: finds vmlinux"
UKCOV_VMLINUX=/bin/sh ukcov doctor > $out 2>&1
grep -q '^note *no vmlinux' $out; ok $? "doctor: and not another file"

# On an emulated PC with two CPUs interrupts come between: nothing repeats.
slow=0
[ "$(uname -v | grep -c SMP)" = 0 ] || slow=1
if [ $slow = 0 ]; then
alike '-m pc' '-m pc --fallback'; ok $? "run: the fallback's PCs are the kernel's"
alike '-m edge' '-m edge --fallback'; ok $? "run: and edges"
alike '-m pc' '-m trace -b 1M'; ok $? "run: unique PCs are those of the trace"
alike '-m pc' '-m compact'; ok $? "run: and of the compact trace"
alike '-m compact' '-m compact --fallback'; ok $? "run: and of the fallback's"
! alike '-m pc' '-m pc --fallback -b 512' 5; ok $? "run: what a small buffer lacks would be seen"
fi
# Following makes stops, which are coverage, too; nothing may be missing.
if [ $slow = 0 ]; then
	alike '-m pc' '-m pc --follow' 8
	# A task under ptrace takes the other branch in ptrace_event(). At its stops it does what
	# others do in resume_user_mode_work().
	{ grep '^# [rbv]' one.cov; cat lost.list; } > lost.cov
	[ -z "$(ukcov filter -v --function 'ptrace_event*' --function resume_user_mode_work lost.cov 2> /dev/null | grep -v '^#')" ]
	ok $? "run: --follow lacks nothing of it"
fi

ukcov run -m cmp -o cmp.cov -- "$tasks" do 0 > $out 2>&1
grep -qE '^0x[0-9a-f]{16} [1248] (const|var) 0x[0-9a-f]+ 0x[0-9a-f]+$' cmp.cov
ok $? "run -m cmp: comparisons"
grep -v '^#' cmp.cov > $out
[ -z "$(uniq -d $out)" ] && [ -n "$(cut -d' ' -f1 $out | uniq -d)" ]
ok $? "run -m cmp: each once, also where there are several"

ukcov run -o a.cov -- "$tasks" do 0 > $out 2> $out.err
nm "$UKCOV_VMLINUX" > names
want=$(python3 - <<-'END'
	import bisect
	rows = [l.split() for l in open("names")]
	names = sorted(int(r[0], 16) for r in rows if len(r) == 3 and r[1] in "tTwW")
	pcs = [int(l, 16) - 1 for l in open("a.cov") if l[0] != "#"]
	print(len({bisect.bisect(names, pc) for pc in pcs}))
END
)
tr -d , < $out.err | grep -q "PCs in $want functions (inlined ones not counted) "
ok $? "run: its summary counts $want functions, as nm has them"

ukcov run -b 512 -o small.cov -- "$tasks" do 0 > $out 2> $out.err
if [ $kernel = patched ]; then
	grep -qE '[0-9,]+ items had no room' $out.err && grep -qE '^# dropped: [1-9]' small.cov
else
	grep -q 'buffer was full in 1 of 1' $out.err && grep -q '^# dropped: unknown' small.cov
fi
ok $? "run -b 512: says what was lost"
ukcov report small.cov > $out 2> $out.err
grep -q '^not complete' $out; ok $? "report: says so, too"

ukcov top -n 3 -o top.txt -- "$tasks" do 3 > $out 2> $out.err
[ "$(grep -cE '^ +[0-9,]+ +[0-9.]+%' top.txt)" = 6 ]; ok $? "top: three functions, three PCs"
# Its own shares, of its own counts.
awk 'BEGIN { last = 1e18 } /callbacks of/ { gsub(",", ""); all = $1 } /^ +[0-9,]+ +[0-9.]+%/ { gsub("[,%]", "")
	if ($1 * 100 / all - $2 > 0.06 || $2 - $1 * 100 / all > 0.06 || ($3 ~ /^0x/) == was && $1 > last) bad = 1
	was = $3 ~ /^0x/; last = $1; rows++ } END { exit bad || rows != 6 }' top.txt
ok $? "top: most first, and shares of all"
ukcov overflow -- "$tasks" do 3 > $out 2> $out.err
[ "$(grep -cE '^[a-z].*(K|M|512)$' $out.err)" = 4 ]; ok $? "overflow: four rows, with buffers"
awk '{ gsub(",", "") } match($0, /[0-9]+ +[0-9]+ +[0-9]+[KM]?$/) { split(substr($0, RSTART), f, " ")
	words = f[3] * (f[3] ~ /M$/ ? 1048576 : f[3] ~ /K$/ ? 1024 : 1)
	if (words < f[2] + 1 || words > 512 && words / 2 >= f[2] + 1) bad = 1; rows++ } END { exit bad || rows != 4 }' $out.err
ok $? "overflow: each buffer has room, and half of it has not"
needed=$(awk '/^callbacks/ { gsub(",", ""); print $4 }' $out.err)
recorded=$(ukcov run -m trace -b 1M -o - -- "$tasks" do 3 2> /dev/null | grep -vc '^#')
# Two runs, the same but for the state of the allocators.
[ "$needed" -gt $((recorded * 9 / 10)) ] && [ "$needed" -lt $((recorded * 11 / 10)) ]
ok $? "overflow: $needed callbacks, a trace has $recorded"

ukcov run -q -o a.cov -- "$tasks" do 1000
ukcov run -q -o b.cov -- "$tasks" do 3
# part A|B|BOTH: the rows of one part of what diff printed, "ONLY-A ONLY-B NAME".
part() {
	awk -v part="$1" '/^functions that/ { at = /only A reaches/ ? "A" : /only B reaches/ ? "B" : "BOTH"; next }
		at != part || !/^ *[0-9,]+ .*[a-z]/ { next }
		{ a = at == "B" ? "" : substr($0, 1, 8); b = at == "A" ? "" : at == "B" ? substr($0, 1, 8) : substr($0, 10, 8)
		  name = substr($0, at == "BOTH" ? 20 : 11); sub(/ .*/, "", name); gsub(",", "", a); gsub(",", "", b)
		  print a + 0, b + 0, name }' $out
}
ukcov diff -n 0 a.cov b.cov > $out 2> $out.err
part B | grep -q ' .*memfd_create$' && ! part A | grep -q memfd_create; ok $? "diff: only B reaches memfd_create"
ukcov diff a.cov a.cov > $out 2>&1
grep -q '^only in A, a.cov: 0 PCs' $out; ok $? "diff: a file does not differ from itself"
# Which is which: a file, and the same without 100 of its PCs, of one function at least.
{ grep '^#' a.cov; grep -v '^#' a.cov | tail -n +101; } | sed "s/^# pcs: .*/# pcs: $(($(grep -vc '^#' a.cov) - 100))/" > less.cov
ukcov diff -n 0 less.cov a.cov > $out 2> $out.err
grep -q '^only in A, less.cov: 0 PCs$' $out && grep -q '^only in B, a.cov: 100$' $out; ok $? "diff: 100 PCs more in B"
[ "$(for i in A B BOTH; do part $i; done | awk '{ a += $1; b += $2 } END { print a + 0, b + 0 }')" = "0 100" ]
ok $? "diff: and of its functions"
ukcov diff --json a.cov less.cov > $out 2> $out.err
python3 - $out <<-'END'
	import json, sys
	d = json.load(open(sys.argv[1]))
	assert d["only_a"] == 100 and d["only_b"] == 0 and d["both"] > 1000
	assert sum(f["only_a"] for f in d["functions"]) == 100
	assert not any(f["only_b"] for f in d["functions"])
END
ok $? "diff --json: 100 PCs more in A"
# keep FROM TO WHAT...: FROM with those lines that "grep WHAT..." has.
keep() {
	from=$1 to=$2
	shift 2
	grep -v '^#' $from | grep "$@" > words
	{ grep '^#' $from | sed "s/^# pcs: .*/# pcs: $(wc -l < words)/"; cat words; } > $to
}
# All PCs of a function, without them, and without one that is its own, not of what is inlined.
ukcov filter --function load_elf_binary -o elf.cov a.cov 2> $out.err
ukcov filter -v --function load_elf_binary -o rest.cov a.cov 2> $out.err
keep a.cov none.cov -vx '.*'
for pc in $(grep -v '^#' elf.cov); do
	keep elf.cov one.cov -x $pc
	ukcov diff none.cov one.cov > $out 2> $out.err
	[ "$(part B)" != "0 1 load_elf_binary" ] || break
done
keep elf.cov less.cov -vx $pc
# judge A B PART TEXT: who reaches load_elf_binary? The text and JSON say the same.
judge() {
	ukcov diff -n 0 $1.cov $2.cov > $out 2> $out.err
	parts=
	for i in A B BOTH; do
		! part $i | grep -q ' load_elf_binary$' || parts=$parts$i
		part $i | wc -l
	done > counts
	ukcov diff --json $1.cov $2.cov > $out.json 2> $out.err
	python3 - $3 $out.json counts <<-'END' && [ "$parts" = $3 ]
		import json, sys
		who, text, counts = sys.argv[1], open(sys.argv[2]).read(), open(sys.argv[3]).read().split()
		d = json.loads(text)
		by = [f["reached_by"] for f in d["functions"]]
		assert [f["reached_by"] for f in d["functions"] if f["name"] == "load_elf_binary"] == [who.lower()]
		assert [d["functions_only_a"], d["functions_only_b"]] == [by.count("a"), by.count("b")]
		assert [str(by.count(i)) for i in ("a", "b", "both")] == counts
	END
	ok $? "diff, and --json: $4"
}
judge rest a B "a function that only B reaches"
judge a rest A "one that only A reaches"
judge less elf BOTH "one that both reach, B by one PC more"
[ "$(part BOTH)" = "0 1 load_elf_binary" ] && [ -z "$(part A)$(part B)" ]; ok $? "diff: by just that one"
# With GCC before 14 these have no callback but one at their end, reached by a jump.
ukcov diff -n 0 none.cov a.cov > $out 2> $out.err
ukcov report --json a.cov 2> /dev/null | grep -q '"jumped_to": 0,' ||
	part B | grep -qE ' (folio_unlock|would_dump|generic_fillattr)$'
ok $? "diff: functions that jump to the hook"
ukcov merge -o both.cov a.cov b.cov 2> $out.err
{ grep -v '^#' a.cov; grep -v '^#' b.cov; } | sort -u > want
grep -v '^#' both.cov | cmp -s - want; ok $? "merge: the union"
# What was dropped adds up.
was=$(sed -n 's/^# dropped: //p' small.cov)
[ "$was" = unknown ] && want=unknown || want=$((2 * was))
ukcov merge -o both.cov small.cov a.cov small.cov 2> $out.err
sed -n 's/^# dropped: //p' both.cov > $out
[ "$(cat $out)" = "$want" ]; ok $? "merge: $want dropped, as of all files"
ukcov filter --file 'mm/*' -o mm.cov b.cov 2> $out.err
ukcov filter -v --file 'mm/*' -o rest.cov b.cov 2> $out.err
[ -s mm.cov ] && { grep -v '^#' mm.cov; grep -v '^#' rest.cov; } | sort > split
grep -v '^#' b.cov | cmp -s - split; ok $? "filter and filter -v: two parts"
ukcov filter --function '*memfd_create*' b.cov 2> $out.err | grep -vc '^#' > $out
[ "$(cat $out)" -ge 3 ]; ok $? "filter --function"
ukcov filter --module vmlinux b.cov 2> /dev/null | grep -v '^#' > $out
grep -v '^#' b.cov | cmp -s - $out; ok $? "filter --module vmlinux: all of it"

ukcov report -n 0 b.cov > report.txt 2> $out.err; ok $? "report"
{ grep '^#' b.cov | sed 's/^# pcs: .*/# pcs: 1/'; echo 0x0000000000001000; } > nowhere.cov
ukcov report nowhere.cov > $out 2> $out.err
grep -q '^1 PCs are in no function of this vmlinux' $out; ok $? "report: a PC that is in no function"
ukcov report --lcov b.info b.cov 2> $out.err; ok $? "report --lcov"
grep -q ' fs/exec.c$' report.txt && grep -q 'memfd_create' report.txt
ok $? "report: files and functions"
for by in function dir subsystem; do
	ukcov report --by $by -n 5 b.cov > $out 2> $out.err; ok $? "report --by $by"
done
grep -q 'MEMORY MANAGEMENT' $out; ok $? "report --by subsystem: from MAINTAINERS"
# The same files, put together by others: of --json, and a MAINTAINERS of ours.
tree=$(sed -n 's,^SF:\(.*\)/kernel/fork\.c$,\1,p' b.info)
mkdir -p tree && ln -s "$tree"/* tree/ && rm tree/MAINTAINERS
printf 'Head\n\nALPHA\nM:\tA\nF:\tmm/\nX:\tmm/memfd.c\n\nBETA\nM:\tB\nF:\tkernel/*.c\n\nGAMMA\nN:\tsignal\n\nTHE REST\nF:\t*\nF:\t*/\n' > tree/MAINTAINERS
ukcov report --json b.cov > b.json 2> $out.err
ukcov report -n 0 --by dir b.cov > dir.txt 2> $out.err
ukcov report -n 0 --by subsystem --source tree b.cov > subsystem.txt 2> $out.err
python3 - > $out 2>&1 <<-'END'
	import json, os, re
	files = json.load(open("b.json"))["files"]
	def subsystem(path):
	    if path.startswith("mm/") and path != "mm/memfd.c":
	        return "ALPHA"
	    if re.match("kernel/[^/]*[.]c$", path):
	        return "BETA"
	    return "GAMMA" if "signal" in path else "(none)"
	def check(name, group):
	    want = {}
	    for f in files:
	        sums = want.setdefault(group(f["file"]), [0] * 6)
	        for i, what in enumerate(("pcs", "lines", "functions")):
	            sums[2 * i] += f[what]["hit"]
	            sums[2 * i + 1] += f[what]["all"]
	    got = {}
	    for line in open(name):
	        m = re.match(" *([0-9,]+)/([0-9,]+) +\\S+ +([0-9,]+)/([0-9,]+) +\\S+ +([0-9,]+)/([0-9,]+) +\\S+  (.*)", line)
	        if m:
	            got[m.group(7)] = [int(x.replace(",", "")) for x in m.groups()[:6]]
	    want = {k: v for k, v in want.items() if v[0]}
	    for k in set(want) | set(got):
	        assert got.get(k) == want.get(k), (name, k, got.get(k), want.get(k))
	    assert len(want) > 3, want
	check("dir.txt", os.path.dirname)
	check("subsystem.txt", subsystem)
END
ok $? "report --by dir, subsystem: the sums of its files"
ukcov report --annotate mm/memfd.c b.cov > $out 2> $out.err
grep -qE '^ *[0-9]+/[0-9]+ \+ +[0-9]+ ' $out && grep -qE '^ *0/[0-9]+ - ' $out
ok $? "report --annotate: lines that ran, and that did not"

# A module, after it is gone.
dummy=$(dirname "$UKCOV_VMLINUX")/drivers/net/dummy.ko

# functions FILE.cov...: those of the module, each with how many of its PCs were reached.
functions() {
	ukcov report -n 0 --by function "$@" 2> $out.err | awk '$5 ~ /^dummy_/ { print $5, $1 }' | sort
}

insmod "$dummy" 2> $out &&
	ukcov run -f -q -o module.cov -- sh -c "ip link add dummy7 type dummy && ip link del dummy7" 2> $out.err
ok $? "a module is loaded and used"
rmmod dummy
ukcov filter --module dummy module.cov 2> $out.err | grep -v '^#' > $out
[ -s $out ]; ok $? "a module that is gone: $(wc -l < $out) PCs of it"
ukcov report -n 0 module.cov 2>&1 | grep -qE 'drivers/net/dummy.c$'
ok $? "and its file is in the report"
functions module.cov > dummy.list
cp dummy.list $out
grep -q '^dummy_setup ' dummy.list && grep -q '^dummy_dev_init ' dummy.list; ok $? "and its functions"
ukcov report --annotate drivers/net/dummy.c module.cov > $out 2> $out.err
grep -qE '^ *[1-9]/[0-9] [+] .*dummy_setup|^ *[+] .*dummy_setup' $out; ok $? "and its lines"

# As if it had been loaded elsewhere: 1 MiB higher, in the file and in the map beside it.
python3 - module.cov moved.cov <<-'END'
	import re, sys
	old, new = sys.argv[1:]
	text = open(old + '.map').read()
	size, base = re.search(r'^dummy (\d+) .* 0x([0-9a-f]+)$', text, re.M).groups()
	base, size = int(base, 16), int(size)
	def move(m):
	    return '0x%016x' % (int(m.group(), 16) + (1 << 20))
	out = open(new + '.map', 'w')
	for line in text.splitlines(True):
	    out.write(re.sub('0x[0-9a-f]{16}', move, line) if 'dummy' in line else line)
	out = open(new, 'w')
	for line in open(old):
	    if line.startswith('0x') and base <= int(line, 16) < base + size:
	        line = move(re.match('.*', line)) + '\n'
	    out.write(line)
END
! cmp -s module.cov moved.cov; ok $? "a module that lies elsewhere"
ukcov merge -o both.cov moved.cov module.cov 2> $out.err
grep -v '^#' both.cov > a.list
grep -v '^#' moved.cov | sort -u | cmp -s - a.list; ok $? "merge: the same PCs all the same"
ukcov diff module.cov moved.cov > $out 2> $out.err
grep -q '^only in B, moved.cov: 0$' $out && grep -q '^only in A, module.cov: 0 PCs$' $out
ok $? "diff: no difference"
functions moved.cov module.cov | tee $out | cmp -s - dummy.list; ok $? "report of both: the same functions"
ukcov merge -o both.cov a.cov module.cov 2> $out.err
grep -q '^ukcov: module dummy was not loaded when a.cov was collected: [1-9]' $out.err
ok $? "merge: a module that the first file does not know is left out, and said"

cp a.cov b.cov "$VM_SCRATCH/"
done_testing
