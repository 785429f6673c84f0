noinst_LIBRARIES += src/lib/wire/libwire.a
src_lib_wire_libwire_a_SOURCES = \
	src/lib/wire/bytes.h \
	src/lib/wire/channel.c src/lib/wire/channel.h \
	src/lib/wire/frames.c src/lib/wire/frames.h \
	src/lib/wire/rows.c
