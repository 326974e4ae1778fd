# The KUnit suite of the unique modes, run at boot.
CONFIG_RUNTIME_TESTING_MENU=y
CONFIG_KUNIT=y
CONFIG_KCOV_UNIQ_KUNIT_TEST=y
