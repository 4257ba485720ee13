# SPDX-License-Identifier: BSD-2-Clause
# Budgets, service bounds, time windows: in QEMU, where instructions are the
# clock. Included by the top Makefile.
#   make test-rt             all runs of tests/rt/runs.txt
#   make test-rt RUNS=bound  those whose line has this word
#   make test-drive          the drive's control loop beside a busy Linux, for a minute of the machine's time
#   make test-long           the same for ten minutes

RT_GUEST := build/tests/rt/images/spin
$(RT_GUEST): tests/rt/machine/spin.S
	@mkdir -p $(@D)
	@aarch64-linux-gnu-gcc -c -o $@.o $<
	@aarch64-linux-gnu-objcopy -O binary $@.o $@

.PHONY: test-rt test-drive test-long
test-rt: kit $(RT_GUEST)
	@MULLION_GUESTS=build/tests/rt/images python3 tests/target/run.py --runs tests/rt/runs.txt --limit 240 $(RUNS)
test-drive: kit kit-net guests-stress
	@python3 tests/rt/drive.py
test-long: kit kit-net guests-stress
	@python3 tests/rt/drive.py --seconds 600
