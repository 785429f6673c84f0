/* SPDX-License-Identifier: ISC
 *
 * tls.c - tests of connections over TLS.
 */
#include "unit/io/side.h"
#include "unit/io/suites.h"

#include "base/mem.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <unistd.h>

static struct buf certificate, key;

static void
take_bio(BIO *bio, struct buf *out)
{
	char *data;
	long length = BIO_get_mem_data(bio, &data);

	buf_init(out, SIZE_MAX);
	buf_append(out, data, (size_t)length);
	BIO_free(bio);
}

/* A key, and a certificate that it signed itself, as PEM. */
static void
make_identity(struct buf *cert_out, struct buf *key_out)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());

	CU_ASSERT_PTR_NOT_NULL_FATAL(pkey);
	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -60);
	X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN",
	    MBSTRING_ASC, (const unsigned char *)"relay.test", -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	X509_set_pubkey(x509, pkey);
	CU_ASSERT_TRUE_FATAL(X509_sign(x509, pkey, EVP_sha256()) > 0);
	PEM_write_bio_X509(bio, x509);
	take_bio(bio, cert_out);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
	take_bio(bio, key_out);
	X509_free(x509);
	EVP_PKEY_free(pkey);
}

static struct tls_context *
server_context(void)
{
	struct tls_context *context;
	struct err err;

	make_identity(&certificate, &key);
	context = tls_server_context(buf_peek(&certificate), buf_peek(&key),
	    "listen", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(context);
	buf_fini(&certificate);
	buf_fini(&key);
	return context;
}

static struct tls_context *
client_context(void)
{
	struct err err;
	struct tls_context *context = tls_client_context(&err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(context);
	return context;
}

static bool
both_secured(struct sides *s)
{
	return s->near.told[CONN_SECURED] > 0 && s->far.told[CONN_SECURED] > 0;
}

static bool
near_ended(struct sides *s)
{
	return s->near.told[CONN_ENDED] > 0;
}

struct tls_sides {
	struct sides s;
	struct tls_context *server, *client;
};

/* NEAR is the server, FAR the client, and the handshake is done. */
static void
open_secured(struct tls_sides *t)
{
	sides_open(&t->s);
	t->server = server_context();
	t->client = client_context();
	conn_secure_server(t->s.near.conn, t->server);
	conn_secure_client(t->s.far.conn, t->client, "relay.test");
	sides_run(&t->s, both_secured);
}

static void
close_secured(struct tls_sides *t)
{
	sides_close(&t->s);
	tls_context_free(&t->server);
	tls_context_free(&t->client);
}

static size_t expected;

static bool
far_has_all(struct sides *s)
{
	return buf_length(&s->far.got) >= expected;
}

static bool
near_has_all(struct sides *s)
{
	return buf_length(&s->near.got) >= expected;
}

static void
bytes_pass_both_ways_over_tls(void)
{
	struct tls_sides t;
	uint8_t *block = mem_alloc(3 << 20);

	open_secured(&t);
	CU_ASSERT_STRING_EQUAL(tls_version(conn_tls(t.s.near.conn)),
	    "TLSv1.3");
	CU_ASSERT_STRING_EQUAL(tls_cipher(conn_tls(t.s.far.conn)),
	    tls_cipher(conn_tls(t.s.near.conn)));
	for (size_t i = 0; i < 3 << 20; i++)
		block[i] = (uint8_t)(i * 13 + (i >> 9));
	conn_send(t.s.near.conn, span_make(block, 3 << 20));
	conn_send(t.s.far.conn, span_of("250 ok\r\n"));
	expected = 3 << 20;
	sides_run(&t.s, far_has_all);
	CU_ASSERT_EQUAL(memcmp(buf_peek(&t.s.far.got).data, block, expected),
	    0);
	expected = 8;
	sides_run(&t.s, near_has_all);
	CU_ASSERT_TRUE(span_is(buf_peek(&t.s.near.got), "250 ok\r\n"));
	mem_free(block);
	close_secured(&t);
}

static void
what_was_decrypted_while_paused_comes_after_the_resume(void)
{
	struct tls_sides t;
	char *block = mem_alloc(12000);

	open_secured(&t);
	memset(block, 'y', 12000);
	t.s.near.pause = true;
	t.s.near.leave = true;
	conn_send(t.s.far.conn, span_make(block, 12000));
	conn_send(t.s.far.conn, span_make(block, 12000));
	sides_idle(&t.s);
	CU_ASSERT_EQUAL(t.s.near.told[CONN_INPUT], 1);
	t.s.near.pause = t.s.near.leave = false;
	conn_resume(t.s.near.conn);
	expected = 24000;
	sides_run(&t.s, near_has_all);
	CU_ASSERT_EQUAL(buf_length(&t.s.near.got), 24000);
	mem_free(block);
	close_secured(&t);
}

/* The last words in clear come before the handshake, also if they wait. */
static void
the_handshake_waits_for_the_last_words_in_clear(void)
{
	struct tls_sides t;
	char *block = mem_alloc(1 << 20);

	sides_open(&t.s);
	t.server = server_context();
	t.client = client_context();
	memset(block, 'z', 1 << 20);
	conn_pause(t.s.far.conn);
	conn_send(t.s.near.conn, span_make(block, 1 << 20));
	CU_ASSERT_TRUE(conn_waiting(t.s.near.conn) > 0);
	conn_secure_server(t.s.near.conn, t.server);
	sides_idle(&t.s);
	conn_resume(t.s.far.conn);
	expected = 1 << 20;
	sides_run(&t.s, far_has_all);
	CU_ASSERT_EQUAL(buf_length(&t.s.far.got), 1 << 20);
	CU_ASSERT_EQUAL(memcmp(buf_peek(&t.s.far.got).data, block, 1 << 20),
	    0);
	conn_secure_client(t.s.far.conn, t.client, "192.0.2.7");
	sides_run(&t.s, both_secured);
	mem_free(block);
	close_secured(&t);
}

static void
a_peer_that_speaks_no_tls_ends_the_connection(void)
{
	struct tls_context *server = server_context();
	struct sides s;

	sides_open_raw(&s, &side_limits);
	conn_secure_server(s.near.conn, server);
	CU_ASSERT_EQUAL(write(s.raw, "EHLO plain.test\r\n", 17), 17);
	sides_run(&s, near_ended);
	CU_ASSERT_EQUAL(s.near.told[CONN_SECURED], 0);
	CU_ASSERT_EQUAL(s.near.told[CONN_INPUT], 0);
	CU_ASSERT_EQUAL(strncmp(s.near.why, "TLS: ", 5), 0);
	conn_send(s.near.conn, span_of("500 in clear\r\n"));
	sides_close(&s);
	tls_context_free(&server);
}

/* A copy of FAR's descriptor, to speak beside its TLS session. */
static int
far_descriptor(struct tls_sides *t)
{
	int fd = dup(conn_fd(t->s.far.conn));

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	return fd;
}

static void
clear_bytes_inside_a_session_end_it_and_reach_nobody(void)
{
	struct tls_sides t;
	int fd;

	open_secured(&t);
	fd = far_descriptor(&t);
	CU_ASSERT_EQUAL(write(fd, "MAIL FROM:<a@b>\r\n", 17), 17);
	sides_run(&t.s, near_ended);
	CU_ASSERT_EQUAL(buf_length(&t.s.near.got), 0);
	CU_ASSERT_EQUAL(strncmp(t.s.near.why, "TLS: ", 5), 0);
	close(fd);
	close_secured(&t);
}

static void
an_end_without_close_notify_is_told_as_broken(void)
{
	struct tls_sides t;
	int fd;

	open_secured(&t);
	fd = far_descriptor(&t);
	CU_ASSERT_EQUAL(shutdown(fd, SHUT_WR), 0);
	sides_run(&t.s, near_ended);
	CU_ASSERT_STRING_EQUAL(t.s.near.why, "TLS: lost connection");
	close(fd);
	close_secured(&t);
}

static void
a_close_notify_is_a_clean_end_and_comes_after_the_data(void)
{
	struct tls_sides t;

	open_secured(&t);
	t.s.near.pause = t.s.near.leave = true;
	conn_send(t.s.far.conn, span_of("QUIT\r\n"));
	conn_finish(&t.s.far.conn, 1000);
	sides_idle(&t.s);
	CU_ASSERT_EQUAL(t.s.near.told[CONN_INPUT], 1);
	CU_ASSERT_EQUAL(t.s.near.told[CONN_ENDED], 0);
	t.s.near.pause = t.s.near.leave = false;
	conn_resume(t.s.near.conn);
	sides_run(&t.s, near_ended);
	CU_ASSERT_TRUE(span_is(buf_peek(&t.s.near.got), "QUIT\r\n"));
	CU_ASSERT_STRING_EQUAL(t.s.near.why, "lost connection");
	conn_free(&t.s.near.conn);
	sides_idle(&t.s);
	close_secured(&t);
}

static void
an_old_version_is_not_spoken(void)
{
	struct tls_context *server = server_context();
	SSL_CTX *old = SSL_CTX_new(TLS_client_method());
	struct sides s;
	SSL *ssl;

	sides_open_raw(&s, &side_limits);
	SSL_CTX_set_security_level(old, 0);
	SSL_CTX_set_min_proto_version(old, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(old, TLS1_1_VERSION);
	ssl = SSL_new(old);
	SSL_set_fd(ssl, s.raw);
	conn_secure_server(s.near.conn, server);
	CU_ASSERT_TRUE(SSL_connect(ssl) <= 0);
	sides_run(&s, near_ended);
	CU_ASSERT_EQUAL(s.near.told[CONN_SECURED], 0);
	SSL_free(ssl);
	SSL_CTX_free(old);
	sides_close(&s);
	tls_context_free(&server);
}

static void
material_that_does_not_fit_is_refused_with_a_reason(void)
{
	struct buf other_cert, other_key;
	struct err err;

	make_identity(&certificate, &key);
	make_identity(&other_cert, &other_key);
	CU_ASSERT_PTR_NULL(tls_server_context(buf_peek(&certificate),
	    buf_peek(&other_key), "l", &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "does not fit"));
	CU_ASSERT_PTR_NULL(tls_server_context(span_of("rubbish"),
	    buf_peek(&key), "l", &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "not PEM"));
	CU_ASSERT_PTR_NULL(tls_server_context(buf_peek(&certificate),
	    span_make(NULL, 0), "l", &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "key is not PEM"));
	buf_fini(&certificate);
	buf_fini(&key);
	buf_fini(&other_cert);
	buf_fini(&other_key);
}

const struct unit_test tls_tests[] = {
	UNIT(bytes_pass_both_ways_over_tls),
	UNIT(what_was_decrypted_while_paused_comes_after_the_resume),
	UNIT(the_handshake_waits_for_the_last_words_in_clear),
	UNIT(a_peer_that_speaks_no_tls_ends_the_connection),
	UNIT(clear_bytes_inside_a_session_end_it_and_reach_nobody),
	UNIT(an_end_without_close_notify_is_told_as_broken),
	UNIT(a_close_notify_is_a_clean_end_and_comes_after_the_data),
	UNIT(an_old_version_is_not_spoken),
	UNIT(material_that_does_not_fit_is_refused_with_a_reason),
	UNIT_END
};
