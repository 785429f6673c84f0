/* SPDX-License-Identifier: ISC
 *
 * packet.c - a DNS answer as values (RFC 1035, section 4).
 *
 * A reader walks the packet and never looks beyond its end.  Compression
 * pointers may only go backwards, so that they end.
 */
#include "resolver/packet.h"

#include "smtp/path.h"

enum {
	HEADER_BYTES = 12,
	RCODE_MASK = 15, RCODE_NXDOMAIN = 3,
	CLASS_IN = 1, TYPE_CNAME = 5,
	TTL_MOST = 86400 * 7
};

struct reader {
	struct span packet;
	size_t at;
	bool bad;
};

static uint8_t
read8(struct reader *r)
{
	if (r->at >= r->packet.length) {
		r->bad = true;
		return 0;
	}
	return r->packet.data[r->at++];
}

static uint16_t
read16(struct reader *r)
{
	unsigned high = read8(r);

	return (uint16_t)(high << 8 | read8(r));
}

static uint32_t
read32(struct reader *r)
{
	uint32_t high = read16(r);

	return high << 16 | read16(r);
}

/* One label's bytes to OUT, or nowhere; false: not as in a host name. */
static bool
read_label(struct reader *r, size_t length, char *out, size_t *used)
{
	bool good = *used + length + 2 < DNS_NAME_SIZE;

	if (good && *used > 0)
		out[(*used)++] = '.';
	for (size_t i = 0; i < length && !r->bad; i++) {
		uint8_t byte = read8(r);

		if (byte == '.' || byte <= ' ' || byte > '~')
			good = false;
		if (good)
			out[(*used)++] = (char)byte;
	}
	return good;
}

/* The name at the reader, which goes on behind it.  False: it is no host
 * name (or the packet is bad); OUT is "" then. */
static bool
read_name(struct reader *r, char out[DNS_NAME_SIZE])
{
	size_t used = 0, least = r->at, after = 0;
	bool good = true;

	for (;;) {
		size_t length = read8(r), to;

		if (r->bad || length == 0)
			break;
		if (length < 64) {
			good = read_label(r, length, out, &used) && good;
			continue;
		}
		to = (length & 63) << 8 | read8(r);
		if (length < 192 || to >= least) {
			r->bad = true;
			break;
		}
		if (after == 0)
			after = r->at;
		r->at = least = to;
	}
	if (after != 0 && !r->bad)
		r->at = after;
	if (used == 0)
		out[used++] = '.';
	out[used] = '\0';
	good = good && !r->bad && (strcmp(out, ".") == 0 ||
	    domain_is_valid(span_of(out)));
	if (!good)
		out[0] = '\0';
	return good;
}

/* ---- rows --------------------------------------------------------------- */

static bool
read_mx(struct reader *r, size_t length, struct dns_row *row)
{
	size_t start = r->at;

	row->preference = read16(r);
	return read_name(r, row->name) && r->at == start + length;
}

static bool
read_address(struct reader *r, size_t length, size_t due, struct dns_row *row)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (length != due)
		return false;
	memcpy(row->address, mapped, sizeof(mapped));
	for (size_t i = 16 - due; i < 16; i++)
		row->address[i] = read8(r);
	return !r->bad;
}

/* Where a row goes: behind the others or, when there are too many, in the
 * place of the one of worst preference.  Null: it is worse than all. */
static struct dns_row *
find_place(struct dns_reply *out, const struct dns_row *row)
{
	struct dns_row *worst = &out->rows[0];

	if (out->count < DNS_ROWS_MOST)
		return &out->rows[out->count++];
	for (size_t i = 1; i < out->count; i++)
		if (out->rows[i].preference > worst->preference)
			worst = &out->rows[i];
	return row->preference < worst->preference ? worst : NULL;
}

static void
read_rdata(struct reader *r, enum dns_type type, size_t length,
    struct dns_reply *out)
{
	struct dns_row row = { 0 }, *place;
	bool good;

	if (type == DNS_MX)
		good = read_mx(r, length, &row);
	else
		good = read_address(r, length, type == DNS_A ? 4 : 16, &row);
	if (!good) {
		out->spoiled = true;
		return;
	}
	place = find_place(out, &row);
	if (place != NULL)
		*place = row;
}

static void
read_row(struct reader *r, enum dns_type type, struct dns_reply *out)
{
	char owner[DNS_NAME_SIZE];
	unsigned kind, klass;
	uint32_t ttl;
	size_t length;

	(void)read_name(r, owner);
	kind = read16(r);
	klass = read16(r);
	ttl = read32(r);
	length = read16(r);
	if (r->bad || length > r->packet.length - r->at) {
		r->bad = true;
		return;
	}
	if (klass == CLASS_IN && (kind == type || kind == TYPE_CNAME) &&
	    ttl < out->ttl)
		out->ttl = ttl;
	if (klass == CLASS_IN && kind == type) {
		struct reader rdata = *r;

		read_rdata(&rdata, type, length, out);
	}
	r->at += length;
}

void
dns_read(struct span packet, enum dns_type type, struct dns_reply *out)
{
	struct reader r = { .packet = packet, .at = 2 };
	unsigned flags = read16(&r), questions = read16(&r);
	unsigned answers = read16(&r);
	char name[DNS_NAME_SIZE];

	out->status = DNS_FAILED;
	out->ttl = TTL_MOST;
	out->secure = out->spoiled = false;
	out->count = 0;
	r.at = HEADER_BYTES;
	if (r.bad || packet.length < HEADER_BYTES)
		return;
	while (questions-- > 0 && !r.bad) {
		(void)read_name(&r, name);
		(void)read32(&r);
	}
	while (answers-- > 0 && !r.bad)
		read_row(&r, type, out);
	if (r.bad) {
		out->count = 0;
		return;
	}
	if ((flags & RCODE_MASK) == RCODE_NXDOMAIN)
		out->status = DNS_NONE;
	else if ((flags & RCODE_MASK) == 0)
		out->status = DNS_OK;
}
