# Fakes that are programs of ours.
check_PROGRAMS += tests/fakes/child
tests_fakes_child_SOURCES = tests/fakes/child.c
tests_fakes_child_LDADD = $(LIB_WORKER) $(IO_LIBS)
