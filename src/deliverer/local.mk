noinst_LIBRARIES += src/deliverer/libdeliverer.a
src_deliverer_libdeliverer_a_SOURCES = \
	src/deliverer/attention.c src/deliverer/attention.h \
	src/deliverer/by.c src/deliverer/by.h \
	src/deliverer/command_out.c src/deliverer/command_out.h \
	src/deliverer/courier.c src/deliverer/courier.h \
	src/deliverer/courier_ahead.c src/deliverer/courier_dial.c \
	src/deliverer/courier_detour.c \
	src/deliverer/courier_host.c \
	src/deliverer/courier_work.c \
	src/deliverer/deliverer.c src/deliverer/deliverer.h \
	src/deliverer/detour.c src/deliverer/detour.h \
	src/deliverer/health.c src/deliverer/health.h \
	src/deliverer/late.c src/deliverer/late.h \
	src/deliverer/message.c src/deliverer/message.h \
	src/deliverer/offer.c src/deliverer/offer.h \
	src/deliverer/own.c src/deliverer/own.h \
	src/deliverer/places.c src/deliverer/places.h \
	src/deliverer/pool.c src/deliverer/pool.h \
	src/deliverer/pool_lines.c \
	src/deliverer/report.c src/deliverer/report.h \
	src/deliverer/rules.c src/deliverer/rules.h \
	src/deliverer/segments.c src/deliverer/segments.h \
	src/deliverer/service.c src/deliverer/service.h \
	src/deliverer/session.c src/deliverer/session.h \
	src/deliverer/session_ahead.c src/deliverer/session_inside.h \
	src/deliverer/session_doubt.c src/deliverer/session_state.c \
	src/deliverer/site.c src/deliverer/site.h \
	src/deliverer/site_failure.c \
	src/deliverer/target.c src/deliverer/target.h \
	src/deliverer/transaction.c src/deliverer/transaction.h \
	src/deliverer/transaction_doubt.c src/deliverer/transaction_inside.h \
	src/deliverer/verdict.c src/deliverer/verdict.h
LIB_DELIVERER = src/deliverer/libdeliverer.a $(LIB_WORKER) $(LIB_SPOOL)

pkglibexec_PROGRAMS += src/deliverer/postrider-deliverer
src_deliverer_postrider_deliverer_SOURCES = src/deliverer/main.c
src_deliverer_postrider_deliverer_LDADD = $(LIB_DELIVERER) $(IO_LIBS)
