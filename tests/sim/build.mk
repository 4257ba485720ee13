# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-sim`: random sets of tasks on the kernel in virtual time, on the
# PC's fake machine, against what the tool's analysis promises for them.

SIM_BUILD   := build/tests/sim
SIM_SOURCES := $(filter-out kernel/string.c,$(wildcard kernel/*.c)) $(wildcard kernel/arch/host/*.c) tests/unit/world.c \
  $(wildcard tests/sim/*.c) $(wildcard tools/mullion/analysis*.c) $(UNIT_SHADOW)
SIM_OBJECTS := $(patsubst %.c,$(SIM_BUILD)/%.o,$(SIM_SOURCES))
SIM_HEADERS := $(UNIT_HEADERS) $(wildcard tests/sim/*.h tools/mullion/analysis*.h) tests/sim/build.mk

$(SIM_BUILD)/%.o: %.c $(SIM_HEADERS)
	@mkdir -p $(@D)
	@gcc $(UNIT_CFLAGS) -O2 $(UNIT_CPPFLAGS) -Itests/sim -Itools/mullion -c -o $@ $<
$(SIM_BUILD)/sim: $(SIM_OBJECTS)
	@gcc $(UNIT_CFLAGS) -o $@ $^

.PHONY: test-sim
test-sim: $(SIM_BUILD)/sim
	@ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 timeout -s KILL 300 $<
