// SPDX-License-Identifier: MIT
/*
 * Compact traces, against the full trace: the same PCs, the same pairs, in the same
 * order, and nothing else. What is checked is what is promised; how the engine does it
 * is not repeated here.
 *
 * Every trace goes to two states: one whose area is what the test is about, and one
 * whose area is never full. What is promised is so for any number of callbacks that are
 * written as they come, @raw.
 *
 * test_compact [SEED [CALLBACKS]]; $ORACLE_CALLBACKS is used without the second. With
 * few callbacks "all short traces" are shorter, too.
 * $TRACES is a directory of captured traces, *.pcs, otherwise build/bench/traces.
 */
#include <dirent.h>

#include "graph.h"
#include "model.h"
#include "tap.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED	1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED	0
#endif

#define CALLBACKS	(SANITIZED ? 1500000ull : 12000000ull)
#define PC		((unsigned long)0xffffffff81000000ull)

/* ---- numbers for keys, in the order in which these come first ---- */

struct map {
	uint64_t	*key;
	u32		*slot;		/* index + 1, or 0 */
	u32		n, mask;
};

static void map_clear(struct map *m)
{
	if (!m->slot) {
		m->mask = 63;
		m->slot = malloc(64 * sizeof(*m->slot));
		m->key = malloc(32 * sizeof(*m->key));
	}
	memset(m->slot, 0, (m->mask + 1) * sizeof(*m->slot));
	m->n = 0;
}

static void map_free(struct map *m)
{
	free(m->slot);
	free(m->key);
	memset(m, 0, sizeof(*m));
}

static u32 *map_slot(const struct map *m, uint64_t key)
{
	u32 i = key * 0x9e3779b97f4a7c15ull >> 40;

	for (;; i++) {
		i &= m->mask;
		if (!m->slot[i] || m->key[m->slot[i] - 1] == key)
			return &m->slot[i];
	}
}

/* The number of @key, which is new if it is the old m->n. */
static u32 map_add(struct map *m, uint64_t key)
{
	u32 *slot = map_slot(m, key), i;

	if (*slot)
		return *slot - 1;
	if (m->n == (m->mask + 1) / 2) {
		m->mask = 2 * m->mask + 1;
		m->slot = realloc(m->slot, (m->mask + 1) * sizeof(*m->slot));
		m->key = realloc(m->key, (m->mask + 1) / 2 * sizeof(*m->key));
		memset(m->slot, 0, (m->mask + 1) * sizeof(*m->slot));
		for (i = 0; i < m->n; i++)
			*map_slot(m, m->key[i]) = i + 1;
		slot = map_slot(m, key);
	}
	m->key[m->n] = key;
	*slot = ++m->n;
	return m->n - 1;
}

static bool map_equal(const struct map *a, const struct map *b)
{
	return a->n == b->n && !memcmp(a->key, b->key, a->n * sizeof(*a->key));
}

/* ---- what a trace says ---- */

struct facts {
	struct map	pcs;		/* numbers begin with 1, for 0 is before the first */
	struct map	pairs;		/* of numbers of PCs */
	u32		prev;
};

static void facts_clear(struct facts *f)
{
	map_clear(&f->pcs);
	map_clear(&f->pairs);
	f->prev = 0;
}

/* Return: true if the pair with the PC before has not come yet. */
static bool facts_add(struct facts *f, unsigned long pc)
{
	u32 n = f->pairs.n, i = map_add(&f->pcs, pc) + 1;

	map_add(&f->pairs, (uint64_t)f->prev << 32 | i);
	f->prev = i;
	return f->pairs.n > n;
}

static void facts_free(struct facts *f)
{
	map_free(&f->pcs);
	map_free(&f->pairs);
}

/* What syzkaller makes of it. */
static void signal_of(struct map *words, const unsigned long *trace, size_t n)
{
	size_t i;

	map_clear(words);
	for (i = 0; i < n; i++)
		map_add(words, model_edge_word(i ? trace[i - 1] : 0, trace[i]));
}

/* ---- both states and the full trace ---- */

struct run {
	struct kcov_dedup d, whole;
	unsigned long	*trace;		/* of this window */
	size_t		n, max;
	struct facts	facts, got;	/* of the full trace; of the compact one */
	struct facts	rest;		/* of the full trace, as if it began after @raw callbacks */
	u32		raw;
	struct map	batch, words, words_got;
	bool		over;		/* the next callback begins a new window */
	bool		spoiled;	/* the area was written to by userspace */
	bool		tracked;	/* the sets have room for everything */
};

static bool quick = SANITIZED;
static unsigned long long done, checked, flushes, full, dropped, erased;

/* 0 first. The kernel has the last one. */
static const u32 raws[] = { 0, 1, 2, 3, 5, 256 };

static unsigned long length_of(const struct kcov_dedup *d)
{
	return d->main.recorded + d->main.dropped;
}

static void new_window(struct run *r)
{
	facts_clear(&r->facts);
	facts_clear(&r->rest);
	r->n = 0;
	r->over = false;
	/* Without room for an item word 0 is never written. */
	r->spoiled &= !r->d.main.capacity;
}

static void run_make(struct run *r, struct shape shape, size_t max, bool tracked, u32 raw)
{
	enum side side = shape.words % 2 ? GUARD_AFTER : GUARD_BEFORE;

	memset(r, 0, sizeof(*r));
	compact_make(&r->d, shape, side, raw);
	compact_make(&r->whole, (struct shape){ max + 1, shape.limit }, side, raw);
	r->raw = raw;
	r->max = max;
	r->trace = malloc(max * sizeof(*r->trace));
	r->tracked = tracked;
	new_window(r);
}

static void run_free(struct run *r)
{
	compact_free(&r->d);
	compact_free(&r->whole);
	free(r->trace);
	facts_free(&r->facts);
	facts_free(&r->got);
	facts_free(&r->rest);
	map_free(&r->batch);
	map_free(&r->words);
	map_free(&r->words_got);
}

/* What one callback wrote: the path, without loops, and the PC. */
static bool batch_is_path(struct run *r, unsigned long from, unsigned long to)
{
	const unsigned long *s = r->whole.main.area + 1;
	unsigned long i;

	map_clear(&r->batch);
	if (from)
		map_add(&r->batch, s[from - 1]);
	for (i = from; i + 1 < to; i++)
		map_add(&r->batch, s[i]);
	return r->batch.n == to - from - !from;
}

static void one(struct run *r, unsigned long pc)
{
	struct kcov_dedup_window *w = &r->whole.main;
	unsigned long from, to, untracked;
	bool fresh;

	if (r->over)
		new_window(r);
	from = r->n ? w->recorded : 0;
	untracked = r->n ? w->untracked : 0;
	callback(&r->d, pc);
	callback(&r->whole, pc);
	done++;
	r->trace[r->n++] = pc;
	to = w->recorded;
	fresh = facts_add(&r->facts, pc);
	if (r->raw)
		fresh = r->n > r->raw && facts_add(&r->rest, pc);

	CHECK(to >= from && !w->dropped && w->area[0] == to);
	CHECK(w->untracked - untracked <= 1);
	CHECK(!r->tracked || !w->untracked);
	if (r->n <= r->raw) {
		CHECK(to == r->n && w->area[to] == pc && !w->untracked);
		return;
	}
	/* A pair is written if and only if it is NEW, or FULL. */
	CHECK(!fresh || to > from);
	CHECK(to == from || w->area[to] == pc);
	CHECK(to == from || fresh || w->untracked);
	if (w->untracked > untracked)
		CHECK(to > from);
	if (to > from + 1)
		CHECK(batch_is_path(r, from, to));
}

static void flush(struct run *r)
{
	unsigned long before = r->d.main.area[0], words = length_of(&r->whole);

	kcov_dedup_flush(&r->d);
	kcov_dedup_flush(&r->whole);
	flushes++;
	if (r->over) {
		/* Nothing of the window that userspace has ended. */
		CHECK(r->d.main.area[0] == before && !length_of(&r->whole));
		CHECK(!r->d.main.recorded);
		new_window(r);
	} else if (r->n) {
		CHECK(r->whole.main.area[r->whole.main.recorded] == r->trace[r->n - 1]);
		CHECK(!words || batch_is_path(r, words, length_of(&r->whole) + 1));
	}
}

/* @s is the beginning of a compact trace, of all of it if @complete. */
static bool promised(struct run *r, const unsigned long *s, size_t n, bool complete)
{
	size_t i, at = 0, common;
	bool ok = true;

	ok &= CHECK(n <= r->n);
	for (i = 0; i < n && i < r->raw && ok; i++)
		ok = CHECK(s[i] == r->trace[i]);
	facts_clear(&r->got);
	for (i = 0; i < n; i++, at++) {
		while (at < r->n && r->trace[at] != s[i])
			at++;
		facts_add(&r->got, s[i]);
	}
	/* A subsequence. */
	ok &= CHECK(at <= r->n);
	if (complete) {
		ok &= CHECK(map_equal(&r->got.pcs, &r->facts.pcs));
		ok &= CHECK(map_equal(&r->got.pairs, &r->facts.pairs));
		signal_of(&r->words, r->trace, r->n);
		signal_of(&r->words_got, s, n);
		return ok & CHECK(map_equal(&r->words, &r->words_got));
	}
	/* No PC and no pair that did not run, and the first ones come first. */
	common = r->got.pairs.n;
	ok &= CHECK(common <= r->facts.pairs.n && r->got.pcs.n <= r->facts.pcs.n);
	return ok && CHECK(!memcmp(r->got.pairs.key, r->facts.pairs.key,
				   common * sizeof(uint64_t))) &&
	       CHECK(!memcmp(r->got.pcs.key, r->facts.pcs.key,
			     r->got.pcs.n * sizeof(uint64_t)));
}

/* Of a set of PCs with few of them, and no pair that finds no place: exactly which. */
static unsigned long strangers(const struct run *r)
{
	const struct facts *facts = r->raw ? &r->rest : &r->facts;
	u32 limit = r->d.main.set.limit;
	unsigned long count = 0;
	size_t i;
	u32 at;
	bool here, before = false;

	for (i = r->raw; i < r->n; i++, before = here) {
		at = *map_slot(&facts->pcs, r->trace[i]);
		here = at > limit;
		count += here || before;
	}
	return count;
}

static bool counts_right(const struct run *r)
{
	const struct kcov_dedup_window *w = &r->d.main;
	bool ok = true;

	ok &= CHECK(!r->d.busy && !r->whole.busy);
	ok &= CHECK(length_of(&r->d) == length_of(&r->whole));
	ok &= CHECK(w->untracked == r->whole.main.untracked);
	ok &= CHECK(w->recorded <= w->capacity);
	ok &= CHECK(!w->dropped || w->recorded == w->capacity);
	if (!r->spoiled) {
		ok &= CHECK(w->area[0] == w->recorded);
		ok &= CHECK(!memcmp(w->area + 1, r->whole.main.area + 1,
				    w->recorded * sizeof(long)));
	}
	return ok;
}

/* Before a flush, and after it. */
static bool right(struct run *r)
{
	const struct kcov_dedup_window *w = &r->whole.main;
	bool ok = true;

	if (r->over || !r->n)
		return true;
	checked++;
	full += !!w->untracked;
	ok &= counts_right(r);
	ok &= promised(r, w->area + 1, w->recorded, false);
	flush(r);
	ok &= counts_right(r);
	dropped += !!r->d.main.dropped;
	erased += w->recorded < r->n;
	ok &= promised(r, w->area + 1, w->recorded, true);
	if (!r->spoiled && r->d.main.dropped)
		ok &= promised(r, r->d.main.area + 1, r->d.main.recorded, false);
	return ok;
}

/* ---- what userspace does ---- */

enum event { NONE, FLUSH, ZERO, FLAG, IOCTL, START, ZERO_FLUSH, FLUSH_ZERO, FLAG_FLUSH, EVENTS };

static void zero(struct run *r)
{
	r->d.main.area[0] = 0;
	/* An area without room never begins a window from word 0: nor must the other. */
	if (!r->d.main.capacity)
		return;
	if (r->n)
		r->whole.main.area[0] = 0;
	r->over = r->n;
}

static void flag(struct run *r)
{
	r->d.mode |= KCOV_DEDUP_RESET;
	r->whole.mode |= KCOV_DEDUP_RESET;
	r->over = true;
}

static void event(struct run *r, enum event e)
{
	if (e == FLUSH_ZERO)
		flush(r);
	if (e == ZERO || e == IOCTL || e == ZERO_FLUSH || e == FLUSH_ZERO)
		zero(r);
	if (e == FLAG || e == IOCTL || e == FLAG_FLUSH)
		flag(r);
	if (e == IOCTL)
		r->whole.main.area[0] = 0;
	if (e == START) {
		flush(r);
		kcov_dedup_start(&r->d, MODE_COMPACT);
		kcov_dedup_start(&r->whole, MODE_COMPACT);
	}
	if (e == FLUSH || e == ZERO_FLUSH)
		flush(r);
	if (e == FLAG_FLUSH) {
		/* Word 0 is what it was, but no longer the count of a window. */
		kcov_dedup_flush(&r->d);
		kcov_dedup_flush(&r->whole);
		CHECK(!length_of(&r->d) && !length_of(&r->whole));
		CHECK(r->d.mode == MODE_COMPACT);
	}
}

static void garbage(struct run *r, uint64_t *seed)
{
	static const unsigned long nasty[] = { 1, 2, ~0ul, 1ul << 31, 7, PC };
	size_t word = rnd(seed) & 1 ? 0 : rnd_below(seed, r->d.main.capacity + 1);

	r->d.main.area[word] = nasty[rnd_below(seed, ARRAY_SIZE(nasty))];
	r->spoiled = true;
}

/* As new, but for what is stale. */
static void start_anew(struct run *r)
{
	event(r, IOCTL);
	new_window(r);
}

/* ---- all short traces ---- */

#define PCS	4

/* Two of them share a slot. */
static const unsigned long short_pcs[PCS] = {
	0xffffffff81000010ull & ~0ul, 0xffffffff81000018ull & ~0ul, 0x81000010,
	/* As far apart as text and modules are on powerpc. */
	sizeof(long) == 8 ? (unsigned long)0xefffffff81000010ull : 0x7fff0010,
};

static bool short_trace(struct run *r, unsigned int trace, int length, int at, enum event e)
{
	unsigned int rest = trace;
	bool ok;
	int i;

	start_anew(r);
	for (i = 0; i < length; i++, rest /= PCS) {
		if (i == at)
			event(r, e);
		one(r, short_pcs[rest % PCS]);
	}
	ok = right(r);
	if (r->d.main.set.limit == 2)
		ok &= CHECK(r->d.main.untracked == strangers(r));
	if (!ok || tap.wrong)
		tap_diag("trace %u of length %d, event %d before %d, %lu words, limit %u, %u as they come",
			 trace, length, e, at, r->d.main.capacity, r->d.main.set.limit, r->raw);
	return ok && !tap.wrong;
}

static bool short_traces(struct shape shape, int length, enum event e, u32 raw)
{
	unsigned int trace, traces = 1u << 2 * length;
	int at, positions = e == NONE ? 1 : length;
	bool ok = true;
	struct run r;

	run_make(&r, shape, length, shape.limit >= 16, raw);
	for (at = 0; at < positions && ok; at++)
		for (trace = 0; trace < traces && ok; trace++)
			ok = short_trace(&r, trace, length, at, e);
	run_free(&r);
	return ok;
}

static void short_begin(void)
{
	done = checked = flushes = full = dropped = erased = 0;
}

static void short_result(const char *what, int length)
{
	tap_result("all traces of up to %d callbacks on %d PCs, %s: %llu callbacks",
		   length, PCS, what, done);
}

static void short_raw_result(const char *what, int length, const char *numbers)
{
	char text[128];

	snprintf(text, sizeof(text), "the first %s as they come, %s", numbers, what);
	short_result(text, length);
}

/* 16: room for all; 4: not for all pairs; 2: not for all PCs. */
static const u32 short_limits[] = { 16, 4, 2 };

/* All lengths up to @most, with @e at every position. */
static void short_all(int most, enum event e, u32 raw)
{
	int length;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(short_limits); i++)
		for (length = 1; length <= most; length++)
			short_traces((struct shape){ 10, short_limits[i] }, length, e, raw);
}

static void test_short(void)
{
	int most = quick ? 6 : 8;
	size_t i;

	short_begin();
	short_all(most, NONE, 0);
	CHECK(full && erased);
	short_result("sets of 16, 4 and 2", most);

	short_begin();
	for (i = 1; i < ARRAY_SIZE(raws); i++)
		short_all(most, NONE, raws[i]);
	CHECK(full && erased);
	short_raw_result("sets of 16, 4 and 2", most, "1, 2, 3, 5, 256");
}

static void test_short_flush(void)
{
	int most = quick ? 6 : 8;
	size_t i;

	short_begin();
	short_all(most, FLUSH, 0);
	CHECK(full && erased && flushes > done / 8);
	short_result("a flush at every position", most);

	most--;
	short_begin();
	for (i = 1; i < ARRAY_SIZE(raws); i++)
		short_all(most, FLUSH, raws[i]);
	CHECK(full && erased && flushes > done / 8);
	short_raw_result("a flush at every position", most, "1, 2, 3, 5, 256");
}

static void test_short_events(void)
{
	int most = quick ? 5 : 6;
	enum event e;
	size_t i;

	short_begin();
	for (e = FLUSH; e < EVENTS; e++)
		short_all(most, e, 0);
	CHECK(full && erased);
	short_result("resets of all kinds at every position", most);

	/* A window after one that ended among them, or behind. */
	short_begin();
	for (i = 1; raws[i] <= 3; i++)
		for (e = FLUSH; e < EVENTS; e++)
			short_all(most, e, raws[i]);
	CHECK(full && erased);
	short_raw_result("resets of all kinds at every position", most, "1, 2, 3");
}

/* Areas that are full before, with and after the last callback that is written as it comes. */
static void short_areas(int most, size_t raw)
{
	size_t words, i;
	int length;

	for (words = 1; words <= 9; words++)
		for (i = 0; i < ARRAY_SIZE(short_limits); i++)
			for (length = most - 1; length <= most; length++)
				short_traces((struct shape){ words, short_limits[i] },
					     length, NONE, raw);
}

static void test_short_areas(void)
{
	int most = quick ? 6 : 8;
	size_t i;

	short_begin();
	short_areas(most, 0);
	CHECK(full && erased && dropped);
	short_result("areas of 1 to 9 words", most);

	most--;
	short_begin();
	for (i = 1; i < ARRAY_SIZE(raws); i++)
		short_areas(most, raws[i]);
	CHECK(full && erased && dropped);
	short_raw_result("areas of 1 to 9 words", most, "1, 2, 3, 5, 256");
}

/* ---- examples ---- */

/* Letters are PCs. */
static void feed(struct kcov_dedup *d, const char *trace)
{
	for (; *trace; trace++)
		callback(d, PC + 16 * (unsigned char)*trace);
}

static bool holds(const struct kcov_dedup *d, const char *trace)
{
	size_t n = strlen(trace), i;
	bool ok = CHECK(d->main.area[0] == n) && CHECK(d->main.recorded == n);

	for (i = 0; i < n && ok; i++)
		ok = CHECK(d->main.area[i + 1] == PC + 16 * (unsigned char)trace[i]);
	if (!ok)
		tap_diag("should be %s", trace);
	return ok;
}

static void example_raw(u32 raw, u32 limit, const char *trace, const char *compact,
			const char *flushed)
{
	struct kcov_dedup d;

	compact_make(&d, (struct shape){ 64, limit }, GUARD_AFTER, raw);
	feed(&d, trace);
	holds(&d, compact);
	kcov_dedup_flush(&d);
	holds(&d, flushed);
	kcov_dedup_flush(&d);
	holds(&d, flushed);
	CHECK(!d.busy);
	compact_free(&d);
}

static void example(u32 limit, const char *trace, const char *compact, const char *flushed)
{
	example_raw(0, limit, trace, compact, flushed);
}

static void test_examples(void)
{
	example(16, "aaaaaa", "aa", "aa");
	example(16, "abcabcabcabc", "abca", "abcabc");
	/* From the last word, c, to b: that is where the path begins. */
	example(16, "abcabcabx", "abcabx", "abcabx");
	/* The path from the last word and back to it is empty. */
	example(16, "abcabcax", "abcax", "abcax");
	example(16, "abcdbcdbcdbcdbx", "abcdbx", "abcdbx");
	example(16, "abcdbcdbcdbcdx", "abcdbcdx", "abcdbcdx");
	/* b has three successors. */
	example(16, "abcbdbebcbdbeb", "abcbdbeb", "abcbdbeb");
	tap_result("examples");
}

static void test_no_places(void)
{
	/* Two PCs have ids; the others are written whenever they come, and what follows. */
	example(2, "abababab", "aba", "abab");
	example(2, "abcabab", "abcaba", "abcabab");
	example(2, "abababcc", "ababcc", "ababcc");
	example(2, "abcccab", "abccca", "abcccab");
	tap_result("PCs without a place: the path is written, then the PC");
}

static void test_memory(void)
{
	u32 limit;

	for (limit = 2; limit <= 256 << 10; limit *= 2)
		CHECK(kcov_dedup_compact_bytes(limit) + kcov_dedup_set_bytes(limit, 1) <=
		      1024 * 1024ull * (limit < 16 << 10 ? 16 << 10 : limit) / (16 << 10));
	limit = 16 << 10;
	tap_diag("%u PCs: %zu bytes for them, %zu for the rest", limit,
		 kcov_dedup_set_bytes(limit, 1), kcov_dedup_compact_bytes(limit));
	tap_result("16K PCs in at most 1 MiB");
}

struct copy {
	struct kcov_dedup d;
	unsigned char area[64 * 8], set[4096], compact[4096];
};

static void copy_state(struct copy *c, const struct kcov_dedup *d)
{
	memset(c, 0, sizeof(*c));
	c->d = *d;
	memcpy(c->area, d->main.area, (d->main.capacity + 1) * sizeof(long));
	memcpy(c->set, d->main.set.keys, kcov_dedup_set_bytes(d->main.set.limit, 1));
	memcpy(c->compact, d->compact.next, kcov_dedup_compact_bytes(d->main.set.limit));
}

static void test_busy(void)
{
	static struct copy before, after;
	struct kcov_dedup d;
	int how;

	for (how = 0; how < 8; how++) {
		compact_make(&d, (struct shape){ 64, 16 }, GUARD_AFTER, how & 4 ? 256 : 0);
		feed(&d, "abcabcab");
		if (how & 1)
			d.main.area[0] = 0;
		if (how & 2)
			d.mode |= KCOV_DEDUP_RESET;
		d.busy = 1;
		copy_state(&before, &d);
		feed(&d, "caxyz");
		CHECK(d.ignored == 5);
		kcov_dedup_compact(&d, PC);
		CHECK(d.ignored == 6);
		kcov_dedup_flush(&d);
		/* It is no callback. */
		CHECK(d.ignored == 6);
		d.ignored = 0;
		copy_state(&after, &d);
		CHECK(!memcmp(&before, &after, sizeof(after)));
		/* The task died. Nobody knows what it left. */
		kcov_dedup_start(&d, MODE_COMPACT);
		CHECK(!d.busy);
		feed(&d, "xyx");
		CHECK(d.mode == MODE_COMPACT);
		holds(&d, "xyx");
		compact_free(&d);
	}
	tap_result("a callback in a callback is counted, and changes nothing, nor does a flush; a task that died in one");
}

/* What is known is settled without the slow path, which makes it cheap. */
static void test_fast(void)
{
	static struct copy before, after;
	struct kcov_dedup d;
	const char *p;

	compact_make(&d, (struct shape){ 64, 16 }, GUARD_AFTER, 0);
	CHECK(kcov_dedup_fast(&d, d.main.area[0], PC) != KCOV_DEDUP_DONE);
	feed(&d, "abca");
	for (p = "bcabca"; *p; p++)
		CHECK(kcov_dedup_fast(&d, d.main.area[0], PC + 16 * (unsigned char)*p) == KCOV_DEDUP_DONE);
	copy_state(&before, &d);
	CHECK(kcov_dedup_fast(&d, d.main.area[0], PC + 16 * 'x') != KCOV_DEDUP_DONE);
	d.main.area[0] = 0;
	CHECK(kcov_dedup_fast(&d, 0, PC + 16 * 'b') != KCOV_DEDUP_DONE);
	d.main.area[0] = 4;
	copy_state(&after, &d);
	CHECK(!memcmp(&before, &after, sizeof(after)));
	compact_free(&d);
	tap_result("fast does what brings nothing new, and leaves the rest");
}

static void test_flush_elsewhere(void)
{
	struct shape s = { 64, 16 };
	struct kcov_dedup d;
	u32 mode;

	for (mode = 0; mode <= 8; mode += 2) {
		state_make(&d, mode, s, s, GUARD_AFTER);
		if (mode && mode != MODE_CMP)
			feed(&d, "aba");
		kcov_dedup_flush(&d);
		CHECK(!d.busy);
		CHECK(d.main.area[0] == (mode & MODE_PC ? 2 : 0));
		CHECK(d.edge.area[0] == (mode & MODE_EDGE ? 3 : 0));
	}
	/* As the kernel does when another mode is enabled. */
	compact_make(&d, s, GUARD_AFTER, 0);
	feed(&d, "abcabcab");
	kcov_dedup_reset(&d.main);
	d.main.area[0] = 0;
	kcov_dedup_start(&d, MODE_PC);
	feed(&d, "xyzx");
	kcov_dedup_flush(&d);
	holds(&d, "xyz");
	kcov_dedup_reset(&d.main);
	d.main.area[0] = 0;
	kcov_dedup_start(&d, MODE_COMPACT);
	feed(&d, "xyxy");
	holds(&d, "xyx");
	kcov_dedup_flush(&d);
	holds(&d, "xyxy");
	/* The same, with some that are written as they come. */
	kcov_dedup_reset(&d.main);
	d.main.area[0] = 0;
	d.compact.raw = 2;
	feed(&d, "xyxyxyx");
	holds(&d, "xyxyx");
	kcov_dedup_reset(&d.main);
	d.main.area[0] = 0;
	kcov_dedup_start(&d, MODE_PC);
	feed(&d, "xyzx");
	holds(&d, "xyz");
	compact_free(&d);
	/* Nothing to write yet. */
	compact_make(&d, s, GUARD_AFTER, 0);
	kcov_dedup_flush(&d);
	CHECK(!d.main.area[0] && !d.busy);
	feed(&d, "ab");
	holds(&d, "ab");
	tap_result("other modes before and after; a flush then, or before the first callback");
}

/* What is no PC may be taken for one that was there, and does no harm. */
static void test_no_pc(void)
{
	struct kcov_dedup d;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(raws); i++) {
		compact_make(&d, (struct shape){ 64, 16 }, GUARD_AFTER, raws[i]);
		callback(&d, 0);
		feed(&d, "ab");
		callback(&d, 0);
		callback(&d, 0);
		feed(&d, "abcab");
		kcov_dedup_flush(&d);
		CHECK(d.main.recorded <= 11 && d.main.area[0] == d.main.recorded);
		CHECK(d.main.area[d.main.recorded] == PC + 16 * 'b');
		d.main.area[0] = 0;
		feed(&d, "abcbd");
		holds(&d, "abcbd");
		compact_free(&d);
	}
	tap_result("a PC of 0 does no harm");
}

/* ---- callbacks that are written as they come ---- */

static void test_raw_examples(void)
{
	example_raw(1, 16, "aaaaaa", "aaa", "aaa");
	example_raw(2, 16, "aaaaaa", "aaaa", "aaaa");
	example_raw(3, 16, "abababababab", "ababab", "ababab");
	/* What comes after them is shortened, as if nothing had been before. */
	example_raw(3, 16, "abcabcabcabc", "abcabca", "abcabcabc");
	example_raw(2, 16, "abcabcabx", "abcabcabx", "abcabcabx");
	example_raw(2, 16, "abcabcabcabx", "abcabcabx", "abcabcabx");
	example_raw(5, 16, "abcab", "abcab", "abcab");
	example_raw(256, 16, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "aaaaaaaaaaaa");
	/* They take no places: two of those that follow have some. */
	example_raw(3, 2, "xyzabababab", "xyzaba", "xyzabab");
	example_raw(3, 2, "xyzabcabab", "xyzabcaba", "xyzabcabab");
	tap_result("examples, with some that are written as they come");
}

/* Exactly so many, in each window, however it begins, and whatever was flushed. */
static void test_raw_exactly(void)
{
	static const enum event begin[] = { ZERO, FLAG, IOCTL, ZERO_FLUSH, FLAG_FLUSH };
	struct kcov_dedup d;
	u32 raw, i, k;

	for (raw = 0; raw <= 300; raw++) {
		compact_make(&d, (struct shape){ 512, 16 }, GUARD_AFTER, raw);
		for (k = 0; k <= ARRAY_SIZE(begin); k++) {
			for (i = 1; i <= raw; i++) {
				callback(&d, PC);
				CHECK(d.main.area[0] == i && d.main.area[i] == PC);
				CHECK(!d.main.set.used);
				if (i % 7 == k)
					kcov_dedup_flush(&d);
				CHECK(d.main.area[0] == i && d.main.recorded == i);
			}
			/* What nothing is known of, and the pair of it; then no more. */
			for (i = 0; i < 10; i++)
				callback(&d, PC);
			CHECK(d.main.area[0] == raw + 2 && d.main.recorded == raw + 2);
			kcov_dedup_flush(&d);
			CHECK(d.main.area[0] == raw + 2 && !d.main.dropped);
			if (k == ARRAY_SIZE(begin))
				break;
			if (begin[k] != FLAG && begin[k] != FLAG_FLUSH)
				d.main.area[0] = 0;
			if (begin[k] != ZERO && begin[k] != ZERO_FLUSH)
				d.mode |= KCOV_DEDUP_RESET;
			if (begin[k] == ZERO_FLUSH || begin[k] == FLAG_FLUSH)
				kcov_dedup_flush(&d);
		}
		compact_free(&d);
	}
	tap_result("exactly 0 to 300 callbacks are written as they come, in each window");
}

/* Drops count: what has no room comes no more than once each. */
static void test_raw_no_room(void)
{
	struct kcov_dedup d;
	u32 raw, words, i;

	for (words = 1; words <= 6; words++) {
		for (raw = 0; raw <= 8; raw++) {
			compact_make(&d, (struct shape){ words, 16 }, GUARD_AFTER, raw);
			for (i = 1; i <= raw; i++) {
				callback(&d, PC + i);
				CHECK(length_of(&d) == i);
				kcov_dedup_flush(&d);
				CHECK(length_of(&d) == i);
			}
			for (i = 0; i < 10; i++)
				callback(&d, PC);
			CHECK(length_of(&d) == raw + 2);
			CHECK(d.main.recorded == (raw + 2 < words ? raw + 2 : words - 1));
			CHECK(d.main.area[0] == d.main.recorded);
			for (i = 1; i <= raw && i < words; i++)
				CHECK(d.main.area[i] == PC + i);
			compact_free(&d);
		}
	}
	tap_result("areas with less room than for what is written as it comes");
}

/* Without the slow path; but not where there may be something to drop, or to begin. */
static void test_raw_fast(void)
{
	static struct copy before, after;
	struct kcov_dedup d;

	compact_make(&d, (struct shape){ 4, 16 }, GUARD_AFTER, 3);
	CHECK(kcov_dedup_fast(&d, 0, PC) != KCOV_DEDUP_DONE && !d.main.recorded);
	feed(&d, "a");
	CHECK(kcov_dedup_fast(&d, 1, PC + 16 * 'a') == KCOV_DEDUP_DONE);
	CHECK(kcov_dedup_fast(&d, 2, PC + 16 * 'b') == KCOV_DEDUP_DONE);
	holds(&d, "aab");
	copy_state(&before, &d);
	CHECK(kcov_dedup_fast(&d, 3, PC + 16 * 'b') != KCOV_DEDUP_DONE);
	copy_state(&after, &d);
	CHECK(!memcmp(&before, &after, sizeof(after)));
	compact_free(&d);

	compact_make(&d, (struct shape){ 3, 16 }, GUARD_AFTER, 3);
	feed(&d, "ab");
	copy_state(&before, &d);
	CHECK(kcov_dedup_fast(&d, 2, PC) != KCOV_DEDUP_DONE);
	copy_state(&after, &d);
	CHECK(!memcmp(&before, &after, sizeof(after)));
	/* With the flag: of the next window. */
	d.mode |= KCOV_DEDUP_RESET;
	CHECK(kcov_dedup_fast(&d, 2, PC) != KCOV_DEDUP_DONE);
	feed(&d, "c");
	holds(&d, "c");
	compact_free(&d);
	tap_result("fast writes what is to be written as it comes, where there is room");
}

/* ---- large ones ---- */

/* A path of as many words as there are ids. */
static void test_long_path(void)
{
	const u32 limit = 16 << 10;
	struct kcov_dedup d;
	u32 i, round;

	compact_make(&d, (struct shape){ 4 * limit, limit }, GUARD_AFTER, 0);
	for (round = 0; round < 5; round++)
		for (i = 0; i < limit; i++)
			callback(&d, PC + 16ul * i);
	CHECK(d.main.recorded == limit + 1);
	kcov_dedup_flush(&d);
	CHECK(d.main.recorded == 2 * limit && !d.main.untracked);
	for (i = 0; i < limit; i++)
		CHECK(d.main.area[limit + 1 + i] == PC + 16ul * i);
	/* All but the last one, which is the last one written, then a step back. */
	for (i = 0; i < limit - 1; i++)
		callback(&d, PC + 16ul * i);
	CHECK(d.main.recorded == 2 * limit);
	callback(&d, PC);
	CHECK(d.main.recorded == 3 * limit);
	compact_free(&d);
	tap_result("a path of %u words", limit);
}

/* As many pairs as the set of pairs has room for: none of them is FULL. */
static void test_many_pairs(void)
{
	const u32 limit = 16 << 10, pcs = 90;
	struct kcov_dedup d;
	u32 i, j, round, words = 0;

	compact_make(&d, (struct shape){ 1 << 20, limit }, GUARD_AFTER, 0);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < pcs; i++) {
			for (j = 0; j < pcs; j++) {
				callback(&d, PC + 16ul * i);
				callback(&d, PC + 16ul * j);
			}
		}
		kcov_dedup_flush(&d);
		CHECK(!d.main.untracked);
		CHECK(!round || d.main.recorded <= words + pcs);
		words = d.main.recorded;
	}
	compact_free(&d);
	tap_result("each of %u PCs after each", pcs);
}

/* ---- random walks ---- */

static struct shape random_shape(uint64_t *seed)
{
	static const size_t words[] = { 1, 2, 3, 4, 5, 9, 64, 512, 4096, 65536 };
	static const u32 limits[] = { 2, 4, 16, 64, 256, 4096, 16384, 16384 };

	return (struct shape){
		words[rnd_below(seed, ARRAY_SIZE(words))],
		limits[rnd_below(seed, ARRAY_SIZE(limits))],
	};
}

/* 0 is no PC. */
static void make_graph(uint64_t *seed)
{
	u32 i;

	graph_make(seed);
	for (i = 0; i < graph.n; i++)
		graph.pc[i] += !graph.pc[i];
}

static void walk(uint64_t *seed)
{
	static const u32 rates[] = { 3, 50, 1000, 100000 };
	u32 rate = rates[rnd_below(seed, ARRAY_SIZE(rates))], node = 0, steps, length;
	struct shape shape = random_shape(seed);
	bool scribble = !rnd_below(seed, 4);
	/* As often none as all others. */
	u32 raw = raws[rnd(seed) & 1 ? rnd_below(seed, ARRAY_SIZE(raws)) : 0];
	struct run r;

	make_graph(seed);
	length = rnd_below(seed, rate * 4 < 1000 ? 1000 : rate * 4) + 1;
	run_make(&r, shape, length, graph.n <= 16 && shape.limit >= 4096, raw);
	for (steps = 0; steps < length && !tap.wrong; steps++) {
		if (!rnd_below(seed, rate)) {
			if (r.n < 64 || !rnd_below(seed, 4))
				right(&r);
			event(&r, 1 + rnd_below(seed, EVENTS - 1));
			if (scribble && !r.over)
				garbage(&r, seed);
		}
		one(&r, graph.pc[node]);
		node = graph.next[node][rnd_below(seed, DEGREE)];
	}
	right(&r);
	if (tap.wrong)
		tap_diag("%zu words, %u keys, %u as they come; %u nodes, callback %u", shape.words,
			 shape.limit, raw, graph.n, steps);
	run_free(&r);
}

static void test_walks(uint64_t seed, unsigned long long callbacks)
{
	uint64_t state = seed, begin = seed;

	short_begin();
	while (done < callbacks && !tap.wrong) {
		begin = state;
		walk(&state);
	}
	if (tap.wrong)
		tap_diag("again, with this walk alone: test_compact %llu 1",
			 (unsigned long long)begin);
	tap_diag("windows with sets that were full: %llu, areas: %llu", full, dropped);
	CHECK(callbacks < 1000000 || (full && dropped && erased && flushes));
	tap_result("random walks: %llu callbacks, %llu windows compared, %llu flushes, seed %llu",
		   done, checked, flushes, (unsigned long long)seed);
}

/* ---- the same again ---- */

static const enum event between[] = { IOCTL, ZERO, FLAG };

/* Three windows of the same trace are the same, word by word. */
static bool three_times(struct run *r, const unsigned long *trace, size_t n)
{
	unsigned long *first = malloc((n + 1) * sizeof(*first));
	bool ok = true;
	size_t i;
	int k;

	for (k = 0; k < 3 && ok; k++) {
		event(r, between[k]);
		for (i = 0; i < n; i++)
			one(r, trace[i]);
		ok &= right(r);
		if (!k)
			memcpy(first, r->whole.main.area, (n + 1) * sizeof(*first));
		ok &= CHECK(first[0] == r->whole.main.area[0] &&
			    !memcmp(first, r->whole.main.area, (first[0] + 1) * sizeof(*first)));
	}
	free(first);
	return ok;
}

static void test_three_times(uint64_t seed)
{
	static unsigned long trace[20000];
	static const u32 limits[] = { 16384, 64, 16 };
	struct run r;
	size_t i, k;
	u32 node;
	int g;

	for (g = 0; g < (quick ? 20 : 100) && !tap.wrong; g++) {
		make_graph(&seed);
		for (i = 0, node = 0; i < ARRAY_SIZE(trace); i++) {
			trace[i] = graph.pc[node];
			node = graph.next[node][rnd_below(&seed, DEGREE)];
		}
		for (k = 0; k < ARRAY_SIZE(limits); k++) {
			run_make(&r, (struct shape){ 4096, limits[k] }, ARRAY_SIZE(trace), false,
				 raws[(g + k) % ARRAY_SIZE(raws)]);
			three_times(&r, trace, ARRAY_SIZE(trace));
			run_free(&r);
		}
	}
	tap_result("the same trace three times: the same words three times");
}

/* ---- captured traces ---- */

static unsigned long *load(const char *dir, const char *name, size_t *n)
{
	char path[4096];
	unsigned long *trace = NULL;
	unsigned char b[8];
	size_t max = 0;
	FILE *f;
	int i;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	for (*n = 0; f && fread(b, 8, 1, f) == 1; ++*n) {
		uint64_t v = 0;

		if (*n == max) {
			max = max ? 2 * max : 4096;
			trace = realloc(trace, max * sizeof(*trace));
		}
		for (i = 8; i--;)
			v = v << 8 | b[i];
		trace[*n] = v;
	}
	if (f)
		fclose(f);
	return trace;
}

/* Return: words. */
static size_t captured_raw(const unsigned long *trace, size_t n, u32 raw)
{
	size_t words;
	struct run r;

	run_make(&r, (struct shape){ 64 << 10, 16 << 10 }, n, true, raw);
	three_times(&r, trace, n);
	CHECK(!r.d.main.dropped);
	words = r.whole.main.recorded;
	run_free(&r);
	/* The same with too little of everything, where that does not take long. */
	if (n < 200000) {
		run_make(&r, (struct shape){ 512, 512 }, n, false, raw);
		three_times(&r, trace, n);
		run_free(&r);
	}
	return words;
}

static void captured(const char *dir, const char *name)
{
	size_t n, i, words = 0, last = 0;
	unsigned long *trace = load(dir, name, &n);

	if (CHECK(n)) {
		words = captured_raw(trace, n, 0);
		/* Of large ones, which take long, only as in the kernel. */
		for (i = n < 200000 ? 1 : ARRAY_SIZE(raws) - 1; i < ARRAY_SIZE(raws); i++)
			last = captured_raw(trace, n, raws[i]);
	}
	free(trace);
	tap_result("%s: %zu callbacks, %zu words, %zu if the first %u are written as they come",
		   name, n, words, last, raws[ARRAY_SIZE(raws) - 1]);
}

static void test_captured(void)
{
	const char *dir = getenv("TRACES") ? getenv("TRACES") : "build/bench/traces";
	struct dirent **entry;
	int i, n = scandir(dir, &entry, NULL, alphasort), found = 0;

	for (i = 0; i < n; i++) {
		size_t len = strlen(entry[i]->d_name);

		if (len > 4 && !strcmp(entry[i]->d_name + len - 4, ".pcs")) {
			captured(dir, entry[i]->d_name);
			found++;
		}
		free(entry[i]);
	}
	if (n > 0)
		free(entry);
	if (!found)
		tap_skip("captured traces", "none there: bench/run captures some");
}

int main(int argc, char **argv)
{
	const char *few = getenv("ORACLE_CALLBACKS");
	unsigned long long callbacks = few ? strtoull(few, NULL, 0) : CALLBACKS;
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20261123;

	if (argc > 2)
		callbacks = strtoull(argv[2], NULL, 0);
	quick |= callbacks < 1000000;
	test_examples();
	test_no_places();
	test_memory();
	test_busy();
	test_fast();
	test_flush_elsewhere();
	test_no_pc();
	test_raw_examples();
	test_raw_exactly();
	test_raw_no_room();
	test_raw_fast();
	test_long_path();
	test_many_pairs();
	test_short();
	test_short_flush();
	test_short_events();
	test_short_areas();
	test_three_times(seed ? seed : 1);
	test_walks(seed ? seed : 1, callbacks);
	test_captured();
	return tap_done();
}
