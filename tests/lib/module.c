// SPDX-License-Identifier: MIT
/*
 * module FILE.ko: in a booted kernel, loads the module of dummy network devices and reads
 * what only its own code tells, traced. Leaves what ran and the map of modules in
 * $VM_SCRATCH, for symbolize.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ukcov.h"

static void check(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "module: %s: %s\n", what, strerror(-err));
	exit(1);
}

static const char *in_scratch(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", getenv("VM_SCRATCH") ? : "/tmp", name);
	return path;
}

static void read_statistics(void)
{
	char text[64];
	int fd = open("/sys/class/net/dummy0/statistics/rx_bytes", O_RDONLY);

	if (fd < 0 || read(fd, text, sizeof(text)) < 0) {
		perror("dummy0");
		exit(1);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1, err;
	struct ukcov_set *set;
	struct ukcov_map *map;
	struct ukcov *cov;

	if (fd < 0) {
		perror("usage: module FILE.ko");
		return 2;
	}
	check(ukcov_open(&cov, UKCOV_PC, 1 << 20, 0), "ukcov_open");
	check(ukcov_enable(cov), "ukcov_enable");
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	read_statistics();
	check(ukcov_disable(cov), "ukcov_disable");
	check(err, argv[1]);
	check(ukcov_set_new(&set), "ukcov_set_new");
	check(ukcov_set_collect(set, cov), "ukcov_set_collect");
	check(ukcov_set_write(set, in_scratch("module.cov")), "module.cov");
	check(ukcov_map_live(&map), "ukcov_map_live");
	check(ukcov_map_write(map, in_scratch("module.map")), "module.map");
	ukcov_map_free(map);
	ukcov_set_free(set);
	ukcov_close(cov);
	return 0;
}
