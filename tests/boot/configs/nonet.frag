# Without networks, on top of small.frag. (A machine under QEMU has its files by one.)
# CONFIG_NET is not set
# CONFIG_UNIX is not set
# CONFIG_INET is not set
# CONFIG_NET_NS is not set
# CONFIG_POSIX_MQUEUE is not set
# CONFIG_KUNIT is not set
# CONFIG_KCOV_UNIQ_KUNIT_TEST is not set
# CONFIG_RUNTIME_TESTING_MENU is not set
# CONFIG_NETDEVICES is not set
# CONFIG_DUMMY is not set
