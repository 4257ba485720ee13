# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-block`, `make test-nic`: the cells block and net on the PC, with both
# compilers and the sanitizers, between devices and peers of the tests' own. Included
# by the top Makefile.

DRIVER_LIBRARY  := $(filter-out lib/libvirtio/src/pci.c lib/libvirtio/src/mmio%,$(wildcard lib/libvirtio/src/*.c))
DRIVER_HEADERS  := $(wildcard cells/pci/*.h tests/block/groups.h tests/block/fake/libmv/*.h include/mv/* \
  lib/libmv/include/libmv/*.h lib/libvirtio/include/libvirtio/*.h lib/libvirtio/src/*.h) tests/block/build.mk
DRIVER_CPPFLAGS := -Itests/block/fake -Icells -Ilib/libvirtio/include -Ilib/libmv/include -Iinclude
DRIVER_CFLAGS   := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wconversion -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# $(1) folder of the tests, $(2) cell, $(3) compiler
define driver_rules
build/tests/$(1)/$(3)/%.o: %.c $(DRIVER_HEADERS) $(wildcard tests/$(1)/*.h cells/$(2)/*.h)
	@mkdir -p $$(@D)
	@$(3) $(DRIVER_CFLAGS) -Itests/$(1) -Icells/$(2) -Itests/block $(DRIVER_CPPFLAGS) -c -o $$@ $$<
build/tests/$(1)/$(3)/unit: $(patsubst %.c,build/tests/$(1)/$(3)/%.o,$(filter-out cells/$(2)/main.c,\
  $(wildcard cells/$(2)/*.c)) $(sort $(wildcard tests/$(1)/*.c) tests/block/main.c) $(DRIVER_LIBRARY))
	@$(3) $(DRIVER_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call driver_rules,block,block,$(c))))
$(foreach c,gcc clang,$(eval $(call driver_rules,nic,net,$(c))))

.PHONY: test-block test-nic
test-block test-nic: test-%: build/tests/%/gcc/unit build/tests/%/clang/unit
	@tests/unit/run.sh build/tests/$* gcc clang
