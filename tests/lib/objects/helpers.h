/* SPDX-License-Identifier: MIT */
/* Inlined into one another, three deep. */
static inline int innermost(int x, int y)
{
	if (x > y)
		return x - y;
	return y - x;
}

static inline int middle(int x, int y)
{
	int d = innermost(x, y);

	if (d > 10)
		d = 10;
	return d;
}

static inline __attribute__((always_inline)) int helper(int x, int y)
{
	return middle(x, y) * middle(y, 2 * x);
}
