/* SPDX-License-Identifier: ISC
 *
 * room.c - what the tests of the spool share.
 */
#include "room.h"

#include "base/mem.h"
#include "base/must.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char **dirs;
static size_t dir_count;

const char *
room_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = mem_printf("%s/postrider-spool.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);

	must(mkdtemp(path) != NULL);
	dirs = mem_resize(dirs, dir_count + 1, sizeof *dirs);
	dirs[dir_count++] = path;
	return path;
}

void
room_spool(struct spool_dirs *spool)
{
	char *path = mem_printf("%s/spool", room_dir());
	struct err err;

	must(spool_prepare(path, (uid_t)-1, (gid_t)-1, &err));
	must(spool_dirs_open(spool, path, &err));
	mem_free(path);
}

void
room_write(int dirfd, const char *name, struct span bytes)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	must(fd != -1);
	must(write(fd, bytes.data, bytes.length) == (ssize_t)bytes.length);
	close(fd);
}

long
room_size(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ? -1 :
	    (long)st.st_size;
}

unsigned
room_count(int dirfd)
{
	DIR *dir = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY));
	const struct dirent *entry;
	unsigned count = 0;

	must(dir != NULL);
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}

struct envelope *
room_envelope(unsigned rcpts)
{
	struct envelope *e = envelope_new();

	e->arrived = 1700000000000000;
	e->priority = -3;
	e->hops = 2;
	e->body_size = 1234;
	e->client = mem_strdup("mail.example.org[192.0.2.1]");
	e->sender = mem_strdup("example.org");
	envelope_set_reverse_path(e, span_of("from@example.org"));
	for (unsigned i = 0; i < rcpts; i++) {
		char *address = mem_printf("r%u@d%u.example", i, i);

		envelope_add_rcpt(e, span_of(address), span_of(i % 2 == 0 ?
		    "rfc822;a+2Bb@example.net" : NULL),
		    i % 2 == 0 ? NOTIFY_FAILURE | NOTIFY_DELAY : NOTIFY_NEVER);
		mem_free(address);
	}
	return e;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void
room_clean(void)
{
	while (dir_count > 0) {
		char *path = dirs[--dir_count];

		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		mem_free(path);
	}
	mem_free(dirs);
	dirs = NULL;
}
