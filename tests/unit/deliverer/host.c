/* SPDX-License-Identifier: ISC
 *
 * host.c - a small SMTP server that does what its rules say.
 */
#include "unit/deliverer/host.h"

#include "unit/unit.h"

#include "base/mem.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct guest {
	struct link link;
	struct host *host;
	struct conn *conn;
	unsigned transaction;
	unsigned accepted;	/* recipients */
	bool in_data, holding;
	bool mailed;		/* MAIL was taken */
	bool dotted;		/* a body ended in this piece */
	bool deaf;		/* silent for ever */
	bool away;		/* our end is shut */
	struct buf body;
};

static const struct conn_limits limits = {
	.keep_most = 1 << 16, .write_most = 1 << 20,
};

static void
leave(struct guest *guest)
{
	list_remove(&guest->host->guests, &guest->link);
	if (!guest->away)
		guest->host->open--;
	conn_free(&guest->conn);
	buf_fini(&guest->body);
	mem_free(guest);
}

static void
send_away(struct guest *guest)
{
	guest->deaf = guest->away = true;
	guest->host->open--;
	CU_ASSERT_TRUE(shutdown(conn_fd(guest->conn), SHUT_WR) == 0 ||
	    errno == ENOTCONN);	/* the other side was quicker */
}

static void
say(struct guest *guest, const char *reply)
{
	bool away = reply[0] == '!';

	if (away)
		reply++;
	if (reply[0] != '\0') {
		conn_send(guest->conn, span_of(reply));
		conn_send(guest->conn, span_of("\r\n"));
	} else if (!away) {
		guest->deaf = true;
	}
	if (away)
		send_away(guest);
}

static const char *
or_else(const char *rule, const char *usual)
{
	return rule != NULL ? rule : usual;
}

/* ---- commands ----------------------------------------------------------- */

static void
on_mail(struct guest *guest)
{
	struct host *host = guest->host;
	const char *reply;

	guest->transaction++;
	host->transactions++;
	guest->accepted = 0;
	reply = guest->transaction >= host->mail_from ?
	    or_else(host->mail, "250 2.1.0 ok") : "250 2.1.0 ok";
	guest->mailed = reply[0] == '2';
	say(guest, reply);
}

static void
on_rcpt(struct guest *guest, struct span line)
{
	char *text = span_copy(line);
	bool refused = guest->host->refuse != NULL &&
	    strstr(text, guest->host->refuse) != NULL;
	const char *reply = !guest->mailed ? "503 5.5.1 MAIL first" :
	    refused ? "550 5.1.1 unknown" :
	    or_else(guest->host->rcpt, "250 2.1.5 ok");

	mem_free(text);
	guest->accepted += reply[0] == '2';
	say(guest, reply);
}

static void
on_data(struct guest *guest)
{
	const char *reply = or_else(guest->host->data, guest->accepted > 0 ?
	    "354 go" : "554 5.5.1 nobody");

	guest->in_data = strncmp(reply, "354", 3) == 0;
	say(guest, reply);
}

static void
on_starttls(struct guest *guest)
{
	struct host *host = guest->host;

	say(guest, or_else(host->starttls, "220 2.0.0 go"));
	if (host->tls != NULL && !guest->away)
		conn_secure_server(guest->conn, host->tls);
}

static void
on_ehlo(struct guest *guest)
{
	struct host *host = guest->host;

	bool offer = host->tls != NULL && conn_tls(guest->conn) == NULL;

	say(guest, or_else(host->ehlo, offer ?
	    "250-host.test\r\n250-PIPELINING\r\n250 STARTTLS" :
	    "250-host.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 DSN"));
}

static void
on_quit(struct guest *guest)
{
	guest->host->quits++;
	say(guest, "!221 2.0.0 bye");
}

static void
on_command(struct guest *guest, struct span line)
{
	struct host *host = guest->host;

	buf_append_span(&host->heard, line);
	buf_append_byte(&host->heard, '\n');
	if (span_starts_nocase(line, "EHLO"))
		on_ehlo(guest);
	else if (span_starts_nocase(line, "HELO"))
		say(guest, "250 host.test");
	else if (span_starts_nocase(line, "MAIL"))
		on_mail(guest);
	else if (span_starts_nocase(line, "RCPT"))
		on_rcpt(guest, line);
	else if (span_starts_nocase(line, "DATA"))
		on_data(guest);
	else if (span_starts_nocase(line, "RSET"))
		say(guest, "250 2.0.0 ok");
	else if (span_starts_nocase(line, "STARTTLS"))
		on_starttls(guest);
	else if (span_starts_nocase(line, "QUIT"))
		on_quit(guest);
	else
		say(guest, "500 5.5.2 what");
}

static void
on_body_line(struct guest *guest, struct span line)
{
	struct host *host = guest->host;

	if (!span_is(line, ".")) {
		buf_append_span(&guest->body, line);
		buf_append_text(&guest->body, "\r\n");
		return;
	}
	guest->in_data = false;
	guest->dotted = true;
	if (host->mail_count < HOST_MAILS_MOST)
		host->mails[host->mail_count++] =
		    span_copy(buf_peek(&guest->body));
	buf_clear(&guest->body);
	if (host->hold) {
		guest->holding = true;
		host->holding++;
		return;
	}
	say(guest, or_else(host->dot, "250 2.0.0 ok"));
}

/* ---- connections -------------------------------------------------------- */

/* One line, without its CRLF. */
static void
on_line(struct guest *guest, struct span line)
{
	if (guest->deaf)
		return;
	if (guest->in_data)
		on_body_line(guest, line);
	else
		on_command(guest, line);
}

static void
take_lines(struct guest *guest)
{
	struct conn *conn = guest->conn;
	struct span in = conn_input(conn);
	size_t length;

	while ((!guest->holding || guest->host->hasty) &&
	    !(guest->dotted && guest->host->forgetful) &&
	    (length = span_find(in, '\n')) < in.length) {
		struct span line = span_first(in, length);
		bool last = span_starts_nocase(line, "STARTTLS");

		if (line.length > 0 && line.data[line.length - 1] == '\r')
			line.length--;
		in = span_skip(in, length + 1);
		if (last)
			conn_consume(conn, conn_input(conn).length);
		on_line(guest, line);
		if (last)
			return;
	}
	conn_consume(conn, conn_input(conn).length - in.length);
	if (guest->dotted && guest->host->forgetful)
		conn_consume(conn, conn_input(conn).length);
	guest->dotted = false;
}

static void
on_event(void *owner, struct conn *conn, enum conn_event event)
{
	struct guest *guest = owner;

	(void)conn;
	if (event == CONN_INPUT)
		take_lines(guest);
	else if (event == CONN_SECURED)
		guest->host->secured++;
	else if (event == CONN_ENDED)
		leave(guest);
}

static void
on_accept(void *owner, unsigned ready)
{
	struct host *host = owner;
	struct guest *guest;
	int fd = accept4(host->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)ready;
	if (fd == -1)
		return;
	guest = mem_new(struct guest);
	guest->host = host;
	guest->conn = conn_accepted(host->loop, fd, &limits, on_event, guest);
	buf_init(&guest->body, 64 << 20);
	list_append(&host->guests, &guest->link);
	host->accepted++;
	host->open++;
	if (host->most != 0 && host->open > host->most)
		say(guest, "!421 4.7.0 too many connections");
	else
		say(guest, or_else(host->greeting, "220 host.test"));
}

void
host_open(struct host *host, struct loop *loop)
{
	struct sockaddr_storage ss;
	struct addr any = { .port = 0 };
	socklen_t length;

	CU_ASSERT_TRUE_FATAL(addr_parse(span_of("127.0.0.1"), &any));
	length = addr_to_sockaddr(any, &ss);
	host->loop = loop;
	list_init(&host->guests);
	buf_init(&host->heard, 1 << 20);
	host->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	CU_ASSERT_TRUE_FATAL(host->fd != -1);
	CU_ASSERT_EQUAL_FATAL(bind(host->fd, (void *)&ss, length), 0);
	CU_ASSERT_EQUAL_FATAL(listen(host->fd, 128), 0);
	CU_ASSERT_EQUAL_FATAL(getsockname(host->fd, (void *)&ss, &length), 0);
	host->port = addr_of_sockaddr((void *)&ss).port;
	host->watch = watch_new(loop, host->fd, WATCH_READ, on_accept, host);
}

void
host_hang_up(struct host *host)
{
	while (!list_empty(&host->guests))
		leave(list_item(list_first(&host->guests), struct guest,
		    link));
}

void
host_release(struct host *host)
{
	struct link *link = list_first(&host->guests), *next;

	for (; link != NULL; link = next) {
		struct guest *guest = list_item(link, struct guest, link);

		next = list_next(&host->guests, link);
		if (!guest->holding)
			continue;
		guest->holding = false;
		host->holding--;
		say(guest, or_else(host->dot, "250 2.0.0 ok"));
		take_lines(guest);
	}
}

/* Nobody listens any more; the port refuses. */
void
host_shut(struct host *host)
{
	watch_free(&host->watch);
	if (host->fd != -1)
		close(host->fd);
	host->fd = -1;
}

void
host_close(struct host *host)
{
	host_hang_up(host);
	host_shut(host);
	for (size_t i = 0; i < host->mail_count; i++)
		mem_free(host->mails[i]);
	buf_fini(&host->heard);
	tls_context_free(&host->tls);
}
