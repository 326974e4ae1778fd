# A kernel that traces no comparisons, for a test of the interface. Each object is compiled anew for
# that: so there is little of it, and little of that is traced.
# CONFIG_KCOV_ENABLE_COMPARISONS is not set
# CONFIG_KCOV_INSTRUMENT_ALL is not set
# make: KCOV_INSTRUMENT_sys.o=y

# CONFIG_NET is not set
# CONFIG_UNIX is not set
# CONFIG_INET is not set
# CONFIG_PACKET is not set
# CONFIG_NET_NS is not set
# CONFIG_VHOST_MENU is not set
# CONFIG_VHOST_NET is not set
# CONFIG_BT is not set
# CONFIG_BT_HCIVHCI is not set
# CONFIG_USB_SUPPORT is not set
# CONFIG_USB is not set
# CONFIG_USB_GADGET is not set
# CONFIG_USB_DUMMY_HCD is not set
# CONFIG_USB_CONFIGFS is not set
# CONFIG_USB_CONFIGFS_F_LB_SS is not set
# CONFIG_BPF_SYSCALL is not set
# CONFIG_IO_URING is not set
# CONFIG_AIO is not set
# CONFIG_SYSVIPC is not set
# CONFIG_POSIX_MQUEUE is not set
# CONFIG_CGROUPS is not set
# CONFIG_MEMCG is not set
# CONFIG_CGROUP_PIDS is not set
# CONFIG_NAMESPACES is not set
# CONFIG_USER_NS is not set
# CONFIG_PID_NS is not set
# CONFIG_SECCOMP is not set
# CONFIG_KUNIT is not set
# CONFIG_KCOV_UNIQ_KUNIT_TEST is not set
