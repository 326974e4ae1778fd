// SPDX-License-Identifier: MIT
/*
 * inkernel [--rounds N] [--json] [WORKLOAD...]: what the modes cost real programs.
 *
 * Runs in a guest. Each workload runs untraced and in all modes, in turn, round after
 * round; told are medians of ratios within a round: to mode 0, of comparisons (8) to
 * mode 1.
 */
#include <sys/stat.h>

#include "../tests/boot/workloads.h"

#include "bench.h"

#define AREA_WORDS	(1ul << 20)
#define ROUNDS		51
#define MIN_ROUNDS	5
/* Of a workload's rounds: a slow one must not take all the time there is. */
#define MAX_NS		3500000000ull

enum { OFF, MODE_0, MODE_2, MODE_4, MODE_6, MODE_16, MODE_1, MODE_8, SUBJECTS };

static const struct {
	const char	*name;
	unsigned long	mode;
	int		base;	/* ratios are to this one */
	double		goal;	/* at most so many times the base; 0: none */
} subjects[SUBJECTS] = {
	[OFF]    = { "off", WORKLOAD_UNTRACED, MODE_0, 0 },
	[MODE_0] = { "mode0", KCOV_TRACE_PC, MODE_0, 0 },
	[MODE_2] = { "mode2", KCOV_TRACE_UNIQ_PC, MODE_0, 1.05 },
	[MODE_4] = { "mode4", KCOV_TRACE_UNIQ_EDGE, MODE_0, 0 },
	[MODE_6] = { "mode6", KCOV_TRACE_UNIQ_PC | KCOV_TRACE_UNIQ_EDGE, MODE_0, 1.10 },
	[MODE_16] = { "mode16", KCOV_TRACE_COMPACT, MODE_0, 1.10 },
	[MODE_1] = { "mode1", KCOV_TRACE_CMP, MODE_0, 0 },
	[MODE_8] = { "mode8", KCOV_TRACE_UNIQ_CMP, MODE_1, 0 },
};

/* Real programs and system calls, long enough for a clock. */
static const char *const defaults[] = {
	"mmap-64m", "files-200", "tcp", "read-zero", "fork", "fork-exec", "find", "ls-lR",
	"tar", "grep", "sort", "dd", "unix", "netlink", "pipe", "file-mmap", "mount",
	"getdents",
};

struct run {
	const struct workload	*w;
	struct cov		*cov;
	bool			failed;
	char			why[200];
	unsigned long long	callbacks;	/* in mode 0 */
};

static struct figures {
	double ms[SUBJECTS], ratio[SUBJECTS], spread;
} figures[64];

static void count_callbacks(struct run *r)
{
	struct kcov_stats st;

	if (!cov_stats(r->cov->fd, &st))
		r->callbacks = st.main.recorded + st.main.dropped;
}

/* bench_fn, in ns */
static double time_workload(void *ctx, int subject)
{
	struct run *r = ctx;
	struct workload_result res;
	int err;

	if (r->failed)
		return 1;
	err = workload_run(r->w, r->cov, subjects[subject].mode, &res);
	if (err) {
		r->failed = true;
		snprintf(r->why, sizeof(r->why), "%s: %s", err > 0 ? "skipped" : "failed",
			 res.why);
		return 1;
	}
	if (subject == MODE_0)
		count_callbacks(r);
	return res.ns ? res.ns : 1;
}

/* How many rounds there is time for: from a first run of all subjects. */
static int affordable(struct run *r, int rounds)
{
	uint64_t begin = bench_ns(), took;
	int s;

	for (s = 0; s < SUBJECTS; s++)
		time_workload(r, s);
	took = bench_ns() - begin;
	if (took * rounds > MAX_NS)
		rounds = MAX_NS / took;
	return rounds < MIN_ROUNDS ? MIN_ROUNDS : rounds;
}

static bool measure(struct run *r, int rounds, struct figures *f)
{
	double *sample;
	int s;

	rounds = affordable(r, rounds);
	sample = malloc(SUBJECTS * rounds * sizeof(*sample));
	bench_rounds(time_workload, r, SUBJECTS, rounds, sample);
	for (s = 0; s < SUBJECTS; s++) {
		f->ms[s] = bench_median(sample + s * rounds, rounds) / 1e6;
		f->ratio[s] = bench_ratio(sample, rounds, s, subjects[s].base);
	}
	f->spread = bench_spread(sample + MODE_0 * rounds, rounds);
	free(sample);
	return !r->failed;
}

static void head(void)
{
	int s;

	printf("%-14s %10s %8s", "workload", "callbacks", "mode0 ms");
	for (s = 0; s < SUBJECTS; s++)
		if (s != MODE_0)
			printf(" %6s", subjects[s].name);
	printf("  spread\n");
}

static void row(const struct run *r, const struct figures *f)
{
	int s;

	printf("%-14s %10llu %8.2f", r->w->name, r->callbacks, f->ms[MODE_0]);
	for (s = 0; s < SUBJECTS; s++)
		if (s != MODE_0)
			printf(" %6.2f", f->ratio[s]);
	printf("  %5.1f%%%s\n", 100 * f->spread,
	       r->callbacks >= AREA_WORDS ? "  mode 0 overflows" : "");
	fflush(stdout);
}

static void json_row(const struct run *r, const struct figures *f, bool first)
{
	int s;

	printf("%s  {\"workload\": \"%s\", \"callbacks\": %llu, \"spread\": %.3f",
	       first ? "" : ",\n", r->w->name, r->callbacks, f->spread);
	for (s = 0; s < SUBJECTS; s++)
		printf(", \"%s_ms\": %.3f, \"%s_ratio\": %.3f", subjects[s].name, f->ms[s],
		       subjects[s].name, f->ratio[s]);
	printf("}");
	fflush(stdout);
}

static void summary(size_t n)
{
	double ratio[ARRAY_SIZE(figures)], median;
	size_t i;
	int s;

	for (s = 0; s < SUBJECTS; s++) {
		if (s == MODE_0)
			continue;
		for (i = 0; i < n; i++)
			ratio[i] = figures[i].ratio[s];
		median = bench_median(ratio, n);
		printf("  %s: %.2f times %s, median of %zu workloads", subjects[s].name,
		       median, subjects[subjects[s].base].name, n);
		if (subjects[s].goal)
			printf(", goal at most %.2f: %s", subjects[s].goal,
			       median <= subjects[s].goal ? "met" : "missed");
		printf("\n");
	}
}

/* What a descriptor takes, beside the buffers that userspace maps. */
static void memory(bool json)
{
	unsigned long bytes;
	int s, areas;

	printf(json ? "  {\"memory\": {" : "\nMemory per descriptor beyond the buffers, at first (KiB):");
	for (s = MODE_0; s < SUBJECTS; s++) {
		areas = subjects[s].mode & KCOV_TRACE_UNIQ_EDGE ? 2 : 1;
		bytes = cov_mode_bytes(subjects[s].mode, AREA_WORDS) -
			areas * AREA_WORDS * sizeof(unsigned long);
		printf(json ? "%s\"%s\": %lu" : "%s %s %lu", s == MODE_0 ? "" : json ? ", " : ",",
		       subjects[s].name, json ? bytes : bytes >> 10);
	}
	printf(json ? "}}" : "\n");
}

/* ---- windows of one system call each, as a fuzzer's are ---- */

#define CALLS		2000	/* in one go, each in a window of its own */
#define CALL_ROUNDS	31
#define ENABLE_WORDS	(512ul << 10)

static struct cov call_cov;
static int call_fd;

static void call_open(void)
{
	close(open("/proc/self/stat", O_RDONLY));
}

static void call_stat(void)
{
	struct stat st;

	stat("/bin/sh", &st);
}

static void call_read(void)
{
	char buf[512];

	pread(call_fd, buf, sizeof(buf), 0);
}

static void call_mmap(void)
{
	munmap(mmap(NULL, 16 << 10, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0), 16 << 10);
}

/* What a fuzzer does for each program. */
static void call_enable(void)
{
	/* Is done by time_calls(). */
}

static const struct {
	const char	*name;
	void		(*call)(void);
} calls[] = {
	{ "open", call_open }, { "stat", call_stat }, { "read", call_read },
	{ "mmap", call_mmap }, { "enable", call_enable },
};

/* bench_fn, in ns a call; @ctx is one of calls[]. */
static double time_calls(void *ctx, int subject)
{
	void (*call)(void) = *(void (**)(void))ctx;
	unsigned long mode = subjects[subject].mode;
	bool enable = call == call_enable;
	uint64_t begin;
	int i, n = enable ? CALLS / 10 : CALLS;

	if (subject == OFF && enable)
		return 1;
	if (subject != OFF && !enable && cov_enable(call_cov.fd, mode))
		return 1;
	begin = bench_ns();
	for (i = 0; i < n; i++) {
		if (enable && (cov_enable(call_cov.fd, mode) || cov_disable(call_cov.fd)))
			return 1;
		__atomic_store_n(&call_cov.main[0], 0, __ATOMIC_RELAXED);
		__atomic_store_n(&call_cov.edge[0], 0, __ATOMIC_RELAXED);
		call();
	}
	begin = bench_ns() - begin;
	if (subject != OFF && !enable)
		cov_disable(call_cov.fd);
	return (double)begin / n;
}

static void short_windows(bool json)
{
	double sample[SUBJECTS * CALL_ROUNDS];
	size_t i;
	int s;

	cov_open_or_exit(&call_cov, ENABLE_WORDS, COV_EDGE);
	call_fd = open("/bin/sh", O_RDONLY);
	if (!json)
		printf("\nEach call a window, reset by a store; and KCOV_ENABLE and KCOV_DISABLE, %lu words:\n"
		       "ns in mode 0, and times that; of mode 8, times mode 1\n", ENABLE_WORDS);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		bench_rounds(time_calls, (void *)&calls[i].call, SUBJECTS, CALL_ROUNDS, sample);
		printf(json ? ",\n  {\"call\": \"%s\", \"mode0_ns\": %.0f" : "%-14s %10.0f",
		       calls[i].name, bench_median(sample + MODE_0 * CALL_ROUNDS, CALL_ROUNDS));
		for (s = MODE_2; s < SUBJECTS; s++)
			printf(json ? ", \"%s_ratio\": %.3f" : "  %s %.3f", subjects[s].name,
			       bench_ratio(sample, CALL_ROUNDS, s, subjects[s].base));
		printf(json ? "}" : "\n");
		fflush(stdout);
	}
	cov_close(&call_cov);
	close(call_fd);
}

static size_t measure_all(struct cov *c, const char *const *names, size_t n, int rounds,
			  bool json)
{
	size_t i, done = 0;

	for (i = 0; i < n && done < ARRAY_SIZE(figures); i++) {
		struct run r = { .w = workload_find(names[i]), .cov = c };

		if (!r.w) {
			fprintf(stderr, "inkernel: no workload '%s'\n", names[i]);
			continue;
		}
		if (json)
			fprintf(stderr, "  %s\n", r.w->name);
		if (!measure(&r, rounds, &figures[done])) {
			fprintf(stderr, "inkernel: %s: %s\n", r.w->name, r.why);
			continue;
		}
		if (json)
			json_row(&r, &figures[done], !done);
		else
			row(&r, &figures[done]);
		done++;
	}
	return done;
}

int main(int argc, char **argv)
{
	const char *const *names = defaults;
	size_t n = ARRAY_SIZE(defaults), done;
	int rounds = ROUNDS, i = 1;
	bool json = false;
	struct cov c;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--json")) {
			json = true;
		} else if (!strcmp(argv[i], "--rounds") && i + 1 < argc) {
			rounds = atoi(argv[++i]);
		} else {
			fprintf(stderr, "usage: inkernel [--rounds N] [--json] [WORKLOAD...]\n");
			return 2;
		}
	}
	if (i < argc) {
		names = (const char *const *)argv + i;
		n = argc - i;
	}
	cov_open_or_exit(&c, AREA_WORDS, COV_EDGE);
	if (json)
		printf("[\n");
	else
		head();
	done = measure_all(&c, names, n, rounds, json);
	if (!json && done)
		summary(done);
	if (json && done)
		printf(",\n");
	memory(json);
	short_windows(json);
	if (json)
		printf("\n]\n");
	/* What could not run was named above. */
	return done < n;
}
