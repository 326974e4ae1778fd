# tinyconfig of 6.1 chooses another allocator, which cannot fail on demand.
CONFIG_SLUB=y
# CONFIG_SLOB is not set
