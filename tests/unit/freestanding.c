// SPDX-License-Identifier: MIT
/* Every function of the engine, for test_freestanding.sh to look at. */
#include "kcov_dedup.h"

void set_init(struct kcov_dedup_set *set, void *mem, u32 limit);
int set_has(struct kcov_dedup_set *set, unsigned long key);
int set_add(struct kcov_dedup_set *set, unsigned long key);
void slow(struct kcov_dedup *d, unsigned long pc);
int fast(struct kcov_dedup *d, unsigned long main0, unsigned long pc);
void start(struct kcov_dedup *d, u32 mode);
size_t set_bytes(u32 limit);

void set_init(struct kcov_dedup_set *set, void *mem, u32 limit)
{
	kcov_dedup_set_init(set, mem, limit);
}

int set_has(struct kcov_dedup_set *set, unsigned long key)
{
	return kcov_dedup_set_has(set, key);
}

int set_add(struct kcov_dedup_set *set, unsigned long key)
{
	return kcov_dedup_set_add(set, key);
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

size_t set_bytes(u32 limit)
{
	return kcov_dedup_set_bytes(limit);
}
