# A PC under QEMU: two CPUs, the host's files by 9p over virtio, a serial console.
CONFIG_SMP=y
CONFIG_NR_CPUS=8
# Interrupts and other tasks come between any two instructions, callbacks included.
CONFIG_PREEMPT=y
CONFIG_MODULES=y

# ACPI names the CPUs and powers off.
CONFIG_ACPI=y
CONFIG_PCI=y
CONFIG_VIRTIO_MENU=y
CONFIG_VIRTIO_PCI=y
CONFIG_NET_9P=y
CONFIG_NET_9P_VIRTIO=y
CONFIG_NETWORK_FILESYSTEMS=y
CONFIG_9P_FS=y
CONFIG_SERIAL_8250=y
CONFIG_SERIAL_8250_CONSOLE=y

# objtool checks each object: nothing out of line from a hook.
CONFIG_UNWINDER_ORC=y

# What an emulated machine unpacks, waits for and wakes up for costs seconds.
CONFIG_KERNEL_GZIP=y
CONFIG_NO_HZ_IDLE=y
# CONFIG_CPU_MITIGATIONS is not set
# CONFIG_CPU_FREQ is not set
# CONFIG_CPU_IDLE is not set
# CONFIG_SCHED_MC_PRIO is not set
# CONFIG_X86_AMD_PSTATE is not set
# CONFIG_X86_INTEL_PSTATE is not set

# Defaults of hardware that is not there.
# CONFIG_ACPI_AC is not set
# CONFIG_ACPI_BATTERY is not set
# CONFIG_ACPI_FAN is not set
# CONFIG_ACPI_PCC is not set
# CONFIG_ACPI_PROCESSOR is not set
# CONFIG_ACPI_THERMAL is not set
# CONFIG_HID_SUPPORT is not set
# CONFIG_INPUT is not set
# CONFIG_INTEL_MEI is not set
# CONFIG_LEGACY_PTYS is not set
# CONFIG_MAILBOX is not set
# CONFIG_NET_9P_FD is not set
# CONFIG_PCIEASPM is not set
# CONFIG_PERF_EVENTS_INTEL_CSTATE is not set
# CONFIG_PERF_EVENTS_INTEL_RAPL is not set
# CONFIG_PERF_EVENTS_INTEL_UNCORE is not set
# CONFIG_SERIAL_8250_EXAR is not set
# CONFIG_SERIAL_8250_LPSS is not set
# CONFIG_SERIAL_8250_MID is not set
# CONFIG_SERIAL_8250_PCI is not set
# CONFIG_SERIAL_8250_PERICOM is not set
# CONFIG_SERIO is not set
# CONFIG_THERMAL is not set
# CONFIG_VT is not set
# CONFIG_WIRELESS is not set
