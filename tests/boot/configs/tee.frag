# For tests only: accepted callbacks are written, raw, to a second area, too.
# make: CFLAGS_kcov.o=-DKCOV_UNIQ_TEE
# make: CFLAGS_kcov_uniq.o=-DKCOV_UNIQ_TEE
