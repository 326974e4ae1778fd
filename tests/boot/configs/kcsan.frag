# A kernel that watches for data races. GCC 12 cannot do it.
# cc: clang-19
CONFIG_KCSAN=y
CONFIG_KCSAN_STRICT=y
CONFIG_KCSAN_EARLY_ENABLE=y

# Linux leaves the hook's unit out of it; here it is seen, too.
# make: KCSAN_SANITIZE_kcov_uniq_hook.o=y
