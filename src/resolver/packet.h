/* SPDX-License-Identifier: ISC
 *
 * packet.h - a DNS answer as values.
 *
 * libunbound hands answers over as packets; this reads what we ask for out
 * of them: mail exchangers and addresses.  Whoever wrote the packet is not
 * trusted: all lengths are checked, and a name that is no host name is not
 * passed on.
 */
#ifndef RESOLVER_PACKET_H
#define RESOLVER_PACKET_H

#include "base/span.h"

enum dns_type { DNS_A = 1, DNS_MX = 15, DNS_AAAA = 28 };

enum {
	DNS_ROWS_MOST = 64,	/* of one name; the best MX are kept */
	DNS_NAME_SIZE = 256
};

enum dns_status {
	DNS_OK,			/* maybe with no rows: no such data */
	DNS_NONE,		/* NXDOMAIN */
	DNS_FAILED		/* SERVFAIL and all else: ask again later */
};

struct dns_row {
	uint16_t preference;		/* MX */
	char name[DNS_NAME_SIZE];	/* MX: host name, or "." */
	uint8_t address[16];		/* A (mapped) and AAAA */
};

struct dns_reply {
	enum dns_status status;
	uint32_t ttl;		/* seconds, the least of all rows */
	bool secure;		/* DNSSEC held (not from the packet) */
	bool spoiled;		/* rows were left out: not as they should be */
	size_t count;
	struct dns_row rows[DNS_ROWS_MOST];
};

/* Read the rows of TYPE out of PACKET, an answer with any status. */
void dns_read(struct span packet, enum dns_type type, struct dns_reply *out);

#endif
