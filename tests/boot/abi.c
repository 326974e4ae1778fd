// SPDX-License-Identifier: MIT
/*
 * abi - what KCOV's interface answers, mode by mode
 *
 * Where Linux has an answer already, the new modes must give the same: those tests
 * run in mode 0, too.
 *
 * abi --nocmp: on a kernel without CONFIG_KCOV_ENABLE_COMPARISONS
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "guest.h"

#define WORDS	(2 * page_words())
#define BYTES	(WORDS * sizeof(unsigned long))
#define PAGE	(page_words() * sizeof(unsigned long))

static const unsigned long modes[] = { 0, 1, 2, 4, 6, 8, 16 };

static bool is_mode(unsigned long mode)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		if (modes[i] == mode)
			return true;
	return false;
}

static void check(int got, int want, const char *what)
{
	if (!tap_ok(got == want, "%s: %s", what,
		    want ? strerrorname_np(-want) : "done"))
		tap_diag("got %d (%s)", got, got < 0 ? strerror(-got) : "no error");
}

static struct cov fresh(size_t words, unsigned int flags)
{
	struct cov c;

	cov_open_or_exit(&c, words, flags);
	return c;
}

/* mmap, and whether it worked: 0 or -errno. */
static int try_map(int fd, size_t len, off_t off)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, off);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, len);
	return 0;
}

static void before_init(void)
{
	struct kcov_stats st;
	int fd = cov_fd();
	size_t i;

	check(cov_reset(fd), -EINVAL, "KCOV_RESET_TRACE before KCOV_INIT_TRACE");
	check(cov_stats(fd, &st), -EINVAL, "KCOV_GET_STATS before KCOV_INIT_TRACE");
	check(try_map(fd, BYTES, 0), -EINVAL, "mmap of the area before KCOV_INIT_TRACE");
	check(try_map(fd, BYTES, BYTES), -EINVAL,
	      "mmap of the edge area before KCOV_INIT_TRACE");
	for (i = 0; i < ARRAY_SIZE(modes); i++)
		if (cov_enable(fd, modes[i]) != -EINVAL)
			break;
	tap_ok(i == ARRAY_SIZE(modes), "KCOV_ENABLE before KCOV_INIT_TRACE: EINVAL");
	close(fd);
}

static void init_sizes(void)
{
	static const struct { size_t words; int want; } sizes[] = {
		{ 0, -EINVAL }, { 1, -EINVAL }, { 2, 0 }, { 512, 0 },
		{ 16 << 20, 0 }, { ~0ul, -EINVAL }, { 1ul << 28, -EINVAL },
	};
	char what[64];
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		fd = cov_fd();
		snprintf(what, sizeof(what), "KCOV_INIT_TRACE with %#zx words",
			 sizes[i].words);
		check(cov_init(fd, sizes[i].words), sizes[i].want, what);
		if (!sizes[i].want)
			check(cov_init(fd, 512), -EBUSY, "KCOV_INIT_TRACE once more");
		close(fd);
	}
}

static void mode_values(void)
{
	static const unsigned long odd[] = {
		1ul << 32 | 2, 1ul << 32 | 4, 1ul << 32 | 8, 1ul << 31, 1ul << 16 | 2,
		1ul << 16 | 8, ~0ul, ~1ul,
	};
	struct cov c = fresh(WORDS, 0);
	unsigned long mode;
	int got, wrong = 0;
	size_t i;

	for (mode = 0; mode < 1024; mode++) {
		got = cov_enable(c.fd, mode);
		if (!got)
			got = cov_disable(c.fd);
		if (got != (is_mode(mode) ? 0 : -EINVAL)) {
			tap_diag("mode %lu: %d", mode, got);
			wrong++;
		}
	}
	tap_ok(!wrong, "KCOV_ENABLE: modes 0, 1, 2, 4, 6, 8, 16 and none else below 1024");
	for (i = wrong = 0; i < ARRAY_SIZE(odd); i++)
		wrong += cov_enable(c.fd, odd[i]) != -EINVAL;
	tap_ok(!wrong, "KCOV_ENABLE: no mode with high bits set");
	cov_close(&c);
}

static int remote_enable(int fd, unsigned int mode, unsigned long long handle)
{
	struct kcov_remote_arg arg = {
		.trace_mode = mode, .area_size = WORDS, .common_handle = handle,
	};

	return ioctl(fd, KCOV_REMOTE_ENABLE, &arg) ? -errno : 0;
}

static void remote_modes(void)
{
	struct cov c = fresh(WORDS, 0);
	struct kcov_stats st;

	static const unsigned int modes[] = { 2, 4, 6, 8, 16 };
	char what[64];

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		snprintf(what, sizeof(what), "KCOV_REMOTE_ENABLE in mode %u", modes[i]);
		check(remote_enable(c.fd, modes[i], 1), 0, what);
		check(remote_enable(c.fd, modes[i], 1), -EINVAL, "once");
		check(cov_disable(c.fd), 0, "KCOV_DISABLE");
	}
	check(remote_enable(c.fd, 3, 1), -EINVAL, "KCOV_REMOTE_ENABLE in mode 3");
	check(cov_enable(c.fd, 2), 0, "KCOV_ENABLE in mode 2");
	check(cov_disable(c.fd), 0, "KCOV_DISABLE");
	check(remote_enable(c.fd, 0, 1), 0, "KCOV_REMOTE_ENABLE in mode 0 after that");
	tap_ok(!cov_stats(c.fd, &st) && st.mode == 0 && !st.main.recorded,
	       "it begins a new window");
	check(cov_disable(c.fd), 0, "KCOV_DISABLE");
	cov_close(&c);
}

static void mappings(void)
{
	struct cov c = fresh(WORDS, 0);
	unsigned long *a, *b;

	check(try_map(c.fd, BYTES, PAGE), -EINVAL, "mmap at one page");
	check(try_map(c.fd, BYTES, BYTES - PAGE), -EINVAL, "mmap one page before the edge area");
	check(try_map(c.fd, BYTES, BYTES + PAGE), -EINVAL, "mmap one page after it");
	check(try_map(c.fd, BYTES, 2 * BYTES), -EINVAL, "mmap at twice the length");
	check(try_map(c.fd, BYTES, 1ul << 52), -EINVAL, "mmap far behind");
	check(try_map(c.fd, BYTES - PAGE, BYTES), -EINVAL, "mmap of less than the edge area");
	check(try_map(c.fd, BYTES + PAGE, BYTES), -EINVAL, "mmap of more than the edge area");
	check(try_map(c.fd, 2 * BYTES, 0), -EINVAL, "mmap of both areas at once");

	a = cov_map(c.fd, WORDS, BYTES);
	b = cov_map(c.fd, WORDS, BYTES);
	tap_ok(a && b && a != b, "mmap of the edge area, twice");
	if (a && b) {
		cov_enable(c.fd, 4);
		cov_disable(c.fd);
		tap_ok(a[0] && a[0] == b[0] && !memcmp(a, b, BYTES),
		       "both show the same");
		tap_ok(c.main[0] == 0, "the main area is another one");
		munmap(a, BYTES);
		munmap(b, BYTES);
	}
	cov_close(&c);
}

static void late_edge_map(void)
{
	struct cov c = fresh(WORDS, 0);
	struct kcov_stats st;
	unsigned long *edge;

	cov_enable(c.fd, 6);
	cov_disable(c.fd);
	cov_stats(c.fd, &st);
	edge = cov_map(c.fd, WORDS, BYTES);
	tap_ok(edge && edge[0] && edge[0] == st.edge.recorded,
	       "an edge area that is mapped after KCOV_DISABLE holds the window");
	if (edge)
		munmap(edge, BYTES);
	cov_close(&c);
}

/* The same steps in each mode; mode 0 tells what the answers are. */
struct answers {
	int n;
	int value[32];
};

static void note(struct answers *a, int value)
{
	a->value[a->n++] = value;
}

struct other {
	int fd;
	unsigned long mode;
	int enable, disable;
};

static void *other_thread(void *arg)
{
	struct other *o = arg;

	o->enable = cov_enable(o->fd, o->mode);
	o->disable = cov_disable(o->fd);
	return NULL;
}

static void in_thread(struct answers *a, int fd, unsigned long mode)
{
	struct other o = { .fd = fd, .mode = mode };
	pthread_t t;

	pthread_create(&t, NULL, other_thread, &o);
	pthread_join(t, NULL);
	note(a, o.enable);
	note(a, o.disable);
}

/* In a child that ends with coverage still enabled. */
static void leave_enabled(struct answers *a, int fd, unsigned long mode)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(-cov_enable(fd, mode));
	waitpid(pid, &status, 0);
	note(a, status);
}

/* In a child that inherits a descriptor which its parent has enabled. */
static void inherit_enabled(struct answers *a, int fd, unsigned long mode)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (cov_disable(fd) != -EINVAL)
			_exit(1);
		_exit(-cov_enable(fd, mode));
	}
	waitpid(pid, &status, 0);
	note(a, status);
}

static void steps(struct answers *a, unsigned long mode)
{
	struct cov c = fresh(WORDS, 0), d = fresh(WORDS, 0);
	int fd;

	note(a, cov_disable(c.fd));
	note(a, cov_enable(c.fd, mode));
	note(a, cov_enable(c.fd, mode));
	note(a, cov_enable(d.fd, mode));
	note(a, cov_init(c.fd, WORDS));
	note(a, cov_disable(d.fd));
	in_thread(a, c.fd, mode);
	in_thread(a, d.fd, mode);
	inherit_enabled(a, c.fd, mode);
	note(a, ioctl(c.fd, KCOV_DISABLE, 1) ? -errno : 0);
	note(a, cov_disable(c.fd));
	note(a, cov_disable(c.fd));
	in_thread(a, c.fd, mode);
	leave_enabled(a, c.fd, mode);
	note(a, cov_enable(c.fd, mode));
	note(a, cov_disable(c.fd));
	note(a, try_map(c.fd, BYTES, 0));
	note(a, ioctl(c.fd, _IO('c', 99), 0) ? -errno : 0);

	/* Closed while enabled: collects on, and the task can still stop it. */
	fd = dup(c.fd);
	note(a, cov_enable(c.fd, mode));
	close(c.fd);
	note(a, cov_disable(fd));
	c.fd = fd;
	cov_close(&c);
	cov_close(&d);
}

static void same_as_mode_0(void)
{
	struct answers want = {}, got;
	size_t i;
	int n;

	steps(&want, 0);
	for (i = 1; i < ARRAY_SIZE(modes); i++) {
		memset(&got, 0, sizeof(got));
		steps(&got, modes[i]);
		if (!tap_ok(!memcmp(&want, &got, sizeof(got)),
			    "mode %lu: %d steps are answered as in mode 0",
			    modes[i], want.n))
			for (n = 0; n < want.n; n++)
				tap_diag("step %d: %d, in mode 0 %d", n,
					 got.value[n], want.value[n]);
	}
}

/* The last reference to the descriptor is the task's. */
static void close_while_enabled(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			struct cov c = fresh(WORDS, modes[i] & 4 ? COV_EDGE : 0);
			int res = cov_enable(c.fd, modes[i]);

			cov_close(&c);
			for (int n = 0; n < 1000; n++)
				if (getppid() < 0)
					break;
			_exit(-res);
		}
		waitpid(pid, &status, 0);
		tap_ok(!status, "mode %lu: closed and unmapped while enabled", modes[i]);
	}
}

static int raw_stats(int fd, unsigned int size, void *st)
{
	*(uint32_t *)st = size;
	return ioctl(fd, KCOV_GET_STATS, st) ? -errno : 0;
}

static void stats_sizes(void)
{
	struct cov c = fresh(WORDS, 0);
	unsigned char buf[4096];
	struct kcov_stats *st = (void *)buf;
	unsigned int cmd;

	cov_enable(c.fd, 2);
	cov_disable(c.fd);
	check(ioctl(c.fd, KCOV_RESET_TRACE, 1ul) ? -errno : 0, -EINVAL,
	      "KCOV_RESET_TRACE with an argument");
	check(raw_stats(c.fd, 0, buf), -EINVAL, "KCOV_GET_STATS with size 0");
	check(raw_stats(c.fd, 7, buf), -EINVAL, "KCOV_GET_STATS with size 7");

	memset(buf, 0x5a, sizeof(buf));
	check(raw_stats(c.fd, 8, buf), 0, "KCOV_GET_STATS with size 8");
	tap_ok(st->size == 8 && st->mode == 2 && buf[8] == 0x5a,
	       "it fills size and mode, and no more");

	memset(buf, 0x5a, sizeof(buf));
	check(raw_stats(c.fd, sizeof(buf), buf), 0, "KCOV_GET_STATS with size 4096");
	tap_ok(st->size == sizeof(*st) && buf[sizeof(*st)] == 0x5a,
	       "it fills what there is, and says how much");
	tap_ok(st->main.capacity == WORDS - 1 && st->main.recorded == c.main[0] &&
	       c.main[0] && !st->main.dropped && !st->main.untracked,
	       "main: capacity and recorded");
	tap_ok(!st->edge.capacity && !st->edge.recorded, "edge: not used, all 0");

	/* A later kernel's or program's struct may be larger. */
	cmd = _IOC(_IOC_READ | _IOC_WRITE, 'c', 110, 200);
	st->size = 200;
	tap_ok(!ioctl(c.fd, cmd, buf) && st->size == sizeof(*st),
	       "the command is known by its number whatever the struct's size");
	check(ioctl(c.fd, KCOV_GET_STATS, 8) ? -errno : 0, -EFAULT,
	      "KCOV_GET_STATS with a bad pointer");
	cov_close(&c);
}

static void stats_modes(void)
{
	struct cov c = fresh(WORDS, 0);
	struct kcov_stats st;
	size_t i;

	cov_stats(c.fd, &st);
	tap_ok(!st.mode && !st.main.recorded && !st.main.dropped,
	       "KCOV_GET_STATS before KCOV_ENABLE: nothing");
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		unsigned long mode = modes[i], capacity = WORDS - 1;

		if (mode_is_cmp(mode))
			capacity /= CMP_WORDS;
		cov_clear(&c);
		cov_enable(c.fd, mode);
		cov_disable(c.fd);
		cov_stats(c.fd, &st);
		tap_ok(st.mode == mode &&
		       st.main.capacity == (mode == 4 ? 0 : capacity) &&
		       !!st.main.recorded == (mode != 4) &&
		       st.edge.capacity == (mode & 4 ? capacity : 0) &&
		       !!st.edge.recorded == !!(mode & 4),
		       "KCOV_GET_STATS in mode %lu", mode);
		tap_ok(!cov_reset(c.fd) && !cov_stats(c.fd, &st) && c.main[0] == 0 &&
		       !st.main.recorded && !st.edge.recorded && st.mode == mode,
		       "and after KCOV_RESET_TRACE");
	}
	cov_close(&c);
}

/* Linux's ENOTSUPP, which userspace does not know. */
#define KERNEL_ENOTSUPP	524

static int nocmp(void)
{
	static const int want[] = { 0, -KERNEL_ENOTSUPP, 0, -EINVAL, 0, -EINVAL, 0,
				    -EINVAL, -EOPNOTSUPP, -EINVAL };
	struct cov c = fresh(WORDS, COV_EDGE);
	struct kcov_stats st;
	size_t mode, i;
	int got;

	for (mode = 0; mode < ARRAY_SIZE(want); mode++) {
		got = cov_enable(c.fd, mode);
		tap_ok(got == want[mode], "mode %zu without comparisons: %d", mode, got);
		if (got)
			continue;
		cov_clear(&c);
		getppid();
		prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
		cov_disable(c.fd);
		tap_ok(!cov_stats(c.fd, &st) && st.mode == mode &&
		       st.main.recorded + st.edge.recorded >= 3, "it collects");
	}
	/* What is refused leaves no trace. */
	cov_enable(c.fd, 2);
	getppid();
	cov_disable(c.fd);
	for (i = 0; i < 2; i++)
		cov_enable(c.fd, i ? 8 : 1);
	tap_ok(!cov_stats(c.fd, &st) && st.mode == 2 && st.main.recorded == c.main[0] &&
	       c.main[0], "a mode that is refused leaves the window alone");
	cov_close(&c);
	check(cov_enable(c.fd = cov_fd(), 8), -EINVAL,
	      "mode 8 without comparisons before KCOV_INIT_TRACE");
	close(c.fd);
	return tap_done();
}

static int enabled_by_thread;

static void *enable_there(void *arg)
{
	enabled_by_thread = cov_enable(((struct cov *)arg)->fd, KCOV_TRACE_COMPACT);
	return NULL;
}

/* A task may have a descriptor of its own, and one for sections. */
static bool may_do_both(void)
{
	struct utsname u;
	int major, minor;

	return !uname(&u) && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
	       major * 1000 + minor >= 7002;
}

/* An enable that fails: neither window nor memory of either descriptor is another one. */
static void busy(void)
{
	unsigned long before, after;
	struct kcov_stats st, other;
	struct cov used, idle;
	pthread_t thread;
	int err;

	cov_open_or_exit(&used, WORDS, 0);
	cov_open_or_exit(&idle, WORDS, 0);
	if (cov_enable(used.fd, KCOV_TRACE_UNIQ_PC) || pthread_create(&thread, NULL, enable_there, &used) ||
	    pthread_join(thread, NULL))
		exit(1);
	cov_vmallocs(&before);
	err = cov_enable(idle.fd, KCOV_TRACE_UNIQ_CMP);
	tap_ok(enabled_by_thread == -EINVAL && err == -EBUSY &&
	       ioctl(idle.fd, KCOV_UNIQUE_ENABLE, 8ul) && errno == EBUSY &&
	       (may_do_both() || remote_enable(idle.fd, KCOV_TRACE_UNIQ_CMP, 0x1234) == -EBUSY),
	       "a descriptor that is in use: EINVAL; a task that is: EBUSY");
	cov_vmallocs(&after);
	cov_disable(used.fd);
	cov_stats(used.fd, &st);
	cov_stats(idle.fd, &other);
	tap_ok(before == after && st.mode == KCOV_TRACE_UNIQ_PC && st.main.recorded > 20 &&
	       used.main[0] == st.main.recorded && other.mode == KCOV_TRACE_PC && !idle.main[0],
	       "and windows and memory are what they were");
	if (remote_enable(used.fd, KCOV_TRACE_UNIQ_PC, 0x1234))
		exit(1);
	cov_vmallocs(&before);
	err = remote_enable(idle.fd, KCOV_TRACE_UNIQ_CMP, 0x1235);
	cov_vmallocs(&after);
	tap_ok(err == -EBUSY && before == after, "a task that listens: EBUSY, and memory is what it was");
	cov_disable(used.fd);
	cov_close(&used);
	cov_close(&idle);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--nocmp"))
		return nocmp();
	before_init();
	init_sizes();
	mode_values();
	remote_modes();
	mappings();
	late_edge_map();
	same_as_mode_0();
	close_while_enabled();
	stats_sizes();
	stats_modes();
	busy();
	return tap_done();
}
