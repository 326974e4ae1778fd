# Less to compile, for a brief look at another version or machine: of what speaks in remote
# sections, io_uring is left.
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
# CONFIG_INET is not set
# CONFIG_PACKET is not set
# CONFIG_SYSVIPC is not set
