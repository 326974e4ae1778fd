# 64 bits, as the cross compiler has it.
CONFIG_64BIT=y
