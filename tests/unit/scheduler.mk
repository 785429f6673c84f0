# unit tests of scheduler
if CUNIT
check_PROGRAMS += tests/unit/test_scheduler
TESTS += tests/unit/test_scheduler
UNIT_TESTS += tests/unit/test_scheduler
tests_unit_test_scheduler_SOURCES = tests/unit/unit.h \
	tests/fakes/disk.c tests/fakes/disk.h \
	tests/unit/scheduler/main.c tests/unit/scheduler/suites.h \
	tests/unit/scheduler/attention.c \
	tests/unit/scheduler/batch.c \
	tests/unit/scheduler/breaker.c \
	tests/unit/scheduler/compact.c \
	tests/unit/scheduler/control.c \
	tests/unit/scheduler/durable.c \
	tests/unit/scheduler/ends.c \
	tests/unit/scheduler/core.h \
	tests/unit/scheduler/rig.c tests/unit/scheduler/rig.h \
	tests/unit/scheduler/bounded.c \
	tests/unit/scheduler/reading.c \
	tests/unit/scheduler/spool.c \
	tests/unit/scheduler/spent.c \
	tests/unit/scheduler/fair.c \
	tests/unit/scheduler/kept.c \
	tests/unit/scheduler/ward.c \
	tests/unit/scheduler/refill.c \
	tests/unit/scheduler/reread.c \
	tests/unit/scheduler/flow.c \
	tests/unit/scheduler/hosts.c \
	tests/unit/scheduler/limited.c \
	tests/unit/scheduler/line.c \
	tests/unit/scheduler/first_edition.c \
	tests/unit/scheduler/past.c \
	tests/unit/scheduler/queue.c \
	tests/unit/scheduler/suspects.c \
	tests/unit/scheduler/deaths.c \
	tests/unit/scheduler/rates.c \
	tests/unit/scheduler/reclass.c \
	tests/unit/scheduler/report.c \
	tests/unit/scheduler/results.c \
	tests/unit/scheduler/reroute.c \
	tests/unit/scheduler/routes.c \
	tests/unit/scheduler/outage.c \
	tests/unit/scheduler/retry.c \
	tests/unit/scheduler/senders.c \
	tests/unit/scheduler/shape.c \
	tests/unit/scheduler/site.c \
	tests/unit/scheduler/walk.c
tests_unit_test_scheduler_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(top_srcdir)/tests $(JANSSON_CFLAGS) $(CUNIT_CFLAGS)
tests_unit_test_scheduler_LDFLAGS = $(AM_LDFLAGS) $(FAKE_DISK)
tests_unit_test_scheduler_LDADD = src/scheduler/libscheduler.a \
	src/lib/worker/libworker.a \
	src/lib/spool/libspool.a src/lib/mail/libmail.a \
	src/lib/smtp/libsmtp.a src/lib/conf/libconf.a $(LIB_WIRE) \
	$(JANSSON_LIBS) $(DB_LIBS) $(IO_LIBS) $(CUNIT_LIBS)
endif
