#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In a guest: what ./demo prints, and that its summary adds up; what the oracle says here. TAP.

set -u
demo=$1/demo
out=/tmp/out
. "$(dirname "$0")/tap.sh"

# adds_up NAME: "A of N runs overflowed", and of the other N - A each is one of a kind.
adds_up() {
	awk -v name="$1" '
		index($0, name ":") == 1 && / of [0-9]+ runs overflowed / {
			split(substr($0, length(name) + 2), w, " ")
			rest = w[3] - w[1]
			next
		}
		/: of the other [0-9]+, / && rest != "" && !done {
			done = 1
			sub(/.*: of the other /, "")
			text = $0
			getline
			text = text " " $0
			gsub(/\([^)]*\)/, "", text)
			n = split(text, part, ",")
			told = part[1] + 0
			for (i = 2; i <= n; i++)
				sum += part[i] + 0
		}
		END { exit !(done && told == rest && sum == rest) }' "$out"
}

"$demo" pipe mmap-64m mount > $out 2> $out.err
ok $? "three workloads: no set is different"
grep -q '^Mode 0: [0-9]* of 3 workloads overflowed 65,536 words' $out
ok $? "the summary counts them"
for kind in 'Modes 2, 4, 6' 'Mode 16' 'Mode 8'; do
	adds_up "$kind"
	ok $? "what is said of $kind adds up"
done
"$demo" --list > $out 2> $out.err && grep -q '^mmap-64m  *mmap 64 MiB' $out
ok $? "--list has the workloads"
"$demo" nonsense > $out 2> $out.err
[ $? -eq 2 ] && grep -q 'see --list' $out.err
ok $? "no such workload: status 2, and says where they are listed"

# The oracle needs another kernel than this one.
"$1/oracle" pipe > $out 2> $out.err
[ $? -eq 1 ] && tail -n 1 $out.err | grep -q "with 'scripts/vm --config tee -- PROGRAM'$"
ok $? "the oracle in a kernel without the tee: what to boot"

done_testing
