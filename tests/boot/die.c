// SPDX-License-Identifier: MIT
/*
 * Tasks that die in the kernel inside a callback, see kernel/kcov_uniq_tee.h: what they
 * collected with can be used again, by somebody else, and what that collects is right.
 * tests/boot/die.sh looks at the log.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "guest.h"

#define WORDS		4096
#define TEE_WORDS	512
#define FRESH		20
#define TRIES		3

static const unsigned long modes[] = { 0, 2, 4, 6, 8, 16 };
static unsigned int deaths;

struct seen {
	unsigned long main[WORDS], edge[WORDS];
};

/* It does not come back if the @n-th callback of a getppid() is there. */
static void child(struct cov *c, unsigned long mode, int n)
{
	/* Mappings are not inherited. */
	c->main = cov_map(c->fd, WORDS, 0);
	if (!c->main || cov_map_tee(c, TEE_WORDS) || cov_enable(c->fd, mode))
		_exit(2);
	/* There only those callbacks come to us that find no room. */
	if (!mode)
		c->main[0] = WORDS - 1;
	/* getppid() takes no lock that would stay taken. */
	c->tee[TEE_WORDS - 1] = n;
	getppid();
	c->tee[TEE_WORDS - 1] = 0;
	_exit(0);
}

static bool dies(struct cov *c, unsigned long mode, int n)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		child(c, mode, n);
	if (waitpid(pid, &status, 0) != pid || (WIFEXITED(status) && WEXITSTATUS(status)))
		return false;
	deaths += WIFSIGNALED(status);
	return WIFSIGNALED(status);
}

/* Without a reset: if an old window went on, it would be seen. */
static int collect(struct cov *c, unsigned long mode, struct seen *s)
{
	int err = cov_enable(c->fd, mode);

	if (err)
		return err;
	if (!mode)
		c->main[0] = 0;
	getppid();
	err = cov_disable(c->fd);
	memcpy(s->main, c->main, sizeof(s->main));
	memcpy(s->edge, c->edge, sizeof(s->edge));
	return err;
}

static bool same(const unsigned long *a, const unsigned long *b, size_t words)
{
	return a[0] == b[0] && a[0] < WORDS / words &&
	       !memcmp(a + 1, b + 1, a[0] * words * sizeof(long));
}

/* As a fresh descriptor would, in the same mode; ticks may come in between. */
static bool works_again(struct cov *dead, unsigned long mode)
{
	static struct seen a, b;
	struct cov fresh;
	int err;

	err = collect(dead, mode, &a);
	for (int i = 0; !err && i < FRESH; i++) {
		cov_open_or_exit(&fresh, WORDS, COV_EDGE);
		err = collect(&fresh, mode, &b);
		cov_close(&fresh);
		/* Arguments of comparisons may be others each time. */
		if (!err && (mode == 8 ? a.main[0] && a.main[0] <= b.main[0] + 2 :
			     same(a.main, b.main, 1)) && same(a.edge, b.edge, 1))
			return true;
	}
	tap_diag("mode %lu: error %d; %lu words, %lu in a fresh one", mode, err, a.main[0],
		 b.main[0]);
	return false;
}

/* Return: 1 if it is so; 0 if not; -1 if there is no @n-th callback. */
static int dies_and_works_again(unsigned long mode, int n)
{
	struct cov c;
	int try, ok = 0;

	/* What it collects then is compared once: something else may have come in between. */
	for (try = 0; try < TRIES && !ok; try++) {
		cov_open_or_exit(&c, WORDS, COV_EDGE);
		ok = dies(&c, mode, n) ? works_again(&c, mode) : -1;
		cov_close(&c);
	}
	return ok;
}

int main(void)
{
	int n, res, again;
	size_t i;

	if (put("/proc/sys/kernel/panic_on_oops", "0")) {
		perror("/proc/sys/kernel/panic_on_oops");
		return 1;
	}
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		again = 0;
		for (n = 1; n < 8; n += 3) {
			res = dies_and_works_again(modes[i], n);
			if (res < 0)
				break;
			again += res;
		}
		tap_ok(n > 1 && again == n / 3,
		       "mode %lu: tasks die in %d callbacks, and the next one collects",
		       modes[i], again);
	}
	tap_diag("deaths: %u", deaths);
	return tap_done();
}
