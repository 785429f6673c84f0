# The master with children that do nothing.
TESTS += tests/master/run
EXTRA_DIST += tests/master/run
