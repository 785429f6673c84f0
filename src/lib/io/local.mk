noinst_LIBRARIES += src/lib/io/libio.a
src_lib_io_libio_a_SOURCES = \
	src/lib/io/addr.c src/lib/io/addr.h \
	src/lib/io/conn.c src/lib/io/conn.h src/lib/io/conn_inside.h \
	src/lib/io/conn_in.c src/lib/io/conn_out.c \
	src/lib/io/door.c src/lib/io/door.h \
	src/lib/io/loop.c src/lib/io/loop.h src/lib/io/loop_inside.h \
	src/lib/io/timer.c \
	src/lib/io/tls.c src/lib/io/tls.h src/lib/io/tls_inside.h \
	src/lib/io/tls_context.c
src_lib_io_libio_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(OPENSSL_CFLAGS)
