/* SPDX-License-Identifier: ISC
 *
 * index_inside.h - what the files of the index share; nobody else includes
 * it.
 *
 *	index_trust.c  whether what is in the directory may be believed
 *	index_files.c  the directory
 *	index_env.c    the Berkeley DB environment, opened and closed
 *	index_care.c   checkpoints in steps
 *	index_row.c    rows and keys as bytes
 *	index.c        changes, in transactions
 *	index_walk.c   walks
 *	index_lists.c  ids by class, place and site
 *
 * Tables, each a file of its own:
 *
 *	rows       id, first recipient (big-endian): the row
 *	due        class, due, id, first recipient: nothing (INDEX_DUE)
 *	ready      site, class, sender, id, first: nothing  (INDEX_READY)
 *	lists      class, place, site, id, first: nothing   (all others)
 *	numbers    "count": of the rows
 */
#ifndef SPOOL_INDEX_INSIDE_H
#define SPOOL_INDEX_INSIDE_H

#include "base/buf.h"
#include "spool/index.h"

#include <db.h>

enum {
	ROW_KEY_BYTES = MSGID_BYTES + 4,
	DUE_KEY_BYTES = 1 + 8 + ROW_KEY_BYTES,
	READY_KEY_BYTES = 8 + 1 + 8 + ROW_KEY_BYTES,
	LIST_KEY_BYTES = 1 + 1 + 8 + ROW_KEY_BYTES,
	KEY_MOST = READY_KEY_BYTES,
	NUMBER_BYTES = 1 + 8
};

enum index_table { TABLE_ROWS, TABLE_DUE, TABLE_READY, TABLE_LISTS,
	TABLE_NUMBERS, TABLE_COUNT };

struct index {
	char *path;
	int dirfd;
	DB_ENV *env;
	DB *tables[TABLE_COUNT];
	DB_TXN *txn;		/* null: nothing has changed */
	unsigned changes;	/* in it */
	uint64_t count;		/* of rows */
	bool broken;		/* a call failed: nothing works any more */
	bool proven;		/* a checkpoint worked since the opening */
	struct buf value;	/* scratch */
	unsigned fresh;		/* changes since the last step of one */
	unsigned steps;		/* of a checkpoint, since the last one */
	unsigned portions;	/* to give to the disk */
};

struct index_key {
	uint8_t bytes[KEY_MOST];
	size_t length;
};

/* Where a row stands beside the table of rows. */
struct index_stand {
	struct index_key list, due;	/* without length: not there */
	enum index_table table;		/* of `list` */
};

/* ---- index_trust.c ---------------------------------------------------- */

enum trust {
	TRUST_EMPTY,		/* nothing is there */
	TRUST_GOOD,		/* closed well, or only its process died */
	TRUST_STALE,		/* the machine went down: rebuild it */
	TRUST_BROKEN		/* damaged, another version, it kills us */
};

/* What the directory on DIRFD is worth. */
enum trust trust_find(int dirfd);
/* Before the first change: it is open.  Durable when this returns. */
bool trust_open(int dirfd, struct err *err) MUST_CHECK;
/* It was open for a while and nothing happened. */
bool trust_proven(int dirfd, struct err *err) MUST_CHECK;
/* All was closed and synced. */
bool trust_closed(int dirfd, struct err *err) MUST_CHECK;
/* Never again. */
void trust_broken(int dirfd);

/* ---- index_files.c ---------------------------------------------------- */

/* The directory at PATH, made if it is missing.  -1: ERR. */
int files_open(const char *path, struct err *err) MUST_CHECK;
/* Remove every file in it. */
void files_remove(int dirfd);
/* Rename it to PATH.broken-TIME; former ones go. */
bool files_move_aside(const char *path, struct err *err) MUST_CHECK;
/* Sync all that was never synced while in use, and the directory. */
bool files_sync(int dirfd, struct err *err) MUST_CHECK;

/* ---- index_row.c ------------------------------------------------------ */

struct index_key row_key(struct msgid id, uint32_t first_rcpt);
struct index_stand row_stand(const struct index_row *row);
/* Of the row ID and FIRST_RCPT in LIST, in *TABLE. */
struct index_key list_key(const struct index_list *list, struct msgid id,
    uint32_t first_rcpt, enum index_table *table);
/* The key of the row that KEY, of TABLE, stands for.  False: garbage. */
bool key_to_row_key(enum index_table table, struct span key,
    struct index_key *out);

void row_encode(const struct index_row *row, struct buf *out);
/* KEY and VALUE as stored; spans of OUT lend VALUE.  False: garbage. */
bool row_decode(struct span key, struct span value, struct index_row *out);

/* ---- index.c ---------------------------------------------------------- */

/* Say what went wrong in WHAT, and that INDEX is of no use.  False. */
bool index_failed(struct index *index, int error, const char *what,
    struct err *err);

/* The transaction of the batch, begun if need be. */
bool index_begin(struct index *index, struct err *err) MUST_CHECK;

static inline DBT
dbt_of(const void *bytes, size_t length)
{
	DBT dbt;

	memset(&dbt, 0, sizeof dbt);
	dbt.data = (void *)bytes;
	dbt.size = (u_int32_t)length;
	return dbt;
}

/* ---- index_env.c ------------------------------------------------------ */

/* Read the number of rows stored under "count". */
bool index_load_count(struct index *index, struct err *err) MUST_CHECK;
bool index_store_count(struct index *index, struct err *err) MUST_CHECK;

#endif
