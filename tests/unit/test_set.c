// SPDX-License-Identifier: MIT
/* The set: SEEN, NEW and FULL, exactly, whatever earlier windows left behind. */
#include "state.h"
#include "tap.h"

#define SEEN	KCOV_DEDUP_SEEN
#define NEW	KCOV_DEDUP_NEW
#define FULL	KCOV_DEDUP_FULL

#define LONG_BITS	(8 * (int)sizeof(unsigned long))

static struct kcov_dedup_set set_make(u32 limit, enum side side)
{
	struct kcov_dedup_set set;

	kcov_dedup_set_init(&set, guarded(kcov_dedup_set_bytes(limit, 1), side), limit, 1);
	return set;
}

static void add_twice(struct kcov_dedup_set *set, unsigned long key)
{
	u32 used = set->used;

	CHECK(!set_has(set, key));
	CHECK(set_add(set, key) == NEW);
	CHECK(set->used == used + 1);
	CHECK(set->keys[used] == key);
	CHECK(set_add(set, key) == SEEN);
	CHECK(set->used == used + 1);
}

static void test_verdicts(void)
{
	struct kcov_dedup_set set = set_make(256, GUARD_AFTER);
	u32 before;

	add_twice(&set, ~0x7efffffful);
	CHECK(set_has(&set, ~0x7efffffful));
	CHECK(!set_has(&set, ~0x7efffffful + 1));
	before = set.used;
	set_has(&set, 0x1234);
	CHECK(set.used == before);
	CHECK(set_add(&set, 0x1234) == NEW);
	tap_result("a key is NEW once, then SEEN");
}

/*
 * Zeroed memory must not look like the key 0, and no two keys like one. In groups:
 * a slot has room for KCOV_DEDUP_PROBES of those that differ only where the hash
 * does not look.
 */
static void test_odd_keys(void)
{
	struct kcov_dedup_set set = set_make(1024, GUARD_AFTER);
	unsigned long flip[] = { 0, ~0ul, 1ul << (LONG_BITS - 1) };
	size_t f;
	int i;

	for (f = 0; f < ARRAY_SIZE(flip); f++) {
		set.used = 0;
		add_twice(&set, flip[f]);
		for (i = 0; i < LONG_BITS - 1; i++)
			add_twice(&set, flip[f] ^ 1ul << i);
		CHECK(set_add(&set, flip[f]) == SEEN);
	}
	add_twice(&set, 0);
	add_twice(&set, ~0ul);
	tap_result("keys 0, ~0 and those one bit apart are told apart");
}

static void test_high_bits(void)
{
	struct kcov_dedup_set set = set_make(1024, GUARD_AFTER);
	int shift, i;

	for (shift = 8; shift < LONG_BITS; shift += 8) {
		set.used = 0;
		for (i = 0; i < 16; i++)
			add_twice(&set, (unsigned long)i << shift | 0x42);
	}
	tap_result("keys equal in their low bits are told apart");
}

static void test_limit(u32 limit, enum side side)
{
	struct kcov_dedup_set set = set_make(limit, side);
	u32 i;

	for (i = 0; i < limit; i++)
		CHECK(set_add(&set, i) == NEW);
	CHECK(set.used == limit && !set.full);
	for (i = limit; i < 2 * limit + 4; i++) {
		CHECK(set_add(&set, i) == FULL);
		CHECK(set_add(&set, i) == FULL);
		CHECK(!set_has(&set, i));
	}
	CHECK(set.used == limit && set.full);
	for (i = 0; i < limit; i++)
		CHECK(set_add(&set, i) == SEEN);
	/* It is told until more memory comes. */
	set.used = 0;
	CHECK(set_add(&set, 0) == NEW && set.full);
	kcov_dedup_set_init(&set, set.keys, limit, KCOV_DEDUP_PC_WORDS);
	CHECK(!set.full);
}

static void test_limits(void)
{
	u32 limit;

	for (limit = 2; limit <= 1u << 16; limit *= 2) {
		test_limit(limit, GUARD_AFTER);
		test_limit(limit, GUARD_BEFORE);
	}
	tap_result("exactly limit keys fit, from 2 to 65536; the next is FULL and stays so, and that is told");
}

/* The next key after *@key that is looked for in @slot. */
static unsigned long next_in_slot(const struct kcov_dedup_set *set, u32 slot,
				  unsigned long *key)
{
	do {
		++*key;
	} while ((kcov_dedup_hash(*key) & set->mask) != slot);
	return *key;
}

static void probe_bound(u32 slot, u32 limit)
{
	struct kcov_dedup_set set = set_make(limit, GUARD_AFTER);
	unsigned long keys[KCOV_DEDUP_PROBES], key = 0, extra;
	u32 i, n;

	for (i = 0; i < KCOV_DEDUP_PROBES; i++) {
		keys[i] = next_in_slot(&set, slot, &key);
		CHECK(set_add(&set, keys[i]) == NEW);
	}
	CHECK(set_has(&set, keys[0]));
	CHECK(!set_has(&set, keys[1]));
	for (n = 0; n < 3; n++) {
		extra = next_in_slot(&set, slot, &key);
		CHECK(set_add(&set, extra) == FULL);
		CHECK(set_add(&set, extra) == FULL);
	}
	CHECK(set.used == KCOV_DEDUP_PROBES);
	for (i = 0; i < KCOV_DEDUP_PROBES; i++)
		CHECK(set_add(&set, keys[i]) == SEEN);

	/* Elsewhere there is room. */
	key = 0;
	slot = (slot + KCOV_DEDUP_PROBES) & set.mask;
	CHECK(set_add(&set, next_in_slot(&set, slot, &key)) == NEW);
}

static void test_probes(void)
{
	u32 mask = 256 * KCOV_DEDUP_SPARSE - 1;

	probe_bound(0, 256);
	probe_bound(500, 256);
	probe_bound(mask, 256);
	probe_bound(mask - 10, 256);
	tap_result("after %u keys of one slot the next is FULL, those before are SEEN",
		   KCOV_DEDUP_PROBES);
}

/* What a set is, in the plainest way. */
struct naive {
	unsigned long key[1024];
	u32 n, limit;
};

static enum kcov_dedup_verdict naive_add(struct naive *s, unsigned long key)
{
	u32 i;

	for (i = 0; i < s->n; i++)
		if (s->key[i] == key)
			return SEEN;
	if (s->n == s->limit)
		return FULL;
	s->key[s->n++] = key;
	return NEW;
}

/*
 * Small numbers, and such that crowd into few slots. Not in large sets: there the
 * probe bound would say FULL early, which is not the naive set's matter.
 */
static unsigned long random_key(uint64_t *seed, u32 limit)
{
	u32 r = rnd_below(seed, 3 * limit);

	if (limit * KCOV_DEDUP_SPARSE > KCOV_DEDUP_PROBES)
		return 0xffffffff81000000ul + 16 * r;
	switch (rnd_below(seed, 4)) {
	case 0:
		return r;
	case 1:
		return (unsigned long)r << 16 | r;
	case 2:
		return ~(unsigned long)r;
	default:
		return 0xffffffff81000000ul + 16 * r;
	}
}

static void random_windows(u32 limit, u32 windows, uint64_t seed)
{
	struct kcov_dedup_window w;
	struct naive naive = { .limit = limit };
	unsigned long key;
	u32 i, n;

	window_make(&w, (struct shape){ 2, limit }, GUARD_AFTER);
	while (windows--) {
		n = rnd_below(&seed, 2 * limit);
		for (i = 0; i < n; i++) {
			key = random_key(&seed, limit);
			if (set_has(&w.set, key))
				CHECK(set_add(&w.set, key) == SEEN);
			CHECK(set_add(&w.set, key) == naive_add(&naive, key));
			CHECK(w.set.used == naive.n);
		}
		CHECK(!memcmp(w.set.keys, naive.key, naive.n * sizeof(key)));
		kcov_dedup_reset(&w);
		CHECK(w.set.used == 0);
		naive.n = 0;
	}
}

static void test_stale(void)
{
	random_windows(2, 100000, 11);
	random_windows(4, 100000, 12);
	random_windows(8, 100000, 13);
	random_windows(16, 10000, 14);
	random_windows(64, 2000, 15);
	random_windows(512, 20, 16);
	tap_result("312,020 windows with random keys: stale slots mislead nobody");
}

/* A key of a past window must be NEW in each later one, whatever its place. */
static void test_every_stale_key(void)
{
	struct kcov_dedup_set set = set_make(16, GUARD_AFTER);
	u32 first, i;

	for (first = 0; first < 16; first++) {
		set.used = 0;
		for (i = 0; i < 16; i++)
			CHECK(set_add(&set, (first + i) % 16) == NEW);
		for (i = 0; i < 16; i++)
			CHECK(set_add(&set, i) == SEEN);
	}
	tap_result("the same keys in another order are NEW in a new window");
}

static void test_layout(void)
{
	u32 limit;

	for (limit = 2; limit <= 1u << 18; limit *= 2) {
		size_t bytes = kcov_dedup_set_bytes(limit, 1);
		char *mem = guarded(bytes, GUARD_AFTER);
		struct kcov_dedup_set set;

		kcov_dedup_set_init(&set, mem, limit, 1);
		CHECK((char *)set.keys == mem);
		CHECK((char *)(set.keys + limit) <= (char *)set.home);
		CHECK((char *)(set.home + limit) <= (char *)set.slots);
		CHECK((char *)(set.slots + set.mask + 1) == mem + bytes);
		CHECK(set.mask == limit * KCOV_DEDUP_SPARSE - 1);
		CHECK(set.limit == limit && set.used == 0);
		munmap(mem - (uintptr_t)mem % sysconf(_SC_PAGESIZE), bytes);
	}
	CHECK(kcov_dedup_set_bytes(16 << 10, 1) <= 1 << 20);
	tap_result("a set fills kcov_dedup_set_bytes(, 1) exactly; 16K keys need at most 1 MiB");
}

/* malloc() puts ASan's own guards close around it, on both sides. */
static void test_malloc(void)
{
	u32 limit;

	for (limit = 2; limit <= 64; limit *= 2) {
		struct kcov_dedup_set set;
		void *mem = calloc(1, kcov_dedup_set_bytes(limit, 1));
		uint64_t seed = limit;
		int i;

		kcov_dedup_set_init(&set, mem, limit, 1);
		for (i = 0; i < 10000; i++) {
			CHECK(set_add(&set, rnd(&seed)) != SEEN);
			if (i % 100 == 0)
				set.used = 0;
		}
		free(mem);
	}
	tap_result("random 64-bit keys stay within the block");
}

int main(void)
{
	test_verdicts();
	test_odd_keys();
	test_high_bits();
	test_limits();
	test_probes();
	test_stale();
	test_every_stale_key();
	test_layout();
	test_malloc();
	return tap_done();
}
