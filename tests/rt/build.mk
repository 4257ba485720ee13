# SPDX-License-Identifier: BSD-2-Clause
# Budgets, service bounds, time windows: in QEMU, where instructions are the
# clock. Included by the top Makefile.
#   make test-rt             all runs of tests/rt/runs.txt
#   make test-rt RUNS=bound  those whose line has this word

.PHONY: test-rt
test-rt: kit
	@python3 tests/target/run.py --runs tests/rt/runs.txt --limit 240 $(RUNS)
