# unit tests of io
if CUNIT
check_PROGRAMS += tests/unit/test_io
TESTS += tests/unit/test_io
UNIT_TESTS += tests/unit/test_io
tests_unit_test_io_SOURCES = tests/unit/unit.h \
	tests/unit/io/main.c tests/unit/io/suites.h \
	tests/unit/io/side.c tests/unit/io/side.h \
	tests/unit/io/addr.c \
	tests/unit/io/conn.c \
	tests/unit/io/door.c \
	tests/unit/io/loop.c \
	tests/unit/io/tls.c
tests_unit_test_io_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_io_LDADD = $(LIB_IO) $(IO_LIBS) $(CUNIT_LIBS)
endif
