// SPDX-License-Identifier: GPL-2.0
/*
 * Other code, which lies where kcov_loops was.
 */
#include <linux/module.h>

static unsigned long result;

static noinline unsigned long collatz(unsigned long n)
{
	unsigned long steps = 0;

	while (n > 1) {
		n = n & 1 ? 3 * n + 1 : n / 2;
		steps++;
	}
	return steps;
}

static int run(const char *text, const struct kernel_param *param)
{
	unsigned long n, i, longest = 0;
	int err = kstrtoul(text, 0, &n);

	for (i = 0; !err && i < n; i++)
		longest = max(longest, collatz(i));
	WRITE_ONCE(result, longest);
	return err;
}

static const struct kernel_param_ops ops = { .set = run };

module_param_cb(run, &ops, NULL, 0200);
MODULE_DESCRIPTION("KCOV: other code of a module to be traced");
MODULE_LICENSE("GPL");
