/* SPDX-License-Identifier: ISC
 *
 * layout.h - the spool directory: what is where, and under which name.
 *
 *	urgent/ normal/ bulk/   SLOT-SEQUENCE.messages, SLOT-SEQUENCE.status,
 *	                        SLOT.sequence (numbers given away so far)
 *	index/                  the Berkeley DB environment
 *	corrupt/                what could not be read
 *	jail/                   an empty directory
 *	edition                 see edition.h
 */
#ifndef SPOOL_LAYOUT_H
#define SPOOL_LAYOUT_H

#include "base/err.h"
#include "conf/conf.h"

#include <sys/types.h>

/* A segment's name: unique in its spool. */
struct segment_name {
	uint8_t klass;
	uint16_t slot;
	uint32_t sequence;
};

enum { SEGMENT_FILE_SIZE = 40 };

/* "03-0a1b2c3d.messages" (the sequence is hexadecimal, so that names sort);
 * SUFFIX "messages" or "status".  Returns OUT. */
const char *segment_file(struct segment_name name, const char *suffix,
    char out[SEGMENT_FILE_SIZE]);
/* False: FILE is not called like a segment (or journal) of any slot. */
bool segment_file_parse(const char *file, const char *suffix,
    struct segment_name *out);

bool segment_name_is(struct segment_name a, struct segment_name b);

/* The directories of a spool, open.  Paths are for messages only. */
struct spool_dirs {
	char *path;
	int root, classes[CLASS_COUNT], corrupt;
};

/*
 * Make what is missing of the spool at PATH, owned by UID and GID when
 * running as root ((uid_t)-1: leave), sync it, and check that nobody else
 * may write to it, that it can be written, and that its file system serves
 * (serves.h).  Called by the master.
 */
bool spool_prepare(const char *path, uid_t uid, gid_t gid, struct err *err)
    MUST_CHECK;

/* Whether that would be refused for what is there; makes and changes
 * nothing. */
bool spool_look(
    const char *path, uid_t uid, gid_t gid, struct err *err) MUST_CHECK;

/* From PATH, or from a descriptor of the spool directory; ROOT belongs to
 * DIRS from then on, unless it fails. */
bool spool_dirs_open(struct spool_dirs *dirs, const char *path,
    struct err *err) MUST_CHECK;
bool spool_dirs_open_at(struct spool_dirs *dirs, int root, const char *path,
    struct err *err) MUST_CHECK;
void spool_dirs_close(struct spool_dirs *dirs);

/*
 * Be the one who looks after the spool: for an offline tool that changes
 * something.  A running relay holds the same lock, by the descriptor of the
 * spool that its processes share.  To be held for life; -1: ERR tells, also
 * that somebody else holds it.
 */
int spool_lock(const struct spool_dirs *dirs, struct err *err) MUST_CHECK;

#endif
