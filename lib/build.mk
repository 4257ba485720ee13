# SPDX-License-Identifier: BSD-2-Clause
#
# The cell library and what a cell is compiled against:
#   build/kit/include/mv/           the ABI
#   build/kit/lib/include/libmv/    the library's headers, calls.h generated
#   build/kit/lib/libmv.a           the library with start-up
#   build/kit/lib/libvirtio.a       virtio's rings, both ends; headers likewise
#   build/kit/lib/cell.ld           how a cell is linked
#   build/kit/cells/<name>/         the library cells, as source
# Included by the top Makefile; `make kit-lib` makes it all. The compiler can be
# clang: make LIBMV_CC="clang --target=aarch64-none-elf".

LIBMV_CC      ?= aarch64-linux-gnu-gcc
LIBMV_AR      ?= aarch64-linux-gnu-ar
LIBMV_IS_GCC  := $(if $(findstring clang,$(LIBMV_CC)),,yes)

KIT           ?= build/kit
LIBMV_BUILD   ?= build/lib/libmv
LIBMV_INCLUDE := $(KIT)/lib/include/libmv
LIBMV_SOURCES := $(wildcard lib/libmv/src/*.c lib/libmv/src/*.S)
LIBMV_OBJECTS := $(patsubst lib/libmv/src/%,$(LIBMV_BUILD)/%.o,$(LIBMV_SOURCES))
LIBMV_HEADERS := $(patsubst lib/libmv/include/libmv/%,$(LIBMV_INCLUDE)/%,\
                   $(wildcard lib/libmv/include/libmv/*.h)) $(LIBMV_INCLUDE)/calls.h
VIRTIO_BUILD  ?= $(dir $(LIBMV_BUILD))libvirtio
VIRTIO_OBJECTS := $(patsubst lib/libvirtio/src/%,$(VIRTIO_BUILD)/%.o,$(wildcard lib/libvirtio/src/*.c))
VIRTIO_HEADERS := $(patsubst lib/libvirtio/include/libvirtio/%,$(KIT)/lib/include/libvirtio/%,\
                    $(wildcard lib/libvirtio/include/libvirtio/*.h))
KIT_ABI       := $(patsubst include/mv/%,$(KIT)/include/mv/%,$(wildcard include/mv/*))
KIT_CELLS     := $(patsubst cells/%,$(KIT)/cells/%,$(wildcard cells/*/*.c cells/*/*.h))
# All sources in a cell's folder of the kit are compiled: those that are gone must go.
KIT_STALE     := $(filter-out $(KIT_CELLS),$(wildcard $(KIT)/cells/*/*.c $(KIT)/cells/*/*.h))

# The functions that the compiler calls by itself must not be made of calls to
# themselves, hence freestanding and no loop idioms. A cell links nothing but
# this library, hence no out-of-line atomics.
LIBMV_CFLAGS := -std=c11 -O2 -g -march=armv8-a -mfix-cortex-a53-835769 -mgeneral-regs-only -ffreestanding -fno-pic \
  -fno-builtin -ffunction-sections -fdata-sections -fno-stack-protector \
  -fno-asynchronous-unwind-tables -fno-common -mno-outline-atomics \
  $(if $(LIBMV_IS_GCC),-fno-tree-loop-distribute-patterns) \
  -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion \
  -ffile-prefix-map=$(CURDIR)=. -I$(KIT)/lib/include -I$(KIT)/include -Ilib/libmv/src

.PHONY: kit-lib
kit-lib: $(KIT)/lib/libmv.a $(KIT)/lib/libvirtio.a $(KIT)/lib/cell.ld $(LIBMV_HEADERS) $(VIRTIO_HEADERS) $(KIT_ABI) \
         $(KIT_CELLS)
	@rm -f $(KIT_STALE)

$(KIT)/lib/libmv.a: $(LIBMV_OBJECTS)
	@mkdir -p $(@D)
	@rm -f $@
	$(LIBMV_AR) rcsD $@ $(LIBMV_OBJECTS)

$(LIBMV_BUILD)/%.o: lib/libmv/src/% | $(LIBMV_HEADERS) $(KIT_ABI)
	@mkdir -p $(@D)
	$(LIBMV_CC) $(LIBMV_CFLAGS) -MMD -MP -c $< -o $@

$(KIT)/lib/libvirtio.a: $(VIRTIO_OBJECTS)
	@mkdir -p $(@D)
	@rm -f $@
	$(LIBMV_AR) rcsD $@ $(VIRTIO_OBJECTS)

$(VIRTIO_BUILD)/%.o: lib/libvirtio/src/% | $(LIBMV_HEADERS) $(VIRTIO_HEADERS) $(KIT_ABI)
	@mkdir -p $(@D)
	$(LIBMV_CC) $(LIBMV_CFLAGS) -MMD -MP -c $< -o $@

$(LIBMV_INCLUDE)/calls.h: include/mv/calls.def lib/libmv/gen_calls.awk
	@mkdir -p $(@D)
	awk -f lib/libmv/gen_calls.awk include/mv/calls.def > $@.tmp && mv $@.tmp $@

$(LIBMV_INCLUDE)/%.h: lib/libmv/include/libmv/%.h
	@mkdir -p $(@D)
	cp $< $@

$(KIT)/lib/include/libvirtio/%.h: lib/libvirtio/include/libvirtio/%.h
	@mkdir -p $(@D)
	cp $< $@

$(KIT)/include/mv/%: include/mv/%
	@mkdir -p $(@D)
	cp $< $@

$(KIT)/lib/cell.ld: lib/cell.ld
	@mkdir -p $(@D)
	cp $< $@

$(KIT)/cells/%: cells/%
	@mkdir -p $(@D)
	cp $< $@

-include $(LIBMV_OBJECTS:.o=.d) $(VIRTIO_OBJECTS:.o=.d)
