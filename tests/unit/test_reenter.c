// SPDX-License-Identifier: MIT
/*
 * Callbacks that interrupt callbacks, made by a signal handler: whatever comes in
 * between, what the interrupted side saw is recorded, each item once.
 */
#include <signal.h>
#include <sys/time.h>

#include "state.h"
#include "tap.h"

#define PC		((unsigned long)0xffffffff81000000ull)
#define PCS		2000	/* of the program */
#define INNER		0x1000000ul
#define INNER_PCS	64	/* of the handler */
#define ROUNDS		1500
#define INTERVAL_US	40

static struct kcov_dedup d;
static volatile sig_atomic_t interrupts, found_busy;
static bool resetting;

static void handler(int sig)
{
	unsigned long i, n = interrupts;

	(void)sig;
	interrupts = n + 1;
	found_busy += !!d.busy;
	if (resetting && n % 3 == 0)
		d.mode |= KCOV_DEDUP_RESET;
	if (resetting && n % 3 == 1)
		d.main.area[0] = 0;
	for (i = 0; i < 8; i++)
		callback(&d, PC + INNER + 16 * ((n + i) % INNER_PCS));
}

static void timer(unsigned int us)
{
	struct itimerval t = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &t, NULL);
}

static int by_value(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* The keys of a set are distinct, and each is where it is looked for. */
static void sound(struct kcov_dedup_window *w)
{
	static unsigned long keys[16384];
	u32 i, used = w->set.used;

	memcpy(keys, w->set.keys, used * sizeof(*keys));
	qsort(keys, used, sizeof(*keys), by_value);
	for (i = 1; i < used; i++)
		CHECK(keys[i - 1] != keys[i]);
	for (i = 0; i < used; i++) {
		CHECK(set_add(&w->set, keys[i]) == KCOV_DEDUP_SEEN);
		CHECK(w->area[i + 1] == w->set.keys[i]);
	}
	CHECK(w->recorded == used && w->area[0] == used);
	CHECK(w->dropped == 0 && w->untracked == 0);
}

static void check_pcs(void)
{
	unsigned long i, pc;

	for (i = 1; i <= d.main.recorded; i++) {
		pc = d.main.area[i] - PC;
		CHECK(pc % 16 == 0 && (pc < 16 * PCS ||
		      (pc >= INNER && pc < INNER + 16 * INNER_PCS)));
	}
	for (i = 0; i < PCS && !resetting; i++)
		CHECK(set_add(&d.main.set, PC + 16 * i) == KCOV_DEDUP_SEEN);
}

static void interrupted(u32 mode)
{
	struct shape s = { 65536, 16384 };
	unsigned long i;
	int round;

	state_make(&d, mode, s, s, GUARD_AFTER);
	interrupts = 0;
	found_busy = 0;
	timer(INTERVAL_US);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < PCS; i++)
			callback(&d, PC + 16 * i);
		/* A new window: otherwise all there is to do is done in one round. */
		if (round % 4 == 0 && round < ROUNDS - 4)
			d.mode |= KCOV_DEDUP_RESET;
	}
	timer(0);
	CHECK(!d.busy);
	if (resetting) {
		/* What a lost store of 0 left behind is not the question here. */
		d.mode |= KCOV_DEDUP_RESET;
		for (i = 0; i < PCS; i++)
			callback(&d, PC + 16 * i);
	}
	if (mode & MODE_PC) {
		sound(&d.main);
		check_pcs();
	}
	if (mode & MODE_EDGE)
		sound(&d.edge);
	CHECK(interrupts > 10);
	tap_result("mode %u%s: %d interrupts with callbacks, %d of them in a callback",
		   mode, resetting ? ", resets" : "", (int)interrupts, (int)found_busy);
}

static unsigned long next_of_program(unsigned long pc)
{
	return PC + (pc - PC + 16) % (16 * PCS);
}

/*
 * A compact trace has no pair that did not come: the program's PCs follow one another in
 * their order, and anything may follow, or be followed by, one of the handler's.
 */
static void true_pairs(const struct kcov_dedup_window *w)
{
	unsigned long i, a, b, seen = 0;
	static bool pcs[PCS];

	memset(pcs, 0, sizeof(pcs));
	for (i = 1; i <= w->recorded; i++) {
		a = i > 1 ? w->area[i - 1] : PC + INNER;
		b = w->area[i];
		CHECK(a >= PC + INNER || b >= PC + INNER || b == next_of_program(a));
		if (b < PC + INNER)
			pcs[(b - PC) / 16] = true;
	}
	for (i = 0; i < PCS; i++)
		seen += pcs[i];
	CHECK(seen == PCS || w->dropped);
}

static void interrupted_compact(u32 raw)
{
	unsigned long i;
	int round;

	compact_make(&d, (struct shape){ 4 << 20, 16384 }, GUARD_AFTER, raw);
	interrupts = 0;
	found_busy = 0;
	timer(INTERVAL_US);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < PCS; i++)
			callback(&d, PC + 16 * i);
		if (round % 50 == 0) {
			timer(0);
			kcov_dedup_flush(&d);
			if (!resetting)
				true_pairs(&d.main);
			d.mode |= KCOV_DEDUP_RESET;
			timer(INTERVAL_US);
		}
	}
	timer(0);
	CHECK(!d.busy);
	d.mode |= KCOV_DEDUP_RESET;
	for (i = 0; i < PCS; i++)
		callback(&d, PC + 16 * i);
	true_pairs(&d.main);
	CHECK(d.main.recorded == PCS);
	CHECK(interrupts > 10);
	/* Each found it busy, or not, before the first of its eight. */
	CHECK(d.ignored <= 8ul * found_busy && d.ignored >= (unsigned long)found_busy);
	tap_result("mode %u, %u as they come%s: %d interrupts with callbacks, %d of them in a callback",
		   MODE_COMPACT, raw, resetting ? ", resets" : "", (int)interrupts,
		   (int)found_busy);
	compact_free(&d);
}

/* The same at one certain place, by call. */
static void test_nested(u32 mode)
{
	struct shape s = { 64, 16 };
	unsigned long main0, edge0, prev;

	state_make(&d, mode, s, s, GUARD_AFTER);
	callback(&d, PC);
	main0 = d.main.area[0];
	edge0 = d.edge.area[0];
	prev = d.edge.prev;
	CHECK(kcov_dedup_enter(&d));
	CHECK(!kcov_dedup_enter(&d));
	callback(&d, PC + 1);
	callback(&d, PC);
	CHECK(d.main.area[0] == main0 && d.edge.area[0] == edge0 && d.edge.prev == prev);
	CHECK(d.busy);
	/* A PC in the set, without edges, is done before. */
	CHECK(d.ignored == (mode & MODE_EDGE || young_slots ? 3 : 2));
	kcov_dedup_leave(&d);
	CHECK(!d.busy);
	callback(&d, PC + 1);
	CHECK(d.main.area[0] + d.edge.area[0] > main0 + edge0);
	tap_result("mode %u: the inner one returns, the outer one goes on", mode);
}

int main(void)
{
	size_t i;

	signal(SIGALRM, handler);
	for (i = 0; i < 2 * ARRAY_SIZE(all_modes); i++) {
		young_slots = i < ARRAY_SIZE(all_modes) ? 0 : 32;
		test_nested(all_modes[i % ARRAY_SIZE(all_modes)]);
		resetting = false;
		interrupted(all_modes[i % ARRAY_SIZE(all_modes)]);
		resetting = true;
		interrupted(all_modes[i % ARRAY_SIZE(all_modes)]);
	}
	for (i = 0; i < 2; i++) {
		resetting = i;
		interrupted_compact(0);
		interrupted_compact(256);
	}
	return tap_done();
}
