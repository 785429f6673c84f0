# All but main() is a library, so that the tests can have it.
noinst_LIBRARIES += src/scheduler/libscheduler.a
src_scheduler_libscheduler_a_SOURCES = \
	src/scheduler/answer.c \
	src/scheduler/arrivals.c \
	src/scheduler/astray.c src/scheduler/astray.h \
	src/scheduler/attention.c src/scheduler/attention.h \
	src/scheduler/bounce.c src/scheduler/bounce.h \
	src/scheduler/change.c src/scheduler/change.h \
	src/scheduler/claim.c \
	src/scheduler/client.h \
	src/scheduler/compact.c src/scheduler/compact.h \
	src/scheduler/deaths.c src/scheduler/deaths.h \
	src/scheduler/control.c src/scheduler/control.h \
	src/scheduler/deadline.c src/scheduler/deadline.h \
	src/scheduler/discover.c src/scheduler/discover.h \
	src/scheduler/disk.c src/scheduler/disk.h \
	src/scheduler/dispatch_unheard.c src/scheduler/dispatch.c src/scheduler/dispatch.h \
	src/scheduler/dispatch_known.c \
	src/scheduler/explain.c src/scheduler/explain.h \
	src/scheduler/explain_route.c \
	src/scheduler/explain_sender.c \
	src/scheduler/filter.c src/scheduler/filter.h \
	src/scheduler/flow.c src/scheduler/flow.h \
	src/scheduler/hosts.c src/scheduler/hosts.h \
	src/scheduler/intake.c src/scheduler/intake_segment.c src/scheduler/intake.h \
	src/scheduler/keeper.c src/scheduler/keeper.h \
	src/scheduler/kept.c src/scheduler/kept.h \
	src/scheduler/line.c src/scheduler/line.h \
	src/scheduler/listing.c src/scheduler/listing.h \
	src/scheduler/load.c \
	src/scheduler/meter.c src/scheduler/meter.h \
	src/scheduler/names.c src/scheduler/names.h \
	src/scheduler/past.c src/scheduler/past.h \
	src/scheduler/notice.c src/scheduler/notice.h \
	src/scheduler/outage.c src/scheduler/outage.h \
	src/scheduler/pauses.c src/scheduler/pauses.h \
	src/scheduler/pauses_file.c \
	src/scheduler/pressure.c src/scheduler/pressure.h \
	src/scheduler/quarantine.c src/scheduler/quarantine.h \
	src/scheduler/queue.c src/scheduler/queue.h \
	src/scheduler/rcpt_set.h \
	src/scheduler/questions.c \
	src/scheduler/refill.c \
	src/scheduler/removal.c src/scheduler/removal.h \
	src/scheduler/reclass.c src/scheduler/reclass.h \
	src/scheduler/requests.c \
	src/scheduler/requests_class.c \
	src/scheduler/requests_corrupt.c \
	src/scheduler/requests_move.c \
	src/scheduler/requests_site.c \
	src/scheduler/shape.c src/scheduler/shape.h \
	src/scheduler/settle.c src/scheduler/settle.h \
	src/scheduler/show.c \
	src/scheduler/signs.c \
	src/scheduler/report.c src/scheduler/report.h \
	src/scheduler/results.c src/scheduler/results.h \
	src/scheduler/retry.c src/scheduler/retry.h \
	src/scheduler/reroute.c \
	src/scheduler/routes.c src/scheduler/routes.h \
	src/scheduler/say.c src/scheduler/say.h \
	src/scheduler/scheduler.c src/scheduler/scheduler.h \
	src/scheduler/sender.c src/scheduler/sender.h \
	src/scheduler/segments.c src/scheduler/segments.h \
	src/scheduler/site.c src/scheduler/site.h \
	src/scheduler/site_fares.c \
	src/scheduler/skips.c src/scheduler/skips.h \
	src/scheduler/rates_file.c src/scheduler/rates_file.h \
	src/scheduler/sketch.c src/scheduler/sketch.h \
	src/scheduler/spent.c src/scheduler/spent.h \
	src/scheduler/suspects.c src/scheduler/suspects.h \
	src/scheduler/syncer.c src/scheduler/syncer.h \
	src/scheduler/sync_batch.c src/scheduler/sync_batch.h \
	src/scheduler/takeup.c src/scheduler/takeup.h \
	src/scheduler/wake.c \
	src/scheduler/ward.c src/scheduler/ward.h \
	src/scheduler/ward_sum.c \
	src/scheduler/walk.c src/scheduler/walk.h \
	src/scheduler/walk_match.c src/scheduler/idheap.c \
	src/scheduler/idheap.h src/scheduler/search.c src/scheduler/search.h \
	src/scheduler/search_find.c \
	src/scheduler/streams.c src/scheduler/streams.h \
	src/scheduler/rouse.c src/scheduler/rouse.h \
	src/scheduler/window.c src/scheduler/window.h
src_scheduler_libscheduler_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
LIB_SCHEDULER = src/scheduler/libscheduler.a $(LIB_SPOOL)

pkglibexec_PROGRAMS += postrider-scheduler
postrider_scheduler_SOURCES = src/scheduler/main.c
postrider_scheduler_LDADD = src/scheduler/libscheduler.a \
	src/lib/worker/libworker.a src/lib/spool/libspool.a \
	src/lib/mail/libmail.a src/lib/smtp/libsmtp.a \
	src/lib/conf/libconf.a $(LIB_WIRE) \
	$(JANSSON_LIBS) $(DB_LIBS) $(IO_LIBS)
