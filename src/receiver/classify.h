/* SPDX-License-Identifier: ISC
 *
 * classify.h - which class a message is of.
 *
 * Asked in this order, and the first answer counts: MT-PRIORITY of the MAIL
 * command; the MT-Priority field (RFC 6758), from trusted clients; the
 * header map of the configuration; the listener's default.  A client that
 * is not trusted may only lower its mail.  What was asked for is then held
 * under the ceiling of the listener and of the trusted network.
 */
#ifndef RECEIVER_CLASSIFY_H
#define RECEIVER_CLASSIFY_H

#include "receiver/rules.h"

/*
 * The profile is RFC 6710's MIXER, whose levels are -4, 0 and 4.  A value
 * between two levels belongs to the nearer one: 2 and -2, which are as near
 * to either, stay normal.
 */
enum {
	PRIORITY_MOST = 9, PRIORITY_URGENT_LEAST = 3, PRIORITY_BULK_MOST = -3
};

enum mail_class class_of_priority(int priority);
/* The MIXER level of KLASS: 4, 0, -4. */
int priority_of_class(enum mail_class klass);

/* What the header block says. */
struct header_facts {
	unsigned hops;		/* Received fields */
	bool has_priority;	/* a good MT-Priority field */
	int priority;
	bool has_class;		/* a rule of the header map matched */
	enum mail_class klass;
	char *message_id;	/* caller's, MESSAGE_ID_MOST bytes */
};

/* Read BLOCK (the header block, wire form) once; a line that is no field
 * hides none behind it.  FACTS->message_id is given. */
void header_facts_read(struct header_facts *facts, struct span block,
    const struct conf *conf);

/* What MAIL said: has_priority and priority as in the envelope. */
struct verdict {
	enum mail_class klass;
	bool lowered;		/* more was asked than the ceiling allows */
	bool has_priority;	/* MT-PRIORITY to be handed on … */
	int priority;		/* … with this value */
};

struct verdict classify(const struct client *client, bool has_priority,
    int priority, const struct header_facts *facts);

#endif
