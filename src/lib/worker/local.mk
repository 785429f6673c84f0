noinst_LIBRARIES += src/lib/worker/libworker.a
src_lib_worker_libworker_a_SOURCES =
