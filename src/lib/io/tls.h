/* SPDX-License-Identifier: ISC
 *
 * tls.h - the only home of OpenSSL's TLS.
 *
 * A tls_context holds keys and rules for one side; a tls is one session
 * over a nonblocking socket.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <sys/types.h>

struct tls_context;
struct tls;

/* Server side: PEM chain and key.  NAME separates the session tickets of
 * listeners with different rules. */
struct tls_context *tls_server_context(struct span certificate,
    struct span key, const char *name, struct err *err) MUST_CHECK;

/* When the first certificate of the chain in PEM that ends does so, in seconds
 * since 1970.  False: there is none. */
bool tls_certificate_ends(struct span certificate, int64_t *out);

/* Client side, opportunistic: any certificate will do. */
struct tls_context *tls_client_context(struct err *err) MUST_CHECK;

void tls_context_free(struct tls_context **context);

/* FD stays the caller's.  SERVER_NAME is sent as SNI when not null. */
struct tls *tls_accept_new(struct tls_context *context, int fd);
struct tls *tls_connect_new(struct tls_context *context, int fd,
    const char *server_name);
void tls_free(struct tls **tls);	/* sends close_notify if it can */

enum tls_step {
	TLS_DONE,		/* handshake finished, or bytes moved */
	TLS_WANT_READ, TLS_WANT_WRITE,
	TLS_CLOSED,		/* close_notify: a clean end */
	TLS_BROKEN		/* anything else; tls_why() tells */
};

enum tls_step tls_handshake(struct tls *tls);
/* On TLS_DONE *MOVED is at least 1. */
enum tls_step tls_read(struct tls *tls, void *out, size_t length,
    size_t *moved);
enum tls_step tls_write(struct tls *tls, const void *data, size_t length,
    size_t *moved);
/* Decrypted bytes wait that no poll of the socket will announce. */
bool tls_pending(const struct tls *tls);

/* "TLSv1.3", "TLS_AES_256_GCM_SHA384"; valid as long as TLS. */
const char *tls_version(const struct tls *tls);
const char *tls_cipher(const struct tls *tls);
const char *tls_why(const struct tls *tls);

#endif
