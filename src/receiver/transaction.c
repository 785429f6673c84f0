/* SPDX-License-Identifier: ISC
 *
 * transaction.c - one message on its way in, from MAIL to the reply to the
 * dot.
 */
#include "receiver/transaction.h"

#include "base/mem.h"

/* Times that count from NOW become times of the clock; 0 stays for none. */
static void
set_times(struct envelope *envelope, const struct mail_params *params,
    usec_t now)
{
	if (params->has_by) {
		envelope->by = now + params->by_seconds * 1000000;
		if (envelope->by < 1)
			envelope->by = 1;
		envelope->by_return = params->by_return;
		if (params->by_trace)
			envelope->flags |= ENVELOPE_TRACE;
	}
	if (params->has_hold)
		envelope->hold = params->hold_until != 0 ?
		    params->hold_until * 1000000 :
		    now + params->hold_seconds * 1000000;
}

struct transaction *
transaction_new(struct span reverse_path, const struct mail_params *params,
    usec_t now)
{
	struct transaction *txn = mem_new(struct transaction);
	struct envelope *envelope = envelope_new();

	envelope_set_reverse_path(envelope, reverse_path);
	envelope->ret = params->ret;
	if (params->envid.data != NULL)
		envelope->envid = span_copy(params->envid);
	if (params->eight_bit)
		envelope->flags |= ENVELOPE_8BIT;
	if (params->has_priority) {
		envelope->flags |= ENVELOPE_PRIORITY;
		envelope->priority = params->priority;
	}
	set_times(envelope, params, now);
	txn->envelope = envelope;
	txn->declared = params->has_size ? params->size : 0;
	return txn;
}

void
transaction_reset(struct transaction **txn, struct rules *rules)
{
	struct transaction *t = *txn;

	if (t == NULL)
		return;
	rules->in_flight -= t->charged;
	known_fini(&t->known);
	envelope_free(&t->envelope);
	buf_fini(&t->body);
	mem_free(t);
	*txn = NULL;
}

void
transaction_refuse(struct transaction *txn, struct rules *rules,
    unsigned code, const char *status, const char *text)
{
	if (txn->refused.code != 0)
		return;
	txn->refused = (struct complaint){ code, status, text };
	buf_fini(&txn->body);
	transaction_charge(txn, rules);
}

bool
transaction_has_rcpt(const struct transaction *txn, struct span address)
{
	return known_has(&txn->known, txn->envelope, address);
}

void
transaction_add_rcpt(struct transaction *txn, struct rules *rules,
    struct span address, const struct rcpt_params *params)
{
	envelope_add_rcpt(txn->envelope, address, params->orcpt,
	    params->notify);
	known_note_last(&txn->known, txn->envelope);
	txn->envelope_bytes += sizeof(struct envelope_rcpt) +
	    address.length + params->orcpt.length + 32;	/* of malloc's own */
	transaction_charge(txn, rules);
}

void
transaction_charge(struct transaction *txn, struct rules *rules)
{
	size_t now = txn->body.room + txn->envelope_bytes +
	    known_bytes(&txn->known);

	rules->in_flight += now - txn->charged;
	txn->charged = now;
}
