noinst_LIBRARIES += src/deliverer/libdeliverer.a
src_deliverer_libdeliverer_a_SOURCES = \
	src/deliverer/command_out.c src/deliverer/command_out.h \
	src/deliverer/offer.c src/deliverer/offer.h \
	src/deliverer/session.c src/deliverer/session.h \
	src/deliverer/transaction.c src/deliverer/transaction.h \
	src/deliverer/verdict.c src/deliverer/verdict.h
LIB_DELIVERER = src/deliverer/libdeliverer.a $(LIB_SPOOL)
