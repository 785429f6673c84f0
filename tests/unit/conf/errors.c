/* SPDX-License-Identifier: ISC
 *
 * errors.c - every mistake is told with its line, and what would be right.
 */
#include "tests.h"

#include "base/mem.h"

#include <stdio.h>

#define L "listen 127.0.0.1:25\n"

static const struct {
	const char *text, *message;
} rows[] = {
	/* names */
	{ L "hostnam x",
	    "f:2: hostnam is unknown here; did you mean "
	    "hostname?" },
	{ L "lisen 127.0.0.1:26",
	    "f:2: lisen is unknown here; did you mean "
	    "listen?" },
	{ L "idle 5m", "f:2: idle is unknown here; it stands in limits { }" },
	{ L "limits {\n spool /x\n}",
	    "f:3: spool is unknown in limits { }; "
	    "it stands outside of all braces" },
	{ L "limits { conections 5 }",
	    "f:2: conections is unknown in "
	    "limits { }; did you mean connections?" },
	{ L "tls { zebra 5 }",
	    "f:2: zebra is unknown in tls { }; there are "
	    "certificate, key" },
	{ L "limits { queue { } }",
	    "f:2: queue is unknown in limits { }; it "
	    "stands outside of all braces" },

	/* shape */
	{ L "}", "f:2: a } that closes nothing: take it out" },
	{ L "{",
	    "f:2: a { without a name: put it on the line of its block's "
	    "name" },
	{ L "limits\n{ }",
	    "f:2: limits is a block: write limits { ... }, the "
	    "brace on the same line" },
	{ L "class urgent",
	    "f:2: class is a block: write class urgent "
	    "{ ... }, the brace on the same line" },
	{ L "route *",
	    "f:2: route is a block: write route PATTERN { ... }, "
	    "the brace on the same line" },
	{ L "limits {\n errors 5", "f:2: this { is never closed: add a }" },
	{ L "limits x { }",
	    "f:2: limits takes nothing before its brace, "
	    "not x" },
	{ L "site { }", "f:2: site takes one PATTERN, not 0" },
	{ L "site a b { }", "f:2: site takes one PATTERN, not 2" },
	{ L "class fast { }",
	    "f:2: class fast: urgent, normal or bulk is "
	    "wanted" },
	{ L "class { }", "f:2: class : urgent, normal or bulk is wanted" },
	{ L "class urgent bulk { }", "f:2: class takes one class, not 2" },
	{ L "hostname { }", "f:2: hostname takes no braces here" },
	{ L "tls { } limits { }",
	    "f:2: something stands behind a }: put it "
	    "on a line of its own, or a ; between" },
	{ L "tls { } {",
	    "f:2: something stands behind a }: put it on a line "
	    "of its own, or a ; between" },
	{ L "\nhostname \"a",
	    "f:3: a quoted string is not closed: put a \" "
	    "before the end of the line" },
	{ L "hostname \"\\q\"",
	    "f:2: unknown escape in a quoted string: there "
	    "are \\\" \\\\ \\n \\t" },
	{ L "hostname \"a\"b",
	    "f:2: text right after a closing quote: quote "
	    "the whole word, or put a space between" },
	{ L "hostname a\"b\"",
	    "f:2: a quote inside a word: quote the whole "
	    "word" },
	{ L "hostname \x01",
	    "f:2: control byte 0x01: a configuration is "
	    "plain text" },
	{ L "include other",
	    "f:2: include is not possible here: this text is "
	    "not a file" },
	{ L "include", "f:2: include takes one FILE, and no braces" },
	{ L "include a {", "f:2: include takes one FILE, and no braces" },

	/* values */
	{ L "hostname",
	    "f:2: hostname has no value: a domain name is wanted, "
	    "as in relay.example.org" },
	{ L "hostname a b",
	    "f:2: hostname has 2 values: a domain name is "
	    "wanted, as in relay.example.org, and only one" },
	{ L "hostname \"\"",
	    "f:2: hostname \"\": a domain name is wanted, as "
	    "in relay.example.org" },
	{ L "hostname a..b",
	    "f:2: hostname a..b: a domain name is wanted, as "
	    "in relay.example.org" },
	{ L "spool spool", "f:2: spool spool: a path from / on is wanted" },
	{ L "user a:b", "f:2: user a:b: the name of a user is wanted" },
	{ L "log", "f:2: log : file PATH, stderr or syslog is wanted" },
	{ L "log file",
	    "f:2: log file: file PATH, stderr or syslog is "
	    "wanted" },
	{ L "log file x.log", "f:2: log x.log: a path from / on is wanted" },
	{ L "log stdout",
	    "f:2: log stdout: file PATH, stderr or syslog is "
	    "wanted" },
	{ L "node 5000", "f:2: node 5000: out of range: least 0, most 4095" },
	{ L "receivers 0",
	    "f:2: receivers 0: out of range: least 1, "
	    "most 63" },
	{ L "receivers x", "f:2: receivers x: a whole number is wanted" },
	{ L "receivers -1", "f:2: receivers -1: a whole number is wanted" },
	{ L "receivers 5m", "f:2: receivers 5m: a whole number is wanted" },
	{ L "receivers 99999999999999999999",
	    "f:2: receivers "
	    "99999999999999999999: out of range: least 1, most 63" },
	{ L "time-scale fast",
	    "f:2: time-scale fast: a number is wanted, as "
	    "in 1 or 0.01" },
	{ L "time-scale 0",
	    "f:2: time-scale 0: out of range: least 0.0001, "
	    "most 1000" },
	{ L "time-scale .",
	    "f:2: time-scale .: a number is wanted, as in 1 "
	    "or 0.01" },
	{ L "time-scale 1.2.3",
	    "f:2: time-scale 1.2.3: a number is wanted, "
	    "as in 1 or 0.01" },
	{ L "limits { idle 5x }",
	    "f:2: idle 5x: a time is wanted: a number "
	    "and ms, s, m, h or d, as in 30s or 5m" },
	{ L "limits { idle 64k }",
	    "f:2: idle 64k: a time is wanted: a number "
	    "and ms, s, m, h or d, as in 30s or 5m" },
	{ L "limits { idle 1ms }",
	    "f:2: idle 1ms: out of range: least 100ms, "
	    "most 1d" },
	{ L "limits { idle 18446744073709551615d }",
	    "f:2: idle "
	    "18446744073709551615d: out of range: least 100ms, most 1d" },
	{ L "limits { message-size 10m }",
	    "f:2: message-size 10m: a size is "
	    "wanted: a number of bytes, or one and k, M or G, as in 64k" },
	{ L "limits { message-size 3G }",
	    "f:2: message-size 3G: out of range: "
	    "least 1k, most 2G" },
	{ L "limits { data-line 10 }",
	    "f:2: data-line 10: out of range: "
	    "least 1000, most 1G, or unlimited" },
	{ L "limits { data-line many }",
	    "f:2: data-line many: a size is "
	    "wanted: a number of bytes, or one and k, M or G, as in 64k, or "
	    "unlimited" },
	{ L "queue { jitter 91 }",
	    "f:2: jitter 91: out of range: least 0, "
	    "most 90" },
	{ L "queue { fair-by chance }",
	    "f:2: fair-by chance: sender, domain "
	    "or client is wanted" },
	{ L "queue { urgent-reserve 91 }",
	    "f:2: urgent-reserve 91: out of "
	    "range: least 1, most 90" },
	{ L "site * { reserve some }",
	    "f:2: reserve some: a number or a "
	    "percentage is wanted, as in 2 or 10%" },
	{ L "site * { reserve % }",
	    "f:2: reserve %: a number or a "
	    "percentage is wanted, as in 2 or 10%" },
	{ L "site * { reserve 91% }",
	    "f:2: reserve 91%: out of range: least "
	    "0, most 9999, or 90%" },
	{ L "site * { reserve 10000 }",
	    "f:2: reserve 10000: out of range: "
	    "least 0, most 9999, or 90%" },
	{ L "site * {\nreserve 5; connections 5 }",
	    "f:3: reserve 5 leaves "
	    "nothing of this site's connections, which are 5: lower it, or "
	    "raise the other" },
	{ L "site * { rate 5 }",
	    "f:2: rate 5: a rate is wanted: a number and "
	    "/s, /m, /h or /d, as in 100/s, 2.5/s or 20/m, or unlimited" },
	{ L "site * { rate 1.2345/s }",
	    "f:2: rate 1.2345/s: a rate is "
	    "wanted: a number and /s, /m, /h or /d, as in 100/s, 2.5/s or "
	    "20/m, or unlimited" },
	{ L "site * { rate 5./s }",
	    "f:2: rate 5./s: a rate is wanted: a "
	    "number and /s, /m, /h or /d, as in 100/s, 2.5/s or 20/m, or "
	    "unlimited" },
	{ L "site * { rate 5/y }",
	    "f:2: rate 5/y: a rate is wanted: a "
	    "number and /s, /m, /h or /d, as in 100/s, 2.5/s or 20/m, or "
	    "unlimited" },
	{ L "site * { rate 0/s }",
	    "f:2: rate 0/s: out of range: least "
	    "0.001/s, most 1000000/s" },
	{ L "site * { rate 1000000.001/s }",
	    "f:2: rate 1000000.001/s: out "
	    "of range: least 0.001/s, most 1000000/s" },
	{ L "site * {\nrate-bulk 61/m\nrate 1/s }",
	    "f:3: rate-bulk 61/m is "
	    "over this site's rate, which is 1/s: lower it, or raise the "
	    "other" },
	{ L "site * {\nrate 1/s\n\nrate-urgent 1.5/s }",
	    "f:5: rate-urgent "
	    "1.5/s is over this site's rate, which is 1/s: lower it, or "
	    "raise the other" },
	{ L "sender",
	    "f:2: sender is a block: write sender PATTERN { ... }, "
	    "the brace on the same line" },
	{ L "sender \"\" { }",
	    "f:2: sender: a name is wanted, which may hold "
	    "* and ?" },
	{ L "sender a.test { rate 0/s }",
	    "f:2: rate 0/s: out of range: least "
	    "0.001/s, most 1000000/s" },
	{ L "sender a.test {\nrate -5/s }",
	    "f:3: rate -5/s: a rate is wanted: "
	    "a number and /s, /m, /h or /d, as in 100/s, 2.5/s or 20/m, or "
	    "unlimited" },
	{ L "sender a.test {\nrate 5/s\nrate 6/s }",
	    "f:4: rate is already set "
	    "at f:3: keep one of them" },
	{ L "sender a.test { connections 5 }",
	    "f:2: connections is "
	    "unknown in sender { }; it stands in limits { }" },
	{ L "reply x { }",
	    "f:2: nothing follows from this reply: add slow, "
	    "pause TIME, temporary or permanent" },
	{ L "reply x { at a }\nreply \"a(b\" { slow }",
	    "f:2: nothing "
	    "follows from this reply: add slow, pause TIME, temporary or "
	    "permanent" },
	{ L "\nreply \"a(b\" { slow }",
	    "f:3: reply \"a(b\": no regular "
	    "expression: Unmatched ( or \\(" },
	{ L "reply \"\" { slow }",
	    "f:2: reply \"\": a regular expression of "
	    "up to 512 bytes is wanted" },
	{ L "reply x { slow now }",
	    "f:2: slow takes nothing after it, not "
	    "now" },
	{ L "reply x { slow; slow }",
	    "f:2: slow is already set at f:2: keep "
	    "one of them" },
	{ L "reply x { at a*b; slow }",
	    "f:2: at a*b: a domain, *.DOMAIN or * "
	    "is wanted" },
	{ L "reply x {\ntemporary\npermanent }",
	    "f:4: a reply cannot be "
	    "both temporary and permanent: keep one of them" },
	{ L "reply x y { slow }", "f:2: reply takes one REGEX, not 2" },
	{ L "queue { jitter few }",
	    "f:2: jitter few: a percentage is wanted, "
	    "as in 20" },
	{ L "class bulk {\n\n retry 5m 1y }",
	    "f:4: retry 1y: a time is "
	    "wanted: a number and ms, s, m, h or d, as in 30s or 5m" },
	{ L "class bulk { retry }",
	    "f:2: retry has 0 pauses: least 1, "
	    "most 32" },
	{ L "class bulk { retry 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m "
	    "1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m 1m }",
	    "f:2: "
	    "retry has 33 pauses: least 1, most 32" },
	{ L "class bulk { warn soon }",
	    "f:2: warn soon: a time is wanted: a "
	    "number and ms, s, m, h or d, as in 30s or 5m, or never" },
	{ L "classify { header X * }",
	    "f:2: header: NAME GLOB CLASS is "
	    "wanted, and further pairs of GLOB CLASS" },
	{ L "classify { header X: * bulk }",
	    "f:2: header X:: the name of a "
	    "header field is wanted, without its colon" },
	{ L "classify { header X 1* slow }",
	    "f:2: header slow: urgent, "
	    "normal or bulk is wanted after 1*" },
	{ L "classify { header X \"\" bulk }",
	    "f:2: header \"\": a pattern is "
	    "wanted, * for any value" },
	{ L "bounce { postmaster root }",
	    "f:2: postmaster root: a mail "
	    "address is wanted, as in postmaster@example.org" },
	{ L "resolver { server ns.example.org }",
	    "f:2: server "
	    "ns.example.org: an address is wanted, as in 192.0.2.53 or "
	    "192.0.2.53@5353" },
	{ L "resolver { roots; server 192.0.2.1 }",
	    "f:2: roots means that no server is asked: take it out, or the "
	    "servers" },
	{ L "resolver { server 192.0.2.1@0 }",
	    "f:2: server 192.0.2.1@0: an "
	    "address is wanted, as in 192.0.2.53 or 192.0.2.53@5353" },
	{ L "resolver { server 192.0.2.1@65536 }",
	    "f:2: server "
	    "192.0.2.1@65536: an address is wanted, as in 192.0.2.53 or "
	    "192.0.2.53@5353" },
	{ L "resolver { server ::1; server ::2; server ::3; server ::4; "
	    "server ::5; server ::6; server ::7; server ::8; server ::9 }",
	    "f:2: server: most 8 of them" },

	/* addresses */
	{ "listen 127.0.0.1",
	    "f:1: listen 127.0.0.1: ADDRESS:PORT is wanted, "
	    "as in 127.0.0.1:25, 0.0.0.0:25 or [::1]:25" },
	{ "listen localhost:25",
	    "f:1: listen localhost:25: ADDRESS:PORT is "
	    "wanted, as in 127.0.0.1:25, 0.0.0.0:25 or [::1]:25" },
	{ "listen ::1:25",
	    "f:1: listen ::1:25: ADDRESS:PORT is wanted, as in "
	    "127.0.0.1:25, 0.0.0.0:25 or [::1]:25" },
	{ "listen 127.0.0.1:0",
	    "f:1: listen 127.0.0.1:0: ADDRESS:PORT is "
	    "wanted, as in 127.0.0.1:25, 0.0.0.0:25 or [::1]:25" },
	{ "listen 127.0.0.1:65536",
	    "f:1: listen 127.0.0.1:65536: "
	    "ADDRESS:PORT is wanted, as in 127.0.0.1:25, 0.0.0.0:25 or "
	    "[::1]:25" },
	{ "listen 256.0.0.1:25",
	    "f:1: listen 256.0.0.1:25: ADDRESS:PORT is "
	    "wanted, as in 127.0.0.1:25, 0.0.0.0:25 or [::1]:25" },
	{ "listen", "f:1: listen takes one ADDRESS:PORT, not 0" },
	{ "listen [::1]:25 {\n trust lan\n}",
	    "f:2: trust lan: a net is "
	    "wanted, as in 10.0.0.0/8, 192.0.2.1 or 2001:db8::/32" },
	{ "listen [::1]:25 { trust 10.0.0.0/33 }",
	    "f:1: trust 10.0.0.0/33: "
	    "the number after / is least 0, most 32" },
	{ "listen [::1]:25 { trust ::/129 }",
	    "f:1: trust ::/129: the number "
	    "after / is least 0, most 128" },
	{ "listen [::1]:25 { trust 10.1.0.0/8 }",
	    "f:1: trust 10.1.0.0/8: the "
	    "address has bits beyond the net: make them zero, or the number "
	    "after / larger" },
	{ "listen [::1]:25 { trust ceiling bulk }",
	    "f:1: trust: least 1 net, "
	    "most 508 in a line, and most 1000 lines" },
	{ "listen [::1]:25 { trust ::1 ceiling }",
	    "f:1: trust ceiling: "
	    "urgent, normal or bulk is wanted after it, at the end of the "
	    "line" },
	{ "listen [::1]:25 { trust ::1 ceiling bulk ::2 }",
	    "f:1: trust "
	    "ceiling: urgent, normal or bulk is wanted after it, at the end of "
	    "the line" },
	{ "listen [::1]:25 { trust ::1 bare-lf }",
	    "f:1: trust bare-lf: "
	    "reject or normalize is wanted after it" },
	{ "listen [::1]:25 { trust ::1 bare-lf by-trust }",
	    "f:1: trust "
	    "bare-lf: reject or normalize is wanted after it" },
	{ "listen [::1]:25 { trust ::1 bare-lf reject bare-lf reject }",
	    "f:1: trust ceiling: urgent, normal or bulk is wanted after it, "
	    "at the end of the line" },
	{ "listen [::1]:25 { bare-lf no }",
	    "f:1: bare-lf no: reject, "
	    "normalize or by-trust is wanted" },
	{ "listen [::1]:25 { tls starttls }",
	    "f:1: tls starttls: offer, "
	    "implicit or none is wanted" },
	{ "listen [::1]:25 { class quick }",
	    "f:1: class quick: urgent, "
	    "normal or bulk is wanted" },
	{ L "route a..b { to mx }",
	    "f:2: route a..b: a domain, *.DOMAIN or * "
	    "is wanted" },
	{ L "route [x] { to mx }",
	    "f:2: route [x]: a domain, *.DOMAIN or * "
	    "is wanted" },
	{ L "site a*b { }",
	    "f:2: site a*b: a domain, *.DOMAIN or * is "
	    "wanted" },
	{ L "route * { to }",
	    "f:2: to: mx, or least 1 and most 32 hosts are "
	    "wanted" },
	{ L "route * { to mx a }",
	    "f:2: to mx: it stands alone, or name "
	    "hosts only" },
	{ L "route * { to a:x }",
	    "f:2: to a:x: HOST or HOST:PORT is wanted, "
	    "as in mx.example.org, 192.0.2.1:2525 or [::1]:25" },
	{ L "route * { to a:0 }",
	    "f:2: to a:0: HOST or HOST:PORT is wanted, "
	    "as in mx.example.org, 192.0.2.1:2525 or [::1]:25" },
	{ L "route * { to ::1 }",
	    "f:2: to ::1: HOST or HOST:PORT is wanted, "
	    "as in mx.example.org, 192.0.2.1:2525 or [::1]:25" },
	{ L "route * { to [a]:25 }",
	    "f:2: to [a]:25: HOST or HOST:PORT is "
	    "wanted, as in mx.example.org, 192.0.2.1:2525 or [::1]:25" },
	{ L "route * { to [::1 }",
	    "f:2: to [::1: HOST or HOST:PORT is wanted, "
	    "as in mx.example.org, 192.0.2.1:2525 or [::1]:25" },

	/* twice */
	{ L "hostname a\nhostname a",
	    "f:3: hostname is already set at f:2: "
	    "keep one of them" },
	{ L "limits { errors 5 }\nlimits { errors 6 }",
	    "f:3: errors is "
	    "already set at f:2: keep one of them" },
	{ L "class bulk { lifetime 1d }; class bulk { lifetime 1d }",
	    "f:2: "
	    "lifetime is already set at f:2: keep one of them" },
	{ L "route * { to mx; to mx }",
	    "f:2: to is already set at f:2: keep "
	    "one of them" },
	{ L L,
	    "f:2: listen 127.0.0.1:25: there is one on this address "
	    "already: keep one of them" },
	{ "listen [::1]:25\nlisten [0:0::1]:25",
	    "f:2: listen [0:0::1]:25: "
	    "there is one on this address already: keep one of them" },

	/* contradictions */
	{ "",
	    "f:1: no listen: add one, as in listen 127.0.0.1:25 "
	    "{ trust 127.0.0.0/8 }" },
	{ "hostname a\n\n",
	    "f:3: no listen: add one, as in listen "
	    "127.0.0.1:25 { trust 127.0.0.0/8 }" },
	{ L "route * { }",
	    "f:2: this route goes nowhere: add to mx, or to "
	    "HOST" },
	{ "listen [::1]:25 {\n trust 10.0.0.0/8 ceiling bulk\n trust ::1 "
	  "10.1.0.0/16\n}",
	    "f:3: trust with ceiling urgent is never "
	    "reached for one of its nets: a line before it, with ceiling "
	    "bulk, has that: put this one first" },
	{ "listen [::1]:25 {\n trust ::1\n trust ::1 bare-lf reject\n}",
	    "f:3: trust with another bare-lf is never reached for one of its "
	    "nets: a line before it has that: put this one first" },
	{ L "classify {\n header X b* bulk\n header x ba bulk bc urgent\n}",
	    "f:4: header x bc: never urgent, for b* stands before it and "
	    "makes that bulk" },
	{ L "tls { certificate /c }",
	    "f:2: tls has a certificate but no key: "
	    "add key FILE" },
	{ L "tls { key /k }",
	    "f:2: tls has a key but no certificate: add "
	    "certificate FILE" },
	{ "\nlisten [::1]:25 {\n tls implicit\n}",
	    "f:3: tls implicit needs a "
	    "certificate: add tls { certificate FILE; key FILE }" },
	{ "listen [::1]:25 {\n class normal\n ceiling bulk\n}",
	    "f:2: class "
	    "normal is over this listen's ceiling bulk: lower it, or raise "
	    "the ceiling" },
	{ "listen [::1]:25 {\n trust ::1\n trust ::2 ceiling urgent\n "
	  "ceiling normal\n}",
	    "f:3: trust with ceiling urgent is over this "
	    "listen's ceiling normal: lower it, or raise the ceiling" },
	{ L "limits {\n connections 10\n connections-per-client 11\n}",
	    "f:4: connections-per-client is over limits connections, which is "
	    "10: lower it, or raise the other" },
	{ L "limits { message-size 1M; header 2M }",
	    "f:2: header is over "
	    "limits message-size, which is 1M: lower it, or raise the other" },
	{ L "limits { idle 1h; session 30m }",
	    "f:2: idle is over limits "
	    "session, which is 30m: lower it, or raise the other" },
	{ L "queue { large-message 60M }",
	    "f:2: large-message is over limits "
	    "message-size, which is 50M: lower it, or raise the other" },
	{ L "queue { large-message 2M }\nlimits { memory 1M }",
	    "f:2: "
	    "large-message is over limits memory, which is 1M: lower it, or "
	    "raise the other" },
	{ L "class urgent { warn 5h }",
	    "f:2: warn is over class lifetime, "
	    "which is 4h: lower it, or raise the other" },
	{ L "control /"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "456789012345678901234567890123456789",
	    "f:2: control is longer than the name of a socket may be: most "
	    "100 bytes" },
};

static void
every_mistake_is_told_with_its_line_and_what_would_be_right(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct err err = { 0 };
		struct conf *conf = conf_parse(span_of(rows[i].text), "f",
		    &err);

		CU_ASSERT_PTR_NULL(conf);
		CU_ASSERT_EQUAL(err.kind, ERR_CONFIG);
		CU_ASSERT_STRING_EQUAL(err.text, rows[i].message);
		if (strcmp(err.text, rows[i].message) != 0)
			printf("want %s\ngot  %s\n", rows[i].message,
			    err.text);
		conf_free(&conf);
	}
}

/* A file cut short anywhere is good or told, never read beyond. */
static void
a_file_cut_at_any_byte_is_good_or_told(void)
{
	static const char whole[] = "listen 127.0.0.1:25 { trust ::1 ceiling "
	    "bulk; class bulk }\nhostname \"a\\\"b\"\nclass urgent { retry 5s "
	    "}\nroute *.x { to [::1]:25 b:1 }\nclassify { header A \"* x\" "
	    "bulk }\nresolver { server ::1@5 }\n";

	for (size_t i = 0; i < sizeof whole; i++) {
		char *copy = mem_strndup(whole, i);
		struct err err = { 0 };
		struct conf *conf;

		conf = conf_parse(span_make(copy, i), "f", &err);
		CU_ASSERT_TRUE(conf != NULL ||
		    (strncmp(err.text, "f:", 2) == 0 &&
		    err.kind == ERR_CONFIG));
		conf_free(&conf);
		mem_free(copy);
	}
}

static void
long_words_do_not_push_the_place_out_of_the_message(void)
{
	char text[4000], start[] = "listen 127.0.0.1:25\nhostname ";
	struct err err = { 0 };

	memset(text, '!', sizeof text);
	memcpy(text, start, sizeof start - 1);
	CU_ASSERT_PTR_NULL(conf_parse(span_make(text, sizeof text), "f",
	    &err));
	CU_ASSERT_EQUAL(strncmp(err.text, "f:2: hostname !!!!", 18), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "a domain name is wanted"));
}

const struct unit_test error_tests[] = {
	UNIT(every_mistake_is_told_with_its_line_and_what_would_be_right),
	UNIT(a_file_cut_at_any_byte_is_good_or_told),
	UNIT(long_words_do_not_push_the_place_out_of_the_message),
	UNIT_END
};
