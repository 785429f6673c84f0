/* SPDX-License-Identifier: ISC
 *
 * trace_read.c - through the log and what was rotated away, oldest first.
 */
#include "ctl/trace_read.h"

#include "base/mem.h"
#include "ctl/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ROTATED_MOST = 999 };

static void
read_lines(FILE *file, trace_fn *fn, void *owner)
{
	struct trace_line line;
	char *text = NULL;
	size_t room = 0;
	ssize_t length;

	while ((length = getline(&text, &room, file)) > 0) {
		if (text[length - 1] == '\n')
			length--;
		if (trace_line_parse(span_make(text, (size_t)length), &line))
			fn(owner, &line);
	}
	free(text);
}

/* False: ERR tells; a file that is not there is no failure if ROTATED. */
static bool
read_file(const char *path, bool rotated, usec_t since, trace_fn *fn,
    void *owner, struct err *err)
{
	struct stat st;
	FILE *file;
	bool ok;

	if (rotated && stat(path, &st) == 0 &&
	    st.st_mtime < since / 1000000 - 1)
		return true;
	file = fopen(path, "re");
	if (file == NULL)
		return (rotated && errno == ENOENT) ||
		    err_sys(err, "read", path);
	read_lines(file, fn, owner);
	ok = ferror(file) == 0;
	if (!ok)
		err_sys(err, "read", path);
	fclose(file);
	return ok;
}

static bool
exists(const char *path, int number, const char *suffix)
{
	char *name = mem_printf("%s.%d%s", path, number, suffix);
	struct stat st;
	bool there = stat(name, &st) == 0;

	mem_free(name);
	return there;
}

/* How many rotated files there are, with a gap of one (while they are being
 * renamed) allowed. */
static int
count_rotated(const char *path, bool complain)
{
	int count = 0;

	for (int n = 1; n <= ROTATED_MOST && n <= count + 2; n++) {
		if (exists(path, n, "")) {
			count = n;
		} else if (exists(path, n, ".gz")) {
			count = n;
			if (complain)
				tool_fail(0, "%s.%d.gz is compressed and was "
				    "not read", path, n);
		}
	}
	return count;
}

bool
trace_read(const char *path, usec_t since, bool complain, trace_fn *fn,
    void *owner, struct err *err)
{
	bool ok = true;

	for (int n = count_rotated(path, complain); ok && n > 0; n--) {
		char *name = mem_printf("%s.%d", path, n);

		ok = read_file(name, true, since, fn, owner, err);
		mem_free(name);
	}
	return ok && read_file(path, false, since, fn, owner, err);
}
