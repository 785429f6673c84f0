noinst_LIBRARIES += src/lib/smtp/libsmtp.a
src_lib_smtp_libsmtp_a_SOURCES = \
	src/lib/smtp/command.c src/lib/smtp/command.h \
	src/lib/smtp/dot.c src/lib/smtp/dot.h \
	src/lib/smtp/dot_mend.c src/lib/smtp/dot_mend.h \
	src/lib/smtp/param.c src/lib/smtp/param.h \
	src/lib/smtp/path.c src/lib/smtp/path.h \
	src/lib/smtp/reply.c src/lib/smtp/reply.h \
	src/lib/smtp/xtext.c
