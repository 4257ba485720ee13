# SPDX-License-Identifier: BSD-2-Clause
# Systems of test cells, booted in QEMU. Included by the top Makefile.
#   make test-target             all runs of tests/target/runs.txt
#   make test-target RUNS=calls  those whose line has this word
RUNS ?=

.PHONY: test-target
test-target: kit kernel-debug kernel-slow
	@python3 tests/target/run.py $(RUNS)
