# A kernel that traces no comparisons; and little else, so that it is built in a minute.
# CONFIG_KCOV_ENABLE_COMPARISONS is not set
# CONFIG_KCOV_INSTRUMENT_ALL is not set
# make: KCOV_INSTRUMENT_sys.o=y
