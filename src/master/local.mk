sbin_PROGRAMS += src/master/postriderd
src_master_postriderd_SOURCES = \
	src/master/children.c src/master/children.h \
	src/master/daemon.c src/master/daemon.h \
	src/master/drain.c src/master/drain.h \
	src/master/house.c src/master/house.h \
	src/master/house_spool.c \
	src/master/introduce.c \
	src/master/listen.c src/master/listen.h \
	src/master/logbook.c src/master/logbook.h \
	src/master/main.c \
	src/master/master.h \
	src/master/names.c src/master/names.h \
	src/master/options.c src/master/options.h \
	src/master/premises.c src/master/premises.h \
	src/master/reload.c src/master/reload.h \
	src/master/sockets.c \
	src/master/spawn.c src/master/spawn.h \
	src/master/watch.c
src_master_postriderd_LDADD = $(LIB_WORKER) src/lib/spool/libspool.a \
	$(LIB_WORKER) $(IO_LIBS)
