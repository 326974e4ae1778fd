// SPDX-License-Identifier: MIT
/* Which subsystem does a file belong to? As the kernel's MAINTAINERS has it. */
#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

struct pattern {
	char kind;		/* F: a path, X: one that is not meant, N: a regex */
	char *text;
	regex_t regex;		/* of N */
};

struct section {
	char *name;
	struct pattern *patterns;
	size_t n;
};

struct maintainers {
	struct section *sections;
	size_t n;
};

static void add_section(struct maintainers *m, const char *name)
{
	struct section *s;

	m->sections = xrealloc(m->sections, (m->n + 1) * sizeof(*s));
	s = &m->sections[m->n++];
	memset(s, 0, sizeof(*s));
	s->name = xstrdup(name);
}

static void add_pattern(struct section *s, char kind, const char *text)
{
	struct pattern *p;

	s->patterns = xrealloc(s->patterns, (s->n + 1) * sizeof(*p));
	p = &s->patterns[s->n];
	p->kind = kind;
	if (kind == 'N' && regcomp(&p->regex, text, REG_EXTENDED | REG_NOSUB))
		return;
	p->text = xstrdup(text);
	s->n++;
}

static bool is_tag(const char *line)
{
	return line[0] >= 'A' && line[0] <= 'Z' && line[1] == ':' && line[2] == '\t';
}

struct maintainers *maintainers_read(const char *root)
{
	char *path = xasprintf("%s/MAINTAINERS", root), *line = NULL;
	char last[256] = "";
	struct maintainers *m;
	size_t room = 0;
	FILE *f;

	f = fopen(path, "re");
	if (!f) {
		say("%s: %s", path, strerror(errno));
		free(path);
		return NULL;
	}
	free(path);
	m = xcalloc(1, sizeof(*m));
	while (getline(&line, &room, f) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (!is_tag(line)) {
			snprintf(last, sizeof(last), "%s", line);
			continue;
		}
		/* The line before the first tag names the section. */
		if (*last)
			add_section(m, last);
		*last = 0;
		if (m->n && strchr("FXN", line[0]))
			add_pattern(&m->sections[m->n - 1], line[0],
				    line + 2 + strspn(line + 2, " \t"));
	}
	free(line);
	fclose(f);
	return m;
}

/* How well a pattern fits: the longer it is, the better; 0: not at all. */
static size_t fit(const struct pattern *p, const char *path)
{
	size_t n = strlen(p->text), plain = strcspn(p->text, "*?[");

	if (p->kind == 'N')
		return regexec(&p->regex, path, 0, NULL, 0) ? 0 : 1;
	if (strncmp(p->text, path, plain))
		return 0;
	if (plain == n) {
		if (!path[n] || path[n] == '/' || (n && p->text[n - 1] == '/'))
			return n + 1;
		return 0;
	}
	/* A '*' does not reach over a '/'; with a '/' at the end, all below is meant. */
	if (p->text[n - 1] == '/')
		return fnmatch(p->text, path, FNM_PATHNAME | FNM_LEADING_DIR) ? 0 : n + 1;
	return fnmatch(p->text, path, FNM_PATHNAME) ? 0 : n + 1;
}

static size_t section_fit(const struct section *s, const char *path)
{
	size_t best = 0, n;

	for (size_t i = 0; i < s->n; i++) {
		n = fit(&s->patterns[i], path);
		if (n && s->patterns[i].kind == 'X')
			return 0;
		best = n > best ? n : best;
	}
	return best;
}

const char *maintainers_of(const struct maintainers *m, const char *path)
{
	const char *name = "";
	size_t best = 0, n;

	for (size_t i = 0; i < m->n; i++) {
		if (!strcmp(m->sections[i].name, "THE REST"))
			continue;
		n = section_fit(&m->sections[i], path);
		if (n > best) {
			best = n;
			name = m->sections[i].name;
		}
	}
	return name;
}

void maintainers_free(struct maintainers *m)
{
	for (size_t i = 0; m && i < m->n; i++) {
		struct section *s = &m->sections[i];

		for (size_t k = 0; k < s->n; k++) {
			if (s->patterns[k].kind == 'N')
				regfree(&s->patterns[k].regex);
			free(s->patterns[k].text);
		}
		free(s->patterns);
		free(s->name);
	}
	if (m)
		free(m->sections);
	free(m);
}
