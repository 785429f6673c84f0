if CUNIT
check_PROGRAMS += tests/unit/test_base
TESTS += tests/unit/test_base
UNIT_TESTS += tests/unit/test_base
tests_unit_test_base_SOURCES = \
	tests/unit/base/buf.c \
	tests/unit/base/err.c \
	tests/unit/base/fds.c \
	tests/unit/base/fsys.c \
	tests/unit/base/hash.c \
	tests/unit/base/heap.c \
	tests/unit/base/list.c \
	tests/unit/base/log.c \
	tests/unit/base/main.c \
	tests/unit/base/map.c \
	tests/unit/base/marks.c \
	tests/unit/base/must.c \
	tests/unit/base/pace.c \
	tests/unit/base/plain.c \
	tests/unit/base/rand.c \
	tests/unit/base/span.c \
	tests/unit/base/tests.h tests/unit/unit.h
tests_unit_test_base_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS)
tests_unit_test_base_LDADD = $(LIB_BASE) $(CUNIT_LIBS)
endif
