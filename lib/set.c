// SPDX-License-Identifier: MIT
/*
 * Sets of 64-bit words: an array, sorted when somebody looks. And their files.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "internal.h"
#include "ukcov.h"

struct entry {
	char *key;
	char *value;
};

struct ukcov_set {
	uint64_t *words;
	size_t used;
	size_t room;
	size_t sorted;		/* so many at the start are sorted, each once */
	struct entry *header;
	size_t entries;
	size_t entries_room;
};

int ukcov_set_new(struct ukcov_set **set)
{
	*set = calloc(1, sizeof(**set));
	if (!*set)
		return -ENOMEM;
	/* So that ukcov_set_words() of an empty set is an address, too. */
	if (ukcov__grow((void **)&(*set)->words, &(*set)->room, 0, sizeof(uint64_t))) {
		free(*set);
		*set = NULL;
		return -ENOMEM;
	}
	return 0;
}

void ukcov_set_free(struct ukcov_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->entries; i++) {
		free(set->header[i].key);
		free(set->header[i].value);
	}
	free(set->header);
	free(set->words);
	free(set);
}

static int compare_words(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sort(struct ukcov_set *set)
{
	size_t n = 0;

	if (set->sorted == set->used)
		return;
	qsort(set->words, set->used, sizeof(uint64_t), compare_words);
	for (size_t i = 0; i < set->used; i++)
		if (!n || set->words[i] != set->words[n - 1])
			set->words[n++] = set->words[i];
	set->used = n;
	set->sorted = n;
}

int ukcov_set_add(struct ukcov_set *set, uint64_t word)
{
	/* Words that come in order, as from a file, need no sorting. */
	bool behind = set->sorted == set->used &&
		      (!set->used || set->words[set->used - 1] < word);

	if (set->used == set->room) {
		sort(set);
		/* Many repeats: they made room. */
		if (set->used > set->room / 2 &&
		    ukcov__grow((void **)&set->words, &set->room, set->room, sizeof(uint64_t)))
			return -ENOMEM;
		behind = !set->used || set->words[set->used - 1] < word;
	}
	set->words[set->used++] = word;
	if (behind)
		set->sorted = set->used;
	return 0;
}

const uint64_t *ukcov_set_words(struct ukcov_set *set, size_t *n)
{
	sort(set);
	*n = set->used;
	return set->words;
}

size_t ukcov_set_size(struct ukcov_set *set)
{
	sort(set);
	return set->used;
}

bool ukcov_set_has(struct ukcov_set *set, uint64_t word)
{
	sort(set);
	return bsearch(&word, set->words, set->used, sizeof(word), compare_words);
}

int ukcov_set_merge(struct ukcov_set *set, struct ukcov_set *other)
{
	int err = 0;

	if (set == other)
		return 0;
	sort(set);
	sort(other);
	for (size_t i = 0; !err && i < other->used; i++)
		err = ukcov_set_add(set, other->words[i]);
	sort(set);
	return err;
}

/* Keep the words that are in @other, or those that are not. */
static void filter(struct ukcov_set *set, struct ukcov_set *other, bool keep)
{
	size_t n = 0, j = 0;

	sort(set);
	sort(other);
	for (size_t i = 0; i < set->used; i++) {
		while (j < other->used && other->words[j] < set->words[i])
			j++;
		if ((j < other->used && other->words[j] == set->words[i]) == keep)
			set->words[n++] = set->words[i];
	}
	set->used = n;
	set->sorted = n;
}

void ukcov_set_intersect(struct ukcov_set *set, struct ukcov_set *other)
{
	if (set != other)
		filter(set, other, true);
}

void ukcov_set_subtract(struct ukcov_set *set, struct ukcov_set *other)
{
	if (set == other)
		set->used = set->sorted = 0;
	else
		filter(set, other, false);
}

int ukcov_set_compare(struct ukcov_set *a, struct ukcov_set *b, struct ukcov_set_diff *diff)
{
	size_t i = 0, j = 0, both = 0;

	sort(a);
	sort(b);
	while (i < a->used && j < b->used) {
		both += a->words[i] == b->words[j];
		if (a->words[i] == b->words[j]) {
			i++;
			j++;
		} else if (a->words[i] < b->words[j]) {
			i++;
		} else {
			j++;
		}
	}
	*diff = (struct ukcov_set_diff){
		.only_a = a->used - both,
		.only_b = b->used - both,
		.both = both,
	};
	return diff->only_a || diff->only_b;
}

/* The header. */

static struct entry *find_entry(const struct ukcov_set *set, const char *key)
{
	for (size_t i = 0; i < set->entries; i++)
		if (!strcmp(set->header[i].key, key))
			return &set->header[i];
	return NULL;
}

const char *ukcov_set_get(const struct ukcov_set *set, const char *key)
{
	struct entry *e = find_entry(set, key);

	return e ? e->value : NULL;
}

static bool is_key(const char *key)
{
	size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return n && !key[n];
}

/* What is read must be what was written: no other lines, no blanks at the ends. */
static bool is_value(const char *value)
{
	size_t len = strlen(value);

	if (len && (isspace((unsigned char)value[0]) || isspace((unsigned char)value[len - 1])))
		return false;
	return !strpbrk(value, "\n\r");
}

static void remove_entry(struct ukcov_set *set, struct entry *e)
{
	free(e->key);
	free(e->value);
	set->entries--;
	memmove(e, e + 1, (set->header + set->entries - e) * sizeof(*e));
}

static int add_entry(struct ukcov_set *set, const char *key, char *value)
{
	struct entry *e;

	if (ukcov__grow((void **)&set->header, &set->entries_room, set->entries, sizeof(*e)))
		return -ENOMEM;
	e = &set->header[set->entries];
	e->key = strdup(key);
	if (!e->key)
		return -ENOMEM;
	e->value = value;
	set->entries++;
	return 0;
}

int ukcov_set_put(struct ukcov_set *set, const char *key, const char *value)
{
	struct entry *e = find_entry(set, key);
	char *copy;
	int err = 0;

	if (!is_key(key) || !strcmp(key, "pcs") || (value && !is_value(value)))
		return -EINVAL;
	if (!value) {
		if (e)
			remove_entry(set, e);
		return 0;
	}
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	if (e) {
		free(e->value);
		e->value = copy;
		return 0;
	}
	/* They are looked for one by one: a file of a million would take an hour. */
	err = set->entries < UKCOV_MAX_KEYS ? add_entry(set, key, copy) : -E2BIG;
	if (err)
		free(copy);
	return err;
}

int ukcov_set_visit_header(const struct ukcov_set *set,
			   int (*visit)(void *arg, const char *key, const char *value),
			   void *arg)
{
	int err = 0;

	for (size_t i = 0; !err && i < set->entries; i++)
		err = visit(arg, set->header[i].key, set->header[i].value);
	return err;
}

static int copy_entry(void *arg, const char *key, const char *value)
{
	return ukcov_set_put(arg, key, value);
}

int ukcov_set_copy(struct ukcov_set **set, struct ukcov_set *from)
{
	int err = ukcov_set_new(set);

	if (err)
		return err;
	err = ukcov_set_merge(*set, from);
	if (!err)
		err = ukcov_set_visit_header(from, copy_entry, *set);
	if (err) {
		ukcov_set_free(*set);
		*set = NULL;
	}
	return err;
}

/* From a handle. */

static int add_word(void *arg, uint64_t word)
{
	return ukcov_set_add(arg, word);
}

static const char *mode_name(unsigned int mode)
{
	switch (mode) {
	case UKCOV_TRACE:	return "trace";
	case UKCOV_PC:		return "pc";
	case UKCOV_EDGE:	return "edge";
	case UKCOV_PC_EDGE:	return "pc+edge";
	case UKCOV_COMPACT:	return "compact";
	}
	return "cmp";
}

static int put_dropped(struct ukcov_set *set, const struct ukcov_stats *st)
{
	const char *before = ukcov_set_get(set, "dropped");
	uint64_t dropped = st->mode == UKCOV_EDGE && st->flags & UKCOV_NATIVE ?
		st->edge.dropped : st->main.dropped;
	char text[32];

	if (before && !strcmp(before, "unknown"))
		return 0;
	if (st->flags & UKCOV_LOST && !(st->flags & UKCOV_COUNTED))
		return ukcov_set_put(set, "dropped", "unknown");
	if (before)
		dropped += strtoull(before, NULL, 10);
	snprintf(text, sizeof(text), "%" PRIu64, dropped);
	return ukcov_set_put(set, "dropped", text);
}

static int put_kernel(struct ukcov_set *set)
{
	char id[BUILD_ID_LEN];
	struct utsname un;
	int err = 0;

	if (!uname(&un))
		err = ukcov_set_put(set, "release", un.release);
	ukcov__kernel_build_id(id);
	if (!err && id[0])
		err = ukcov_set_put(set, "build-id", id);
	return err;
}

int ukcov_set_collect(struct ukcov_set *set, struct ukcov *cov)
{
	struct ukcov_stats st;
	int err;

	err = ukcov_get_stats(cov, &st);
	if (err)
		return err;
	if (st.mode == UKCOV_EDGE)
		err = ukcov_visit_edges(cov, add_word, set);
	else
		err = ukcov_visit_pcs(cov, add_word, set);
	if (err)
		return err;
	err = put_kernel(set);
	if (!err)
		err = ukcov_set_put(set, "mode", mode_name(st.mode));
	return err ? err : put_dropped(set, &st);
}

/* Files. */

#define MAGIC	"# ukcov 1\n"

static size_t text_room(const struct ukcov_set *set)
{
	size_t n = sizeof(MAGIC) + 64 + 19 * set->used;

	for (size_t i = 0; i < set->entries; i++)
		n += strlen(set->header[i].key) + strlen(set->header[i].value) + 8;
	return n;
}

static char *put_word(char *p, uint64_t word)
{
	*p++ = '0';
	*p++ = 'x';
	for (int shift = 60; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[word >> shift & 15];
	*p++ = '\n';
	return p;
}

static char *format(struct ukcov_set *set, size_t *len)
{
	char *text, *p;

	sort(set);
	text = malloc(text_room(set));
	if (!text)
		return NULL;
	p = stpcpy(text, MAGIC);
	for (size_t i = 0; i < set->entries; i++)
		p += sprintf(p, "# %s: %s\n", set->header[i].key, set->header[i].value);
	p += sprintf(p, "# pcs: %zu\n", set->used);
	for (size_t i = 0; i < set->used; i++)
		p = put_word(p, set->words[i]);
	*len = p - text;
	return text;
}

int ukcov_set_write(struct ukcov_set *set, const char *path)
{
	size_t len;
	char *text = format(set, &len);
	int err = text ? ukcov__replace_file(path, text, len) : -ENOMEM;

	free(text);
	return err;
}

int ukcov_set_write_fd(struct ukcov_set *set, int fd)
{
	size_t len;
	char *text = format(set, &len);
	int err = text ? ukcov__write_all(fd, text, len) : -ENOMEM;

	free(text);
	return err;
}

/* What has been read of a file besides its words. */
struct reading {
	bool in_header;
	bool counted;		/* the header says how many words there are */
	uint64_t lines;		/* that have a word */
	uint64_t pcs;
};

/* "# key: value" is for us, any other comment is not. */
static int parse_comment(struct ukcov_set *set, struct reading *r, char *line)
{
	char *key = line + 1, *value, *end;

	while (isblank((unsigned char)*key))
		key++;
	value = strchr(key, ':');
	if (!value || !r->in_header)
		return 0;
	*value++ = 0;
	while (isblank((unsigned char)*value))
		value++;
	if (!strcmp(key, "pcs")) {
		r->pcs = strtoull(value, &end, 10);
		r->counted = isdigit((unsigned char)*value) && !*end;
		return r->counted ? 0 : -EILSEQ;
	}
	if (!is_key(key) || !is_value(value))
		return 0;
	return ukcov_set_put(set, key, value);
}

static int parse_line(struct ukcov_set *set, struct reading *r, char *line)
{
	uint64_t word;

	if (line[0] == '#')
		return parse_comment(set, r, line);
	if (!line[0])
		return 0;
	r->in_header = false;
	if (!ukcov__parse_hex(line, &word))
		return -EILSEQ;
	r->lines++;
	return ukcov_set_add(set, word);
}

static int parse(struct ukcov_set *set, char *text, size_t len, size_t *number)
{
	struct lines lines = { .next = text, .end = text + len };
	struct reading r = { .in_header = true };
	char *line;
	int err = 0;

	while (!err && (line = ukcov__next_line(&lines))) {
		*number = lines.number;
		/* Half a number is a number, too, but another one. */
		err = lines.cut ? -EBADMSG : parse_line(set, &r, line);
	}
	/* More is no damage: "sort -u a b" makes one list of two. */
	if (!err && r.counted && r.lines < r.pcs)
		err = -EBADMSG;
	if (!err)
		*number = 0;
	return err;
}

/* Takes @text apart. */
static int parse_new(struct ukcov_set **set, char *text, size_t len, size_t *line)
{
	size_t number = 0;
	int err;

	err = ukcov_set_new(set);
	if (!err)
		err = parse(*set, text, len, &number);
	if (err) {
		ukcov_set_free(*set);
		*set = NULL;
	}
	if (line)
		*line = number;
	return err;
}

int ukcov_set_parse(struct ukcov_set **set, const char *text, size_t len, size_t *line)
{
	char *copy = malloc(len + 1);
	int err;

	*set = NULL;
	if (line)
		*line = 0;
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = 0;
	err = parse_new(set, copy, len, line);
	free(copy);
	return err;
}

int ukcov_set_read(struct ukcov_set **set, const char *path, size_t *line)
{
	char *text;
	size_t len;
	int err;

	*set = NULL;
	if (line)
		*line = 0;
	err = ukcov__read_file(path, &text, &len);
	if (err)
		return err;
	err = parse_new(set, text, len, line);
	free(text);
	return err;
}
