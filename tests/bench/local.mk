# The yardstick: built with the tests, run by hand (tests/bench/run).
noinst_PROGRAMS += tests/bench/mailbench
tests_bench_mailbench_SOURCES = tests/bench/main.c tests/bench/common.c \
	tests/bench/sink.c tests/bench/source.c tests/bench/idle.c \
	tests/bench/mailbench.h
EXTRA_DIST += tests/bench/run tests/bench/backlog.py tests/bench/dead.py \
	tests/bench/domains.py tests/bench/parts.py \
	tests/bench/waits.py tests/bench/peer-postfix

# The committer and the index alone: tests/bench/bench_spool /DIRECTORY
noinst_PROGRAMS += tests/bench/bench_spool
tests_bench_bench_spool_SOURCES = tests/bench/bench_spool.c
tests_bench_bench_spool_LDADD = $(LIB_SPOOL) $(IO_LIBS) $(DB_LIBS)
