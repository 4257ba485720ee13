# SPDX-License-Identifier: BSD-2-Clause
# Systems of test cells, booted in QEMU. Included by the top Makefile.
#   make test-target             all runs of tests/target/runs.txt
#   make test-target RUNS=calls  those whose line has this word
#   make test-drivers            driver cells with QEMU's devices (RUNS as well)
RUNS ?=

.PHONY: test-target
test-target: kit kernel-debug kernel-slow
	@python3 tests/target/run.py $(RUNS)

.PHONY: test-drivers
test-drivers: kit
	@python3 tests/target/drivers.py $(RUNS)
