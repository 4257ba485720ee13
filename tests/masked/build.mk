# SPDX-License-Identifier: BSD-2-Clause
# make masked: how long the kernel keeps interrupts away, counted in runs of the tests;
# MASKED="COMMAND -- COMMAND" counts in others, as masked.py says. Into build/masked.

MASKED_MOST := 2000
MASKED ?= python3 tests/target/run.py wild -- python3 tests/target/run.py random -- \
          python3 tests/target/run.py storm -- python3 tests/target/run.py memory -- \
          python3 tests/target/run.py control -- python3 tests/guests/run.py hostile -- \
          python3 tests/guests/run.py gic -- python3 tests/linux/run.py both3

build/masked/count.so: tests/masked/count.c tests/masked/qemu_plugin.h tests/masked/build.mk
	@mkdir -p $(@D)
	@$(CC) -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -shared -fPIC -o $@ $<

.PHONY: masked
masked: kit kernel-debug kernel-slow guest-images guests build/masked/count.so
	@PYTHONDONTWRITEBYTECODE=1 python3 tests/masked/masked.py --most $(MASKED_MOST) -- $(MASKED)
