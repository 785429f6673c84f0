/* SPDX-License-Identifier: ISC
 *
 * conf_notice.c - what a running relay lets its tools know.
 *
 * A notice of root's lies in RUN_DIR, one of an ordinary user's in a
 * directory of that user's under /tmp, which is sticky: nobody else can make
 * or replace a file there, and whoever reads one looks at the owners.  Its
 * name is a hash of the configuration's.  The master holds a lock on the
 * file; so what a dead one left is not believed.
 */
#include "conf/conf_notice.h"

#include "conf/conf_parser.h"

#include "base/fsys.h"
#include "base/hash.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_DIR "/run/postrider"

enum { NOTICE_MOST = 64 << 10, OTHERS_WRITE = 022 };

/* ---- names -----------------------------------------------------------------
 */

void
conf_notice_names(const char *path, char *out[CONF_NOTICE_NAMES])
{
	char *copy = mem_strdup(path), *again = mem_strdup(path);
	char *directory = realpath(dirname(copy), NULL);
	char *whole = realpath(path, NULL);

	/* what cannot be resolved has at least a spelling */
	out[0] = directory == NULL
	    ? mem_strdup(path)
	    : mem_printf("%s/%s", strcmp(directory, "/") == 0 ? "" : directory,
		  basename(again));
	out[1] = whole == NULL || strcmp(whole, out[0]) == 0
	    ? NULL
	    : mem_strdup(whole);
	free(whole);
	free(directory);
	mem_free(again);
	mem_free(copy);
}

/* Long enough that no two configurations share one. */
static char *
file_name(const char *name)
{
	static const struct hash_key low = { 0, 1 }, high = { 0, 2 };

	return mem_printf("relay-%016" PRIx64 "%016" PRIx64,
	    hash_span(high, span_of(name)), hash_span(low, span_of(name)));
}

/* The directory for UID's notices, AT of them in order.  Null: no more. */
static char *
place(uid_t uid, unsigned at)
{
	if (uid == 0 && at == 0)
		return mem_strdup(RUN_DIR);
	return at == (uid == 0 ? 1 : 0)
	    ? mem_printf("/tmp/postrider-%u", (unsigned)uid)
	    : NULL;
}

static bool
belongs_to(int fd, uid_t uid, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type &&
	    st.st_uid == uid && (st.st_mode & OTHERS_WRITE) == 0;
}

/* -1: it is not there, or not UID's alone to write; errno tells. */
static int
open_place(const char *path, uid_t uid)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1 || belongs_to(fd, uid, S_IFDIR))
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

/* ---- text -------------------------------------------------------------------
 */

static const struct {
	enum conf_block_id block;
	const char *name;
} carried[] = {
	{ BLOCK_TOP, "hostname" },
	{ BLOCK_TOP, "spool" },
	{ BLOCK_TOP, "control" },
	{ BLOCK_TOP, "log" },
	{ BLOCK_LIMITS, "header" },
	{ BLOCK_LIMITS, "recipients" },
	{ BLOCK_BOUNCE, "return-size" },
};

void
conf_notice_write(const struct conf *conf, struct buf *out)
{
	buf_append_text(out,
	    "# what sendmail, mailq and postrider need to "
	    "know of a running relay\n");
	for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++) {
		const struct conf_option *option =
		    conf_option_find(carried[i].block, carried[i].name);

		if (option->block != BLOCK_TOP)
			buf_printf(
			    out, "%s {\n", conf_blocks[option->block].name);
		conf_types[option->kind].write(
		    option, (const char *)conf + option->offset, "", out);
		if (option->block != BLOCK_TOP)
			buf_append_text(out, "}\n");
	}
}

struct conf *
conf_notice_parse(struct span text)
{
	struct conf *conf = conf_new();
	struct conf_parser parser;
	struct conf_told told = CONF_TOLD_NOTHING;
	struct err err;
	bool good;

	/* another edition of the master may tell more than we know */
	conf_parser_init(&parser, conf, &told, &err);
	good = conf_parser_run(&parser, text, "notice", NULL) &&
	    conf->hostname != NULL &&
	    !conf_bad(&parser, BLOCK_TOP, "control") &&
	    conf_seen(&parser, BLOCK_TOP, "control").file != NULL;
	conf_parser_fini(&parser);
	conf_told_clear(&told);
	if (!good)
		conf_free(&conf);
	return conf;
}

/* ---- the master's side
 * -------------------------------------------------------- */

/* A directory to write in; -1: ERR. */
static int
make_place(struct err *err)
{
	int fd = -1;
	char *path;

	err_set(err, ERR_SYSTEM, "no place");
	for (unsigned at = 0; fd == -1 && (path = place(geteuid(), at)) != NULL;
	     at++) {
		if (mkdir(path, 0755) == 0 || errno == EEXIST)
			fd = open_place(path, geteuid());
		if (fd == -1 && errno == EPERM)
			err_set(err, ERR_SYSTEM,
			    "%s belongs to somebody "
			    "else, or others may write there",
			    path);
		else if (fd == -1)
			err_sys(err, "make directory", path);
		mem_free(path);
	}
	return fd;
}

/* A file of nobody's name yet, written and locked; -1: ERR. */
static int
make_file(int place_fd, const char *name, struct span text, struct err *err)
{
	int fd;

	(void)unlinkat(place_fd, name, 0);
	fd = openat(place_fd, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1) {
		err_sys(err, "make", name);
		return -1;
	}
	if (fchmod(fd, 0644) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fsys_write(fd, text, name, err))
		return fd;
	err_sys(err, "write", name);
	(void)unlinkat(place_fd, name, 0);
	close(fd);
	return -1;
}

/* It appears under a name whole, and by rename: a former one goes. */
static bool
name_file(int place_fd, const char *made, const char *name, struct err *err)
{
	char *file = file_name(name), *beside = mem_printf("%s+", made);
	bool good;

	(void)unlinkat(place_fd, beside, 0);
	good = (linkat(place_fd, made, place_fd, beside, 0) == 0 &&
		   renameat(place_fd, beside, place_fd, file) == 0) ||
	    err_sys(err, "name", file);
	mem_free(beside);
	mem_free(file);
	return good;
}

int
conf_notice_put(char *const names[CONF_NOTICE_NAMES], const struct conf *conf,
    struct err *err)
{
	char *made = mem_printf("new-%ld", (long)getpid());
	int place_fd = make_place(err), fd = -1;
	struct buf text;

	buf_init(&text, NOTICE_MOST);
	conf_notice_write(conf, &text);
	if (place_fd != -1)
		fd = make_file(place_fd, made, buf_peek(&text), err);
	for (int i = 0; i < CONF_NOTICE_NAMES && fd != -1; i++)
		if (names[i] != NULL &&
		    !name_file(place_fd, made, names[i], err)) {
			close(fd);
			fd = -1;
		}
	if (place_fd != -1) {
		(void)unlinkat(place_fd, made, 0);
		close(place_fd);
	}
	buf_fini(&text);
	mem_free(made);
	return fd;
}

void
conf_notice_remove(char *const names[CONF_NOTICE_NAMES])
{
	struct err err;
	int place_fd = make_place(&err);

	for (int i = 0; i < CONF_NOTICE_NAMES && place_fd != -1; i++) {
		char *file;

		if (names[i] == NULL)
			continue;
		file = file_name(names[i]);
		(void)unlinkat(place_fd, file, 0);
		mem_free(file);
	}
	if (place_fd != -1)
		close(place_fd);
}

/* ---- the tools' side
 * ---------------------------------------------------------- */

/* The file that NAME stands for is another one than FD by now. */
static bool
was_replaced(int place_fd, const char *file, int fd)
{
	struct stat ours, now;

	return fstat(fd, &ours) == 0 &&
	    fstatat(place_fd, file, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_ino != now.st_ino;
}

/* The notice FILE of UID's, if its master lives; -1: there is none. */
static int
open_notice(int place_fd, const char *file, uid_t uid)
{
	enum { TRIES = 3 }; /* while the master puts up another one */
	bool replaced = true;

	for (int i = 0; i < TRIES && replaced; i++) {
		int fd = openat(place_fd, file,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

		if (fd == -1)
			return -1;
		if (belongs_to(fd, uid, S_IFREG) &&
		    flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK)
			return fd;
		replaced = was_replaced(place_fd, file, fd);
		close(fd);
	}
	return -1;
}

static struct conf *
read_notice(int place_fd, const char *name, uid_t uid)
{
	char *file = file_name(name);
	int fd = open_notice(place_fd, file, uid);
	struct conf *conf = NULL;
	char text[NOTICE_MOST];
	struct err err;
	ssize_t got;

	mem_free(file);
	if (fd == -1)
		return NULL;
	got = fsys_read_at(fd, text, sizeof text, 0, name, &err);
	if (got > 0)
		conf = conf_notice_parse(span_make(text, (size_t)got));
	close(fd);
	return conf;
}

/* What UID put up under one of NAMES. */
static struct conf *
get_of(uid_t uid, char *const names[CONF_NOTICE_NAMES])
{
	struct conf *conf = NULL;
	char *path;

	for (unsigned at = 0; conf == NULL && (path = place(uid, at)) != NULL;
	     at++) {
		int fd = open_place(path, uid);

		for (int i = 0; i < CONF_NOTICE_NAMES && fd != -1; i++)
			if (conf == NULL && names[i] != NULL)
				conf = read_notice(fd, names[i], uid);
		if (fd != -1)
			close(fd);
		mem_free(path);
	}
	return conf;
}

/* Whose word counts for the file NAMED so. */
static size_t
list_owners(const char *name, uid_t out[4])
{
	char *copy = mem_strdup(name);
	struct stat st;
	size_t count = 0;

	out[count++] = 0;
	out[count++] = geteuid();
	if (stat(name, &st) == 0)
		out[count++] = st.st_uid;
	if (stat(dirname(copy), &st) == 0)
		out[count++] = st.st_uid;
	mem_free(copy);
	return count;
}

struct conf *
conf_notice_get(const char *path)
{
	char *names[CONF_NOTICE_NAMES];
	struct conf *conf = NULL;
	uid_t owners[4];
	size_t count, i;

	conf_notice_names(path, names);
	count = list_owners(names[0], owners);
	for (i = 0; i < count && conf == NULL; i++)
		conf = get_of(owners[i], names);
	for (i = 0; i < CONF_NOTICE_NAMES; i++)
		mem_free(names[i]);
	return conf;
}
