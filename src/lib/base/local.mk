noinst_LIBRARIES += src/lib/base/libbase.a
src_lib_base_libbase_a_SOURCES = \
	src/lib/base/buf.c src/lib/base/buf.h \
	src/lib/base/clock.c src/lib/base/clock.h \
	src/lib/base/crash.c src/lib/base/crash.h \
	src/lib/base/crc32c.c src/lib/base/crc32c.h \
	src/lib/base/err.c src/lib/base/err.h \
	src/lib/base/fds.c src/lib/base/fds.h \
	src/lib/base/fsys.c src/lib/base/fsys.h \
	src/lib/base/hash.c src/lib/base/hash.h \
	src/lib/base/heap.c src/lib/base/heap.h \
	src/lib/base/list.h \
	src/lib/base/log.c src/lib/base/log.h \
	src/lib/base/log_line.c src/lib/base/log_line.h \
	src/lib/base/map.c src/lib/base/map.h \
	src/lib/base/marks.c src/lib/base/marks.h \
	src/lib/base/mem.c src/lib/base/mem.h \
	src/lib/base/must.c src/lib/base/must.h \
	src/lib/base/pace.c src/lib/base/pace.h \
	src/lib/base/plain.c src/lib/base/plain.h \
	src/lib/base/rand.c src/lib/base/rand.h \
	src/lib/base/span.c src/lib/base/span.h
