# SPDX-License-Identifier: BSD-2-Clause
# make bench-io: what a virtual machine's requests to disk and network cost, channels,
#                TCP; to io.tsv, channels.tsv and tcp.tsv in build/bench.

BENCH_IO_GUEST := build/bench/images/io-guest
$(BENCH_IO_GUEST): bench/io/guest.c $(wildcard tests/guests/lib/*) $(KIT)/lib/libmv.a $(KIT)/lib/libvirtio.a bench/io/build.mk
	@mkdir -p $(@D)
	@$(GUEST_CC) $(GUEST_CFLAGS) -I$(KIT)/lib/include -I$(KIT)/include -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	  -Wl,--no-warn-rwx-segments -Wl,--defsym=GUEST_BASE=$(BENCH_GUEST_BASE) -Wl,--gc-sections -T tests/guests/lib/guest.ld \
	  -o $@.elf bench/io/guest.c $(GUEST_LIB) $(KIT)/lib/libvirtio.a $(KIT)/lib/libmv.a
	@aarch64-linux-gnu-objcopy -O binary $@.elf $@

.PHONY: bench-io
bench-io:
	@scripts/packages.sh run
	@$(QUIETLY) kit kit-net guests $(BENCH_IO_GUEST)
	@$(BENCH_PYTHON) bench/io/request_rows.py $(BENCH_IO)
	@$(BENCH_PYTHON) bench/io/channels.py $(BENCH_IO)
	@$(BENCH_PYTHON) bench/io/tcp.py $(BENCH_IO)
