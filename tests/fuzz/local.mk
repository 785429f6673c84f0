# One libFuzzer program per pure parser: configure CC=clang --enable-fuzz.
# tests/fuzz/run gives each some seconds; its seeds are in seeds/NAME.
EXTRA_DIST += tests/fuzz/run tests/fuzz/seeds
if FUZZ
LIBFUZZER = $(AM_LDFLAGS) -fsanitize=fuzzer
TESTS += tests/fuzz/run

check_PROGRAMS += tests/fuzz/fuzz_conf
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c
tests_fuzz_fuzz_conf_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_conf_LDADD = $(LIB_CONF)
endif
