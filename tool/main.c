// SPDX-License-Identifier: MIT
/* ukcov: which kernel code does a command reach? */
#include <string.h>

#include "tool.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "run", cmd_run, "run a command and collect which kernel code it reaches" },
	{ "report", cmd_report, "show functions, files and lines that were reached" },
	{ "diff", cmd_diff, "show what only one of two runs reached" },
	{ "merge", cmd_merge, "put several runs into one file" },
	{ "filter", cmd_filter, "keep what lies in some functions, files or modules" },
	{ "top", cmd_top, "show which code repeats most, and so fills buffers" },
	{ "overflow", cmd_overflow, "find out how large a buffer a command needs" },
	{ "doctor", cmd_doctor, "check whether this kernel and machine have what it takes" },
};

static void help(FILE *f)
{
	fputs("Usage: ukcov COMMAND [OPTION...] [ARG...]\n"
	     "\n"
	     "Shows which code of the Linux kernel a command reaches, by KCOV.\n\n", f);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].what);
	fputs("\n"
	     "  ukcov COMMAND --help   options and examples of one command; also: ukcov help COMMAND\n"
	     "  ukcov --version\n"
	     "\n"
	     "Examples:\n"
	     "  ukcov doctor                                  is everything there?\n"
	     "  ukcov run --follow -o make.cov -- make -j4    make and all that it starts\n"
	     "  ukcov report make.cov                         functions by file, most first\n"
	     "  ukcov report --html out make.cov              pages with the source\n"
	     "  ukcov run -o a.cov -- ls; ukcov run -o b.cov -- ls -l; ukcov diff a.cov b.cov\n"
	     "  ukcov top -- find /usr                        what floods a buffer\n"
	     "\n"
	     "It needs a kernel built with CONFIG_KCOV, debugfs and root. 'man ukcov' has more.\n", f);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	char *for_help[] = { argv[0], NULL, "--help", NULL };

	/* "help run" is "run --help". */
	if (!strcmp(name, "help") && argc > 2) {
		name = for_help[1] = argv[2];
		argv = for_help;
		argc = 3;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		help(argc > 1 ? stdout : stderr);
		return argc > 1 ? 0 : STATUS_USAGE;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("ukcov %s\n", ukcov_version());
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	say("unknown command '%s'", name);
	say("see 'ukcov --help'");
	return STATUS_USAGE;
}
