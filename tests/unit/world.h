/* SPDX-License-Identifier: MIT */
/*
 * The engine and its memory, for test_step.c: to make something happen, to put it back to what
 * it was, and to judge what has become of it.
 *
 * A *trace* is a string of what happens, one after another:
 *
 *	a b c	a callback, of one of three PCs, or comparisons
 *	f	a flush
 *	z y	userspace stores a 0 to word 0 of the main area, or of the edge area
 *	R	KCOV_RESET_TRACE sets KCOV_DEDUP_RESET
 */
#ifndef WORLD_H
#define WORLD_H

#include "hooks.h"
#include "model.h"

#define PCS		3
#define ITEMS		20		/* the most that an area has room for */
#define LIMIT		16		/* the most keys of a set */
#define YOUNG		64		/* the most slots for young windows */
#define TEXT		32		/* the longest trace, of any kind */

static const unsigned long pcs[PCS] = {
	/* The last one has the slot of the first one, and half of its bits. */
	0xffffffff81000010, 0xffffffff81000018, 0x81000010,
};

/* Two differ from the first one in one number each. */
static const u64 cmps[PCS][4] = {
	{ 5, 1, 2, 0xffffffff81000010 }, { 5, 1, 3, 0xffffffff81000010 },
	{ 5, 1, 2, 0x81000010 },
};

struct config {
	u32		mode;
	u32		limit;		/* keys of a set */
	unsigned int	items;		/* that an area has room for */
	const char	*before;	/* a trace before all others */
	bool		cmps;		/* comparisons in mode 1, which is 0 to the engine */
	u32		young;		/* slots for young windows, or 0 */
	u32		raw;		/* of a compact trace: callbacks that are written as they come */
};

/* ---- the state of the engine ---- */

/* All but the hidden pages, as it lies behind them. */
struct memory {
	unsigned long	main[2 + 1 + 4 * ITEMS];
	unsigned long	edge[1 + ITEMS];
	unsigned long	main_set[LIMIT * (4 + 3)];
	unsigned long	edge_set[LIMIT * (1 + 3)];
	unsigned long	compact[6 * LIMIT];
	struct kcov_dedup_slot main_young[YOUNG], edge_young[YOUNG];
};

/* There is one. Pointers of the engine point into it. */
static struct {
	union {
		struct kcov_dedup	d;
		char			hidden[KCOV_UNIQ_STATE];
	};
	struct memory memory;
} world;

static struct kcov_dedup *const d = &world.d;
static const struct config *config;

/* A copy of it. */
struct image {
	struct kcov_dedup	d;
	struct memory		memory;
};

static void save(struct image *to)
{
	to->d = world.d;
	to->memory = world.memory;
}

static void load(const struct image *from)
{
	world.d = from->d;
	world.memory = from->memory;
}

static bool world_is(const struct image *i)
{
	return !memcmp(d, &i->d, sizeof(*d)) &&
	       !memcmp(&world.memory, &i->memory, sizeof(world.memory));
}

static bool same_image(const struct image *a, const struct image *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static u32 words_of_item(void)
{
	return config->mode & MODE_CMP ? KCOV_DEDUP_CMP_WORDS : KCOV_DEDUP_PC_WORDS;
}

/* As KCOV_ENABLE calls it, and KCOV_UNIQUE_ENABLE KCOV_DEDUP_BITMAP. */
static u32 mode_of(const struct config *c)
{
	return c->mode | c->cmps;
}

static bool has_edges(void)
{
	return config->mode & MODE_EDGE;
}

static bool has_main(void)
{
	return config->mode && config->mode != MODE_EDGE;
}

/* As after the first KCOV_ENABLE on a descriptor. */
static void init(void)
{
	bool bitmap = config->mode & KCOV_DEDUP_BITMAP;
	const struct memory *m = &world.memory;

	if (kcov_dedup_set_bytes(config->limit, words_of_item()) > sizeof(m->main_set) ||
	    kcov_dedup_set_bytes(config->limit, 1) > sizeof(m->edge_set) ||
	    kcov_dedup_compact_bytes(config->limit) > sizeof(m->compact))
		abort();
	memset(&world, 0, sizeof(world));
	/* A bitmap of two words: whatever is there, it is not the count. */
	world.memory.main[0] = bitmap;
	d->main.area = world.memory.main + 2 * bitmap;
	d->main.capacity = config->items;
	d->edge.area = world.memory.edge;
	d->edge.capacity = config->items;
	kcov_dedup_set_init(&d->main.set, world.memory.main_set, config->limit, words_of_item());
	kcov_dedup_set_init(&d->edge.set, world.memory.edge_set, config->limit, 1);
	if (config->young) {
		kcov_dedup_young_init(&d->main, world.memory.main_young, config->young);
		kcov_dedup_young_init(&d->edge, world.memory.edge_young, config->young);
	}
	kcov_dedup_reset(&d->main);
	kcov_dedup_reset(&d->edge);
	if (config->mode == MODE_COMPACT)
		kcov_dedup_compact_init(&d->main, &d->compact, world.memory.compact, config->raw);
	kcov_dedup_start(d, config->mode);
}

/* ---- what happens ---- */

/* The function, and the arguments, of the callback or flush that is called @letter. */
static void *hook_of(char letter, unsigned long *arg)
{
	unsigned long area = (unsigned long)&world.memory;
	int i = letter - 'a';

	arg[0] = area;
	if (letter == 'f')
		return hook_flush;
	if (!(config->mode & MODE_CMP) && !config->cmps) {
		arg[1] = pcs[i];
		return hook_pc;
	}
	memcpy(arg, cmps[i], sizeof(cmps[i]));
	arg[4] = area;
	return hook_cmp;
}

static bool is_callback(char letter)
{
	return letter >= 'a' && letter < 'a' + PCS;
}

static void happen(char letter)
{
	unsigned long arg[HOOK_ARGS] = { 0 };

	if (letter == 'z')
		d->main.area[0] = 0;
	else if (letter == 'y')
		d->edge.area[0] = 0;
	else if (letter == 'R')
		d->mode |= KCOV_DEDUP_RESET;
	else if (letter == 'f')
		hook_flush(&world.memory);
	else if (hook_of(letter, arg) == hook_cmp)
		hook_cmp(arg[0], arg[1], arg[2], arg[3], (void *)arg[4]);
	else
		hook_pc((void *)arg[0], arg[1]);
}

static void happens(const char *trace)
{
	for (; *trace; trace++)
		happen(*trace);
}

/* ---- the model ---- */

static struct model model;

static void reset_model(void)
{
	model_reset(&model.main);
	model_reset(&model.edge);
	model.flag = false;
	model.prev = 0;
}

/* A comparison, or a callback in mode 0. */
static void model_other(char letter)
{
	if (model.flag)
		reset_model();
	if (!config->mode) {
		model.main.dropped++;
		return;
	}
	if (model_asked(&model.main))
		model_reset(&model.main);
	model_item(&model.main, letter);
}

static void model_letter(char letter)
{
	if (letter == 'z')
		model.main.area[0] = 0;
	else if (letter == 'y')
		model.edge.area[0] = 0;
	else if (letter == 'R')
		model.flag = true;
	else if (letter == 'f' && model.flag)
		reset_model();
	else if (is_callback(letter) && config->mode & (MODE_PC | MODE_EDGE))
		model_callback(&model, pcs[letter - 'a']);
	else if (is_callback(letter))
		model_other(letter);
}

static bool model_item_is(const unsigned long *area, unsigned long i, unsigned long item)
{
	if (config->mode != MODE_CMP)
		return area[1 + i] == item;
	return !memcmp(area + 1 + 4 * i, cmps[item - 'a'], sizeof(cmps[0]));
}

static bool model_window_agrees(const struct model_window *m, const struct kcov_dedup_window *w)
{
	bool ok = m->recorded == w->recorded && m->dropped == w->dropped &&
		  m->untracked == w->untracked && m->area[0] == w->area[0];
	unsigned long i;

	for (i = 0; i < m->recorded && ok; i++)
		ok = model_item_is(w->area, i, m->area[1 + i]);
	return ok;
}

/* Numbers 0 to PCS, for nothing and PCs; bits of a square, for pairs. */
static unsigned int number_of(unsigned long pc)
{
	unsigned int i;

	for (i = 0; i < PCS && pcs[i] != pc; i++)
		;
	return i + 1;
}

static unsigned int pair_bit(unsigned int prev, unsigned int next)
{
	return 1u << (prev * (PCS + 1) + next);
}

/* What is promised of a compact trace of the callbacks in @trace, flushed now. */
static bool compact_agrees(const char *trace)
{
	const struct kcov_dedup_window *w = &d->main;
	unsigned int pairs = 0, got = 0, prev = 0, now;
	const char *at = trace;
	unsigned long i;

	for (; *at; at++, prev = now) {
		now = *at - 'a' + 1;
		pairs |= pair_bit(prev, now);
	}
	at = trace;
	for (i = 0, prev = 0; i < w->recorded; i++, prev = now) {
		now = number_of(w->area[1 + i]);
		if (now > PCS)
			return false;
		got |= pair_bit(prev, now);
		if (i < config->raw && (!*at || *at - 'a' + 1u != now))
			return false;
		while (*at && *at - 'a' + 1u != now)
			at++;
		if (!*at++)
			return false;
	}
	if (w->area[0] != w->recorded || (w->dropped && w->recorded != w->capacity))
		return false;
	return w->dropped ? !(got & ~pairs) : got == pairs && prev == (unsigned int)*--at - 'a' + 1;
}

/* A window that is over has nothing to show: the next callback begins another. */
static bool compact_model_agrees(const char *trace)
{
	char window[TEXT];
	unsigned int n = 0;

	for (; *trace; trace++) {
		if (*trace == 'z' || *trace == 'R')
			n = 0;
		else if (is_callback(*trace))
			window[n++] = *trace;
	}
	window[n] = 0;
	if (!n)
		return true;
	happen('f');
	return compact_agrees(window);
}

/* The state after config->before and @trace is as the model says. Changes it. */
static bool model_agrees(const char *trace)
{
	const char *before;
	char all[2 * TEXT];

	if (config->mode == MODE_COMPACT) {
		snprintf(all, sizeof(all), "%s%s", config->before, trace);
		return compact_model_agrees(all);
	}
	reset_model();
	model.main.area[0] = 0;
	model.edge.area[0] = 0;
	for (before = config->before; *before; before++)
		model_letter(*before);
	for (; *trace; trace++)
		model_letter(*trace);
	return model_window_agrees(&model.main, &d->main) &&
	       (!has_edges() || model_window_agrees(&model.edge, &d->edge));
}

/* ---- is a state as good as another? ---- */

enum { MAIN = 1, EDGE = 2, BOTH = MAIN | EDGE };

/*
 * Does the next callback begin a new window, or the first one? Then nothing can be told from
 * this one.
 */
static bool is_new(const struct kcov_dedup *s, const struct kcov_dedup_window *w)
{
	if (s->mode & KCOV_DEDUP_RESET || (w->recorded && !w->area[0]))
		return true;
	return !w->recorded && !w->dropped && !w->untracked && !w->set.used &&
	       w->prev == kcov_dedup_edge_hash(0);
}

/* What is at @p in the world, in an image. */
static unsigned long *moved(unsigned long *p, const struct image *image)
{
	return (unsigned long *)&image->memory + (p - (unsigned long *)&world.memory);
}

/* @a is in the world, and @b in an image, whose pointers point to the world. */
static bool same_window(const struct kcov_dedup_window *a, struct kcov_dedup_window b,
			const struct image *image, u32 words)
{
	b.area = moved(b.area, image);
	b.set.keys = moved(b.set.keys, image);
	if (is_new(d, a) || is_new(&image->d, &b))
		return is_new(d, a) && is_new(&image->d, &b);
	return a->recorded == b.recorded && a->dropped == b.dropped &&
	       a->untracked == b.untracked && a->area[0] == b.area[0] && a->prev == b.prev &&
	       !memcmp(a->area + 1, b.area + 1, a->recorded * words * sizeof(long)) &&
	       /* Nobody can tell a young window from one that has grown up. */
	       (!a->set.used || !b.set.used || (a->set.used == b.set.used &&
		!memcmp(a->set.keys, b.set.keys, a->set.used * words * sizeof(long))));
}

static bool same_windows(const struct image *other, int which)
{
	return (!(which & MAIN) ||
		same_window(&d->main, other->d.main, other, words_of_item())) &&
	       (!(which & EDGE) || !has_edges() ||
		same_window(&d->edge, other->d.edge, other, 1));
}

static bool as_good(const struct image *one, const struct image *other, int which, int depth);

/* The same after @letter in both? */
static bool as_good_after(const struct image *one, const struct image *other, int which,
			  int depth, char letter)
{
	struct image a, b;

	load(one);
	happen(letter);
	save(&a);
	load(other);
	happen(letter);
	save(&b);
	return as_good(&a, &b, which, depth);
}

/* Can nobody tell @one from @other, now or after up to @depth callbacks? */
static bool as_good(const struct image *one, const struct image *other, int which, int depth)
{
	bool ok;
	int i;

	if (same_image(one, other))
		return true;
	load(one);
	ok = same_windows(other, which);
	if (ok && depth >= 0 && config->mode == MODE_COMPACT)
		ok = as_good_after(one, other, which, -1, 'f');
	for (i = 0; i < PCS && ok && depth > 0; i++)
		ok = as_good_after(one, other, which, depth - 1, 'a' + i);
	return ok;
}

static bool same_part(int which, const struct image *other)
{
	const struct memory *m = &world.memory, *o = &other->memory;

	if (which == BOTH)
		return world_is(other);
	if (which == EDGE)
		return !memcmp(&d->edge, &other->d.edge, sizeof(d->edge)) &&
		       !memcmp(m->edge, o->edge, sizeof(m->edge)) &&
		       !memcmp(m->edge_set, o->edge_set, sizeof(m->edge_set));
	return !memcmp(&d->main, &other->d.main, sizeof(d->main)) &&
	       !memcmp(&d->compact, &other->d.compact, sizeof(d->compact)) &&
	       !memcmp(m->main, o->main, sizeof(m->main)) &&
	       !memcmp(m->main_set, o->main_set, sizeof(m->main_set)) &&
	       !memcmp(m->compact, o->compact, sizeof(m->compact));
}

#endif /* WORLD_H */
