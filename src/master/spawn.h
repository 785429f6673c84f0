/* SPDX-License-Identifier: ISC
 *
 * spawn.h - a new process.
 */
#ifndef MASTER_SPAWN_H
#define MASTER_SPAWN_H

#include "master/master.h"

/*
 * Start the program of ROLE.  Its last words, if it breaks, go to LAST_WORDS
 * (-1: to nobody; never to a terminal whose owner waits for its end).  *PID is the process, *FD our
 * end of its channel (nonblocking).  False: nothing runs; ERR tells, also
 * when the program cannot be executed.
 */
bool spawn(enum role role, int last_words, pid_t *pid, int *fd,
    struct err *err) MUST_CHECK;

#endif
