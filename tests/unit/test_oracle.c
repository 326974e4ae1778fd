// SPDX-License-Identifier: MIT
/*
 * The engine against a naive model: all short traces, and random walks on random
 * graphs, with resets, garbage and areas and sets of every small size.
 *
 * test_oracle [SEED [CALLBACKS]]; $ORACLE_CALLBACKS is used without the second.
 */
#include "graph.h"
#include "model.h"
#include "tap.h"

#define SANITIZED_CALLBACKS	3000000ull
#define PLAIN_CALLBACKS		50000000ull

#if defined(__SANITIZE_ADDRESS__)
#define CALLBACKS	SANITIZED_CALLBACKS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CALLBACKS	SANITIZED_CALLBACKS
#endif
#endif
#ifndef CALLBACKS
#define CALLBACKS	PLAIN_CALLBACKS
#endif

enum event { NONE, ZERO_MAIN, ZERO_EDGE, ZERO_BOTH, FLAG, FLAG_AND_ZERO, START, GARBAGE };

/* Two states that must stay equal. */
struct pair {
	struct kcov_dedup	d;
	struct model		m;
};

static unsigned long long done, windows;

static bool counts_equal(const struct kcov_dedup_window *w, const struct model_window *m)
{
	return CHECK(w->recorded == m->recorded) && CHECK(w->dropped == m->dropped) &&
	       CHECK(w->untracked == m->untracked);
}

static bool area_equal(const struct kcov_dedup_window *w, const struct model_window *m)
{
	/* Behind them there may be what was written and not counted. A young window restores word 0. */
	return CHECK(!memcmp(w->area + 1, m->area + 1, m->recorded * sizeof(long))) &&
	       CHECK(w->area[0] == m->area[0] ||
		     (m->spoiled && w->young.limit && w->area[0] == m->recorded));
}

static bool listed(const struct model_window *m, unsigned long key)
{
	unsigned long i;

	for (i = 1; i <= m->recorded; i++)
		if (m->area[i] == key)
			return true;
	return false;
}

/*
 * What is promised, apart from how the model works. @w's area was found equal to
 * the model's, whose keys[] are all distinct items in order, tracked or not.
 */
static bool promises(const struct model_window *m)
{
	unsigned long i, missing = 0;
	bool ok = true;

	if (m->spoiled)
		return true;
	if (!m->untracked) {
		ok &= CHECK(m->recorded + m->dropped == m->n);
		ok &= CHECK(m->recorded == (m->n < m->capacity ? m->n : m->capacity));
		for (i = 0; i < m->recorded; i++)
			ok &= CHECK(m->area[i + 1] == m->keys[i].key);
		return ok;
	}
	if (m->n > 2000)	/* quadratic */
		return ok;
	for (i = 0; i < m->n; i++)
		missing += !listed(m, m->keys[i].key);
	ok &= CHECK(missing <= m->dropped);
	for (i = 1; i <= m->recorded; i++)
		ok &= CHECK(model_find((struct model_window *)m, m->area[i]));
	return ok;
}

static bool equal(struct pair *p)
{
	bool ok = true;

	windows++;
	ok &= CHECK(!p->d.busy);
	if (p->m.mode & MODE_PC)
		ok &= counts_equal(&p->d.main, &p->m.main) && promises(&p->m.main);
	if (p->m.mode & MODE_EDGE)
		ok &= counts_equal(&p->d.edge, &p->m.edge) && promises(&p->m.edge);
	/* The area of a mode that is not collected is not touched. */
	ok &= area_equal(&p->d.main, &p->m.main) && area_equal(&p->d.edge, &p->m.edge);
	return ok;
}

static void write_word(struct kcov_dedup_window *w, struct model_window *m,
		       size_t word, unsigned long value)
{
	w->area[word] = value;
	m->area[word] = value;
	if (word || value)
		m->spoiled = true;
}

static void garbage(struct pair *p, uint64_t *seed)
{
	static const unsigned long nasty[] = { 0, 1, ~0ul, 1ul << 31, 7 };
	bool edge = rnd(seed) & 1;
	struct model_window *m = edge ? &p->m.edge : &p->m.main;
	size_t word = rnd(seed) & 1 ? 0 : rnd_below(seed, m->capacity + 1);

	write_word(edge ? &p->d.edge : &p->d.main, m, word,
		   nasty[rnd_below(seed, ARRAY_SIZE(nasty))]);
}

static void event(struct pair *p, enum event e, uint64_t *seed)
{
	if (e == ZERO_MAIN || e == ZERO_BOTH || e == FLAG_AND_ZERO)
		write_word(&p->d.main, &p->m.main, 0, 0);
	if (e == ZERO_EDGE || e == ZERO_BOTH || e == FLAG_AND_ZERO)
		write_word(&p->d.edge, &p->m.edge, 0, 0);
	if (e == FLAG || e == FLAG_AND_ZERO) {
		p->d.mode |= KCOV_DEDUP_RESET;
		p->m.flag = true;
	}
	if (e == START)
		kcov_dedup_start(&p->d, p->m.mode);
	if (e == GARBAGE)
		garbage(p, seed);
}

static void both(struct pair *p, unsigned long pc)
{
	callback(&p->d, pc);
	model_callback(&p->m, pc);
	done++;
}

static void pair_make(struct pair *p, u32 mode, struct shape main, struct shape edge)
{
	enum side side = main.words % 2 ? GUARD_AFTER : GUARD_BEFORE;

	state_make(&p->d, mode, main, edge, side);
	model_make(&p->m, mode, main, edge);
}

static void window_free(struct kcov_dedup_window *w)
{
	guarded_free(w->area, (w->capacity + 1) * sizeof(long));
	guarded_free(w->set.keys, kcov_dedup_set_bytes(w->set.limit, 1));
}

static void pair_free(struct pair *p)
{
	window_free(&p->d.main);
	window_free(&p->d.edge);
	model_free(&p->m);
}

/* ---- all short traces ---- */

#define PCS	3
#define LENGTH	6

/* Addresses of the kernel and its modules, which differ in bits that others have not. */
static const struct machine {
	const char	*name;
	unsigned long	pcs[PCS];
} machines[] = {
	/* Two of them share a slot, and so do two of their edge words. */
	{ "x86-64", { 0x81000010, 0x81000018, (unsigned long)0x181000010ull } },
#if __SIZEOF_LONG__ == 8
	{ "LoongArch", { 0x9000000000224010, 0xffff800000224010, 0xffff800000224014 } },
	{ "powerpc64", { 0xc000000000224010, 0xc008000000224010, 0xd000000000224010 } },
	{ "arm64", { 0xffff800080224010, 0xffff80007a224010, 0xffff000080224010 } },
#else
	{ "arm", { 0xc0224010, 0xbf224010, 0x40224010 } },
	{ "mips", { 0x80224010, 0xc0224010, 0x00224010 } },
#endif
};

static const unsigned long *short_pcs;

static bool short_trace(struct pair *p, unsigned int trace, int length, int at, enum event e)
{
	unsigned int rest = trace;
	bool ok;
	int i;

	/* As new, but for the stale slots. */
	event(p, FLAG_AND_ZERO, NULL);
	for (i = 0; i < length; i++, rest /= PCS) {
		if (i == at)
			event(p, e, NULL);
		both(p, short_pcs[rest % PCS]);
	}
	ok = equal(p);
	if (!ok)
		tap_diag("trace %u of length %d, event %d before %d", trace, length, e, at);
	return ok;
}

static bool short_traces(struct pair *p, int length)
{
	unsigned int trace, traces = 1;
	int at, i;
	enum event e;

	for (i = 0; i < length; i++)
		traces *= PCS;
	for (trace = 0; trace < traces; trace++)
		for (at = 0; at < length; at++)
			for (e = at ? ZERO_MAIN : NONE; e <= START; e++)
				if (!short_trace(p, trace, length, at, e))
					return false;
	return true;
}

static void test_short(u32 mode, const struct machine *machine)
{
	static const struct shape shapes[] = {
		{ 1, 2 }, { 2, 2 }, { 2, 16 }, { 3, 4 }, { 5, 2 }, { 16, 16 },
	};
	unsigned long long before = done;
	struct pair p;
	size_t i;
	int length;

	short_pcs = machine->pcs;
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		pair_make(&p, mode, shapes[i], shapes[ARRAY_SIZE(shapes) - 1 - i]);
		for (length = 1; length <= LENGTH; length++)
			if (!short_traces(&p, length))
				break;
		pair_free(&p);
	}
	tap_result("mode %u: all traces of up to %d callbacks on %d PCs of %s, resets anywhere:"
		   " %llu callbacks", mode, LENGTH, PCS, machine->name, done - before);
}

/* ---- random walks ---- */

static struct shape random_shape(uint64_t *seed)
{
	static const size_t words[] = { 1, 2, 3, 4, 5, 64, 512, 4096, 65536 };
	static const u32 limits[] = { 2, 4, 16, 64, 256, 4096, 16384, 16384 };

	return (struct shape){
		words[rnd_below(seed, ARRAY_SIZE(words))],
		limits[rnd_below(seed, ARRAY_SIZE(limits))],
	};
}

/* One in how many callbacks has an event before it. */
static u32 random_rate(uint64_t *seed)
{
	static const u32 rates[] = { 3, 50, 1000, 100000 };

	return rates[rnd_below(seed, ARRAY_SIZE(rates))];
}

static void walk_event(struct pair *p, bool scribble, uint64_t *seed)
{
	enum event e = 1 + rnd_below(seed, scribble ? GARBAGE : START);

	/* Small windows often, large ones now and then: comparing takes time. */
	if (p->m.main.capacity + p->m.edge.capacity < 64 || !rnd_below(seed, 64))
		equal(p);
	event(p, e, seed);
}

static void walk(uint64_t *seed)
{
	u32 mode = all_modes[rnd_below(seed, ARRAY_SIZE(all_modes))];
	struct shape main = random_shape(seed), edge = random_shape(seed);
	u32 rate = random_rate(seed), node = 0, steps, length;
	bool scribble = !rnd_below(seed, 4);
	struct pair p;

	graph_make(seed);
	length = rate * 4 < 1000 ? 1000 : rate * 4;
	length = rnd_below(seed, length) + 1;
	pair_make(&p, mode, main, edge);
	for (steps = 0; steps < length && !tap.wrong; steps++) {
		if (!rnd_below(seed, rate))
			walk_event(&p, scribble, seed);
		both(&p, graph.pc[node]);
		node = graph.next[node][rnd_below(seed, DEGREE)];
	}
	equal(&p);
	if (tap.wrong)
		tap_diag("mode %u, %zu words, %u keys; edges: %zu words, %u keys; %u nodes, callback %u",
			 mode, main.words, main.limit, edge.words, edge.limit, graph.n, steps);
	pair_free(&p);
}

static void test_walks(uint64_t seed, unsigned long long callbacks)
{
	unsigned long long walks = 0;
	uint64_t state = seed, begin = seed;

	done = 0;
	windows = 0;
	while (done < callbacks && !tap.wrong) {
		begin = state;
		walk(&state);
		walks++;
	}
	if (tap.wrong)
		tap_diag("again, with this walk alone: test_oracle %llu 1",
			 (unsigned long long)begin);
	tap_result("%llu random walks, %llu callbacks, compared %llu times, seed %llu",
		   walks, done, windows, (unsigned long long)seed);
}

int main(int argc, char **argv)
{
	const char *few = getenv("ORACLE_CALLBACKS");
	unsigned long long callbacks = few ? strtoull(few, NULL, 0) : CALLBACKS;
	uint64_t seed = 20240612;
	size_t i, k;

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		callbacks = strtoull(argv[2], NULL, 0);
	tap_diag("seed %llu", (unsigned long long)seed);
	for (young_slots = 0; young_slots <= 16; young_slots += 16)
		for (i = 0; i < ARRAY_SIZE(all_modes); i++)
			for (k = 0; k < ARRAY_SIZE(machines); k++)
				test_short(all_modes[i], &machines[k]);
	for (young_slots = 0; young_slots <= 64; young_slots += 64)
		test_walks(seed ? seed : 1, callbacks);
	return tap_done();
}
