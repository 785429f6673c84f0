/* SPDX-License-Identifier: ISC
 *
 * path.h - mailboxes and paths (RFC 5321, section 4.1.2; RFC 6531 not yet).
 */
#ifndef SMTP_PATH_H
#define SMTP_PATH_H

#include "base/span.h"

/*
 * RFC 5321, 4.5.3.1: local-parts of 64 bytes and paths of 256 must be taken
 * at least.  Reverse-paths that carry another address, and tokens of
 * confirmation, are longer: they are taken as far as the command line goes,
 * and no further than all that handles addresses can.
 */
enum { DOMAIN_MOST = 255, PATH_MOST = 4096 };

enum path_result {
	PATH_OK,
	PATH_SYNTAX,		/* 501 5.1.7 or 5.1.3 */
	PATH_LONG,		/* a part is over its limit: 501 */
	PATH_UTF8		/* an 8-bit byte: 553 5.6.7 */
};

struct path {
	struct span mailbox;	/* local-part@domain, or local-part, or empty */
	struct span local;	/* as written, quotes and all */
	struct span domain;	/* empty when there was none; without a final
				 * dot; a literal keeps its brackets */
	bool routed;		/* a source route was there and is left out */
};

/*
 * Pull a path in angle brackets off the front of IN; "<>" is a path whose
 * mailbox is empty.  A source route is recognised and skipped (RFC 5321,
 * appendix C).  IN is behind the ">" on PATH_OK, untouched otherwise.
 */
enum path_result path_pull(struct span *in, struct path *out);

/* A bare mailbox, all of IN (for the sendmail command and the map files). */
enum path_result mailbox_parse(struct span in, struct path *out);

/* A host name: letters, digits, hyphens, underscores, dots; no final dot. */
bool domain_is_valid(struct span domain);
/* "[192.0.2.1]", "[IPv6:…]" or a domain: the argument of EHLO. */
bool helo_is_valid(struct span argument);

/*
 * Local-parts that ask somebody else to relay on: % ! @ within (RFC 5321
 * does not give them meaning, old hosts do).
 */
bool local_part_routes(struct span local);

#endif
