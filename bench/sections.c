// SPDX-License-Identifier: MIT
/*
 * In a guest: what a short section of remote coverage costs in each mode. bench/sections builds
 * and runs it.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "guest.h"

#define WORDS		(1u << 20)
#define SECTIONS	20000
#define ROUNDS		9
#define HANDLE		0x5ecull	/* KCOV_SUBSYSTEM_COMMON is 0 */

static const unsigned int modes[] = { 0, 1, 2, 4, 6, 8, 16 };

static unsigned long read_ns(void)
{
	char text[32] = "";
	int fd = open("/sys/module/kcov_sections/parameters/ns", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
		perror("/sys/module/kcov_sections/parameters/ns");
		exit(1);
	}
	close(fd);
	return strtoul(text, NULL, 10);
}

/* So many sections; @mode: of a listener, or none if it is -1. In ns. */
static unsigned long measure(int mode, unsigned long long *items)
{
	struct kcov_remote_arg arg = {
		.trace_mode = mode, .area_size = 1024, .common_handle = HANDLE,
	};
	struct kcov_stats st = {};
	char text[64];
	struct cov c;
	int err;

	cov_open_or_exit(&c, WORDS, COV_EDGE);
	if (mode >= 0 && ioctl(c.fd, KCOV_REMOTE_ENABLE, &arg)) {
		perror("KCOV_REMOTE_ENABLE");
		exit(1);
	}
	snprintf(text, sizeof(text), "%d %llx", SECTIONS, HANDLE);
	err = put("/sys/module/kcov_sections/parameters/run", text);
	if (err) {
		fprintf(stderr, "kcov_sections: %s\n", strerror(-err));
		exit(1);
	}
	cov_stats(c.fd, &st);
	*items = st.main.recorded + st.edge.recorded;
	if (mode >= 0)
		cov_disable(c.fd);
	cov_close(&c);
	return read_ns();
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static double ratio[ARRAY_SIZE(modes)][ROUNDS], ns[ARRAY_SIZE(modes)][ROUNDS];
	unsigned long long items[ARRAY_SIZE(modes)];
	char module[4096];
	int round, fd;
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	snprintf(module, sizeof(module), "%s/kcov_sections.ko", argv[1]);
	fd = open(module, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0)) {
		perror(module);
		return 1;
	}
	for (round = -1; round < ROUNDS; round++)
		for (i = 0; i < ARRAY_SIZE(modes); i++) {
			double took = measure(modes[i], &items[i]) / (double)SECTIONS;

			/* The first round fills caches. */
			if (round < 0)
				continue;
			ns[i][round] = took;
			ratio[i][round] = took / ns[modes[i] == 8][round];
		}
	printf("mode  ns a section  of mode 0 (8: of 1)  items in the list\n");
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		qsort(ns[i], ROUNDS, sizeof(double), by_value);
		qsort(ratio[i], ROUNDS, sizeof(double), by_value);
		printf("%4u  %12.0f  %19.2f  %17llu\n", modes[i], ns[i][ROUNDS / 2],
		       ratio[i][ROUNDS / 2], items[i]);
	}
	return 0;
}
