/* SPDX-License-Identifier: ISC
 *
 * certificate.c - a server's identity for one test run.
 */
#include "unit/deliverer/world.h"

#include "unit/unit.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

static struct span
bytes_of(BIO *bio)
{
	char *data;
	long length = BIO_get_mem_data(bio, &data);

	return span_make(data, (size_t)length);
}

static X509 *
sign_itself(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"host.test", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	CU_ASSERT_TRUE_FATAL(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

struct tls_context *
test_certificate(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = sign_itself(key);
	BIO *one = BIO_new(BIO_s_mem()), *two = BIO_new(BIO_s_mem());
	struct tls_context *context;
	struct err err;

	PEM_write_bio_X509(one, certificate);
	PEM_write_bio_PrivateKey(two, key, NULL, NULL, 0, NULL, NULL);
	context = tls_server_context(bytes_of(one), bytes_of(two), "host",
	    &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(context);
	BIO_free(one);
	BIO_free(two);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return context;
}
