/* SPDX-License-Identifier: MIT */
/* What kernel/kcov_uniq.h needs from <asm/shmparam.h>, for userspace: as on x86. */
#ifndef SHIM_ASM_SHMPARAM_H
#define SHIM_ASM_SHMPARAM_H

#define SHMLBA	4096

#endif /* SHIM_ASM_SHMPARAM_H */
