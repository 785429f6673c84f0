noinst_LIBRARIES += src/lib/mail/libmail.a
src_lib_mail_libmail_a_SOURCES = \
	src/lib/mail/clean.c src/lib/mail/clean.h \
	src/lib/mail/date.c \
	src/lib/mail/dsn.c src/lib/mail/dsn.h \
	src/lib/mail/dsn_fields.c \
	src/lib/mail/dsn_shorten.c \
	src/lib/mail/dsn_text.c src/lib/mail/dsn_text.h \
	src/lib/mail/header.c src/lib/mail/header.h \
	src/lib/mail/trace.c src/lib/mail/trace.h
