// SPDX-License-Identifier: MIT
/* A module: code in more sections than one, and in one that is freed. */
#include "helpers.h"

extern int other(int x);
int state;

__attribute__((noinline, section(".init.text"))) int mod_init(int x)
{
	if (x)
		state = other(x);
	return 0;
}

__attribute__((noinline, section(".ref.text"))) int mod_ref(int x)
{
	return x > 5 ? other(x) : state;
}

__attribute__((noinline)) int mod_work(int x)
{
	int sum = 0;

	for (int i = 0; i < x; i++)
		if (i & 1)
			sum += helper(i, x);
		else
			sum += mod_ref(i);
	return sum;
}
