// SPDX-License-Identifier: MIT
/*
 * The numbers and the layout of KCOV's interface. Built by test_uapi.sh against
 * our header, the installed one and the patched kernel's; with -DUAPI_OLD only
 * what Linux has always had. All is static: that it compiles is the result.
 */
#ifdef UAPI_HEADER
#include UAPI_HEADER
#else
#include <linux/kcov.h>
#endif
#include <linux/ioctl.h>

#define IS(expr, value)	_Static_assert((expr) == (value), #expr)
#define AT(type, field, value)	IS(__builtin_offsetof(type, field), value)
#define LONG		sizeof(long)

/* The number of an ioctl that takes a long has its size in bits 16 to 29. */
IS(KCOV_INIT_TRACE, 0x80006301u | LONG << 16);
IS(KCOV_ENABLE, 0x6364);
IS(KCOV_DISABLE, 0x6365);
IS(KCOV_REMOTE_ENABLE, 0x40186366);
IS(KCOV_TRACE_PC, 0);
IS(KCOV_TRACE_CMP, 1);
IS(KCOV_CMP_CONST, 1);
IS(KCOV_CMP_SIZE(3), 6);
IS(KCOV_CMP_MASK, 6);
IS(KCOV_REMOTE_MAX_HANDLES, 0x100);
IS(KCOV_SUBSYSTEM_COMMON, 0);
IS(KCOV_SUBSYSTEM_USB, 1ull << 56);
IS(KCOV_SUBSYSTEM_MASK, 0xffull << 56);
IS(KCOV_INSTANCE_MASK, 0xffffffffull);
IS(sizeof(struct kcov_remote_arg), 24);
AT(struct kcov_remote_arg, trace_mode, 0);
AT(struct kcov_remote_arg, area_size, 4);
AT(struct kcov_remote_arg, num_handles, 8);
AT(struct kcov_remote_arg, common_handle, 16);
AT(struct kcov_remote_arg, handles, 24);

#ifndef UAPI_OLD
IS(KCOV_RESET_TRACE, 0x6368);
IS(KCOV_GET_STATS, 0xc050636e);
IS(_IOC_NR(KCOV_GET_STATS), 110);
IS(KCOV_TRACE_UNIQ_PC, 2);
IS(KCOV_TRACE_UNIQ_EDGE, 4);
IS(sizeof(struct kcov_area_stats), 32);
AT(struct kcov_area_stats, capacity, 0);
AT(struct kcov_area_stats, recorded, 8);
AT(struct kcov_area_stats, dropped, 16);
AT(struct kcov_area_stats, untracked, 24);
IS(sizeof(struct kcov_stats), 80);
AT(struct kcov_stats, ignored, 72);
IS(__alignof__(struct kcov_stats), 8);
AT(struct kcov_stats, size, 0);
AT(struct kcov_stats, mode, 4);
AT(struct kcov_stats, main, 8);
AT(struct kcov_stats, edge, 40);
IS(sizeof(((struct kcov_stats *)0)->size), 4);
IS(sizeof(((struct kcov_stats *)0)->mode), 4);
IS(sizeof(((struct kcov_stats *)0)->main), 32);
#endif
