/* SPDX-License-Identifier: ISC
 *
 * addr.c - network addresses as values.
 */
#include "io/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

static struct in6_addr
mapped(struct in_addr v4)
{
	struct in6_addr ip = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(ip.s6_addr + 12, &v4, sizeof v4);
	return ip;
}

struct addr
addr_of_sockaddr(const struct sockaddr *sa)
{
	struct addr addr = { .port = 0 };

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof in);
		addr.ip = mapped(in.sin_addr);
		addr.port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof in6);
		addr.ip = in6.sin6_addr;
		addr.port = ntohs(in6.sin6_port);
	}
	return addr;
}

bool
addr_is_v4(struct addr addr)
{
	return IN6_IS_ADDR_V4MAPPED(&addr.ip);
}

socklen_t
addr_to_sockaddr(struct addr addr, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (addr_is_v4(addr)) {
		struct sockaddr_in in = { .sin_family = AF_INET };

		in.sin_port = htons(addr.port);
		memcpy(&in.sin_addr, addr.ip.s6_addr + 12, 4);
		memcpy(out, &in, sizeof in);
		return sizeof in;
	} else {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

		in6.sin6_port = htons(addr.port);
		in6.sin6_addr = addr.ip;
		memcpy(out, &in6, sizeof in6);
		return sizeof in6;
	}
}

bool
addr_equal(struct addr a, struct addr b)
{
	return a.port == b.port && memcmp(&a.ip, &b.ip, sizeof a.ip) == 0;
}

const char *
addr_text(struct addr addr, char out[ADDR_TEXT_SIZE])
{
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr.ip.s6_addr + 12, out, ADDR_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, &addr.ip, out, ADDR_TEXT_SIZE);
	return out;
}

const char *
addr_literal(struct addr addr, char out[ADDR_TEXT_SIZE])
{
	char text[INET6_ADDRSTRLEN];

	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr.ip.s6_addr + 12, text, sizeof text);
	else
		inet_ntop(AF_INET6, &addr.ip, text, sizeof text);
	snprintf(out, ADDR_TEXT_SIZE, addr_is_v4(addr) ? "[%s]" : "[IPv6:%s]",
	    text);
	return out;
}

/* Take off "[…]" and "[IPv6:…]".  False: one bracket without the other. */
static bool
unwrap(struct span *text, bool *v6_only)
{
	*v6_only = false;
	if (text->length == 0 || text->data[0] != '[')
		return true;
	if (text->length < 2 || text->data[text->length - 1] != ']')
		return false;
	*text = span_make(text->data + 1, text->length - 2);
	if (span_starts_nocase(*text, "IPv6:")) {
		*text = span_skip(*text, strlen("IPv6:"));
		*v6_only = true;
	}
	return true;
}

bool
addr_parse(struct span text, struct addr *out)
{
	char copy[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	struct in_addr v4;
	bool v6_only;

	if (!unwrap(&text, &v6_only) || text.length == 0 ||
	    text.length >= sizeof copy ||
	    memchr(text.data, '\0', text.length) != NULL)
		return false;
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	if (!v6_only && inet_pton(AF_INET, copy, &v4) == 1)
		*out = (struct addr){ .ip = mapped(v4) };
	else if (inet_pton(AF_INET6, copy, &v6) == 1)
		*out = (struct addr){ .ip = v6 };
	else
		return false;
	return true;
}
