# arm64 with pages of 64 KiB.
CONFIG_ARM64_64K_PAGES=y
# CONFIG_ARM64_4K_PAGES is not set
