/* SPDX-License-Identifier: ISC
 *
 * show_dsn.c - print a report, unstuffed, for dsn_parses.py to read.
 *
 * show_dsn whole|header: the original comes back whole, with 8-bit bytes, or
 * as its header.
 */
#include "mail/dsn.h"
#include "smtp/dot.h"

#include <stdio.h>

static const char header[] =
    "From: Ann <ann@example.org>\r\n"
    "To: bob@example.net\r\n"
    "Subject: =?utf-8?q?sch=C3=B6n?=\r\n"
    "\r\n";
static const char body[] = "..dots and \xc3\xb6\r\n--\r\nAnn\r\n";

static const struct dsn_rcpt rcpts[] = {
	{ .address = "bob@example.net", .orcpt = "rfc822;Bob@Example.NET",
	    .action = DSN_FAILED, .status = "5.1.1", .mta = "mx.example.net",
	    .reply = "550 5.1.1 no such user here, and here is a long story "
	    "why there is none and never was one as far as we remember" },
	{ .address = "cy@example.com", .action = DSN_DELAYED,
	    .status = "4.4.1", .reason = "connection timed out",
	    .until = 1795577541000000 }
};

int
main(int argc, char **argv)
{
	bool whole = argc > 1 && strcmp(argv[1], "whole") == 0;
	struct dsn dsn = {
		.hostname = "relay.example", .id = "RID",
		.original_id = "OID", .to = "ann@example.org",
		.envid = "QQ+2B1", .arrived = 1795491141000000,
		.now = 1795491201000000, .rcpts = rcpts, .rcpt_count = 2,
		.returned = whole ? DSN_WHOLE : DSN_HEADER,
		.eight_bit = whole
	};
	struct buf original, wire, content;

	buf_init(&original, 4096);
	buf_init(&wire, 65536);
	buf_init(&content, 65536);
	buf_append_text(&original, header);
	if (whole)
		buf_append_text(&original, body);
	dsn.original = buf_peek(&original);
	dsn_put(&dsn, &wire);
	dot_unstuff(buf_peek(&wire), &content);
	if (fwrite(content.data + content.start, buf_length(&content), 1,
	    stdout) != 1 || fflush(stdout) != 0) {
		perror("show_dsn: stdout");
		return 1;
	}
	buf_fini(&original);
	buf_fini(&wire);
	buf_fini(&content);
	return 0;
}
