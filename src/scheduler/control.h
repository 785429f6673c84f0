/* SPDX-License-Identifier: ISC
 *
 * control.h - the control socket: what the operator's tools ask.
 */
#ifndef SCHEDULER_CONTROL_H
#define SCHEDULER_CONTROL_H

#include "wire/frames.h"
#include "worker/worker.h"

struct scheduler;
struct control;

/* Serve on the listening socket FD, owned from now on.  WORKER's master is
 * told of reload and stop. */
struct control *control_new(struct scheduler *s, int fd,
    struct worker *worker);
void control_free(struct control **control);

/* Something happened that answers may wait for.  CONTROL may be null. */
void control_wake(struct control *control);

/* The master's answer to a reload. */
void control_reloaded(struct control *control,
    const struct frame_reloaded *reloaded);

#endif
