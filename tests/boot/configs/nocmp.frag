# A kernel that traces no comparisons.
# CONFIG_KCOV_ENABLE_COMPARISONS is not set
