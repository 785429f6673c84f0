/* SPDX-License-Identifier: ISC
 *
 * tls_context.c - keys and rules for one side of TLS.
 *
 * TLS 1.2 and later (RFC 8996), no compression, no renegotiation, no early
 * data.  Idle sessions give their record buffers back.
 */
#include "io/tls.h"
#include "io/tls_inside.h"

#include "base/mem.h"
#include "base/must.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits.h>
#include <time.h>

/* WHAT, and the first reason that OpenSSL has for it. */
static bool
err_tls(struct err *err, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	err_set(err, ERR_LIBRARY, "%s: %s", what,
	    reason == NULL ? "unknown error" : reason);
	ERR_clear_error();
	return false;
}

void
tls_context_free(struct tls_context **context)
{
	if (*context == NULL)
		return;
	SSL_CTX_free((*context)->ctx);
	mem_free(*context);
	*context = NULL;
}

static struct tls_context *
context_new(const SSL_METHOD *method)
{
	struct tls_context *context = mem_new(struct tls_context);

	ERR_clear_error();
	context->ctx = SSL_CTX_new(method);
	must(context->ctx != NULL);
	SSL_CTX_set_min_proto_version(context->ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(context->ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(context->ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(context->ctx, SSL_SESS_CACHE_OFF);
	return context;
}

/* A key with a passphrase cannot be used: nobody is there to be asked. */
static int
no_passphrase(char *out, int size, int writing, void *owner)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)owner;
	return -1;
}

static BIO *
bio_over(struct span pem)
{
	BIO *bio;

	must(pem.length <= INT_MAX);
	bio = BIO_new_mem_buf(pem.length == 0 ? "" : (const void *)pem.data,
	    (int)pem.length);
	must(bio != NULL);
	return bio;
}

static bool
use_leaf(SSL_CTX *ctx, BIO *bio, struct err *err)
{
	X509 *leaf = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
	int used;

	if (leaf == NULL)
		return err_tls(err, "the certificate is not PEM");
	used = SSL_CTX_use_certificate(ctx, leaf);
	X509_free(leaf);
	return used == 1 || err_tls(err, "the certificate cannot be used");
}

/* What follows the leaf up to the end. */
static bool
use_chain(SSL_CTX *ctx, BIO *bio, struct err *err)
{
	X509 *next;

	while ((next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) !=
	    NULL) {
		if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
			X509_free(next);
			return err_tls(err,
			    "the certificate chain cannot be used");
		}
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return err_tls(err, "the certificate chain is not PEM");
	ERR_clear_error();
	return true;
}

static bool
use_certificate(SSL_CTX *ctx, struct span pem, struct err *err)
{
	BIO *bio = bio_over(pem);
	bool used = use_leaf(ctx, bio, err) && use_chain(ctx, bio, err);

	BIO_free(bio);
	return used;
}

static bool
end_of(const X509 *certificate, int64_t *out)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return false;
	*out = (int64_t)timegm(&tm);
	return true;
}

bool
tls_certificate_ends(struct span pem, int64_t *out)
{
	BIO *bio = bio_over(pem);
	X509 *one;
	bool any = false;
	int64_t end;

	while ((one = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) !=
	    NULL) {
		if (end_of(one, &end) && (!any || end < *out)) {
			*out = end;
			any = true;
		}
		X509_free(one);
	}
	BIO_free(bio);
	ERR_clear_error();
	return any;
}

static bool
use_key(SSL_CTX *ctx, struct span pem, struct err *err)
{
	BIO *bio = bio_over(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase,
	    NULL);
	int used;

	BIO_free(bio);
	if (key == NULL)
		return err_tls(err,
		    "the key is not PEM, or has a passphrase");
	used = SSL_CTX_use_PrivateKey(ctx, key);
	EVP_PKEY_free(key);
	if (used != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return err_tls(err, "the key does not fit the certificate");
	return true;
}

/* Tickets of one listener are worth nothing at another one. */
static void
set_session_context(SSL_CTX *ctx, const char *name)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	must(EVP_Digest(name, strlen(name), digest, &length, EVP_sha256(),
	    NULL) == 1);
	must(SSL_CTX_set_session_id_context(ctx, digest, length) == 1);
}

struct tls_context *
tls_server_context(struct span certificate, struct span key,
    const char *name, struct err *err)
{
	struct tls_context *context = context_new(TLS_server_method());

	SSL_CTX_set_options(context->ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_num_tickets(context->ctx, 1);
	SSL_CTX_set_max_early_data(context->ctx, 0);
	set_session_context(context->ctx, name);
	if (!use_certificate(context->ctx, certificate, err) ||
	    !use_key(context->ctx, key, err))
		tls_context_free(&context);
	return context;
}

struct tls_context *
tls_client_context(struct err *err)
{
	struct tls_context *context = context_new(TLS_client_method());

	SSL_CTX_set_verify(context->ctx, SSL_VERIFY_NONE, NULL);
	if (SSL_CTX_set_cipher_list(context->ctx, "DEFAULT") != 1) {
		err_tls(err, "no cipher can be used");
		tls_context_free(&context);
	}
	return context;
}
