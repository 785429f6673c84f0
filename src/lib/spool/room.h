/* SPDX-License-Identifier: ISC
 *
 * room.h - what is left of the disk, and whom that is enough for.
 */
#ifndef SPOOL_ROOM_H
#define SPOOL_ROOM_H

#include "base/marks.h"
#include "conf/conf.h"

/* Bytes that the file system of the directory DIR has left, or fewer where
 * it is short of files.  False: errno tells. */
bool room_left(int dir, uint64_t *out);

/* May mail of KLASS be taken with FREE bytes left, the former answer being
 * BEFORE?  It is refused from conf_floor() down. */
enum mark room_mark(enum mark before, const struct conf *conf,
    enum mail_class klass, uint64_t free);

/* So much has to be free for mail of KLASS that is refused to be taken again,
 * or, if it is slowed down, to be so no more. */
uint64_t room_wanted(const struct conf *conf, enum mail_class klass,
    enum mark mark);

#endif
