/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For tests only (make variable KCOV_UNIQ_TEE, see tests/boot/configs/tee.frag; not in
 * the series): every callback that is accepted is also written, raw, to a second area,
 * so that a window can be compared with the trace of the very same run.
 *
 * The last words before an area tell where to. Callbacks that interrupt another one of
 * the area are ignored here already, so that both views see the same ones, in the same
 * order, on PREEMPT kernels, too.
 *
 * A number n in the last word of the second area: the nth callback from then on dies, and
 * leaves the state as busy as it can be.
 */
#ifndef _KERNEL_KCOV_UNIQ_TEE_H
#define _KERNEL_KCOV_UNIQ_TEE_H

#include <linux/bug.h>
#include <linux/string.h>

/* Words of the second area of remote sections. */
#define KCOV_UNIQ_TEE_SECTION	(256UL << 10)

/**
 * struct kcov_uniq_tee - where to write a copy
 * @busy:	a callback is running
 * @section:	the area is that of remote sections: what it has room for, and no more
 * @words:	words of @area
 * @area:	word 0 is the number of words that follow, the last one is for
 *		kcov_uniq_tee_dies(); NULL: none is mapped
 */
struct kcov_uniq_tee {
	unsigned long	busy;
	bool		section;
	unsigned long	words;
	unsigned long	*area;
};

static __always_inline struct kcov_uniq_tee *kcov_uniq_tee_of(void *area)
{
	return area - sizeof(struct kcov_uniq_tee);
}

static __always_inline bool kcov_uniq_tee_dies(struct kcov_uniq_tee *tee)
{
	unsigned long *left = &tee->area[tee->words - 1], n = READ_ONCE(*left);

	if (n)
		WRITE_ONCE(*left, n - 1);
	return n == 1;
}

/* False if the callback is to be ignored. */
static __always_inline bool kcov_uniq_tee_enter(void *area, const unsigned long *item,
						unsigned int words)
{
	struct kcov_uniq_tee *tee = kcov_uniq_tee_of(area);
	unsigned long pos;
	unsigned int i;

	if (READ_ONCE(tee->busy))
		return false;
	WRITE_ONCE(tee->busy, 1);
	barrier();
	if (!tee->area || (tee->section && kcov_dedup_is_full(area - KCOV_UNIQ_STATE, 0)))
		return true;
	pos = READ_ONCE(tee->area[0]) + 1;
	if (words < tee->words && pos < tee->words - words) {
		for (i = 0; i < words; i++)
			WRITE_ONCE(tee->area[pos + i], item[i]);
		WRITE_ONCE(tee->area[0], pos + words - 1);
	}
	if (unlikely(kcov_uniq_tee_dies(tee))) {
		kcov_dedup_enter(area - KCOV_UNIQ_STATE);
		BUG();
	}
	return true;
}

static __always_inline void kcov_uniq_tee_leave(void *area)
{
	barrier();
	WRITE_ONCE(kcov_uniq_tee_of(area)->busy, 0);
}

/* A remote section is over: what its second area has goes to its owner's, all or nothing. */
static inline void kcov_uniq_tee_append(void *owner_area, void *area)
{
	struct kcov_uniq_tee *to = kcov_uniq_tee_of(owner_area), *from = kcov_uniq_tee_of(area);
	unsigned long pos, n = from->area[0];

	if (!to->area)
		return;
	pos = READ_ONCE(to->area[0]);
	if (n + 8 > from->words || n + 8 > to->words || pos > to->words - 8 - n) {
		/* Not to be taken for all there was. */
		WRITE_ONCE(to->area[0], to->words);
		return;
	}
	memcpy(to->area + 1 + pos, from->area + 1, n * sizeof(*to->area));
	WRITE_ONCE(to->area[0], pos + n);
}

#endif /* _KERNEL_KCOV_UNIQ_TEE_H */
