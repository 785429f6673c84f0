/* SPDX-License-Identifier: ISC
 *
 * tool.c - what all the tools share.
 */
#include "ctl/tool.h"

#include "base/plain.h"
#include "conf/conf_notice.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MOST = 8192 };

const char *
tool_plain(const char *text, char *out, size_t most)
{
	struct span rest = span_of(text);
	size_t used = 0;

	while (rest.length > 0) {
		size_t length = plain_length(rest);
		size_t takes = length > 0 ? length : 1;

		if (takes > most - 1 - used)
			break;
		memcpy(out + used, length > 0 ? (const char *)rest.data : "?",
		    takes);
		used += takes;
		rest = span_skip(rest, takes);
	}
	out[used] = '\0';
	return out;
}

int
tool_fail(int status, const char *fmt, ...)
{
	char text[TEXT_MOST], plain[TEXT_MOST];
	va_list ap;

	fflush(stdout);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name,
	    tool_plain(text, plain, sizeof(plain)));
	return status;
}

const char *
tool_conf_path(const char *given)
{
	const char *path = given;

	if (path == NULL)
		path = getenv("POSTRIDER_CONFIG");
	if (path == NULL || *path == '\0')
		path = POSTRIDER_CONF;
	return path;
}

struct conf *
tool_conf(const char *given)
{
	struct err err = { 0 };
	struct conf *conf = conf_load(tool_conf_path(given), &err);

	if (conf == NULL)
		tool_fail(EX_CONFIG, "%s", err.text);
	return conf;
}

struct conf *
tool_relay(const char *given, struct err *err)
{
	const char *path = tool_conf_path(given);
	struct conf *conf = conf_notice_get(path);

	if (conf == NULL)
		conf = conf_load(path, err);
	if (conf == NULL)
		err_prefix(err,
		    "no relay is known to run with %.200s, and "
		    "where one would be is not known either",
		    path);
	return conf;
}

static bool
cannot_reach(struct err *err, const char *path)
{
	bool absent = errno == ENOENT || errno == ECONNREFUSED;

	return err_set(err, ERR_SYSTEM, "cannot reach the relay at %s: %s%s",
	    path, strerror(errno), absent ? " (is postriderd running?)" : "");
}

int
tool_connect(const char *path, unsigned seconds, struct err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval most = { .tv_sec = seconds };
	int fd;

	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		cannot_reach(err, path);
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) == -1 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		cannot_reach(err, path);
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

bool
tool_send(int fd, const char *path, struct span bytes, struct err *err)
{
	while (bytes.length > 0) {
		ssize_t sent = send(fd, bytes.data, bytes.length, MSG_NOSIGNAL);

		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && errno == EAGAIN)
			errno = ETIMEDOUT;
		if (sent == -1)
			return err_sys(err, "cannot write to", path);
		bytes = span_skip(bytes, (size_t)sent);
	}
	return true;
}

int
tool_version(void)
{
	printf("%s (postrider) %s\n", program_invocation_short_name,
	    PACKAGE_VERSION);
	return tool_finish(EX_OK);
}

int
tool_finish(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return tool_fail(EX_IOERR, "cannot write standard output: %s",
		    strerror(errno));
	return status;
}
