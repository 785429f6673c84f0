noinst_LIBRARIES += src/lib/mail/libmail.a
src_lib_mail_libmail_a_SOURCES =
