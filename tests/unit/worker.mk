# unit tests of worker
if CUNIT
check_PROGRAMS += tests/unit/test_worker
TESTS += tests/unit/test_worker
UNIT_TESTS += tests/unit/test_worker
tests_unit_test_worker_SOURCES = tests/unit/unit.h \
	tests/unit/worker/main.c tests/unit/worker/suites.h \
	tests/unit/worker/board.c \
	tests/unit/worker/life.c
tests_unit_test_worker_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS)
tests_unit_test_worker_LDADD = $(LIB_WORKER) $(IO_LIBS) $(CUNIT_LIBS)
endif
