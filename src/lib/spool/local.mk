noinst_LIBRARIES += src/lib/spool/libspool.a
src_lib_spool_libspool_a_SOURCES =
