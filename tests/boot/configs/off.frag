# The series is applied and its option is off.
# CONFIG_KCOV_UNIQ is not set
# CONFIG_KCOV_UNIQ_KUNIT_TEST is not set
