// SPDX-License-Identifier: GPL-2.0
/*
 * Many short sections of remote coverage, by a task of their own, for bench/sections.
 *
 * "COUNT HANDLE" is written to the parameter "run"; "ns" is then how long they took.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kcov.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>

static unsigned long count, ns, result;
static u64 handle;
static DECLARE_COMPLETION(done);

module_param(ns, ulong, 0400);

/* Some callbacks, as a turn of an idle loop makes. */
static noinline unsigned long turn(unsigned long i)
{
	unsigned long k, sum = 0;

	for (k = 0; k < 3; k++)
		sum += i & k ? k : i;
	return sum;
}

static int sections(void *arg)
{
	unsigned long i, sum = 0;
	ktime_t begin = ktime_get();

	for (i = 0; i < count; i++) {
		kcov_remote_start(handle);
		sum += turn(i);
		kcov_remote_stop();
	}
	ns = ktime_to_ns(ktime_sub(ktime_get(), begin));
	WRITE_ONCE(result, sum);
	complete(&done);
	return 0;
}

static int run(const char *text, const struct kernel_param *param)
{
	struct task_struct *task;

	if (sscanf(text, "%lu %llx", &count, &handle) != 2)
		return -EINVAL;
	reinit_completion(&done);
	task = kthread_run(sections, NULL, "kcov_sections");
	if (IS_ERR(task))
		return PTR_ERR(task);
	wait_for_completion(&done);
	return 0;
}

static const struct kernel_param_ops ops = { .set = run };

module_param_cb(run, &ops, NULL, 0200);
MODULE_DESCRIPTION("KCOV: what a section of remote coverage costs");
MODULE_LICENSE("GPL");
