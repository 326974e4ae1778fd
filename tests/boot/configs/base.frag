# Every kernel the tests boot, on top of tinyconfig.
# A line "# make: VAR=VALUE" is given to make; see scripts/README.md.

CONFIG_KCOV=y
CONFIG_KCOV_ENABLE_COMPARISONS=y
CONFIG_KCOV_INSTRUMENT_ALL=y
CONFIG_KCOV_UNIQ=y

# Fuzzed kernels are built with -O2; tinyconfig's -Os has other loops and inlining.
CONFIG_CC_OPTIMIZE_FOR_PERFORMANCE=y
# CONFIG_SLUB_TINY is not set

# What userspace needs.
CONFIG_64BIT=y
CONFIG_MULTIUSER=y
CONFIG_BINFMT_ELF=y
CONFIG_BINFMT_SCRIPT=y
CONFIG_PROC_FS=y
CONFIG_SYSFS=y
CONFIG_DEVTMPFS=y
CONFIG_SHMEM=y
CONFIG_TMPFS=y
CONFIG_TTY=y
CONFIG_UNIX98_PTYS=y
CONFIG_FUTEX=y
CONFIG_EPOLL=y
CONFIG_EVENTFD=y
CONFIG_TIMERFD=y
CONFIG_SIGNALFD=y
CONFIG_INOTIFY_USER=y
CONFIG_POSIX_TIMERS=y
CONFIG_HIGH_RES_TIMERS=y
CONFIG_FILE_LOCKING=y
CONFIG_ADVISE_SYSCALLS=y
CONFIG_MEMBARRIER=y
CONFIG_MEMFD_CREATE=y

# What programs under test and fuzzers' executors use.
CONFIG_AIO=y
CONFIG_IO_URING=y
CONFIG_SYSVIPC=y
CONFIG_POSIX_MQUEUE=y
CONFIG_NAMESPACES=y
CONFIG_USER_NS=y
CONFIG_PID_NS=y
CONFIG_NET_NS=y
CONFIG_SECCOMP=y
CONFIG_NET=y
CONFIG_UNIX=y
CONFIG_INET=y
CONFIG_PACKET=y
# CONFIG_IPV6 is not set

# What speaks in remote sections and needs no hardware: vhost workers, the kworker of an
# emulated Bluetooth device, USB on an emulated bus: hub events and, in softirqs, completions.
CONFIG_VHOST_MENU=y
CONFIG_VHOST_NET=y
CONFIG_BT=y
CONFIG_BT_HCIVHCI=y
# CONFIG_BT_BREDR is not set
# CONFIG_BT_LE is not set
# CONFIG_BT_DEBUGFS is not set
CONFIG_USB_SUPPORT=y
CONFIG_USB=y
CONFIG_USB_GADGET=y
CONFIG_USB_DUMMY_HCD=y
# A test makes the gadget: one that connects itself at boot would be heard in every test.
CONFIG_USB_CONFIGFS=y
CONFIG_USB_CONFIGFS_F_LB_SS=y

# The accounting of coverage state is tested with memory cgroups.
CONFIG_CGROUPS=y
CONFIG_MEMCG=y
CONFIG_CGROUP_PIDS=y

# Errors must surface, in words that scripts/vm looks for.
CONFIG_PRINTK=y
CONFIG_BUG=y
CONFIG_KALLSYMS=y
CONFIG_DEBUG_FS=y
CONFIG_DEBUG_KERNEL=y
CONFIG_DEBUG_LIST=y
CONFIG_DETECT_HUNG_TASK=y
CONFIG_DEFAULT_HUNG_TASK_TIMEOUT=60
CONFIG_PANIC_ON_OOPS=y
CONFIG_MAGIC_SYSRQ=y

# Allocations that fail on demand: /proc/self/fail-nth.
CONFIG_FAULT_INJECTION=y
CONFIG_FAULT_INJECTION_DEBUG_FS=y
CONFIG_FAILSLAB=y
CONFIG_FAIL_PAGE_ALLOC=y

# Defaults that only cost time to build.
# CONFIG_ETHTOOL_NETLINK is not set
# CONFIG_INET_DIAG is not set
# CONFIG_PTP_1588_CLOCK is not set
