# A kernel that watches for data races. GCC 12 cannot do it.
# cc: clang-19
CONFIG_KCSAN=y
CONFIG_KCSAN_STRICT=y
CONFIG_KCSAN_EARLY_ENABLE=y
# An emulated machine gets to few accesses: it looks at more of them.
CONFIG_KCSAN_SKIP_WATCH=500

# Linux leaves the hook's unit out of it; here it is seen, too.
# make: KCSAN_SANITIZE_kcov_uniq_hook.o=y
