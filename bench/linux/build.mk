# SPDX-License-Identifier: BSD-2-Clause
# make bench-linux: an lmbench-like suite in Linux, natively and in a virtual
#                   machine, to build/bench/linux.tsv. Both together take
#                   half a minute. BENCH_LINUX=--twice does each twice.

BENCH_LINUX_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -static -s -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
                      -Wmissing-prototypes -Wconversion

build/bench/linux/suite: $(wildcard bench/linux/*.[ch])
	@mkdir -p $(@D)
	@aarch64-linux-gnu-gcc $(BENCH_LINUX_CFLAGS) -o $@ $(filter %.c,$^) -lpthread

.PHONY: bench-linux
bench-linux:
	@scripts/packages.sh run
	@$(QUIETLY) kit build/guests/cloud/Image build/bench/linux/suite
	@PYTHONDONTWRITEBYTECODE=1 python3 bench/linux/run.py $(BENCH_LINUX)
