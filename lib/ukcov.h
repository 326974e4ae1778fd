/* SPDX-License-Identifier: MIT */
/*
 * libukcov: kernel coverage for C programs, on any kernel with KCOV.
 *
 * - collect: trace the calling thread, with one meaning of each mode on every kernel.
 * - set: sets of PCs, and files of them.
 * - map: where a kernel and its modules lie.
 * - image: vmlinux and modules: what can be covered, and which function, file and line
 *   a PC is in.
 *
 * Rules that hold for all of it: functions that return int return 0 or a number as they
 * say, or a negative errno; nothing is printed; there is no global state, so that two
 * threads may use two handles at once. One handle is for one thread at a time. On an
 * error no handle is made, and an output that is a pointer to one is set to NULL.
 * Functions that free take NULL. Callbacks return 0 to go on; any other number ends the
 * visit and is returned by it.
 *
 * A PC is what KCOV reports: the return address of the call of its hook, less the offset
 * of KASLR. All functions take PCs like that; none is to be decremented before.
 *
 * Later versions that are called libukcov.so.0, too, have all that this one has, in the same
 * place. Functions and constants are added; structs that callers make room for get new
 * members out of their reserved words, which are 0 until then; structs that only callbacks
 * see may grow at the end.
 */
#ifndef UKCOV_H
#define UKCOV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header; ukcov_version() tells that of the library that is running. */
#define UKCOV_VERSION_MAJOR	0
#define UKCOV_VERSION_MINOR	1

/* ---------------------------------------------------------------- collect */

/** struct ukcov - one KCOV descriptor with its mapping. */
struct ukcov;

/**
 * enum ukcov_mode - what to collect
 * @UKCOV_TRACE: each PC, in order, repeats too
 * @UKCOV_TRACE_CMP: each comparison, in order
 * @UKCOV_PC: each PC once, in order of first execution
 * @UKCOV_EDGE: each edge word once
 * @UKCOV_PC_EDGE: both
 * @UKCOV_CMP: each comparison once
 * @UKCOV_COMPACT: a short trace with the PCs and the consecutive pairs of the full one
 *
 * The numbers are those of KCOV_ENABLE on a kernel that has all of them.
 */
enum ukcov_mode {
	UKCOV_TRACE	= 0,
	UKCOV_TRACE_CMP	= 1,
	UKCOV_PC	= 2,
	UKCOV_EDGE	= 4,
	UKCOV_PC_EDGE	= 6,
	UKCOV_CMP	= 8,
	UKCOV_COMPACT	= 16,
};

/* Flags of ukcov_open() and ukcov_wrap(). */
/* Map the areas without write permission. Resets need a kernel with KCOV_RESET_TRACE. */
#define UKCOV_READONLY		(1u << 0)
/*
 * Another task runs while the areas are read: wait for the item behind the count. Not with
 * UKCOV_READONLY in UKCOV_TRACE and UKCOV_TRACE_CMP: nobody can clear the items of the window
 * before, so they would be taken for items of this one.
 */
#define UKCOV_LIVE		(1u << 1)
/* Use what every kernel has, also where the mode is there (for comparisons of the two). */
#define UKCOV_NO_NATIVE		(1u << 2)
/* ukcov_wrap() only: KCOV_INIT_TRACE was done, with just this number of words. */
#define UKCOV_INITIALIZED	(1u << 3)

/* Visits wait at most this long for an item of a running task (UKCOV_LIVE). */
#define UKCOV_LIVE_WAIT_MS	100

/**
 * ukcov_open() - open KCOV, set a size, map the areas
 * @cov:	where to put the new handle; to be freed by ukcov_close()
 * @mode:	one of enum ukcov_mode
 * @words:	64-bit words in each area, the count included; at least 2. Rounded up to
 *		whole pages
 * @flags:	UKCOV_READONLY, UKCOV_LIVE, UKCOV_NO_NATIVE
 *
 * On kernels without the mode, the trace of all PCs or comparisons is collected and what
 * repeats is taken out when it is visited; such a trace needs much larger areas.
 *
 * Context: opens without O_TRUNC; mappings are shared. A forked child has both, and may
 * enable, run and exit while its parent reads; exec closes them.
 *
 * Return: 0, or
 * -EACCES, -EPERM	no permission (root is needed)
 * -ENOENT		debugfs is not mounted at /sys/kernel/debug
 * -ENOSYS		the kernel has no debugfs
 * -ENODEV		debugfs has no kcov: the kernel is built without CONFIG_KCOV
 * -EINVAL		unknown mode or flag, less than 2 words, more than the kernel takes
 * -ENOMEM		no memory for the areas
 */
int ukcov_open(struct ukcov **cov, unsigned int mode, size_t words, unsigned int flags);

/**
 * ukcov_wrap() - make a handle of a descriptor that is open already
 * @cov:	where to put the new handle
 * @fd:		an open descriptor of KCOV, from another task for example; on success it
 *		belongs to the handle and is closed with it, on error it is left alone
 * @mode:	as for ukcov_open()
 * @words:	as for ukcov_open(); with UKCOV_INITIALIZED, the size that was set
 * @flags:	as for ukcov_open(), and UKCOV_INITIALIZED
 *
 * Return: 0, or
 * -EBADF, -ENOTTY	no descriptor, or not one of KCOV
 * -EBUSY		it has a size already (and UKCOV_INITIALIZED was not given)
 * -EINVAL		as for ukcov_open(); or the size is another one
 */
int ukcov_wrap(struct ukcov **cov, int fd, unsigned int mode, size_t words, unsigned int flags);

/** ukcov_close() - disable if the calling thread is enabled, unmap, close, free */
void ukcov_close(struct ukcov *cov);

/** ukcov_fd() - the descriptor; it stays the handle's */
int ukcov_fd(const struct ukcov *cov);

/**
 * ukcov_kernel_mode() - what the kernel is told to collect
 *
 * The argument of KCOV_ENABLE: for who makes another task call it. It is the mode that
 * was asked for, or 0 or 1 where the kernel does not have it.
 */
unsigned int ukcov_kernel_mode(const struct ukcov *cov);

/**
 * ukcov_enable() - collect what the calling thread does in the kernel, from now on
 *
 * In the window that was there: ukcov_reset() begins a new one.
 *
 * Return: 0, or
 * -EBUSY	this handle is enabled, by whichever thread
 * -EALREADY	the calling thread is traced already, by another descriptor; or this
 *		descriptor is enabled by a task that the handle was not told of
 * -EOPNOTSUPP	comparisons, and the kernel has no CONFIG_KCOV_ENABLE_COMPARISONS
 * -ENOMEM	no memory for the kernel's state
 * -EFAULT	the mapping is gone and could not be made anew
 */
int ukcov_enable(struct ukcov *cov);

/**
 * ukcov_enable_remote() - collect what is done elsewhere in the kernel, by handle
 * @cov:	the handle
 * @common:	handle for background work that the calling thread causes, 0: none
 * @handles:	handles of subsystems' instances, as of kcov_remote_handle()
 * @n:		number of @handles, at most 256
 *
 * This thread itself is not traced. Both at once need two handles, and a kernel that
 * lets a task have two (Linux 7.2); elsewhere the second enable returns -EALREADY.
 *
 * Return: 0; as ukcov_enable(); -EEXIST: a handle is in use; -EINVAL: a bad one
 */
int ukcov_enable_remote(struct ukcov *cov, uint64_t common, const uint64_t *handles, size_t n);

/**
 * ukcov_set_enabled() - tell the handle that another task has enabled the descriptor
 * @cov:	the handle
 * @enabled:	true after that task's KCOV_ENABLE; false after its KCOV_DISABLE or its end
 *
 * For handles of ukcov_wrap(): the handle then is busy, and disables nothing when closed. And
 * (false) for any handle whose thread has ended without ukcov_disable(): the kernel has
 * disabled it, the handle does not know.
 */
void ukcov_set_enabled(struct ukcov *cov, bool enabled);

/**
 * ukcov_disable() - stop collecting
 *
 * Return: 0; -EINVAL: not enabled by the calling thread
 */
int ukcov_disable(struct ukcov *cov);

/**
 * ukcov_reset() - reset the window
 *
 * From any thread. If the calling thread is traced, the call itself adds nothing to the
 * new window (but with UKCOV_READONLY, the end of a system call). A store is all that
 * stock kernels have: while another task runs, it may be lost there.
 *
 * Return: 0; -EPERM: UKCOV_READONLY, and the kernel lacks KCOV_RESET_TRACE; -EFAULT: the
 * mapping is gone and could not be made anew
 */
int ukcov_reset(struct ukcov *cov);

/**
 * struct ukcov_cmp - a comparison
 * @type:	bit 0: one operand is a constant; bits 1 and 2: log2 of the operands' bytes
 * @arg1:	first operand: the constant, if there is one
 * @arg2:	second operand
 * @pc:		where
 */
struct ukcov_cmp {
	uint64_t type;
	uint64_t arg1;
	uint64_t arg2;
	uint64_t pc;
};

/**
 * ukcov_visit_pcs() - each PC of the window
 * @cov:	a handle of mode UKCOV_TRACE, UKCOV_PC, UKCOV_PC_EDGE or UKCOV_COMPACT
 * @visit:	called for each item
 * @arg:	for @visit
 *
 * The count is read once, when the visit begins. While the calling thread is traced, no
 * system call is made unless memory is needed to take repeats out; better disable first.
 * Else a mapping that the kernel took away (any open of debugfs' kcov with O_TRUNC does
 * that) is noticed and made anew.
 *
 * Return: 0; what @visit returned if that is not 0; or
 * -EINVAL	the mode has no PCs
 * -ENOMEM	no memory to take repeats out
 * -EFAULT	the mapping is gone and could not be made anew
 * -EAGAIN	UKCOV_LIVE: an item did not come within UKCOV_LIVE_WAIT_MS
 */
int ukcov_visit_pcs(struct ukcov *cov, int (*visit)(void *arg, uint64_t pc), void *arg);

/**
 * ukcov_visit_edges() - each edge word of the window; UKCOV_EDGE, UKCOV_PC_EDGE
 *
 * An edge word is pc ^ (hash(prev & 0xfff) & 0xfff), see ukcov_edge_word(). Otherwise as
 * ukcov_visit_pcs().
 */
int ukcov_visit_edges(struct ukcov *cov, int (*visit)(void *arg, uint64_t edge), void *arg);

/** ukcov_visit_cmps() - each comparison of the window; UKCOV_TRACE_CMP, UKCOV_CMP */
int ukcov_visit_cmps(struct ukcov *cov, int (*visit)(void *arg, const struct ukcov_cmp *cmp),
		     void *arg);

/** ukcov_edge_word() - the word that stands for the edge from @prev (0: none) to @pc */
uint64_t ukcov_edge_word(uint64_t prev, uint64_t pc);

/* In struct ukcov_stats. */
/* The kernel collects the mode itself. */
#define UKCOV_NATIVE		(1u << 0)
/* The kernel counts what it drops (KCOV_GET_STATS). */
#define UKCOV_COUNTED		(1u << 1)
/* Something was lost; without UKCOV_COUNTED: an area is full, so something may have been. */
#define UKCOV_LOST		(1u << 2)

/**
 * struct ukcov_area_stats - of one area, in items of what the kernel collects
 * @capacity:	items that the area has room for
 * @recorded:	items in it
 * @dropped:	items that there was no room for; 0 without UKCOV_COUNTED
 * @untracked:	items handled while the kernel's set was full: from then on they may be
 *		in the list more than once, and @dropped is an upper bound
 * @reserved:	0
 */
struct ukcov_area_stats {
	uint64_t capacity;
	uint64_t recorded;
	uint64_t dropped;
	uint64_t untracked;
	uint64_t reserved[2];
};

/**
 * struct ukcov_stats - what a window holds
 * @mode:	what was asked for
 * @kernel_mode: what the kernel collects: not always ukcov_kernel_mode(), as
 *		kcov.compact=1 makes it collect 16 for 0, and 8 for 1
 * @flags:	UKCOV_NATIVE, UKCOV_COUNTED, UKCOV_LOST
 * @reserved:	0
 * @main:	of PCs or comparisons
 * @edge:	of edge words, if the kernel collects those; else zeroes
 * @more:	0
 */
struct ukcov_stats {
	uint32_t mode;
	uint32_t kernel_mode;
	uint32_t flags;
	uint32_t reserved;
	struct ukcov_area_stats main;
	struct ukcov_area_stats edge;
	uint64_t more[4];
};

/** ukcov_get_stats() - statistics of the current window. Return: 0, -EFAULT */
int ukcov_get_stats(struct ukcov *cov, struct ukcov_stats *stats);

/* ------------------------------------------------------------------- sets */

/** struct ukcov_set - a set of 64-bit words, PCs or edge words, with a header. */
struct ukcov_set;

/** ukcov_set_new() - an empty set. Return: 0, -ENOMEM */
int ukcov_set_new(struct ukcov_set **set);

/** ukcov_set_copy() - a set with the words and the header of another. Return: 0, -ENOMEM */
int ukcov_set_copy(struct ukcov_set **set, struct ukcov_set *from);

/** ukcov_set_free() - free a set and what ukcov_set_words() and _get() have returned */
void ukcov_set_free(struct ukcov_set *set);

/** ukcov_set_add() - put a word in; repeats do not matter. Return: 0, -ENOMEM */
int ukcov_set_add(struct ukcov_set *set, uint64_t word);

/**
 * ukcov_set_collect() - put in what a handle has collected, and say so in the header
 * @set:	the set
 * @cov:	a handle of any mode but those of comparisons; UKCOV_EDGE: edge words,
 *		others: PCs
 *
 * Sets "release", "build-id" (if it can be read), "mode" and "dropped" in the header: how many
 * items were dropped, "0" if none; "unknown" if the kernel does not count and a full buffer
 * was seen; a later call with another buffer adds its own.
 *
 * Return: 0, or as ukcov_visit_pcs()
 */
int ukcov_set_collect(struct ukcov_set *set, struct ukcov *cov);

/**
 * ukcov_set_words() - the words, sorted
 * @set:	the set
 * @n:		where to put their number
 *
 * Return: n words, valid until the set is changed or freed; never NULL
 */
const uint64_t *ukcov_set_words(struct ukcov_set *set, size_t *n);

/** ukcov_set_size() - number of words */
size_t ukcov_set_size(struct ukcov_set *set);

/**
 * ukcov_set_has() - is this word in the set?
 *
 * Words that were added since the last look are sorted in first: to look after each one that
 * is added takes long.
 */
bool ukcov_set_has(struct ukcov_set *set, uint64_t word);

/** ukcov_set_merge() - put all of @other into @set. Return: 0, -ENOMEM */
int ukcov_set_merge(struct ukcov_set *set, struct ukcov_set *other);

/** ukcov_set_intersect() - keep what is in @other, too */
void ukcov_set_intersect(struct ukcov_set *set, struct ukcov_set *other);

/** ukcov_set_subtract() - remove what is in @other */
void ukcov_set_subtract(struct ukcov_set *set, struct ukcov_set *other);

/**
 * struct ukcov_set_diff - how two sets differ
 * @only_a:	words in the first one only
 * @only_b:	words in the second one only
 * @both:	words in both
 * @reserved:	0
 */
struct ukcov_set_diff {
	size_t only_a;
	size_t only_b;
	size_t both;
	size_t reserved[3];
};

/** ukcov_set_compare() - count. Return: 0: the same words; 1: not */
int ukcov_set_compare(struct ukcov_set *a, struct ukcov_set *b, struct ukcov_set_diff *diff);

/**
 * ukcov_set_get() - a value in the header
 * @set:	the set
 * @key:	for example "build-id"
 *
 * Return: the value, valid until the header is changed; NULL: none
 */
const char *ukcov_set_get(const struct ukcov_set *set, const char *key);

/** So many keys a header has at most. */
#define UKCOV_MAX_KEYS		1024

/**
 * ukcov_set_put() - a value in the header
 * @set:	the set
 * @key:	letters, digits, '-' and '_'
 * @value:	one line; NULL: none
 *
 * The keys that the library sets: "build-id" (hexadecimal, of the kernel), "release" (as
 * uname -r), "mode" (pc, edge, pc+edge, compact, trace), "dropped"; "pcs", the number of
 * words, is written and checked, but no part of the header. All others are the caller's.
 *
 * Return: 0; -EINVAL: bad key or value; -E2BIG: UKCOV_MAX_KEYS are there; -ENOMEM
 */
int ukcov_set_put(struct ukcov_set *set, const char *key, const char *value);

/** ukcov_set_visit_header() - each key and value, in the order of the file */
int ukcov_set_visit_header(const struct ukcov_set *set,
			   int (*visit)(void *arg, const char *key, const char *value),
			   void *arg);

/**
 * ukcov_set_read() - read a file of PCs
 * @set:	where to put the new set
 * @path:	the file
 * @line:	where to put the number of the line that is wrong, else 0; may be NULL
 *
 * One number a line, hexadecimal, with or without 0x; in any order, repeats allowed. Lines
 * that begin with # are comments; "# key: value" at the top is the header. Empty lines,
 * blanks at the ends and carriage returns are skipped.
 *
 * Return: 0; as open() and read(); or
 * -EILSEQ	a line is no number: not such a file
 * -E2BIG	more than UKCOV_MAX_KEYS in the header
 * -EBADMSG	the file is cut off: its last line has no end, or there are fewer PCs than
 *		the header says
 * -ENOMEM
 */
int ukcov_set_read(struct ukcov_set **set, const char *path, size_t *line);

/** ukcov_set_parse() - the same for @len bytes in memory */
int ukcov_set_parse(struct ukcov_set **set, const char *text, size_t len, size_t *line);

/**
 * ukcov_set_write() - write a file of PCs
 * @set:	the set
 * @path:	the file; if it is there, it is replaced in one step, at the end
 *
 * Sorted, 0x and 16 digits, behind the header. It is written to a temporary file in the
 * same directory, which is renamed: on an error the old file is there as it was.
 *
 * Return: 0; as open(), write(), fsync() and rename(), as -ENOSPC; -ENOMEM
 */
int ukcov_set_write(struct ukcov_set *set, const char *path);

/** ukcov_set_write_fd() - the same to a descriptor: a pipe, for example */
int ukcov_set_write_fd(struct ukcov_set *set, int fd);

/* -------------------------------------------------------------------- map */

/** struct ukcov_map - where a kernel and its modules lie, at one time. */
struct ukcov_map;

/**
 * ukcov_map_live() - the map of the running kernel
 * @map:	where to put the new map
 *
 * From /proc/modules, /sys/module/M/sections and notes, /sys/kernel/notes and
 * /proc/kallsyms. Take it when coverage is collected: a module that is gone, or is loaded
 * once more, is somewhere else.
 *
 * Return: 0 (also without modules); -EACCES: addresses are hidden (kptr_restrict, no
 * root); -ENOMEM
 */
int ukcov_map_live(struct ukcov_map **map);

/** So many modules a map has at most. */
#define UKCOV_MAX_MODULES	65536

/**
 * ukcov_map_read() - the map in a file
 * @map:	where to put the new map
 * @path:	a file of ukcov_map_write(), or a copy of /proc/modules
 * @line:	as for ukcov_set_read(); may be NULL
 *
 * A copy of /proc/modules says nothing about KASLR, build ids and sections: the offset is
 * taken for 0 unless ukcov_map_set_text() is called, a module's code for one block at its
 * address.
 *
 * Return: 0; as open() and read(); -EILSEQ: not such a file; -E2BIG: more than
 * UKCOV_MAX_MODULES; -EACCES: all addresses in it are 0; -ENOMEM
 */
int ukcov_map_read(struct ukcov_map **map, const char *path, size_t *line);

/** ukcov_map_parse() - the same for @len bytes in memory */
int ukcov_map_parse(struct ukcov_map **map, const char *text, size_t len, size_t *line);

/** ukcov_map_write() - write to a file, as ukcov_set_write() does. Return: as that */
int ukcov_map_write(const struct ukcov_map *map, const char *path);

/** ukcov_map_free() - free a map */
void ukcov_map_free(struct ukcov_map *map);

/** ukcov_map_release() - the kernel's release; "" if not known */
const char *ukcov_map_release(const struct ukcov_map *map);

/** ukcov_map_build_id() - the kernel's build id in hexadecimal; "" if not known */
const char *ukcov_map_build_id(const struct ukcov_map *map);

/**
 * ukcov_map_set_text() - say where the kernel's _text was
 * @map:	the map
 * @addr:	its run-time address, as in /proc/kallsyms; 0: KASLR was off
 */
void ukcov_map_set_text(struct ukcov_map *map, uint64_t addr);

/* ------------------------------------------------------------------ image */

/** struct ukcov_image - vmlinux and modules: code, symbols, debug information. */
struct ukcov_image;

/* Flags of ukcov_image_open(). */
/* Take a vmlinux with another build id than the map's. */
#define UKCOV_ANY_BUILD_ID	(1u << 0)
/* Look at symbol tables only: fast, functions without files and lines. */
#define UKCOV_NO_DEBUG		(1u << 1)

/**
 * ukcov_image_open() - open a vmlinux, and modules
 * @img:	where to put the new handle; to be freed by ukcov_image_close()
 * @vmlinux:	an ELF file with a symbol table; debug information is better
 * @map:	which modules were where, and KASLR; NULL: none. Needed in this call only
 * @dir:	a directory below which the modules' .ko (or .ko.debug) are, as a build
 *		directory or /lib/modules/RELEASE; NULL: no modules
 * @flags:	UKCOV_ANY_BUILD_ID, UKCOV_NO_DEBUG
 *
 * x86-64 (User Mode Linux too) and arm64. Cheap: code and debug information are looked at
 * when they are needed first. Files of modules that are not found or do not fit are no
 * error, see ukcov_image_visit_modules().
 *
 * Return: 0; as open(); or
 * -ENOEXEC	no ELF file of a linked program, or cut off
 * -EPFNOSUPPORT another architecture
 * -ESTALE	vmlinux is another one than the map's: the build ids differ
 * -ENOMEM
 */
int ukcov_image_open(struct ukcov_image **img, const char *vmlinux, const struct ukcov_map *map,
		     const char *dir, unsigned int flags);

/** ukcov_image_close() - free all, the names in frames and functions too */
void ukcov_image_close(struct ukcov_image *img);

/** ukcov_image_build_id() - vmlinux' build id in hexadecimal; "" if it has none */
const char *ukcov_image_build_id(const struct ukcov_image *img);

/**
 * ukcov_image_root() - where the kernel's source was when it was compiled
 *
 * That is what was cut off from the paths of files: an absolute path without the slash at
 * the end. Return: "" if not known (no debug information); it lives as long as the image
 */
const char *ukcov_image_root(struct ukcov_image *img);

/**
 * ukcov_image_debug() - is there debug information in vmlinux that can be read?
 *
 * DWARF 2 to 5. Of code compiled with -gsplit-dwarf (CONFIG_DEBUG_INFO_SPLIT) it is the lines:
 * functions come from the symbol table, as .dwo files are not read.
 *
 * Return: 1; or
 * -ENODATA	there is none: functions come from the symbol table, lines are unknown
 * -EPROTONOSUPPORT it is compressed in a way that the installed libelf cannot read (zstd)
 * -EBADMSG	it is damaged, or newer than DWARF 5
 * -EFBIG	the code is spread over 4 GiB or more
 */
int ukcov_image_debug(struct ukcov_image *img);

/**
 * struct ukcov_module - a module of the map
 * @name:	its name
 * @path:	its file; NULL: not found
 * @base:	where its code is, as KCOV reports it: less the offset of KASLR
 * @size:	bytes from there
 * @error:	0: fine; -ENOENT: no .ko; -ESTALE: the .ko is of another build; -ENOEXEC: it is
 *		damaged; -ENODATA: no debug information; -EPROTONOSUPPORT: compressed, see
 *		ukcov_image_debug(); -EBADMSG: that is damaged, which is noticed when lines of
 *		the module are asked for first
 */
struct ukcov_module {
	const char *name;
	const char *path;
	uint64_t base;
	uint64_t size;
	int error;
};

/** ukcov_image_visit_modules() - each module of the map */
int ukcov_image_visit_modules(struct ukcov_image *img,
			      int (*visit)(void *arg, const struct ukcov_module *module),
			      void *arg);

/* Of hooks: in struct ukcov_site, and for ukcov_image_coverable(). */
/* The hook of PCs is called here: @pc is the return address. */
#define UKCOV_SITE_CALL		(1u << 0)
/*
 * It is jumped to (GCC before 14): @pc is where the jump ends, which is nowhere that KCOV
 * reports. What is recorded when it runs is a PC of the function's caller.
 */
#define UKCOV_SITE_JUMP		(1u << 1)
/* The same of hooks of comparisons and switches. */
#define UKCOV_SITE_CMP_CALL	(1u << 2)
#define UKCOV_SITE_CMP_JUMP	(1u << 3)

/**
 * struct ukcov_site - a place at which a hook is called
 * @pc:		behind the call: what KCOV reports
 * @kind:	one of UKCOV_SITE_*
 * @reserved:	0
 * @module:	name of the module; NULL: vmlinux
 * @more:	0
 */
struct ukcov_site {
	uint64_t pc;
	uint32_t kind;
	uint32_t reserved;
	const char *module;
	uint64_t more[2];
};

/**
 * ukcov_image_visit_sites() - each call of a hook in vmlinux and modules, by rising PC
 *
 * A module whose file is missing has none. Return: as all visits; -EBADMSG: no calls of
 * hooks in vmlinux: it is not built with KCOV, has no symbols, or no code (a file of debug
 * information only); -ENOMEM
 */
int ukcov_image_visit_sites(struct ukcov_image *img,
			    int (*visit)(void *arg, const struct ukcov_site *site), void *arg);

/**
 * ukcov_image_coverable() - put every PC that KCOV can report into a set
 * @img:	the image
 * @set:	the set; what is in it stays
 *
 * That is, the PCs of all UKCOV_SITE_CALL. Return: 0, or as ukcov_image_visit_sites()
 */
int ukcov_image_coverable(struct ukcov_image *img, struct ukcov_set *set);

/**
 * ukcov_image_tail() - what a PC means that is no hook's
 * @img:	the image
 * @pc:		a PC that was recorded and is not coverable
 * @site:	where to put the place that ran
 *
 * If the instruction before @pc calls a function that ends in a jump to the hook, it is
 * that jump which was recorded. In vmlinux only: calls of modules, and through pointers, are
 * not known.
 *
 * Return: 0; -ENOENT: no such thing; as ukcov_image_visit_sites()
 */
int ukcov_image_tail(struct ukcov_image *img, uint64_t pc, struct ukcov_site *site);

/* In struct ukcov_frame and struct ukcov_function. */
/* This frame is inlined into the next one; this function is inlined everywhere. */
#define UKCOV_INLINED		(1u << 0)
/* The compiler gave no line (0). This is the line of the row before, in the same function. */
#define UKCOV_LINE_GUESSED	(1u << 1)
/* From the symbol table: no debug information here. */
#define UKCOV_SYMTAB		(1u << 2)

/**
 * struct ukcov_frame - where a PC is
 * @function:	its name, as in the source; NULL: not known
 * @file:	normalised path, relative to the source tree if the compiler was run there;
 *		NULL: not known
 * @module:	name of the module; NULL: vmlinux
 * @line:	0: not known
 * @flags:	UKCOV_INLINED, UKCOV_LINE_GUESSED, UKCOV_SYMTAB
 * @function_line: the line in which the function begins; 0: not known
 * @reserved:	0
 * @function_file: the file of that line; NULL: not known
 * @offset:	of the call in the function of the last frame, in bytes
 * @more:	0
 */
struct ukcov_frame {
	const char *function;
	const char *file;
	const char *module;
	uint32_t line;
	uint32_t flags;
	uint32_t function_line;
	uint32_t reserved;
	const char *function_file;
	uint64_t offset;
	uint64_t more[2];
};

/**
 * ukcov_image_find() - function, file and line of one PC
 * @img:	the image
 * @pc:		as KCOV reports it: the call before it is looked up
 * @frames:	where to put frames: the innermost one first, the last one is not inlined
 * @max:	room in @frames
 *
 * Names live as long as the image; the same name is the same pointer.
 *
 * Return: the number of frames (more than @max if there was no room for all); -ENOENT: in
 * no function of vmlinux and the modules; -ENOMEM
 */
int ukcov_image_find(struct ukcov_image *img, uint64_t pc, struct ukcov_frame *frames, size_t max);

/**
 * ukcov_image_find_all() - the same for many, in one walk
 * @img:	the image
 * @pcs:	PCs, in any order; faster if sorted
 * @n:		their number
 * @visit:	called for each, in the order of @pcs: @count frames, 0 if nothing is known
 * @arg:	for @visit
 *
 * Return: as all visits; -ENOMEM
 */
int ukcov_image_find_all(struct ukcov_image *img, const uint64_t *pcs, size_t n,
			 int (*visit)(void *arg, uint64_t pc, const struct ukcov_frame *frames,
				      size_t count), void *arg);

/**
 * struct ukcov_function - a function
 * @name:	its name, as in the source
 * @file:	file in which it begins; NULL: not known
 * @module:	name of the module; NULL: vmlinux
 * @line:	line in which it begins; 0: not known
 * @flags:	UKCOV_INLINED: it has no code of its own, others have it inlined;
 *		UKCOV_SYMTAB
 * @low:	first byte of its code, as KCOV reports PCs; 0 if UKCOV_INLINED
 * @high:	behind its last byte; parts elsewhere (.cold) are visited on their own
 */
struct ukcov_function {
	const char *name;
	const char *file;
	const char *module;
	uint32_t line;
	uint32_t flags;
	uint64_t low;
	uint64_t high;
};

/** ukcov_image_visit_functions() - each function of vmlinux and the modules, by address */
int ukcov_image_visit_functions(struct ukcov_image *img,
				int (*visit)(void *arg, const struct ukcov_function *function),
				void *arg);

/**
 * struct ukcov_line - a row of the line table
 * @addr:	the first byte of code of this row
 * @file:	its file
 * @line:	its line, never 0
 */
struct ukcov_line {
	uint64_t addr;
	const char *file;
	uint32_t line;
};

/**
 * ukcov_image_visit_lines() - the rows of the line table from @low up to @high
 *
 * Return: as all visits; -ENODATA: no debug information
 */
int ukcov_image_visit_lines(struct ukcov_image *img, uint64_t low, uint64_t high,
			    int (*visit)(void *arg, const struct ukcov_line *line), void *arg);

/** ukcov_version() - of the library that is running, as "0.1.0" */
const char *ukcov_version(void);

#ifdef __cplusplus
}
#endif

#endif /* UKCOV_H */
