# SPDX-License-Identifier: BSD-2-Clause
# make run · make test · make bench · make check · make size · make install
all: kit

.DELETE_ON_ERROR:
include kernel/build.mk
include lib/build.mk
include tools/mullion/build.mk

# The kit: all that the host tool needs to make systems.
KIT_BOARDS := $(foreach b,$(BOARDS),build/kit/boards/$(b)/mullion.elf build/kit/boards/$(b)/board.dts)
build/kit/boards/%/mullion.elf: build/kernel/release/%/mullion.elf
	@mkdir -p $(@D)
	@cp $< $@
build/kit/boards/%/board.dts: boards/%/board.dts
	@mkdir -p $(@D)
	@cp $< $@
kit: kernel-release kit-lib build/tools/mullion $(KIT_BOARDS)
.PHONY: all kit
