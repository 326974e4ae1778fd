# A kernel that watches itself: memory that is used after it was freed, or beyond its end;
# leaks; locks and where they may be taken; undefined behaviour. On a PC: on UML 6.12 KASAN
# dies before main.
CONFIG_KASAN=y
CONFIG_KASAN_GENERIC=y
CONFIG_KASAN_OUTLINE=y
CONFIG_KASAN_VMALLOC=y
CONFIG_DEBUG_KMEMLEAK=y
CONFIG_PROVE_LOCKING=y
CONFIG_DEBUG_ATOMIC_SLEEP=y
CONFIG_DEBUG_VM=y
CONFIG_SLUB_DEBUG=y
CONFIG_UBSAN=y
CONFIG_UBSAN_BOUNDS=y
CONFIG_UBSAN_SHIFT=y
# The kernel is full of those on purpose.
# CONFIG_UBSAN_ALIGNMENT is not set

# Linux leaves the hook's unit out of KASAN and UBSAN; here they see it, too.
# make: KASAN_SANITIZE_kcov_uniq_hook.o=y
# make: UBSAN_SANITIZE_kcov_uniq_hook.o=y
