# The simulator: the scheduler's core in simulated time.
SIM_SOURCES = tests/sim/sim.h tests/sim/engine.c tests/sim/world.c \
	tests/sim/ours.c tests/sim/rivals.c src/deliverer/pool.c \
	src/deliverer/pool_lines.c
SIM_LIBS = src/scheduler/libscheduler.a src/lib/spool/libspool.a \
	src/lib/mail/libmail.a src/lib/smtp/libsmtp.a $(LIB_CONF)

check_PROGRAMS += tests/sim/simulate
TESTS += tests/sim/simulate
tests_sim_simulate_SOURCES = tests/sim/main.c $(SIM_SOURCES)
tests_sim_simulate_LDADD = $(SIM_LIBS)

# The longest waits that the manual states hold over random traces.
check_PROGRAMS += tests/sim/promises
TESTS += tests/sim/promises
tests_sim_promises_SOURCES = tests/sim/promises.c $(SIM_SOURCES)
tests_sim_promises_LDADD = $(SIM_LIBS)
