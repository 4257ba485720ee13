# SPDX-License-Identifier: BSD-2-Clause
# make bench: counts instructions, to build/bench/results.tsv and
#             build/bench/breakdown.txt; BENCH="virt-gicv3:cortex-a53" for one.
# make size:  what the kernel costs, to build/size.tsv; fails above a limit.

BENCH ?= virt-gicv3:cortex-a53 virt-gicv3:cortex-a72 virt-gicv3:cortex-a76 virt-gicv3:max \
         virt-gicv2:cortex-a53

# make bench-page: both, and their figures into docs/performance.md.

.PHONY: bench size bench-page
bench: kit
	@PYTHONDONTWRITEBYTECODE=1 python3 bench/bench.py $(BENCH)

size: kit
	@build/tools/mullion build systems/hello/system.dts -o build/bench/hello
	@PYTHONDONTWRITEBYTECODE=1 python3 bench/size.py

bench-page: bench
	@$(MAKE) --no-print-directory size
	@PYTHONDONTWRITEBYTECODE=1 python3 bench/page.py
