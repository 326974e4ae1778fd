// SPDX-License-Identifier: MIT
/*
 * remote - remote coverage: what kernel threads and softirqs do for a program
 *
 * A *source* is a piece of the kernel with a section that KCOV_REMOTE_ENABLE can listen to. It
 * is made to speak: the same thing each time. How that is done, and what is needed for it, is
 * the source's; what must be heard in which situation is the judges'. A source that this kernel
 * or machine lacks is skipped, and says why.
 *
 * Judging is exact. Each situation comes between two plain utterances: if these are the same,
 * item for item, then what comes in the situation follows from them. If they differ (a tick, an
 * allocator's state), it is tried again; if they nearly always do, it is skipped. If they do
 * not but the situation is wrong each time, it is wrong.
 *
 * Of comparisons the places count: other arguments than constants are addresses and times.
 *
 * What modes 2 to 16 must show follows from what mode 0 or 1 shows in the same situation. With
 * a kernel that has a second area (scripts/vm --config tee), it follows from the sections of the
 * very same run, item for item: then nothing has to repeat.
 *
 * remote --storm: many sections at once, while listeners are enabled, reset, disabled and closed.
 * remote --brief [--storm]: a part of it, for kernels that watch themselves and are slow.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <linux/io_uring.h>
#include <linux/vhost.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "dummy_hcd.h"
#include "workloads.h"

static bool brief, only_storm;

/* The modes, and what KCOV_REMOTE_ENABLE says to them. */
struct mode {
	unsigned long mode;
	int answer;
	unsigned int words;	/* of an item */
};

static const struct mode modes[] = {
	{ KCOV_TRACE_PC, 0, 1 },
	{ KCOV_TRACE_CMP, 0, CMP_WORDS },
	{ KCOV_TRACE_UNIQ_PC, 0, 1 },
	{ KCOV_TRACE_UNIQ_EDGE, 0, 1 },
	{ KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE, 0, 1 },
	{ KCOV_TRACE_UNIQ_CMP, 0, CMP_WORDS },
	{ KCOV_TRACE_COMPACT, 0, 1 },
	{ 3, -EINVAL, 1 },
	{ 1 << 5 | KCOV_TRACE_UNIQ_PC, -EINVAL, 1 },
};

#define BIG		(1u << 19)	/* words: room for everything */
#define SMALL		512		/* words: the smallest area that can be mapped */
#define HUGE_AREA	(16u << 20)	/* words: the largest that clients ask for */
#define TRIES		15
#define COMMON_ID	0x4b43

struct source {
	const char *name;
	const char *context;
	/* Not each utterance has the same number of sections: only what holds always. */
	bool unsteady;
	/* The first utterance for a descriptor is another one than those that follow. */
	bool varies;
	/* Sections are so short that they may compare nothing. */
	bool terse;
	/* Sections are in a softirq: area_size is not for them. */
	bool softirq;
	/* The handle to listen to; a common one is the task's own. Set by available(). */
	unsigned long long common, handle;
	/* NULL, or why the source cannot be had. Before any KCOV_REMOTE_ENABLE. */
	const char *(*available)(struct source *s);
	/* 0 or -errno; all sections are over then. With KCOV_REMOTE_ENABLE. */
	int (*speak)(struct source *s);
};

static char why[200];

__attribute__((format(printf, 1, 2)))
static const char *because(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return why;
}

static void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000l };

	nanosleep(&ts, NULL);
}

/* ---- source: vhost-net, a task of its own ---- */

#define VHOST_DEV "/dev/vhost-net"

static struct {
	int fd, kick;
	char status[64];	/* of the worker, in /proc */
} vhost = { .fd = -1 };

static const char *vhost_available(struct source *s)
{
	int fd = open(VHOST_DEV, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return because(VHOST_DEV ": %s", strerror(errno));
	close(fd);
	s->common = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, COMMON_ID);
	return NULL;
}

/* How often the worker went to sleep. */
static long vhost_sleeps(void)
{
	FILE *f = fopen(vhost.status, "r");
	char line[256];
	long n = -1;

	while (f && n < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) != 1)
			n = -1;
	if (f)
		fclose(f);
	return n;
}

/* In the directory @path, a task whose name begins with @prefix: its status. */
static bool vhost_find(const char *path, const char *prefix)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	char comm[300], name[64];
	bool found = false;
	FILE *f;

	while (dir && !found && (d = readdir(dir))) {
		snprintf(comm, sizeof(comm), "%s/%.20s/comm", path, d->d_name);
		f = fopen(comm, "r");
		found = f && fgets(name, sizeof(name), f) && !strncmp(name, prefix, strlen(prefix));
		if (found)
			snprintf(vhost.status, sizeof(vhost.status), "%s/%.20s/status", path,
				 d->d_name);
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return found;
}

/*
 * The worker is a thread of this process, and the only one that has no code of it. In Linux 6.1
 * it is a kernel thread with the number of its owner in its name.
 */
static int vhost_find_worker(void)
{
	char name[32];

	snprintf(name, sizeof(name), "vhost-%ld\n", syscall(SYS_gettid));
	return vhost_find("/proc/self/task", "vhost-") || vhost_find("/proc", name) ? 0 : -ESRCH;
}

/* The first time, for then the task has the handle that the worker is to have for good. */
static int vhost_begin(void)
{
	struct vhost_vring_file kick = { .index = 1 };
	int err;

	vhost.fd = open(VHOST_DEV, O_RDWR | O_CLOEXEC);
	kick.fd = vhost.kick = eventfd(0, EFD_CLOEXEC);
	if (vhost.fd < 0 || vhost.kick < 0 || ioctl(vhost.fd, VHOST_SET_OWNER, 0) ||
	    ioctl(vhost.fd, VHOST_SET_VRING_KICK, &kick))
		return -errno;
	err = vhost_find_worker();
	/* It has something to do until it sleeps for the first time. */
	for (int i = 0; i < 5000 && !err && vhost_sleeps() < 1; i++)
		sleep_ms(1);
	return err;
}

/* A kick makes the worker look after a ring. It wakes nobody up: it is over when it sleeps. */
static int vhost_speak(struct source *s)
{
	int err = vhost.fd < 0 ? vhost_begin() : 0;
	uint64_t value = 1;
	long sleeps;

	(void)s;
	if (err)
		return err;
	sleeps = vhost_sleeps();
	if (write(vhost.kick, &value, sizeof(value)) != sizeof(value))
		return -errno;
	for (int i = 0; i < 50000; i++) {
		if (vhost_sleeps() != sleeps)
			return 0;
		usleep(100);
	}
	return -ETIMEDOUT;
}

/* ---- source: Bluetooth, a kworker ---- */

#define BT_DEV		"/dev/vhci"
#define BT_COMMAND	1
#define BT_EVENT	4
#define BT_VENDOR	0xff
#define BT_COMPLETE	0x0e
#define BT_NUM_PACKETS	0x13
#define BT_READ_BUFFER	0x1005
#define BT_READ_ADDR	0x1009
#define BT_PROTO_HCI	1
#define BT_UP		_IOW('H', 201, int)
#define BT_INFO		_IOR('H', 211, int)

struct bt_info {
	uint16_t	id;
	char		name[8];
	uint8_t		addr[6];
	uint32_t	flags;
	uint8_t		type;
	uint8_t		features[8];
	uint32_t	modes[3];
	uint16_t	mtus[4];
	uint32_t	errs_cmds[3];
	uint32_t	events;
	uint32_t	rest[6];
};

static struct {
	int fd, sock, ask[2], id;
	pthread_t thread;
} bt = { .id = -1 };

/* "Number of completed packets" of connections that there are none of: a loop. */
static int bt_event(int packets)
{
	unsigned char ev[4 + 4 * 64] = { BT_EVENT, BT_NUM_PACKETS, 1 + 4 * packets, packets };

	for (int i = 0; i < 4 * packets; i++)
		ev[4 + i] = i % 4 ? 0 : 1 + i / 4;
	return write(bt.fd, ev, 4 + 4 * packets) < 0 ? -errno : 0;
}

/* What a controller does: all is done, and it has buffers and an address. */
static void bt_answer(const unsigned char *cmd)
{
	unsigned int opcode = cmd[1] | cmd[2] << 8;
	/* As long as the longest answer; what is too long for others is left aside. */
	unsigned char ev[3 + 252] = { BT_EVENT, BT_COMPLETE, 252, 1, cmd[1], cmd[2], 0 };

	if (opcode == BT_READ_BUFFER || opcode == BT_READ_ADDR)
		memset(ev + 7, 1, 8);
	if (write(bt.fd, ev, sizeof(ev)) < 0)
		tap_diag("bluetooth: an answer: %s", strerror(errno));
}

/*
 * The device, in a thread that is older than any KCOV_REMOTE_ENABLE: what it writes begins no
 * section.
 */
static void *bt_device(void *arg)
{
	struct pollfd p[2] = { { .fd = bt.fd, .events = POLLIN },
			       { .fd = bt.ask[0], .events = POLLIN } };
	unsigned char buf[300];

	while (poll(p, 2, -1) > 0) {
		if (p[1].revents && read(bt.ask[0], buf, 1) == 1)
			bt_event(0);
		if (!p[0].revents || read(bt.fd, buf, sizeof(buf)) < 4)
			continue;
		if (buf[0] == BT_COMMAND)
			bt_answer(buf);
		else if (buf[0] == BT_VENDOR)
			__atomic_store_n(&bt.id, buf[2] | buf[3] << 8, __ATOMIC_RELEASE);
	}
	return arg;
}

static int bt_events(uint32_t *events)
{
	struct bt_info info = { .id = bt.id };

	if (ioctl(bt.sock, BT_INFO, &info))
		return -errno;
	*events = info.events;
	return 0;
}

static const char *bt_available(struct source *s)
{
	static const unsigned char create[2] = { BT_VENDOR, 0 };

	bt.fd = open(BT_DEV, O_RDWR | O_CLOEXEC);
	if (bt.fd < 0)
		return because(BT_DEV ": %s", strerror(errno));
	bt.sock = socket(AF_BLUETOOTH, SOCK_RAW | SOCK_CLOEXEC, BT_PROTO_HCI);
	if (bt.sock < 0)
		return because("AF_BLUETOOTH: %s", strerror(errno));
	if (pipe(bt.ask) || pthread_create(&bt.thread, NULL, bt_device, NULL))
		return because("a thread: %s", strerror(errno));
	if (write(bt.fd, create, 2) != 2)
		return because(BT_DEV ", creating a device: %s", strerror(errno));
	for (int i = 0; i < 5000 && __atomic_load_n(&bt.id, __ATOMIC_ACQUIRE) < 0; i++)
		sleep_ms(1);
	if (bt.id < 0)
		return because(BT_DEV ": no device came");
	if (ioctl(bt.sock, BT_UP, bt.id) && errno != EALREADY)
		return because("hci%d does not come up: %s", bt.id, strerror(errno));
	s->common = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, COMMON_ID);
	return NULL;
}

/*
 * Events are taken in order, by one kworker, and counted within the section: when the next one,
 * which has none, is counted, the section is over.
 */
static int bt_speak(struct source *s)
{
	uint32_t before = 0, now;
	int err = bt_events(&before);

	(void)s;
	if (!err)
		err = bt_event(20);
	if (!err && write(bt.ask[1], "", 1) != 1)
		err = -errno;
	for (int i = 0; i < 50000 && !err; i++) {
		err = bt_events(&now);
		if (!err && now - before >= 2)
			return 0;
		usleep(100);
	}
	return err ? err : -ETIMEDOUT;
}

/* ---- source: USB, completion of an asynchronous transfer, in a softirq ---- */

static struct {
	int fd, bus;
	char port[64];		/* what appears when a gadget is connected */
} usb = { .fd = -1 };

static const char *usb_bus(void)
{
	usb.bus = dummy_hcd_bus();
	snprintf(usb.port, sizeof(usb.port), USB_DEVICES "/%d-1", usb.bus);
	return usb.bus ? NULL : because(USB_DEVICES ": no dummy_hcd");
}

static const char *urb_available(struct source *s)
{
	if (usb_bus())
		return why;
	usb.fd = dummy_hcd_open(usb.bus);
	if (usb.fd < 0)
		return because("the root hub of bus %d: %s", usb.bus, strerror(-usb.fd));
	s->handle = kcov_remote_handle(KCOV_SUBSYSTEM_USB, usb.bus);
	return NULL;
}

static int urb_speak(struct source *s)
{
	int err = dummy_hcd_urb(usb.fd, NULL);

	(void)s;
	wait_for_softirqs();
	return err;
}

/* ---- source: USB, a device is plugged in: a kworker, and softirqs meanwhile ---- */

#define CONFIGFS	"/sys/kernel/config"
#define GADGET		CONFIGFS "/usb_gadget/kcov"
#define UDC		"dummy_udc.0"

static const char *hub_available(struct source *s)
{
	if (usb_bus())
		return why;
	if (access(CONFIGFS "/usb_gadget", F_OK) &&
	    mount("none", CONFIGFS, "configfs", 0, NULL))
		return because(CONFIGFS ": %s", strerror(errno));
	if ((mkdir(GADGET, 0755) && errno != EEXIST) ||
	    put(GADGET "/idVendor", "0x0525") ||
	    put(GADGET "/idProduct", "0xa4a0") ||
	    mkdir(GADGET "/configs/c.1", 0755) ||
	    mkdir(GADGET "/functions/SourceSink.0", 0755) ||
	    symlink(GADGET "/functions/SourceSink.0", GADGET "/configs/c.1/SourceSink.0"))
		return because(GADGET ": %s", strerror(errno));
	s->handle = kcov_remote_handle(KCOV_SUBSYSTEM_USB, usb.bus);
	return NULL;
}

static int hub_wait(bool there)
{
	for (int i = 0; i < 2000; i++, sleep_ms(5))
		if (!access(usb.port, F_OK) == there) {
			sleep_ms(slow() ? 500 : 200);
			return 0;
		}
	return -ETIMEDOUT;
}

static int hub_connect(void)
{
	return put(GADGET "/UDC", UDC);
}

static int hub_disconnect(void)
{
	int err = put(GADGET "/UDC", "\n");

	return err ? err : hub_wait(false);
}

static int hub_speak(struct source *s)
{
	int err = hub_connect();

	(void)s;
	if (!err)
		err = hub_wait(true);
	return err ? err : hub_disconnect();
}

/* ---- source: io_uring, a worker thread of this process ---- */

static struct {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail;
	struct io_uring_sqe *sqe;
} ring = { .fd = -1 };

static const char *ring_available(struct source *s)
{
	struct io_uring_params p = {};
	struct utsname u;
	int major, minor, fd;

	if (uname(&u) || sscanf(u.release, "%d.%d", &major, &minor) != 2 ||
	    major * 1000 + minor < 7003)
		return because("io_uring has sections since Linux 7.3");
	fd = syscall(SYS_io_uring_setup, 1, &p);
	if (fd < 0)
		return because("io_uring_setup: %s", strerror(errno));
	close(fd);
	s->common = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, COMMON_ID);
	return NULL;
}

/* The first time: it has the handle for good that its task has then. */
static int ring_begin(void)
{
	struct io_uring_params p = {};
	char *rings;

	ring.fd = syscall(SYS_io_uring_setup, 1, &p);
	if (ring.fd < 0)
		return -errno;
	/* One entry, and two answers: both are in the first page. */
	rings = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQ_RING);
	ring.sqe = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
	if (rings == MAP_FAILED || ring.sqe == MAP_FAILED)
		return -errno;
	if (!(p.features & IORING_FEAT_SINGLE_MMAP))
		return -ENOSYS;
	ring.sq_tail = (void *)(rings + p.sq_off.tail);
	ring.sq_mask = (void *)(rings + p.sq_off.ring_mask);
	ring.sq_array = (void *)(rings + p.sq_off.array);
	ring.cq_head = (void *)(rings + p.cq_off.head);
	ring.cq_tail = (void *)(rings + p.cq_off.tail);
	return 0;
}

/* Does one of the ring's workers run? They are threads of this process. */
static bool ring_works(void)
{
	DIR *dir = opendir("/proc/self/task");
	char path[300], line[256], state;
	bool works = false;
	struct dirent *d;
	FILE *f;

	while (dir && !works && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/stat", d->d_name);
		f = fopen(path, "r");
		if (f && fgets(line, sizeof(line), f) && strstr(line, "(iou-wrk-") &&
		    sscanf(strrchr(line, ')') + 1, " %c", &state) == 1)
			works = state != 'S';
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return works;
}

/* A request that a worker has to do; it is answered within the section. */
static int ring_speak(struct source *s)
{
	int err = ring.fd < 0 ? ring_begin() : 0;
	unsigned int tail;

	(void)s;
	if (err)
		return err;
	memset(ring.sqe, 0, sizeof(*ring.sqe));
	ring.sqe->opcode = IORING_OP_MKDIRAT;
	ring.sqe->flags = IOSQE_ASYNC;
	ring.sqe->fd = AT_FDCWD;
	ring.sqe->addr = (uintptr_t)"/proc/version";
	tail = *ring.sq_tail;
	ring.sq_array[tail & *ring.sq_mask] = 0;
	__atomic_store_n(ring.sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	if (__atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE) == *ring.cq_head)
		return -ENODATA;
	__atomic_store_n(ring.cq_head, *ring.cq_head + 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 50000; i++) {
		if (!ring_works())
			return 0;
		usleep(100);
	}
	return -ETIMEDOUT;
}

static struct source sources[] = {
	{
		.name = "vhost", .context = "a task of its own", .terse = true,
		.available = vhost_available, .speak = vhost_speak,
	}, {
		.name = "bluetooth", .context = "a kworker",
		.available = bt_available, .speak = bt_speak,
	}, {
		.name = "urb", .context = "a softirq", .softirq = true,
		.available = urb_available, .speak = urb_speak,
	}, {
		.name = "hub", .context = "a kworker, and softirqs", .unsteady = true,
		.available = hub_available, .speak = hub_speak,
	}, {
		.name = "io_uring", .context = "a worker of the ring", .varies = true,
		.available = ring_available, .speak = ring_speak,
	},
};

static struct source *bt_source = &sources[1], *urb_source = &sources[2],
		     *hub_source = &sources[3], *ring_source = &sources[4];

/* ---- listening ---- */

struct heard {
	size_t n;		/* items */
	struct kcov_stats st;
	unsigned long item[BIG];
};

static int remote_enable(int fd, const struct source *s, unsigned long mode,
			 unsigned int area_size)
{
	union {
		struct kcov_remote_arg arg;
		char bytes[sizeof(struct kcov_remote_arg) + sizeof(uint64_t)];
	} u = { .arg = { .trace_mode = mode, .area_size = area_size } };

	u.arg.common_handle = s->common;
	u.arg.num_handles = s->handle != 0;
	if (s->handle)
		u.arg.handles[0] = s->handle;
	return ioctl(fd, KCOV_REMOTE_ENABLE, &u) ? -errno : 0;
}

/* The area that tells. */
static unsigned long *area_of(const struct cov *c, const struct mode *m)
{
	return m->mode == KCOV_TRACE_UNIQ_EDGE ? c->edge : c->main;
}

static size_t count(const struct cov *c, const struct mode *m)
{
	return m->words == 1 ? cov_count(area_of(c, m), c->words) :
			       cov_cmp_count(area_of(c, m), c->words);
}

static size_t capacity(size_t words, const struct mode *m)
{
	return (words - 1) / m->words;
}

static void take(struct cov *c, const struct mode *m, struct heard *h)
{
	int err;

	h->n = count(c, m);
	if (h->n > BIG / m->words)
		h->n = BIG / m->words;
	memcpy(h->item, area_of(c, m) + 1, h->n * m->words * sizeof(*h->item));
	err = cov_stats(c->fd, &h->st);
	if (m->mode == KCOV_TRACE_UNIQ_EDGE)
		h->st.main = h->st.edge;
	if (err)
		tap_diag("KCOV_GET_STATS: %s", strerror(-err));
}

static void dump(const char *what, const struct heard *h)
{
	tap_diag("%s: %zu items; recorded %llu, dropped %llu of %llu", what, h->n,
		 (unsigned long long)h->st.main.recorded,
		 (unsigned long long)h->st.main.dropped,
		 (unsigned long long)h->st.main.capacity);
}

/* ---- judging ---- */

static unsigned long text, etext;

/* From /proc/kallsyms: where a symbol is, and the next one. */
static bool symbol(const char *name, unsigned long *from, unsigned long *to)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long addr, found = 0, next = ~0ul;
	char type, sym[256];

	while (f && !found && fscanf(f, "%lx %c %255s%*[^\n]", &addr, &type, sym) == 3)
		if (!strcmp(sym, name))
			found = addr;
	if (f)
		rewind(f);
	while (f && fscanf(f, "%lx %c %255s%*[^\n]", &addr, &type, sym) == 3)
		if (addr > found && addr < next)
			next = addr;
	if (f)
		fclose(f);
	*from = found;
	*to = next;
	return found;
}

static bool has_pc_of(const char *name, const unsigned long *pc, size_t n)
{
	unsigned long from, to;

	if (!symbol(name, &from, &to))
		return false;
	for (size_t i = 0; i < n; i++)
		if (pc[i] > from && pc[i] <= to)
			return true;
	return false;
}

/* Each item is one: its PC is in the kernel's text, its type is a type. */
static bool plausible(const struct mode *m, const struct heard *h)
{
	for (size_t i = 0; i < h->n; i++) {
		const unsigned long *item = h->item + i * m->words;
		unsigned long pc = item[m->words - 1];

		/* An edge word is next to a PC. */
		if (m->mode == KCOV_TRACE_UNIQ_EDGE)
			pc |= 0xfff;
		if (pc <= text || pc > etext || (m->words > 1 && item[0] > 7)) {
			tap_diag("item %zu of %zu: PC %#lx, first word %#lx", i, h->n, pc, item[0]);
			return false;
		}
	}
	return true;
}

static bool same_item(const struct mode *m, const unsigned long *a, const unsigned long *b)
{
	if (m->words == 1)
		return *a == *b;
	return a[0] == b[0] && a[3] == b[3] && (!(a[0] & KCOV_CMP_CONST) || a[1] == b[1]);
}

/* The first @n items of @h are those of @one, repeated. */
static bool echoes(const struct mode *m, const struct heard *one, const struct heard *h, size_t n)
{
	if (h->n < n || (n && !one->n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_item(m, h->item + i * m->words,
			       one->item + i % one->n * m->words))
			return false;
	return true;
}

static bool same(const struct mode *m, const struct heard *a, const struct heard *b)
{
	return a->n == b->n && a->n && echoes(m, a, b, a->n);
}

/* The list, its count and the statistics say @n, and @dropped more. */
static bool tells(const struct heard *h, size_t n, size_t dropped)
{
	return h->n == n && h->st.main.recorded == n && h->st.main.dropped == dropped;
}

enum between { NOTHING, STORE_0, RESET, SPOIL };

struct situation {
	const char *what;
	unsigned int words;		/* of the owner's area */
	unsigned int area_size;		/* of each section, if it is in a task: items, then + 1 */
	int times;			/* utterances; 0: more than the owner's area holds */
	enum between between;		/* before the last utterance */
	bool raw_size;			/* area_size is words */
	bool (*judge)(const struct source *s, const struct mode *m,
		      const struct situation *sit, const struct heard *one,
		      const struct heard *h, int times);
};

/* One after another, all of it. */
static bool judge_all(const struct source *s, const struct mode *m, const struct situation *sit,
		      const struct heard *one, const struct heard *h, int times)
{
	(void)s;
	(void)sit;
	return tells(h, one->n * times, 0) && echoes(m, one, h, h->n);
}

/* The last utterance only. */
static bool judge_last(const struct source *s, const struct mode *m, const struct situation *sit,
		       const struct heard *one, const struct heard *h, int times)
{
	size_t room = capacity(sit->words, m), n = one->n < room ? one->n : room;

	(void)s;
	(void)times;
	return tells(h, n, one->n - n) && echoes(m, one, h, n);
}

/* The same, and the one before is counted: there was no room for it. */
static bool judge_spoilt(const struct source *s, const struct mode *m,
			 const struct situation *sit, const struct heard *one,
			 const struct heard *h, int times)
{
	(void)s;
	(void)sit;
	(void)times;
	return tells(h, one->n, one->n) && echoes(m, one, h, h->n);
}

/* As much as the owner's area holds; the rest is counted. */
static bool judge_full(const struct source *s, const struct mode *m, const struct situation *sit,
		       const struct heard *one, const struct heard *h, int times)
{
	size_t room = capacity(sit->words, m);

	(void)s;
	return tells(h, room, one->n * times - room) && echoes(m, one, h, room);
}

/*
 * The beginning of each section: never more than its area holds. With room for one item, each
 * section has one: that is how many sections there are.
 */
static bool judge_private(const struct source *s, const struct mode *m,
			  const struct situation *sit, const struct heard *one,
			  const struct heard *h, int times)
{
	static size_t sections;
	size_t i, at;

	if (s->softirq)
		return judge_all(s, m, sit, one, h, times);
	if (h->n + h->st.main.dropped != one->n || h->st.main.recorded != h->n)
		return false;
	if (sit->area_size == 0)
		return !h->n;
	if (sit->area_size == 1)
		sections = h->n;
	if (!h->n || h->n > sections * sit->area_size || h->n < sections)
		return false;
	/* A subsequence, and a real one. */
	for (i = at = 0; i < one->n && at < h->n; i++)
		at += same_item(m, one->item + i * m->words, h->item + at * m->words);
	return at == h->n;
}

/* A trace of the hub's is longer; what unique modes collect of it is not. */
static bool judge_short(const struct source *s, const struct mode *m, const struct situation *sit,
			const struct heard *one, const struct heard *h, int times)
{
	return judge_private(s, m, sit, one, h, times) && (s != hub_source || h->st.main.dropped);
}

static const struct situation situations[] = {
	{ "five times, one after another", BIG, BIG, 5, .judge = judge_all },
	{ "the owner's area is too small", SMALL, BIG, 0, .judge = judge_full },
	{ "sections have room for nothing", BIG, 0, 1, .judge = judge_private },
	{ "sections have room for one", BIG, 1, 1, .judge = judge_private },
	{ "sections have room for five", BIG, 5, 1, .judge = judge_private },
	{ "sections have room for 16M words", BIG, HUGE_AREA, 1, .raw_size = true,
	  .judge = judge_all },
	{ "sections have room for 8K", BIG, 8192, 1, .judge = judge_short },
	{ "sections have 0 words", BIG, 0, 1, .raw_size = true, .judge = judge_private },
	{ "sections have 2^32 - 1 words", BIG, ~0u, 1, .raw_size = true, .judge = judge_all },
	{ "word 0 = 0 comes between", BIG, BIG, 3, STORE_0, .judge = judge_last },
	{ "KCOV_RESET_TRACE comes between", BIG, BIG, 3, RESET, .judge = judge_last },
	{ "KCOV_RESET_TRACE resets drops", SMALL, BIG, 0, RESET, .judge = judge_last },
	{ "word 0 is spoilt meanwhile", BIG, BIG, 3, SPOIL, .judge = judge_spoilt },
};

/* With fewer comparable attempts than that nothing is said. */
#define MIN_JUDGED	3

/* Linux itself warns when a task's section asks for that. */
static const char *not_for(const struct source *s, const struct situation *sit)
{
	if (!sit->raw_size || s->softirq || sit->area_size != ~0u)
		return NULL;
	return "a task's section makes vmalloc() warn of a size that is not there";
}

static int do_between(struct source *s, struct cov *c, enum between b)
{
	int err = 0;

	switch (b) {
	case NOTHING:
		break;
	case SPOIL:
		/* Nothing finds room behind what the count says; it is not for us to count. */
		__atomic_store_n(&c->main[0], ~0ul, __ATOMIC_RELEASE);
		err = s->speak(s);
		if (!err && c->main[0] != ~0ul)
			tap_diag("word 0 was ~0, and is %#lx", c->main[0]);
		if (!err && c->main[0] != ~0ul)
			err = -EILSEQ;
		/* fall through */
	case STORE_0:
		cov_clear(c);
		break;
	case RESET:
		err = cov_reset(c->fd);
		break;
	}
	return err;
}

/* 0 or -errno: what was heard of @times utterances. */
static int hear(struct source *s, const struct mode *m, const struct situation *sit,
		int times, struct heard *h)
{
	unsigned int area = sit->raw_size ? sit->area_size : 1 + sit->area_size * m->words;
	struct cov c;
	int err;

	cov_open_or_exit(&c, sit->words, COV_EDGE);
	err = remote_enable(c.fd, s, m->mode, area);
	for (int i = 0; i < times && !err; i++) {
		if (i == times - 1)
			err = do_between(s, &c, sit->between);
		if (!err)
			err = s->speak(s);
	}
	cov_disable(c.fd);
	take(&c, m, h);
	cov_close(&c);
	return err;
}

static const struct situation plain = { "once", BIG, BIG, 1, .judge = judge_all };
static struct heard one, two, in;

/* On a kernel that watches itself, Bluetooth's worker does not take the same path each time. */
static bool repeats(const struct source *s)
{
	return !s->unsteady && !s->varies && !(brief && s == bt_source);
}

static void in_situation(struct source *s, const struct mode *m, const struct situation *sit)
{
	int err = 0, judged = 0, good = 0, times = sit->times;
	char name[120];

	snprintf(name, sizeof(name), "%s, mode %lu: %s", s->name, m->mode, sit->what);
	if (not_for(s, sit)) {
		tap_skip(not_for(s, sit), "%s", name);
		return;
	}
	for (int i = 0; i < TRIES && !good && !err; i++) {
		err = hear(s, m, &plain, 1, &one);
		if (!sit->times && one.n)
			times = capacity(sit->words, m) / one.n + 2;
		if (!err)
			err = hear(s, m, sit, times, &in);
		if (!err)
			err = hear(s, m, &plain, 1, &two);
		if (err || !same(m, &one, &two))
			continue;
		judged++;
		good = sit->judge(s, m, sit, &one, &in, times);
	}
	if (err || good || judged >= MIN_JUDGED) {
		if (tap_ok(good, "%s", name))
			return;
		if (err)
			tap_diag("%s", strerror(-err));
		tap_diag("%d times", times);
		dump("before", &one);
		dump("this", &in);
		dump("after", &two);
	} else {
		tap_skip("two runs are rarely the same", "%s", name);
	}
}

/* ---- modes that show less than mode 0 or 1 ---- */

#define TEE_WORDS	(16 * BIG)

static struct expect want, got;
static struct uniq want_cmps, got_cmps;

static bool wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return false;
}

/*
 * An area holds the first items of a list, and the statistics tell of the rest: exactly, or if
 * sections ended when it was full, that it was no more than so much.
 */
static bool holds(const char *what, const unsigned long *area, size_t words,
		  const struct kcov_area_stats *st, const struct uniq *list, size_t dropped)
{
	size_t room = (words - 1) / list->words, n = list->n < room ? list->n : room;
	size_t lost = list->n - n + dropped;

	if (area[0] != n || st->recorded != n || st->capacity != room || st->dropped < lost ||
	    st->dropped > lost + st->untracked || (st->untracked && n < room))
		return wrong("%s: %lu, recorded %llu, dropped %llu, untracked %llu; not %zu and %zu",
			     what, area[0], st->recorded, st->dropped, st->untracked, n, lost);
	if (memcmp(area + 1, list->item, n * list->words * sizeof(long)))
		return wrong("%s: other items", what);
	return true;
}

static bool same_uniq(const char *what, const struct uniq *a, const struct uniq *b)
{
	if (a->n == b->n && !memcmp(a->item, b->item, a->n * a->words * sizeof(long)))
		return true;
	return wrong("%s: %zu, not %zu, or others", what, a->n, b->n);
}

/* See judge_compact() of the oracle. But here the area may end before the trace does. */
static bool compact_of(const struct cov *c, const struct kcov_stats *st,
		       const unsigned long *trace, size_t n, size_t dropped)
{
	const unsigned long *list = c->main + 1;
	size_t m = cov_count(c->main, c->words), i, k;
	bool full = st->main.dropped > dropped;

	if (st->main.recorded != m || (full ? m != c->words - 1 : st->main.dropped != dropped))
		return wrong("compact trace: wrong statistics");
	for (i = k = 0; i < n && k < m; i++)
		k += trace[i] == list[k];
	if (k < m)
		return wrong("compact trace: not a subsequence");
	if (full)
		return true;
	if (n && (!m || list[m - 1] != trace[n - 1]))
		return wrong("compact trace: another end");
	expect_from(&got, list, m);
	return same_uniq("PCs of the compact trace", &got.pc, &want.pc) &&
	       same_uniq("edges of the compact trace", &got.edge, &want.edge);
}

/* Comparisons, each once, or their places. */
static void cmps_from(struct uniq *u, const unsigned long *cmp, size_t n, bool exact)
{
	unsigned long place[CMP_WORDS];

	uniq_clear(u);
	for (; n; n--, cmp += CMP_WORDS) {
		cmp_place(cmp, place);
		uniq_add(u, exact ? cmp : place);
	}
}

/*
 * What a mode shows of @n items of a trace. The sections' areas have dropped others. @exact: both
 * are of the same run.
 */
static bool shows(const struct mode *m, const struct cov *c, const unsigned long *trace, size_t n,
		  size_t dropped, bool exact)
{
	struct kcov_stats st;

	if (cov_stats(c->fd, &st) || st.mode != m->mode)
		return wrong("KCOV_GET_STATS: mode %u", st.mode);
	if (m->words > 1) {
		cmps_from(&want_cmps, trace, n, exact);
		if (exact)
			return holds("comparisons", c->main, c->words, &st.main, &want_cmps,
				     dropped);
		cmps_from(&got_cmps, c->main + 1, count(c, m), false);
		return same_uniq("places", &got_cmps, &want_cmps);
	}
	expect_from(&want, trace, n);
	if (m->mode == KCOV_TRACE_COMPACT)
		return compact_of(c, &st, trace, n, dropped);
	return (!(m->mode & KCOV_TRACE_UNIQ_PC) ||
		holds("PCs", c->main, c->words, &st.main, &want.pc, dropped)) &&
	       (!(m->mode & KCOV_TRACE_UNIQ_EDGE) ||
		holds("edges", c->edge, c->words, &st.edge, &want.edge, dropped));
}

/* Is there a second area? */
static bool have_tee(void)
{
	static int have = -1;
	struct cov c;

	if (have < 0) {
		cov_open_or_exit(&c, SMALL, COV_EDGE);
		have = !cov_map_tee(&c, SMALL);
		cov_close(&c);
		/* Sets that are full are for the oracle. */
		if (have)
			cov_parameter("items", "65536");
	}
	return have;
}

/* As hear(), and what is right of it: of @h, or of the same run if @h is NULL. */
static int hear_unique(struct source *s, const struct mode *m, const struct situation *sit,
		       int times, const struct heard *h, bool *right)
{
	size_t dropped = h ? h->st.main.dropped : 0, own, n;
	struct kcov_stats st = {};
	struct cov c;
	int err;

	cov_open_or_exit(&c, sit->words, COV_EDGE);
	if (!h && cov_map_tee(&c, TEE_WORDS))
		return -ENOMEM;
	err = remote_enable(c.fd, s, m->mode, sit->raw_size ? sit->area_size :
			    1 + sit->area_size * m->words);
	for (int i = 0; i < times && !err; i++) {
		if (i == times - 1 && sit->between != NOTHING) {
			err = do_between(s, &c, sit->between);
			if (c.tee && sit->between == RESET)
				c.tee[0] = 0;
		}
		if (!err)
			err = s->speak(s);
	}
	cov_disable(c.fd);
	cov_stats(c.fd, &st);
	own = m->mode == KCOV_TRACE_UNIQ_EDGE ? st.edge.dropped : st.main.dropped;
	if (h) {
		/* A section drops items. There are no more of them than callbacks. */
		*right = own <= dropped && !own == !dropped;
		*right = *right && shows(m, &c, h->item, h->n, own, false);
	} else {
		/* How much the sections have dropped, only the kernel knows here. */
		n = cov_count(c.tee, c.tee_words) / m->words;
		*right = n && n + 1 < (TEE_WORDS - 1) / m->words;
		if (sit->judge == judge_private && !s->softirq)
			dropped = own;
		if (sit->area_size == 0 && !s->softirq && !s->unsteady)
			*right = !n && dropped;
		*right = *right && shows(m, &c, c.tee + 1, n, dropped, true);
	}
	cov_close(&c);
	return err;
}

static void in_unique(struct source *s, const struct mode *m, const struct situation *sit)
{
	const struct mode *reference = &modes[m->words > 1];
	int err = 0, judged = 0, times = sit->times ? sit->times : 3;
	bool good = false;
	char name[120];

	if (sit->between == SPOIL || (sit->raw_size && not_for(s, sit)))
		return;
	snprintf(name, sizeof(name), "%s, mode %lu: %s", s->name, m->mode, sit->what);
	strcpy(why, "nothing was heard");
	if (have_tee()) {
		err = hear_unique(s, m, sit, times, NULL, &good);
		if (!tap_ok(!err && good, "%s: the same run", name))
			tap_diag("%s; %s", strerror(-err), why);
		return;
	}
	/* A small area is not comparable: mode 0 lacks what did not fit. */
	if (sit->words != BIG || sit->judge == judge_short || s->unsteady ||
	    s->varies)
		return;
	for (int i = 0; i < TRIES && !good && !err; i++) {
		err = hear(s, reference, sit, times, &one);
		if (!err)
			err = hear_unique(s, m, sit, times, &one, &good);
		if (!err)
			err = hear(s, reference, sit, times, &two);
		if (err || (one.n && !same(reference, &one, &two)) || one.n != two.n ||
		    one.st.main.dropped != two.st.main.dropped) {
			good = false;
			continue;
		}
		judged++;
	}
	if (!err && !good && judged < MIN_JUDGED)
		tap_skip("two runs are rarely the same", "%s", name);
	else if (!tap_ok(!err && good, "%s: as mode %lu", name, reference->mode))
		tap_diag("%s; %s", strerror(-err), why);
}

/* A program that knows modes 0 and 1 only. */
static void unmodified(struct source *s, const struct mode *m)
{
	const struct mode *collects = m->words > 1 ? &modes[5] : &modes[6];
	struct kcov_stats st = { 0 };
	struct cov c;
	int err;

	cov_parameter("compact", "1");
	cov_open_or_exit(&c, BIG, 0);
	err = remote_enable(c.fd, s, m->mode, BIG);
	if (!err)
		err = s->speak(s);
	cov_disable(c.fd);
	cov_stats(c.fd, &st);
	take(&c, collects, &in);
	tap_ok(!err && st.mode == collects->mode && in.n && plausible(collects, &in),
	       "%s, mode %lu, kcov.compact=1: collects mode %u: %zu items", s->name, m->mode,
	       st.mode, in.n);
	cov_parameter("compact", "0");
	cov_close(&c);
}

/* ---- more than one thing at a time ---- */

struct reader {
	struct cov *c;
	const struct mode *m;
	bool stop;
	size_t last, seen, step, bad;
};

/* Counts only grow, by whole sections, and cover what is there. */
static void *read_counts(void *arg)
{
	struct reader *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		size_t n = __atomic_load_n(&area_of(r->c, r->m)[0], __ATOMIC_ACQUIRE);

		r->seen += n != r->last;
		if (n < r->last || n > capacity(r->c->words, r->m) ||
		    (r->step && n % r->step) || (n && !area_of(r->c, r->m)[n * r->m->words]))
			r->bad++;
		r->last = n;
		if (!slow())
			sched_yield();
	}
	return NULL;
}

static void never_torn(struct source *s, const struct mode *m)
{
	int times = s->unsteady ? 1 : fewer(200), err;
	struct reader r = { .m = m };
	pthread_t t;
	struct cov c;

	/* Without a known number of sections per utterance: only order. */
	if (!s->unsteady && m->mode <= KCOV_TRACE_CMP) {
		static const struct situation first_items = { "", BIG, 1, 1, .judge = judge_private };

		err = hear(s, m, &first_items, 1, &in);
		if (!err && (s->softirq || in.n == 1) && !hear(s, m, &plain, 1, &one) &&
		    !hear(s, m, &plain, 1, &two) && same(m, &one, &two))
			r.step = one.n;
	}
	cov_open_or_exit(&c, 16 * BIG, COV_EDGE);
	r.c = &c;
	/* Before: a later thread would have the task's handle, which is harmless, too. */
	pthread_create(&t, NULL, read_counts, &r);
	err = remote_enable(c.fd, s, m->mode, BIG);
	for (int i = 0; i < times && !err; i++)
		err = s->speak(s);
	cov_disable(c.fd);
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	/* A run that did not repeat is no multiple: a step is only right if the end is. */
	if (r.step && count(&c, m) % r.step)
		tap_skip("sections are not all the same",
			 "%s, mode %lu: the count is never torn", s->name, m->mode);
	else
		tap_ok(!err && !r.bad && count(&c, m),
		       "%s, mode %lu: the count is never torn: %zu values seen, in steps of %zu",
		       s->name, m->mode, r.seen, r.step);
	if (err || r.bad)
		tap_diag("%s; %zu bad of %zu, the last one %zu", strerror(-err), r.bad, r.seen,
			 r.last);
	cov_close(&c);
}

/* May a task trace itself and listen? In the modes of Linux: the others have to be like that. */
static bool may_do_both(void)
{
	static const struct source s = { .common = COMMON_ID };
	struct cov c, d;
	bool both;

	cov_open_or_exit(&c, SMALL, 0);
	cov_open_or_exit(&d, SMALL, 0);
	both = !remote_enable(c.fd, &s, KCOV_TRACE_PC, SMALL) && !cov_enable(d.fd, KCOV_TRACE_PC);
	cov_disable(d.fd);
	cov_disable(c.fd);
	cov_close(&c);
	cov_close(&d);
	return both;
}

static void not_listening(struct source *s, const struct mode *m)
{
	struct source other = *s;
	bool both = may_do_both();
	struct cov c, d;
	int err, wrong;

	/* The task's own handle is what a common source has: none then. */
	other.common = s->common ? 0 : kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, COMMON_ID);
	other.handle = s->common ? kcov_remote_handle(KCOV_SUBSYSTEM_USB, 99) : 0;
	cov_open_or_exit(&c, BIG, COV_EDGE);
	err = remote_enable(c.fd, &other, m->mode, BIG);
	if (!err)
		err = s->speak(s);
	cov_disable(c.fd);
	take(&c, m, &in);
	tap_ok(!err && !in.n && !in.st.main.dropped,
	       "%s, mode %lu: not heard with another handle", s->name, m->mode);

	cov_open_or_exit(&d, BIG, 0);
	err = remote_enable(c.fd, s, m->mode, BIG);
	wrong = remote_enable(d.fd, s, m->mode, BIG) != -EBUSY;
	wrong += cov_enable(c.fd, m->mode) != -EINVAL;
	wrong += cov_enable(d.fd, m->mode) != (both ? 0 : -EBUSY);
	wrong += both && cov_disable(d.fd);
	tap_ok(!err && !wrong, "%s, mode %lu: a task listens with one descriptor: EBUSY", s->name,
	       m->mode);
	cov_disable(c.fd);
	cov_close(&c);
	cov_close(&d);
}

/*
 * A kworker is in a section of some 100 ms (a port must be stable for that long) while its
 * listener stops. @again: and listens again, to something else.
 */
static void late_section(const struct mode *m, bool again)
{
	static const struct source silence = {
		.common = KCOV_SUBSYSTEM_COMMON | 0x51e,
	};
	struct source *s = hub_source;
	size_t n, before;
	int err, waited = 0;
	struct cov c;

	cov_open_or_exit(&c, 16 * BIG, COV_EDGE);
	for (int control = 1; control >= 0; control--) {
		cov_clear(&c);
		err = remote_enable(c.fd, s, m->mode, BIG);
		if (!err)
			err = hub_connect();
		sleep_ms(50);
		before = count(&c, m);
		if (!control) {
			cov_disable(c.fd);
			cov_clear(&c);
			if (again)
				err = remote_enable(c.fd, &silence, m->mode, BIG);
		}
		if (!err)
			err = hub_wait(true);
		/* A busy machine takes longer, and then again. */
		if (!err && !control)
			sleep_ms(2 * waited);
		if (!err && control) {
			while ((n = count(&c, m)) <= before + 500 && waited < 20000) {
				sleep_ms(100);
				waited += 100;
			}
			cov_disable(c.fd);
			/* Comparisons are told apart by their number. */
			if (tap_ok(n > before + 500 && (m->words > 1 || m->mode == 4 ||
				   (!has_pc_of("hub_event", c.main + 1, before) &&
				    has_pc_of("hub_event", c.main + 1, n))),
				   "hub, mode %lu: a section takes long: %zu items, then %zu",
				   m->mode, before, n - before))
				goto disconnect;
			err = -EILSEQ;
		} else if (!err) {
			take(&c, m, &in);
			tap_ok(!c.main[0] && !c.edge[0] && !in.st.main.dropped,
			       "hub, mode %lu: a section that ends after KCOV_DISABLE%s adds nothing",
			       m->mode, again ? " and KCOV_REMOTE_ENABLE" : "");
			if (c.main[0] || in.st.main.dropped)
				dump("hub", &in);
			if (again)
				cov_disable(c.fd);
		}
disconnect:
		hub_disconnect();
	}
	if (err)
		tap_ok(false, "hub, mode %lu: a late section: %s", m->mode, strerror(-err));
	cov_close(&c);
}

static int udp[2];

/* Ends with softirqs enabled again: those that are waiting run now, on top of this task. */
static void send_packet(void)
{
	if (send(udp[0], "", 1, 0) != 1 || recv(udp[1], &(char){0}, 1, 0) != 1)
		tap_diag("a packet: %s", strerror(errno));
}

static void make_udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	udp[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	udp[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(udp[1], (void *)&a, len) || getsockname(udp[1], (void *)&a, &len) ||
	    connect(udp[0], (void *)&a, len))
		tap_diag("lo: %s", strerror(errno));
}

struct local {
	unsigned long mode;
	struct cov c;
	int rounds, err;
	size_t before, after;
};

static size_t local_count(const struct local *l)
{
	return cov_count(l->c.main, l->c.words) +
	       (l->c.edge ? cov_count(l->c.edge, l->c.words) : 0);
}

static void *trace_self(void *arg)
{
	struct local *l = arg;

	l->err = cov_enable(l->c.fd, l->mode);
	for (int i = 0; i < l->rounds && !l->err; i++) {
		cov_clear(&l->c);
		l->err = dummy_hcd_urb(usb.fd, send_packet);
		/* It goes on where it was. */
		l->before = local_count(l);
		getppid();
		l->after = local_count(l);
		if (l->after <= l->before)
			l->err = l->err ? l->err : -ENODATA;
	}
	cov_disable(l->c.fd);
	return NULL;
}

/*
 * One thread listens to a bus, another traces itself and uses the bus: softirqs interrupt it,
 * have their section, and give its state back. Neither sees anything of the other.
 */
static void local_and_remote(const struct mode *m, unsigned long local_mode)
{
	struct local l = { .mode = local_mode, .rounds = fewer(200) };
	struct source *s = urb_source;
	size_t n, stray = 0;
	pthread_t t;
	struct cov c;
	int err;

	cov_open_or_exit(&l.c, BIG, local_mode & KCOV_TRACE_UNIQ_EDGE ? COV_EDGE : 0);
	cov_open_or_exit(&c, BIG, COV_EDGE);
	err = remote_enable(c.fd, s, m->mode, BIG);
	pthread_create(&t, NULL, trace_self, &l);
	pthread_join(t, NULL);
	wait_for_softirqs();
	cov_disable(c.fd);
	n = cov_count(l.c.main, l.c.words);
	if (local_mode != KCOV_TRACE_CMP && local_mode != KCOV_TRACE_UNIQ_CMP)
		stray = has_pc_of("async_completed", l.c.main + 1, n);
	tap_ok(!err && !l.err && local_count(&l) && !stray,
	       "a task in mode %lu, interrupted by sections in mode %lu, goes on", local_mode,
	       m->mode);
	if (err || l.err || stray)
		tap_diag("%s, %s; %zu items, the sections' own: %zu", strerror(-err),
			 strerror(-l.err), n, stray);
	take(&c, m, &in);
	tap_ok(in.n && plausible(m, &in) && !in.st.main.dropped &&
	       (m->words > 1 || m->mode == 4 || (has_pc_of("async_completed", in.item, in.n) &&
				 !has_pc_of("__do_sys_getppid", in.item, in.n))),
	       "and its sections are there, and nothing else: %zu items in %d", in.n, l.rounds);
	cov_close(&c);
	cov_close(&l.c);
}

/* ---- one task that traces itself and listens, with a descriptor for each (Linux 7.2) ---- */

static const struct mode *mode_of(unsigned long mode)
{
	size_t i;

	for (i = 0; modes[i].mode != mode; i++)
		;
	return &modes[i];
}

/* With a second area: what is in the others is what follows from it. */
static bool shows_tee(const struct mode *m, struct cov *c)
{
	size_t n;

	if (!have_tee() || m->mode <= KCOV_TRACE_CMP)
		return true;
	n = cov_count(c->tee, c->tee_words) / m->words;
	if (!n || n + 1 >= (TEE_WORDS - 1) / m->words)
		return wrong("a trace of %zu", n);
	return shows(m, c, c->tee + 1, n, 0, true);
}

/* Of each area of a descriptor. */
static unsigned long long recorded(const struct cov *c)
{
	struct kcov_stats st;

	if (cov_stats(c->fd, &st))
		return 0;
	return st.main.recorded + st.edge.recorded;
}

/* A section that comes, if it is one of a softirq, on top of this task. */
static int one_section(struct source *s)
{
	return s == urb_source ? dummy_hcd_urb(usb.fd, send_packet) : s->speak(s);
}

/* Only in sections. */
static const char *marker_of(const struct source *s)
{
	return s == urb_source ? "async_completed" : "io_mkdirat";
}

static void do_both(struct source *s, unsigned long remote_mode, unsigned long local_mode,
		    int sections)
{
	const struct mode *m = mode_of(remote_mode), *lm = mode_of(local_mode);
	unsigned long long kept, more;
	bool first = sections & 1;
	struct cov c, d;
	int i, err = 0;

	cov_open_or_exit(&c, BIG, COV_EDGE);
	cov_open_or_exit(&d, BIG, COV_EDGE);
	if (have_tee() && (cov_map_tee(&c, TEE_WORDS) || cov_map_tee(&d, TEE_WORDS)))
		err = -ENOMEM;
	/* In either order. */
	if (!err && first)
		err = cov_enable(d.fd, local_mode);
	if (!err)
		err = remote_enable(c.fd, s, remote_mode, BIG);
	if (!err && !first)
		err = cov_enable(d.fd, local_mode);
	strcpy(why, "");
	for (i = 0; i < sections && !err; i++) {
		err = one_section(s);
		/* A local trace is not to be full of them, nor the second area. */
		if (local_mode <= KCOV_TRACE_CMP || (have_tee() && i % 50 == 0))
			cov_clear(&d);
	}
	wait_for_softirqs();

	/* Each has a window of its own. */
	kept = recorded(&d);
	if (!err)
		err = cov_reset(c.fd);
	if (c.tee)
		c.tee[0] = 0;
	more = recorded(&c);
	tap_ok(!err && kept && more == 0 && recorded(&d) >= kept,
	       "modes %lu and, of %s, %lu: %d sections; a reset of one leaves the other", local_mode,
	       s->name, remote_mode, sections);
	if (!err)
		err = s->speak(s);
	for (i = 0; i < sections / 10 && !err; i++)
		err = one_section(s);
	wait_for_softirqs();

	/* Disabling one does not end the other. */
	if (!err)
		err = cov_disable(first ? c.fd : d.fd);
	if (first) {
		kept = recorded(&d);
		syscall(SYS_sched_rr_get_interval, 0, NULL);
		more = recorded(&d);
	} else {
		if (!err)
			err = cov_reset(c.fd);
		if (c.tee)
			c.tee[0] = 0;
		kept = recorded(&c);
		if (!err)
			err = s->speak(s);
		more = recorded(&c);
	}
	tap_ok(!err && more > kept, "and when %s is disabled, the other goes on: %llu items, %llu",
	       first ? "that of sections" : "its own", kept, more);
	if (!err)
		err = cov_disable(first ? d.fd : c.fd);
	tap_ok(!err && shows_tee(m, &c) && shows_tee(lm, &d),
	       "and both show what they should%s", have_tee() ? ": the same run" : "");
	if (err || why[0])
		tap_diag("%s; %s", strerror(-err), why);
	if (lm->words == 1 && local_mode != KCOV_TRACE_UNIQ_EDGE)
		tap_ok(!has_pc_of(marker_of(s), d.main + 1, cov_count(d.main, BIG)),
		       "and nothing of the sections is in the task's own list");
	if (m->words == 1 && remote_mode != KCOV_TRACE_UNIQ_EDGE)
		tap_ok(has_pc_of(marker_of(s), c.main + 1, cov_count(c.main, BIG)) &&
		       !has_pc_of("__do_sys_sched_rr_get_interval", c.main + 1, cov_count(c.main, BIG)),
		       "and nothing of the task in that of the sections");
	cov_close(&c);
	cov_close(&d);
}

/* A task that ends with both of them on: both can be used again. */
static void end_with_both(struct source *s, unsigned long remote_mode, unsigned long local_mode)
{
	unsigned long long n[2];
	struct cov c, d;
	int err, status;
	pid_t pid;

	cov_open_or_exit(&c, BIG, COV_EDGE);
	cov_open_or_exit(&d, BIG, COV_EDGE);
	pid = fork();
	/* A ring belongs to the process that made it. */
	if (!pid && s == ring_source)
		ring.fd = -1;
	if (!pid)
		_exit(cov_enable(d.fd, local_mode) || remote_enable(c.fd, s, remote_mode, BIG) ||
		      s->speak(s));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		tap_diag("the child: status %#x", status);
	wait_for_softirqs();
	n[0] = recorded(&c);
	n[1] = recorded(&d);
	err = cov_enable(d.fd, local_mode) ?: remote_enable(c.fd, s, remote_mode, BIG);
	if (!err)
		err = cov_disable(c.fd) ?: cov_disable(d.fd);
	tap_ok(!err && n[0] && n[1],
	       "modes %lu and, of %s, %lu: the end of a task ends both: %llu and %llu items",
	       local_mode, s->name, remote_mode, n[0], n[1]);
	if (err)
		tap_diag("%s", strerror(-err));
	cov_close(&c);
	cov_close(&d);
}

static void both_at_once(struct source *s)
{
	/* Of the sections, of the task itself. */
	static const unsigned long pair[][2] = {
		{ 2, 16 }, { 16, 2 }, { 4, 8 }, { 8, 4 }, { 6, 16 }, { 16, 6 }, { 0, 2 }, { 2, 0 },
	};
	int sections;
	size_t i;

	if (!may_do_both()) {
		tap_skip("a task has one descriptor before Linux 7.2", "own calls and sections of %s", s->name);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(pair); i++) {
		/* 10,000 in all; full traces have no room for so many. */
		sections = brief ? 124 : fewer(pair[i][0] && pair[i][1] ? 1600 : 400) & ~1;
		/* One more: half of them are odd. */
		do_both(s, pair[i][0], pair[i][1], sections + i % 2);
		end_with_both(s, pair[i][0], pair[i][1]);
	}
}

/* ---- many sections at once, while listeners come and go ---- */

#define TALKERS		2
#define STRANGERS	2
/* Sections per mode and part, at least: 10,000 in all, or 1,000. */
#define STORM_URBS	(brief ? 100 : 800)
#define FLIPS		(brief ? 5 : 40)
#define STORM_SECTIONS	(brief ? 1000 : 10000)
#define FLIP_URBS	3

static struct {
	bool stop;
	int urbs;		/* each talker's; 0: until it is stopped */
	unsigned long answered, strangers, failed;
	const char *what_failed;	/* the last one */
	uint64_t seed;
	pthread_mutex_t lock;	/* of the next one */
	int fd;			/* to be reset, or -1 */
} storm = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool storm_is_over(void)
{
	return __atomic_load_n(&storm.stop, __ATOMIC_RELAXED);
}

static void storm_count(unsigned long *n)
{
	__atomic_add_fetch(n, 1, __ATOMIC_RELAXED);
}

static void storm_fail(const char *what)
{
	__atomic_store_n(&storm.what_failed, what, __ATOMIC_RELAXED);
	storm_count(&storm.failed);
}

/* Sections in softirqs. */
static void *talk(void *arg)
{
	int fd = dummy_hcd_open(usb.bus);

	for (int i = 0; storm.urbs ? i < storm.urbs : !storm_is_over(); i++)
		if (dummy_hcd_urb(fd, NULL))
			storm_fail("an URB");
		else
			storm_count(&storm.answered);
	close(fd);
	return arg;
}

static unsigned int storm_random(unsigned int n)
{
	uint64_t x = __atomic_add_fetch(&storm.seed, 0x9e3779b97f4a7c15ull, __ATOMIC_RELAXED);

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return (x >> 32) % n;
}

/*
 * A listener of its own to a vhost worker of its own, which has sections while its listener
 * resets, stops, listens in another mode, closes or exits.
 */
static void *stranger_once(void *arg)
{
	const struct source s = {
		.common = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, 0x100 + *(int *)arg),
	};
	static const unsigned int sizes[] = { 1, 64, 4096 };
	struct vhost_vring_file kick = { .index = 1 };
	int fd = open(VHOST_DEV, O_RDWR | O_CLOEXEC), bad = 0;
	uint64_t value = 1;
	struct kcov_stats st;
	struct cov c;

	cov_open_or_exit(&c, 4096, COV_EDGE);
	kick.fd = eventfd(0, EFD_CLOEXEC);
	bad += remote_enable(c.fd, &s, modes[storm_random(7)].mode, sizes[storm_random(3)]) != 0;
	bad += ioctl(fd, VHOST_SET_OWNER, 0) || ioctl(fd, VHOST_SET_VRING_KICK, &kick);
	for (int i = 0; i < 8; i++) {
		bad += write(kick.fd, &value, sizeof(value)) != sizeof(value);
		switch (storm_random(5)) {
		case 0:
			bad += cov_reset(c.fd) != 0;
			break;
		case 1:
			cov_clear(&c);
			break;
		case 2:
			bad += cov_stats(c.fd, &st) != 0 || st.main.recorded > st.main.capacity;
			break;
		case 3:
			bad += cov_disable(c.fd) != 0;
			bad += remote_enable(c.fd, &s, modes[storm_random(7)].mode,
					     sizes[storm_random(3)]) != 0;
			break;
		}
	}
	/* Else by the thread's end. */
	if (storm_random(2))
		bad += cov_disable(c.fd) != 0;
	if (storm_random(2)) {
		cov_close(&c);
		close(fd);
	} else {
		close(fd);
		cov_close(&c);
	}
	close(kick.fd);
	if (bad)
		storm_fail("a call of a stranger");
	else
		storm_count(&storm.strangers);
	return NULL;
}

static void *stranger(void *arg)
{
	pthread_t owner;

	while (!storm_is_over()) {
		if (pthread_create(&owner, NULL, stranger_once, arg))
			storm_fail("a thread");
		else
			pthread_join(owner, NULL);
	}
	return arg;
}

/* KCOV_RESET_TRACE, now and then, of what there is. */
static void *resetter(void *arg)
{
	while (!storm_is_over()) {
		/* It must not be closed in between: the number could be another file's. */
		pthread_mutex_lock(&storm.lock);
		if (storm.fd >= 0 && cov_reset(storm.fd))
			storm_fail("KCOV_RESET_TRACE");
		pthread_mutex_unlock(&storm.lock);
		usleep(200);
	}
	return arg;
}

static pthread_t talkers[TALKERS], strangers[STRANGERS];

static void storm_begin(int urbs)
{
	static int number[STRANGERS];
	int i;

	storm.stop = false;
	storm.urbs = urbs;
	storm.answered = storm.strangers = storm.failed = 0;
	storm.what_failed = "none";
	for (i = 0; i < TALKERS; i++)
		pthread_create(&talkers[i], NULL, talk, NULL);
	for (i = 0; i < STRANGERS; i++) {
		number[i] = i;
		pthread_create(&strangers[i], NULL, stranger, &number[i]);
	}
}

static void storm_end(void)
{
	int i;

	if (!storm.urbs)
		__atomic_store_n(&storm.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < TALKERS; i++)
		pthread_join(talkers[i], NULL);
	__atomic_store_n(&storm.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < STRANGERS; i++)
		pthread_join(strangers[i], NULL);
	wait_for_softirqs();
}

/* The PC of an item that each section of a transfer has just once. 0: not found. */
static unsigned long section_marker(const struct mode *m)
{
	const struct mode *reference = &modes[m->words > 1];
	bool alike = false;
	size_t i, k, n;

	/* The first one, or one that a tick hits, has more: twice the same is a section. */
	for (i = 0; i < TRIES && !alike; i++) {
		if (hear(urb_source, reference, &plain, 1, &one) ||
		    hear(urb_source, reference, &plain, 1, &two))
			return 0;
		alike = same(reference, &one, &two);
	}
	for (i = 0; alike && i < one.n; i++) {
		for (k = n = 0; k < one.n; k++)
			n += one.item[k * m->words + m->words - 1] ==
			     one.item[i * m->words + m->words - 1];
		if (n == 1)
			return one.item[i * m->words + m->words - 1];
	}
	return 0;
}

/* How many sections there are in what mode 0 or 1 shows, or the second area. */
static size_t sections_in(const struct mode *m, const unsigned long *area, size_t n,
			  unsigned long marker)
{
	size_t i, sections = 0;

	for (i = 0; i < n; i++)
		sections += area[1 + i * m->words + m->words - 1] == marker;
	return sections;
}

/* @least: no more than these, if @exact. */
static bool storm_heard(const struct mode *m, const struct cov *c, unsigned long marker,
			size_t least, bool exact)
{
	const unsigned long *trace = m->mode <= KCOV_TRACE_CMP ? c->main : c->tee;
	size_t n, sections;
	struct kcov_stats st;

	if (!trace)
		return true;
	n = (trace == c->main ? count(c, m) : cov_count(c->tee, c->tee_words) / m->words);
	sections = sections_in(m, trace, n, marker);
	if (cov_stats(c->fd, &st) || sections < least || (exact && sections != least))
		return wrong("%zu sections, not %zu", sections, least);
	if (trace == c->main)
		return !st.main.dropped || wrong("%llu dropped", st.main.dropped);
	return shows(m, c, trace + 1, n, 0, true);
}

static struct cov storm_listen(const struct mode *m)
{
	struct cov c;
	int err;

	cov_open_or_exit(&c, BIG, COV_EDGE);
	err = have_tee() && m->mode > KCOV_TRACE_CMP ? cov_map_tee(&c, BIG) : 0;
	if (!err)
		err = remote_enable(c.fd, urb_source, m->mode, BIG);
	if (err)
		storm_fail(strerror(-err));
	return c;
}

/* One listens all the time, and misses nothing, while others come and go. */
static void storm_steady(const struct mode *m, unsigned long marker)
{
	struct cov c = storm_listen(m);
	bool good;

	storm_begin(STORM_URBS / TALKERS);
	storm_end();
	cov_disable(c.fd);
	good = storm_heard(m, &c, marker, storm.answered, true);
	if (!tap_ok(good && !storm.failed, "mode %lu: a listener hears %lu sections, %lu others come and go",
		    m->mode, storm.answered, storm.strangers))
		tap_diag("%s; %lu failed, the last one %s", why, storm.failed, storm.what_failed);
	cov_close(&c);
}

/* What is to be reset from now on: what was so until now. */
static int storm_hand_out(int fd)
{
	int before;

	pthread_mutex_lock(&storm.lock);
	before = storm.fd;
	storm.fd = fd;
	pthread_mutex_unlock(&storm.lock);
	return before;
}

/* One comes and goes, and is reset, while there are sections of it all the time. */
static void storm_flips(const struct mode *m, unsigned long marker)
{
	int good = 0, i, k, fd = dummy_hcd_open(usb.bus), err = 0;
	pthread_t reset;

	storm_begin(0);
	storm.fd = -1;
	pthread_create(&reset, NULL, resetter, NULL);
	for (i = 0; i < FLIPS; i++) {
		struct cov c = storm_listen(m);

		if (i % 2)
			storm_hand_out(dup(c.fd));
		for (k = 0; k < FLIP_URBS && !err; k++)
			err = dummy_hcd_urb(fd, NULL);
		wait_for_softirqs();
		/* Half of them while sections run that are for it. */
		if (i % 4 < 2)
			cov_disable(c.fd);
		if (i % 2)
			close(storm_hand_out(-1));
		if (i % 4 >= 2)
			cov_disable(c.fd);
		take((struct cov *)&c, m, &in);
		good += i % 2 ? plausible(m, &in) : storm_heard(m, &c, marker, FLIP_URBS, false);
		cov_close(&c);
	}
	storm_end();
	pthread_join(reset, NULL);
	close(fd);
	if (!tap_ok(good == FLIPS && !storm.failed && !err,
		    "mode %lu: a listener comes and goes %d times in %lu sections",
		    m->mode, FLIPS, storm.answered))
		tap_diag("%s; %d good, %lu failed, the last one %s, %s", why, good, storm.failed,
			 storm.what_failed, strerror(-err));
}

/* After all that: what one section shows is what it showed before, in mode 0 or 1. */
static void storm_after(const struct mode *m)
{
	bool good = false;
	int err = 0;

	for (int i = 0; i < TRIES && !good && !err; i++) {
		if (m->mode > KCOV_TRACE_CMP)
			err = hear_unique(urb_source, m, &plain, 1, &one, &good);
		else
			err = hear(urb_source, m, &plain, 1, &two);
		if (m->mode <= KCOV_TRACE_CMP)
			good = same(m, &one, &two);
	}
	if (!tap_ok(good, "mode %lu: and then one section is what it was", m->mode))
		tap_diag("%s; %s", why, strerror(-err));
}

static int storms(void)
{
	unsigned long marker, total = 0;

	urb_source->available(urb_source);
	/* Sets that grow, and shrink again, meanwhile. */
	if (have_tee())
		cov_parameter("items", "64");
	for (size_t k = 0; k < ARRAY_SIZE(modes) && !modes[k].answer; k++) {
		marker = section_marker(&modes[k]);
		if (!tap_ok(marker, "mode %lu: sections can be told apart", modes[k].mode))
			continue;
		storm_steady(&modes[k], marker);
		total += storm.answered;
		storm_flips(&modes[k], marker);
		total += storm.answered;
		storm_after(&modes[k]);
	}
	tap_ok(total >= STORM_SECTIONS, "%lu sections in all", total);
	kmemleak_finds_no("kcov");
	return tap_done();
}

static void refused(const struct mode *m, struct source *s)
{
	struct cov c;
	int got;

	cov_open_or_exit(&c, SMALL, 0);
	got = remote_enable(c.fd, s, m->mode, BIG);
	tap_ok(got == m->answer, "KCOV_REMOTE_ENABLE in mode %lu: %s", m->mode,
	       m->answer ? strerror(-m->answer) : "done");
	if (got != m->answer)
		tap_diag("got %d (%s)", got, strerror(-got));
	if (got) {
		got = remote_enable(c.fd, s, KCOV_TRACE_PC, BIG);
		tap_ok(!got, "and mode 0 after that");
	}
	cov_disable(c.fd);
	cov_close(&c);
}

/* One descriptor, in all modes: what one more needs is allocated when the one before has ended. */
static void in_turn(void)
{
	static const struct source s = { .common = COMMON_ID };
	struct kcov_stats st;
	unsigned long mode = 0;
	struct cov c;
	int err = 0;
	size_t i;

	cov_open_or_exit(&c, BIG, 0);
	for (i = 0; i < ARRAY_SIZE(modes) && !err; i++) {
		if (modes[i].answer)
			continue;
		mode = modes[i].mode;
		err = remote_enable(c.fd, &s, mode, SMALL) ?: cov_stats(c.fd, &st) ?: cov_disable(c.fd);
		if (!err && st.mode != mode)
			err = -EILSEQ;
	}
	if (!tap_ok(!err, "one descriptor listens in one mode after another"))
		tap_diag("mode %lu: %s", mode, strerror(-err));
	cov_close(&c);
}

static bool heard_at_all(struct source *s, const struct mode *m)
{
	int err = hear(s, m, &plain, 1, &one);

	/* Something else, a tick, may compare once. */
	for (int i = 0; i < 2 && !err && one.n && s->terse && m->words > 1; i++)
		err = hear(s, m, &plain, 1, &one);
	if (!err && !one.n && s->terse && m->words > 1) {
		tap_skip("its sections compare nothing", "%s, mode %lu", s->name, m->mode);
		return false;
	}
	if (!tap_ok(!err && one.n && one.n == one.st.main.recorded && !one.st.main.dropped &&
		    plausible(m, &one), "%s (%s), mode %lu: heard: %zu items", s->name,
		    s->context, m->mode, one.n)) {
		tap_diag("%s", strerror(-err));
		dump("heard", &one);
	}
	return true;
}

static void options(int argc, char **argv)
{
	for (; argc > 1; argc--)
		if (!strcmp(argv[argc - 1], "--storm"))
			only_storm = true;
		else if (!strcmp(argv[argc - 1], "--brief"))
			brief = true;
}

int main(int argc, char **argv)
{
	const char *missing[ARRAY_SIZE(sources)];
	size_t i, k, n, situated;
	unsigned long to;

	options(argc, argv);
	/* USB gadgets leak memory of their own: no scan that nobody asked for. */
	put(KMEMLEAK, "scan=off");
	situated = brief ? 2 : ARRAY_SIZE(situations);

	if (!symbol("_stext", &text, &to) || !symbol("_etext", &etext, &to))
		tap_ok(false, "/proc/kallsyms has no _stext and _etext");
	make_udp();
	expect_init(&want);
	expect_init(&got);
	uniq_init(&want_cmps, TEE_WORDS / CMP_WORDS, CMP_WORDS);
	uniq_init(&got_cmps, TEE_WORDS / CMP_WORDS, CMP_WORDS);
	if (only_storm)
		return storms();
	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		missing[i] = sources[i].available(&sources[i]);
		if (missing[i])
			tap_skip(strdupa(missing[i]), "%s", sources[i].name);
	}
	in_turn();
	for (k = 0; k < ARRAY_SIZE(modes); k++) {
		const struct mode *m = &modes[k];

		refused(m, &(struct source){ .common = COMMON_ID });
		if (m->answer)
			continue;
		for (i = 0; i < ARRAY_SIZE(sources); i++) {
			struct source *s = &sources[i];

			if (missing[i] || !heard_at_all(s, m))
				continue;
			for (n = 0; n < situated; n++)
				if (m->mode > KCOV_TRACE_CMP)
					in_unique(s, m, &situations[n]);
				else if (repeats(s))
					in_situation(s, m, &situations[n]);
				else if (!n)
					tap_skip("two runs are rarely the same",
						 "%s, mode %lu: in situations", s->name, m->mode);
			if (m->mode <= KCOV_TRACE_CMP)
				unmodified(s, m);
			never_torn(s, m);
			not_listening(s, m);
		}
		if (!missing[hub_source - sources])
			for (i = 0; i < 2; i++)
				if (!brief || i == k % 2)
					late_section(m, i);
		for (i = 0; i < ARRAY_SIZE(modes) && !missing[urb_source - sources]; i++)
			if (!modes[i].answer && (!brief || !i || i == k))
				local_and_remote(m, modes[i].mode);
	}
	if (!missing[urb_source - sources])
		both_at_once(urb_source);
	if (!missing[ring_source - sources])
		both_at_once(ring_source);
	kmemleak_finds_no("kcov");
	return tap_done();
}
