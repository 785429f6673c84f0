/* SPDX-License-Identifier: ISC
 *
 * names.c - the system's files about names, watched for the resolver.
 *
 * A network that comes or goes changes /etc/resolv.conf.  The resolver's
 * jail hides the file, and its library takes no new servers; so another
 * process is started, and the scheduler asks it again what it has asked the
 * former one.  What counts is what the file says: it is written anew at each
 * lease, and a new resolver begins without the answers of the former.  A file
 * that is away for a moment says nothing.
 */
#include "master/names.h"
#include "master/children.h"

#include "base/crc32c.h"
#include "base/fsys.h"
#include "base/log.h"

#include <string.h>
#include <sys/stat.h>

enum {
	FILES = 2,
	BYTES_MOST = 4 << 20,	/* of a file; who blocks all advertisers … */
	YOUNG = 2		/* s: the clock of files is a coarse one */
};

static struct watched {
	const char *path;
	struct stat mark;
	uint32_t sum;		/* of what it says */
	bool known;
} files[FILES] = {
	{ .path = "/etc/resolv.conf" },
	{ .path = "/etc/hosts" },
};

static bool
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* So that it need not be read again. */
static bool
is_untouched(const struct watched *file, const struct stat *now)
{
	const struct stat *then = &file->mark;

	return file->known && then->st_ino == now->st_ino &&
	    then->st_dev == now->st_dev && then->st_size == now->st_size &&
	    is_same_time(then->st_mtim, now->st_mtim) &&
	    is_same_time(then->st_ctim, now->st_ctim) &&
	    clock_wall() / 1000000 - now->st_ctim.tv_sec > YOUNG;
}

static bool
has_changed(struct watched *file)
{
	struct stat now;
	struct buf text;
	struct err err;
	uint32_t sum;
	bool changed = false;

	if (stat(file->path, &now) == -1 || is_untouched(file, &now))
		return false;
	buf_init(&text, BYTES_MOST);
	if (fsys_read_file(file->path, &text, &err)) {
		struct span all = buf_peek(&text);

		sum = crc32c(0, all.data, all.length);
		changed = !file->known || sum != file->sum;
		file->sum = sum;
		file->mark = now;
		file->known = true;
	}
	buf_fini(&text);
	return changed;
}

/* The master's first look is before its first resolver is born. */
void
names_look(struct master *master)
{
	bool used = master->conf->resolver_server_count == 0;

	for (int i = 0; i < FILES; i++) {
		if (!has_changed(&files[i]) || !used ||
		    list_empty(&master->children))
			continue;
		if (i == 0 && master->conf->resolver_roots)
			continue;
		log_info("%s has changed: starting another resolver",
		    files[i].path);
		children_renew(master, ROLE_RESOLVER);
	}
}

static bool
asks_otherwise(const struct conf *a, const struct conf *b)
{
	if (a->resolver_server_count != b->resolver_server_count ||
	    a->resolver_roots != b->resolver_roots ||
	    a->resolver_negative != b->resolver_negative)
		return true;
	for (size_t i = 0; i < a->resolver_server_count; i++)
		if (strcmp(a->resolver_servers[i], b->resolver_servers[i]) != 0)
			return true;
	return false;
}

void
names_reload(struct master *master, const struct conf *old)
{
	names_look(master);
	if (!asks_otherwise(master->conf, old))
		return;
	log_info("other resolver settings: starting another resolver");
	children_renew(master, ROLE_RESOLVER);
}
