// SPDX-License-Identifier: MIT
/*
 * Comparisons: each (type, arg1, arg2, PC) once, whole, in the layout of mode 1.
 * Against a naive model of its own, which keeps records in plain structs.
 *
 * test_cmp [SEED [CALLBACKS]]; $ORACLE_CALLBACKS is used without the second.
 */
#include <asm/barrier.h>

/* Look at the area at the moment between the item and the count. */
static void between(void);
#undef smp_wmb
#define smp_wmb()	between()

#include "state.h"
#include "tap.h"

#define PC	0xffffffff81000000ull
#define WORDS	KCOV_DEDUP_CMP_WORDS
#define BUCKETS	(1u << 16)

struct record {
	uint64_t type, arg1, arg2, pc;
};

/* What userspace sees of an area of mode 8. */
struct cmp_area {
	uint64_t count;
	struct record record[];
};

struct known {
	struct record r;
	bool tracked;
	uint32_t next;		/* index + 1, of the same bucket */
};

static struct {
	struct cmp_area *area;	/* what must be in the engine's */
	size_t words;
	uint64_t capacity, recorded, dropped, untracked;
	uint32_t limit, tracked, n, max;
	struct known *known;
	uint32_t bucket[BUCKETS];
} model;

static struct kcov_dedup d;
static bool young, new;		/* what may be young, and what the model has just recorded */
static unsigned long betweens;
static unsigned long long done, compared;

static bool same(const struct record *a, const struct record *b)
{
	return a->type == b->type && a->arg1 == b->arg1 && a->arg2 == b->arg2 &&
	       a->pc == b->pc;
}

static void between(void)
{
	struct cmp_area *area = (struct cmp_area *)d.main.area;

	betweens++;
	CHECK(d.busy);
	/* A young window stores the count that there is again. */
	if (young && !new)
		return;
	/* The record is there, and the count does not cover it yet. */
	CHECK(same(&area->record[d.main.recorded - 1],
		   &model.area->record[d.main.recorded - 1]));
	CHECK(area->count != d.main.recorded);
}

/* ---- the model ---- */

static uint32_t bucket_of(const struct record *r)
{
	const unsigned char *p = (const unsigned char *)r;
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < sizeof(*r); i++)
		h = (h ^ p[i]) * 16777619u;
	return h % BUCKETS;
}

static void model_reset(void)
{
	uint32_t i;

	for (i = 0; i < model.n; i++)
		model.bucket[bucket_of(&model.known[i].r)] = 0;
	model.n = model.tracked = 0;
	model.recorded = model.dropped = model.untracked = 0;
}

static struct known *model_find(const struct record *r)
{
	uint32_t *b = &model.bucket[bucket_of(r)], i;

	for (i = *b; i; i = model.known[i - 1].next)
		if (same(&model.known[i - 1].r, r))
			return &model.known[i - 1];
	if (model.n == model.max) {
		model.max = model.max ? 2 * model.max : 64;
		model.known = realloc(model.known, model.max * sizeof(*model.known));
	}
	model.known[model.n] = (struct known){ .r = *r, .next = *b };
	*b = ++model.n;
	return NULL;
}

static void model_cmp(const struct record *r)
{
	struct known *k;

	new = false;
	if (model.capacity && !model.area->count)
		model_reset();
	k = model_find(r);
	if (k && k->tracked)
		return;
	if (!k && model.tracked < model.limit) {
		model.known[model.n - 1].tracked = true;
		model.tracked++;
	} else {
		model.untracked++;
	}
	if (model.recorded == model.capacity) {
		model.dropped++;
		return;
	}
	new = true;
	model.area->record[model.recorded++] = *r;
	model.area->count = model.recorded;
}

/* ---- both ---- */

/* Words of an area of comparisons have 64 bits here, on every machine. */
static uint64_t capacity_of(size_t words)
{
	return (words - 1) * sizeof(uint64_t) / sizeof(struct record);
}

static void make(size_t words, uint32_t limit)
{
	enum side side = words % 2 ? GUARD_AFTER : GUARD_BEFORE;

	memset(&d, 0, sizeof(d));
	d.main.area = guarded(words * sizeof(uint64_t), side);
	d.main.capacity = capacity_of(words);
	kcov_dedup_set_init(&d.main.set, guarded(kcov_dedup_set_bytes(limit, WORDS), side),
			    limit, WORDS);
	young = young_slots && young_slots <= KCOV_DEDUP_YOUNG_SPARSE * limit;
	if (young)
		kcov_dedup_young_init(&d.main, guarded(kcov_dedup_young_bytes(young_slots), side),
				      young_slots);
	kcov_dedup_start(&d, MODE_CMP);

	model_reset();
	free(model.area);
	model.area = calloc(words, sizeof(uint64_t));
	model.words = words;
	model.capacity = capacity_of(words);
	model.limit = limit;
}

static void unmap(size_t words, uint32_t limit)
{
	guarded_free(d.main.area, words * sizeof(uint64_t));
	guarded_free(d.main.set.keys, kcov_dedup_set_bytes(limit, WORDS));
	if (young)
		guarded_free(d.main.young.slots, kcov_dedup_young_bytes(young_slots));
}

static __attribute__((noinline)) void callback_of(struct record r)
{
	callback_cmp(&d, r.type, r.arg1, r.arg2, r.pc);
}

/* The model first: between() looks at what it expects. */
static void both(struct record r)
{
	model_cmp(&r);
	callback_of(r);
	done++;
}

static bool equal(void)
{
	compared++;
	return CHECK(!d.busy) && CHECK(d.main.recorded == model.recorded) &&
	       CHECK(d.main.dropped == model.dropped) &&
	       CHECK(d.main.untracked == model.untracked) &&
	       /* A young window writes the next record before it knows whether that is new. */
	       CHECK(!memcmp(d.main.area, model.area, young ?
			     sizeof(uint64_t) + model.recorded * sizeof(struct record) :
			     model.words * sizeof(uint64_t)));
}

static void zero(void)
{
	*(uint64_t *)d.main.area = 0;
	model.area->count = 0;
}

static void flag(void)
{
	d.mode |= KCOV_DEDUP_RESET;
	/* As the ioctl does. */
	zero();
	model_reset();
}

/* ---- tests ---- */

static uint64_t *field(struct record *r, int i)
{
	return &r->type + i;
}

static void test_each_bit(void)
{
	struct record r = { 6, 0x1122334455667788ull, ~0ull, PC }, other;
	int i, bit;

	make(4096, 512);
	both(r);
	for (i = 0; i < 4; i++)
		for (bit = 0; bit < 64; bit++) {
			other = r;
			*field(&other, i) ^= 1ull << bit;
			both(other);
			both(other);
			both(r);
		}
	CHECK(model.recorded == 257);
	equal();
	tap_result("comparisons that differ in one bit of 256 are told apart");
}

static void test_swapped(void)
{
	int i, j, k;

	make(4096, 512);
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			for (k = 0; k < 4; k++)
				both((struct record){ 4, i, j, PC + k });
	CHECK(model.recorded == 64);
	equal();
	tap_result("arguments and PC do not make up for one another");
}

static void test_layout(void)
{
	const uint64_t *area;

	make(512, 64);
	area = (const uint64_t *)d.main.area;
	both((struct record){ 7, 1, 2, PC });
	both((struct record){ 7, 1, 2, PC });
	both((struct record){ 6, 3, 4, PC + 1 });
	CHECK(d.main.capacity == 127);
	CHECK(area[0] == 2);
	CHECK(area[1] == 7 && area[2] == 1 && area[3] == 2 && area[4] == PC);
	CHECK(area[5] == 6 && area[6] == 3 && area[7] == 4 && area[8] == PC + 1);
	CHECK(young || area[9] == 0);
	CHECK(kcov_dedup_set_bytes(16 << 10, WORDS) == 832 << 10);
	tap_result("the layout is that of mode 1: a count and records of 4 64-bit words");
}

static void test_order(void)
{
	int i;

	make(512, 64);
	betweens = 0;
	for (i = 0; i < 10; i++)
		both((struct record){ 4, i, 0, PC });
	CHECK(betweens == 10);
	equal();
	tap_result("the count is stored after the record");
}

/* It goes on without what it had, in memory where another window left what comes next. */
static void test_other_memory(void)
{
	struct record *left, r = { 4, 0, 0, PC };
	u32 i;

	make(4096, 512);
	for (r.arg1 = 0; r.arg1 < 300; r.arg1++)
		both(r);
	model.tracked = 0;
	left = (struct record *)d.main.set.keys;
	for (i = 0; i < 512; i++)
		left[i] = (struct record){ 4, 300 + i, 0, PC };
	kcov_dedup_set_init(&d.main.set, d.main.set.keys, 512, WORDS);
	if (young) {
		memset(d.main.young.slots, 0, kcov_dedup_young_bytes(young_slots));
		kcov_dedup_young_init(&d.main, d.main.young.slots, young_slots);
	}
	for (i = 0; i < 2; i++)
		for (r.arg1 = 300; r.arg1 < 600; r.arg1++)
			both(r);
	CHECK(model.recorded == 600 && d.main.set.used == 300);
	equal();
	unmap(4096, 512);
	tap_result("a window that goes on in other memory takes nothing from there");
}

static void test_no_room(void)
{
	size_t words;
	int i, n;

	for (words = 1; words <= 14; words++) {
		make(words, 16);
		for (i = 0; i < 3; i++)
			for (n = 0; n < 10; n++)
				both((struct record){ 4, n, 0, PC });
		equal();
		CHECK(model.dropped == 10 - (words < 5 ? 0 : (words - 1) / 4));
		CHECK(words > 4 || !((struct cmp_area *)d.main.area)->count);
		unmap(words, 16);
	}
	tap_result("areas of 1 to 14 words: what does not fit is counted once, nothing else happens");
}

#define KINDS	9

static struct record record_of(int kind, uint64_t i)
{
	struct record r = { 4, 0, 0, PC };

	/* Low bits of each field, high bits of each. */
	*field(&r, 1 + kind % 3) += i << (kind < 3 ? 0 : kind < 6 ? 44 : 12);
	if (kind == 6)
		r.arg2 = -(i & 0xff);
	/* Arguments with the same sum, or the same difference. */
	if (kind == 7)
		r.arg1 = -r.arg2;
	if (kind == 8)
		r.arg1 = r.pc - PC;
	return r;
}

/* A hash that puts such keys into the same slots would make them FULL. */
static void test_hash(uint32_t limit)
{
	uint32_t i;
	int kind;

	for (kind = 0; kind < KINDS; kind++) {
		make(4 * limit + 1, limit);
		for (i = 0; i < limit; i++)
			both(record_of(kind, i));
		CHECK(d.main.recorded == limit);
		CHECK(!d.main.untracked);
		unmap(4 * limit + 1, limit);
	}
	tap_result("%u comparisons that differ in few bits, low or high, find their places", limit);
}

/* In mode 1 comparisons without room are counted; in modes of PCs there are none. */
static void test_other_modes(void)
{
	struct record r = { 4, 1, 2, PC };

	make(512, 16);
	kcov_dedup_start(&d, 0);
	callback_of(r);
	callback_of(r);
	CHECK(d.main.dropped == 2 && !d.main.recorded && !d.main.area[0]);
	d.mode |= KCOV_DEDUP_RESET;
	callback_of(r);
	CHECK(d.main.dropped == 1 && d.mode == 0);
	kcov_dedup_start(&d, MODE_BOTH);
	callback_of(r);
	CHECK(d.main.dropped == 1 && !d.main.recorded && !d.main.area[0]);
	tap_result("mode 1: each comparison is counted as dropped, until the flag");
}

static void test_busy(void)
{
	struct kcov_dedup before;

	make(512, 16);
	both((struct record){ 4, 1, 2, PC });
	d.busy = 1;
	d.mode |= KCOV_DEDUP_RESET;
	before = d;
	callback_of((struct record){ 4, 1, 3, PC });
	CHECK(d.ignored == 1);
	/* One that is known, too. */
	callback_of((struct record){ 4, 1, 2, PC });
	CHECK(d.ignored == 2);
	d.ignored = 0;
	CHECK(!memcmp(&before, &d, sizeof(d)));
	CHECK(!memcmp(d.main.area, model.area, 512 * sizeof(long)));
	d.busy = 0;
	flag();
	both((struct record){ 4, 1, 3, PC });
	equal();
	CHECK(d.main.recorded == 1 && !d.ignored);
	tap_result("a comparison within a callback is counted, and changes nothing");
}

static void test_scribbled(void)
{
	static const uint64_t nasty[] = { 1, ~0ull, 1ull << 32, 1ull << 63, 126, 127, 128 };
	struct cmp_area *area;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(nasty); i++) {
		make(512, 256);
		area = (struct cmp_area *)d.main.area;
		both((struct record){ 4, 1, 2, PC });
		area->count = nasty[i];
		area->record[0].arg1 = 77;
		both((struct record){ 4, 1, 2, PC });
		CHECK(area->count == (young ? 1 : nasty[i]));
		both((struct record){ 4, 77, 2, PC });
		CHECK(area->count == 2);
		area->record[0].arg1 = 1;
		equal();
	}
	tap_result("what userspace writes into the area is not believed");
}

/* ---- random walks ---- */

static struct record random_record(uint64_t *seed, uint32_t variety)
{
	static const uint64_t odd[] = { 0, 1, ~0ull, 1ull << 32, 1ull << 63, 0x80000000 };
	uint32_t n = rnd_below(seed, variety);
	struct record r = { n & 7, n >> 3 & 3, n >> 5 & 15, PC + (n >> 9) * 4 };

	if (n % 5 == 0)
		r.arg1 = odd[n / 5 % ARRAY_SIZE(odd)];
	if (n % 7 == 0)
		r.arg2 = (uint64_t)n << 40;
	return r;
}

static void walk(uint64_t *seed)
{
	static const size_t words[] = { 1, 2, 4, 5, 6, 8, 9, 64, 512, 4096, 65536 };
	static const uint32_t limits[] = { 2, 4, 16, 256, 4096, 16384 };
	static const uint32_t varieties[] = { 2, 20, 300, 5000, 40000 };
	size_t w = words[rnd_below(seed, ARRAY_SIZE(words))];
	uint32_t limit = limits[rnd_below(seed, ARRAY_SIZE(limits))];
	uint32_t variety = varieties[rnd_below(seed, ARRAY_SIZE(varieties))];
	uint32_t rate = 3 + rnd_below(seed, 2000), i, length = 1 + rnd_below(seed, 20000);

	make(w, limit);
	for (i = 0; i < length && !tap.wrong; i++) {
		if (!rnd_below(seed, rate)) {
			equal();
			rnd(seed) & 1 ? zero() : flag();
		}
		both(random_record(seed, variety));
	}
	equal();
	if (tap.wrong)
		tap_diag("%zu words, %u keys, variety %u, callback %u", w, limit, variety, i);
	unmap(w, limit);
}

int main(int argc, char **argv)
{
	const char *few = getenv("ORACLE_CALLBACKS");
	unsigned long long callbacks = few ? strtoull(few, NULL, 0) : 10000000;
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20261123, state;

	if (argc > 2)
		callbacks = strtoull(argv[2], NULL, 0);
	for (young_slots = 0; young_slots <= 1024; young_slots += 1024) {
		test_each_bit();
		test_swapped();
		test_order();
		test_other_memory();
		test_scribbled();
	}
	for (young_slots = 0; young_slots <= 32; young_slots += 32) {
		test_layout();
		test_no_room();
		test_hash(16 << 10);
		test_other_modes();
		test_busy();
	}
	young_slots = 0;
	test_hash(64 << 10);
	for (state = seed ? seed : 1; young_slots <= 4096; young_slots = young_slots ? 8 * young_slots : 64) {
		for (done = compared = 0; done < callbacks / 3 && !tap.wrong;)
			walk(&state);
		tap_result("random comparisons, %u slots for the young, resets anywhere: %llu callbacks, compared %llu times, seed %llu",
			   young_slots, done, compared, (unsigned long long)seed);
	}
	return tap_done();
}
