# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-unit`: the kernel on the PC's fake machine, with both compilers,
# under the sanitizers for addresses and undefined behaviour.
# `make fuzz`: the door under libFuzzer for FUZZ_SECONDS; not part of `make test`.

UNIT_BUILD    := build/tests/unit
UNIT_KERNEL   := $(filter-out kernel/string.c,$(wildcard kernel/*.c)) $(wildcard kernel/arch/host/*.c)
UNIT_SHADOW   := $(UNIT_BUILD)/shadow/stage2.c
UNIT_TESTS    := $(filter-out tests/unit/fuzz.c,$(wildcard tests/unit/*.c))
UNIT_HEADERS  := $(wildcard include/mv/* kernel/*.h kernel/arch/*.h kernel/arch/host/*.h tests/unit/*.h tests/unit/*.def) \
  $(UNIT_BUILD)/shadow/init.h tests/unit/build.mk
UNIT_CPPFLAGS := -Iinclude -Ikernel -Ikernel/arch/host -Itests/unit -DMV_DEBUG -DMV_BOARD_NAME='"host"' \
  -DMV_GIC_VERSION=3 -DMV_SMMU_VERSION=3 -DMV_LINK_BASE=0
UNIT_CFLAGS   := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
  -Wmissing-prototypes -Wconversion -Wno-unused-parameter -fno-strict-aliasing -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_CC_gcc   := gcc
UNIT_CC_clang := clang -Wno-gnu-variable-sized-type-not-at-end

# stage2.c as it is, but beside headers that stand for the hardware: a header
# in quotes is looked for beside the file first.
$(UNIT_BUILD)/shadow/%: kernel/arch/aarch64/%
	@mkdir -p $(@D)
	@{ echo '#line 1 "$<"'; cat $<; } > $@

# $(1) compiler
define unit_rules
UNIT_OBJ_$(1) := $$(patsubst %.c,$(UNIT_BUILD)/$(1)/%.o,$(UNIT_KERNEL) $(UNIT_TESTS)) \
  $(UNIT_BUILD)/$(1)/stage2.o
$(UNIT_BUILD)/$(1)/stage2.o: $(UNIT_SHADOW) $(UNIT_HEADERS)
	@mkdir -p $$(@D)
	@$$(UNIT_CC_$(1)) $(UNIT_CFLAGS) $(UNIT_CPPFLAGS) -c -o $$@ $$<
$(UNIT_BUILD)/$(1)/%.o: %.c $(UNIT_HEADERS)
	@mkdir -p $$(@D)
	@$$(UNIT_CC_$(1)) $(UNIT_CFLAGS) $(UNIT_CPPFLAGS) -c -o $$@ $$<
$(UNIT_BUILD)/$(1)/unit: $$(UNIT_OBJ_$(1))
	@$$(UNIT_CC_$(1)) $(UNIT_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call unit_rules,$(c))))

.PHONY: test-unit fuzz
test-unit: $(UNIT_BUILD)/gcc/unit $(UNIT_BUILD)/clang/unit
	@tests/unit/run.sh $(UNIT_BUILD) gcc clang

FUZZ_SECONDS ?= 60
$(UNIT_BUILD)/fuzz: $(UNIT_KERNEL) $(UNIT_SHADOW) $(UNIT_HEADERS) tests/unit/fuzz.c tests/unit/world.c \
  tests/unit/invariants.c tests/unit/agent.c tests/unit/wild.c
	@mkdir -p $(@D)
	@$(UNIT_CC_clang) $(UNIT_CFLAGS) -fsanitize=fuzzer $(UNIT_CPPFLAGS) -o $@ $(filter %.c,$^)
fuzz: $(UNIT_BUILD)/fuzz
	@mkdir -p $(UNIT_BUILD)/corpus
	ASAN_OPTIONS=detect_leaks=0 $(UNIT_BUILD)/fuzz -max_total_time=$(FUZZ_SECONDS) -max_len=4096 \
	  -detect_leaks=0 -print_final_stats=1 \
	  -artifact_prefix=$(UNIT_BUILD)/ $(UNIT_BUILD)/corpus
