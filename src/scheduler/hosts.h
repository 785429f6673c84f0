/* SPDX-License-Identifier: ISC
 *
 * hosts.h - a set of mail hosts being put together (pure).
 */
#ifndef SCHEDULER_HOSTS_H
#define SCHEDULER_HOSTS_H

#include "base/buf.h"
#include "wire/frames.h"

enum { HOSTS_MOST = 32 };

struct host {
	uint16_t preference, port;
	char *name;
	uint8_t *addresses;	/* 16 bytes each */
	size_t address_bytes;
};

struct hosts {
	struct host rows[HOSTS_MOST];
	size_t count;
};

struct hosts *hosts_new(void);
void hosts_free(struct hosts **hosts);

/* Rows beyond HOSTS_MOST are left out.  A host of which no address is known
 * is one all the same: what is not known for now makes no other site. */
void hosts_add(struct hosts *hosts, const struct host_row *row);

/* Whether an address of any of them is known. */
bool hosts_have_address(const struct hosts *hosts);

/*
 * RFC 5321, section 5.1: when NAME (we) is among the mail hosts, it and all
 * that are not preferred to it go, so that mail does not loop.
 */
void hosts_drop_from(struct hosts *hosts, const char *name);

/* By preference, equal ones by name: the order in which they came in does
 * not show. */
void hosts_sort(struct hosts *hosts);

/* The same for any order of hosts, and of the addresses of one. */
uint64_t hosts_hash(const struct hosts *hosts);

/* "POLICY host:port,host:port;host:port", groups by preference: the identity
 * of a site.  The hosts are sorted. */
void hosts_key(const struct hosts *hosts, const char *policy,
    struct buf *out);

/* As a host_list, in the present order. */
void hosts_encode(const struct hosts *hosts, struct buf *out);

#endif
