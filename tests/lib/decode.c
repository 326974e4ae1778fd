// SPDX-License-Identifier: MIT
/*
 * Reads "ADDRESS BYTES", one instruction a line, and compares their lengths with what the
 * library's decoder says. Exits 1 if one differs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/x86.h"

static size_t parse_bytes(const char *p, unsigned char *bytes, size_t max)
{
	size_t n = 0;
	char *end;

	while (n < max) {
		unsigned long b = strtoul(p, &end, 16);

		if (end == p)
			break;
		bytes[n++] = b;
		p = end;
	}
	return n;
}

int main(void)
{
	unsigned long n = 0, bad = 0;
	struct x86_insn insn;
	char line[512];

	while (fgets(line, sizeof(line), stdin)) {
		unsigned char bytes[48] = { 0 };
		char *p;
		unsigned long addr = strtoul(line, &p, 16);
		size_t len = parse_bytes(p, bytes, 16);

		n++;
		if (!ukcov__x86_decode(bytes, sizeof(bytes), addr, &insn) && insn.len == len)
			continue;
		if (bad++ < 10)
			printf("# not %u bytes: %s", insn.len, line);
	}
	printf("%lu instructions, %lu of another length\n", n, bad);
	return bad || n < 100;
}
