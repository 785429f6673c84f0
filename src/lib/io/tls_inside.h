/* SPDX-License-Identifier: ISC
 *
 * tls_inside.h - a TLS context from within: for tls*.c alone.
 */
#ifndef IO_TLS_INSIDE_H
#define IO_TLS_INSIDE_H

#include "io/tls.h"

#include <openssl/ssl.h>

struct tls_context {
	SSL_CTX *ctx;
};

#endif
