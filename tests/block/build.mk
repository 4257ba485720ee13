# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-block`: the block cell on the PC, with both compilers and the
# sanitizers, between clients and a disk of the tests' own. Included by the top
# Makefile.

BLOCK_BUILD    := build/tests/block
BLOCK_SOURCES  := $(filter-out cells/block/main.c,$(wildcard cells/block/*.c)) $(wildcard tests/block/*.c) \
  $(filter-out lib/libvirtio/src/pci.c lib/libvirtio/src/mmio%,$(wildcard lib/libvirtio/src/*.c))
BLOCK_HEADERS  := $(wildcard cells/block/*.h cells/pci/*.h tests/block/*.h tests/block/fake/libmv/*.h include/mv/* \
  lib/libmv/include/libmv/*.h lib/libvirtio/include/libvirtio/*.h lib/libvirtio/src/*.h) tests/block/build.mk
BLOCK_CPPFLAGS := -Itests/block/fake -Itests/block -Icells/block -Icells -Ilib/libvirtio/include -Ilib/libmv/include -Iinclude
BLOCK_CFLAGS   := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wconversion -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# $(1) compiler
define block_rules
$(BLOCK_BUILD)/$(1)/%.o: %.c $(BLOCK_HEADERS)
	@mkdir -p $$(@D)
	@$(1) $(BLOCK_CFLAGS) $(BLOCK_CPPFLAGS) -c -o $$@ $$<
$(BLOCK_BUILD)/$(1)/unit: $(patsubst %.c,$(BLOCK_BUILD)/$(1)/%.o,$(BLOCK_SOURCES))
	@$(1) $(BLOCK_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call block_rules,$(c))))

.PHONY: test-block
test-block: $(BLOCK_BUILD)/gcc/unit $(BLOCK_BUILD)/clang/unit
	@tests/unit/run.sh $(BLOCK_BUILD) gcc clang
