# The KUnit suite of the unique modes, run at boot.
CONFIG_KUNIT=y
CONFIG_KCOV_UNIQ_KUNIT_TEST=y
