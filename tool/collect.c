// SPDX-License-Identifier: MIT
/* Runs a command with coverage: of its first task, or of all tasks (follow.h). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "follow.h"
#include "tool.h"

/* Of unique PCs 64K are enough; of a whole trace nothing is ever enough. */
#define WORDS_UNIQUE	(64ul << 10)
#define WORDS_TRACE	(1ul << 20)

struct area {
	struct follow_area base;
	struct ukcov *cov;
	struct area *next;	/* not in use */
};

/* One command runs at a time: handlers of signals must find it. */
static struct follow *following;
static volatile pid_t command;
static bool attached;

struct run {
	struct collect *c;
	struct area *idle;
	struct rlimit limit;	/* of descriptors, the program's */
};

/* ---- descriptors ---- */

static int open_cov(struct collect *c, struct ukcov **cov)
{
	size_t words = c->words ? c->words : WORDS_UNIQUE;
	int err;

	if (!c->words && (c->mode == UKCOV_TRACE || c->mode == UKCOV_TRACE_CMP))
		words = WORDS_TRACE;
	err = ukcov_open(cov, c->mode, words, c->flags);
	if (err || c->words)
		return err;
	/* A kernel without the mode collects a trace, which is longer. */
	if (words != WORDS_TRACE && ukcov_kernel_mode(*cov) != c->mode) {
		ukcov_close(*cov);
		words = WORDS_TRACE;
		err = ukcov_open(cov, c->mode, words, c->flags);
	}
	if (!err)
		c->words = words;
	return err;
}

static struct area *new_area(struct run *r, int *err)
{
	struct area *a = xcalloc(1, sizeof(*a));

	*err = open_cov(r->c, &a->cov);
	if (*err) {
		free(a);
		return NULL;
	}
	r->c->areas++;
	a->base.fd = ukcov_fd(a->cov);
	a->base.mode = ukcov_kernel_mode(a->cov);
	r->c->kernel_mode = a->base.mode;
	return a;
}

static struct follow_area *area_get(void *ctx)
{
	struct run *r = ctx;
	struct area *a = r->idle;
	int err;

	if (!a)
		a = new_area(r, &err);
	else
		r->idle = a->next;
	return a ? &a->base : NULL;
}

static void area_start(void *ctx, struct follow_area *base)
{
	struct area *a = (struct area *)base;

	(void)ctx;
	ukcov_set_enabled(a->cov, true);
	ukcov_reset(a->cov);
}

/* What this task has left: counted, and given to the command of ukcov. */
static void take(struct collect *c, struct ukcov *cov)
{
	struct ukcov_stats st;
	int err = ukcov_get_stats(cov, &st);

	if (!err) {
		c->recorded += st.main.recorded;
		c->dropped += st.main.dropped + st.edge.dropped;
		c->edge_recorded += st.edge.recorded;
		c->edge_dropped += st.edge.dropped;
		if (st.main.recorded + st.main.dropped > c->most)
			c->most = st.main.recorded + st.main.dropped;
		if (st.edge.recorded + st.edge.dropped > c->most_edge)
			c->most_edge = st.edge.recorded + st.edge.dropped;
		c->counted = st.flags & UKCOV_COUNTED;
		c->lost_tasks += !!(st.flags & UKCOV_LOST);
		err = c->take(c->arg, cov);
	}
	if (err && !c->error)
		c->error = err;
}

static void area_put(void *ctx, struct follow_area *base)
{
	struct area *a = (struct area *)base;
	struct run *r = ctx;

	ukcov_set_enabled(a->cov, false);
	take(r->c, a->cov);
	ukcov_reset(a->cov);
	a->next = r->idle;
	r->idle = a;
}

static void free_areas(struct run *r)
{
	struct area *a;

	while ((a = r->idle)) {
		r->idle = a->next;
		ukcov_close(a->cov);
		free(a);
	}
}

/* ---- the program ---- */

/* The file of a program, as execvp() would find it. 0 or -errno. */
static int find_program(const char *name, char **path)
{
	const char *dirs = getenv("PATH"), *end;
	int err = -ENOENT;
	struct stat st;

	*path = NULL;
	if (!*name)
		return -ENOENT;
	if (strchr(name, '/')) {
		*path = xstrdup(name);
		return 0;
	}
	for (dirs = dirs ? dirs : "/usr/bin:/bin"; ; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		*path = end == dirs ? xstrdup(name) :
			xasprintf("%.*s/%s", (int)(end - dirs), dirs, name);
		if (!stat(*path, &st) && S_ISREG(st.st_mode)) {
			if (!access(*path, X_OK))
				return 0;
			err = -EACCES;
		}
		free(*path);
		*path = NULL;
		if (!*end)
			return err;
	}
}

/*
 * The child shares our memory until it execs: with a copy, the first thing that would be
 * seen of each program is how the kernel frees that copy. So it must not change anything
 * but its own stack.
 */
#define STACK_SIZE	(256ul << 10)

struct start {
	const char *path;
	char **argv;
	int go[2];	/* the child waits for one byte */
	int why[2];	/* and says here what failed: a step and errno */
	int fd;		/* KCOV's */
	unsigned long mode;
	struct rlimit limit;	/* of descriptors, as it was */
	sigset_t mask;		/* the same */
};

struct failure {
	int step;	/* 1: KCOV_ENABLE, 2: exec */
	int error;
};

/* In the child: coverage begins, then the program does. */
static int begin(void *arg)
{
	struct start *s = arg;
	struct failure why = { 1, 0 };
	char c;

	close(s->go[1]);
	if (read(s->go[0], &c, 1) != 1)
		_exit(STATUS_UKCOV);
	close(s->go[0]);
	setrlimit(RLIMIT_NOFILE, &s->limit);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
	if (!ioctl(s->fd, KCOV_ENABLE, s->mode)) {
		why.step = 2;
		/* The path has been found. The descriptor is closed by exec. */
		execvp(s->path, s->argv);
	}
	why.error = errno;
	if (write(s->why[1], &why, sizeof(why)) < 0)
		_exit(STATUS_UKCOV);
	_exit(STATUS_UKCOV);
}

/* Its handlers of signals would be ours: those are set when it has begun. -1: errno. */
static pid_t start_child(struct start *s, char *stack)
{
	char *top = stack + STACK_SIZE;

	return clone(begin, top, CLONE_VM | SIGCHLD, s);
}

static void on_signal(int sig)
{
	if (attached)
		follow_stop(following);
	else if (sig == SIGINT && following && following->status != -1)
		/* What the program left running is not waited for. */
		follow_stop(following);
	else if (command > 0 && (sig == SIGTERM || sig == SIGHUP))
		kill(command, sig);
}

/* What ends the program must not end us before we have written. Ignored stays ignored. */
static void catch_signals(bool catch)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	static struct sigaction old[ARRAY_SIZE(signals)];
	struct sigaction sa = { .sa_handler = on_signal };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		if (!catch) {
			sigaction(signals[i], &old[i], NULL);
			continue;
		}
		sigaction(signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

static int status_of(const char *program, int status)
{
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	say("%s was killed by signal %d (%s)", program, WTERMSIG(status), strsignal(WTERMSIG(status)));
	return 128 + WTERMSIG(status);
}

/* Waits for the one task; it may be stopped, which is between it and the shell. */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static int failed_to_start(const struct start *s, const struct failure *why)
{
	if (why->step == 1)
		return fail(STATUS_UKCOV, "cannot collect: KCOV_ENABLE: %s%s", strerror(why->error),
			    why->error == EOPNOTSUPP || why->error == ENOTSUP ?
			    ": comparisons need CONFIG_KCOV_ENABLE_COMPARISONS=y" :
			    why->error == EBUSY ?
			    ": another user of KCOV, another ukcov perhaps, collects from this task" : "");
	if (why->error == ENOENT)
		return fail(STATUS_NO_PROG, "%s: no such program, or its interpreter is missing",
			    s->argv[0]);
	return fail(STATUS_CANNOT, "%s: cannot be run: %s", s->argv[0], strerror(why->error));
}

static int run_command(struct run *r, struct area *a)
{
	struct follow f = { .status = -1 };
	static const struct follow_ops ops = { area_get, area_start, area_put };
	struct start s = { .argv = r->c->argv, .fd = a->base.fd, .mode = a->base.mode,
			   .limit = r->limit };
	struct failure why = { 0, 0 };
	char *path, *stack;
	int status = -1, err;
	sigset_t block;
	pid_t pid;

	f.ops = &ops;
	f.ctx = r;
	err = find_program(r->c->argv[0], &path);
	if (err == -EACCES)
		return fail(STATUS_CANNOT, "%s: cannot be run: %s", r->c->argv[0], strerror(-err));
	if (err)
		return fail(STATUS_NO_PROG, "%s: there is no such program in $PATH", r->c->argv[0]);
	s.path = path;
	if (pipe2(s.go, O_CLOEXEC) || pipe2(s.why, O_CLOEXEC))
		return fail(STATUS_UKCOV, "pipe: %s", strerror(errno));
	/* No signal may come between the fork and the program's own dispositions. */
	sigfillset(&block);
	sigprocmask(SIG_SETMASK, &block, &s.mask);
	fflush(stdout);
	stack = xmalloc(STACK_SIZE);
	pid = start_child(&s, stack);
	if (pid < 0) {
		err = errno;
		sigprocmask(SIG_SETMASK, &s.mask, NULL);
		return fail(STATUS_UKCOV, "cannot start a process: %s", strerror(err));
	}
	close(s.go[0]);
	close(s.why[1]);
	command = pid;
	following = r->c->follow ? &f : NULL;
	catch_signals(true);
	sigprocmask(SIG_SETMASK, &s.mask, NULL);
	ukcov_set_enabled(a->cov, true);
	if (r->c->follow) {
		err = follow_child(&f, pid, &a->base);
		if (err) {
			kill(pid, SIGKILL);
			wait_for(pid);
			status = fail(STATUS_UKCOV, "cannot follow: ptrace: %s%s", strerror(-err),
				      err == -EPERM ? "; is ukcov itself traced?" : "");
			goto out;
		}
	}
	if (write(s.go[1], "", 1) != 1)
		say("the program is gone before it began");
	if (r->c->follow) {
		err = follow_wait(&f);
		status = f.status;
	} else {
		status = wait_for(pid);
		area_put(r, &a->base);
	}
	command = 0;
	r->c->tasks = r->c->follow ? f.tasks : 1;
	r->c->followed = r->c->follow ? f.followed : 1;
	if (read(s.why[0], &why, sizeof(why)) == sizeof(why))
		status = failed_to_start(&s, &why);
	else if (err || status == -1)
		status = fail(STATUS_UKCOV, "waiting for the program: %s", strerror(-err));
	else
		status = status_of(s.argv[0], status);
	r->c->failed_to_start = why.step != 0;
	memcpy(r->c->not, f.not, sizeof(f.not));
	r->c->not_errno = f.not_errno;
out:
	catch_signals(false);
	following = NULL;
	close(s.go[1]);
	close(s.why[0]);
	/* The child is gone, or has memory of its own. */
	free(stack);
	free(path);
	return status;
}

static int run_attached(struct run *r)
{
	static const struct follow_ops ops = { area_get, area_start, area_put };
	struct follow f = { .ops = &ops, .ctx = r, .status = -1 };
	int err, status = 0;

	following = &f;
	attached = true;
	catch_signals(true);
	err = follow_attach(&f, r->c->attach);
	if (err && f.tasks)
		follow_stop(&f);
	if (!err && isatty(2))
		say("collecting from process %d; press Ctrl-C to end", r->c->attach);
	if (f.tasks && follow_wait(&f) && !err)
		err = -EIO;
	if (err == -ESRCH)
		status = fail(STATUS_UKCOV, "there is no process %d", r->c->attach);
	else if (err)
		status = fail(STATUS_UKCOV, "process %d: ptrace: %s%s", r->c->attach, strerror(-err),
			      err == -EPERM ? "; is it traced by another program?" : "");
	else if (f.status != -1 && WIFSIGNALED(f.status))
		say("process %d was killed by signal %d", r->c->attach, WTERMSIG(f.status));
	r->c->tasks = f.tasks;
	r->c->followed = f.followed;
	memcpy(r->c->not, f.not, sizeof(f.not));
	r->c->not_errno = f.not_errno;
	catch_signals(false);
	following = NULL;
	return status;
}

/* Each task that runs takes a descriptor of ours. */
static void raise_limit(struct rlimit *old)
{
	struct rlimit more;

	if (getrlimit(RLIMIT_NOFILE, old))
		return;
	more = *old;
	more.rlim_cur = more.rlim_max;
	setrlimit(RLIMIT_NOFILE, &more);
}

int collect_run(struct collect *c)
{
	struct run r = { .c = c };
	struct area *a;
	int err, status;

	a = new_area(&r, &err);
	if (!a)
		return fail(STATUS_UKCOV, "%s", open_hint(err));
	raise_limit(&r.limit);
	if (c->attach) {
		a->next = NULL;
		r.idle = a;
		status = run_attached(&r);
	} else {
		status = run_command(&r, a);
	}
	/* After an error it is not among the idle ones. */
	if (!r.idle) {
		a->next = NULL;
		r.idle = a;
	}
	free_areas(&r);
	return status;
}

void collect_complain_tasks(const struct collect *c)
{
	static const char *const why[] = {
		[FOLLOW_FOREIGN] = "32-bit programs",
		[FOLLOW_NO_AREA] = "no descriptor or memory for a buffer",
		[FOLLOW_REFUSED] = "could not make the calls",
		[FOLLOW_BUSY] = "traced by another user of KCOV already",
	};

	for (size_t i = 0; i < ARRAY_SIZE(why); i++) {
		if (!c->not[i])
			continue;
		say("not collected: %lu of %lu tasks: %s%s%s", c->not[i], c->tasks, why[i],
		    i == FOLLOW_REFUSED ? ": " : "",
		    i == FOLLOW_REFUSED ? strerror(c->not_errno) : "");
	}
}

void collect_complain(const struct collect *c)
{
	collect_complain_tasks(c);
	if (!c->lost_tasks)
		return;
	if (c->counted)
		say("%s items had no room in the buffer: give a larger one with -b (now %s words)",
		    number(c->dropped), number(c->words));
	else
		say("the buffer was full in %lu of %lu tasks, so coverage was lost: give a larger one with -b (now %s words)",
		    c->lost_tasks, c->followed, number(c->words));
}
