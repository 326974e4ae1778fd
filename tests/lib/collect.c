// SPDX-License-Identifier: MIT
/*
 * In a booted kernel: collecting, in every mode, by what the kernel has and by what every
 * kernel has. Leaves the sets in $VM_SCRATCH, where collect.sh compares those of different
 * kernels.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kcov.h>
#include <linux/vhost.h>

#include "tap.h"
#include "ukcov.h"

#define KCOV_PATH	"/sys/kernel/debug/kcov"
#define WORDS		(64 * 1024)
#define ROUNDS		12
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static bool has_modes;		/* this kernel has the unique ones */

/* Does the same each time, loops included: nothing of it depends on time or other tasks. */
static void work(void)
{
	struct stat st;
	char buf[256];
	int fd[2];

	for (int i = 0; i < 4; i++) {
		if (read(-1, buf, 0) != -1 || stat("/", &st) || access("/none", R_OK) != -1)
			exit(1);
		if (pipe(fd) || write(fd[1], buf, 100) != 100 || read(fd[0], buf, 100) != 100)
			exit(1);
		close(fd[0]);
		close(fd[1]);
	}
}

/* What one window held. */
struct window {
	size_t n;
	uint64_t word[WORDS];
};

static int put_word(void *arg, uint64_t word)
{
	struct window *w = arg;

	if (w->n == WORDS)
		return -E2BIG;
	w->word[w->n++] = word;
	return 0;
}

/* Arguments that are no constants are addresses and the like: others each time. */
static int put_cmp(void *arg, const struct ukcov_cmp *cmp)
{
	bool constant = cmp->type & 1;

	return put_word(arg, cmp->pc) ? : put_word(arg, cmp->type) ? :
	       put_word(arg, constant ? cmp->arg1 : 0);
}

static int visit(struct ukcov *cov, unsigned int mode, bool edges, struct window *w)
{
	w->n = 0;
	if (mode == UKCOV_CMP || mode == UKCOV_TRACE_CMP)
		return ukcov_visit_cmps(cov, put_cmp, w);
	return edges ? ukcov_visit_edges(cov, put_word, w) : ukcov_visit_pcs(cov, put_word, w);
}

/* One window of work(), left in the handle. */
static int trace(struct ukcov *cov)
{
	int err = ukcov_reset(cov);

	if (!err)
		err = ukcov_enable(cov);
	if (err)
		return err;
	/* What enabling did on its way out is of no interest. */
	err = ukcov_reset(cov);
	work();
	return ukcov_disable(cov) ? : err;
}

static struct ukcov *open_or_exit(unsigned int mode, size_t words, unsigned int flags)
{
	struct ukcov *cov;
	int err = ukcov_open(&cov, mode, words, flags);

	if (err) {
		tap_diag("ukcov_open(%u): %s", mode, strerror(-err));
		exit(1);
	}
	return cov;
}

static bool same(const struct window *a, const struct window *b)
{
	return a->n == b->n && !memcmp(a->word, b->word, a->n * sizeof(a->word[0]));
}

static int compare_words(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The set of pairs of consecutive PCs, each as PC << 64: here, a hash will do. */
static void to_pairs(struct window *w)
{
	uint64_t prev = 0, pc;
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		pc = w->word[i];
		w->word[i] = pc * 0x9e3779b97f4a7c15 + prev;
		prev = pc;
	}
	qsort(w->word, w->n, sizeof(w->word[0]), compare_words);
	for (size_t i = 0; i < w->n; i++)
		if (!n || w->word[n - 1] != w->word[i])
			w->word[n++] = w->word[i];
	w->n = n;
}

static int compare_cmps(const void *a, const void *b)
{
	return memcmp(a, b, 3 * sizeof(uint64_t));
}

/* Each place and constant once, in any order. */
static void to_places(struct window *w)
{
	uint64_t (*place)[3] = (void *)w->word;
	size_t n = 0;

	qsort(place, w->n / 3, sizeof(*place), compare_cmps);
	for (size_t i = 0; i < w->n / 3; i++)
		if (!n || compare_cmps(place[n - 1], place[i]))
			memmove(place[n++], place[i], sizeof(*place));
	w->n = 3 * n;
}

/* What repeats of a window, and is to be the same. */
static void reduce(unsigned int mode, struct window *w)
{
	if (mode == UKCOV_COMPACT)
		to_pairs(w);
	if (mode == UKCOV_CMP || mode == UKCOV_TRACE_CMP)
		to_places(w);
}

static const struct {
	const char *name;
	unsigned int mode;
	bool edges;
} modes[] = {
	{ "trace", UKCOV_TRACE, false },
	{ "trace-cmp", UKCOV_TRACE_CMP, false },
	{ "pc", UKCOV_PC, false },
	{ "edge", UKCOV_EDGE, true },
	{ "pc-edge", UKCOV_PC_EDGE, false },
	{ "pc-edge-edges", UKCOV_PC_EDGE, true },
	{ "cmp", UKCOV_CMP, false },
	{ "compact", UKCOV_COMPACT, false },
};

/* Lines of numbers, for collect.sh. Comparisons: only those with a constant repeat. */
static void save(const char *name, const struct window *w)
{
	const char *dir = getenv("VM_SCRATCH");
	char path[4096];
	FILE *f;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!CHECK(f))
		return;
	for (size_t i = 0; i < w->n; i++)
		fprintf(f, "0x%016lx\n", w->word[i]);
	CHECK(!fclose(f));
}

/* By the kernel's mode, if it has it, and by the plain one: a round counts if both repeat. */
static void test_mode(size_t m)
{
	static struct window native, native_again, plain, plain_again;
	unsigned int mode = modes[m].mode;
	struct ukcov *cov = open_or_exit(mode, WORDS, 0);
	struct ukcov *old = open_or_exit(mode, WORDS, UKCOV_NO_NATIVE);
	struct ukcov_stats st;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		CHECK(!trace(old) && !visit(old, mode, modes[m].edges, &plain));
		CHECK(!trace(cov) && !visit(cov, mode, modes[m].edges, &native));
		CHECK(!trace(old) && !visit(old, mode, modes[m].edges, &plain_again));
		CHECK(!trace(cov) && !visit(cov, mode, modes[m].edges, &native_again));
		if (!round)
			save(modes[m].name, &native);
		reduce(mode, &native);
		reduce(mode, &plain);
		reduce(mode, &native_again);
		reduce(mode, &plain_again);
		if (same(&plain, &plain_again) && same(&native, &native_again))
			break;
	}
	CHECK(!ukcov_get_stats(cov, &st) && st.mode == mode);
	CHECK(!(st.flags & UKCOV_LOST) && st.main.capacity + st.edge.capacity);
	CHECK(ukcov_kernel_mode(cov) == (has_modes || mode < 2 ? mode :
					 mode == UKCOV_CMP ? 1 : 0));
	CHECK(st.kernel_mode == ukcov_kernel_mode(cov));
	CHECK(!!(st.flags & UKCOV_COUNTED) == has_modes);
	CHECK(!!(st.flags & UKCOV_NATIVE) == (has_modes || mode < 2));
	CHECK(native.n > 100);
	ukcov_close(cov);
	ukcov_close(old);
	if (round == ROUNDS) {
		tap_skip(modes[m].name, "does not repeat");
		return;
	}
	CHECK(same(&native, &plain));
	tap_result("%s: %zu words, the same from the kernel and from a plain trace", modes[m].name,
		   native.n);
}

/* A visit while enabled adds nothing, and a reset leaves nothing behind. */
static void test_self(unsigned int mode)
{
	static struct window first, second;
	struct ukcov *cov = open_or_exit(mode, WORDS, 0);
	size_t after;

	/* So that no page of ours is missing. */
	memset(&first, 1, sizeof(first));
	memset(&second, 1, sizeof(second));
	CHECK(!ukcov_enable(cov) && !ukcov_reset(cov));
	work();
	CHECK(!visit(cov, mode, false, &first) && first.n);
	CHECK(!visit(cov, mode, false, &second) && same(&first, &second));
	CHECK(!ukcov_reset(cov));
	visit(cov, mode, false, &second);
	after = second.n;
	CHECK(!ukcov_disable(cov));
	CHECK(after == 0);
	tap_result("mode %u: reading while traced adds nothing, a reset leaves nothing", mode);
	ukcov_close(cov);
}

static void test_collect(void)
{
	struct ukcov *cov = open_or_exit(UKCOV_PC, WORDS, 0);
	struct ukcov_set *set, *read_back;
	struct ukcov_set_diff d;

	CHECK(!trace(cov));
	CHECK(!ukcov_set_new(&set) && !ukcov_set_collect(set, cov));
	CHECK(ukcov_set_size(set) > 100);
	CHECK(!strcmp(ukcov_set_get(set, "mode"), "pc"));
	CHECK(!strcmp(ukcov_set_get(set, "dropped"), "0"));
	CHECK(strlen(ukcov_set_get(set, "build-id") ? : "") == 40);
	CHECK(ukcov_set_get(set, "release"));
	CHECK(!ukcov_set_write(set, "/tmp/a.cov") && !ukcov_set_read(&read_back, "/tmp/a.cov", NULL));
	CHECK(ukcov_set_compare(set, read_back, &d) == 0);
	tap_result("a set of it, with the kernel's id, to a file and back");
	ukcov_set_free(set);
	ukcov_set_free(read_back);
	ukcov_close(cov);
}

/* An area of one page: too small. */
static void test_loss(void)
{
	struct ukcov *cov = open_or_exit(UKCOV_TRACE, 2, 0);
	struct ukcov_stats st;
	struct ukcov_set *set;

	memset(&st, 0xff, sizeof(st));
	CHECK(!ukcov_get_stats(cov, &st) && !(st.flags & UKCOV_LOST) && st.main.recorded == 0);
	CHECK(!st.reserved && !st.main.reserved[1] && !st.edge.reserved[0] && !st.more[0]);
	CHECK(!trace(cov));
	CHECK(!ukcov_get_stats(cov, &st) && st.flags & UKCOV_LOST);
	CHECK(st.main.capacity == 511 && st.main.recorded == 511);
	CHECK(!has_modes == !st.main.dropped);
	CHECK(!ukcov_set_new(&set) && !ukcov_set_collect(set, cov));
	CHECK(has_modes ? atoi(ukcov_set_get(set, "dropped")) > 100 :
	      !strcmp(ukcov_set_get(set, "dropped"), "unknown"));
	CHECK(!ukcov_reset(cov) && !ukcov_get_stats(cov, &st) && !(st.flags & UKCOV_LOST));
	tap_result("a full area is said to be full%s", has_modes ? ", and by how much" : "");
	ukcov_set_free(set);
	ukcov_close(cov);
}

static void *other_thread(void *arg)
{
	struct ukcov *cov = arg;

	CHECK(ukcov_enable(cov) == -EBUSY);
	CHECK(ukcov_disable(cov) == -EINVAL);
	return NULL;
}

static void test_busy(void)
{
	struct ukcov *a = open_or_exit(UKCOV_PC, WORDS, 0), *b = open_or_exit(UKCOV_PC, WORDS, 0);
	pthread_t thread;

	CHECK(ukcov_disable(a) == -EINVAL);
	CHECK(!ukcov_enable(a));
	CHECK(ukcov_enable(a) == -EBUSY);
	CHECK(!pthread_create(&thread, NULL, other_thread, a));
	pthread_join(thread, NULL);
	tap_result("one handle, two threads: -EBUSY, -EINVAL");
	CHECK(ukcov_enable(b) == -EALREADY);
	CHECK(!ukcov_disable(a) && !ukcov_enable(b));
	ukcov_close(b);
	CHECK(!ukcov_enable(a));
	ukcov_close(a);
	tap_result("a task that is traced already: -EALREADY; closing disables");
}

/* Enabled by a child, read here. */
static void test_child(void)
{
	static struct window w;
	struct ukcov *cov = open_or_exit(UKCOV_PC, WORDS, 0);
	int status;

	if (!fork()) {
		if (ukcov_enable(cov) || ukcov_reset(cov))
			_exit(1);
		work();
		_exit(0);
	}
	ukcov_set_enabled(cov, true);
	CHECK(wait(&status) > 0 && !status);
	CHECK(ukcov_enable(cov) == -EBUSY);
	ukcov_set_enabled(cov, false);
	CHECK(!visit(cov, UKCOV_PC, false, &w) && w.n > 100);
	CHECK(!ukcov_enable(cov) && !ukcov_disable(cov));
	tap_result("a child that exits while it is traced");
	ukcov_close(cov);
}

static void test_wrap(void)
{
	static struct window w;
	struct ukcov *cov;
	int fd = open(KCOV_PATH, O_RDWR), null = open("/dev/null", O_RDWR), plain;

	CHECK(ukcov_wrap(&cov, -1, UKCOV_PC, WORDS, 0) == -EBADF && !cov);
	CHECK(ukcov_wrap(&cov, null, UKCOV_PC, WORDS, 0) == -ENOTTY && !cov);
	plain = open("/tmp/file", O_RDWR | O_CREAT, 0600);
	CHECK(!ftruncate(plain, WORDS * 8));
	CHECK(ukcov_wrap(&cov, plain, UKCOV_PC, WORDS, UKCOV_INITIALIZED) == -ENOTTY && !cov);
	CHECK(!ioctl(fd, KCOV_INIT_TRACE, WORDS));
	CHECK(ukcov_wrap(&cov, fd, UKCOV_PC, WORDS, 0) == -EBUSY && !cov);
	CHECK(ukcov_wrap(&cov, fd, UKCOV_PC, 2 * WORDS, UKCOV_INITIALIZED) == -EINVAL && !cov);
	CHECK(!ukcov_wrap(&cov, fd, UKCOV_PC, WORDS, UKCOV_INITIALIZED));
	CHECK(ukcov_fd(cov) == fd);
	CHECK(!trace(cov) && !visit(cov, UKCOV_PC, false, &w) && w.n > 100);
	tap_result("a descriptor that was open already; what is none");
	ukcov_close(cov);
	CHECK(fcntl(fd, F_GETFD) == -1);
	close(null);
	close(plain);
}

static void test_readonly(void)
{
	static struct window w, again;
	struct ukcov *cov = open_or_exit(UKCOV_PC, WORDS, UKCOV_READONLY);

	CHECK(!ukcov_enable(cov));
	work();
	CHECK(!ukcov_disable(cov) && !visit(cov, UKCOV_PC, false, &w) && w.n > 100);
	CHECK(ukcov_reset(cov) == (has_modes ? 0 : -EPERM));
	CHECK(!visit(cov, UKCOV_PC, false, &again) && again.n == (has_modes ? 0 : w.n));
	tap_result("a read-only mapping");
	ukcov_close(cov);
}

/* Anybody who truncates debugfs' kcov takes all areas out of all mappings. */
static void test_sigbus(void)
{
	static struct window before, w;
	struct ukcov *cov = open_or_exit(UKCOV_PC_EDGE, WORDS, 0);

	CHECK(!trace(cov) && !visit(cov, UKCOV_PC_EDGE, false, &before));
	close(open(KCOV_PATH, O_RDWR | O_TRUNC));
	CHECK(!visit(cov, UKCOV_PC_EDGE, false, &w) && same(&before, &w));
	close(open(KCOV_PATH, O_RDWR | O_TRUNC));
	CHECK(!visit(cov, UKCOV_PC_EDGE, true, &w) && w.n > 100);
	close(open(KCOV_PATH, O_RDWR | O_TRUNC));
	CHECK(!ukcov_reset(cov));
	close(open(KCOV_PATH, O_RDWR | O_TRUNC));
	CHECK(!ukcov_enable(cov) && !ukcov_reset(cov));
	work();
	CHECK(!visit(cov, UKCOV_PC_EDGE, false, &w) && w.n > 100);
	CHECK(!ukcov_disable(cov));
	tap_result("mappings that were taken away are made anew");
	ukcov_close(cov);
}

/* This task collects the coverage of others. It reads all the time, and is not traced itself. */
static void test_sigbus_remote(void)
{
	static struct window w;
	struct ukcov *cov = open_or_exit(UKCOV_PC_EDGE, WORDS, 0);
	uint64_t common = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, 0x43);

	CHECK(!ukcov_enable_remote(cov, common, NULL, 0));
	close(open(KCOV_PATH, O_RDWR | O_TRUNC));
	CHECK(!visit(cov, UKCOV_PC_EDGE, false, &w) && !w.n);
	close(open(KCOV_PATH, O_RDWR | O_TRUNC));
	CHECK(!ukcov_reset(cov) && !visit(cov, UKCOV_PC_EDGE, true, &w) && !w.n);
	CHECK(!ukcov_disable(cov));
	tap_result("those of a handle that is enabled for others, too");
	ukcov_close(cov);
}

/* Opening takes nothing away from others. */
static void test_others_mapping(void)
{
	int fd = open(KCOV_PATH, O_RDWR);
	struct ukcov *cov;
	void *area;

	CHECK(!ioctl(fd, KCOV_INIT_TRACE, WORDS));
	area = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(area != MAP_FAILED);
	cov = open_or_exit(UKCOV_PC, WORDS, 0);
	/* It would fail where a load raised SIGBUS. */
	CHECK(!madvise(area, WORDS * 8, 22 /* MADV_POPULATE_READ */));
	ukcov_close(cov);
	CHECK(!madvise(area, WORDS * 8, 22));
	munmap(area, WORDS * 8);
	close(fd);
	tap_result("opening and closing leaves others' mappings alone");
}

static int put_whole_cmp(void *arg, const struct ukcov_cmp *cmp)
{
	return put_word(arg, cmp->type) ? : put_word(arg, cmp->arg1) ? :
	       put_word(arg, cmp->arg2) ? : put_word(arg, cmp->pc);
}

static int compare_whole_cmps(const void *a, const void *b)
{
	return memcmp(a, b, 4 * sizeof(uint64_t));
}

static void test_cmps_once(unsigned int flags)
{
	static struct window w;
	struct ukcov *cov = open_or_exit(UKCOV_CMP, WORDS, flags);
	uint64_t (*cmp)[4] = (void *)w.word;

	w.n = 0;
	CHECK(!trace(cov) && !ukcov_visit_cmps(cov, put_whole_cmp, &w) && w.n > 400);
	qsort(cmp, w.n / 4, sizeof(*cmp), compare_whole_cmps);
	for (size_t i = 1; i < w.n / 4; i++)
		CHECK(compare_whole_cmps(cmp[i - 1], cmp[i]));
	tap_result("%zu comparisons, each once%s", w.n / 4, flags ? ", from a plain trace" : "");
	ukcov_close(cov);
}

struct late {
	uint64_t *area;
	size_t word;
};

static void *late_item(void *arg)
{
	const struct late *late = arg;

	usleep(20000);
	__atomic_store_n(&late->area[late->word], 0x1234, __ATOMIC_RELEASE);
	return NULL;
}

/* In modes 0 and 1 another CPU sees the count before the item: here, 20 ms before. */
static void test_live(unsigned int mode)
{
	static struct window w;
	struct ukcov *cov = open_or_exit(mode, WORDS, UKCOV_LIVE | UKCOV_NO_NATIVE);
	bool cmp = mode == UKCOV_TRACE_CMP;
	struct late late = { .word = cmp ? 4 : 1 };
	pthread_t thread;

	CHECK(!trace(cov) && !ukcov_reset(cov));
	late.area = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, ukcov_fd(cov), 0);
	CHECK(late.area != MAP_FAILED && late.area[late.word] == 0);
	late.area[0] = 1;
	CHECK(visit(cov, mode, false, &w) == -EAGAIN);
	CHECK(!pthread_create(&thread, NULL, late_item, &late));
	CHECK(!visit(cov, mode, false, &w));
	CHECK(w.n == (cmp ? 3 : 1) && w.word[0] == 0x1234);
	pthread_join(thread, NULL);
	tap_result("mode %u: readers of a running task wait for the item behind the count", mode);
	munmap(late.area, WORDS * 8);
	ukcov_close(cov);
}

/* A worker of vhost does what this task asks for. */
static void test_remote(void)
{
	static struct window w;
	struct ukcov *cov = open_or_exit(UKCOV_PC, WORDS, 0), *local;
	uint64_t common = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, 0x42);
	uint64_t bad = 1ull << 60;
	int fd = open("/dev/vhost-net", O_RDWR), err;

	CHECK(ukcov_enable_remote(cov, 0, &bad, 1) == -EINVAL);
	CHECK(ukcov_enable_remote(cov, 0, &bad, 257) == -EINVAL);
	CHECK(!ukcov_enable_remote(cov, common, NULL, 0));
	CHECK(ukcov_enable(cov) == -EBUSY);
	local = open_or_exit(UKCOV_PC, WORDS, 0);
	err = ukcov_enable(local);
	CHECK(!err || err == -EALREADY);
	ukcov_close(local);
	if (fd < 0) {
		ukcov_close(cov);
		tap_skip("remote coverage", "no vhost-net in this kernel");
		return;
	}
	CHECK(!ioctl(fd, VHOST_SET_OWNER) && !ioctl(fd, VHOST_RESET_OWNER));
	usleep(200000);
	CHECK(!ukcov_disable(cov));
	CHECK(!visit(cov, UKCOV_PC, false, &w));
	/* This thread's own would be hundreds. */
	if (!CHECK(w.n > 0 && w.n < 50))
		tap_diag("%zu PCs", w.n);
	tap_result("remote coverage by handle; local at once: %s", err ? strerror(-err) : "yes");
	close(fd);
	ukcov_close(cov);
}

static void test_sizes(void)
{
	static const size_t bad[] = { 0, 1, SIZE_MAX, SIZE_MAX / 8, (1u << 28) + 1 };
	struct ukcov *cov;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(ukcov_open(&cov, UKCOV_PC, bad[i], 0) == -EINVAL && !cov);
	tap_result("sizes: 0, 1, too large for KCOV: -EINVAL");
	CHECK(ukcov_open(&cov, 3, WORDS, 0) == -EINVAL && !cov);
	CHECK(ukcov_open(&cov, 32, WORDS, 0) == -EINVAL && !cov);
	CHECK(ukcov_open(&cov, UKCOV_PC, WORDS, 1u << 31) == -EINVAL && !cov);
	CHECK(ukcov_open(&cov, UKCOV_PC, WORDS, UKCOV_INITIALIZED) == -EINVAL && !cov);
	tap_result("modes and flags that do not exist");
}

static int in_child(int (*f)(void))
{
	int status;

	fflush(stdout);
	if (!fork())
		_exit(-f());
	return wait(&status) > 0 && WIFEXITED(status) ? -WEXITSTATUS(status) : -1;
}

static int open_as_user(void)
{
	struct ukcov *cov;

	return setuid(1000) ? -1 : ukcov_open(&cov, UKCOV_PC, WORDS, 0);
}

static int open_unmounted(void)
{
	struct ukcov *cov;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    umount2("/sys/kernel/debug", MNT_DETACH))
		return -1;
	return ukcov_open(&cov, UKCOV_PC, WORDS, 0);
}

static void test_denied(void)
{
	CHECK(in_child(open_as_user) == -EACCES);
	CHECK(in_child(open_unmounted) == -ENOENT);
	tap_result("no permission: -EACCES; debugfs not mounted: -ENOENT");
}

static void test_full_disk(void)
{
	struct ukcov_set *small, *large;
	char text[1024] = "";
	FILE *f;

	CHECK(!mkdir("/tmp/disk", 0700) && !mount("none", "/tmp/disk", "tmpfs", 0, "size=64k"));
	CHECK(!ukcov_set_new(&small) && !ukcov_set_new(&large) && !ukcov_set_add(small, 1));
	for (uint64_t i = 0; i < 10000; i++)
		CHECK(!ukcov_set_add(large, i));
	CHECK(!ukcov_set_write(small, "/tmp/disk/a"));
	CHECK(ukcov_set_write(large, "/tmp/disk/a") == -ENOSPC);
	f = fopen("/tmp/disk/a", "r");
	CHECK(f && fread(text, 1, sizeof(text) - 1, f) && strstr(text, "# pcs: 1\n"));
	fclose(f);
	f = popen("ls -A /tmp/disk | xargs", "r");
	CHECK(f && fgets(text, sizeof(text), f) && !strcmp(text, "a\n"));
	pclose(f);
	CHECK(!umount("/tmp/disk"));
	tap_result("a full disk: -ENOSPC, the old file is there, nothing else");
	ukcov_set_free(small);
	ukcov_set_free(large);
}

int main(int argc, char **argv)
{
	struct ukcov *cov;

	if (argc == 2 && !strcmp(argv[1], "--no-debugfs")) {
		CHECK(ukcov_open(&cov, UKCOV_PC, WORDS, 0) == -ENOSYS && !cov);
		tap_result("a kernel without debugfs: -ENOSYS");
		return tap_done();
	}
	if (argc == 2 && !strcmp(argv[1], "--huge")) {
		CHECK(ukcov_open(&cov, UKCOV_PC, 1u << 27, 0) == -ENOMEM && !cov);
		tap_result("areas of 1 GiB in a machine of 512 MiB: -ENOMEM");
		return tap_done();
	}
	if (argc == 2 && !strcmp(argv[1], "--others")) {
		test_live(UKCOV_TRACE);
		test_live(UKCOV_TRACE_CMP);
		test_remote();
		return tap_done();
	}
	if (argc != 2 || (strcmp(argv[1], "--native") && strcmp(argv[1], "--plain"))) {
		fprintf(stderr, "usage: collect --native | --plain | --others | --no-debugfs | --huge\n"
				"--others takes a clock that goes; the first two are for one\n"
				"that stands still while a program runs (time-travel=inf-cpu)\n");
		return 2;
	}
	has_modes = !strcmp(argv[1], "--native");
	for (size_t m = 0; m < ARRAY_SIZE(modes); m++)
		test_mode(m);
	test_self(UKCOV_PC);
	test_self(UKCOV_TRACE);
	test_self(UKCOV_COMPACT);
	test_collect();
	test_loss();
	test_busy();
	test_child();
	test_wrap();
	test_readonly();
	test_sigbus();
	test_sigbus_remote();
	test_others_mapping();
	test_cmps_once(0);
	test_cmps_once(UKCOV_NO_NATIVE);
	test_sizes();
	test_denied();
	test_full_disk();
	return tap_done();
}
