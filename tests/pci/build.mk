# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-pci`: the cell pci on the PC, with both compilers and the sanitizers,
# on a bus of the tests' own (bus.h). Included by the top Makefile.

PCI_BUILD    := build/tests/pci
PCI_SOURCES  := cells/pci/function.c cells/pci/scan.c $(wildcard tests/pci/*.c)
PCI_HEADERS  := $(wildcard cells/pci/*.h tests/pci/*.h include/mv/* lib/libmv/include/libmv/*.h) tests/pci/build.mk
PCI_CPPFLAGS := -Itests/pci -Icells/pci -Ilib/libmv/include -Iinclude
PCI_CFLAGS   := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wconversion -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# $(1) compiler
define pci_rules
$(PCI_BUILD)/$(1)/%.o: %.c $(PCI_HEADERS)
	@mkdir -p $$(@D)
	@$(1) $(PCI_CFLAGS) $(PCI_CPPFLAGS) -c -o $$@ $$<
$(PCI_BUILD)/$(1)/unit: $(patsubst %.c,$(PCI_BUILD)/$(1)/%.o,$(PCI_SOURCES))
	@$(1) $(PCI_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call pci_rules,$(c))))

.PHONY: test-pci
test-pci: $(PCI_BUILD)/gcc/unit $(PCI_BUILD)/clang/unit
	@tests/unit/run.sh $(PCI_BUILD) gcc clang
