/* SPDX-License-Identifier: ISC
 *
 * conf_net.c - addresses, nets and hosts as an operator writes them.
 */
#include "conf/conf_net.h"

#include "base/mem.h"
#include "conf/conf_type.h"

#include <arpa/inet.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* Split "HOST:PORT" or "[HOST]:PORT"; without a port *PORT stays. */
static bool
split_port(struct span text, struct span *host, uint64_t *port)
{
	size_t end;

	if (text.length > 0 && text.data[0] == '[') {
		end = span_find(text, ']');
		if (end == text.length)
			return false;
		*host = span_skip(span_first(text, end), 1);
		text = span_skip(text, end + 1);
	} else {
		end = span_find(text, ':');
		*host = span_first(text, end);
		text = span_skip(text, end);
	}
	if (text.length == 0)
		return true;
	return text.data[0] == ':' &&
	    span_number(span_skip(text, 1), UINT16_MAX, port) && *port > 0;
}

/* An address, IPv4 mapped. */
static bool
address_parse(struct span text, struct in6_addr *out, bool *v4)
{
	char copy[INET6_ADDRSTRLEN];

	if (text.length >= sizeof copy)
		return false;
	if (text.length > 0)
		memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	*v4 = inet_pton(AF_INET, copy, &out->s6_addr[12]) == 1;
	if (*v4) {
		memcpy(out->s6_addr, mapped, sizeof mapped);
		return true;
	}
	return inet_pton(AF_INET6, copy, out) == 1;
}

bool
conf_listen_address(const char *text, struct sockaddr_storage *out,
    socklen_t *length)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	struct in6_addr ip;
	struct span host;
	uint64_t port = 0;
	bool v4;

	if (!split_port(span_of(text), &host, &port) || port == 0 ||
	    !address_parse(host, &ip, &v4) || (!v4 && text[0] != '['))
		return false;
	memset(out, 0, sizeof *out);
	if (v4) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		memcpy(&in->sin_addr, &ip.s6_addr[12], 4);
		*length = sizeof *in;
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		in6->sin6_addr = ip;
		*length = sizeof *in6;
	}
	return true;
}

/* ---- trust NET ... [ceiling CLASS] [bare-lf WORD] -------------------------
 */

static bool
bits_beyond(const struct conf_net *net)
{
	for (unsigned bit = net->bits; bit < 128; bit++)
		if (net->address.s6_addr[bit / 8] & (0x80 >> bit % 8))
			return true;
	return false;
}

const char *
conf_net_parse(const char *text, struct conf_net *out)
{
	struct span s = span_of(text), address;
	size_t slash = span_find(s, '/');
	uint64_t bits;
	bool v4;

	address = span_first(s, slash);
	if (address.length > 2 && address.data[0] == '[' &&
	    address.data[address.length - 1] == ']')
		address = span_make(address.data + 1, address.length - 2);
	if (!address_parse(address, &out->address, &v4))
		return "a net is wanted, as in 10.0.0.0/8, 192.0.2.1 or "
		    "2001:db8::/32";
	bits = v4 ? 32 : 128;
	if (slash < s.length &&
	    !span_number(span_skip(s, slash + 1), bits, &bits))
		return v4 ? "the number after / is least 0, most 32" :
		    "the number after / is least 0, most 128";
	out->bits = (unsigned)(v4 ? 96 + bits : bits);
	if (bits_beyond(out))
		return "the address has bits beyond the net: make them zero, "
		    "or the number after / larger";
	return NULL;
}

void
conf_net_write(const struct conf_net *net, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];
	bool v4 = net->bits >= 96 &&
	    memcmp(net->address.s6_addr, mapped, sizeof mapped) == 0;

	inet_ntop(v4 ? AF_INET : AF_INET6,
	    v4 ? (const void *)&net->address.s6_addr[12] :
	    (const void *)&net->address, text, sizeof text);
	buf_printf(out, "%s/%u", text, v4 ? net->bits - 96 : net->bits);
}

static bool
trust_bare_lf(struct span word, enum bare_lf *out)
{
	*out = span_is(word, "reject") ? BARE_LF_REJECT : BARE_LF_NORMALIZE;
	return span_is(word, "reject") || span_is(word, "normalize");
}

/* What stands behind the NETS nets of a trust line, into TRUST. */
static bool
trust_words(const struct conf_option *option, const struct conf_words *words,
    size_t *nets, struct conf_trust *trust, struct err *err)
{
	bool ceiling = false, bare_lf = false;

	*trust = (struct conf_trust){ .ceiling = CLASS_COUNT };
	*nets = 0;
	while (*nets < words->count &&
	    strcmp(words->word[*nets], "ceiling") != 0 &&
	    strcmp(words->word[*nets], "bare-lf") != 0)
		(*nets)++;
	for (size_t i = *nets; i < words->count; i += 2) {
		const char *name = words->word[i];
		struct span value = i + 1 == words->count
		    ? span_make(NULL, 0)
		    : span_of(words->word[i + 1]);

		if (strcmp(name, "bare-lf") == 0 && !bare_lf) {
			bare_lf = trust_bare_lf(value, &trust->bare_lf);
			if (!bare_lf)
				return conf_wrong(option, name, err,
				    "reject "
				    "or normalize is wanted after it");
			continue;
		}
		ceiling = strcmp(name, "ceiling") == 0 && !ceiling &&
		    class_of_name(value, &trust->ceiling);
		if (!ceiling)
			return conf_wrong(option, "ceiling", err,
			    "urgent, "
			    "normal or bulk is wanted after it, at the end of "
			    "the line");
	}
	return true;
}

bool
conf_trust_read(const struct conf_option *option,
    const struct conf_words *words, void *field, struct err *err)
{
	enum { TRUSTS_MOST = 1000, NETS_MOST = CONF_WORDS_MOST - 4 };
	struct conf_listen *listen = field;
	struct conf_trust *trust, fresh;
	size_t count;

	if (!trust_words(option, words, &count, &fresh, err))
		return false;
	if (count == 0 || count > NETS_MOST ||
	    listen->trust_count == TRUSTS_MOST)
		return err_set(err, ERR_CONFIG, "%s: least 1 net, most %d in "
		    "a line, and most %d lines", option->name, NETS_MOST,
		    TRUSTS_MOST);
	listen->trusts = mem_resize(listen->trusts, listen->trust_count + 1,
	    sizeof listen->trusts[0]);
	trust = &listen->trusts[listen->trust_count++];
	*trust = fresh;
	trust->nets = mem_array(count, sizeof trust->nets[0]);
	trust->net_count = count;
	for (size_t i = 0; i < count; i++) {
		const char *why = conf_net_parse(words->word[i],
		    &trust->nets[i]);

		if (why != NULL)
			return conf_wrong(option, words->word[i], err, "%s",
			    why);
	}
	return true;
}

void
conf_trust_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	const struct conf_listen *listen = field;

	for (size_t i = 0; i < listen->trust_count; i++) {
		const struct conf_trust *trust = &listen->trusts[i];

		conf_line_start(option, indent, out);
		for (size_t j = 0; j < trust->net_count; j++) {
			buf_append_byte(out, ' ');
			conf_net_write(&trust->nets[j], out);
		}
		buf_printf(out, " ceiling %s%s\n", class_name(trust->ceiling),
		    trust->bare_lf == BARE_LF_REJECT ? " bare-lf reject"
			: trust->bare_lf == BARE_LF_NORMALIZE
			? " bare-lf normalize"
			: "");
	}
}

void
conf_trust_clear(void *field)
{
	struct conf_listen *listen = field;

	for (size_t i = 0; i < listen->trust_count; i++)
		mem_free(listen->trusts[i].nets);
	mem_free(listen->trusts);
	listen->trusts = NULL;
	listen->trust_count = 0;
}

/* ---- to mx | to HOST[:PORT] ... ------------------------------------------ */

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.length; i++) {
		uint8_t c = s.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '_' &&
		    (c != '.' || i == 0 || s.data[i - 1] == '.'))
			return false;
	}
	return s.length > 0 && s.length <= 255 && s.data[0] != '-';
}

bool
conf_hop_parse(const char *text, struct conf_hop *out)
{
	bool bracket = text[0] == '[', v4;
	struct in6_addr ip;
	struct span host;
	uint64_t port = 25;

	if (!split_port(span_of(text), &host, &port))
		return false;
	if (bracket ? !address_parse(host, &ip, &v4) : !is_name(host))
		return false;
	out->host = span_copy(host);
	out->port = (uint16_t)port;
	return true;
}

void
conf_hop_write(const struct conf_hop *hop, struct buf *out)
{
	bool v6 = strchr(hop->host, ':') != NULL;

	buf_printf(out, v6 ? "[%s]:%u" : "%s:%u", hop->host, hop->port);
}

bool
conf_pattern_good(const char *text)
{
	struct in6_addr ip;
	struct span s = span_of(text);
	bool v4;

	if (span_is(s, "*"))
		return true;
	if (s.length > 2 && s.data[0] == '[' && s.data[s.length - 1] == ']') {
		s = span_make(s.data + 1, s.length - 2);
		return address_parse(span_starts_nocase(s, "IPv6:") ?
		    span_skip(s, 5) : s, &ip, &v4);
	}
	if (s.length > 2 && s.data[0] == '*' && s.data[1] == '.')
		s = span_skip(s, 2);
	return is_name(s);
}

bool
conf_to_read(const struct conf_option *option, const struct conf_words *words,
    void *field, struct err *err)
{
	struct conf_route *route = field;

	if (words->count == 0 || words->count > CONF_HOPS_MOST)
		return err_set(err, ERR_CONFIG, "%s: mx, or least 1 and most "
		    "%d hosts are wanted", option->name, CONF_HOPS_MOST);
	conf_to_clear(route);
	if (words->count == 1 && strcmp(words->word[0], "mx") == 0)
		return true;
	route->kind = ROUTE_HOSTS;
	route->hops = mem_array(words->count, sizeof route->hops[0]);
	for (size_t i = 0; i < words->count; i++) {
		if (strcmp(words->word[i], "mx") == 0)
			return conf_wrong(option, "mx", err, "it stands "
			    "alone, or name hosts only");
		if (!conf_hop_parse(words->word[i], &route->hops[i]))
			return conf_wrong(option, words->word[i], err, "HOST "
			    "or HOST:PORT is wanted, as in mx.example.org, "
			    "192.0.2.1:2525 or [::1]:25");
		route->hop_count++;
	}
	return true;
}

void
conf_to_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	const struct conf_route *route = field;

	conf_line_start(option, indent, out);
	if (route->kind == ROUTE_MX)
		buf_append_text(out, " mx");
	for (size_t i = 0; i < route->hop_count; i++) {
		buf_append_byte(out, ' ');
		conf_hop_write(&route->hops[i], out);
	}
	buf_append_byte(out, '\n');
}

void
conf_to_clear(void *field)
{
	struct conf_route *route = field;

	for (size_t i = 0; i < route->hop_count; i++)
		mem_free(route->hops[i].host);
	mem_free(route->hops);
	route->hops = NULL;
	route->hop_count = 0;
	route->kind = ROUTE_MX;
}
