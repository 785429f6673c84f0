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

#include "base/log.h"
#include "base/mem.h"

#include <unistd.h>

enum {
	CACHE_BYTES = 32 << 20,
	LOG_FILE_BYTES = 8 << 20,
	LOG_BUFFER_BYTES = 1 << 20,
	PAGE_BYTES = 4096,
	VALUE_MOST = 1 << 20
};

static const char *const table_files[TABLE_COUNT] = {
	[TABLE_ROWS] = "rows.db", [TABLE_DUE] = "due.db",
	[TABLE_READY] = "ready.db", [TABLE_LISTS] = "lists.db",
	[TABLE_NUMBERS] = "numbers.db",
};

/* In place of fdatasync inside Berkeley DB. */
static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

/* ---- open ------------------------------------------------------------- */

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

/* Make the directory empty, or a new one if it is kept as broken. */
static bool
start_over(struct index *index, bool keep, struct err *err)
{
	if (!keep) {
		files_remove(index->dirfd);
		return true;
	}
	close(index->dirfd);
	index->dirfd = -1;
	if (!files_move_aside(index->path, err))
		return false;
	index->dirfd = files_open(index->path, err);
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
	int dirfd = files_open(path, err);

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

/* ---- close ------------------------------------------------------------ */

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
	return files_sync(index->dirfd, err) &&
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
