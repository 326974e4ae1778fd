// SPDX-License-Identifier: MIT
/*
 * Where the hooks are called: in the code itself, as no list of it is kept.
 *
 * On arm64 a call is one instruction. On x86-64 it is, too, mostly; but the code model of
 * User Mode Linux, and some compilers to save bytes, keep the address of the hook in a
 * register. So it is followed which registers may hold one: along jumps and branches, until
 * nothing changes. Whether a register really holds it on the way that the code takes need
 * not be asked: nobody calls through a register that sometimes holds a hook.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "x86.h"

/* What an address is that may be called. */
enum hook {
	HOOK_NONE,
	HOOK_PC,
	HOOK_CMP,
};

/* A hook of an object, and where it is; in a module, an address that we have made up. */
struct hook_addr {
	uint64_t addr;
	enum hook hook;
};

struct hooks {
	struct hook_addr list[16];
	size_t n;
};

/* A section and its code, relocated. */
struct code {
	const struct section *sec;
	const unsigned char *text;
	unsigned char *copy;	/* to be freed */
	/*
	 * Registers that may hold a hook when this byte is reached by a jump: the low 16 bits
	 * one of PCs, the others one of comparisons.
	 */
	uint32_t *held;
};

struct scan {
	struct object *obj;
	struct hooks hooks;
	struct code *code;	/* for each section */
	bool (*found)(struct scan *s, uint64_t pc, uint32_t kind);
	void *arg;
	bool changed;
	bool failed;
};

static enum hook hook_of_name(const char *name)
{
	static const char prefix[] = "__sanitizer_cov_trace_";
	const char *rest = name + sizeof(prefix) - 1;

	if (strncmp(name, prefix, sizeof(prefix) - 1))
		return HOOK_NONE;
	if (!strcmp(rest, "pc"))
		return HOOK_PC;
	if (!strncmp(rest, "cmp", 3) || !strncmp(rest, "const_cmp", 9) || !strcmp(rest, "switch"))
		return HOOK_CMP;
	return HOOK_NONE;
}

static enum hook hook_at(const struct hooks *h, uint64_t addr)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->list[i].addr == addr)
			return h->list[i].hook;
	return HOOK_NONE;
}

static void add_hook(struct hooks *h, uint64_t addr, enum hook hook)
{
	if (hook != HOOK_NONE && hook_at(h, addr) == HOOK_NONE && h->n < ARRAY_SIZE(h->list))
		h->list[h->n++] = (struct hook_addr){ addr, hook };
}

static void find_hooks(struct scan *s)
{
	for (size_t i = 0; i < s->obj->n_symbols; i++)
		add_hook(&s->hooks, s->obj->symbols[i].addr,
			 hook_of_name(s->obj->symbols[i].name));
}

static void found(struct scan *s, uint64_t pc, enum hook hook, bool jump)
{
	uint32_t kind = hook == HOOK_PC ? UKCOV_SITE_CALL : UKCOV_SITE_CMP_CALL;

	if (!s->found(s, pc, jump ? kind << 1 : kind))
		s->failed = true;
}

/* arm64. */

static uint32_t get32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = v >> 8 * i;
}

static void scan_arm64(struct scan *s, const struct code *c)
{
	uint64_t addr = c->sec->addr;

	for (size_t i = 0; i + 4 <= c->sec->size; i += 4, addr += 4) {
		uint32_t insn = get32(c->text + i);
		int64_t distance = (int64_t)((uint64_t)insn << 38) >> 36;
		enum hook hook;

		/* b and bl */
		if ((insn & 0x7c000000) != 0x14000000)
			continue;
		hook = hook_at(&s->hooks, addr + distance);
		if (hook != HOOK_NONE)
			found(s, addr + 4, hook, !(insn >> 31));
	}
}

/* x86-64. */

static uint32_t *held_at(struct scan *s, uint64_t addr)
{
	struct section *sec = ukcov__find_section(s->obj, addr);

	return sec ? &s->code[sec - s->obj->sections].held[addr - sec->addr] : NULL;
}

/* A jump to @target with these registers. What was passed already is passed once more. */
static void flow(struct scan *s, uint64_t target, uint64_t from, uint32_t held)
{
	uint32_t *there = held ? held_at(s, target) : NULL;

	if (!there || (*there | held) == *there)
		return;
	*there |= held;
	if (target <= from)
		s->changed = true;
}

static uint32_t reg_bits(unsigned int reg)
{
	return 0x10001u << reg;
}

static uint32_t after_set(const struct scan *s, const struct x86_insn *insn, uint32_t held)
{
	enum hook hook = hook_at(&s->hooks, insn->value);

	held &= ~reg_bits(insn->reg);
	if (hook == HOOK_NONE)
		return held;
	return held | 1u << (insn->reg + (hook == HOOK_CMP ? 16 : 0));
}

static uint32_t after_copy(const struct x86_insn *insn, uint32_t held)
{
	uint32_t copy = held >> insn->from & 0x10001;

	return (held & ~reg_bits(insn->reg)) | copy << insn->reg;
}

static uint32_t after(const struct scan *s, const struct x86_insn *insn, uint32_t held)
{
	switch (insn->kind) {
	case X86_SET:
		return after_set(s, insn, held);
	case X86_COPY:
		return after_copy(insn, held);
	case X86_CALL:
	case X86_CALL_REG:
	case X86_CALL_MEM:
		return held & ~(X86_CALLER_SAVED * 0x10001u);
	default:
		return held & ~(insn->written * 0x10001u);
	}
}

static enum hook hook_in(uint32_t held, unsigned int reg)
{
	held = held >> reg & 0x10001;
	return held & 1 ? HOOK_PC : held ? HOOK_CMP : HOOK_NONE;
}

static void report_x86(struct scan *s, const struct x86_insn *insn, uint64_t pc, uint32_t held)
{
	bool jump = insn->kind == X86_JUMP || insn->kind == X86_BRANCH ||
		    insn->kind == X86_JUMP_REG;
	enum hook hook = HOOK_NONE;

	switch (insn->kind) {
	case X86_CALL:
	case X86_JUMP:
	case X86_BRANCH:
		hook = hook_at(&s->hooks, insn->target);
		break;
	case X86_CALL_REG:
	case X86_JUMP_REG:
		hook = hook_in(held, insn->reg);
		break;
	default:
		break;
	}
	if (hook != HOOK_NONE)
		found(s, pc, hook, jump);
}

/* The first symbol behind @addr: where another function begins. */
static const struct symbol *next_symbol(const struct object *obj, uint64_t addr)
{
	size_t low = 0, high = obj->n_symbols;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (obj->symbols[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < obj->n_symbols ? &obj->symbols[low] : NULL;
}

/* What the walk along a section knows. */
struct x86_walk {
	uint64_t addr;
	uint64_t next;		/* where the next function begins */
	uint32_t held;
	uint32_t tables;	/* of this function's jumps to anywhere */
	bool reached;		/* by what is before */
};

static void begin_function(struct scan *s, struct x86_walk *w)
{
	const struct symbol *next = next_symbol(s->obj, w->addr);

	w->next = next ? next->addr : UINT64_MAX;
	w->held = 0;
	w->tables = 0;
	w->reached = true;
}

static void step_x86(struct scan *s, struct x86_walk *w, const struct code *c,
		     const struct x86_insn *insn, bool report)
{
	uint32_t there = c->held[w->addr - c->sec->addr];

	/* Reached by no branch that one can see: by a table of jumps, then. */
	if (!w->reached && !there)
		w->held = w->tables;
	w->held |= there;
	w->reached = true;
	if (report)
		report_x86(s, insn, w->addr + insn->len, w->held);
	switch (insn->kind) {
	case X86_JUMP:
		flow(s, insn->target, w->addr, w->held);
		break;
	case X86_BRANCH:
		flow(s, insn->target, w->addr, w->held);
		return;
	case X86_JUMP_REG:
	case X86_JUMP_MEM:
		w->tables |= w->held;
		break;
	case X86_RETURN:
		break;
	default:
		w->held = after(s, insn, w->held);
		return;
	}
	w->held = 0;
	w->reached = false;
}

static void walk_x86(struct scan *s, const struct code *c, bool report)
{
	uint64_t end = c->sec->addr + c->sec->size;
	struct x86_walk w = { .addr = c->sec->addr };
	struct x86_insn insn;

	begin_function(s, &w);
	while (w.addr < end) {
		size_t offset = w.addr - c->sec->addr;

		if (w.addr >= w.next)
			begin_function(s, &w);
		if (ukcov__x86_decode(c->text + offset, c->sec->size - offset, w.addr, &insn)) {
			/* Data among code. */
			w.addr++;
			continue;
		}
		step_x86(s, &w, c, &insn, report);
		w.addr += insn.len;
	}
}

/* Loops in loops need another round each; real code needs five. */
#define MAX_ROUNDS	64

static void scan_x86(struct scan *s)
{
	for (int round = 0; round < MAX_ROUNDS; round++) {
		s->changed = false;
		for (size_t i = 0; i < s->obj->n_sections; i++)
			walk_x86(s, &s->code[i], false);
		if (!s->changed)
			break;
	}
	for (size_t i = 0; i < s->obj->n_sections; i++)
		walk_x86(s, &s->code[i], true);
}

/* Code of modules: what is not linked yet. */

struct reloc {
	GElf_Rela rela;
	uint64_t symbol;	/* its address */
};

static void apply_x86(const struct code *c, const struct reloc *r)
{
	uint64_t offset = r->rela.r_offset, value = r->symbol + r->rela.r_addend;
	size_t size = GELF_R_TYPE(r->rela.r_info) == R_X86_64_64 ? 8 : 4;

	if (offset > c->sec->size || c->sec->size - offset < size)
		return;
	switch (GELF_R_TYPE(r->rela.r_info)) {
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		put32(c->copy + offset, value - (c->sec->addr + offset));
		break;
	case R_X86_64_64:
		put32(c->copy + offset + 4, value >> 32);
		/* fall through */
	case R_X86_64_32:
	case R_X86_64_32S:
		put32(c->copy + offset, value);
		break;
	}
}

static void apply_arm64(const struct code *c, const struct reloc *r)
{
	uint64_t offset = r->rela.r_offset, value = r->symbol + r->rela.r_addend;
	unsigned int type = GELF_R_TYPE(r->rela.r_info);
	uint32_t insn;

	if (type != R_AARCH64_CALL26 && type != R_AARCH64_JUMP26)
		return;
	if (offset > c->sec->size || c->sec->size - offset < 4)
		return;
	insn = get32(c->copy + offset) & 0xfc000000;
	value = (value - (c->sec->addr + offset)) >> 2 & 0x3ffffff;
	put32(c->copy + offset, insn | value);
}

/* The kernel's hooks are at addresses where nothing of the module is. */
static uint64_t made_up_address(const struct scan *s, enum hook hook)
{
	const struct section *last = &s->obj->sections[s->obj->n_sections - 1];

	return ((last->addr + last->size + 0x10000) & ~0xfffull) + 16 * hook;
}

static bool symbol_address(const struct scan *s, size_t index, uint64_t *addr)
{
	GElf_Word shndx;
	GElf_Addr value;
	GElf_Sym sym;
	const char *name = ukcov__symbol(s->obj, index, &sym, &value, &shndx);
	enum hook hook;

	if (!name)
		return false;
	*addr = value;
	if (shndx != SHN_UNDEF)
		return true;
	hook = hook_of_name(name);
	*addr = made_up_address(s, hook);
	return hook != HOOK_NONE;
}

static void apply_all(struct scan *s, const struct code *c, Elf_Data *data, size_t n)
{
	struct reloc r;

	for (size_t i = 0; i < n; i++) {
		if (!gelf_getrela(data, i, &r.rela) ||
		    !symbol_address(s, GELF_R_SYM(r.rela.r_info), &r.symbol))
			continue;
		if (s->obj->img->machine == EM_X86_64)
			apply_x86(c, &r);
		else
			apply_arm64(c, &r);
	}
}

/* Is this the list of relocations of that section? With its symbols' indices as libdwfl's. */
static bool is_rela_of(const GElf_Shdr *sh, const struct section *sec)
{
	return sh->sh_type == SHT_RELA && sh->sh_info == sec->index && sh->sh_entsize;
}

static int relocate(struct scan *s, struct code *c)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	c->copy = malloc(c->sec->size);
	if (!c->copy)
		return -ENOMEM;
	memcpy(c->copy, c->text, c->sec->size);
	c->text = c->copy;
	while ((scn = elf_nextscn(s->obj->elf, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &sh) || !is_rela_of(&sh, c->sec))
			continue;
		data = elf_getdata(scn, NULL);
		if (data)
			apply_all(s, c, data, sh.sh_size / sh.sh_entsize);
	}
	return 0;
}

/* What a section holds. 0; 1: no code in this file (only its debug information); or -errno */
static int get_code(struct scan *s, struct code *c)
{
	Elf_Scn *scn = elf_getscn(s->obj->elf, c->sec->index);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;

	if (!data || !data->d_buf || data->d_size < c->sec->size)
		return 1;
	c->text = data->d_buf;
	if (s->obj->img->machine == EM_X86_64) {
		c->held = calloc(c->sec->size, sizeof(*c->held));
		if (!c->held)
			return -ENOMEM;
	}
	return s->obj->name ? relocate(s, c) : 0;
}

static void free_code(struct scan *s)
{
	for (size_t i = 0; i < s->obj->n_sections; i++) {
		free(s->code[i].copy);
		free(s->code[i].held);
	}
	free(s->code);
}

static int scan_all(struct scan *s)
{
	int err;

	for (size_t i = 0; i < s->obj->n_sections; i++) {
		s->code[i].sec = &s->obj->sections[i];
		err = get_code(s, &s->code[i]);
		if (err)
			return err < 0 ? err : 0;
	}
	if (s->obj->img->machine == EM_X86_64)
		scan_x86(s);
	else
		for (size_t i = 0; i < s->obj->n_sections; i++)
			scan_arm64(s, &s->code[i]);
	return s->failed ? -ENOMEM : 0;
}

static bool add_site(struct scan *s, uint64_t pc, uint32_t kind)
{
	struct ukcov_image *img = s->obj->img;
	const struct section *sec = ukcov__find_section(s->obj, pc - 1);
	struct site *site;

	/* Nobody knows where this code was. */
	if (!sec || !sec->known)
		return true;
	if (ukcov__grow((void **)&img->sites, &img->sites_room, img->n_sites, sizeof(*site)))
		return false;
	site = &img->sites[img->n_sites++];
	*site = (struct site){ pc + sec->shift, kind, s->obj };
	return true;
}

static int scan_object(struct object *obj)
{
	struct scan s = { .obj = obj, .found = add_site };
	int err;

	if (!obj->n_sections)
		return 0;
	err = ukcov__read_symbols(obj);
	if (err)
		return err;
	find_hooks(&s);
	if (obj->name) {
		add_hook(&s.hooks, made_up_address(&s, HOOK_PC), HOOK_PC);
		add_hook(&s.hooks, made_up_address(&s, HOOK_CMP), HOOK_CMP);
	} else if (!s.hooks.n) {
		return -EBADMSG;
	}
	s.code = calloc(obj->n_sections, sizeof(*s.code));
	if (!s.code)
		return -ENOMEM;
	err = scan_all(&s);
	free_code(&s);
	return err;
}

static int compare_sites(const void *a, const void *b)
{
	const struct site *x = a, *y = b;

	return (x->pc > y->pc) - (x->pc < y->pc);
}

static bool has_sites(const struct ukcov_image *img, const struct object *obj)
{
	for (size_t i = 0; i < img->n_sites; i++)
		if (img->sites[i].obj == obj)
			return true;
	return false;
}

static int find_sites(struct ukcov_image *img)
{
	int err = 0;

	if (img->has_sites)
		return 0;
	img->n_sites = 0;
	for (size_t i = 0; !err && i < img->n_objects; i++)
		err = scan_object(&img->objects[i]);
	/* Only the debug information, say: nothing is a share of nothing. */
	if (!err && !has_sites(img, &img->objects[0]))
		err = -EBADMSG;
	if (err)
		return err;
	if (img->n_sites)
		qsort(img->sites, img->n_sites, sizeof(*img->sites), compare_sites);
	img->has_sites = true;
	return 0;
}

static void put_site(struct ukcov_site *to, const struct site *from)
{
	*to = (struct ukcov_site){
		.pc = from->pc,
		.kind = from->kind,
		.module = from->obj->name,
	};
}

int ukcov_image_visit_sites(struct ukcov_image *img,
			    int (*visit)(void *arg, const struct ukcov_site *site), void *arg)
{
	struct ukcov_site site;
	int err = find_sites(img);

	for (size_t i = 0; !err && i < img->n_sites; i++) {
		put_site(&site, &img->sites[i]);
		err = visit(arg, &site);
	}
	return err;
}

static int add_call(void *arg, const struct ukcov_site *site)
{
	return site->kind == UKCOV_SITE_CALL ? ukcov_set_add(arg, site->pc) : 0;
}

int ukcov_image_coverable(struct ukcov_image *img, struct ukcov_set *set)
{
	return ukcov_image_visit_sites(img, add_call, set);
}

/* PCs that are no hook's. */

/* What the call that ends at @pc calls, in the object's addresses; 0: nobody knows. */
static uint64_t called_x86(const struct symbol *sym, const unsigned char *text, uint64_t pc)
{
	uint64_t addr = sym->addr, value[16] = { 0 };
	struct x86_insn insn;

	while (addr < pc && !ukcov__x86_decode(text + (addr - sym->addr), pc - addr, addr, &insn)) {
		addr += insn.len;
		if (insn.kind == X86_SET)
			value[insn.reg] = insn.value;
		if (addr == pc && insn.kind == X86_CALL)
			return insn.target;
		/* The way to it is taken for straight: compilers set it just before. */
		if (addr == pc && insn.kind == X86_CALL_REG)
			return value[insn.reg];
	}
	return 0;
}

static uint64_t called_arm64(const unsigned char *text, size_t len, uint64_t pc)
{
	uint32_t insn = len >= 4 ? get32(text + len - 4) : 0;

	if (insn >> 26 != 0x25)
		return 0;
	return pc - 4 + ((int64_t)((uint64_t)insn << 38) >> 36);
}

static uint64_t called(struct object *obj, const struct symbol *sym, uint64_t pc)
{
	const struct section *sec = ukcov__find_section(obj, sym->addr);
	Elf_Scn *scn = sec ? elf_getscn(obj->elf, sec->index) : NULL;
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	const unsigned char *text;

	/* A symbol may be said to be larger than its section. */
	if (!data || !data->d_buf || data->d_size < sec->size || pc - sec->addr > sec->size)
		return 0;
	text = (unsigned char *)data->d_buf + (sym->addr - sec->addr);
	if (obj->img->machine == EM_X86_64)
		return called_x86(sym, text, pc);
	return called_arm64(text, pc - sym->addr, pc);
}

/* The first jump to the hook of PCs in a function. */
static const struct site *jump_of(const struct ukcov_image *img, const struct object *obj,
				  uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < img->n_sites; i++)
		if (img->sites[i].obj == obj && img->sites[i].kind == UKCOV_SITE_JUMP &&
		    img->sites[i].pc > start && img->sites[i].pc <= end)
			return &img->sites[i];
	return NULL;
}

int ukcov_image_tail(struct ukcov_image *img, uint64_t pc, struct ukcov_site *site)
{
	const struct code_range *r = ukcov__image_code(img, pc - 1);
	const struct symbol *caller, *callee;
	const struct site *jump;
	uint64_t target;
	int err = find_sites(img);

	if (err)
		return err;
	/* Of a module the calls are not linked: not known. */
	if (!r || r->obj->name)
		return -ENOENT;
	caller = ukcov__find_symbol(r->obj, pc - 1);
	target = caller ? called(r->obj, caller, pc) : 0;
	callee = target ? ukcov__find_symbol(r->obj, target) : NULL;
	if (!callee || callee->addr != target)
		return -ENOENT;
	jump = jump_of(img, r->obj, target, target + callee->size);
	if (!jump)
		return -ENOENT;
	put_site(site, jump);
	return 0;
}
