// SPDX-License-Identifier: MIT
/*
 * A kernel of a few functions, for what reads vmlinux: it is compiled in many ways, and
 * never run.
 */
#include "helpers.h"

extern int other(int x);
/* A type with types in it stands between the functions in the debug information. */
struct thing {
	struct inner {
		int a, b;
	} inner;
	enum { ONE, TWO } which;
	union {
		long l;
		char c[8];
	};
};
struct thing thing;
int counter;

/* Returns nothing, and its last block has no callee: GCC before 14 ends it in a jump. */
__attribute__((noinline)) void tail_called(int *p)
{
	if (*p > 3)
		*p = 3;
}

__attribute__((noinline)) int calls_tail(int x)
{
	tail_called(&x);
	return x + 1;
}

/* Many things that are needed after calls: hooks are kept in registers that outlive calls. */
__attribute__((noinline)) int busy(const int *v, int n, int a, int b)
{
	int sum = 0;

	for (int i = 0; i < n; i++) {
		if (v[i] > a)
			sum += helper(v[i], b);
		else if (v[i] == b)
			sum -= helper(v[i], a);
		if (sum > n)
			sum ^= other(sum);
	}
	return sum;
}

__attribute__((noinline)) int jumps(int x, int (*fn)(int))
{
	switch (x) {
	case 0: return other(1);
	case 1: return fn(x) + 2;
	case 2: counter = 3; return fn(4);
	case 3: return helper(x, counter);
	case 4: counter++; thing.which = TWO; break;
	case 5: return fn(7) + other(x);
	case 6: counter--; return 9;
	}
	return fn(x) + counter;
}

__attribute__((cold, noinline)) int rare(int x)
{
	return other(x) * 3;
}

int unlikely_part(int x)
{
	if (__builtin_expect(x == 77, 0))
		return rare(x) + other(x + 1);
	return x;
}

int _start(void)
{
	int v[] = { 1, 2, 3 };

	return busy(v, 3, 1, 2) + jumps(counter, other) + calls_tail(counter) +
	       unlikely_part(counter);
}
