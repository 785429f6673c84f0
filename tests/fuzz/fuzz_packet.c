/* SPDX-License-Identifier: ISC
 *
 * fuzz_packet.c - fuzzes answers of the DNS.
 *
 * Whatever comes: names are host names or the root, and there are no more
 * rows than there is room for.
 */
#include "fuzz/fuzz.h"

#include "resolver/packet.h"
#include "smtp/path.h"

static void
check(struct span packet, enum dns_type type)
{
	static struct dns_reply reply;

	dns_read(packet, type, &reply);
	must(reply.count <= DNS_ROWS_MOST);
	must(reply.status == DNS_OK || reply.status == DNS_NONE ||
	    reply.status == DNS_FAILED);
	for (size_t i = 0; type == DNS_MX && i < reply.count; i++) {
		struct span name = span_of(reply.rows[i].name);

		must(span_is(name, ".") || domain_is_valid(name));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span packet = span_make(data, size);

	check(packet, DNS_MX);
	check(packet, DNS_A);
	check(packet, DNS_AAAA);
	return 0;
}
