/* SPDX-License-Identifier: ISC
 *
 * reclass.h - a message in the queue comes to be of another class.
 *
 * Its record stays where it is; that it came in with another class only shows
 * in the name of its segment's directory.  The order of operations is in
 * reclass.c.
 */
#ifndef SCHEDULER_RECLASS_H
#define SCHEDULER_RECLASS_H

#include "scheduler/walk.h"

/*
 * ITEM is of class KLASS from now on, and goes by that: it enters the lines
 * of it behind what is there; in a more pressing one what waits for a retry is
 * due now.  What flies is counted as what it took off as until it is back.
 * False: it is of that class already, or about to be deleted.
 */
bool reclass(struct scheduler *s, struct item *item, enum mail_class klass);

#endif
