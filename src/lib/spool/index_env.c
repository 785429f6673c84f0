/* SPDX-License-Identifier: ISC
 *
 * index_env.c - the Berkeley DB environment of the index.
 *
 * Private to the process (its regions are in our memory), without locks
 * (one thread), transactions written but not synced (see index_trust.c).
 * Pages carry checksums, so damage is an error and not a wrong row.  What
 * cannot be opened is moved aside and made anew.
 */
#include "spool/index_inside.h"

#include "base/clock.h"
#include "base/fsys.h"
#include "base/log.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CACHE_BYTES = 32 << 20,
	LOG_FILE_BYTES = 8 << 20,
	LOG_BUFFER_BYTES = 1 << 20,
	PAGE_BYTES = 4096,
	STEP_PAGES = 256,	/* written in a step of a checkpoint */
	STEPS_MOST = 60,	/* then the checkpoint, so that logs end */
	VALUE_MOST = 1 << 20
};

static const char *const table_files[TABLE_COUNT] = {
	[TABLE_ROWS] = "rows.db", [TABLE_DUE] = "due.db",
	[TABLE_READY] = "ready.db", [TABLE_POSITIONS] = "positions.db",
};

/* In place of fdatasync inside Berkeley DB. */
static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

/* ---- the directory ---------------------------------------------------------------- */

static void
remove_files(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd, entry->d_name, 0);
	closedir(dir);
}

/* The directory of PATH and its last name. */
static int
open_parent(const char *path, const char **name, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	int fd;

	if (slash == NULL || slash[1] == '\0') {
		err_set(err, ERR_CONFIG, "index %s is not a full path", path);
		return -1;
	}
	*name = slash + 1;
	parent = slash == path ? mem_strdup("/") :
	    mem_strndup(path, (size_t)(slash - path));
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		err_sys(err, "open directory", parent);
	mem_free(parent);
	return fd;
}

/* Of broken ones, the last is kept for whoever wants to know why. */
static void
remove_former(int parent, const char *name)
{
	size_t length = strlen(name);
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int former;

		if (strncmp(entry->d_name, name, length) != 0 ||
		    strncmp(entry->d_name + length, ".broken-", 8) != 0)
			continue;
		former = openat(parent, entry->d_name, O_RDONLY |
		    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (former == -1)
			continue;
		remove_files(former);
		close(former);
		unlinkat(parent, entry->d_name, AT_REMOVEDIR);
	}
	if (dir != NULL)
		closedir(dir);
	else if (fd != -1)
		close(fd);
}

static bool
move_aside(const char *path, struct err *err)
{
	const char *name;
	char *aside;
	bool done;
	int parent = open_parent(path, &name, err);

	if (parent == -1)
		return false;
	remove_former(parent, name);
	aside = mem_printf("%s.broken-%lld", name,
	    (long long)(clock_wall() / 1000000));
	done = renameat(parent, name, parent, aside) == 0 ||
	    err_sys(err, "move aside", path);
	if (done)
		log_warn("index %s is not usable: moved to %s, and made anew",
		    path, aside);
	mem_free(aside);
	close(parent);
	return done;
}

/* ---- open ---------------------------------------------------------------------------- */

/* Berkeley DB would write to stderr. */
static void
on_db_error(const DB_ENV *env, const char *prefix, const char *text)
{
	(void)env;
	(void)prefix;
	log_warn("index: %s", text);
}

static int
configure(DB_ENV *env)
{
	int error;

	env->set_errcall(env, on_db_error);
	(void)((error = env->set_cachesize(env, 0, CACHE_BYTES, 1)) != 0 ||
	    (error = env->set_lg_max(env, LOG_FILE_BYTES)) != 0 ||
	    (error = env->set_lg_bsize(env, LOG_BUFFER_BYTES)) != 0 ||
	    (error = env->set_flags(env, DB_TXN_WRITE_NOSYNC, 1)) != 0 ||
	    (error = env->log_set_config(env, DB_LOG_AUTO_REMOVE, 1)) != 0);
	return error;
}

static int
open_env(struct index *index)
{
	int error = db_env_set_func_fsync(no_sync);

	if (error == 0)
		error = db_env_create(&index->env, 0);
	if (error != 0)
		return error;
	error = configure(index->env);
	if (error == 0)
		error = index->env->open(index->env, index->path,
		    DB_CREATE | DB_PRIVATE | DB_INIT_MPOOL | DB_INIT_LOG |
		    DB_INIT_TXN | DB_RECOVER, 0600);
	return error;
}

static int
open_table(struct index *index, enum index_table table)
{
	DB **db = &index->tables[table];
	int error = db_create(db, index->env, 0);

	if (error != 0)
		return error;
	(void)((error = (*db)->set_flags(*db, DB_CHKSUM)) != 0 ||
	    (error = (*db)->set_pagesize(*db, PAGE_BYTES)) != 0 ||
	    (error = (*db)->open(*db, NULL, table_files[table], NULL,
	    DB_BTREE, DB_CREATE | DB_AUTO_COMMIT, 0600)) != 0);
	return error;
}

static void
close_all(struct index *index)
{
	for (unsigned t = 0; t < TABLE_COUNT; t++)
		if (index->tables[t] != NULL) {
			index->tables[t]->close(index->tables[t], DB_NOSYNC);
			index->tables[t] = NULL;
		}
	if (index->env != NULL)
		index->env->close(index->env, 0);
	index->env = NULL;
}

static bool
open_all(struct index *index, struct err *err)
{
	int error;

	index->broken = false;
	error = open_env(index);
	for (unsigned t = 0; error == 0 && t < TABLE_COUNT; t++)
		error = open_table(index, t);
	if (error != 0)
		index_failed(index, error, "open", err);
	if (error == 0 && index_load_count(index, err))
		return true;
	close_all(index);
	return false;
}

static int
open_dir(const char *path, struct err *err)
{
	const char *name;
	int parent = open_parent(path, &name, err);
	int fd;

	if (parent == -1)
		return -1;
	fd = fsys_open_dir(parent, name, 0700, err);
	close(parent);
	return fd;
}

/* Make the directory empty, or a new one if it is kept as broken. */
static bool
start_over(struct index *index, bool keep, struct err *err)
{
	if (!keep) {
		remove_files(index->dirfd);
		return true;
	}
	close(index->dirfd);
	index->dirfd = -1;
	if (!move_aside(index->path, err))
		return false;
	index->dirfd = open_dir(index->path, err);
	return index->dirfd != -1;
}

static bool
open_or_make(struct index *index, bool *fresh, struct err *err)
{
	enum trust trust = trust_find(index->dirfd);

	*fresh = trust != TRUST_GOOD;
	if (*fresh && !start_over(index, trust == TRUST_BROKEN, err))
		return false;
	if (!trust_open(index->dirfd, err))
		return false;
	if (open_all(index, err))
		return true;
	if (*fresh || !start_over(index, true, err))
		return false;	/* a new one cannot be opened either */
	*fresh = true;
	return trust_open(index->dirfd, err) && open_all(index, err);
}

static void
index_free(struct index *index)
{
	if (index->dirfd != -1)
		close(index->dirfd);
	buf_fini(&index->value);
	mem_free(index->path);
	mem_free(index);
}

struct index *
index_open(const char *path, bool *fresh, struct err *err)
{
	struct index *index;
	int dirfd = open_dir(path, err);

	if (dirfd == -1)
		return NULL;
	index = mem_new(struct index);
	index->path = mem_strdup(path);
	index->dirfd = dirfd;
	buf_init(&index->value, VALUE_MOST);
	if (open_or_make(index, fresh, err))
		return index;
	if (index->dirfd != -1)
		trust_broken(index->dirfd);
	index_free(index);
	return NULL;
}

/* ---- close ---------------------------------------------------------------------------- */

static bool
sync_file(int dirfd, const char *name, struct err *err)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool done;

	if (fd == -1)
		return errno == ENOENT || err_sys(err, "open", name);
	done = fdatasync(fd) == 0 || err_sys(err, "sync", name);
	close(fd);
	return done;
}

/* What was never synced while in use. */
static bool
sync_files(int dirfd, struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool done = true;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return err_sys(err, "read directory", "index");
	}
	while (done && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			done = sync_file(dirfd, entry->d_name, err);
	closedir(dir);
	return done && fsys_sync_dir(dirfd, "index", err);
}

/* Everything into its files; false: it is not to be believed. */
static bool
close_well(struct index *index, struct err *err)
{
	int error;

	if (!index_flush(index, err))
		return false;
	error = index->env->txn_checkpoint(index->env, 0, 0, DB_FORCE);
	if (error != 0)
		return index_failed(index, error, "checkpoint", err);
	for (unsigned t = 0; t < TABLE_COUNT; t++) {
		error = index->tables[t]->close(index->tables[t], 0);
		index->tables[t] = NULL;
		if (error != 0)
			return index_failed(index, error, "close", err);
	}
	error = index->env->close(index->env, 0);
	index->env = NULL;
	if (error != 0)
		return index_failed(index, error, "close", err);
	return sync_files(index->dirfd, err) &&
	    trust_closed(index->dirfd, err);
}

void
index_close(struct index **index)
{
	struct index *i = *index;
	struct err err;

	if (i == NULL)
		return;
	*index = NULL;
	if (!close_well(i, &err)) {
		log_warn("index %s: %s; it will be made anew", i->path,
		    err.text);
		trust_broken(i->dirfd);
		if (i->txn != NULL)
			i->txn->abort(i->txn);
		close_all(i);
	}
	index_free(i);
}

/* ---- checkpoints, in steps ----------------------------------------------------------- */

/* Pages in the cache that are dirty, and all. */
static int
count_pages(struct index *index, uint64_t *dirty, uint64_t *all)
{
	DB_MPOOL_STAT *stat;
	int error = index->env->memp_stat(index->env, &stat, NULL, 0);

	if (error != 0)
		return error;
	*dirty = stat->st_page_dirty;
	*all = *dirty + stat->st_page_clean;
	free(stat);
	return 0;
}

/* Write some of the dirty pages: so many percent must be clean then. */
static int
write_some(struct index *index, uint64_t dirty, uint64_t all)
{
	uint64_t clean = (all - dirty + STEP_PAGES) * 100 / all;
	int written;

	index->steps++;
	return index->env->memp_trickle(index->env,
	    clean > 100 ? 100 : (int)clean, &written);
}

/*
 * Each step writes a few pages; when few are left, the rest and the
 * checkpoint itself.  A step is some milliseconds, and nothing is synced.
 */
bool
index_checkpoint(struct index *index, struct err *err)
{
	uint64_t dirty, all;
	int error;

	if (!index_flush(index, err))
		return false;
	error = count_pages(index, &dirty, &all);
	if (error == 0 && dirty > STEP_PAGES && index->steps < STEPS_MOST) {
		error = write_some(index, dirty, all);
	} else if (error == 0) {
		index->steps = 0;
		error = index->env->txn_checkpoint(index->env, 0, 0, 0);
	}
	if (error != 0)
		return index_failed(index, error, "checkpoint", err);
	if (!index->proven) {
		index->proven = true;
		return trust_proven(index->dirfd, err);
	}
	return true;
}
