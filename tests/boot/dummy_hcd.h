/* SPDX-License-Identifier: MIT */
/*
 * USB without hardware: the root hub of dummy_hcd answers asynchronous transfers. The
 * completion of one is a softirq, and in it a section of remote coverage of its bus.
 */
#ifndef DUMMY_HCD_H
#define DUMMY_HCD_H

#include <dirent.h>
#include <linux/membarrier.h>
#include <linux/usbdevice_fs.h>
#include <sys/syscall.h>

#include "guest.h"

#define USB_DEVICES	"/sys/bus/usb/devices"

/* The number of its bus, or 0. */
static inline int dummy_hcd_bus(void)
{
	char path[300], text[64];
	DIR *dir = opendir(USB_DEVICES);
	struct dirent *d;
	int bus = 0;
	FILE *f;

	while (!bus && dir && (d = readdir(dir))) {
		snprintf(path, sizeof(path), USB_DEVICES "/%s/product", d->d_name);
		f = strncmp(d->d_name, "usb", 3) ? NULL : fopen(path, "r");
		if (f && fgets(text, sizeof(text), f) && !strncmp(text, "Dummy host", 10))
			bus = atoi(d->d_name + 3);
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return bus;
}

/* Its root hub, or -errno. */
static inline int dummy_hcd_open(int bus)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/bus/usb/%03d/001", bus);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * To the root hub: "which device are you?" @between comes before the answer is taken. Nobody
 * waits for the answer: what waking up does differs from time to time. 0 or -errno.
 */
static inline int dummy_hcd_urb(int fd, void (*between)(void))
{
	unsigned char buf[8 + 18] = { 0x80, 6, 0, 1, 0, 0, 18, 0 };
	struct usbdevfs_urb urb = {
		.type = USBDEVFS_URB_TYPE_CONTROL, .buffer = buf, .buffer_length = sizeof(buf),
	}, *done;

	if (ioctl(fd, USBDEVFS_SUBMITURB, &urb))
		return -errno;
	if (between)
		between();
	for (int i = 0; i < 50000; i++) {
		if (!ioctl(fd, USBDEVFS_REAPURBNDELAY, &done))
			return urb.status;
		if (errno != EAGAIN)
			return -errno;
		usleep(100);
	}
	return -ETIMEDOUT;
}

/* Waits for softirqs that run now, and with them for the end of their sections. */
static inline void wait_for_softirqs(void)
{
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

#endif /* DUMMY_HCD_H */
