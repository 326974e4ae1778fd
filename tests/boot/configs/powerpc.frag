# 64 bits, as the cross compiler has it.
CONFIG_PPC64=y
CONFIG_CPU_LITTLE_ENDIAN=y
