# unit tests of ctl
if CUNIT
check_PROGRAMS += tests/unit/test_ctl
TESTS += tests/unit/test_ctl
UNIT_TESTS += tests/unit/test_ctl
tests_unit_test_ctl_SOURCES = \
	tests/unit/ctl/addrlist.c \
	tests/unit/ctl/base64.c \
	tests/unit/ctl/giveback.c \
	tests/unit/ctl/intake.c \
	tests/unit/ctl/letter.c \
	tests/unit/ctl/listing.c \
	tests/unit/ctl/main.c \
	tests/unit/ctl/options.c \
	tests/unit/ctl/sendmail_options.c \
	tests/unit/ctl/submit.c \
	tests/unit/ctl/suites.h \
	tests/unit/ctl/trace_line.c \
	tests/unit/ctl/verb_find.c \
	tests/unit/unit.h
tests_unit_test_ctl_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_ctl_LDADD = $(LIB_CTL) $(JANSSON_LIBS) $(CUNIT_LIBS)
endif
