/* SPDX-License-Identifier: ISC
 *
 * core.h - a queue with sites and entries, for tests of the pure core.
 */
#ifndef TESTS_SCHEDULER_CORE_H
#define TESTS_SCHEDULER_CORE_H

#include "base/mem.h"
#include "scheduler/queue.h"
#include "scheduler/site.h"
#include "scheduler/sketch.h"

/* Pauses without jitter; those of normal: 10 s, 20 s, 60 s. */
static inline struct conf *
core_conf(void)
{
	static const char text[] =
	    "hostname relay.test\nspool /nowhere\n"
	    "listen 127.0.0.1:2525 { trust 127.0.0.0/8 }\n"
	    "queue { jitter 0 }\n"
	    "class urgent { retry 1s 2s 6s; lifetime 1m; warn never }\n"
	    "class normal { retry 10s 20s 60s; lifetime 1h; warn 10m }\n"
	    "class bulk { retry 100s 200s 600s; lifetime 1d; warn never }\n"
	    "route * { to 127.0.0.1:2600 }\n";
	struct err err;
	struct conf *conf = conf_parse(span_of(text), "core", &err);

	if (conf == NULL)
		CU_FAIL_FATAL(err.text);
	return conf;
}

/* An entry with one recipient, in the ready line of SITE, of a message with
 * the class, sender, size and deadline of LIKE. */
static inline struct entry *
core_entry_of(struct queue *queue, struct site *site,
    const struct message *like)
{
	static uint64_t number;
	struct msgid id = { { 0 } };
	struct message *message;
	struct entry *entry;

	number++;
	memcpy(id.bytes, &number, sizeof number);
	message = message_new(queue, id);
	message->klass = like->klass;
	message->sender = like->sender;
	message->size = like->size;
	message->deadline = like->deadline;
	message->open = 1;
	entry = entry_new(queue, message);
	entry_add_rcpt(entry, 0);
	entry->site = site;
	queue_ready(queue, entry, false);
	return entry;
}

static inline struct entry *
core_entry(struct queue *queue, struct site *site, enum mail_class klass)
{
	struct message like = { .klass = (uint8_t)klass };

	return core_entry_of(queue, site, &like);
}

static inline struct site *
core_site(struct queue *queue, const char *name, unsigned connections)
{
	struct site *site = site_new(queue, name, name, "example.test");

	site_limit(queue, site, connections, 100);
	return site;
}

#endif
