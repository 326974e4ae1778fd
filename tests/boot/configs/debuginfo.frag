# Debug information that every reader of it understands, for what looks up functions and
# lines; and a module whose code is traced. Kernels of User Mode Linux always have these.
CONFIG_DEBUG_KERNEL=y
# CONFIG_DEBUG_INFO_NONE is not set
CONFIG_DEBUG_INFO_DWARF5=y
# CONFIG_DEBUG_INFO_REDUCED is not set
CONFIG_DEBUG_INFO_COMPRESSED_NONE=y

CONFIG_MODULES=y
CONFIG_MODULE_UNLOAD=y
CONFIG_KALLSYMS=y
CONFIG_NETDEVICES=y
CONFIG_DUMMY=m
# It would select CONFIG_WIRELESS, which x86_64.frag leaves out.
# CONFIG_WLAN is not set
