noinst_LIBRARIES += src/lib/conf/libconf.a
src_lib_conf_libconf_a_SOURCES =
