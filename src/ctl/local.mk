# The tools share libctl; each program is its main() alone.
noinst_LIBRARIES += src/ctl/libctl.a
src_ctl_libctl_a_SOURCES = \
	src/ctl/addrlist.c src/ctl/addrlist.h \
	src/ctl/author.c src/ctl/author.h \
	src/ctl/base64.c src/ctl/base64.h \
	src/ctl/client.c src/ctl/client.h \
	src/ctl/giveback.c src/ctl/giveback.h \
	src/ctl/intake.c src/ctl/intake.h \
	src/ctl/letter.c src/ctl/letter.h \
	src/ctl/listing.c src/ctl/listing.h \
	src/ctl/mailing.c src/ctl/mailing.h src/ctl/mailing_inside.h \
	src/ctl/mailing_read.c src/ctl/mailing_told.c \
	src/ctl/options.c src/ctl/options.h \
	src/ctl/pipe_smtp.c src/ctl/pipe_smtp.h \
	src/ctl/recipients.c src/ctl/recipients.h \
	src/ctl/relay.c src/ctl/relay.h \
	src/ctl/sendmail_long.c src/ctl/sendmail_long.h \
	src/ctl/sendmail_options.c src/ctl/sendmail_options.h \
	src/ctl/submit.c src/ctl/submit.h \
	src/ctl/tool.c src/ctl/tool.h \
	src/ctl/trace_line.c src/ctl/trace_line.h \
	src/ctl/verb_find.c src/ctl/verbs.h
src_ctl_libctl_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
LIB_CTL = src/ctl/libctl.a src/lib/conf/libconf.a $(LIB_SPOOL)

bin_PROGRAMS += postrider mailq
sbin_PROGRAMS += sendmail

postrider_SOURCES = src/ctl/postrider.c \
	src/ctl/config_verbs.c \
	src/ctl/corrupt_verb.c \
	src/ctl/queue_show.c \
	src/ctl/queue_verbs.c \
	src/ctl/relay_verbs.c \
	src/ctl/route_text.c src/ctl/route_text.h \
	src/ctl/route_verb.c \
	src/ctl/shape_verb.c \
	src/ctl/site_verbs.c \
	src/ctl/spool_verbs.c \
	src/ctl/status_verb.c \
	src/ctl/trace_read.c src/ctl/trace_read.h \
	src/ctl/trace_verb.c
postrider_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
postrider_LDADD = $(LIB_CTL) $(JANSSON_LIBS) $(DB_LIBS) $(IO_LIBS)

mailq_SOURCES = src/ctl/mailq.c
mailq_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
mailq_LDADD = $(LIB_CTL) $(JANSSON_LIBS)

sendmail_SOURCES = src/ctl/sendmail.c
sendmail_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
sendmail_LDADD = $(LIB_CTL) $(JANSSON_LIBS)
