// SPDX-License-Identifier: MIT
/*
 * Callbacks that interrupt callbacks, at every instruction of the hook as a compiler makes it
 * with the kernel's flags: hooks.c and kernel/kcov_uniq_hook.c.
 *
 * From the state after each trace (see world.h) one more callback is made, the *outer* one. It
 * is stepped, see step.h; at each of its instructions everything happens that may happen there,
 * and then it goes on. What comes out must be what comes out if the same happens before the
 * outer one, or after it, and nothing interrupts; or without the callbacks that were ignored. A
 * state that several traces lead to, the same in every byte, is looked at once.
 *
 * All the memory of the engine is compared; if that differs, what is promised, now and after
 * each continuation of up to DEPTH callbacks. Each state to compare with has been compared
 * with a model that knows nothing of interrupts.
 *
 * A callback that finds the state busy counts itself as ignored, and changes nothing else. In
 * mode 0 it need not look: it is counted as lost, and so is each, wherever it comes.
 *
 * The outer one's task also dies at each instruction. And at random, callbacks interrupt it
 * that are interrupted in turn, or the stores of KCOV_RESET_TRACE come one by one.
 *
 * ptrace() could step, too. With the handler of the traps in the program itself, what is done at
 * an instruction takes no system call, and no other process.
 *
 * test_step [--all] [--seed=N] [MODE...]
 *
 *	--all	nothing at random, but all of it
 */
#define _GNU_SOURCE

#include "tap.h"

#ifndef __x86_64__

int main(void)
{
	tap_skip("every instruction", "stepping is for x86-64");
	return tap_done();
}

#else

#include "step.h"
#include "world.h"

#define LETTERS		5		/* of the longest trace, the outer callback included */
#define RESET_LETTERS	3		/* the same with resets in it */
#define DEPTH		3		/* callbacks, to tell one state from another */
#define INSTRUCTIONS	1000		/* of a callback, at most */
#define STATES		2000
#define LEGAL		4

/* ---- what may come out ---- */

/* Traces, and the states that they lead to from the one that is looked at. */
struct legal {
	unsigned int	n;
	char		trace[LEGAL][TEXT];
	struct image	image[LEGAL];
};

/* The state that is looked at, the trace that led there, and the callback there. */
static struct image start;
static const char *past;
static char outer;
static int going_on;			/* windows that do not begin with it */

/* The same with a '.' in @order for the outer callback. */
static void legal_add(struct legal *l, const char *order)
{
	char *dot, *trace = l->trace[l->n], all[2 * TEXT];

	snprintf(trace, TEXT, "%s", order);
	dot = strchr(trace, '.');
	if (dot)
		*dot = outer;
	load(&start);
	happens(trace);
	/* Nothing interrupts here. */
	CHECK(!d->ignored);
	save(&l->image[l->n++]);
	snprintf(all, sizeof(all), "%s%s", past, trace);
	if (!CHECK(model_agrees(all)))
		tap_diag("the model does not agree: %s", all);
}

/* Did it come out? @which: the windows that must be as one trace has them. */
static bool legal_part(const struct legal *l, unsigned int from, unsigned int to, int which)
{
	struct image now;
	unsigned int i;
	bool ok = false;

	for (i = from; i < to; i++)
		if (d->mode == l->image[i].d.mode && same_part(which, &l->image[i]))
			return true;
	/* Never so far. The engine may come to leave traces in memory that mean nothing. */
	save(&now);
	for (i = from; i < to && !ok; i++)
		ok = now.d.mode == l->image[i].d.mode &&
		     as_good(&now, &l->image[i], which, DEPTH);
	load(&now);
	return ok;
}

/* ---- interrupts ---- */

/* What other CPUs or userspace store, then what callbacks an interrupt makes. */
struct interrupt {
	const char	*stores;
	char		callbacks[4];
	struct legal	legal;		/* if the callbacks are accepted */
	bool		apart;		/* each window may come out in its own way */
	struct interrupt *ignored;	/* the one without the callbacks */
};

static struct interrupt interrupts[64];
static unsigned int n_interrupts;

static struct interrupt *interrupt_add(const char *stores, struct interrupt *ignored)
{
	struct interrupt *it = &interrupts[n_interrupts++];

	it->stores = stores;
	it->ignored = ignored ? ignored : it;
	/* Userspace's stores mean one window each. */
	it->apart = strpbrk(stores, "zy");
	it->callbacks[0] = 0;
	return it;
}

static void interrupts_make(void)
{
	static const char *const stores[] = { "", "R", "z", "y", "zyR" };
	struct interrupt *none, *it;
	unsigned int i, k;

	n_interrupts = 0;
	for (i = 0; i < ARRAY_SIZE(stores); i++) {
		if ((!strcmp(stores[i], "z") && !has_main()) ||
		    (!strcmp(stores[i], "y") && !has_edges()))
			continue;
		none = interrupt_add(stores[i], NULL);
		for (k = 0; k < PCS; k++) {
			it = interrupt_add(stores[i], none);
			snprintf(it->callbacks, sizeof(it->callbacks), "%c", 'a' + k);
		}
		for (k = 0; k < PCS * PCS && !*stores[i]; k++) {
			it = interrupt_add(stores[i], none);
			snprintf(it->callbacks, sizeof(it->callbacks), "%c%c", 'a' + k / PCS,
				 'a' + k % PCS);
		}
	}
}

static void legal_order(struct legal *l, const char *first, const char *second,
			const char *third)
{
	char order[TEXT];

	snprintf(order, sizeof(order), "%s%s%s", first, second, third);
	legal_add(l, order);
}

/* The first one is before the outer callback, the second one after it. */
static void interrupt_legal(struct interrupt *it)
{
	struct legal *l = &it->legal;
	bool flag = strchr(it->stores, 'R');

	l->n = 0;
	legal_order(l, it->stores, it->callbacks, ".");
	legal_order(l, ".", it->stores, it->callbacks);
	if (it->callbacks[0] || !it->apart)
		return;
	/* A store of 0 is lost if the outer callback stores the count later. */
	legal_order(l, ".", flag ? "R" : "", "");
	if (flag)
		legal_add(l, "zy.R");
}

/* ---- the outer callback, step by step ---- */

struct steps {
	unsigned int	n;
	struct instant	at[INSTRUCTIONS];
	struct image	image[INSTRUCTIONS];
};

/* Of the outer callback, and of one that interrupts it. */
static struct steps outer_steps, inner_steps, *steps;

/* Addresses of instructions; the program is small. */
static bool met[1 << 16];
static unsigned int n_met;

static uint64_t seed = 20261125;
static bool everything;
static unsigned long long interleavings, accepted, nested, split;	/* of a configuration */
static unsigned long long all_interleavings, deaths, aheads;

static void taken(const greg_t *reg)
{
	bool *at = &met[reg[REG_RIP] % ARRAY_SIZE(met)];

	if (steps->n == INSTRUCTIONS)
		abort();
	n_met += !*at;
	*at = true;
	step_keep(&steps->at[steps->n], reg);
	save(&steps->image[steps->n++]);
}

static void step(struct steps *into, char letter)
{
	unsigned long arg[STEP_ARGS];
	void *hook = hook_of(letter, arg);

	steps = into;
	steps->n = 0;
	step_call(hook, arg, true);
}

/* Where it is, for those who will look for the reason. */
static unsigned int now_at;
static const struct interrupt *now_in;

static void say(const char *what)
{
	tap_diag("mode %u, sets of %u, room for %u, %u slots: %s", mode_of(config), config->limit,
		 config->items, config->young, what);
	tap_diag("after '%s%s', in '%c', at instruction %u of %u, at %#llx", config->before,
		 past, outer, now_at, outer_steps.n, outer_steps.at[now_at].reg[REG_RIP]);
	if (now_in)
		tap_diag("'%s%s' interrupts", now_in->stores, now_in->callbacks);
}

/* Of a broken engine. */
static void crashed(int sig)
{
	(void)sig;
	say("crashed");
	exit(1);
}

static bool came_out(const struct interrupt *it, unsigned int k)
{
	const struct legal *l = &it->legal;
	unsigned int from = 0, to = l->n;

	/* Before the first instruction, and at the return, there is but one way. */
	if (!k)
		to = 1;
	else if (k == outer_steps.n - 1)
		from = 1, to = 2;
	if (!it->apart || to == from + 1)
		return legal_part(l, from, to, BOTH);
	return legal_part(l, from, to, MAIN) && legal_part(l, from, to, EDGE);
}

/* Is the PC in the set? Then a callback in mode 2 is done without a look at busy. */
static bool is_known(char letter)
{
	unsigned long pc = pcs[letter - 'a'];
	u32 i;

	for (i = 0; i < d->main.set.used; i++)
		if (d->main.set.keys[i] == pc)
			return true;
	return false;
}

/* A callback was not ignored, although it found @before, which is busy. */
static bool need_not_look(struct image *before, char letter)
{
	if (!before->d.mode)
		before->d.main.dropped++;
	else if (!(config->mode & MODE_PC) || has_edges() || !is_known(letter))
		return false;
	return world_is(before);
}

/* Callbacks that an interrupt makes, one after another. */
static void interrupt(const char *callbacks)
{
	static struct image before;

	for (; *callbacks; callbacks++) {
		save(&before);
		happen(*callbacks);
		if (!d->ignored) {
			CHECK(!before.d.busy || need_not_look(&before, *callbacks));
			continue;
		}
		CHECK(before.d.busy && d->ignored == 1);
		d->ignored = 0;
		CHECK(world_is(&before));
	}
}

/*
 * In mode 0, at an instant of @s, which has begun in @from: is the reset that was asked for no
 * longer to be seen, but the old count still there? A callback that comes now is of the old window.
 */
static bool reset_ahead(const struct steps *s, unsigned int k, const struct image *from)
{
	unsigned long lots = 1000;
	static struct image now;
	bool ahead;

	if (config->mode || !(from->d.mode & KCOV_DEDUP_RESET) || s->image[k].d.mode)
		return false;
	save(&now);
	load(&s->image[k]);
	d->main.dropped = lots;
	step_resume(&s->at[k], false);
	ahead = d->main.dropped < lots;
	load(&now);
	aheads += ahead;
	return ahead;
}

static void interrupt_at(unsigned int k, const struct interrupt *it)
{
	bool ahead = reset_ahead(&outer_steps, k, &start);
	static struct image before;

	now_in = it;
	load(&outer_steps.image[k]);
	happens(it->stores);
	save(&before);
	interrupt(it->callbacks);
	interleavings++;
	/* If nothing has changed, they might as well not have come. */
	if (!world_is(&before))
		accepted++;
	if (world_is(&before) || ahead)
		it = it->ignored;
	step_resume(&outer_steps.at[k], false);
	if (!CHECK(!d->ignored) || !CHECK(came_out(it, k)))
		say("no legal order");
}

/* ---- what userspace sees meanwhile ---- */

/* The items that the count covers are there, at any time. */
static bool is_covered(const struct kcov_dedup_window *w, const struct image *end, u32 words)
{
	const unsigned long *area = moved(w->area, end);
	unsigned long count = w->area[0];

	return count <= area[0] && !memcmp(w->area + 1, area + 1, count * words * sizeof(long));
}

/* Until the first item of a new window is counted, the old count covers it. */
static int windows_going_on(void)
{
	return (is_new(d, &d->main) ? 0 : MAIN) | (is_new(d, &d->edge) ? 0 : EDGE);
}

static void look_meanwhile(unsigned int k, const struct image *end)
{
	load(&outer_steps.image[k]);
	if ((going_on & MAIN && !CHECK(is_covered(&d->main, end, words_of_item()))) ||
	    (going_on & EDGE && !CHECK(is_covered(&d->edge, end, 1))))
		say("the count covers what is not there");
}

/* ---- the task dies ---- */

/* The task exits, and another one enables the same mode; then @trace. As kcov_uniq.c. */
static void enable(struct image *image, const char *trace)
{
	happen('f');
	if (!config->mode)
		kcov_dedup_reset(&d->main);
	kcov_dedup_start(d, config->mode);
	happens(trace);
	save(image);
}

/* How it may go on: as if the outer callback had not come, or had returned, or anew. */
struct lives {
	struct image	image[3];
};

static void lives_make(struct lives *l, const char *trace)
{
	load(&start);
	enable(&l->image[0], trace);
	load(&start);
	happen(outer);
	enable(&l->image[1], trace);
	load(&start);
	enable(&l->image[2], "R");
	happens(trace);
	save(&l->image[2]);
}

static bool lives_on(const struct image *now, const struct lives *l)
{
	bool ok = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(l->image) && !ok; i++)
		ok = as_good(now, &l->image[i], BOTH, DEPTH - 1);
	return ok;
}

/* What userspace does then: nothing, or a reset of either kind. */
static const char *const then[] = { "", "zy", "zyR" };

static struct lives all_lives[ARRAY_SIZE(then)];

static void dies(unsigned int k)
{
	static struct image now;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(then); i++) {
		load(&outer_steps.image[k]);
		enable(&now, then[i]);
		if (CHECK(lives_on(&now, &all_lives[i])))
			continue;
		say("what a dead task left is torn");
		tap_diag("after the next enable, and then '%s'", then[i]);
	}
}

static void die_at(unsigned int k)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(then) && !k; i++)
		lives_make(&all_lives[i], then[i]);
	/* All that a dead task leaves is memory. */
	if (!k || !same_image(&outer_steps.image[k], &outer_steps.image[k - 1]))
		dies(k);
	deaths++;
}

/* ---- two levels ---- */

static struct interrupt *interrupt_of(const char *stores, char callback)
{
	char callbacks[2] = { callback };
	struct interrupt *it = interrupts;

	while (strcmp(it->stores, stores) || strcmp(it->callbacks, callbacks))
		it++;
	return it;
}

/* The callback @inner interrupts the outer one, and @third that one, at each instruction. */
static void nested_check(unsigned int k, char inner, unsigned int j, char third,
			 const struct legal *all)
{
	const struct interrupt *it = interrupt_of("", inner);
	const char thirds[2] = { third };
	const struct legal *l = all;
	static struct image before;

	now_in = it;
	load(&inner_steps.image[j]);
	save(&before);
	/* The inner one has counted itself already, or will do so. */
	d->ignored = 0;
	interrupt(thirds);
	d->ignored = before.d.ignored;
	if (world_is(&before) || reset_ahead(&inner_steps, j, &outer_steps.image[k]))
		l = &it->legal;
	step_resume(&inner_steps.at[j], false);
	if (CHECK(d->ignored <= outer_steps.image[k].d.busy))
		d->ignored = 0;
	if (world_is(&outer_steps.image[k]) || reset_ahead(&outer_steps, k, &start))
		l = &it->ignored->legal;
	step_resume(&outer_steps.at[k], false);
	nested++;
	if (!CHECK(!d->ignored) || !CHECK(legal_part(l, 0, l->n, BOTH))) {
		say("no legal order");
		tap_diag("and is interrupted by '%c' at instruction %u of %u, at %#llx", third,
			 j, inner_steps.n, inner_steps.at[j].reg[REG_RIP]);
	}
}

static void nested_at(unsigned int k, char inner)
{
	static const char *const orders[] = { "31.", "13.", ".31", ".13" };
	static struct legal all[PCS];
	char order[4] = "";
	unsigned int i, j, t;

	for (t = 0; t < PCS; t++) {
		all[t].n = 0;
		for (i = 0; i < ARRAY_SIZE(orders); i++) {
			for (j = 0; j < 3; j++)
				order[j] = orders[i][j] == '1' ? inner :
					   orders[i][j] == '3' ? 'a' + (char)t : '.';
			legal_add(&all[t], order);
		}
	}
	load(&outer_steps.image[k]);
	step(&inner_steps, inner);
	for (j = 0; j < inner_steps.n; j++)
		for (t = 0; t < PCS; t++)
			nested_check(k, inner, j, 'a' + t, &all[t]);
}

/* The stores of KCOV_RESET_TRACE: the zeroes at one instruction, the flag at a later one. */
static void split_at(unsigned int k)
{
	const struct interrupt *it = interrupt_of("zyR", 0);
	const struct legal *l = &it->legal;
	unsigned int j;

	now_in = it;
	load(&outer_steps.image[k]);
	happens("zy");
	steps = &inner_steps;
	steps->n = 0;
	step_resume(&outer_steps.at[k], true);
	for (j = 0; j < inner_steps.n; j++) {
		load(&inner_steps.image[j]);
		happen('R');
		step_resume(&inner_steps.at[j], false);
		split++;
		if (CHECK(legal_part(l, 0, l->n, MAIN)) && CHECK(legal_part(l, 0, l->n, EDGE)))
			continue;
		say("no legal order");
		tap_diag("the flag comes %u instructions after the zeroes", j);
	}
}

/* ---- all of it ---- */

static void look_deeper(void)
{
	unsigned int k, i;

	if (everything) {
		for (k = 0; k < outer_steps.n && !tap.wrong; k++) {
			now_at = k;
			split_at(k);
			for (i = 0; i < PCS && !tap.wrong; i++)
				nested_at(k, 'a' + i);
		}
		return;
	}
	k = rnd_below(&seed, outer_steps.n);
	now_at = k;
	switch (rnd_below(&seed, 4)) {
	case 0:
		split_at(k);
		break;
	case 1:
		nested_at(k, 'a' + rnd_below(&seed, PCS));
		break;
	}
}

/* From the state in the world, which @trace has led to, the callback @letter. */
static void look(const char *trace, char letter)
{
	const struct image *end;
	unsigned int k, i;

	save(&start);
	going_on = windows_going_on();
	past = trace;
	outer = letter;
	for (i = 0; i < n_interrupts; i++)
		interrupt_legal(&interrupts[i]);
	end = &interrupts[0].legal.image[0];
	load(&start);
	step(&outer_steps, letter);
	CHECK(world_is(end));
	for (k = 0; k < outer_steps.n && !tap.wrong; k++) {
		now_at = k;
		now_in = NULL;
		look_meanwhile(k, end);
		die_at(k);
		for (i = 0; i < n_interrupts && !tap.wrong; i++)
			interrupt_at(k, &interrupts[i]);
	}
	if (!tap.wrong)
		look_deeper();
}

struct state {
	char		trace[TEXT];
	struct image	image;
};

static struct state *states;
static unsigned int n_states;

static bool state_known(const struct image *image, unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		if (same_image(image, &states[from].image))
			return true;
	return false;
}

/* The state in the world, unless it is one of those from @first on. */
static void state_add(const char *trace, const char *more, unsigned int first)
{
	struct state *s = &states[n_states];

	if (n_states == STATES)
		abort();
	save(&s->image);
	if (state_known(&s->image, first, n_states))
		return;
	snprintf(s->trace, sizeof(s->trace), "%s%s", trace, more);
	n_states++;
}

static void look_from(const struct state *s)
{
	static const char outers[] = "abcf";
	const char *o;

	for (o = outers; *o && !tap.wrong; o++) {
		load(&s->image);
		look(s->trace, *o);
	}
}

/* All traces of up to @most things that happen, the outer callback included. */
static void look_at_all(const char *const *things, int most)
{
	unsigned int first = n_states, next = first, end, i;
	int length;

	init();
	happens(config->before);
	state_add("", "", first);
	for (length = 1; length <= most; length++) {
		for (end = n_states; next < end && !tap.wrong; next++) {
			/* With other things that happen, it has been looked at. */
			if (!state_known(&states[next].image, 0, first))
				look_from(&states[next]);
			for (i = 0; things[i] && length < most; i++) {
				load(&states[next].image);
				happens(things[i]);
				state_add(states[next].trace, things[i], first);
			}
		}
	}
}

static bool wanted(char **mode, u32 m)
{
	bool any = *mode;

	for (; *mode; mode++)
		if (strtoul(*mode, NULL, 0) == m)
			return true;
	return !any;
}

/* @modes: those that are wanted. Nothing more after something is wrong. */
static void test(const struct config *c, char **modes)
{
	static const char *const callbacks[] = { "a", "b", "c", NULL };
	static const char *const resets[] = { "a", "b", "c", "z", "y", "R", "zyR", "f", NULL };
	struct shape shape = { c->items + 1, c->limit };
	unsigned int plain;

	if (tap.failed || !wanted(modes, mode_of(c)))
		return;
	config = c;
	interleavings = 0;
	accepted = 0;
	nested = 0;
	split = 0;
	aheads = 0;
	model_make(&model, c->mode, shape, shape);
	interrupts_make();
	n_states = 0;
	look_at_all(callbacks, LETTERS);
	plain = n_states;
	look_at_all(resets, RESET_LETTERS);
	model_free(&model);
	all_interleavings += interleavings;
	CHECK(config->mode || aheads);
	tap_result("mode %u, sets of %u, room for %u, %u slots, %u as they come: %u + %u states, "
		   "%llu interleavings, %llu accepted; %llu of two levels, %llu of a split reset",
		   mode_of(c), c->limit, c->items, c->young, c->raw, plain, n_states - plain,
		   interleavings, accepted, nested, split);
}

static bool can_step(void)
{
	static const struct config any = { .mode = MODE_PC, .limit = LIMIT, .items = ITEMS };

	config = &any;
	init();
	step(&outer_steps, 'a');
	return outer_steps.n > 20;
}

/* Return: the arguments that are left, modes. */
static char **options(char **argv)
{
	for (; *++argv && **argv == '-';) {
		if (!strcmp(*argv, "--all"))
			everything = true;
		else if (!strncmp(*argv, "--seed=", 7))
			seed = strtoull(*argv + 7, NULL, 0);
		else
			exit(2);
	}
	seed += !seed;
	return argv;
}

int main(int argc, char **argv)
{
	static const u32 modes[] = { 0, MODE_PC, MODE_BITMAP, MODE_EDGE, MODE_BOTH, MODE_CMP,
				     MODE_COMPACT };
	static const struct config shapes[] = {
		{ .limit = 16, .items = ITEMS, .before = "bcacbabzyR" },
		{ .limit = 2, .items = ITEMS, .before = "" },
		{ .limit = 16, .items = 2, .before = "" },
	};
	/* All items of a young window; two, then it grows up; all that there is room for. */
	static const struct config young[] = {
		{ .limit = 16, .items = ITEMS, .before = "bcacbabzyR", .young = 64 },
		{ .limit = 16, .items = ITEMS, .before = "", .young = 16 },
		{ .limit = 16, .items = 2, .before = "", .young = 16 },
	};
	static const struct config others[] = {
		{ .limit = 16, .items = ITEMS, .before = "", .cmps = true },
		/* Pairs that had to make room, and some that found none. */
		{ .mode = MODE_COMPACT, .limit = 4, .items = ITEMS, .before = "aabacabbcbaccb" },
		/* Written as they come: two; two, without places for all; all that there is room for. */
		{ .mode = MODE_COMPACT, .limit = 16, .items = ITEMS, .before = "", .raw = 2 },
		{ .mode = MODE_COMPACT, .limit = 2, .items = ITEMS, .before = "ab", .raw = 3 },
		{ .mode = MODE_COMPACT, .limit = 16, .items = 2, .before = "", .raw = 3 },
	};
	struct config c;
	size_t i, k;

	(void)argc;
	argv = options(argv);
	states = calloc(STATES, sizeof(*states));
	step_init(taken);
	signal(SIGSEGV, crashed);
	if (!can_step()) {
		tap_skip("every instruction", "breakpoints do nothing here");
		return tap_done();
	}
	tap_diag("seed %llu", (unsigned long long)seed);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		for (k = 0; k < ARRAY_SIZE(shapes); k++) {
			c = shapes[k];
			c.mode = modes[i];
			test(&c, argv);
		}
		for (k = 0; k < ARRAY_SIZE(young) && modes[i] & (MODE_PC | MODE_EDGE | MODE_CMP); k++) {
			c = young[k];
			c.mode = modes[i];
			test(&c, argv);
		}
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		test(&others[i], argv);
	tap_diag("%llu interleavings at %u instructions, %llu deaths", all_interleavings, n_met,
		 deaths);
	return tap_done();
}

#endif
