noinst_LIBRARIES += src/lib/spool/libspool.a
src_lib_spool_libspool_a_SOURCES = \
	src/lib/spool/bytes.h \
	src/lib/spool/check.c src/lib/spool/check.h \
	src/lib/spool/check_inside.h src/lib/spool/check_segment.c \
	src/lib/spool/commit.c src/lib/spool/commit.h \
	src/lib/spool/committer.c \
	src/lib/spool/corrupt.c src/lib/spool/corrupt.h \
	src/lib/spool/corrupt_file.c \
	src/lib/spool/crcjoin.c src/lib/spool/crcjoin.h \
	src/lib/spool/ends.c \
	src/lib/spool/envelope.c src/lib/spool/envelope.h \
	src/lib/spool/edition.c src/lib/spool/edition.h \
	src/lib/spool/erase.c \
	src/lib/spool/first_edition.c src/lib/spool/first_edition.h \
	src/lib/spool/index.c src/lib/spool/index.h \
	src/lib/spool/index_care.c src/lib/spool/index_env.c src/lib/spool/index_inside.h \
	src/lib/spool/index_files.c \
	src/lib/spool/index_row.c \
	src/lib/spool/index_trust.c \
	src/lib/spool/index_walk.c src/lib/spool/index_lists.c \
	src/lib/spool/journal.c \
	src/lib/spool/lane.c src/lib/spool/lane.h \
	src/lib/spool/layout.c src/lib/spool/layout.h \
	src/lib/spool/msgid.c src/lib/spool/msgid.h \
	src/lib/spool/room.c src/lib/spool/room.h \
	src/lib/spool/prepare.c \
	src/lib/spool/ranges.c src/lib/spool/ranges.h \
	src/lib/spool/record.c src/lib/spool/record.h \
	src/lib/spool/record_io.c \
	src/lib/spool/reader.c src/lib/spool/reader.h \
	src/lib/spool/reader_inside.h src/lib/spool/reader_search.c \
	src/lib/spool/segment.c src/lib/spool/segment.h \
	src/lib/spool/sequence.c src/lib/spool/sequence.h \
	src/lib/spool/serves.c src/lib/spool/serves.h \
	src/lib/spool/status.c src/lib/spool/status.h \
	src/lib/spool/stream.c \
	src/lib/spool/stream_work.c
