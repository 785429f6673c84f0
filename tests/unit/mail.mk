# unit tests of mail
if CUNIT
check_PROGRAMS += tests/unit/test_mail
TESTS += tests/unit/test_mail
UNIT_TESTS += tests/unit/test_mail
tests_unit_test_mail_SOURCES = \
	tests/unit/mail/clean.c \
	tests/unit/mail/date.c \
	tests/unit/mail/dsn.c \
	tests/unit/mail/dsn_returned.c \
	tests/unit/mail/header.c \
	tests/unit/mail/main.c \
	tests/unit/mail/suites.h \
	tests/unit/mail/trace.c \
	tests/unit/unit.h
tests_unit_test_mail_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS)
tests_unit_test_mail_LDADD = $(LIB_MAIL) $(CUNIT_LIBS)
endif

# Reports as another implementation reads them.
check_PROGRAMS += tests/unit/show_dsn
TESTS += tests/dsn_parses
EXTRA_DIST += tests/dsn_parses tests/dsn_parses.py
tests_unit_show_dsn_SOURCES = tests/unit/mail/show_dsn.c
tests_unit_show_dsn_LDADD = $(LIB_MAIL)
