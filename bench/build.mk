# SPDX-License-Identifier: BSD-2-Clause
# make bench: counts instructions, to build/bench/results.tsv and
#             build/bench/breakdown.txt; BENCH="virt-gicv3:cortex-a53" for one.
# make size:  what the kernel costs, to build/size.tsv; fails above a limit.
# make bench-page: both, and their figures into docs/performance.md.

BENCH ?= virt-gicv3:cortex-a53 virt-gicv3:cortex-a76 virt-gicv3:max virt-gicv2:cortex-a53
BENCH_PYTHON := PYTHONDONTWRITEBYTECODE=1 python3

.PHONY: bench size bench-page
bench:
	@scripts/packages.sh run
	@$(QUIETLY) kit
	@$(BENCH_PYTHON) bench/bench.py $(BENCH)

size:
	@scripts/packages.sh test
	@$(QUIETLY) kit
	@build/tools/mullion build systems/hello/system.dts -o build/bench/hello
	@$(BENCH_PYTHON) bench/size.py

bench-page:
	@$(MAKE) --no-print-directory bench
	@$(MAKE) --no-print-directory size
	@$(BENCH_PYTHON) bench/page.py
