// SPDX-License-Identifier: MIT
/* Files and text, for the other parts. */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

int ukcov__grow(void **array, size_t *room, size_t used, size_t size)
{
	size_t more = *room ? 2 * *room : 64;
	void *p;

	if (used < *room)
		return 0;
	p = reallocarray(*array, more, size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*room = more;
	return 0;
}

/* Files of /proc have no size: read until there is no more. */
static int read_fd(int fd, char **text, size_t *len)
{
	size_t room = 1 << 16, used = 0;
	char *buf = malloc(room), *p;
	ssize_t n;

	while (buf) {
		n = read(fd, buf + used, room - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			n = -errno;
			free(buf);
			return n;
		}
		used += n;
		if (!n) {
			buf[used] = 0;
			*text = buf;
			*len = used;
			return 0;
		}
		if (room - used > room / 4)
			continue;
		room *= 2;
		p = realloc(buf, room);
		if (!p)
			free(buf);
		buf = p;
	}
	return -ENOMEM;
}

int ukcov__read_file(const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = read_fd(fd, text, len);
	close(fd);
	return err;
}

int ukcov__write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	return 0;
}

static int write_and_close(int fd, const char *text, size_t len, bool sync)
{
	int err = ukcov__write_all(fd, text, len);

	/* A full disk may show as late as this. */
	if (!err && sync && fsync(fd) && errno != EINVAL && errno != EROFS)
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/* A new file beside @path: as open() with O_CREAT makes it, that is, with the umask. */
static int open_temporary(const char *path, char **name)
{
	int fd = -EEXIST;

	for (unsigned int i = 0; i < 1000 && fd == -EEXIST; i++) {
		if (asprintf(name, "%s.%d.%u.tmp", path, getpid(), i) < 0)
			return -ENOMEM;
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0)
			return fd;
		fd = -errno;
		free(*name);
	}
	return fd;
}

static int replace(const char *path, const struct stat *old, const char *text, size_t len)
{
	char *name;
	int fd, err;

	fd = open_temporary(path, &name);
	if (fd < 0)
		return fd;
	if (old && fchmod(fd, old->st_mode & 07777)) {
		err = -errno;
		close(fd);
	} else {
		err = write_and_close(fd, text, len, true);
	}
	if (!err && rename(name, path))
		err = -errno;
	if (err)
		unlink(name);
	free(name);
	return err;
}

int ukcov__replace_file(const char *path, const char *text, size_t len)
{
	struct stat st;
	char *real;
	int fd, err;

	if (stat(path, &st)) {
		if (errno != ENOENT)
			return -errno;
		return replace(path, NULL, text, len);
	}
	/* A pipe or /dev/null is written to, not replaced. */
	if (!S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		return fd < 0 ? -errno : write_and_close(fd, text, len, false);
	}
	/* What a symbolic link leads to is replaced, the link stays. */
	real = realpath(path, NULL);
	if (!real)
		return -errno;
	err = replace(real, &st, text, len);
	free(real);
	return err;
}

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

void ukcov__build_id(const void *notes, size_t len, char id[BUILD_ID_LEN])
{
	const unsigned char *p = notes;
	size_t name, desc;
	Elf64_Nhdr head;

	id[0] = 0;
	while (len >= sizeof(head)) {
		memcpy(&head, p, sizeof(head));
		p += sizeof(head);
		len -= sizeof(head);
		name = align4(head.n_namesz);
		if (name > len || head.n_descsz > len - name)
			return;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && !memcmp(p, "GNU", 4) &&
		    2 * (size_t)head.n_descsz < BUILD_ID_LEN) {
			for (size_t i = 0; i < head.n_descsz; i++)
				sprintf(id + 2 * i, "%02x", p[name + i]);
			return;
		}
		desc = align4(head.n_descsz);
		if (desc > len - name)
			return;
		p += name + desc;
		len -= name + desc;
	}
}

void ukcov__kernel_build_id(char id[BUILD_ID_LEN])
{
	size_t len;
	char *notes;

	id[0] = 0;
	if (ukcov__read_file("/sys/kernel/notes", &notes, &len))
		return;
	ukcov__build_id(notes, len, id);
	free(notes);
}

char *ukcov__next_line(struct lines *lines)
{
	char *line = lines->next, *end;

	if (line >= lines->end)
		return NULL;
	end = memchr(line, '\n', lines->end - line);
	lines->cut = !end;
	if (!end)
		end = lines->end;
	lines->next = end + 1;
	lines->number++;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	*end = 0;
	while (line < end && isspace((unsigned char)*line))
		line++;
	/* A 0 byte in a line is not text: such a line is its first byte, which is none. */
	if (strlen(line) != (size_t)(end - line))
		return "\1";
	return line;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ukcov__parse_hex(const char *text, uint64_t *number)
{
	int digit;
	size_t n;

	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		text += 2;
	*number = 0;
	for (n = 0; n < 16 && text[n]; n++) {
		digit = hex_digit(text[n]);
		if (digit < 0)
			return false;
		*number = *number << 4 | digit;
	}
	return n && !text[n];
}
