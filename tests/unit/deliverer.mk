# unit tests of deliverer and resolver, and the peers the scenes play with
EXTRA_DIST += tests/fakes/dns.py tests/fakes/sink.py

if CUNIT
check_PROGRAMS += tests/unit/test_deliverer
TESTS += tests/unit/test_deliverer
UNIT_TESTS += tests/unit/test_deliverer
tests_unit_test_deliverer_SOURCES = tests/unit/unit.h \
	tests/unit/deliverer/main.c tests/unit/deliverer/tests.h \
	tests/unit/deliverer/ahead.c \
	tests/unit/deliverer/attention.c \
	tests/unit/deliverer/by.c \
	tests/unit/deliverer/certificate.c \
	tests/unit/deliverer/command_out.c \
	tests/unit/deliverer/dead.c \
	tests/unit/deliverer/delivery.c \
	tests/unit/deliverer/doubt.c \
	tests/unit/deliverer/detour.c \
	tests/unit/deliverer/health.c \
	tests/unit/deliverer/host.c tests/unit/deliverer/host.h \
	tests/unit/deliverer/late.c \
	tests/unit/deliverer/odd.c tests/unit/deliverer/pool.c \
	tests/unit/deliverer/report.c tests/unit/deliverer/rules.c \
	tests/unit/deliverer/script.c tests/unit/deliverer/script.h \
	tests/unit/deliverer/session.c \
	tests/unit/deliverer/transaction.c \
	tests/unit/deliverer/trouble.c \
	tests/unit/deliverer/verdict.c \
	tests/unit/deliverer/world.c tests/unit/deliverer/world.h
tests_unit_test_deliverer_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	$(CUNIT_CFLAGS)
tests_unit_test_deliverer_LDADD = $(LIB_DELIVERER) $(IO_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test_resolver
TESTS += tests/unit/test_resolver
UNIT_TESTS += tests/unit/test_resolver
tests_unit_test_resolver_SOURCES = tests/unit/unit.h \
	tests/unit/resolver/main.c tests/unit/resolver/tests.h \
	tests/unit/resolver/lookup.c \
	tests/unit/resolver/packet.c \
	tests/unit/resolver/question.c
tests_unit_test_resolver_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests \
	-DPYTHON3='"$(PYTHON3)"' -DFAKES='"$(abs_top_srcdir)/tests/fakes"' \
	$(CUNIT_CFLAGS)
tests_unit_test_resolver_LDADD = $(LIB_RESOLVER) $(IO_LIBS) $(UNBOUND_LIBS) \
	$(CUNIT_LIBS)
endif
