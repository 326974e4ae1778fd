#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Breaks the library on purpose, one line at a time, and wants the tests of the host to see
# each of it. Two minutes; not part of ./check. With an argument: only those whose test, file
# or text has it. TAP.

set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/boot/tap.sh
dir=$PWD/build/lib-mutation
out=$dir/out
only=${1:-}
export UKCOV_OBJECTS="$PWD/build/lib/objects"
[ -e build/lib/objects/gcc ] || tests/lib/run --build || exit 2
rm -rf "$dir"
mkdir -p "$dir"

# The same for what a guest runs, in two clocks, as collect.sh does.
in_guest() {
	make -s -C "$dir/src/lib" O="$dir/o" CFLAGS=-O1 "$dir/o/libukcov.a" > "$out" 2>&1 &&
		gcc -std=gnu11 -D_GNU_SOURCE -Iinclude/uapi -Itests/unit -Ilib tests/lib/collect.c \
			"$dir/o/libukcov.a" -ldw -lelf -o "$dir/collect" >> "$out" 2>&1
	ok $? "$file compiles: $to"
	! { scripts/vm --time 60 --append time-travel=inf-cpu -- "$dir/collect" --native &&
		scripts/vm --time 60 --config off --append time-travel=inf-cpu -- "$dir/collect" --plain &&
		scripts/vm --time 60 -- "$dir/collect" --others; } > "$out" 2>&1
	ok $? "collect sees it: $file: $from -> $to"
}

# mutant TEST FILE FROM TO: one text in lib/FILE becomes another; the test must fail.
mutant() {
	case "$1 $2 $3" in # what was asked for
	*"${only}"*) ;;
	*) return ;;
	esac
	test=$1 file=$2 from=$3 to=$4
	rm -rf "$dir/src"
	mkdir -p "$dir/src/lib"
	cp lib/*.[ch] lib/Makefile lib/man3 lib/ukcov.map "$dir/src/lib/"
	cp -r include "$dir/src/"
	FROM=$from TO=$to perl -0pi -e 's/\Q$ENV{FROM}\E/$ENV{TO}/ or exit 3' "$dir/src/lib/$file"
	if cmp -s "lib/$file" "$dir/src/lib/$file"; then
		echo "'$from' is not in lib/$file" > "$out"
		ok 1 "$file: $from"
		return
	fi
	if [ "$test" = collect ]; then
		in_guest
		return
	fi
	wrap=
	[ "$test" != test_nomem ] || wrap="-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=strndup,--wrap=asprintf"
	# shellcheck disable=SC2086 # nothing, or one word
	make -s -C "$dir/src/lib" O="$dir/o" CFLAGS="-O1 -g -fsanitize=address" "$dir/o/libukcov.a" > "$out" 2>&1 &&
		gcc $wrap -std=gnu11 -D_GNU_SOURCE -g -fsanitize=address -Itests/unit -I"$dir/src/lib" \
			"tests/lib/$test.c" "$dir/o/libukcov.a" -ldw -lelf -o "$dir/$test" >> "$out" 2>&1
	ok $? "$file compiles: $to"
	! timeout 60 "$dir/$test" > "$out" 2>&1
	ok $? "$test sees it: $file: $from -> $to"
}

mutant test_set set.c 'set->words[i] != set->words[n - 1]' '1'
mutant test_set set.c '== keep)' '!= keep)'
mutant test_set set.c 'r.lines < r.pcs' '0'
mutant test_set set.c 'set->entries < UKCOV_MAX_KEYS' '1'
mutant test_set set.c 'lines.cut ? -EBADMSG' '0 ? -EBADMSG'
mutant test_set set.c '.only_b = b->used - both' '.only_b = a->used - both'
mutant test_set util.c 'unlink(name);' ';'
mutant test_set util.c 'if (n < 0)
			return -errno;
		text += n;' 'if (n < 0)
			return 0;
		text += n;'
mutant test_set util.c 'return n && !text[n]' 'return n'
mutant test_set util.c 'real = realpath(path, NULL)' 'real = strdup(path)'
mutant test_set util.c 'fchmod(fd, old->st_mode & 07777)' '0'
mutant test_map map.c 'return map->n_modules ? -EACCES : 0' 'return 0'
mutant test_map map.c 'if (*end || strncmp' 'if (strncmp'
mutant test_map map.c 'base > UINT64_MAX - size' '0'
mutant test_map map.c 'n_modules == UKCOV_MAX_MODULES' 'n_modules == SIZE_MAX'
mutant test_map map.c '(*in_tree)->index = last' '(void)last'
mutant test_map map.c 'tdestroy(r.names, free)' '(void)0'
mutant test_image image.c 'strcmp(c->list[mid].module, module) < 0' 'strcmp(c->list[mid].module, module) <= 0'
mutant test_image image.c '.init = obj->name && is_init(name)' '.init = false'
mutant test_image image.c 'strcmp(map->build_id, img->build_id)' '0'
mutant test_image image.c 'strcmp(m->build_id, id)' '0'
mutant test_image image.c 'return map->text - addr' 'return 0'
mutant test_image image.c 'sh.sh_size > size - sh.sh_offset' '0'
mutant test_image image.c 'obj->error ? : obj->debug < 0 ? obj->debug : 0' 'obj->error'
mutant test_image image.c "elf_compress(scn, 0, 0) < 0" '0'
mutant test_image find.c 'ukcov__image_code(img, pc - 1)' 'ukcov__image_code(img, pc + 9)'
mutant test_image find.c 'is_foreign(ix, row, p->low)' '0'
mutant test_image find.c 'f->flags |= UKCOV_LINE_GUESSED;
	}' ';
	}'
mutant test_image dies.h 'if (!bytes_skip(b, len))
		return -EBADMSG;' 'bytes_skip(b, len);'
mutant test_image dies.h 'a->form == DW_FORM_ref_addr ? units_find(units, in.p) : u' 'u'
mutant test_image dies.h 'return code < u->kinds.n && ' 'return code < u->kinds.n - 1 && '
mutant test_image dies.h 'low = a.attr;' ';'
mutant test_image dies.h 'a->attr.constant = bytes_signed_leb' 'bytes_signed_leb'
mutant test_image ranges.h 'r->base = u->low;' 'r->base = 0;'
mutant test_image ranges.h '< 2 * 16' '< 0'
mutant test_image ranges.h 'if (!low && !high)' 'if (low == high)'
mutant test_image ranges.h 'if (low == UINT64_MAX)' 'if (0)'
mutant test_image ranges.h 'r->high = r->low + bytes_leb(b);
		return 1;
	case DW_RLE_startx_endx' 'r->high = bytes_leb(b);
		return 1;
	case DW_RLE_startx_endx'
mutant test_image ranges.h 'if (r->list.p == r->list.end)' 'if (0)'
mutant test_image ranges.h 'bytes_leb(b), &r->base) ? 0 : -1' 'bytes_leb(b), &r->base) ? -1 : -1'
mutant test_image bytes.h '|| i >= (size_t)(b.end - b.p) / size' ''
mutant test_image image.c 'FTS_PHYSICAL | FTS_COMFOLLOW' 'FTS_PHYSICAL'
mutant test_image lines.c '*number |= ROW_GUESSED' '*number = 0'
mutant test_image lines.c 'd->file_unit == w->unit ?' '1 ?'
mutant test_image lines.c ' ||
		    units->list[i].tag == DW_TAG_skeleton_unit' ''
mutant test_image lines.c 'f->dir < p->n_dirs ?' '0 ?'
mutant test_image bytes.h 'v |= -1ull << shift' 'v |= 0'
mutant test_image program.h '(255 - p->opcode_base)' '(155 - p->opcode_base)'
mutant test_image program.h 'p->row.line += p->line_base' 'p->row.line += 0'
mutant test_image program.h 'n = p->lengths[opcode]' 'n = 2'
mutant test_image program.h 'p->offset_size = 8' 'p->offset_size = 4'
mutant test_image program.h 'err = err ? : program_add_file(p, NULL, 0)' ''
mutant test_image program.h 'if (p->row.end)' 'if (0)'
mutant test_image bytes.h 'strncmp(have, ".z", 2)' '1'
mutant test_image dies.h 'fixed += step;' 'fixed += step + 1;'
mutant test_image dies.h 'return d->unit->start + offset;' 'return d->unit->start + offset + 1;'
mutant test_image code.c 'jump ? kind << 1 : kind' 'kind'
mutant test_image code.c 'return held & ~(X86_CALLER_SAVED * 0x10001u)' 'return 0'
mutant test_image code.c 'flow(s, insn->target, w->addr, w->held);
		return;' 'return;'
mutant test_image code.c 'case R_X86_64_64:' 'case R_X86_64_64 + 1000:'
mutant test_image code.c 'hook == HOOK_PC ? UKCOV_SITE_CALL' 'hook == HOOK_CMP ? UKCOV_SITE_CALL'
mutant test_nomem lines.c 'w->no_memory = true;' ';'
mutant test_nomem dies.h 'if (*err)
			return false;' 'if (*err)
			return *err = 0;'
mutant test_repeats repeats.h 'if (pc == c->last) {' 'if (0) {'
mutant test_repeats repeats.h 'c->len = i + 1;' 'c->len = i;'
mutant test_repeats repeats.h 's->zero = true' 's->zero = false'
mutant test_repeats repeats.h 'int err = compact_flush(c);' 'int err = 0;'
mutant collect collect.c '	__atomic_store_n(&cov->edge[0], 0, __ATOMIC_RELEASE);
	__atomic_store_n(&cov->main[0], 0, __ATOMIC_RELEASE);' '	__atomic_store_n(&cov->edge[0], 0, __ATOMIC_RELEASE);'
mutant collect collect.c 'return cov->flags & UKCOV_LIVE && cov' 'return 0 && cov'
mutant collect collect.c 'enabled_by_me(cov) && !cov->remote' 'enabled_by_me(cov)'
mutant collect collect.c 'traces_me(cov) || is_there(' '1 || is_there('
mutant collect collect.c 'cov->has_stats = !get_kernel_stats(cov, &st)' 'cov->has_stats = false'
mutant collect collect.c 'if (st->main.recorded == st->main.capacity)' 'if (0)'
mutant collect collect.c 'case EBUSY:' 'case EBUSY + 1000:'
mutant collect collect.c 'O_RDWR | O_CLOEXEC' 'O_RDWR | O_TRUNC | O_CLOEXEC'
mutant collect collect.c 'MAP_SHARED' 'MAP_PRIVATE'
mutant collect collect.c 'w->prev = pc;
	return walk_unique' 'return walk_unique'
mutant collect collect.c 'if (!err && seen)' 'if (0)'
mutant collect collect.c 'clear_items(cov);
		if' 'if'
done_testing
