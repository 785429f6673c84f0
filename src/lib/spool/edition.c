/* SPDX-License-Identifier: ISC
 *
 * edition.c - which program a spool is for.
 */
#include "spool/edition.h"

#include "base/fsys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { TEXT_MOST = 16, EDITION_MOST = 1000000 };

static const char file[] = "edition";

/* "2\n" to 2; 0: it is nothing of the kind. */
static unsigned
number_of(const char *text, size_t length)
{
	unsigned number = 0;
	size_t i = 0;

	for (; i < length && text[i] >= '0' && text[i] <= '9' &&
	    number < EDITION_MOST; i++)
		number = number * 10 + (unsigned)(text[i] - '0');
	return i + 1 == length && text[i] == '\n' ? number : 0;
}

/* A power cut may leave the file without what was written to it: that says as
 * little as no file. */
static bool
is_blank(const char *text, size_t length)
{
	while (length-- > 0)
		if (*text++ != '\0')
			return false;
	return true;
}

bool
edition_read(int root, unsigned *edition, struct err *err)
{
	char text[TEXT_MOST];
	ssize_t n;
	int fd = openat(root, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);

	*edition = 1;
	if (fd == -1)
		return errno == ENOENT || err_sys(err, "open", file);
	n = fsys_read_at(fd, text, sizeof text, 0, file, err);
	close(fd);
	if (n == -1)
		return false;
	if (is_blank(text, (size_t)n))
		return true;
	*edition = number_of(text, (size_t)n);
	if (*edition == 0)
		return err_set(err, ERR_CONFIG, "what its file %s says makes "
		    "no sense: it should be one number; if no later postrider "
		    "has used this spool, remove the file", file);
	return *edition <= SPOOL_EDITION || err_set(err, ERR_CONFIG,
	    "it is of edition %u, made by a newer postrider; this one knows "
	    "up to %u, and leaves it untouched", *edition, SPOOL_EDITION);
}

bool
edition_write(int root, struct err *err)
{
	char text[TEXT_MOST];

	snprintf(text, sizeof text, "%u\n", (unsigned)SPOOL_EDITION);
	return fsys_replace(root, file, "edition.new", span_of(text), true,
	    err);
}
