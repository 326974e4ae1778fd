# An arm64 machine under QEMU ("virt"): two CPUs, the host's files by 9p over virtio, a serial
# console.
CONFIG_SMP=y
CONFIG_NR_CPUS=8
# Interrupts and other tasks come between any two instructions, callbacks included.
CONFIG_PREEMPT=y
CONFIG_MODULES=y
# The kernel lies elsewhere at each boot; PCs are the same.
CONFIG_RANDOMIZE_BASE=y
# Return addresses are signed; PCs are not.
CONFIG_ARM64_PTR_AUTH=y
CONFIG_ARM64_PTR_AUTH_KERNEL=y

CONFIG_PCI=y
CONFIG_PCI_HOST_GENERIC=y
CONFIG_VIRTIO_MENU=y
CONFIG_VIRTIO_PCI=y
CONFIG_NET_9P=y
CONFIG_NET_9P_VIRTIO=y
CONFIG_NETWORK_FILESYSTEMS=y
CONFIG_9P_FS=y
CONFIG_SERIAL_AMBA_PL011=y
CONFIG_SERIAL_AMBA_PL011_CONSOLE=y

CONFIG_NO_HZ_IDLE=y
# Defaults of hardware that is not there.
# CONFIG_CPU_FREQ is not set
# CONFIG_CPU_IDLE is not set
# CONFIG_INPUT is not set
# CONFIG_HID_SUPPORT is not set
# CONFIG_SERIO is not set
# CONFIG_THERMAL is not set
# CONFIG_VT is not set
# CONFIG_LEGACY_PTYS is not set
# CONFIG_NET_9P_FD is not set
# CONFIG_WIRELESS is not set
