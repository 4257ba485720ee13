# SPDX-License-Identifier: BSD-2-Clause
# Looking at systems that run. Included by the top Makefile.
#   make test-observe            mullion trace and top (RUNS=word: the cases with this word)

.PHONY: test-observe
test-observe: kit build/tests/tool/mullion
	@python3 tests/observe/run.py $(RUNS)
