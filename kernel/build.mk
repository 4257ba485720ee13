# SPDX-License-Identifier: BSD-2-Clause
# The kernel, once per board and variant:
#   build/kernel/VARIANT/BOARD/mullion.elf
# Variants: release; slow (the fast path left out, so that a test can compare
# the two); debug (ASSERT on); clang (the other compiler).

KERNEL_CC      ?= aarch64-linux-gnu-gcc
KERNEL_NM      := aarch64-linux-gnu-nm
KERNEL_SIZE    := aarch64-linux-gnu-size
BOARDS         := $(sort $(notdir $(patsubst %/board.mk,%,$(wildcard boards/*/board.mk))))

# stream.c is for boards with an SMMU; the others have nosmmu.c in place of both.
KERNEL_SOURCES := $(filter-out kernel/stream.c,$(wildcard kernel/*.c))
SMMU_SOURCES_smmuv3 := kernel/stream.c kernel/arch/aarch64/smmuv3.c
SMMU_VERSION_smmuv3 := 3
SMMU_VERSION_nosmmu := 0
SMMU_SOURCES_nosmmu := kernel/arch/aarch64/nosmmu.c
ARCH_DIR       := kernel/arch/aarch64
ARCH_SOURCES   := $(ARCH_DIR)/frame.c $(ARCH_DIR)/gic.c $(ARCH_DIR)/init.c \
                  $(ARCH_DIR)/stage2.c $(ARCH_DIR)/trap.c $(ARCH_DIR)/vm.c $(ARCH_DIR)/calls.S \
                  $(ARCH_DIR)/start.S $(ARCH_DIR)/vectors.S

KERNEL_WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
                   -Wconversion -Wvla -Wundef -Wno-unused-parameter
# Each of these was found to make this kernel smaller.
KERNEL_SMALL    := -fno-move-loop-invariants -fno-thread-jumps -fno-shrink-wrap -fno-caller-saves -fno-ipa-sra \
                   -fno-guess-branch-probability -fno-ipa-cp -fno-early-inlining
KERNEL_CFLAGS   := -std=gnu11 -Os -g -ffreestanding -fno-pic -fno-pie -mgeneral-regs-only -mstrict-align \
                   -march=armv8-a -mtune=cortex-a53 -ffunction-sections -fdata-sections \
                   -fno-common -fomit-frame-pointer -fno-stack-protector -fno-asynchronous-unwind-tables \
                   -fno-strict-aliasing -fno-delete-null-pointer-checks -mno-outline-atomics -mcmodel=tiny \
                   -mfix-cortex-a53-835769 $(KERNEL_WARNINGS)
KERNEL_GCC_FLAGS := -flto -fstack-usage $(KERNEL_SMALL)
KERNEL_CPPFLAGS := -Iinclude -Ikernel -I$(ARCH_DIR) -Iboards
KERNEL_LDFLAGS  := -nostdlib -static -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
                   -Wl,--fix-cortex-a53-843419 -Wl,--no-warn-rwx-segments

VARIANT_FLAGS_release :=
VARIANT_FLAGS_slow    := -DMV_NO_FASTPATH
VARIANT_FLAGS_debug   := -DMV_DEBUG
VARIANT_FLAGS_clang   :=
VARIANT_CC_clang      := clang --target=aarch64-linux-gnu
VARIANT_GCC_clang     := -Wno-unused-command-line-argument -Wno-gnu-variable-sized-type-not-at-end
VARIANTS              := release slow debug clang

# $(1) board, $(2) variant
define kernel_rules
$(2)_$(1)_DIR := build/kernel/$(2)/$(1)
include boards/$(1)/board.mk
$(2)_$(1)_SRC := $(KERNEL_SOURCES) $(ARCH_SOURCES) $(ARCH_DIR)/$$(GIC).c $$(SMMU_SOURCES_$$(SMMU)) boards/$(1)/board.c boards/drivers/$$(UART).c
$(2)_$(1)_OBJ := $$(patsubst %,build/kernel/$(2)/$(1)/%.o,$$(basename $$($(2)_$(1)_SRC)))
$(2)_$(1)_GIC := $$(GIC)
$(2)_$(1)_DEF := $(VARIANT_FLAGS_$(2)) -DMV_BOARD_NAME='"$(1)"' -DMV_GIC_VERSION=$$(subst gicv,,$$(GIC)) -DMV_SMMU_VERSION=$$(SMMU_VERSION_$$(SMMU)) -DMV_LINK_BASE=$$(LINK_BASE) -DLINK_BASE=$$(LINK_BASE)
$(2)_$(1)_CC  := $$(or $(VARIANT_CC_$(2)),$(KERNEL_CC))
$(2)_$(1)_GCC := $$(or $(VARIANT_GCC_$(2)),$(KERNEL_GCC_FLAGS))

$$($(2)_$(1)_DIR)/offsets.h: $(ARCH_DIR)/offsets.c kernel/build.mk
	@mkdir -p $$(@D)
	@$$($(2)_$(1)_CC) $(KERNEL_CFLAGS) $$(filter-out -flto -fstack-usage,$$($(2)_$(1)_GCC)) $(KERNEL_CPPFLAGS) $$($(2)_$(1)_DEF) -MMD -MP -MT $$@ -MF $$@.d -S -o $$@.s $$<
	@sed -n 's/.*\.ascii.*"->\([A-Z_0-9]*\) [#$$$$]*\([0-9]*\)".*/#define \1 \2/p' $$@.s > $$@
$$($(2)_$(1)_DIR)/%.o: %.c kernel/build.mk
	@mkdir -p $$(@D)
	@$$($(2)_$(1)_CC) $(KERNEL_CFLAGS) $$($(2)_$(1)_GCC) $(KERNEL_CPPFLAGS) $$($(2)_$(1)_DEF) -MMD -MP -c -o $$@ $$<
$$($(2)_$(1)_DIR)/%.o: %.S $$($(2)_$(1)_DIR)/offsets.h
	@mkdir -p $$(@D)
	@$(KERNEL_CC) -g -I$$($(2)_$(1)_DIR) $(KERNEL_CPPFLAGS) $$($(2)_$(1)_DEF) -MMD -MP -DGIC_INC='"$$($(2)_$(1)_GIC).inc"' -c -o $$@ $$<
$$($(2)_$(1)_DIR)/kernel.ld: $(ARCH_DIR)/kernel.ld.S boards/$(1)/board.mk
	@mkdir -p $$(@D)
	@$(KERNEL_CC) -E -P -x assembler-with-cpp -undef $$(filter -DLINK_BASE%,$$($(2)_$(1)_DEF)) -o $$@ $$<
$$($(2)_$(1)_DIR)/mullion.elf: $$($(2)_$(1)_OBJ) $$($(2)_$(1)_DIR)/kernel.ld
	@$(KERNEL_CC) $(KERNEL_CFLAGS) $(KERNEL_GCC_FLAGS) $(KERNEL_LDFLAGS) -T $$($(2)_$(1)_DIR)/kernel.ld -o $$@ $$($(2)_$(1)_OBJ)
	@echo "  kernel $(2) $(1)"
-include $$($(2)_$(1)_OBJ:.o=.d) $$($(2)_$(1)_DIR)/offsets.h.d
kernel-$(2): $$($(2)_$(1)_DIR)/mullion.elf
KERNEL_ALL += $$($(2)_$(1)_DIR)/mullion.elf
endef
$(foreach v,$(VARIANTS),$(foreach b,$(BOARDS),$(eval $(call kernel_rules,$(b),$(v)))))

kernel: kernel-release
.PHONY: kernel $(addprefix kernel-,$(VARIANTS))
