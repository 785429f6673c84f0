# Each room of the tests lists its own files; unit tests are one CUnit
# program per room of src/.
UNIT_TESTS =
# The calls that tests/fakes/disk.c stands before.
FAKE_DISK = -Wl,--wrap=openat -Wl,--wrap=pwritev -Wl,--wrap=fdatasync \
	-Wl,--wrap=fsync -Wl,--wrap=ftruncate -Wl,--wrap=unlinkat \
	-Wl,--wrap=pread -Wl,--wrap=flock -Wl,--wrap=fallocate \
	-Wl,--wrap=readdir
include tests/unit/base.mk
include tests/unit/conf.mk
include tests/unit/io.mk
include tests/unit/smtp.mk
include tests/unit/mail.mk
include tests/unit/wire.mk
include tests/unit/spool.mk
include tests/unit/worker.mk
include tests/unit/receiver.mk
include tests/unit/scheduler.mk
include tests/unit/deliverer.mk
include tests/unit/ctl.mk
include tests/fakes/local.mk
include tests/master/local.mk
include tests/checks.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/sim/local.mk
