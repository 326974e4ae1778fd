/* SPDX-License-Identifier: MIT */
/* What kernel/kcov_uniq.h needs from <linux/minmax.h>, for userspace. */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define max(x, y) ({ \
	__typeof__(x) max_x = (x); \
	__typeof__(y) max_y = (y); \
	max_x > max_y ? max_x : max_y; })

#endif /* SHIM_LINUX_MINMAX_H */
