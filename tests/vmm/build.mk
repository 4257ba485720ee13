# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-vmm`: the VMM's devices on the PC, against a world of the tests' own
# (world.h), with both compilers and the sanitizers. Included by the top Makefile.

VMM_BUILD    := build/tests/vmm
VMM_SOURCES  := $(filter-out cells/vmm/main.c cells/vmm/machine.c,$(wildcard cells/vmm/*.c)) \
  $(wildcard tests/vmm/*.c) lib/libmv/src/format.c \
  $(addprefix lib/libvirtio/src/,mmio_device.c device.c parts.c)
VMM_HEADERS  := $(wildcard cells/vmm/*.h tests/vmm/*.h tests/vmm/fake/libmv/*.h include/mv/* \
  lib/libmv/include/libmv/*.h lib/libvirtio/include/libvirtio/*.h) \
  tests/vmm/build.mk
VMM_CPPFLAGS := -Itests/vmm/fake -Itests/vmm -Icells/vmm -Ilib/libmv/include -Ilib/libvirtio/include -Iinclude -Ilib/libmv/src
VMM_CFLAGS   := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wconversion -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# $(1) compiler
define vmm_rules
$(VMM_BUILD)/$(1)/%.o: %.c $(VMM_HEADERS)
	@mkdir -p $$(@D)
	@$(1) $(VMM_CFLAGS) $(VMM_CPPFLAGS) -c -o $$@ $$<
$(VMM_BUILD)/$(1)/unit: $(patsubst %.c,$(VMM_BUILD)/$(1)/%.o,$(VMM_SOURCES))
	@$(1) $(VMM_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call vmm_rules,$(c))))

.PHONY: test-vmm
test-vmm: $(VMM_BUILD)/gcc/unit $(VMM_BUILD)/clang/unit
	@tests/unit/run.sh $(VMM_BUILD) gcc clang
