noinst_LIBRARIES += src/lib/spool/libspool.a
src_lib_spool_libspool_a_SOURCES = \
	src/lib/spool/bytes.h \
	src/lib/spool/envelope.c src/lib/spool/envelope.h \
	src/lib/spool/layout.c src/lib/spool/layout.h \
	src/lib/spool/msgid.c src/lib/spool/msgid.h \
	src/lib/spool/prepare.c \
	src/lib/spool/record.c src/lib/spool/record.h
