# SPDX-License-Identifier: BSD-2-Clause
# What can be made: make help

.DEFAULT_GOAL := kit
.DELETE_ON_ERROR:

include kernel/build.mk
include lib/build.mk
include lib/libnet/build.mk
include tools/mullion/build.mk
include tests/tool/build.mk
include tests/lib/build.mk
include tests/target/build.mk
include tests/masked/build.mk
include tests/unit/build.mk
include tests/sim/build.mk
include bench/build.mk
include boot/build.mk
include tests/boot/build.mk
include guests/build.mk
include tests/guests/build.mk
include tests/linux/build.mk
include tests/net/build.mk
include tests/vmm/build.mk
include tests/observe/build.mk
include tests/rt/build.mk
include tests/sharing/build.mk
include tests/virtio/build.mk
include tests/block/build.mk
include tests/pci/build.mk
include tests/io/build.mk
include bench/linux/build.mk
include bench/io/build.mk

# ---- the kit: all that the host tool needs to make systems ------------------

KIT_BOARDS := $(foreach b,$(BOARDS),build/kit/boards/$(b)/mullion.elf build/kit/boards/$(b)/board.dts)
build/kit/boards/%/mullion.elf: build/kernel/release/%/mullion.elf
	@mkdir -p $(@D)
	@cp $< $@
build/kit/boards/%/board.dts: boards/%/board.dts
	@mkdir -p $(@D)
	@cp $< $@

.PHONY: kit all
kit: kernel-release kit-lib kit-boot build/tools/mullion $(KIT_BOARDS)
all: kit $(addprefix kernel-,$(VARIANTS))

# ---- run ---------------------------------------------------------------------

# A folder of systems/. Those with virtual machines take Debian's kernel and our
# initramfs, or LINUX=path INITRD=path.
SYSTEM ?= handset
SYSTEM_DTS = systems/$(SYSTEM)/system.dts
SYSTEM_GUESTS = $(if $(findstring linux,$(SYSTEM)),guests)
# What a system needs besides, and QEMU's words for it.
RUN_NEEDS_handset := kit-net guests build/handset/disk.img
RUN_WORDS_handset := -drive if=none,id=disk,format=raw,file=build/handset/disk.img -netdev user,id=net
# The clock counts instructions: what the control loop sees does not depend on this computer.
RUN_NEEDS_drive := kit-net guests-stress
RUN_WORDS_drive := -icount shift=4,sleep=off
build/handset/disk.img: systems/handset/disk.sh systems/handset/README.md
	@[ -e $@ ] || systems/handset/disk.sh $@
	@touch $@
JOBS   := $(shell nproc 2>/dev/null || echo 1)
QUIETLY = $(MAKE) --no-print-directory -s -j$(JOBS)

.PHONY: run tour tour-two-linux tour-pipeline tour-handset tour-drive
run:
	@scripts/packages.sh run
	@$(QUIETLY) kit $(SYSTEM_GUESTS) $(RUN_NEEDS_$(SYSTEM))
	@if [ -t 0 ] || [ ! -e systems/$(SYSTEM)/tour.py ]; then \
	    build/tools/mullion run $(SYSTEM_DTS) -- $(RUN_WORDS_$(SYSTEM)); \
	else $(MAKE) --no-print-directory -s tour-$(SYSTEM); fi

# Tours that type and check by themselves.
tour: tour-$(SYSTEM)
tour-two-linux: guests
tour-handset: kit kit-net guests
	@systems/handset/disk.sh build/handset/tour.img
	@python3 systems/handset/tour.py build/tools/mullion run systems/handset/system.dts -- \
	  $(subst disk.img,tour.img,$(RUN_WORDS_handset))
tour-drive: kit kit-net guests-stress
	@python3 systems/drive/tour.py build/tools/mullion run systems/drive/system.dts -- $(RUN_WORDS_drive)
tour-two-linux tour-pipeline: tour-%: kit
	@python3 systems/$*/tour.py build/tools/mullion run systems/$*/system.dts

# ---- test --------------------------------------------------------------------

# Each prints "N passed, N failed" at its end, or counts as one. First all that they
# share is made; then those run that may have company, two at a time, the long ones
# first; then those that judge by the clock, while others get what they leave; and
# those that must be alone. TEST_ALSO: more of those that no limit of time can hurt.
TEST_BUILD  := test-programs
TEST_BESIDE := test-guests test-target test-drivers test-observe test-sim test-unit test-lib test-virtio test-clang test-boot \
               test-lib-target test-tutorial tour-pipeline test-net test-vmm test-io test-block test-nic test-pci
TEST_TIMED  := test-linux test-sharing
TEST_IDLE   := test-tool test-drive test-rt $(TEST_ALSO)
TEST_ALONE  := tour-handset
TEST_UNITS  := $(foreach d,unit virtio vmm block nic pci io net,build/tests/$(d)/gcc/unit build/tests/$(d)/clang/unit) \
               build/tests/sim/sim build/tests/tool/mullion build/tests/tool/mutate build/tests/tool/look

.PHONY: test test-programs test-tutorial test-clang check
test:
	@scripts/packages.sh test
	@tests/all.py -j $(JOBS) --build $(TEST_BUILD) --beside $(TEST_BESIDE) --timed $(TEST_TIMED) \
	  --idle $(TEST_IDLE) --alone $(TEST_ALONE)

test-programs: all kit-net guests-all guests-stress guest-images $(TEST_UNITS)

test-tutorial: kit
	@python3 tests/tutorial.py

# The kernel that clang has built, under the library's tests.
CLANG_KIT := build/tests/clang/kit
test-clang: kit kernel-clang
	@rm -rf $(CLANG_KIT) && mkdir -p $(dir $(CLANG_KIT)) && cp -r build/kit $(CLANG_KIT)
	@for b in $(BOARDS); do cp build/kernel/clang/$$b/mullion.elf $(CLANG_KIT)/boards/$$b/; done
	@MULLION_HOME=$(CURDIR)/$(CLANG_KIT) tests/lib/target/run.sh build/tools/mullion build/tests/clang/lib

check:
	@scripts/packages.sh check
	@$(QUIETLY) kit
	@python3 tests/check.py

# ---- install -----------------------------------------------------------------

PREFIX ?= /usr/local
# A shell other than bash hands ~ on as it is.
INSTALL_DIR = $(DESTDIR)$(patsubst ~/%,$(HOME)/%,$(PREFIX))

.PHONY: install
install:
	@scripts/packages.sh run
	@$(QUIETLY) kit
	@mkdir -p "$(INSTALL_DIR)/bin" "$(INSTALL_DIR)/share"
	@rm -rf "$(INSTALL_DIR)/share/mullion"
	@cp -r build/kit "$(INSTALL_DIR)/share/mullion"
	@install -m 755 build/tools/mullion "$(INSTALL_DIR)/bin/mullion"
	@echo "installed: $(INSTALL_DIR)/bin/mullion and $(INSTALL_DIR)/share/mullion"

.PHONY: docs figures clean help
# The page of docs/ that is made from the sources.
docs:
	@python3 scripts/abi_page.py >docs/abi.md.new && mv docs/abi.md.new docs/abi.md

# Measures, and puts what it finds into docs/performance.md and README.md.
figures: bench-page
	@python3 scripts/readme_figures.py

clean:
	rm -rf build

help:
	@echo 'make              the kit: kernels of all boards, cell library, host tool (build/kit, build/tools/mullion)'
	@echo 'make run          boots two Linux machines, drivers and a modem (SYSTEM=two-linux, linux, pipeline, ...: another'
	@echo '                  of systems/); without a terminal, a scripted tour'
	@echo 'make test         all tests; the last line is "N passed, N failed"'
	@echo 'make test-unit    the kernel on this PC, under sanitizers (also test-tool, test-lib, test-lib-target,'
	@echo '                  test-clang, test-target, test-boot, test-tutorial, test-vmm, test-guests, test-linux,'
	@echo '                  tour-pipeline, tour-two-linux: the other parts of make test)'
	@echo 'make fuzz         random calls at the door, for FUZZ_SECONDS; make fuzz-virtio: whoever is on the other side of a ring'
	@echo 'make check        the static gate: headers, warnings, layering, style, links, generated pages'
	@echo 'make bench        measures, to build/bench/results.tsv'
	@echo 'make size         sizes, to build/size.tsv'
	@echo 'make install      the tool and the kit, to PREFIX (/usr/local)'
	@echo 'make docs         makes docs/abi.md anew; make figures measures, and fills README.md and docs/performance.md'
	@echo 'make clean        removes build/'
