// SPDX-License-Identifier: MIT
/* ukcov overflow: how large a buffer does a command need? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char help[] =
	"Usage: ukcov overflow [OPTION...] [--] COMMAND [ARG...]\n"
	"\n"
	"Runs COMMAND three times, with a trace, with unique PCs and edges, and with a compact\n"
	"trace, and shows on stderr how much each of them is, and which buffer has room for it.\n"
	"Each task has a buffer of its own: it is the largest task that counts.\n"
	"\n"
	"  -b, --buffer WORDS   room in the buffer (default: 1M words). On a kernel that does not\n"
	"                       count what it drops, this must have room for the whole trace\n"
	"  -f, --follow         all that COMMAND starts, too\n"
	"  --fallback           do as if the kernel knew plain traces only\n"
	"\n"
	"COMMAND's output goes where it goes, three times. Exit status: as of 'ukcov run', that of\n"
	"the last run.\n"
	"\n"
	"Examples:\n"
	"  ukcov overflow -- ls -lR /usr > /dev/null\n"
	"  ukcov overflow --follow -- make\n";

/* Of the tasks: all together, and the one with most. */
struct sum {
	uint64_t all, most;
	bool at_least;		/* a buffer was full, and nobody counted */
};

struct sums {
	struct sum main, edge;
};

static int count_word(void *arg, uint64_t word)
{
	(void)word;
	++*(uint64_t *)arg;
	return 0;
}

static void add(struct sum *sum, uint64_t n, bool at_least)
{
	sum->all += n;
	sum->most = n > sum->most ? n : sum->most;
	sum->at_least |= at_least;
}

static int take(void *arg, struct ukcov *cov)
{
	struct sums *sums = arg;
	struct ukcov_stats st;
	uint64_t pcs = 0, edges = 0;
	int err = ukcov_get_stats(cov, &st);
	bool lost = st.flags & UKCOV_LOST && !(st.flags & UKCOV_COUNTED);

	if (err)
		return err;
	if (st.flags & UKCOV_NATIVE) {
		add(&sums->main, st.main.recorded + st.main.dropped, false);
		add(&sums->edge, st.edge.recorded + st.edge.dropped, false);
		return 0;
	}
	if (st.mode == UKCOV_TRACE) {
		add(&sums->main, st.main.recorded + st.main.dropped, lost);
		return 0;
	}
	/* The library takes repeats out. */
	err = ukcov_visit_pcs(cov, count_word, &pcs);
	if (err >= 0 && st.mode == UKCOV_PC_EDGE)
		err = ukcov_visit_edges(cov, count_word, &edges);
	add(&sums->main, pcs, st.flags & UKCOV_LOST);
	add(&sums->edge, edges, st.flags & UKCOV_LOST);
	return err < 0 ? err : 0;
}

/* The smallest power of two with room for @n items and the count. */
static uint64_t buffer_for(uint64_t n)
{
	uint64_t words = 512;

	while (words < n + 1)
		words *= 2;
	return words;
}

static const char *size_name(uint64_t words)
{
	static char bufs[4][32];
	static int turn;
	char *p = bufs[turn++ % 4];

	if (words >= 1ul << 20)
		snprintf(p, sizeof(bufs[0]), "%lluM", (unsigned long long)words >> 20);
	else if (words >= 1024)
		snprintf(p, sizeof(bufs[0]), "%lluK", (unsigned long long)words >> 10);
	else
		snprintf(p, sizeof(bufs[0]), "%llu", (unsigned long long)words);
	return p;
}

static void print_row(const char *name, const struct sum *s)
{
	const char *more = s->at_least ? ">" : "";

	fprintf(stderr, "%-26s %1s%14s %1s%14s %1s%8s\n", name, more, number(s->all), more,
		number(s->most), more, size_name(buffer_for(s->most)));
}

static const struct option options[] = {
	{ "buffer", required_argument, NULL, 'b' },
	{ "follow", no_argument, NULL, 'f' },
	{ "fallback", no_argument, NULL, 256 },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int parse(int argc, char **argv, struct collect *c)
{
	int opt;

	while ((opt = next_option(argc, argv, "+b:fh", options)) != -1) {
		switch (opt) {
		case 'b':
			c->words = parse_words(optarg);
			if (!c->words)
				return misuse("overflow",
					      "-b %s: not a number of words, at least 2, as 64K", optarg);
			break;
		case 'f':
			c->follow = true;
			break;
		case 256:
			c->flags |= UKCOV_NO_NATIVE;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return STATUS_USAGE;
		}
	}
	if (optind == argc)
		return misuse("overflow", "no command given");
	c->argv = argv + optind;
	if (!c->words)
		c->words = 1ul << 20;
	return -1;
}

int cmd_overflow(int argc, char **argv)
{
	static const unsigned int modes[] = { UKCOV_TRACE, UKCOV_PC_EDGE, UKCOV_COMPACT };
	struct collect first = { .take = take };
	struct sums sums[ARRAY_SIZE(modes)];
	int status;

	memset(sums, 0, sizeof(sums));
	status = parse(argc, argv, &first);
	if (status >= 0)
		return status;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct collect c = first;

		c.mode = modes[i];
		c.arg = &sums[i];
		status = collect_run(&c);
		if (c.failed_to_start || !c.tasks)
			return status;
		if (c.error)
			return fail(STATUS_UKCOV, "coverage was lost: %s", strerror(-c.error));
		if (!i)
			collect_complain_tasks(&c);
	}
	fprintf(stderr, "%-26s  %14s  %14s  %8s\n", "", "in all", "largest task", "buffer");
	print_row("callbacks (trace)", &sums[0].main);
	print_row("distinct PCs (pc)", &sums[1].main);
	print_row("distinct edges (edge)", &sums[1].edge);
	print_row("compact trace (compact)", &sums[2].main);
	if (sums[0].main.at_least || sums[1].main.at_least)
		say("the buffer of %s words was full, and this kernel does not count what it drops: give a larger one with -b",
		    number(first.words));
	return status;
}
