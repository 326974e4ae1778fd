// SPDX-License-Identifier: MIT
/* Every function of the engine, for test_freestanding.sh to look at. */
#include "kcov_dedup.h"

void set_init(struct kcov_dedup_set *set, void *mem, u32 limit, u32 words);
int set_has(struct kcov_dedup_set *set, unsigned long key);
int set_add(struct kcov_dedup_set *set, unsigned long key);
int set_add_cmp(struct kcov_dedup_set *set, const union kcov_dedup_cmp *cmp);
void slow(struct kcov_dedup *d, unsigned long pc);
int fast(struct kcov_dedup *d, unsigned long main0, unsigned long pc);
void start(struct kcov_dedup *d, u32 mode);
void cmp(struct kcov_dedup *d, u64 type, u64 arg1, u64 arg2, u64 pc);
size_t set_bytes(u32 limit, u32 words);
size_t compact_bytes(u32 limit);
void compact_init(struct kcov_dedup *d, void *mem);
int compacts(const struct kcov_dedup *d);
void compact(struct kcov_dedup *d, unsigned long pc);
void flush(struct kcov_dedup *d);

void set_init(struct kcov_dedup_set *set, void *mem, u32 limit, u32 words)
{
	kcov_dedup_set_init(set, mem, limit, words);
}

int set_has(struct kcov_dedup_set *set, unsigned long key)
{
	return kcov_dedup_set_has(set, &key, KCOV_DEDUP_PC_WORDS);
}

int set_add(struct kcov_dedup_set *set, unsigned long key)
{
	return kcov_dedup_set_add(set, &key, KCOV_DEDUP_PC_WORDS);
}

int set_add_cmp(struct kcov_dedup_set *set, const union kcov_dedup_cmp *cmp)
{
	return kcov_dedup_set_add(set, cmp->word, KCOV_DEDUP_CMP_WORDS);
}

void slow(struct kcov_dedup *d, unsigned long pc)
{
	kcov_dedup_slow(d, pc);
}

int fast(struct kcov_dedup *d, unsigned long main0, unsigned long pc)
{
	return kcov_dedup_fast(d, main0, pc);
}

void start(struct kcov_dedup *d, u32 mode)
{
	kcov_dedup_start(d, mode);
}

void cmp(struct kcov_dedup *d, u64 type, u64 arg1, u64 arg2, u64 pc)
{
	union kcov_dedup_cmp c = { .field = { type, arg1, arg2, pc } };

	if (!kcov_dedup_cmp_fast(d, &c))
		kcov_dedup_cmp(d, &c);
}

size_t set_bytes(u32 limit, u32 words)
{
	return kcov_dedup_set_bytes(limit, words);
}

size_t compact_bytes(u32 limit)
{
	return kcov_dedup_compact_bytes(limit);
}

void compact_init(struct kcov_dedup *d, void *mem)
{
	kcov_dedup_compact_init(&d->main, &d->compact, mem, 256);
}

int compacts(const struct kcov_dedup *d)
{
	return kcov_dedup_compacts(d);
}

void compact(struct kcov_dedup *d, unsigned long pc)
{
	kcov_dedup_compact(d, pc);
}

void flush(struct kcov_dedup *d)
{
	kcov_dedup_flush(d);
}
