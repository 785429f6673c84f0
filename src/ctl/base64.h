/* SPDX-License-Identifier: ISC
 *
 * base64.h - bytes out of base64 (RFC 4648).
 */
#ifndef CTL_BASE64_H
#define CTL_BASE64_H

#include "base/buf.h"

/* Append what TEXT stands for to OUT.  False: it is not base64; OUT may
 * have part of it. */
bool base64_decode(struct span text, struct buf *out);

#endif
