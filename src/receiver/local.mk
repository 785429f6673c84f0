# The session machine and what it needs, without hands: for the tests too.
noinst_LIBRARIES += src/receiver/libsession.a
src_receiver_libsession_a_SOURCES = \
	src/receiver/classify.c src/receiver/classify.h \
	src/receiver/clients.c src/receiver/clients.h \
	src/receiver/habits.c src/receiver/habits.h \
	src/receiver/intake.c src/receiver/intake.h \
	src/receiver/known.c src/receiver/known.h \
	src/receiver/mail.c \
	src/receiver/policy.c src/receiver/policy.h \
	src/receiver/pressure.c src/receiver/pressure.h \
	src/receiver/rules.h \
	src/receiver/say.c src/receiver/say.h \
	src/receiver/session.c src/receiver/session.h \
	src/receiver/transaction.c src/receiver/transaction.h \
	src/receiver/verbs.c src/receiver/verbs.h

pkglibexec_PROGRAMS += postrider-receiver
postrider_receiver_SOURCES = \
	src/receiver/admit.c src/receiver/admit.h \
	src/receiver/front.c src/receiver/front.h \
	src/receiver/listen.c src/receiver/listen.h \
	src/receiver/main.c src/receiver/receiver.h \
	src/receiver/store.c src/receiver/store.h
postrider_receiver_LDADD = src/receiver/libsession.a $(LIB_SPOOL) \
	$(LIB_WORKER) $(LIB_CONF) $(IO_LIBS)
