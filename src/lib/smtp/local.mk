noinst_LIBRARIES += src/lib/smtp/libsmtp.a
src_lib_smtp_libsmtp_a_SOURCES =
