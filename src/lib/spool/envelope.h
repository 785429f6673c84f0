/* SPDX-License-Identifier: ISC
 *
 * envelope.h - what SMTP says about a message beside its content.
 *
 * Encoded as length-prefixed fields; nothing in it is line-oriented.  All
 * strings were checked before they came here (no control bytes), and are
 * checked again when decoded: a spool is not to be trusted either.
 */
#ifndef SPOOL_ENVELOPE_H
#define SPOOL_ENVELOPE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "spool/layout.h"

/* RFC 3461, NOTIFY; 0 = not given. */
enum {
	NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4,
	NOTIFY_DELAY = 8
};

enum ret { RET_NONE, RET_FULL, RET_HDRS };	/* RFC 3461, RET */

enum {
	ENVELOPE_8BIT = 1,	/* BODY=8BITMIME */
	ENVELOPE_TLS = 2,	/* came over TLS */
	ENVELOPE_REPORT = 4,	/* a DSN of ours */
	ENVELOPE_DOTS = 8,	/* the stored body has stuffed dots */
	ENVELOPE_PRIORITY = 16,	/* MT-PRIORITY was given */
	ENVELOPE_TRACE = 32,	/* BY with T */
	ENVELOPE_FLAGS_ALL = 63	/* those that are known: others are refused */
};

enum { ENVELOPE_RCPTS_MOST = 100000, ENVELOPE_STRING_MOST = 16384 };

struct envelope_rcpt {
	char *address;		/* local-part@domain, as given */
	char *orcpt;		/* "rfc822;xtext" as given; null: none */
	uint8_t notify;
	bool settled;		/* of a copy: final before it was made */
};

/* Former versions copied messages within the spool: see first_edition.h.  Such
 * an envelope is read, and never written. */
struct envelope_origin {
	struct segment_name segment;
	uint64_t offset;	/* of the original's record */
	bool held, warned;	/* as the original was then */
};

struct envelope {
	usec_t arrived;		/* wall */
	uint32_t flags;
	int8_t priority;	/* MT-PRIORITY, -9..9 */
	uint8_t ret;
	uint16_t hops;		/* Received fields seen */
	char *reverse_path;	/* "" for the null reverse-path */
	char *envid;		/* xtext as given; null: none */
	char *client;		/* "mail.example.org[192.0.2.1]", for the log */
	char *sender;		/* fairness key: user, domain or address */
	uint64_t body_size;	/* without dot-stuffing: as SIZE counts */
	usec_t by;		/* wall; the DELIVERBY deadline, 0: none */
	uint8_t by_return;	/* BY mode R */
	usec_t hold;		/* not before this wall time, 0: at once */
	bool copied;
	struct envelope_origin origin;	/* if it was */
	struct envelope_rcpt *rcpts;
	uint32_t rcpt_count;
	uint32_t rcpt_room;
};

struct envelope *envelope_new(void);
void envelope_free(struct envelope **envelope);

void envelope_set_reverse_path(struct envelope *envelope, struct span path);
/* ORCPT may be empty: none. */
void envelope_add_rcpt(struct envelope *envelope, struct span address,
    struct span orcpt, uint8_t notify);

/*
 * Append the encoded form to OUT.  What envelope_decode() would refuse (no
 * recipient, a control byte, a string over its most) sets OUT's `full`.
 */
void envelope_encode(const struct envelope *envelope, struct buf *out);

/* Null: BYTES are not an envelope; ERR tells. */
struct envelope *envelope_decode(struct span bytes, struct err *err)
    MUST_CHECK;

/* How many recipients the encoded BYTES say they have, unchecked; 0: none,
 * or no envelope at all. */
uint32_t envelope_rcpt_count(struct span bytes);

/* Whether the encoded BYTES, which are whole, are a later program's. */
bool envelope_is_newer(struct span bytes);

/* The part after the last "@", or nothing. */
struct span address_domain(const char *address);

#endif
