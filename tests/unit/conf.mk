if CUNIT
check_PROGRAMS += tests/unit/test_conf
TESTS += tests/unit/test_conf
UNIT_TESTS += tests/unit/test_conf
tests_unit_test_conf_SOURCES = \
	tests/unit/conf/defaults.c \
	tests/unit/conf/dump.c \
	tests/unit/conf/errors.c \
	tests/unit/conf/lexer.c \
	tests/unit/conf/load.c \
	tests/unit/conf/main.c \
	tests/unit/conf/match.c \
	tests/unit/conf/notice.c \
	tests/unit/conf/options.c \
	tests/unit/conf/replies.c \
	tests/unit/conf/told.c \
	tests/unit/conf/tests.h tests/unit/unit.h
tests_unit_test_conf_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	-DTESTS_ETC='"$(abs_top_srcdir)/etc"' $(CUNIT_CFLAGS)
tests_unit_test_conf_LDADD = $(LIB_CONF) $(CUNIT_LIBS)
endif
