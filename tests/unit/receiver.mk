# unit tests of the receiver: the session machine and what it needs
if CUNIT
check_PROGRAMS += tests/unit/test_receiver
TESTS += tests/unit/test_receiver
UNIT_TESTS += tests/unit/test_receiver
tests_unit_test_receiver_SOURCES = tests/unit/unit.h \
	tests/unit/receiver/main.c tests/unit/receiver/suites.h \
	tests/unit/receiver/talk.c tests/unit/receiver/talk.h \
	tests/unit/receiver/classify.c \
	tests/unit/receiver/clients.c \
	tests/unit/receiver/habits.c \
	tests/unit/receiver/limits.c \
	tests/unit/receiver/message.c \
	tests/unit/receiver/relay.c \
	tests/unit/receiver/session.c \
	tests/unit/receiver/slips.c \
	tests/unit/receiver/smuggling.c \
	tests/unit/receiver/starttls.c \
	tests/unit/receiver/states.c \
	tests/unit/receiver/times.c
tests_unit_test_receiver_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS)
tests_unit_test_receiver_LDADD = src/receiver/libsession.a $(LIB_WORKER) $(LIB_SPOOL) \
	$(CUNIT_LIBS) $(IO_LIBS)
endif
