# unit tests of deliverer and resolver, and the peers the scenes play with
EXTRA_DIST += tests/fakes/dns.py tests/fakes/sink.py
