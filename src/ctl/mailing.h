/* SPDX-License-Identifier: ISC
 *
 * mailing.h - a message from standard input to the relay.
 */
#ifndef CTL_MAILING_H
#define CTL_MAILING_H

#include "conf/conf.h"
#include "ctl/sendmail_options.h"

/*
 * Send what standard input has, or with MODE_VERIFY ask what would become of
 * it, for the COUNT recipients of ARGV and those of the header.  Returns the
 * exit code; whoever does not get it was told to people, and to the sender
 * if there is somebody to tell.
 */
int mailing_send(const struct sendmail_options *options,
    const struct conf *conf, int count, char **argv);
int mailing_verify(const struct sendmail_options *options,
    const struct conf *conf, int count, char **argv);

#endif
