# SPDX-License-Identifier: BSD-2-Clause
# Every way to start a system: make test-boot. Included by the top Makefile.

.PHONY: test-boot
test-boot: kit
	@python3 tests/boot/run.py

# The UEFI part's way out as a program for the bare machine.
MOVER := build/tests/boot/mover.elf
test-boot: $(MOVER)
$(MOVER): tests/boot/mover/start.S tests/boot/mover/main.c $(BOOT_DIR)/start.o
	@mkdir -p $(@D)
	@$(BOOT_CC) $(BOOT_CFLAGS) -fno-pie $(BOOT_LDFLAGS) -Wl,-Ttext=0x40080000 -Wl,-e,_start -o $@ $^
