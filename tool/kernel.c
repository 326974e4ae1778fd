// SPDX-License-Identifier: MIT
/* vmlinux: where it is, whether it is the right one, and opening it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tool.h"

#define KCOV_FILE	"/sys/kernel/debug/kcov"

const char *open_hint(int err)
{
	switch (err) {
	case -EACCES:
	case -EPERM:
		return "no permission to open " KCOV_FILE ": run it as root";
	case -ENOENT:
		return "debugfs is not mounted: mount -t debugfs none /sys/kernel/debug";
	case -ENOSYS:
		return "this kernel has no debugfs: build it with CONFIG_DEBUG_FS=y and CONFIG_KCOV=y";
	case -ENODEV:
		return "this kernel has no KCOV: build it with CONFIG_KCOV=y, or use scripts/vm";
	case -EINVAL:
		return "the kernel refuses a buffer of that size: give a smaller one with -b";
	case -ENOMEM:
		return "no memory for the buffer: give a smaller one with -b";
	}
	return strerror(-err);
}

bool kernel_option(struct kernel_options *o, int opt)
{
	switch (opt) {
	case 'k':
		o->vmlinux = optarg;
		break;
	case 1001:
		o->modules = optarg;
		break;
	case 1002:
		o->source = optarg;
		break;
	case 1003:
		o->force = true;
		break;
	default:
		return false;
	}
	return true;
}

bool has_modules(void)
{
	FILE *f = fopen("/proc/modules", "re");
	bool some;

	if (!f)
		return false;
	some = fgetc(f) != EOF;
	fclose(f);
	return some;
}

/* Is there such a file, with this build id (if both have one)? */
static bool fits(const char *path, const char *build_id)
{
	struct ukcov_image *img;
	const char *id;
	bool ok;

	if (access(path, R_OK) || ukcov_image_open(&img, path, NULL, NULL, UKCOV_NO_DEBUG))
		return false;
	id = ukcov_image_build_id(img);
	ok = !build_id || !*build_id || !strcmp(id, build_id);
	ukcov_image_close(img);
	return ok;
}

/* A directory has "vmlinux", or "linux" if it is of User Mode Linux. */
static char *in_directory(const char *path)
{
	struct stat st;
	char *file;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return xstrdup(path);
	file = xasprintf("%s/vmlinux", path);
	if (!access(file, F_OK))
		return file;
	free(file);
	return xasprintf("%s/linux", path);
}

char *find_vmlinux(const char *given, const char *hint, const char *release,
		   const char *build_id)
{
	const char *env = getenv("UKCOV_VMLINUX");
	char *at[9] = { 0 }, *found = NULL;
	size_t n = 0;

	if (given)
		return in_directory(given);
	if (env && *env)
		at[n++] = in_directory(env);
	if (hint)
		at[n++] = xstrdup(hint);
	if (build_id && strlen(build_id) > 2)
		at[n++] = xasprintf("/usr/lib/debug/.build-id/%.2s/%s.debug", build_id, build_id + 2);
	if (release) {
		at[n++] = xasprintf("/lib/modules/%s/build/vmlinux", release);
		at[n++] = xasprintf("/usr/lib/debug/boot/vmlinux-%s", release);
		at[n++] = xasprintf("/usr/lib/debug/lib/modules/%s/vmlinux", release);
		at[n++] = xasprintf("/boot/vmlinux-%s", release);
	}
	/* Just anything that is called so: only if it is that one for sure. */
	if (build_id && *build_id)
		at[n++] = xstrdup("vmlinux");
	for (size_t i = 0; i < n; i++) {
		if (!found && fits(at[i], build_id))
			found = at[i];
		else
			free(at[i]);
	}
	if (found && *found != '/') {
		char *full = realpath(found, NULL);

		if (full) {
			free(found);
			found = full;
		}
	}
	return found;
}

char *find_vmlinux_live(const char *given)
{
	struct ukcov_map *map;
	struct utsname un;
	const char *id;
	char *found;

	if (ukcov_map_live(&map))
		map = NULL;
	id = map ? ukcov_map_build_id(map) : "";
	found = find_vmlinux(given, NULL, uname(&un) ? NULL : un.release, id);
	ukcov_map_free(map);
	if (found && given && *id && !fits(found, id)) {
		say("%s: not a vmlinux of this kernel (its build id is %.12s)", found, id);
		free(found);
		found = NULL;
	}
	return found;
}

struct ukcov_map *saved_map(const char *path)
{
	char *name = xasprintf("%s.map", path);
	struct ukcov_map *map = NULL;
	size_t line = 0;
	int err;

	err = ukcov_map_read(&map, name, &line);
	if (err && err != -ENOENT)
		say("%s: %s: modules will not be known", name, strerror(-err));
	free(name);
	return err ? NULL : map;
}

/* Where .ko files are: beside vmlinux, as after a build. */
static char *modules_dir(const struct kernel_options *o, const char *vmlinux,
			 const char *release)
{
	const char *slash = strrchr(vmlinux, '/');
	char *dir;

	if (o->modules)
		return xstrdup(o->modules);
	dir = slash ? xasprintf("%.*s/modules.order", (int)(slash - vmlinux), vmlinux) :
		xstrdup("modules.order");
	if (!access(dir, F_OK) || !release) {
		free(dir);
		return slash ? xasprintf("%.*s/", (int)(slash - vmlinux), vmlinux) : xstrdup(".");
	}
	free(dir);
	return xasprintf("/lib/modules/%s", release);
}

static void explain(const char *vmlinux, const struct ukcov_set *set, int err)
{
	switch (err) {
	case -ENOEXEC:
		say("%s: not a vmlinux (an ELF file with symbols), or cut off", vmlinux);
		break;
	case -EPFNOSUPPORT:
		say("%s: of an architecture other than x86-64 and arm64", vmlinux);
		break;
	case -ESTALE:
		say("%s: a vmlinux of another kernel: the coverage is of %s", vmlinux,
		    kernel_name(set));
		say("give the right one with -k, or, if you know better, --force");
		break;
	default:
		say("%s: %s", vmlinux, strerror(-err));
	}
}

static int warn_module(void *arg, const struct ukcov_module *m)
{
	(void)arg;
	if (m->error)
		say("module %s: %s", m->name,
		    m->error == -ENOENT ? "its .ko was not found (see --modules): its code is not known" :
		    m->error == -ESTALE ? "its .ko is of another build: its code is not known" :
		    m->error == -ENODATA ? "no debug information: functions without lines" :
		    strerror(-m->error));
	return 0;
}

static void warn_debug(struct ukcov_image *img, const char *vmlinux)
{
	switch (ukcov_image_debug(img)) {
	case -ENODATA:
		say("%s: no debug information: functions without files and lines; build the kernel with CONFIG_DEBUG_INFO_DWARF5=y",
		    vmlinux);
		break;
	case -EPROTONOSUPPORT:
		say("%s: its debug information is compressed in a way that the installed libelf cannot read; build with CONFIG_DEBUG_INFO_COMPRESSED_NONE=y",
		    vmlinux);
		break;
	case -EBADMSG:
		say("%s: its debug information is damaged", vmlinux);
		break;
	}
}

struct ukcov_image *open_kernel(const struct kernel_options *o, struct ukcov_set *set,
				const char *path, char **name)
{
	const char *id = ukcov_set_get(set, "build-id"), *release = ukcov_set_get(set, "release");
	struct ukcov_image *img = NULL;
	char *vmlinux, *dir;
	struct ukcov_map *map;
	int err;

	vmlinux = find_vmlinux(o->vmlinux, ukcov_set_get(set, "vmlinux"), release, id);
	if (!vmlinux) {
		say("no vmlinux of kernel %s was found", kernel_name(set));
		say("give it, or the directory in which it was built, with -k");
		return NULL;
	}
	dir = modules_dir(o, vmlinux, release);
	map = saved_map(path);
	err = ukcov_image_open(&img, vmlinux, map, dir,
			       (o->force ? UKCOV_ANY_BUILD_ID : 0) |
			       (o->no_debug ? UKCOV_NO_DEBUG : 0));
	/* A file without a map has the build id all the same. */
	if (!err && !o->force && id && *ukcov_image_build_id(img) &&
	    strcmp(id, ukcov_image_build_id(img)))
		err = -ESTALE;
	ukcov_map_free(map);
	free(dir);
	if (err) {
		ukcov_image_close(img);
		img = NULL;
		explain(vmlinux, set, err);
	} else {
		if (!o->no_debug)
			warn_debug(img, vmlinux);
		ukcov_image_visit_modules(img, warn_module, NULL);
	}
	if (name)
		*name = vmlinux;
	else
		free(vmlinux);
	return img;
}

struct ukcov_image *open_live_kernel(const struct kernel_options *o)
{
	struct ukcov_image *img = NULL;
	struct ukcov_map *map;
	struct utsname un;
	char *vmlinux, *dir;
	int err;

	vmlinux = find_vmlinux_live(o->vmlinux);
	if (!vmlinux) {
		say("no vmlinux of this kernel was found, so functions are not known: give it with -k");
		return NULL;
	}
	if (ukcov_map_live(&map))
		map = NULL;
	dir = modules_dir(o, vmlinux, uname(&un) ? NULL : un.release);
	err = ukcov_image_open(&img, vmlinux, map, dir, o->force ? UKCOV_ANY_BUILD_ID : 0);
	if (err)
		say("%s: %s", vmlinux, strerror(-err));
	ukcov_map_free(map);
	free(dir);
	free(vmlinux);
	return err ? NULL : img;
}
