# SPDX-License-Identifier: BSD-2-Clause
# What makes system.img a UEFI application: build/kit/boot/efi.bin. Included by
# the top Makefile.

BOOT_CC      ?= aarch64-linux-gnu-gcc
BOOT_OBJCOPY := aarch64-linux-gnu-objcopy
BOOT_DIR     := build/boot/efi
BOOT_CFLAGS  := -std=c11 -Os -g -ffreestanding -fpie -mcmodel=tiny -mgeneral-regs-only -mstrict-align -ffixed-x18 \
                -march=armv8-a -fno-stack-protector -fno-asynchronous-unwind-tables \
                -fno-builtin -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wvla -Wundef
BOOT_LDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments

build/boot/efi/%.o: boot/efi/%.c boot/build.mk
	@mkdir -p $(@D)
	@$(BOOT_CC) $(BOOT_CFLAGS) -Iinclude -MMD -MP -c -o $@ $<
build/boot/efi/%.o: boot/efi/%.S boot/build.mk
	@mkdir -p $(@D)
	@$(BOOT_CC) -g -Iinclude -MMD -MP -c -o $@ $<
build/boot/efi/efi.elf: $(BOOT_DIR)/start.o $(BOOT_DIR)/stub.o boot/efi/stub.ld
	@$(BOOT_CC) $(BOOT_LDFLAGS) -T boot/efi/stub.ld -o $@ $(filter %.o,$^)
build/kit/boot/efi.bin: build/boot/efi/efi.elf
	@mkdir -p $(@D)
	@$(BOOT_OBJCOPY) -O binary -j .text $< $@
-include $(BOOT_DIR)/start.d $(BOOT_DIR)/stub.d

.PHONY: kit-boot
kit-boot: build/kit/boot/efi.bin
