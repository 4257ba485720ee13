# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-io`: the io cell and the switch on the PC, against a world of the
# tests' own (world.h), with both compilers and the sanitizers. Included by the
# top Makefile.

IO_BUILD    := build/tests/io
IO_CELLS    := $(filter-out %/main.c,$(wildcard cells/virtio/*.c cells/switch/*.c)) $(wildcard lib/libvirtio/src/*.c)
IO_SOURCES  := $(filter-out lib/libvirtio/src/pci.c,$(IO_CELLS)) $(filter-out tests/io/fuzz%,$(wildcard tests/io/*.c))
IO_HEADERS  := $(wildcard cells/virtio/*.h cells/switch/*.h tests/io/*.h tests/io/fake/libmv/*.h include/mv/* \
  lib/libmv/include/libmv/*.h lib/libvirtio/include/libvirtio/*.h lib/libvirtio/src/*.h) tests/io/build.mk
IO_CPPFLAGS := -Itests/io/fake -Itests/io -Icells/virtio -Icells/switch -Ilib/libvirtio/include -Ilib/libmv/include \
  -Iinclude
IO_CFLAGS   := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wconversion -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# $(1) compiler
define io_rules
$(IO_BUILD)/$(1)/%.o: %.c $(IO_HEADERS)
	@mkdir -p $$(@D)
	@$(1) $(IO_CFLAGS) $(IO_CPPFLAGS) -c -o $$@ $$<
$(IO_BUILD)/$(1)/unit: $(patsubst %.c,$(IO_BUILD)/$(1)/%.o,$(IO_SOURCES))
	@$(1) $(IO_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call io_rules,$(c))))

.PHONY: test-io
test-io: $(IO_BUILD)/gcc/unit $(IO_BUILD)/clang/unit
	@tests/unit/run.sh $(IO_BUILD) gcc clang
