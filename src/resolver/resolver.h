/* SPDX-License-Identifier: ISC
 *
 * resolver.h - questions of the scheduler, and their answers.
 *
 * Questions for the same name at the same time are answered together.  A
 * question is answered exactly once, at the latest when its time is over.
 */
#ifndef RESOLVER_RESOLVER_H
#define RESOLVER_RESOLVER_H

#include "base/list.h"
#include "base/map.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "wire/channel.h"
#include "worker/board.h"
#include "resolver/dns.h"

struct resolver {
	struct loop *loop;
	const struct conf *conf;
	struct board_row *board;
	struct dns *dns;
	struct channel *scheduler;	/* null: there is none now */
	struct map inquiries;	/* by kind and name; not answered yet */
	struct list all;	/* with those that still hear replies */
	struct buf hosts;	/* scratch */
};

/* LOOP, CONF and BOARD are borrowed. */
bool resolver_init(struct resolver *resolver, struct loop *loop,
    const struct conf *conf, struct board_row *board, struct err *err)
    MUST_CHECK;
void resolver_fini(struct resolver *resolver);

void resolver_frame(struct resolver *resolver, const struct frame *frame);

/* The one who asked is gone: nobody waits for what is under way. */
void resolver_orphaned(struct resolver *resolver);

#endif
