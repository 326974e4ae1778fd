# Clang checks that a lock is held where what it guards is used (Linux 7.3).
# cc: clang-23
CONFIG_WARN_CONTEXT_ANALYSIS=y
