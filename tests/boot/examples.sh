#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In a guest: the programs of examples/, and what they print. TAP.

set -u
bin=$1
examples=$1/examples
out=/tmp/out
. "$(dirname "$0")/tap.sh"

# functions: the names of the PCs in $out. Addresses have 16 digits: as strings, they are in order.
functions() {
	{
		grep -E '^0x' $out | sed 's/^0x//' | sort -u | while read -r pc; do
			# The callback was called by the instruction before.
			printf '%016x pc\n' $((0x$pc - 1))
		done
		grep -i ' t ' /proc/kallsyms | awk '{ print $1, $3 }'
	} | LC_ALL=C sort -k1,1 -s | awk '$2 != "pc" { name = $2; next } { print name }' | sort -u
}

"$bin/kcov-sample" 2 > /tmp/pcs && "$bin/kcov-sample" 4 | sed 1d > /tmp/edges && [ -s /tmp/pcs ] && [ -s /tmp/edges ]
ok $? "kcov-sample, to compare with"

"$examples/pcs" > $out 2> $out.err && cmp -s /tmp/pcs $out
ok $? "pcs: the PCs of read(-1), each once, and no other"
functions > /tmp/functions
grep -q 'sys_read$' /tmp/functions && ! grep -q ioctl /tmp/functions
ok $? "pcs: they are of read(), not of ioctl()"

"$examples/edges" > $out 2> $out.err && sed -n 's/^pc //p' $out | cmp -s - /tmp/pcs &&
	sed -n 's/^edge //p' $out | cmp -s - /tmp/edges &&
	[ "$(tail -n 1 $out)" = 'no room for 0 PCs and 0 edges' ]
ok $? "edges: PCs and edges, each once, and what did not fit"

"$examples/compact" > $out 2> $out.err &&
	awk '/^0x/ { if ($1 != (NR == 1 ? "0x0" : last)) bad = 1; last = $2; n++ }
	     / words instead of / { ok = $1 >= n && $1 < 65536 && $5 > 65536 }
	     END { exit bad || !ok || n < 100 }' $out
ok $? "compact: a trace that fits, where the full one does not"

"$examples/exec" true > $out 2> $out.err && functions > /tmp/of-true
grep -q 'begin_new_exec$' /tmp/of-true && grep -q '^do_exit$' /tmp/of-true
ok $? "exec: from before execve() to the end of the program"
"$examples/exec" cat /proc/version > $out 2> $out.err && functions > /tmp/of-cat
grep -q '^version_proc_show$' /tmp/of-cat && ! grep -q '^version_proc_show$' /tmp/of-true
ok $? "exec: cat /proc/version runs version_proc_show(), true does not"
"$examples/exec" sh -c 'exit 3' > $out 2> $out.err
[ $? -eq 3 ] && [ -s $out ]
ok $? "exec: the program's status"
"$examples/exec" > $out 2> $out.err
[ $? -eq 2 ] && grep -q ^usage $out.err
ok $? "exec: usage"

"$examples/fuzz" > $out 2> $out.err &&
	awk '{ if ($5 < 1 || $9 != 0) bad = 1 }
	     $2 == "1," && $7 < 1 { bad = 1 }
	     $2 == "1," && $4 == "0:" && $5 != $7 { bad = 1 }
	     $2 == "2," && $7 != 0 { bad = 1 }
	     # Without a reset the list only grows. (A pipe needs memory, and that another way each time.)
	     $4 != "2:" { if ($2 == "1,") pcs[$4] = $5; else if (pcs[$4] < $5) bad = 1 }
	     END { exit bad || NR != 8 }' $out
ok $? "fuzz: each input finds something, and nothing when it comes again"

umount /sys/kernel/debug
for i in pcs edges compact fuzz 'exec true'; do
	# shellcheck disable=SC2086 # words
	"$examples"/$i > $out 2> $out.err
	[ $? -eq 1 ] && [ ! -s $out ] && grep -q 'debugfs mounted' $out.err
	ok $? "${i%% *}: says that there is no KCOV, status 1"
done

done_testing
