noinst_LIBRARIES += src/lib/io/libio.a
src_lib_io_libio_a_SOURCES =
