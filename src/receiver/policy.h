/* SPDX-License-Identifier: ISC
 *
 * policy.h - what is taken, and from whom.
 *
 * Answers are complaints: code 0 means welcome.
 */
#ifndef RECEIVER_POLICY_H
#define RECEIVER_POLICY_H

#include "receiver/transaction.h"

/* Who a client is that connected to LISTEN from ADDRESS. */
struct client policy_client(const struct conf_listen *listen,
    struct addr address, bool have_certificate);
/* The same for a local user on the submission socket. */
struct client policy_local(uint32_t uid);

/* The most pressing class that a message of which MAIL said PARAMS may turn
 * out to be of. */
enum mail_class policy_best_class(const struct client *client,
    const struct mail_params *params);

/* May a message of CLIENT begin?  Its size and times, room on disk, pressure. */
struct complaint policy_mail(const struct rules *rules,
    const struct client *client, const struct mail_params *params);

/* Has the disk room for SIZE bytes of mail of KLASS? */
struct complaint policy_room(const struct rules *rules,
    enum mail_class klass, uint64_t size);

/* Whether PATH is the postmaster of this host, and CONF has one who reads
 * the mail (RFC 5321, 4.5.1). */
bool policy_is_postmaster(const struct conf *conf, const struct path *path);

/*
 * May CLIENT send to PATH?  Only trusted networks relay, and but for the
 * postmaster there is no mail for this host itself: how the address is
 * written does not matter.
 */
struct complaint policy_rcpt(const struct rules *rules,
    const struct client *client, const struct transaction *txn,
    const struct path *path);

/* May the body come now?  Room in memory. */
struct complaint policy_data(const struct rules *rules,
    const struct transaction *txn);

/* Whether LENGTH more bytes of body fit; urgent mail may have the last. */
bool policy_has_memory(const struct rules *rules,
    const struct transaction *txn, size_t length);

#endif
