# Data races. Needs Clang (CC=clang-19): GCC 12 cannot do it.
CONFIG_KCSAN=y
CONFIG_KCSAN_STRICT=y
CONFIG_KCSAN_EARLY_ENABLE=y
