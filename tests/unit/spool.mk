if CUNIT
check_PROGRAMS += tests/unit/test_spool
TESTS += tests/unit/test_spool
UNIT_TESTS += tests/unit/test_spool
tests_unit_test_spool_SOURCES = tests/unit/unit.h \
	tests/fakes/disk.c tests/fakes/disk.h \
	tests/unit/spool/main.c \
	tests/unit/spool/office.c tests/unit/spool/office.h \
	tests/unit/spool/room.c tests/unit/spool/room.h \
	tests/unit/spool/check.c \
	tests/unit/spool/commit.c \
	tests/unit/spool/corrupt.c \
	tests/unit/spool/durable.c \
	tests/unit/spool/ends.c \
	tests/unit/spool/envelope.c \
	tests/unit/spool/index.c \
	tests/unit/spool/layout.c \
	tests/unit/spool/lists.c \
	tests/unit/spool/made.c tests/unit/spool/made.h \
	tests/unit/spool/msgid.c \
	tests/unit/spool/ranges.c \
	tests/unit/spool/reader.c \
	tests/unit/spool/record.c \
	tests/unit/spool/segment.c \
	tests/unit/spool/sequence.c \
	tests/unit/spool/status.c \
	tests/unit/spool/stream.c \
	tests/unit/spool/way.c
tests_unit_test_spool_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS)
tests_unit_test_spool_LDFLAGS = $(AM_LDFLAGS) $(FAKE_DISK)
tests_unit_test_spool_LDADD = $(LIB_SPOOL) $(IO_LIBS) $(DB_LIBS) \
	$(CUNIT_LIBS)
endif
