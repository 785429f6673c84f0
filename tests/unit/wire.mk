# unit tests of wire
if CUNIT
check_PROGRAMS += tests/unit/test_wire
TESTS += tests/unit/test_wire
UNIT_TESTS += tests/unit/test_wire
tests_unit_test_wire_SOURCES = tests/unit/unit.h \
	tests/unit/wire/main.c tests/unit/wire/suites.h \
	tests/unit/wire/channel.c \
	tests/unit/wire/frames.c \
	tests/unit/wire/rows.c
tests_unit_test_wire_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS)
tests_unit_test_wire_LDADD = $(LIB_WIRE) $(IO_LIBS) $(CUNIT_LIBS)
endif
