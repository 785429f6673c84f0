# Checks of the source itself.
check_PROGRAMS += tests/options
tests_options_SOURCES = tests/options.c
tests_options_LDADD = $(LIB_CONF)
TESTS += tests/includes tests/banned tests/manuals
EXTRA_DIST += tests/includes tests/rooms tests/banned tests/manuals tests/repeat
