# SPDX-License-Identifier: BSD-2-Clause
# make bench: counts instructions, to build/bench/results.tsv and
#             build/bench/breakdown.txt; BENCH="virt-gicv3:cortex-a53" for one;
#             BENCH_PART=native or guest for the cells or the virtual machine alone;
#             without it the Linux rows follow (bench/linux).
# make bench-latency: how late interrupts reach a cell beside hostile ones, to build/bench/latency.tsv
# make size:  what the kernel costs, to build/size.tsv; fails above a limit.
# make bench-page: both, and their figures into docs/performance.md.

BENCH ?= virt-gicv3:cortex-a53 virt-gicv3:cortex-a76 virt-gicv3:max virt-gicv2:cortex-a53
BENCH_PYTHON := PYTHONDONTWRITEBYTECODE=1 python3

# The guest that is measured. It lies where no address of the kernel does, so that
# the log of executed addresses tells them apart.
BENCH_GUEST := build/bench/images/guest
BENCH_GUEST_BASE := 0x40600000
$(BENCH_GUEST): bench/guest.c bench/guest_vectors.S $(wildcard tests/guests/lib/*) $(KIT)/lib/libmv.a bench/build.mk
	@mkdir -p $(@D)
	@$(GUEST_CC) $(GUEST_CFLAGS) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	  -Wl,--no-warn-rwx-segments -Wl,--defsym=GUEST_BASE=$(BENCH_GUEST_BASE) -T tests/guests/lib/guest.ld \
	  -o $@.elf bench/guest.c bench/guest_vectors.S $(GUEST_LIB) $(KIT)/lib/libmv.a
	@aarch64-linux-gnu-objcopy -O binary $@.elf $@

.PHONY: bench bench-latency size bench-page
bench:
	@scripts/packages.sh run
	@$(QUIETLY) kit $(BENCH_GUEST)
	@$(BENCH_PYTHON) bench/bench.py $(if $(BENCH_PART),--part $(BENCH_PART)) $(BENCH)
	@$(if $(BENCH_PART),,$(MAKE) --no-print-directory -s bench-linux bench-io bench-latency)

bench-latency:
	@scripts/packages.sh run
	@$(QUIETLY) kit guest-images
	@$(BENCH_PYTHON) bench/masked/latency.py

size:
	@scripts/packages.sh test
	@$(QUIETLY) kit
	@build/tools/mullion build systems/hello/system.dts -o build/bench/hello
	@$(BENCH_PYTHON) bench/size.py

bench-page:
	@$(MAKE) --no-print-directory bench
	@$(MAKE) --no-print-directory size
	@$(BENCH_PYTHON) bench/page.py
