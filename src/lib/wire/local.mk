noinst_LIBRARIES += src/lib/wire/libwire.a
src_lib_wire_libwire_a_SOURCES =
