/* SPDX-License-Identifier: ISC
 *
 * command.h - a client's command line as a value (RFC 5321, 4.1.1).
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include "base/span.h"
#include "smtp/path.h"

enum verb {
	VERB_UNKNOWN, VERB_HELO, VERB_EHLO, VERB_MAIL, VERB_RCPT, VERB_DATA,
	VERB_RSET, VERB_NOOP, VERB_QUIT, VERB_VRFY, VERB_EXPN, VERB_HELP,
	VERB_STARTTLS, VERB_AUTH, VERB_BDAT, VERB_ETRN, VERB_COUNT
};

/* "MAIL" … ; "?" for VERB_UNKNOWN. */
const char *verb_name(enum verb verb);

/*
 * Split LINE (without CRLF) into verb and argument (trimmed).
 * False: a NUL or another control byte is in it (501 5.5.2).
 */
bool command_split(struct span line, enum verb *verb, struct span *argument);

/* What MAIL may carry beside the path.  A span with data null: not given. */
struct mail_params {
	bool has_size, has_priority, has_by, has_hold;
	uint64_t size;		/* RFC 1870 */
	bool eight_bit;		/* RFC 6152 BODY=8BITMIME */
	uint8_t ret;		/* enum ret of spool/envelope.h: 1 FULL 2 HDRS */
	struct span envid;	/* RFC 3461, xtext as given */
	int8_t priority;	/* RFC 6710 */
	int64_t by_seconds;	/* RFC 2852 */
	bool by_return, by_trace;
	int64_t hold_seconds;	/* RFC 4865 HOLDFOR; HOLDUNTIL in hold_until */
	int64_t hold_until;	/* unix seconds, 0: HOLDFOR was used */
	struct span auth;	/* RFC 4954, xtext as given */
};

struct rcpt_params {
	uint8_t notify;		/* NOTIFY_* of spool/envelope.h, 0: not given */
	struct span orcpt;	/* "type;xtext" as given */
};

/* Extensions that are offered in this session; others earn a 555. */
enum {
	EXT_SIZE = 1, EXT_8BITMIME = 2, EXT_DSN = 4, EXT_MT_PRIORITY = 8,
	EXT_DELIVERBY = 16, EXT_FUTURERELEASE = 32, EXT_AUTH = 64,
	/* no extension: what old programs and devices say is taken too */
	SYNTAX_LIBERAL = 128
};

/* What to answer when a command cannot be taken; code 0: it can. */
struct complaint {
	unsigned code;
	const char *status;	/* "5.5.4" */
	const char *text;
};

/*
 * Parse the argument of MAIL ("FROM:<…> SIZE=1 …") and of RCPT.  *PATH and
 * *PARAMS lend from ARGUMENT and mean nothing when there is a complaint.
 * The sender has a domain or is empty; the recipient has a domain or is
 * "postmaster" in any case.
 *
 * With SYNTAX_LIBERAL among OFFERED the brackets may be missing or have
 * spaces inside, and so may the domain: the caller completes it then.
 */
struct complaint mail_parse(struct span argument, unsigned offered,
    struct path *path, struct mail_params *params);
struct complaint rcpt_parse(struct span argument, unsigned offered,
    struct path *path, struct rcpt_params *params);

/* ---- xtext (RFC 3461, section 4) --------------------------------------- */

/* Whether S is xtext whose decoded form has only printable US-ASCII. */
bool xtext_is_valid(struct span s);
/* Decode into OUT (room for s.length); returns the length, -1: invalid. */
long xtext_decode(struct span s, uint8_t *out);
/* Encode TEXT; the caller frees it with mem_free(). */
char *xtext_encode(struct span text);

#endif
