noinst_LIBRARIES += src/lib/conf/libconf.a
src_lib_conf_libconf_a_SOURCES = \
	src/lib/conf/conf.c src/lib/conf/conf.h \
	src/lib/conf/conf_check.c \
	src/lib/conf/conf_dump.c \
	src/lib/conf/conf_lexer.c src/lib/conf/conf_lexer.h \
	src/lib/conf/conf_list.c \
	src/lib/conf/conf_load.c \
	src/lib/conf/conf_match.c \
	src/lib/conf/conf_net.c src/lib/conf/conf_net.h \
	src/lib/conf/conf_notice.c src/lib/conf/conf_notice.h \
	src/lib/conf/conf_number.c \
	src/lib/conf/conf_part.c \
	src/lib/conf/conf_rate.c \
	src/lib/conf/conf_reply.c \
	src/lib/conf/conf_parser.c src/lib/conf/conf_parser.h \
	src/lib/conf/conf_suggest.c src/lib/conf/conf_suggest.h \
	src/lib/conf/conf_table.c src/lib/conf/conf_table.h \
	src/lib/conf/conf_told.c src/lib/conf/conf_told.h \
	src/lib/conf/conf_type.c src/lib/conf/conf_type.h \
	src/lib/conf/conf_warn.c
