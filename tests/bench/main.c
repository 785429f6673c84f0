/* SPDX-License-Identifier: ISC
 *
 * main.c - mailbench: a load source and a measuring sink for SMTP relays.
 *
 *	mailbench sink -l ADDR:PORT[,…]     accepts mail, measures lateness
 *	mailbench source -t ADDR:PORT       sends mail, measures acceptance
 *	mailbench idle -t ADDR:PORT -c N    holds N idle connections, and times
 *	                                    how fast new clients are greeted
 *
 * Each prints one JSON line at its end.
 */
#include "mailbench.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static void
on_signal(int s)
{
	(void)s;
	stopping = 1;
}

int
main(int argc, char **argv)
{
	struct rlimit rl;
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	signal(SIGPIPE, SIG_IGN);
	struct sigaction sa = { .sa_handler = on_signal };
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	if (argc > 1 && !strcmp(argv[1], "sink"))
		return sink_main(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "source"))
		return source_main(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "idle"))
		return idle_main(argc - 1, argv + 1);
	fprintf(stderr,
	    "usage: mailbench sink -l ADDR:PORT[,...] [--delay-ms N] [--expect "
	    "N] [--tempfail-rcpt PCT] [--tempfail-data PCT]\n"
	    "                      [--drop-after-dot PCT] [--close-after N] "
	    "[--max-conns N] [--log FILE] [--idle-exit S]\n"
	    "       mailbench source -t ADDR:PORT [-c CONNS] [-n COUNT] [-s "
	    "SIZE] [--class NAME] [--rate PER_S] [--rcpts N]\n"
	    "                      [--domains N] [--per-conn N] [--mail-param "
	    "P] [--header H] [--from A] [--rcpt-domain D]\n"
	    "                      [--acked FILE] [--deadline S] [--first-seq "
	    "N]\n"
	    "                      [--literals [--dead]]\n");
	return 2;
}
