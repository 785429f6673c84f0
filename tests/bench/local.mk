# The yardstick: built with the tests, run by hand (tests/bench/run).
noinst_PROGRAMS += tests/bench/mailbench
tests_bench_mailbench_SOURCES = tests/bench/main.c tests/bench/common.c \
	tests/bench/sink.c tests/bench/source.c tests/bench/idle.c \
	tests/bench/mailbench.h
EXTRA_DIST += tests/bench/run tests/bench/peer-postfix
