/* SPDX-License-Identifier: MIT */
/* kernel/kcov_uniq.h includes this, and needs nothing of it with CONFIG_KCOV_UNIQ. */
