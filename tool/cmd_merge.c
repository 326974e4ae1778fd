// SPDX-License-Identifier: MIT
/* ukcov merge: several files in one. */
#include "tool.h"

static const char help[] =
	"Usage: ukcov merge -o FILE FILE...\n"
	"\n"
	"Writes what any of the FILEs reached. They must come from the same kernel.\n"
	"\n"
	"  -o, --output FILE    where to; '-' is stdout. It may be one of the FILEs\n"
	"  --force              of different kernels, too\n"
	"\n"
	"Examples:\n"
	"  ukcov merge -o all.cov monday.cov tuesday.cov\n"
	"  ukcov merge -o - *.cov | wc -l\n";

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "force", no_argument, NULL, 256 },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

int cmd_merge(int argc, char **argv)
{
	const char *output = NULL;
	struct ukcov_set *set;
	struct kernel_options o = { 0 };
	int opt, err;

	while ((opt = next_option(argc, argv, "o:h", options)) != -1) {
		switch (opt) {
		case 'o':
			output = optarg;
			break;
		case 256:
			o.force = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return STATUS_USAGE;
		}
	}
	if (!output)
		return misuse("merge", "where to? Give -o FILE");
	if (optind == argc)
		return misuse("merge", "no file given");
	set = read_sets(argv + optind, argc - optind, &o);
	if (!set)
		return STATUS_FAILED;
	err = write_set(set, output);
	if (!err)
		err = copy_map(argv[optind], output);
	if (!err)
		say("%s items of %d files", number(ukcov_set_size(set)), argc - optind);
	ukcov_set_free(set);
	return err ? STATUS_FAILED : 0;
}
