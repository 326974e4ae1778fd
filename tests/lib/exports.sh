#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the library exports: the map, the header, the manual, and the installed files. TAP.

set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/boot/tap.sh
out=build/lib/exports.out
dir=build/lib/root
rm -rf $dir
make -s -C lib install DESTDIR="$PWD/$dir" PREFIX=/usr > $out 2>&1
ok $? "make install DESTDIR PREFIX"

declared() {
	gcc -E -P lib/ukcov.h | grep -oE '\bukcov_[a-z_]+\(' | tr -d '(' | sort -u
}
exported() { nm -D --defined-only $dir/usr/lib/libukcov.so | awk '$2 == "T" { print $3 }' | sed 's/@.*//' | sort; }
mapped() { grep -oE '^\sukcov_[a-z_]+' lib/ukcov.map | tr -d '\t' | sort; }

declared > build/lib/declared
exported > build/lib/exported
mapped > build/lib/mapped
[ -s build/lib/declared ] && diff build/lib/declared build/lib/mapped > $out 2>&1
ok $? "the map has what the header declares"
diff build/lib/exported build/lib/mapped > $out 2>&1
ok $? "the library exports what the map has"
[ -z "$(nm -A $dir/usr/lib/libukcov.a | awk '$(NF-1) ~ /^[TDBRC]$/ && $NF !~ /^ukcov_/')" ]
ok $? "the static library defines no other name"
! nm -A build/lib/*.o | grep -E ' [dDbBC] ' | grep -v ' callbacks$' > $out
ok $? "no variables: there is no global state"
missing=$(while read -r f; do
	[ -e "$dir/usr/share/man/man3/$f.3" ] || echo "$f"
done < build/lib/declared)
[ -z "$missing" ] || echo "# $missing"
[ -z "$missing" ]
ok $? "each function has a page of the manual"
for page in "$dir"/usr/share/man/man3/*.3; do
	man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 > /dev/null
done > $out 2>&1
[ ! -s $out ]
ok $? "the pages are well-formed"

cat > build/lib/user.c <<-END
	#include <ukcov.h>
	#include <stdio.h>
	#include <string.h>

	int main(void)
	{
		char text[32];

		sprintf(text, "%d.%d.", UKCOV_VERSION_MAJOR, UKCOV_VERSION_MINOR);
		return strncmp(ukcov_version(), text, strlen(text)) != 0;
	}
END
export PKG_CONFIG_PATH=$dir/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$PWD/$dir
# shellcheck disable=SC2046 # flags
gcc -o build/lib/user build/lib/user.c $(pkg-config --cflags --libs libukcov) > $out 2>&1 &&
	LD_LIBRARY_PATH=$dir/usr/lib build/lib/user
ok $? "a program by pkg-config, shared: the version is the header's"
# shellcheck disable=SC2046
gcc -I$dir/usr/include -o build/lib/user build/lib/user.c $dir/usr/lib/libukcov.a -ldw -lelf > $out 2>&1 &&
	build/lib/user
ok $? "a program, static"
printf '#include <ukcov.h>\n' | g++ -x c++ -Wall -Wextra -Werror -I$dir/usr/include -fsyntax-only - > $out 2>&1
ok $? "the header in C++"
printf '#include <ukcov.h>\n' | gcc -x c -std=c99 -pedantic -Wall -Wextra -Werror -I$dir/usr/include -fsyntax-only - > $out 2>&1
ok $? "the header in C99"
make -s -C lib abi > $out 2>&1
ok $? "the interface is as in lib/ukcov.abi, or larger (make -C lib abi)"
done_testing
