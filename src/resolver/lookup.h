/* SPDX-License-Identifier: ISC
 *
 * lookup.h - from a domain to the addresses of its mail hosts.
 *
 * One lookup answers one question of the scheduler: it asks the DNS for MX,
 * then for the addresses of all hosts at once, and ends in an answer.  It
 * knows no library and no clock: what it wants to know it asks through a
 * function, and what comes back is given to it.
 */
#ifndef RESOLVER_LOOKUP_H
#define RESOLVER_LOOKUP_H

#include "base/buf.h"
#include "wire/frames.h"
#include "resolver/packet.h"

enum {
	LOOKUP_HOSTS_MOST = 50,
	LOOKUP_FAMILY_MOST = HOST_ADDRESSES_MOST / 2	/* of IPv4, of IPv6 */
};

struct lookup;

/*
 * Ask for TYPE of NAME; the reply goes to lookup_reply() with SLOT, exactly
 * once, maybe from within this call.
 */
typedef void lookup_ask_fn(void *owner, struct lookup *lookup,
    const char *name, enum dns_type type, unsigned slot);

struct lookup_host {
	char *name;
	uint16_t preference;
	uint8_t v4[LOOKUP_FAMILY_MOST][16], v6[LOOKUP_FAMILY_MOST][16];
	uint8_t v4_count, v6_count;
	uint8_t owed;		/* replies due about it */
	bool failed;		/* … and one of them was of no use */
};

struct lookup {
	uint8_t kind;		/* enum question_kind */
	char *name;		/* lower case */
	lookup_ask_fn *ask;
	void *owner;
	unsigned pending;	/* replies due */
	bool began;		/* all that is to be asked was asked */
	bool answered;		/* the answer is there */
	bool temporary;		/* something could not be found out */
	bool missing;		/* the name itself does not exist */
	bool secure;
	uint32_t ttl;
	enum answer_status status;
	char text[300];		/* for people */
	size_t host_count, host_room;
	struct lookup_host *hosts;
};

/* NAME: of any case, checked to be a domain. */
struct lookup *lookup_new(uint8_t kind, struct span name, lookup_ask_fn *ask,
    void *owner);
/* Only when nothing is pending. */
void lookup_free(struct lookup **lookup);

/* Ask what is to be asked first. */
void lookup_start(struct lookup *lookup);

/* A reply to the question with SLOT. */
void lookup_reply(struct lookup *lookup, unsigned slot,
    const struct dns_reply *reply);

/* The time is over: answer with what is there. */
void lookup_expire(struct lookup *lookup);

/* There is no answer yet, but no host can come that is better than one that
 * has an address: mail need not wait for long. */
bool lookup_suffices(const struct lookup *lookup);

/* The hosts with addresses, as a list of struct host_row with PORT; beside
 * them, without, those whose addresses could not be found out. */
void lookup_hosts(const struct lookup *lookup, uint16_t port,
    struct buf *out);

#endif
