// SPDX-License-Identifier: MIT
/*
 * One KCOV descriptor with its mapping.
 *
 * While the calling thread is traced, what the library itself does in the kernel would be
 * part of the trace. So reading and resetting make no system call then, and who the calling
 * thread is, is asked without one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "internal.h"
#include "repeats.h"
#include "ukcov.h"

#define KCOV_PATH	"/sys/kernel/debug/kcov"
#define DEBUGFS_PATH	"/sys/kernel/debug"
#define DEBUGFS_FS	0x64626720

/* Linux' own ENOTSUPP gets out to userspace. */
#define KERNEL_ENOTSUPP	524

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#endif

#define CMP_WORDS	4u

/* Who has enabled a handle: nobody, a task that is none of ours, or a thread. */
#define OWNER_NONE	0ul
#define OWNER_OTHER	1ul

struct ukcov {
	int fd;
	unsigned int mode;
	unsigned int kernel_mode;
	unsigned int flags;
	bool has_stats;		/* KCOV_GET_STATS, and all that comes with it */
	size_t words;		/* in each area */
	uint64_t *main;
	uint64_t *edge;		/* NULL if the kernel collects no edges */
	unsigned long owner;	/* accessed atomically */
	bool remote;		/* others are traced for it, not the owner */
};

/* Not gettid(), which would be traced. */
static unsigned long self(void)
{
	return (unsigned long)pthread_self();
}

static unsigned long owner(const struct ukcov *cov)
{
	return __atomic_load_n(&cov->owner, __ATOMIC_ACQUIRE);
}

static bool enabled_by_me(const struct ukcov *cov)
{
	return owner(cov) == self();
}

/* Would a system call be seen in this handle's areas? */
static bool traces_me(const struct ukcov *cov)
{
	return enabled_by_me(cov) && !cov->remote;
}

static bool is_cmp(unsigned int mode)
{
	return mode == UKCOV_TRACE_CMP || mode == UKCOV_CMP;
}

static bool is_mode(unsigned int mode)
{
	switch (mode) {
	case UKCOV_TRACE:
	case UKCOV_TRACE_CMP:
	case UKCOV_PC:
	case UKCOV_EDGE:
	case UKCOV_PC_EDGE:
	case UKCOV_CMP:
	case UKCOV_COMPACT:
		return true;
	}
	return false;
}

static bool kernel_has_debugfs(void)
{
	char *text;
	size_t len;
	bool has;

	/* Without /proc nobody knows: more likely, it has. */
	if (ukcov__read_file("/proc/filesystems", &text, &len))
		return true;
	has = strstr(text, "\tdebugfs\n");
	free(text);
	return has;
}

/* Why there is no such file. */
static int no_file(void)
{
	struct statfs fs;

	if (!statfs(DEBUGFS_PATH, &fs) && fs.f_type == DEBUGFS_FS)
		return -ENODEV;
	return kernel_has_debugfs() ? -ENOENT : -ENOSYS;
}

static int open_kcov(void)
{
	/* O_TRUNC would take the areas away from all mappings of all tasks. */
	int fd = open(KCOV_PATH, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENOTDIR ? no_file() : -errno;
}

static size_t area_bytes(const struct ukcov *cov)
{
	return cov->words * sizeof(uint64_t);
}

static uint64_t *map_area(const struct ukcov *cov, off_t offset)
{
	int prot = cov->flags & UKCOV_READONLY ? PROT_READ : PROT_READ | PROT_WRITE;
	void *p = mmap(NULL, area_bytes(cov), prot, MAP_SHARED, cov->fd, offset);

	return p == MAP_FAILED ? NULL : p;
}

static int map_areas(struct ukcov *cov)
{
	cov->main = map_area(cov, 0);
	if (!cov->main)
		return -errno;
	if (!(cov->kernel_mode & KCOV_TRACE_UNIQ_EDGE))
		return 0;
	cov->edge = map_area(cov, area_bytes(cov));
	return cov->edge ? 0 : -errno;
}

static void unmap_areas(struct ukcov *cov)
{
	if (cov->main)
		munmap(cov->main, area_bytes(cov));
	if (cov->edge)
		munmap(cov->edge, area_bytes(cov));
	cov->main = NULL;
	cov->edge = NULL;
}

/* Are these bytes there? Reading them would raise SIGBUS if not. */
static bool is_there(uint64_t *area, size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return !madvise(area, (bytes + page - 1) & -page, MADV_POPULATE_READ);
}

/*
 * The first @words words of an area, which is mapped once more if they are gone, or if an
 * older kernel cannot tell. 0 or -EFAULT.
 */
static int refresh(struct ukcov *cov, uint64_t **area, size_t words)
{
	uint64_t *new;

	if (traces_me(cov) || is_there(*area, words * sizeof(uint64_t)))
		return 0;
	new = map_area(cov, area == &cov->edge ? (off_t)area_bytes(cov) : 0);
	if (!new)
		return -EFAULT;
	munmap(*area, area_bytes(cov));
	*area = new;
	return 0;
}

static int get_kernel_stats(const struct ukcov *cov, struct kcov_stats *st)
{
	memset(st, 0, sizeof(*st));
	st->size = sizeof(*st);
	return ioctl(cov->fd, KCOV_GET_STATS, st) ? -errno : 0;
}

/* What every kernel can collect that @mode can be made of. */
static unsigned int plain_mode(unsigned int mode)
{
	return is_cmp(mode) ? KCOV_TRACE_CMP : KCOV_TRACE_PC;
}

static int init(struct ukcov *cov)
{
	struct kcov_stats st;

	/* A size that cannot be is refused by KCOV alone, and changes nothing. */
	if (ioctl(cov->fd, KCOV_INIT_TRACE, 1ul) && errno != EINVAL && errno != EBUSY)
		return -errno;
	if (!(cov->flags & UKCOV_INITIALIZED) && ioctl(cov->fd, KCOV_INIT_TRACE, cov->words))
		return -errno;
	/* A mode's number alone proves nothing: others give it another meaning. */
	cov->has_stats = !get_kernel_stats(cov, &st);
	cov->kernel_mode = cov->has_stats && !(cov->flags & UKCOV_NO_NATIVE) ?
		cov->mode : plain_mode(cov->mode);
	return map_areas(cov);
}

/* Only whole pages can be mapped. */
static size_t whole_pages(size_t words)
{
	size_t page = sysconf(_SC_PAGESIZE) / sizeof(uint64_t);

	return (words + page - 1) / page * page;
}

static int check_args(unsigned int mode, size_t words, unsigned int flags, unsigned int known)
{
	if (!is_mode(mode) || flags & ~known)
		return -EINVAL;
	/* What Linux itself takes at most. */
	return words < 2 || words > INT_MAX / sizeof(uint64_t) ? -EINVAL : 0;
}

static int wrap(struct ukcov **cov, int fd, unsigned int mode, size_t words, unsigned int flags)
{
	struct ukcov *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->fd = fd;
	c->mode = mode;
	c->words = words;
	c->flags = flags;
	err = init(c);
	if (err) {
		unmap_areas(c);
		free(c);
		return err;
	}
	*cov = c;
	return 0;
}

#define OPEN_FLAGS	(UKCOV_READONLY | UKCOV_LIVE | UKCOV_NO_NATIVE)

int ukcov_open(struct ukcov **cov, unsigned int mode, size_t words, unsigned int flags)
{
	int fd, err;

	*cov = NULL;
	err = check_args(mode, words, flags, OPEN_FLAGS);
	if (err)
		return err;
	fd = open_kcov();
	if (fd < 0)
		return fd;
	err = wrap(cov, fd, mode, whole_pages(words), flags);
	if (err)
		close(fd);
	return err;
}

int ukcov_wrap(struct ukcov **cov, int fd, unsigned int mode, size_t words, unsigned int flags)
{
	int err;

	*cov = NULL;
	err = check_args(mode, words, flags, OPEN_FLAGS | UKCOV_INITIALIZED);
	if (err)
		return err;
	if (!(flags & UKCOV_INITIALIZED))
		words = whole_pages(words);
	return wrap(cov, fd, mode, words, flags);
}

void ukcov_close(struct ukcov *cov)
{
	if (!cov)
		return;
	if (enabled_by_me(cov))
		ukcov_disable(cov);
	unmap_areas(cov);
	close(cov->fd);
	free(cov);
}

int ukcov_fd(const struct ukcov *cov)
{
	return cov->fd;
}

unsigned int ukcov_kernel_mode(const struct ukcov *cov)
{
	return cov->kernel_mode;
}

/* Takes the handle, so that two threads never both enable it. 0 or -EBUSY. */
static int take(struct ukcov *cov)
{
	unsigned long none = OWNER_NONE;

	return __atomic_compare_exchange_n(&cov->owner, &none, self(), false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE) ? 0 : -EBUSY;
}

static void release(struct ukcov *cov)
{
	__atomic_store_n(&cov->owner, OWNER_NONE, __ATOMIC_RELEASE);
}

static int enable_error(int err)
{
	switch (err) {
	case EBUSY:
		return -EALREADY;
	case KERNEL_ENOTSUPP:
		return -EOPNOTSUPP;
	}
	return -err;
}

/* What is there now, reads of it by the traced thread may count on. */
static int refresh_all(struct ukcov *cov)
{
	int err = refresh(cov, &cov->main, cov->words);

	return err || !cov->edge ? err : refresh(cov, &cov->edge, cov->words);
}

static int enable_by(struct ukcov *cov, unsigned long request, unsigned long arg)
{
	int err = owner(cov) == OWNER_NONE ? refresh_all(cov) : -EBUSY;

	if (!err)
		err = take(cov);
	if (err)
		return err;
	cov->remote = request == KCOV_REMOTE_ENABLE;
	/* Nothing may come between this and the return: it would be traced. */
	if (ioctl(cov->fd, request, arg)) {
		err = enable_error(errno);
		release(cov);
	}
	return err;
}

int ukcov_enable(struct ukcov *cov)
{
	return enable_by(cov, KCOV_ENABLE, cov->kernel_mode);
}

int ukcov_enable_remote(struct ukcov *cov, uint64_t common, const uint64_t *handles, size_t n)
{
	struct kcov_remote_arg *arg;
	int err;

	if (n > KCOV_REMOTE_MAX_HANDLES)
		return -EINVAL;
	arg = calloc(1, sizeof(*arg) + n * sizeof(arg->handles[0]));
	if (!arg)
		return -ENOMEM;
	arg->trace_mode = cov->kernel_mode;
	arg->area_size = cov->words;
	arg->num_handles = n;
	arg->common_handle = common;
	if (n)
		memcpy(arg->handles, handles, n * sizeof(arg->handles[0]));
	err = enable_by(cov, KCOV_REMOTE_ENABLE, (unsigned long)arg);
	free(arg);
	return err;
}

void ukcov_set_enabled(struct ukcov *cov, bool enabled)
{
	__atomic_store_n(&cov->owner, enabled ? OWNER_OTHER : OWNER_NONE, __ATOMIC_RELEASE);
}

int ukcov_disable(struct ukcov *cov)
{
	if (ioctl(cov->fd, KCOV_DISABLE, 0))
		return -errno;
	release(cov);
	return 0;
}

/* Reading. */

static size_t capacity(const struct ukcov *cov)
{
	return is_cmp(cov->kernel_mode) ? (cov->words - 1) / CMP_WORDS : cov->words - 1;
}

static size_t count(const struct ukcov *cov, const uint64_t *area)
{
	uint64_t n = __atomic_load_n(&area[0], __ATOMIC_ACQUIRE);

	return n < capacity(cov) ? n : capacity(cov);
}

/* In modes 0 and 1 the kernel counts an item before it writes it. */
static bool count_comes_first(const struct ukcov *cov)
{
	return cov->flags & UKCOV_LIVE && cov->kernel_mode <= KCOV_TRACE_CMP;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

/* Wait until a word is not 0. 0 or -EAGAIN. */
static int wait_for(const uint64_t *word)
{
	int64_t end = 0;

	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE)) {
		if (!end)
			end = now_ms() + UKCOV_LIVE_WAIT_MS;
		else if (now_ms() > end)
			return -EAGAIN;
		sched_yield();
	}
	return 0;
}

/* The next reset's items must not be taken for those of this window. */
static void clear_items(const struct ukcov *cov)
{
	size_t words = is_cmp(cov->kernel_mode) ? CMP_WORDS : 1;

	memset(cov->main + 1, 0, count(cov, cov->main) * words * sizeof(uint64_t));
}

/*
 * The first store to a page may fault (User Mode Linux learns from that which pages are
 * dirty), and what a traced thread does in the fault is collected before the store is done.
 * So the area that was reset first is reset again.
 */
static void store_zero(struct ukcov *cov)
{
	__atomic_store_n(&cov->main[0], 0, __ATOMIC_RELEASE);
	if (!cov->edge)
		return;
	__atomic_store_n(&cov->edge[0], 0, __ATOMIC_RELEASE);
	__atomic_store_n(&cov->main[0], 0, __ATOMIC_RELEASE);
}

int ukcov_reset(struct ukcov *cov)
{
	/* What plain modes have dropped is forgotten by the ioctl only. */
	bool plain = cov->kernel_mode <= KCOV_TRACE_CMP, mine = traces_me(cov);
	int err;

	if (cov->flags & UKCOV_READONLY && !cov->has_stats)
		return -EPERM;
	if (!(cov->flags & UKCOV_READONLY) && (plain || mine || !cov->has_stats)) {
		err = refresh_all(cov);
		if (err)
			return err;
		if (count_comes_first(cov))
			clear_items(cov);
		if (plain && cov->has_stats && ioctl(cov->fd, KCOV_RESET_TRACE, 0))
			return -errno;
		store_zero(cov);
		return 0;
	}
	return ioctl(cov->fd, KCOV_RESET_TRACE, 0) ? -errno : 0;
}

/* A list of words, and what is done with each. */
struct walk {
	int (*visit)(void *arg, uint64_t word);
	void *arg;
	struct seen seen;
	struct compact compact;
	uint64_t prev;
};

static int walk_plain(struct walk *w, uint64_t pc)
{
	return w->visit(w->arg, pc);
}

static int walk_unique(struct walk *w, uint64_t pc)
{
	int new = seen_add(&w->seen, &pc);

	return new > 0 ? w->visit(w->arg, pc) : new;
}

static int walk_edges(struct walk *w, uint64_t pc)
{
	uint64_t edge = ukcov_edge_word(w->prev, pc);

	w->prev = pc;
	return walk_unique(w, edge);
}

static int walk_compact(struct walk *w, uint64_t pc)
{
	return compact_pc(&w->compact, pc);
}

static int walk(struct ukcov *cov, uint64_t **area, struct walk *w,
		int (*item)(struct walk *w, uint64_t word))
{
	size_t n;
	int err = refresh(cov, area, 1);

	if (err)
		return err;
	n = count(cov, *area);
	err = refresh(cov, area, n + 1);
	for (size_t i = 1; !err && i <= n; i++) {
		if (count_comes_first(cov))
			err = wait_for(*area + i);
		if (!err)
			err = item(w, __atomic_load_n(*area + i, __ATOMIC_RELAXED));
	}
	return err;
}

static int visit_compact(struct ukcov *cov, struct walk *w)
{
	int err;

	w->compact.pairs.width = 2;
	w->compact.write = w->visit;
	w->compact.arg = w->arg;
	err = walk(cov, &cov->main, w, walk_compact);
	if (!err)
		err = compact_flush(&w->compact);
	seen_free(&w->compact.pairs);
	return err;
}

int ukcov_visit_pcs(struct ukcov *cov, int (*visit)(void *arg, uint64_t pc), void *arg)
{
	struct walk w = { .visit = visit, .arg = arg, .seen.width = 1 };
	int err;

	if (is_cmp(cov->mode) || cov->mode == UKCOV_EDGE)
		return -EINVAL;
	if (cov->mode == cov->kernel_mode)
		return walk(cov, &cov->main, &w, walk_plain);
	if (cov->mode == UKCOV_COMPACT)
		return visit_compact(cov, &w);
	err = walk(cov, &cov->main, &w, walk_unique);
	seen_free(&w.seen);
	return err;
}

int ukcov_visit_edges(struct ukcov *cov, int (*visit)(void *arg, uint64_t edge), void *arg)
{
	struct walk w = { .visit = visit, .arg = arg, .seen.width = 1 };
	int err;

	if (cov->mode != UKCOV_EDGE && cov->mode != UKCOV_PC_EDGE)
		return -EINVAL;
	if (cov->edge)
		return walk(cov, &cov->edge, &w, walk_plain);
	err = walk(cov, &cov->main, &w, walk_edges);
	seen_free(&w.seen);
	return err;
}

static int read_cmp(const struct ukcov *cov, size_t i, uint64_t *words)
{
	const uint64_t *item = cov->main + 1 + i * CMP_WORDS;
	int err = 0;

	/* The PC is written last; the type may be 0 for good. */
	if (count_comes_first(cov))
		err = wait_for(item + CMP_WORDS - 1);
	if (!err)
		memcpy(words, item, CMP_WORDS * sizeof(*words));
	return err;
}

static int walk_cmps(struct ukcov *cov, struct seen *seen, size_t n,
		     int (*visit)(void *arg, const struct ukcov_cmp *cmp), void *arg)
{
	uint64_t item[CMP_WORDS];
	struct ukcov_cmp cmp;
	int err = 0, new = 1;

	for (size_t i = 0; !err && i < n; i++) {
		err = read_cmp(cov, i, item);
		if (!err && seen)
			new = seen_add(seen, item);
		if (err || new < 0)
			return err ? err : new;
		cmp = (struct ukcov_cmp){ item[0], item[1], item[2], item[3] };
		if (new)
			err = visit(arg, &cmp);
	}
	return err;
}

int ukcov_visit_cmps(struct ukcov *cov, int (*visit)(void *arg, const struct ukcov_cmp *cmp),
		     void *arg)
{
	struct seen seen = { .width = CMP_WORDS };
	size_t n;
	int err;

	if (!is_cmp(cov->mode))
		return -EINVAL;
	err = refresh(cov, &cov->main, 1);
	if (err)
		return err;
	n = count(cov, cov->main);
	err = refresh(cov, &cov->main, n * CMP_WORDS + 1);
	if (!err)
		err = walk_cmps(cov, cov->mode == cov->kernel_mode ? NULL : &seen, n, visit, arg);
	seen_free(&seen);
	return err;
}

/* Thomas Wang's 32-bit integer hash. */
static uint32_t hash32(uint32_t a)
{
	a = (a ^ 61) ^ (a >> 16);
	a += a << 3;
	a ^= a >> 4;
	a *= 0x27d4eb2d;
	a ^= a >> 15;
	return a;
}

uint64_t ukcov_edge_word(uint64_t prev, uint64_t pc)
{
	return pc ^ (hash32(prev & 0xfff) & 0xfff);
}

/* Statistics. */

static void put_area(struct ukcov_area_stats *to, const struct kcov_area_stats *from)
{
	to->capacity = from->capacity;
	to->recorded = from->recorded;
	to->dropped = from->dropped;
	to->untracked = from->untracked;
}

static int put_counted(struct ukcov *cov, struct ukcov_stats *st)
{
	struct kcov_stats k;
	int err = get_kernel_stats(cov, &k);

	if (err)
		return err;
	st->flags |= UKCOV_COUNTED;
	/* Before the first enable the kernel knows no mode. */
	st->kernel_mode = k.main.capacity || k.edge.capacity ? k.mode : cov->kernel_mode;
	put_area(&st->main, &k.main);
	put_area(&st->edge, &k.edge);
	if (k.main.dropped || k.edge.dropped)
		st->flags |= UKCOV_LOST;
	return 0;
}

static int put_judged(struct ukcov *cov, struct ukcov_stats *st)
{
	int err = refresh(cov, &cov->main, 1);

	if (err)
		return err;
	st->main.capacity = capacity(cov);
	st->main.recorded = count(cov, cov->main);
	if (st->main.recorded == st->main.capacity)
		st->flags |= UKCOV_LOST;
	return 0;
}

int ukcov_get_stats(struct ukcov *cov, struct ukcov_stats *st)
{
	int err;

	memset(st, 0, sizeof(*st));
	st->mode = cov->mode;
	st->kernel_mode = cov->kernel_mode;
	err = cov->has_stats ? put_counted(cov, st) : put_judged(cov, st);
	if (st->kernel_mode == st->mode)
		st->flags |= UKCOV_NATIVE;
	return err;
}

const char *ukcov_version(void)
{
	return UKCOV_VERSION;
}
