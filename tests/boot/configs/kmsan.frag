# A kernel that watches for memory that was never written. GCC cannot do it.
# cc: clang-19
CONFIG_KMSAN=y
