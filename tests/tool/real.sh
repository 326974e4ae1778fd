#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1010,SC1090,SC2016,SC2034,SC2086 # "do" is an argument; lists; quotes meant so
#
# In a guest: 'ukcov run --follow' on make, and on a test of the kernel's own; what reports say
# of them. TAP.
#
# real.sh KSELFTEST TAP.SH		KSELFTEST is epoll_wakeup_test

set -u
kselftest=$1
out=/tmp/out
. "$2"
cd /tmp || exit 1

# On an emulated PC all takes ten times as long, and times say nothing.
slow=0
[ "$(uname -v | grep -c SMP)" = 0 ] || slow=1

# named FILE FUNCTION...: are all of these in the report?
named() {
	ukcov report --by function -n 0 "$1" > $out 2> $out.err || return 1
	shift
	for f; do
		grep -qE "  $f(  |\$)" $out || { echo "no $f" >> $out.err; return 1; }
	done
}

# gcc's own children, and as many tasks as strace counts.
mkdir -p proj
for i in 1 2 3 4 5 6; do
	printf '#include <stdio.h>\nint f%s(int x)\n{\n\treturn printf("%%d", x);\n}\n' $i > proj/f$i.c
done
printf 'int main(void)\n{\n\treturn 0;\n}\n' > proj/main.c
printf 'o = main.o f1.o f2.o f3.o f4.o f5.o f6.o\nprog: $(o)\n\tgcc -o $@ $(o)\n%%.o: %%.c\n\tgcc -c -o $@ $<\nclean:\n\trm -f $(o) prog\n' > proj/Makefile

# ms COMMAND...: how long it takes.
ms() {
	a=$(date +%s%N)
	"$@" > $out 2> $out.err || return 1
	took=$((($(date +%s%N) - a) / 1000000))
}

if [ $slow = 0 ]; then
	make -s -C proj && make -s -C proj clean
	fastest=0 fastest_strace=0
	for i in 1 2 3; do
		ms ukcov run -q -f -o make.cov -- make -s -C proj || { ok 1 "make: it works"; break; }
		[ $fastest -ne 0 ] && [ $fastest -lt $took ] || fastest=$took
		make -s -C proj clean
		ms strace -f -e trace=none -o strace.log make -s -C proj || { ok 1 "make: strace"; break; }
		[ $fastest_strace -ne 0 ] && [ $fastest_strace -lt $took ] || fastest_strace=$took
		make -s -C proj clean
	done
	[ $((2 * fastest)) -le $((3 * fastest_strace)) ]
	ok $? "make: $fastest ms, at most 1.5 times those of strace -f -e trace=none, $fastest_strace ms"
fi

strace -f -qq -e trace=exit_group,execve -o strace.log make -s -C proj > $out 2>&1
want=$(awk '{ print $1 }' strace.log | sort -u | wc -l)
make -s -C proj clean
ukcov run -f -o make.cov -- make -s -j4 -C proj > $out 2> $out.err && [ -x proj/prog ]
ok $? "make -j4 works"
grep -q ", $want tasks\$" $out.err
ok $? "make -j4: $want tasks, as strace counts"
grep -q ' 0 dropped' $out.err; ok $? "make -j4: nothing dropped"
named make.cov load_elf_binary do_exit copy_process pipe_read do_wait filemap_fault vfs_write
ok $? "make -j4: the report names what a reader expects"

# The kernel's own test: the same results, and the code that it is about. Of its 64 parts those
# that do not need two CPUs.
parts=
for i in $(seq $((slow ? 9 : 1)) $((slow ? 12 : 16))); do
	parts="$parts -t epoll$i"
done
"$kselftest" $parts > want 2>&1
ok $? "kselftest: it passes here"
ukcov run -f -o self.cov -- "$kselftest" $parts > got 2> $out.err
ok $? "kselftest: and with --follow"
grep '^# Totals' want > $out
grep '^# Totals' got | cmp -s - $out && [ -s $out ]; ok $? "kselftest: $(cat $out)"
# It has a child process for each test, and threads.
tests=$(grep -c '^ok' want)
tasks=$(sed -n 's/.*, \([0-9,]*\) tasks$/\1/p' $out.err | tr -d ,)
[ "${tasks:-0}" -gt $((tests + 1)) ]; ok $? "kselftest: $tests tests in ${tasks:-no} tasks"
named self.cov do_epoll_create do_epoll_ctl do_epoll_wait ep_insert ep_poll_callback ep_send_events \
	ep_autoremove_wake_function
ok $? "kselftest: the report names what it tests"
if [ $slow = 0 ]; then
	ukcov run -q -o alone.cov -- "$kselftest" $parts > $out 2>&1
	! named alone.cov ep_poll_callback; ok $? "kselftest: which only its children reach"
fi
ukcov report --annotate fs/eventpoll.c self.cov 2> $out.err | head -n 1 > $out
awk '{ exit !($10 > 20 && 2 * $10 > $12) }' $out
ok $? "kselftest: most functions of its file: $(cat $out)"
done_testing
