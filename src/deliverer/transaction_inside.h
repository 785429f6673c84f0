/* SPDX-License-Identifier: ISC
 *
 * transaction_inside.h - for transaction.c and transaction_doubt.c alone.
 */
#ifndef DELIVERER_TRANSACTION_INSIDE_H
#define DELIVERER_TRANSACTION_INSIDE_H

#include "deliverer/transaction.h"

/* TEXT are the words of VERDICT; a million bytes are enough for any report,
 * and what does not fit is left out. */
void transaction_add_text(struct transaction *transaction, const char *text,
    struct verdict *verdict);

/* REPLY is the one to the final dot; or the server leaves with it. */
enum transaction_step transaction_on_dot(struct transaction *transaction,
    const struct reply *reply);
enum transaction_step transaction_on_leaving(struct transaction *transaction,
    const struct reply *reply);

#endif
