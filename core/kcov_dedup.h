/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Record each PC, edge or comparison of a KCOV window once; or a shortened trace that
 * has the same PCs and the same pairs of consecutive PCs as the whole one.
 *
 * Pure data structure, used by the kernel's coverage callbacks and, unchanged,
 * by host tests: the caller passes memory in, nothing here allocates, locks,
 * prints or calls out, and every loop is bounded.
 *
 * kcov_dedup_set.h has sets, kcov_dedup_window.h what is made of a set and an area,
 * kcov_dedup_compact.h shortened traces. This file has what callbacks call.
 *
 * Re-entrancy: a callback can be interrupted at any instruction by code that
 * makes callbacks of its own (an everyday fact on PREEMPT kernels).
 *
 * - @busy is set while the state may be inconsistent. A callback that finds it
 *   set returns, and has changed nothing but @ignored. Only the callback that set it clears
 *   it, so from setting to clearing it is alone with the state.
 * - A callback that is interrupted before it set @busy, between the test and the
 *   store at the latest, has changed nothing. The inner one runs from beginning to
 *   end, as if it had come first. So nothing that was read before the store may be
 *   relied on after it: kcov_dedup_slow(), kcov_dedup_young(), kcov_dedup_cmp_fast() and
 *   kcov_dedup_compact() read all they need, word 0 included, after kcov_dedup_enter(); so
 *   does kcov_dedup_fast() for edges and for compact traces. A window that has grown up before
 *   kcov_dedup_young() comes to it has no @room there. But for one thing: that word 0 of a
 *   compact trace was not 0 says that nobody had asked for a new window by then. If one was
 *   asked for and begun in between, the callback goes on in that one.
 * - kcov_dedup_fast() looks for PCs in the set without @busy. That writes nothing, so it harms
 *   nobody. Its answer, SEEN, is right for one of two moments: keys are only added
 *   to a window, so if it was not interrupted by the start of a new one, the key is
 *   in the set. If it was, then the new window was asked for after this callback
 *   looked at word 0, and the callback counts as one of the old window (its edge,
 *   if edges are recorded, too, as one of the edge window that there is then).
 * - A task that dies inside a callback leaves @busy set: kcov_dedup_start() clears it, and
 *   new windows begin, since the parts of the old ones may not fit together.
 */
#ifndef _KCOV_DEDUP_H
#define _KCOV_DEDUP_H

#include "kcov_dedup_compact.h"

/* What to record; the numbers are those of KCOV_ENABLE. */
#define KCOV_DEDUP_PC		2U
#define KCOV_DEDUP_EDGE		4U
#define KCOV_DEDUP_CMP		8U
#define KCOV_DEDUP_COMPACT	16U

/*
 * With KCOV_DEDUP_PC: the main area does not begin where the caller thinks that it does, so
 * @main0 of kcov_dedup_fast() is another word.
 */
#define KCOV_DEDUP_BITMAP	32U

/* Set in kcov_dedup.mode, by anybody: reset the windows first. */
#define KCOV_DEDUP_RESET	0x10000U

/**
 * struct kcov_dedup - what the callbacks of one KCOV descriptor work on
 * @mode:	what to record: KCOV_DEDUP_*, or 0 to count callbacks as dropped
 * @busy:	see "Re-entrancy" above
 * @ignored:	callbacks that found it set; no more, and perhaps less, than there were
 * @main:	the window of PCs, or of comparisons
 * @edge:	the window of edge words
 * @compact:	of a compact trace, what @main does not hold
 */
struct kcov_dedup {
	u32				mode;
	u32				busy;
	unsigned long			ignored;
	struct kcov_dedup_window	main;
	struct kcov_dedup_window	edge;
	struct kcov_dedup_compact	compact;
};

/**
 * kcov_dedup_enter() - keep callbacks that interrupt this one away
 * @d: the state
 *
 * Return: false if this one has interrupted another, and must change nothing.
 */
static __always_inline bool kcov_dedup_enter(struct kcov_dedup *d)
{
	if (unlikely(READ_ONCE(d->busy))) {
		WRITE_ONCE(d->ignored, d->ignored + 1);
		return false;
	}
	WRITE_ONCE(d->busy, 1);
	/* Pairs with the barrier() in kcov_dedup_leave(), on the same CPU. */
	barrier();
	return true;
}

static __always_inline void kcov_dedup_leave(struct kcov_dedup *d)
{
	/* Pairs with the barrier() in kcov_dedup_enter(), on the same CPU. */
	barrier();
	WRITE_ONCE(d->busy, 0);
}

/* After kcov_dedup_enter(): the mode, without a reset, which is done. */
static __always_inline u32 kcov_dedup_mode(struct kcov_dedup *d)
{
	u32 mode = READ_ONCE(d->mode);

	if (unlikely(mode & KCOV_DEDUP_RESET)) {
		/* First: if somebody sets it again from here on, we come again. */
		mode &= ~KCOV_DEDUP_RESET;
		WRITE_ONCE(d->mode, mode);
		kcov_dedup_reset(&d->main);
		kcov_dedup_reset(&d->edge);
	}
	return mode;
}

/*
 * In mode 0: a callback that the area has no room for. Of two, one inside the other, one may
 * not be counted, on machines that do not add to memory in one instruction.
 */
static __always_inline void kcov_dedup_lost(struct kcov_dedup *d)
{
	/*
	 * Not by WRITE_ONCE(): GCC would load, add and store. A reset that others begin in
	 * between would be undone. Only this task writes here; who reads meanwhile gets one
	 * number or the next one.
	 */
	data_race(d->main.dropped++);
}

/**
 * kcov_dedup_compacts() - is it a compact trace?
 * @d: the state
 *
 * Return: true if what kcov_dedup_fast() has not done is for kcov_dedup_compact(), false
 * if it is for kcov_dedup_slow(). Two functions, so that neither pays for the other's
 * registers if they are not inlined into the same one.
 */
static __always_inline bool kcov_dedup_compacts(const struct kcov_dedup *d)
{
	return READ_ONCE(d->mode) & KCOV_DEDUP_COMPACT;
}

/**
 * kcov_dedup_compact() - a PC of a compact trace
 * @d:	the state
 * @pc:	the PC, not 0
 *
 * Any context; see "Re-entrancy" above.
 */
static __always_inline void kcov_dedup_compact(struct kcov_dedup *d, unsigned long pc)
{
	if (!kcov_dedup_enter(d))
		return;

	if (kcov_dedup_mode(d) & KCOV_DEDUP_COMPACT)
		kcov_dedup_compact_add(&d->main, &d->compact, pc);

	kcov_dedup_leave(d);
}

/**
 * kcov_dedup_slow() - a PC, unless it is one of a compact trace
 * @d:	the state
 * @pc:	the PC
 *
 * After kcov_dedup_enter(), or a kcov_dedup_young() that was not done. Leaves.
 */
static __always_inline void kcov_dedup_slow(struct kcov_dedup *d,
					    unsigned long pc)
{
	unsigned long word;
	u32 mode = kcov_dedup_mode(d);

	if (mode & KCOV_DEDUP_PC) {
		kcov_dedup_reset_if_asked(&d->main, KCOV_DEDUP_PC_WORDS);
		kcov_dedup_add(&d->main, &pc, KCOV_DEDUP_PC_WORDS);
	}
	if (mode & KCOV_DEDUP_EDGE) {
		kcov_dedup_reset_if_asked(&d->edge, KCOV_DEDUP_PC_WORDS);
		word = pc ^ d->edge.prev;
		d->edge.prev = kcov_dedup_edge_hash(pc);
		kcov_dedup_add(&d->edge, &word, KCOV_DEDUP_PC_WORDS);
	}
	/* kcov_dedup_fast() looks at one of them. */
	if ((mode & (KCOV_DEDUP_PC | KCOV_DEDUP_EDGE)) == (KCOV_DEDUP_PC | KCOV_DEDUP_EDGE) &&
	    !d->main.set.used != !d->edge.set.used) {
		kcov_dedup_grow_up(&d->main, KCOV_DEDUP_PC_WORDS);
		kcov_dedup_grow_up(&d->edge, KCOV_DEDUP_PC_WORDS);
	}
	/* The first one after a reset. */
	if (!mode)
		kcov_dedup_lost(d);

	kcov_dedup_leave(d);
}

/**
 * kcov_dedup_cmp_fast() - a comparison, if its window is young or has it
 * @d:		the state
 * @cmp:	the comparison
 *
 * Any context; see "Re-entrancy" above.
 *
 * Return: true if the callback is done; false if it is for kcov_dedup_cmp(), and has entered.
 */
static __always_inline bool
kcov_dedup_cmp_fast(struct kcov_dedup *d, const union kcov_dedup_cmp *cmp)
{
	struct kcov_dedup_window *w = &d->main;

	if (!kcov_dedup_enter(d))
		return true;
	if (READ_ONCE(d->mode) != KCOV_DEDUP_CMP)
		return false;
	kcov_dedup_reset_if_asked(w, KCOV_DEDUP_CMP_WORDS);
	if (w->set.used ? !kcov_dedup_set_has(&w->set, cmp->word, KCOV_DEDUP_CMP_WORDS) :
			  !kcov_dedup_young_add(w, cmp->word, KCOV_DEDUP_CMP_WORDS))
		return false;
	kcov_dedup_leave(d);
	return true;
}

/**
 * kcov_dedup_cmp() - a comparison
 * @d:		the state
 * @cmp:	the comparison
 *
 * After a kcov_dedup_cmp_fast() that was not done. Leaves.
 */
static __always_inline void
kcov_dedup_cmp(struct kcov_dedup *d, const union kcov_dedup_cmp *cmp)
{
	u32 mode = kcov_dedup_mode(d);

	/* It is reset already, if it was to be. */
	if (mode & KCOV_DEDUP_CMP)
		kcov_dedup_add(&d->main, cmp->word, KCOV_DEDUP_CMP_WORDS);
	if (!mode)
		kcov_dedup_lost(d);

	kcov_dedup_leave(d);
}

/* The part of kcov_dedup_fast() for compact traces. */
static __always_inline bool
kcov_dedup_compact_fast(struct kcov_dedup *d, unsigned long main0, unsigned long pc)
{
	struct kcov_dedup_window *w = &d->main;
	struct kcov_dedup_next *next;
	bool done = true;

	if (unlikely(!main0))
		return false;
	if (!kcov_dedup_enter(d))
		return true;
	next = kcov_dedup_next_of(&d->compact, w->prev_id);
	if (likely(next->pc == pc))
		w->prev_id = next->last;
	else if (w->recorded < d->compact.raw && w->recorded < w->capacity)
		kcov_dedup_put(w, &pc, KCOV_DEDUP_PC_WORDS);
	else
		done = false;
	kcov_dedup_leave(d);
	return done;
}

/* What kcov_dedup_fast() has left to do. */
enum kcov_dedup_todo {
	KCOV_DEDUP_DONE,	/* nothing */
	KCOV_DEDUP_SLOW,	/* enter, and kcov_dedup_slow(); or kcov_dedup_compact() */
	KCOV_DEDUP_YOUNG_PC,	/* kcov_dedup_young() */
	KCOV_DEDUP_YOUNG_EDGE,
	KCOV_DEDUP_YOUNG_BOTH,
};

/**
 * kcov_dedup_young() - a PC, if the windows are young
 * @d:		the state
 * @pc:		the PC
 * @what:	KCOV_DEDUP_YOUNG_*, a constant
 *
 * Any context; see "Re-entrancy" above.
 *
 * Return: true if the callback is done; false if it is for kcov_dedup_slow(), has entered, and
 * may have recorded the PC already, but not the edge.
 */
static __always_inline bool
kcov_dedup_young(struct kcov_dedup *d, unsigned long pc, enum kcov_dedup_todo what)
{
	unsigned long word;
	bool done = true;

	if (!kcov_dedup_enter(d))
		return true;
	if (what != KCOV_DEDUP_YOUNG_EDGE)
		done = likely(READ_ONCE(d->main.area[0])) &&
		       kcov_dedup_young_add(&d->main, &pc, KCOV_DEDUP_PC_WORDS);
	if (what != KCOV_DEDUP_YOUNG_PC && likely(done)) {
		word = pc ^ d->edge.prev;
		done = likely(READ_ONCE(d->edge.area[0])) &&
		       kcov_dedup_young_add(&d->edge, &word, KCOV_DEDUP_PC_WORDS);
		if (likely(done))
			d->edge.prev = kcov_dedup_edge_hash(pc);
	}
	if (likely(done))
		kcov_dedup_leave(d);
	return done;
}

/**
 * kcov_dedup_fast() - a callback, if it brings nothing new, or is lost
 * @d:		the state
 * @main0:	word 0 of the main area, as read in this callback
 * @pc:		the PC, in a compact trace not 0
 *
 * Any context; see "Re-entrancy" above.
 *
 * Return: what is left to do; unless that is nothing, nothing was changed.
 */
static __always_inline enum kcov_dedup_todo
kcov_dedup_fast(struct kcov_dedup *d, unsigned long main0, unsigned long pc)
{
	u32 mode = READ_ONCE(d->mode);
	unsigned long word;
	bool done;

	if (mode == KCOV_DEDUP_PC) {
		if (!READ_ONCE(d->main.set.used))
			return KCOV_DEDUP_YOUNG_PC;
		done = likely(main0) &&
		       kcov_dedup_set_has(&d->main.set, &pc, KCOV_DEDUP_PC_WORDS);
		return done ? KCOV_DEDUP_DONE : KCOV_DEDUP_SLOW;
	}
	/* Read again: compilers would make a table of jumps for so many cases. */
	if (unlikely(!READ_ONCE(d->mode))) {
		kcov_dedup_lost(d);
		return KCOV_DEDUP_DONE;
	}
	if (mode == KCOV_DEDUP_COMPACT)
		return kcov_dedup_compact_fast(d, main0, pc) ? KCOV_DEDUP_DONE : KCOV_DEDUP_SLOW;
	if (mode == (KCOV_DEDUP_PC | KCOV_DEDUP_EDGE)) {
		if (!READ_ONCE(d->main.set.used))
			return KCOV_DEDUP_YOUNG_BOTH;
		if (unlikely(!main0) || !kcov_dedup_set_has(&d->main.set, &pc, KCOV_DEDUP_PC_WORDS))
			return KCOV_DEDUP_SLOW;
	} else if (mode == KCOV_DEDUP_EDGE) {
		if (!READ_ONCE(d->edge.set.used))
			return KCOV_DEDUP_YOUNG_EDGE;
	} else {
		done = mode == (KCOV_DEDUP_PC | KCOV_DEDUP_BITMAP) &&
		       READ_ONCE(d->main.area[0]) &&
		       kcov_dedup_set_has(&d->main.set, &pc, KCOV_DEDUP_PC_WORDS);
		return done ? KCOV_DEDUP_DONE : KCOV_DEDUP_SLOW;
	}

	if (!kcov_dedup_enter(d))
		return KCOV_DEDUP_DONE;
	word = pc ^ d->edge.prev;
	done = likely(READ_ONCE(d->edge.area[0])) &&
	       kcov_dedup_set_has(&d->edge.set, &word, KCOV_DEDUP_PC_WORDS);
	if (likely(done))
		d->edge.prev = kcov_dedup_edge_hash(pc);
	kcov_dedup_leave(d);
	return done ? KCOV_DEDUP_DONE : KCOV_DEDUP_SLOW;
}

/**
 * kcov_dedup_is_full() - has no area room for more?
 * @d:		the state
 * @mode:	what is recorded, without a reset
 *
 * Return: true if further callbacks would only be counted.
 */
static __always_inline bool kcov_dedup_is_full(const struct kcov_dedup *d, u32 mode)
{
	return (mode == KCOV_DEDUP_EDGE || d->main.recorded >= d->main.capacity) &&
	       (!(mode & KCOV_DEDUP_EDGE) || d->edge.recorded >= d->edge.capacity);
}

/**
 * kcov_dedup_flush() - write what a compact trace has not written yet
 * @d:		the state; not while a callback is running on it, unless it has died
 *
 * For the end of collecting: the last word is then the last PC. Writes nothing in other
 * modes, nor a second time. The window goes on if collecting does.
 */
static __always_inline void kcov_dedup_flush(struct kcov_dedup *d)
{
	/* That is no callback, to be counted as ignored. */
	if (READ_ONCE(d->busy) || !kcov_dedup_enter(d))
		return;

	if (kcov_dedup_mode(d) & KCOV_DEDUP_COMPACT) {
		kcov_dedup_reset_if_asked(&d->main, KCOV_DEDUP_PC_WORDS);
		kcov_dedup_path_write(&d->main, &d->compact);
	}

	kcov_dedup_leave(d);
}

/**
 * kcov_dedup_start() - collect from now on
 * @d:		the state; no callback is running on it
 * @mode:	what to record, or 0
 *
 * Windows go on as they were, unless a task died in a callback.
 */
static __always_inline void kcov_dedup_start(struct kcov_dedup *d, u32 mode)
{
	if (READ_ONCE(d->busy))
		mode |= KCOV_DEDUP_RESET;
	WRITE_ONCE(d->mode, mode | (READ_ONCE(d->mode) & KCOV_DEDUP_RESET));
	WRITE_ONCE(d->busy, 0);
}

#endif /* _KCOV_DEDUP_H */
