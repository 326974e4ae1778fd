/* SPDX-License-Identifier: MIT */
/* How large a window is in each design. */
#ifndef SIZES_H
#define SIZES_H

#include <stddef.h>

struct sizes {
	unsigned long	callbacks;	/* words of a full trace */
	unsigned long	pcs, edges;	/* distinct ones; edges as edge words */
	unsigned long	compact;	/* words of the compact trace */
	unsigned long	delta;		/* bytes of the delta encoding */
};

void sizes_init(void);
/* Those of a window of @n PCs. Ends the program if they are too many to be counted. */
void sizes_from(struct sizes *s, const unsigned long *pc, size_t n);

#endif /* SIZES_H */
