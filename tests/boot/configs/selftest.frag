# At boot, KCOV collects without an area for a while: an interrupt that is traced crashes. With
# preemption Linux itself does not pass it.
CONFIG_KCOV_SELFTEST=y
