#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A test that cannot fail is a defect: every one of these broken engines must be
# caught by a test. TAP, a line for each.

set -eu

repo=$(cd "$(dirname "$0")/../.." && pwd)
cd "$repo"
cc=${CC:-gcc}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0
# Enough for the random walks to meet what a mutant breaks, if nothing else does.
export ORACLE_CALLBACKS=300000
# One failure is enough.
export TAP_STOP=1

not_ok() { failed=1; echo "not ok $n - $*"; }

tests="test_set test_edge test_cmp test_window test_oracle test_compact"

build() { # TEST
	if [ "$1" = test_step ]; then
		CC=$cc tests/unit/test_step.sh --build "$tmp/$1" "$tmp/core"
	else
		# Most mutants are caught before -O1 would pay.
		"$cc" -std=gnu11 -O0 -I"$tmp/core" -Ishim -Itests/unit "tests/unit/$1.c" \
			-o "$tmp/$1"
	fi
}

# caught_by: the test that fails with the engine in $tmp/core, or nothing.
args=
caught_by() {
	for t in $tests; do
		build "$t" 2> "$tmp/log" || { echo "the compiler"; return; }
		# In $tmp, for what a crash leaves behind; a mutant may hang, too.
		# shellcheck disable=SC2086 # a list
		(cd "$tmp" && timeout 60 "./$t" $args) > "$tmp/log" 2>&1 || { echo "$t"; return; }
	done
}

# first TEST: it is tried first from now on. Mutants that follow one another are of a kind.
first() { tests="$1 $(echo " $tests " | sed "s/ $1 / /")"; }

# mutant TEXT SED: sed must change the engine, and a test must see it.
mutant() {
	n=$((n + 1))
	for file in core/*.h; do
		sed "$2" "$file" > "$tmp/$file"
	done
	if diff -rq core "$tmp/core" > "$tmp/log"; then
		not_ok "$1: the sed expression no longer changes the engine"
		return
	fi
	by=$(caught_by 2>/dev/null)
	case $by in
	"") not_ok "$1: no test fails" ;;
	"the compiler") sed 's/^/# /' "$tmp/log"; not_ok "$1: does not compile" ;;
	*) echo "ok $n - $1: caught by $by"; first "$by" ;;
	esac
}

# The tests must pass on the engine as it is, or nothing below means anything.
n=1
cp -r core "$tmp"
by=$(caught_by)
if [ -z "$by" ]; then echo "ok 1 - the engine as it is passes"; else not_ok "the engine as it is: $by"; fi

# The set.
mutant "stale slots are taken for keys" 's/n >= set->used || set->home\[n\] != slot/n >= set->used/'
mutant "stale indices are believed" 's/n >= set->used || set->home\[n\] != slot/set->home[n] != slot/'
mutant "index one too high is believed" 's/if (n >= set->used ||/if (n > set->used ||/'
mutant "the fast look believes stale indices" 's/return likely(n < set->used) \&\&/return/'
mutant "the fast look compares half a key" 's/likely(kcov_dedup_same(set->keys + (size_t)n \* words, key, words))/likely((u32)set->keys[n] == (u32)*key)/'
mutant "the slow look compares half a key" 's/if (a\[i\] != b\[i\])/if ((u32)a[i] != (u32)b[i])/'
mutant "probes run past the table" 's/^\t\tslot &= set->mask;//'
mutant "one probe too many" 's/unsigned int probes = KCOV_DEDUP_PROBES;/unsigned int probes = KCOV_DEDUP_PROBES + 1;/'
mutant "one key too many" 's/if (n == set->limit)/if (n > set->limit)/'
mutant "one key too few" 's/if (n == set->limit)/if (n + 1 == set->limit)/'
mutant "home is not written" '/set->home\[n\] = slot;/d'
mutant "the set is too small by a slot" 's/set->mask = limit \* KCOV_DEDUP_SPARSE - 1/set->mask = limit * KCOV_DEDUP_SPARSE/'
mutant "FULL is taken for SEEN" 's/if (verdict == KCOV_DEDUP_SEEN)/if (verdict != KCOV_DEDUP_NEW)/'
mutant "full is not told" '/WRITE_ONCE(set->full, 1);/d'
mutant "a fresh set is full" 's/set->full = 0;/set->full = 1;/'

# Edge words.
mutant "11 bits of the previous PC" 's/^#define KCOV_DEDUP_EDGE_BITS.*/#define KCOV_DEDUP_EDGE_BITS 0x7ffU/'
mutant "another hash" 's/a ^= a >> 15/a ^= a >> 14/'
mutant "the first edge of a window begins anywhere" 's/w->prev = kcov_dedup_edge_hash(0);/;/'
mutant "the previous PC stays when an edge is SEEN" '/if (likely(done))/,+1d'
mutant "the previous PC moves on although slow follows" 's/if (likely(done))/if (1)/'

# Windows.
mutant "the keys stay when a window begins" '/w->set.used = 0;/d'
mutant "a reset leaves untracked" '/WRITE_ONCE(w->untracked, 0);/d'
mutant "a reset leaves dropped" '/WRITE_ONCE(w->dropped, 0);/d'
mutant "a reset leaves recorded" '/WRITE_ONCE(w->recorded, 0);/d'
mutant "a window without items is begun again" 's/return READ_ONCE(w->recorded) \&\& !(words/return !(words/'
mutant "a 0 in word 0 means nothing" 's/return READ_ONCE(w->recorded) \&\& !(words/return 0 \&\& !(words/'
mutant "one item too many" 's/if (n < w->capacity)/if (n <= w->capacity)/'
mutant "one item too few" 's/if (n < w->capacity)/if (n + 1 < w->capacity)/'
mutant "drops are not counted" 's/WRITE_ONCE(w->dropped, w->dropped + 1);/;/'
mutant "untracked items are not counted" 's/WRITE_ONCE(w->untracked, w->untracked + 1);/;/'
mutant "userspace's count is believed" 's/unsigned long n = w->recorded;/unsigned long n = w->area[0];/'
mutant "the count is written before the item" 's/^\t\tWRITE_ONCE(w->area\[1 + n\], \*item);//; s/^\t\tsmp_store_release.*/&\n\t\tWRITE_ONCE(w->area[1 + n], *item);/'
mutant "the count is not released" 's/smp_store_release(&w->area\[0\], count)/w->area[0] = count/'

# Callbacks.
mutant "busy is not looked at" 's/if (unlikely(READ_ONCE(d->busy)))/if (0)/'
mutant "busy is not set" '/WRITE_ONCE(d->busy, 1);/d'
mutant "who finds it busy is not counted" '/WRITE_ONCE(d->ignored, d->ignored + 1);/d'
mutant "who finds it busy is counted twice" 's/WRITE_ONCE(d->ignored, d->ignored + 1);/WRITE_ONCE(d->ignored, d->ignored + 2);/'
mutant "who sets busy is counted, too" 's/^\tWRITE_ONCE(d->busy, 1);/&\n\tWRITE_ONCE(d->ignored, d->ignored + 1);/'
mutant "PCs: fast is never done" 's/done = likely(main0) \&\&$/done = 0 \&\&/'
mutant "PCs and edges: fast is never done" 's/if (unlikely(!main0) || /if (1 || /'
mutant "edges: fast is never done" 's/return done ? KCOV_DEDUP_DONE : KCOV_DEDUP_SLOW;/return KCOV_DEDUP_SLOW;/'
mutant "busy is not cleared" '/^static.*kcov_dedup_leave/,/^}/s/WRITE_ONCE(d->busy, 0);//'
mutant "a start leaves busy" '/^static.*kcov_dedup_start/,/^}/s/WRITE_ONCE(d->busy, 0);//'
mutant "a start forgets the reset" 's/mode | (READ_ONCE(d->mode) & KCOV_DEDUP_RESET)/mode/'
mutant "the reset flag stays" 's/^\t\tmode &= ~KCOV_DEDUP_RESET;//'
mutant "the reset flag leaves the PCs" '/^\t\tkcov_dedup_reset(&d->main);/d'
mutant "the reset flag leaves the edges" '/RESET;/,/^\t}/s/kcov_dedup_reset(&d->edge);//'
mutant "fast ignores word 0 of the PCs" 's/if (unlikely(!main0) || /if (/'
mutant "edges: fast ignores word 0" 's/done = likely(READ_ONCE(d->edge.area\[0\])) \&\&/done =/'
mutant "fast takes every PC for SEEN" 's/if (unlikely(!main0) || .*/if (0)/'
mutant "bitmap: fast believes the caller" 's/^\t\t       READ_ONCE(d->main.area\[0\]) \&\&$/main0 \&\&/'
mutant "bitmap: fast ignores word 0" 's/^\t\t       READ_ONCE(d->main.area\[0\]) \&\&$//'
mutant "bitmap: fast is never done" 's/done = mode == (KCOV_DEDUP_PC | KCOV_DEDUP_BITMAP) \&\&/done = 0 \&\&/'
mutant "mode 0 counts nothing" '/kcov_dedup_slow(struct/,/^}/s/if (!mode)/if (0)/'
mutant "mode 0: fast counts nothing" '/^kcov_dedup_fast(struct/,/^}/s/kcov_dedup_lost(d);/;/'
mutant "mode 0: fast leaves it to slow" '/^kcov_dedup_fast(struct/,/^}/s/if (unlikely(!READ_ONCE(d->mode)))/if (0)/'
mutant "mode 0: fast leaves it to slow, and counts" '/^kcov_dedup_fast(struct/,/^}/s/^\t\tkcov_dedup_lost(d);/&\n\t\treturn KCOV_DEDUP_SLOW;/'
mutant "mode 0: fast ignores the flag" 's/if (unlikely(!READ_ONCE(d->mode)))/if (!(READ_ONCE(d->mode) \& ~KCOV_DEDUP_RESET))/'
mutant "one reset for both areas" '/kcov_dedup_slow(struct/,/^}/{s/^\tu32 mode = kcov_dedup_mode(d);/\tbool both = kcov_dedup_reset_is_asked(\&d->main, 1);\n&/; s/kcov_dedup_reset_if_asked(&d->edge, KCOV_DEDUP_PC_WORDS);/if (both || kcov_dedup_reset_is_asked(\&d->edge, 1)) kcov_dedup_reset(\&d->edge);/}'

# Comparisons.
mutant "comparisons: the PC is not compared" 's/ | (x\[3\] ^ y\[3\])//'
mutant "comparisons: the PC is not kept" '/WRITE_ONCE(x\[3\], y\[3\]);/d'
mutant "comparisons: keys overlap" 's/set->home = (u32 \*)(set->keys + limit \* words)/set->home = (u32 *)(set->keys + limit)/'
mutant "comparisons: the low half of a hash" 's/return h >> 48 ^ h >> 32;/return h;/'
mutant "comparisons: the middle of a hash" 's/return h >> 48 ^ h >> 32;/return h >> 32;/'
mutant "comparisons: the upper end of a hash" 's/return h >> 48 ^ h >> 32;/return h >> 48;/'
mutant "comparisons: a hash without the first argument" 's/ + cmp->field\[1\] \* 0xbf58476d1ce4e5b9ULL//'
mutant "comparisons: a hash without the second argument" 's/cmp->field\[2\] \* 0x94d049bb133111ebULL + //'
mutant "comparisons: a hash without the PC" 's/ + cmp->field\[3\] \* 0xd6e8feb86659fd93ULL//'
mutant "comparisons: a hash of the sum of both arguments" 's/0x94d049bb133111ebULL/0xbf58476d1ce4e5b9ULL/'
mutant "comparisons: the count is stored before the record" '/smp_wmb();/d; s/^\t\tWRITE_ONCE(\*(u64 \*)w->area, count);/&\n\t\tsmp_wmb();/'
mutant "comparisons: no barrier" '/smp_wmb();/d'
mutant "comparisons: records begin in word 0" 's/(u64 \*)w->area + 1) + n \* words/(u64 *)w->area) + n * words/'
mutant "comparisons: busy is not looked at" '/^kcov_dedup_cmp_fast(struct/,/^}/s/if (!kcov_dedup_enter(d))/kcov_dedup_enter(d); if (0)/'
mutant "comparisons: in a mode of PCs" 's/if (mode & KCOV_DEDUP_CMP)$/if (mode)/'
mutant "comparisons: mode 1 counts nothing" '/^kcov_dedup_cmp(struct/,/^}/s/if (!mode)/if (0)/'
mutant "young comparisons: the one that is there is not compared" '/^kcov_dedup_young_add(struct/,/^}/s/if (unlikely(!kcov_dedup_same(w->set.keys.*$/if (0)/'
mutant "young comparisons: the index is lost" '/^kcov_dedup_young_add(struct/,/^}/s/slot->window = window | index;/slot->window = window;/'
mutant "young comparisons: in other slots, the index is lost" '/^kcov_dedup_young_find(struct/,/^}/s/slot->window = y->window | index;/slot->window = y->window;/'
mutant "young comparisons: in other slots, it is not kept" '/^kcov_dedup_young_find(struct/,/^}/s/kcov_dedup_copy(key, item, words);/;/'
mutant "young comparisons: in other slots, none is compared" '/^kcov_dedup_young_find(struct/,/^}/s/kcov_dedup_same(key, item, words)/words > 1/'
mutant "young comparisons: the first one is left when they grow up" '/^static __always_inline void kcov_dedup_grow_up(/,/^}/s/w->young.room ? w->recorded : 0;/w->young.room ? w->recorded - !!w->recorded : 0; key += words;/'
mutant "comparisons: a 0 means nothing" '/^kcov_dedup_cmp_fast(struct/,/^}/s/kcov_dedup_reset_if_asked(w, KCOV_DEDUP_CMP_WORDS);/;/'
mutant "comparisons: what the slot has is not compared" '/^kcov_dedup_set_has(/,/^}/s/likely(kcov_dedup_same(.*words))/(words > 1 || kcov_dedup_same(set->keys + n, key, 1))/'

# Compact traces.
tests="test_compact"
mutant "compact: the path is not written on FULL" '/kcov_dedup_compact_add(struct/,/^}/s/^\t\tkcov_dedup_path_write(w, c);$/\t\tif (verdict == KCOV_DEDUP_NEW)\n\t&/'
mutant "compact: the path is never written" '/kcov_dedup_compact_add(struct/,/^}/{/kcov_dedup_path_write(w, c);$/d}'
mutant "compact: the path is written but for its last word" 's/for (; id != w->prev_id \&\& left; left--)/for (; id != w->prev_id \&\& kcov_dedup_next_of(c, id)->last != w->prev_id \&\& left; left--)/'
mutant "compact: a path of all ids is cut" 's/u32 id = c->written, left = w->set.used;/u32 id = c->written, left = w->set.used \/ 2;/'
mutant "compact: the path begins where it began before" 's/^\tc->written = id;$/;/'
mutant "compact: the PC is not the last word" 's/^\t\tc->written = id;$/;/'
mutant "compact: the previous PC stays" 's/^\tw->prev_id = id;$/;/'
mutant "compact: fast leaves the previous PC" '/kcov_dedup_compact_fast(struct/,/^}/s/w->prev_id = next->last;/;/'
mutant "compact: fast moves on although slow follows" '/kcov_dedup_compact_fast(struct/,/^}/s/^\t\tdone = false;/\t\tw->prev_id = next->last, done = false;/'
mutant "compact: fast ignores word 0" '/kcov_dedup_compact_fast(struct/,/^}/s/if (unlikely(!main0))/if (0)/'
mutant "compact: fast is never done" 's/return kcov_dedup_compact_fast.*/return false;/'
mutant "compact: fast looks at what was before the window" 's/^\tw->prev_id = KCOV_DEDUP_NONE;$//'
mutant "compact: fast ignores busy" '/kcov_dedup_compact_fast(struct/,/^}/s/if (!kcov_dedup_enter(d))/if (0)/'
mutant "compact: busy is not looked at" '/kcov_dedup_compact(struct/,/^}/s/if (!kcov_dedup_enter(d))/if (0)/'
mutant "compact: a flush within a callback" '/kcov_dedup_flush(struct/,/^}/s/if (READ_ONCE(d->busy) || !kcov_dedup_enter(d))/if (0)/'
mutant "a flush within a callback counts as ignored" '/kcov_dedup_flush(struct/,/^}/s/READ_ONCE(d->busy) || !kcov_dedup_enter(d)/!kcov_dedup_enter(d)/'
mutant "compact: a flush leaves busy" '/kcov_dedup_flush(struct/,/^}/s/kcov_dedup_leave(d);//'
mutant "compact: a flush writes a path that userspace ended" '/kcov_dedup_flush(struct/,/^}/s/kcov_dedup_reset_if_asked(&d->main, KCOV_DEDUP_PC_WORDS);//'
mutant "compact: a flush ignores the flag" 's/if (kcov_dedup_mode(d) & KCOV_DEDUP_COMPACT) {/if (READ_ONCE(d->mode) \& KCOV_DEDUP_COMPACT) {/'
mutant "compact: a flush does nothing" '/kcov_dedup_flush(struct/,/^}/s/kcov_dedup_path_write(.*);/;/'
mutant "compact: a flush in any mode" 's/if (kcov_dedup_mode(d) & KCOV_DEDUP_COMPACT) {/if (kcov_dedup_mode(d) | 1) {/'
mutant "compact: a path without PCs is written" 's/u32 id = c->written, left = w->set.used;/u32 id = c->written, left = w->set.limit;/'
mutant "compact: a 0 in word 0 means nothing" '/kcov_dedup_compact_add(struct/,/^}/s/kcov_dedup_reset_if_asked(w, KCOV_DEDUP_PC_WORDS);//'
mutant "compact: pairs stay when a window begins" 's/^\t\tc->pairs.used = 0;$//'
mutant "compact: the previous PC stays when a window begins" 's/^\t\tw->prev_id = KCOV_DEDUP_BEGIN;$//'
mutant "compact: the last word stays when a window begins" 's/^\t\tc->written = KCOV_DEDUP_BEGIN;$//'
mutant "compact: the first successor stays when a window begins" 's/^\t\tkcov_dedup_next_init(c, KCOV_DEDUP_BEGIN);$//'
mutant "compact: successors of a new PC are stale" 's/^\t\tkcov_dedup_next_init(c, id);$/;/'
mutant "compact: PCs without an id have successors" 's/if (id == KCOV_DEDUP_NONE || w->prev_id == KCOV_DEDUP_NONE)/if (id == KCOV_DEDUP_NONE)/'
mutant "compact: a PC without an id is a successor" 's/if (id == KCOV_DEDUP_NONE || w->prev_id == KCOV_DEDUP_NONE)/if (w->prev_id == KCOV_DEDUP_NONE)/'
mutant "compact: FULL is taken for SEEN" 's/if (verdict != KCOV_DEDUP_SEEN) {/if (verdict == KCOV_DEDUP_NEW) {/'
mutant "compact: FULL is not counted" '/kcov_dedup_compact_add(struct/,/^}/s/WRITE_ONCE(w->untracked, w->untracked + 1);/;/'
mutant "compact: a third successor is always NEW" 's/verdict = kcov_dedup_pair_add(c, prev, id);/kcov_dedup_pair_add(c, prev, id);/'
mutant "compact: pairs that make room are forgotten" '/kcov_dedup_pair_add(c, prev, other);/d'
mutant "compact: a third successor is taken for SEEN" 's/verdict = kcov_dedup_pair_add(c, prev, id);/verdict = KCOV_DEDUP_SEEN;/'
mutant "compact: a pair is its second PC" 's/= { .id = { prev, id } };/= { .id = { 0, id } };/'
mutant "compact: a pair is its first PC" 's/= { .id = { prev, id } };/= { .id = { prev, 0 } };/'
mutant "compact: pairs are not ordered" 's/= { .id = { prev, id } };/= { .id = { prev < id ? prev : id, prev < id ? id : prev } };/'
mutant "compact: half a hash of pairs" 's/h = (h ^ pair->id\[1\]) \* KCOV_DEDUP_GOLDEN32;/h = pair->id[0];/'
mutant "compact: the path goes along other successors" '/kcov_dedup_path_write(struct/,/^}/s/id = next->last/id = next->other/'
mutant "compact: the other successor stays the other" '/kcov_dedup_other(struct/,/^}/s/kcov_dedup_follow(next, id, pc);/;/'
mutant "compact: the successor before that is lost" '/kcov_dedup_follow(struct/,/^}/s/next->other = next->last;/;/'
mutant "compact: the PC of the last successor stays" '/kcov_dedup_follow(struct/,/^}/s/next->pc = pc;/;/'
mutant "compact: the other successor may be none" 's/if (id == KCOV_DEDUP_NONE || w->set.keys/if (w->set.keys/'
mutant "compact: no room for the PCs without an id" 's/((size_t)limit + 2) \* sizeof/((size_t)limit + 1) * sizeof/'
mutant "compact: a task that died is not noticed" '/^static.*kcov_dedup_start/,/^}/s/mode |= KCOV_DEDUP_RESET;/;/'
mutant "compact: the pairs are as many as the PCs" 's/^#define KCOV_DEDUP_PC_PAIRS.*/#define KCOV_DEDUP_PC_PAIRS 1U/; s/ \* sizeof(struct kcov_dedup_next);/ * 2 * sizeof(struct kcov_dedup_next);/'
mutant "compact: a 0 in word 0 means nothing among those that are written as they come" '/kcov_dedup_compact_add(struct/,/^}/{s/^\tkcov_dedup_reset_if_asked(w, KCOV_DEDUP_PC_WORDS);//; s/^\tif (!w->set.used) {/\tkcov_dedup_reset_if_asked(w, KCOV_DEDUP_PC_WORDS);\n&/}'
raw='/kcov_dedup_compact_add(struct/,/^}/s/w->recorded + w->dropped < c->raw/'
mutant "compact: raw is forgotten" 's/c->raw = raw;/c->raw = 0;/'
mutant "compact: the first one is not written as it comes" "${raw}w->recorded \\&\\& &/"
mutant "compact: the last one with fast is written as it comes without" "$raw&  + (w->recorded \\&\\& !w->set.used)/"
mutant "compact: none but the first one is written as it comes" "${raw}!w->recorded \\&\\& &/; s/else if (w->recorded < d->compact.raw/else if (0/"
mutant "compact: one too many is written as it comes" "${raw}w->recorded + w->dropped <= c->raw/"
mutant "compact: one too few is written as it comes, if there is no room" "${raw}w->recorded + w->dropped + !!w->dropped < c->raw/"
mutant "compact: what is dropped counts for nothing" "${raw}w->recorded < c->raw/"
mutant "compact: what is dropped counts twice" "${raw}w->recorded + 2 * w->dropped < c->raw/"
mutant "compact: what is written as it comes is not dropped" '/< c->raw) {/,/^\t}/s/kcov_dedup_put(w/if (w->recorded < w->capacity) &/'
mutant "compact: what is written as it comes takes places" '/< c->raw) {/,/^\t}/s/^\t\tkcov_dedup_put(w/\t\tw->set.used++;\n&/'
mutant "compact: fast: nothing is written as it comes" 's/else if (w->recorded < d->compact.raw .*/else if (0)/'
mutant "compact: fast: one too many is written as it comes" 's/else if (w->recorded < d->compact.raw/else if (w->recorded <= d->compact.raw/'
mutant "compact: fast: one too few is written as it comes" 's/else if (w->recorded < d->compact.raw/else if (w->recorded + 1 < d->compact.raw/'
mutant "compact: fast: all is written as it comes" 's/else if (w->recorded < d->compact.raw \&\& /else if (/'
mutant "compact: fast: what has no room is dropped" 's/else if (w->recorded < d->compact.raw \&\& .*/else if (w->recorded < d->compact.raw)/'
mutant "compact: fast: the last word of the area is left" 's/d->compact.raw \&\& w->recorded < w->capacity/d->compact.raw \&\& w->recorded + 1 < w->capacity/'
mutant "compact: fast: what is written as it comes is left, too" '/kcov_dedup_compact_fast(struct/,/^}/s/^\t\tkcov_dedup_put(w, &pc, KCOV_DEDUP_PC_WORDS);/\t\tdone = false, kcov_dedup_put(w, \&pc, KCOV_DEDUP_PC_WORDS);/'
mutant "compact: fast: it is lost" '/kcov_dedup_compact_fast(struct/,/^}/s/kcov_dedup_put(w, &pc, KCOV_DEDUP_PC_WORDS);/;/'
mutant "compact: who is ignored is not counted" '/WRITE_ONCE(d->ignored, d->ignored + 1);/d'

# Young windows.
tests="test_window test_oracle test_edge"
mutant "young: items of any window are seen" 's/seen = -(unsigned long)!(number >> KCOV_DEDUP_INDEX_BITS);/seen = -1ul;/'
mutant "young: no item is seen" 's/seen = -(unsigned long)!(number >> KCOV_DEDUP_INDEX_BITS);/seen = 0;/'
mutant "young: two items in one slot are one" 's/if (unlikely((slot->key ^ \*item) & seen))/if (0)/'
mutant "young: half an item is compared" 's/if (unlikely((slot->key ^ \*item) & seen))/if (unlikely((u32)(slot->key ^ *item) \& seen))/'
mutant "young: for ever" 's/if (unlikely(n >= y->room))/if (0)/'
mutant "young: the number of the window stays" '/w->young.window += 1/d'
mutant "young: a window has more items than room" 's/if (w->recorded >= y->room)/if (w->recorded > y->room)/'
mutant "young: every window, whatever the one before" 's/w->recorded > w->young.limit ? 0 : w->young.limit/w->young.limit/'
mutant "young: never again" 's/w->recorded > w->young.limit ? 0 : w->young.limit/0/'
mutant "young: a slot that has the item is not looked at" '/kcov_dedup_young_find(struct/,/^}/s/if (kcov_dedup_same(key, item, words))/if (0)/'
mutant "young: the other slots of any window" '/kcov_dedup_young_find(struct/,/^}/s/if (number >> KCOV_DEDUP_INDEX_BITS)/if (!slot->window)/'
mutant "growing up: nothing moves" '/kcov_dedup_grow_up(struct/,/^}/s/if (slot->window == w->young.window)/if (0)/'
mutant "growing up: what others left moves, too" '/kcov_dedup_grow_up(struct/,/^}/s/if (slot->window == w->young.window)/if (slot->window)/'
mutant "growing up: the last slot is left" 's/? w->young.mask + 1 : 0/? w->young.mask : 0/'
mutant "growing up: one of two that are recorded together" 's/!d->main.set.used != !d->edge.set.used/0/'
mutant "young: word 0 of the PCs is ignored" 's/done = likely(READ_ONCE(d->main.area\[0\])) \&\&$/done =/'
mutant "young: the edge's previous PC stays" '/^kcov_dedup_young(struct/,/^}/s/d->edge.prev = kcov_dedup_edge_hash(pc);/;/'
mutant "young: the limit is above the capacity" 's/w->young.limit = limit < w->capacity ? limit : w->capacity;/w->young.limit = limit;/'

# Interrupts.
tests="test_nested"
mutant "nested: fast reads what was before the interrupt" '/kcov_dedup_compact_fast(struct/,/^}/{/next = kcov_dedup_next_of/d; s/if (!kcov_dedup_enter(d))/next = kcov_dedup_next_of(\&d->compact, d->main.prev_id);\n\t&/}'
mutant "nested: the previous PC of before the interrupt" '/kcov_dedup_compact(struct/,/^}/{s/if (!kcov_dedup_enter(d))/u32 prev = d->main.prev_id;\n\n\t&/; s/^\t\tkcov_dedup_compact_add/\t\td->main.prev_id = prev,\n&/}'
mutant "nested: busy is not looked at" '/kcov_dedup_compact(struct/,/^}/s/if (!kcov_dedup_enter(d))/if (0)/'
mutant "nested: busy is cleared too early" 's/if (!kcov_dedup_enter(d))/kcov_dedup_enter(d);\n\tif (0)/'

# Interrupts at each instruction, in one mode.
tests="test_step"
step() { # MODE TEXT SED
	args=$1
	[ -n "$can_step" ] || return 0
	mutant "step, mode $1: $2" "$3"
}
cp core/*.h "$tmp/core"
can_step=
if ! build test_step 2> "$tmp/log"; then
	n=$((n + 1))
	sed 's/^/# /' "$tmp/log"
	not_ok "step: does not compile"
elif ! "$tmp/test_step" 0 | grep -q SKIP; then
	can_step=1
else
	n=$((n + 1))
	echo "ok $n - step # SKIP test_step cannot run here"
fi
step 2 "busy is not looked at" 's/if (unlikely(READ_ONCE(d->busy)))/if (0)/'
step 16 "busy is not set" '/WRITE_ONCE(d->busy, 1);/d'
step 6 "who is ignored clears busy" '/kcov_dedup_enter(struct/,/^}/s/^\t\treturn false;$/\t\treturn WRITE_ONCE(d->busy, 0), false;/'
step 8 "busy is not looked at" '/^kcov_dedup_cmp_fast(struct/,/^}/s/if (!kcov_dedup_enter(d))/if (0)/'
step 8 "word 0 of before" '/^kcov_dedup_cmp_fast(struct/,/^}/{s/= &d->main;/&\n\tu64 main0 = READ_ONCE(*(u64 *)w->area);\n\n\tbarrier();/; s/kcov_dedup_reset_if_asked(w, KCOV_DEDUP_CMP_WORDS);/if (w->recorded \&\& !main0)\n\t\tkcov_dedup_reset(w);/}'
step 8 "young: without busy" '/^kcov_dedup_cmp_fast(struct/,/^}/{s/if (!kcov_dedup_enter(d))/if (READ_ONCE(d->busy))/; s/^\tkcov_dedup_leave(d);//}'
step 16 "the previous PC of before" '/kcov_dedup_compact(struct/,/^}/{s/if (!kcov_dedup_enter(d))/u32 prev = READ_ONCE(d->main.prev_id);\n\n\t&/; s/^\t\tkcov_dedup_compact_add/\t\td->main.prev_id = d->main.set.used ? prev : d->main.prev_id,\n&/}'
step 4 "fast has looked before" '/^kcov_dedup_fast(struct/,/^}/{s/^\tif (!kcov_dedup_enter(d))/\tword = pc ^ READ_ONCE(d->edge.prev);\n\tdone = kcov_dedup_set_has(\&d->edge.set, (\&word), 1);\n\tbarrier();\n&/; s/kcov_dedup_set_has(&d->edge.set, &word, KCOV_DEDUP_PC_WORDS);/done;/}'
step 16 "fast has looked before" '/kcov_dedup_compact_fast(struct/,/^}/{/next = kcov_dedup_next_of/d; s/^\tif (!kcov_dedup_enter(d))/\tnext = kcov_dedup_next_of(\&d->compact, READ_ONCE(d->main.prev_id));\n\tbarrier();\n&/}'
step 4 "fast without busy" '/^kcov_dedup_fast(struct/,/^}/{s/if (!kcov_dedup_enter(d))/if (READ_ONCE(d->busy))/; s/^\tkcov_dedup_leave(d);//}'
step 16 "fast without busy" '/kcov_dedup_compact_fast(struct/,/^}/{s/if (!kcov_dedup_enter(d))/if (READ_ONCE(d->busy))/; s/^\tkcov_dedup_leave(d);//}'
step 2 "busy is cleared before there is an item" '/kcov_dedup_slow(struct/,/^}/s/^\t\tkcov_dedup_add(&d->main/\t\tkcov_dedup_leave(d);\n&/'
step 4 "busy is cleared before the last store" '/kcov_dedup_slow(struct/,/^}/{/d->edge.prev = kcov_dedup_edge_hash(pc);/d; s/^\tkcov_dedup_leave(d);/&\n\tif (mode \& KCOV_DEDUP_EDGE)\n\t\td->edge.prev = kcov_dedup_edge_hash(pc);/}'
step 2 "young: without busy" '/^kcov_dedup_young(struct/,/^}/{s/if (!kcov_dedup_enter(d))/if (READ_ONCE(d->busy))/; s/^\tkcov_dedup_leave(d);//}'
step 2 "young: the count is stored before the item" '/^kcov_dedup_write(struct/,/^}/{/WRITE_ONCE(w->area\[1 + n\], \*item);/d; s/smp_store_release(&w->area\[0\], count);/&\n\t\tbarrier();\n\t\tWRITE_ONCE(w->area[1 + n], *item);/}'
step 4 "young: the previous PC of before" '/^kcov_dedup_young(struct/,/^}/{s/^\tbool done = true;/&\n\tunsigned long prev = READ_ONCE(d->edge.prev);/; s/pc ^ d->edge.prev/pc ^ prev/}'
step 6 "young: busy is cleared before the edge" '/^kcov_dedup_young(struct/,/^}/s/^\tif (what != KCOV_DEDUP_YOUNG_PC \&\&/\tkcov_dedup_leave(d);\n&/'
step 6 "busy is cleared before the edge" '/kcov_dedup_slow(struct/,/^}/s/^\tif (mode & KCOV_DEDUP_EDGE) {/\tkcov_dedup_leave(d);\n&/'
step 16 "busy is cleared before the last store" '/kcov_dedup_compact_add(struct/,/^}/s/^\tw->prev_id = id;$/\tif (verdict == KCOV_DEDUP_SEEN)\n\t\tWRITE_ONCE(((u32 *)w)[-3], 0);\n&/'
step 2 "the flag is cleared, whatever it was" '/kcov_dedup_mode(struct/,/^}/s/^\tif (unlikely(mode/\tWRITE_ONCE(d->mode, mode \& ~KCOV_DEDUP_RESET);\n&/'
step 16 "the flag is read twice" '/kcov_dedup_mode(struct/,/^}/{s/WRITE_ONCE(d->mode, mode);/;/; s/^\treturn mode;/\tWRITE_ONCE(d->mode, READ_ONCE(d->mode) \& ~KCOV_DEDUP_RESET);\n&/}'
step 34 "the count is stored before the item" 's/^\t\tWRITE_ONCE(w->area\[1 + n\], \*item);//; s/^\t\tsmp_store_release.*/&\n\t\tWRITE_ONCE(w->area[1 + n], *item);/'
step 0 "a reset is undone" 's/data_race(d->main.dropped++);/unsigned long was = READ_ONCE(d->main.dropped);\n\n\tbarrier();\n\tWRITE_ONCE(d->main.dropped, was + 1);/'
step 0 "lost ones are counted while busy alone" '/^kcov_dedup_fast(struct/,/^}/s/^\t\tkcov_dedup_lost(d);/\t\tif (!READ_ONCE(d->busy))\n&/'
step 0 "who is ignored is not counted" '/WRITE_ONCE(d->ignored, d->ignored + 1);/d'
step 8 "who is ignored is counted as dropped" 's/WRITE_ONCE(d->ignored, d->ignored + 1);/d->main.dropped++;/'
step 16 "fast has counted what is written as it comes before" '/kcov_dedup_compact_fast(struct/,/^}/{s/^\tbool done = true;/&\n\tunsigned long was = READ_ONCE(w->recorded);/; s/w->recorded < d->compact.raw/was < d->compact.raw/}'
step 16 "what is written as it comes was counted before" '/kcov_dedup_compact(struct/,/^}/{s/if (!kcov_dedup_enter(d))/unsigned long was = d->main.recorded;\n\n\tbarrier();\n\t&/; s/^\t\tkcov_dedup_compact_add(\&d->main, \&d->compact, pc);/\t{\n\t\tif (was < d->compact.raw \&\& d->main.recorded == d->compact.raw)\n\t\t\tkcov_dedup_put(\&d->main, \&pc, 1);\n\t\telse\n\t\t\tkcov_dedup_compact_add(\&d->main, \&d->compact, pc);\n\t}/}'
step 8 "a start leaves busy" '/^static.*kcov_dedup_start/,/^}/s/WRITE_ONCE(d->busy, 0);//'
step 6 "a task that died is not noticed" '/^static.*kcov_dedup_start/,/^}/s/mode |= KCOV_DEDUP_RESET;/;/'
step 16 "a task that died is not noticed" '/^static.*kcov_dedup_start/,/^}/s/mode |= KCOV_DEDUP_RESET;/;/'

echo "1..$n"
exit $failed
