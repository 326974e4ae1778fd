#!/bin/sh
# SPDX-License-Identifier: MIT
#
# libdw 0.188 (Debian 12): dwarf_getattrcnt() counts one attribute too many for an abbreviation
# with DW_FORM_implicit_const, which GCC writes in DWARF 5 for most members, parameters and
# inlined functions. A walk that trusts the count reads past the abbreviation's end.
#
# Seen: "counted 7, there are 6", for the abbreviation of a struct's members.
# Exits 0 if that is still so, 1 if not, 2 if it could not be tried.

set -eu

version=0.188-2.1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
apt-get -q download libdw1=$version libdw-dev=$version libelf1=$version libelf-dev=$version \
	> log 2>&1 || { cat log >&2; exit 2; }
for package in *.deb; do
	dpkg -x "$package" root
done
lib=$(dirname "$(find root -name libdw.so.1 | head -n 1)")

cat > input.c <<'END'
struct pair { int first, second; };
int sum(struct pair *p) { return p->first + p->second; }
END
cat > walk.c <<'END'
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>

int main(void)
{
	Dwarf *dwarf = dwarf_begin(open("input.o", O_RDONLY), DWARF_C_READ);
	size_t header, length = 0, counted, n;
	unsigned int name, form;
	Dwarf_Off next, at = 0;
	Dwarf_Abbrev *abbrev;
	Dwarf_Die die;

	if (!dwarf || dwarf_nextcu(dwarf, 0, &next, &header, NULL, NULL, NULL) ||
	    !dwarf_offdie(dwarf, header, &die))
		return 2;
	for (; (abbrev = dwarf_getabbrev(&die, at, &length)) &&
	       abbrev != DWARF_END_ABBREV; at += length) {
		if (dwarf_getabbrevtag(abbrev) != DW_TAG_member)
			continue;
		dwarf_getattrcnt(abbrev, &counted);
		for (n = 0; !dwarf_getabbrevattr(abbrev, n, &name, &form, NULL) &&
			    (name || form); n++)
			;
		printf("counted %zu, there are %zu\n", counted, n);
	}
	return 0;
}
END
gcc -g -gdwarf-5 -O1 -c input.c
readelf --debug-dump=abbrev input.o | grep -q implicit_const ||
	{ echo "this gcc writes no DW_FORM_implicit_const" >&2; exit 2; }
gcc -isystem root/usr/include walk.c -o walk "$lib/libdw.so.1" \
	-Wl,-rpath-link,"$lib" -Wl,--allow-shlib-undefined
LD_LIBRARY_PATH=$lib ./walk > seen
cat seen
readelf --debug-dump=abbrev input.o | awk '/DW_TAG_member/ { on = 1; next }
	on && /DW_AT value: 0/ { print "readelf lists " n; exit }
	on && /DW_AT_/ { n++ }'
grep -qx 'counted 7, there are 6' seen
