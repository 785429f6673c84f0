/* SPDX-License-Identifier: ISC
 *
 * retry.h - when to try again, and when to give up.
 */
#ifndef SCHEDULER_RETRY_H
#define SCHEDULER_RETRY_H

#include "conf/conf.h"

/* The pause after the ATTEMPTS-th failure (1 = first) of mail of KLASS,
 * with jitter; at least 1 ms. */
msec_t retry_pause(const struct conf *conf, enum mail_class klass,
    unsigned attempts);

/*
 * The wall time of the next try: after the pause, but not beyond the end of
 * its life, so that the last try is made just before it is given up.
 */
usec_t retry_due(const struct conf *conf, enum mail_class klass,
    unsigned attempts, usec_t arrived, usec_t now);

/* When mail of KLASS that arrived at ARRIVED is given up (wall). */
usec_t retry_end(const struct conf *conf, enum mail_class klass,
    usec_t arrived);

/* Whether its sender is to be told of the delay by now. */
bool retry_warns(const struct conf *conf, enum mail_class klass,
    usec_t arrived, usec_t now);

/* The longest pause of KLASS, jitter included: no due time is further off. */
msec_t retry_longest(const struct conf *conf, enum mail_class klass);

#endif
