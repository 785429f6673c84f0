/* SPDX-License-Identifier: ISC
 *
 * tls.c - one TLS session over a nonblocking socket.
 *
 * OpenSSL keeps a queue of errors per thread; a call that leaves one there
 * makes the next session's call look broken.  So each call here starts with
 * an empty queue and leaves an empty queue.  A session that broke is never
 * used again, and its bytes never go around it.
 */
#include "io/tls.h"
#include "io/tls_inside.h"

#include "base/mem.h"
#include "base/must.h"
#include "io/addr.h"

#include <openssl/err.h>

#include <errno.h>
#include <stdio.h>

struct tls {
	SSL *ssl;
	bool shaken;		/* the handshake is done */
	bool closed, broken;
	char why[128];
};

static struct tls *
tls_new(struct tls_context *context, int fd)
{
	struct tls *tls = mem_new(struct tls);

	ERR_clear_error();
	tls->ssl = SSL_new(context->ctx);
	must(tls->ssl != NULL);
	must(SSL_set_fd(tls->ssl, fd) == 1);
	return tls;
}

struct tls *
tls_accept_new(struct tls_context *context, int fd)
{
	struct tls *tls = tls_new(context, fd);

	SSL_set_accept_state(tls->ssl);
	return tls;
}

struct tls *
tls_connect_new(struct tls_context *context, int fd, const char *server_name)
{
	struct tls *tls = tls_new(context, fd);
	struct addr unused;

	SSL_set_connect_state(tls->ssl);
	/* RFC 6066, section 3: no addresses.  A name that OpenSSL does not
	 * take is not sent. */
	if (server_name != NULL &&
	    !addr_parse(span_of(server_name), &unused))
		(void)SSL_set_tlsext_host_name(tls->ssl, server_name);
	ERR_clear_error();
	return tls;
}

void
tls_free(struct tls **tls)
{
	if (*tls == NULL)
		return;
	ERR_clear_error();
	if ((*tls)->shaken && !(*tls)->broken)
		(void)SSL_shutdown((*tls)->ssl);
	SSL_free((*tls)->ssl);
	ERR_clear_error();
	mem_free(*tls);
	*tls = NULL;
}

/* What OpenSSL has against it. */
static void
note_why(struct tls *tls, int number)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	if (code != 0 &&
	    ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		reason = "lost connection";
	else if (code == 0)
		reason = number != 0 ? strerror(number) : "lost connection";
	else if (reason == NULL)
		reason = "unknown error";
	snprintf(tls->why, sizeof tls->why, "TLS: %s", reason);
}

/* What the call that returned RESULT means. */
static enum tls_step
judge(struct tls *tls, int result)
{
	int number = errno;

	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		ERR_clear_error();
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		ERR_clear_error();
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		ERR_clear_error();
		tls->closed = true;
		snprintf(tls->why, sizeof tls->why, "lost connection");
		return TLS_CLOSED;
	default:
		note_why(tls, number);
		ERR_clear_error();
		tls->broken = true;
		return TLS_BROKEN;
	}
}

enum tls_step
tls_handshake(struct tls *tls)
{
	enum tls_step step;

	if (tls->broken)
		return TLS_BROKEN;
	ERR_clear_error();
	errno = 0;
	step = judge(tls, SSL_do_handshake(tls->ssl));
	if (step == TLS_DONE)
		tls->shaken = true;
	return step;
}

enum tls_step
tls_read(struct tls *tls, void *out, size_t length, size_t *moved)
{
	if (tls->broken)
		return TLS_BROKEN;
	must(tls->shaken && length > 0);
	ERR_clear_error();
	errno = 0;
	return judge(tls, SSL_read_ex(tls->ssl, out, length, moved));
}

enum tls_step
tls_write(struct tls *tls, const void *data, size_t length, size_t *moved)
{
	if (tls->broken)
		return TLS_BROKEN;
	must(tls->shaken && length > 0);
	ERR_clear_error();
	errno = 0;
	return judge(tls, SSL_write_ex(tls->ssl, data, length, moved));
}

bool
tls_pending(const struct tls *tls)
{
	return tls->closed || tls->broken ||
	    (tls->shaken && SSL_has_pending(tls->ssl) == 1);
}

const char *
tls_version(const struct tls *tls)
{
	return SSL_get_version(tls->ssl);
}

const char *
tls_cipher(const struct tls *tls)
{
	const char *name = SSL_get_cipher_name(tls->ssl);

	return name == NULL ? "none" : name;
}

const char *
tls_why(const struct tls *tls)
{
	return tls->why;
}
