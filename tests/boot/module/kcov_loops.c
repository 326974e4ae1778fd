// SPDX-License-Identifier: GPL-2.0
/*
 * A module whose code tests/boot/modules.c traces: loops, branches, comparisons.
 */
#include <linux/module.h>

static unsigned long result;

static noinline unsigned long branches(unsigned long i)
{
	switch (i % 7) {
	case 0:
		return i * 3;
	case 2:
		return i > 20 ? i : i + 5;
	case 5:
		return i ^ 0x55;
	default:
		return i & 1 ? 1 : i / 3;
	}
}

static noinline unsigned long loops(unsigned long n)
{
	unsigned long i, k, sum = 0;

	for (i = 0; i < n; i++) {
		for (k = i; k; k /= 2)
			sum += k;
		if (sum % 5 == 4)
			continue;
		sum += branches(i);
	}
	return sum;
}

static int run(const char *text, const struct kernel_param *param)
{
	unsigned long n;
	int err = kstrtoul(text, 0, &n);

	if (!err)
		WRITE_ONCE(result, loops(n));
	return err;
}

static const struct kernel_param_ops ops = { .set = run };

module_param_cb(run, &ops, NULL, 0200);
MODULE_DESCRIPTION("KCOV: code of a module to be traced");
MODULE_LICENSE("GPL");
