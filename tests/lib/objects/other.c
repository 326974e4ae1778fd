// SPDX-License-Identifier: MIT
/* A second unit, with a function that has the same inlined ones. */
#include "helpers.h"

int other(int x)
{
	int sum = 0;

	for (int i = 0; i < x; i++)
		sum += helper(i, x);
	return sum;
}
