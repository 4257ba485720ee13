# SPDX-License-Identifier: BSD-2-Clause
# Small EL1 guests of our own, and the systems that they run in. Included by the
# top Makefile.
#   make test-guests                    all runs of tests/guests/runs.txt
#   make test-guests GUEST_RUNS=gic     those whose line has this word
#   make guest-images                   the guests: build/tests/guests/images/NAME
GUEST_RUNS ?=

GUEST_DIR     := build/tests/guests
GUEST_CC      := aarch64-linux-gnu-gcc
GUEST_NAMES   := $(patsubst tests/guests/%/guest.c,%,$(wildcard tests/guests/*/guest.c))
GUEST_IMAGES  := $(GUEST_NAMES:%=$(GUEST_DIR)/images/%)
GUEST_LIB     := $(wildcard tests/guests/lib/*.[cS])
GUEST_LIB_OBJ := $(patsubst tests/guests/lib/%,$(GUEST_DIR)/lib/%.o,$(GUEST_LIB))
GUEST_CFLAGS  := -std=c11 -O2 -g -march=armv8-a -mgeneral-regs-only -mstrict-align -ffreestanding -fno-pic -fno-pie \
                 -fno-stack-protector -fno-asynchronous-unwind-tables -fno-common -mno-outline-atomics \
                 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion \
                 -ffile-prefix-map=$(CURDIR)=. -Itests/guests/lib -Iinclude -Ilib/libmv/include

$(GUEST_DIR)/lib/%.o: tests/guests/lib/% tests/guests/build.mk
	@mkdir -p $(@D)
	@$(GUEST_CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

# $(1) the guest; its sources are guest*.c and guest*.S of its folder.
define guest_rules
GUEST_OBJ_$(1) := $$(patsubst tests/guests/%,$(GUEST_DIR)/%.o,$$(wildcard tests/guests/$(1)/guest*.c tests/guests/$(1)/guest*.S))
$(GUEST_DIR)/images/$(1): $(GUEST_DIR)/$(1)/guest.elf
	@mkdir -p $$(@D)
	@aarch64-linux-gnu-objcopy -O binary $$< $$@
$(GUEST_DIR)/$(1)/guest.elf: $$(GUEST_OBJ_$(1)) $(GUEST_LIB_OBJ) $(KIT)/lib/libmv.a tests/guests/lib/guest.ld
	@$(GUEST_CC) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments \
	  -T tests/guests/lib/guest.ld -o $$@ $$(GUEST_OBJ_$(1)) $(GUEST_LIB_OBJ) $(KIT)/lib/libmv.a
$(GUEST_DIR)/$(1)/%.o: tests/guests/$(1)/% tests/guests/build.mk
	@mkdir -p $$(@D)
	@$(GUEST_CC) $(GUEST_CFLAGS) -MMD -MP -c -o $$@ $$<
-include $$(GUEST_OBJ_$(1):.o=.d)
endef
$(foreach g,$(GUEST_NAMES),$(eval $(call guest_rules,$(g))))
-include $(GUEST_LIB_OBJ:.o=.d)

.PHONY: guest-images test-guests
guest-images: $(GUEST_IMAGES)
test-guests: kit kernel-debug kernel-slow guest-images
	@python3 tests/guests/run.py $(GUEST_RUNS)
