# unit tests of smtp
if CUNIT
check_PROGRAMS += tests/unit/test_smtp
TESTS += tests/unit/test_smtp
UNIT_TESTS += tests/unit/test_smtp
tests_unit_test_smtp_SOURCES = \
	tests/unit/smtp/command.c \
	tests/unit/smtp/dot.c \
	tests/unit/smtp/dot_mend.c \
	tests/unit/smtp/dot_reference.h \
	tests/unit/smtp/dot_text.c \
	tests/unit/smtp/main.c \
	tests/unit/smtp/param.c \
	tests/unit/smtp/path.c \
	tests/unit/smtp/reply.c \
	tests/unit/smtp/reply_put.c \
	tests/unit/smtp/smuggling.c \
	tests/unit/smtp/suites.h \
	tests/unit/smtp/xtext.c \
	tests/unit/unit.h
tests_unit_test_smtp_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS)
tests_unit_test_smtp_LDADD = $(LIB_SMTP) $(CUNIT_LIBS)
endif
