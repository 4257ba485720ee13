# SPDX-License-Identifier: BSD-2-Clause
# Debian Linux in virtual machines. Included by the top Makefile.
#   make test-linux             all runs of tests/linux/runs.txt
#   make test-linux RUNS=both3  those whose line has this word

.PHONY: test-linux
test-linux: kit guests-all
	@python3 tests/linux/run.py $(RUNS)
