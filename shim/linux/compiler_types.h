/* SPDX-License-Identifier: MIT */
/*
 * What kernel/kcov_uniq_hook.c needs of what every file of the kernel includes first,
 * <linux/compiler_types.h> and <linux/kconfig.h>, for userspace.
 */
#ifndef SHIM_LINUX_COMPILER_TYPES_H
#define SHIM_LINUX_COMPILER_TYPES_H

#define noinline	__attribute__((__noinline__))
#define notrace		__attribute__((__no_instrument_function__))

#ifdef __clang__
#define CONFIG_CC_IS_CLANG	1
#endif

/* As the kernel for 6.12 has it: of x86-64 and arm64, and compilers that know it. */
#if defined(__has_attribute) && (defined(__x86_64__) || defined(__aarch64__))
#if __has_attribute(__preserve_most__)
#define __preserve_most	notrace __attribute__((__preserve_most__))
#endif
#endif
#ifndef __preserve_most
#define __preserve_most
#endif

#endif /* SHIM_LINUX_COMPILER_TYPES_H */
