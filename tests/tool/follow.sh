#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010,SC1090,SC2016,SC2034,SC2086 # "do" is an argument; lists; quotes meant so
#
# In a guest: 'ukcov run --follow'. Nothing is lost, and nothing is other than without it. TAP.
#
# follow.sh TASKS STATIC-TASKS TAP.SH

set -u
tasks=$1 static=$2
out=/tmp/out
. "$3"
cd /tmp || exit 1

# pcs FILE: its PCs.
pcs() { grep -v '^#' "$1"; }

# What a thing adds to all others: the oracle, each task traced singly. What is not there
# each time (the first of its kind takes another way) says nothing.
things=$("$tasks" things)
numbers=$(seq 0 $((things - 1)))
for i in $numbers 1000; do
	for round in 1 2 3; do
		ukcov run -q -o single.cov -- "$tasks" do $i
		pcs single.cov > single
		[ $round = 1 ] || { comm -12 single single.$i > both; mv both single; }
		pcs single.cov | sort -u - "any.$i" > more 2>/dev/null || pcs single.cov > more
		mv more "any.$i"
		mv single single.$i
	done
done
# Only in functions of the thing's own: others are called at random, now and then.
cat single.[0-9]* | sort -u > all
ukcov run -q -o head.cov -- true
{ grep '^# [rbv]' head.cov; cat all; } > all.cov
ukcov filter -o own.cov --function '*sysinfo*' --function '*timerfd*' --function '*inotify*' \
	--function '*memfd*' --function '*sem*' --function '*eventfd*' --function '*epoll*' \
	--function '*itimer*' --function '*getpriority*' --function '*mincore*' \
	--function '*sys_times' --function '*packet*' all.cov 2> $out.err
pcs own.cov > own
bad=
for i in $numbers; do
	for other in $numbers 1000; do
		[ $other = $i ] || cat any.$other
	done | sort -u | comm -23 single.$i - | comm -12 - own > thing.$i
	[ -s thing.$i ] || bad="$bad $i"
done
[ -z "$bad" ]; ok $? "each of $things things has PCs of its own${bad:+: not$bad}"

# has FILE NUMBER...: are the PCs of all these things in it?
has() {
	pcs "$1" > have
	shift
	for thing; do
		comm -23 thing.$thing have > lost
		[ ! -s lost ] || { echo "lost of thing $thing:" $(cat lost) > $out.err; return 1; }
	done
}

# way NAME NUMBER [PROGRAM]: the same status as without, and the task's coverage.
way() {
	program=${3:-$tasks}
	"$program" "$1" "$2" > $out 2>&1
	want=$?
	# A task whose signals are blocked, say, never ends.
	timeout --foreground -s KILL 30 ukcov run -f -o way.cov -- "$program" "$1" "$2" > $out 2> $out.err
	got=$?
	[ $got -eq $want ] && [ $got -ne 99 ]
	ok $? "$1: status $got as without ukcov ($want)"
}

i=0
for name in fork fork-exec vfork spawn thread thread-exec kill crash job signal user chroot namespace; do
	way $name $i
	has way.cov $i; ok $? "$name: the task's coverage is there"
	ukcov run -q -o alone.cov -- "$tasks" $name $i > $out 2>&1
	case $name in
	# It is the same process.
	thread-exec) ;;
	*) ! has alone.cov $i; ok $? "$name: and is not without --follow" ;;
	esac
	i=$(((i + 1) % things))
done
way looking 1
for name in fork spawn thread; do
	way $name 3 "$static"
	has way.cov 3; ok $? "a static program, $name: the task's coverage is there"
done

# A filter of system calls: not followed, said, and not killed for what we would do.
way filter 2
grep -q 'not collected: 1 of 2 tasks' $out.err || grep -q ', 2 tasks$' $out.err
ok $? "filter: the task is not followed and that is said, or it is"

# A program that runs with its owner's rights: it still does, and is followed.
cp "$(command -v id)" suid-id && chmod 4755 suid-id
want=$(setpriv --reuid 1 --clear-groups ./suid-id -u)
ukcov run -f -o suid.cov -- setpriv --reuid 1 --clear-groups ./suid-id -u > $out 2> $out.err
[ "$(cat $out)" = 0 ] && [ "$want" = 0 ]; ok $? "a set-user-id program: runs as root, as without ukcov"

# More tasks at once than there are descriptors: those without one are counted, all run. None ends
# before all are there.
mkfifo there gate
(ulimit -n 16; ukcov run -f -o /dev/null -- sh -c '
	exec 7<> there 8<> gate
	thirty=$(seq 30)
	for i in $thirty; do { echo >&7; read -r line <&8; } & done
	for i in $thirty; do read -r line <&7; done
	for i in $thirty; do echo >&8; done
	wait') > $out 2> $out.err
status=$?
lost=$(sed -n 's/^ukcov: not collected: \([0-9]*\) of 32 tasks: no descriptor.*/\1/p' $out.err)
got=$(sed -n 's/.*, \([0-9]*\) tasks$/\1/p' $out.err)
# sh, seq and 30 copies of sh.
[ $status -eq 0 ] && [ "${lost:-0}" -gt 0 ] && [ $((lost + got)) -eq 32 ]
ok $? "16 descriptors: ${lost:-no} of 32 tasks are not followed, and that is said"

ukcov run -f -o pipe.cov -- sh -c "'$tasks' do 1 | '$tasks' do 4 | '$tasks' do 6" > $out 2> $out.err
[ $? -eq 6 ]; ok $? "a pipeline: its status"
grep -q ', 4 tasks$' $out.err; ok $? "a pipeline: 4 tasks"
has pipe.cov 1 4 6; ok $? "a pipeline: the coverage of all of it"

begin=$(date +%s)
ukcov run -f -o many.cov -- "$tasks" many 1000 > $out 2> $out.err
ok $? "1,000 processes: each with its status"
grep -q ', 1,001 tasks$' $out.err; ok $? "1,000 processes: 1,001 tasks"
has many.cov $numbers; ok $? "1,000 processes: the coverage of all ($(($(date +%s) - begin)) s)"

ukcov run -f -o /dev/null -- sh -c 'kill -KILL $$' > $out 2> $out.err
[ $? -eq 137 ]; ok $? "killed by SIGKILL: 137"
[ -c /dev/null ]; ok $? "-o /dev/null leaves /dev/null"
ukcov run -f -- sh -c 'kill -TERM $$' > $out 2> $out.err
[ $? -eq 143 ]; ok $? "killed by SIGTERM: 143"

# Stopped and continued from outside.
ukcov run -f -o stop.cov -- sh -c 'echo $$ > pid; kill -STOP $$; echo on; exit 5' > $out 2> $out.err &
ukcov=$!
i=0
until [ -s pid ] && grep -q '^State:.*[Tt] (' "/proc/$(cat pid)/status" || [ $i -ge 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
[ $i -lt 100 ]; ok $? "a program that stops itself is stopped"
sleep 0.3
! grep -q on $out; ok $? "and stays so"
kill -CONT "$(cat pid)"
wait $ukcov
[ $? -eq 5 ] && grep -q on $out; ok $? "until SIGCONT"

# SIGTERM is passed on, and what was collected is written.
ukcov run -f -o term.cov -- sh -c 'trap "exit 9" TERM; : > up; while :; do sleep 0.1; done' > $out 2> $out.err &
ukcov=$!
until [ -e up ]; do sleep 0.1; done
kill -TERM $ukcov
wait $ukcov
[ $? -eq 9 ] && [ -s term.cov ]; ok $? "SIGTERM to ukcov goes to the program; the file is written"

# wait_for TENTHS COMMAND...: until it succeeds.
wait_for() {
	i=$1
	shift
	until "$@" || [ "$i" -eq 0 ]; do
		sleep 0.1
		i=$((i - 1))
	done
	[ "$i" -gt 0 ]
}

# more_rounds N: has the loop ended N rounds since there were $rounds?
more_rounds() { [ "$(wc -l < rounds)" -ge $((rounds + $1)) ]; }

# A running process.
"$tasks" do 1000
: > rounds
(while [ ! -e end ]; do "$tasks" fork 3; echo >> rounds; sleep 0.05; done; exit 0) > /dev/null 2>&1 &
loop=$!
ukcov run -o attach.cov -p $loop > $out 2> $out.err &
ukcov=$!
wait_for 600 grep -q '^TracerPid:.[1-9]' /proc/$loop/status
# The first of them may have begun before.
rounds=$(wc -l < rounds)
wait_for 600 more_rounds 2
# Not SIGINT: a shell has what runs behind it ignore that.
kill -TERM $ukcov
wait $ukcov && has attach.cov 3
ok $? "-p: what a running process starts"
kill -0 $loop; ok $? "-p: it still runs"
grep -q '^TracerPid:.0$' /proc/$loop/status; ok $? "-p: and is not traced any more"
: > end
wait $loop; ok $? "-p: and ends as it should"

# A call that is interrupted by the attaching goes on: no EINTR, no less time.
sh -c 'sleep 3; echo $?' > slept &
sleeper=$!
sleep 0.5
timeout -s INT 1 ukcov run -o attach.cov -p $sleeper > $out 2> $out.err
wait $sleeper
[ "$(cat slept)" = 0 ]; ok $? "-p: a call that was being waited for goes on"
done_testing
