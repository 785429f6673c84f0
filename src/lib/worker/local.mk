noinst_LIBRARIES += src/lib/worker/libworker.a
src_lib_worker_libworker_a_SOURCES = \
	src/lib/worker/birth.c \
	src/lib/worker/board.c src/lib/worker/board.h \
	src/lib/worker/crowd.c src/lib/worker/crowd.h \
	src/lib/worker/jail.c \
	src/lib/worker/peers.c \
	src/lib/worker/worker.c src/lib/worker/worker.h \
	src/lib/worker/worker_frames.c \
	src/lib/worker/worker_inside.h
