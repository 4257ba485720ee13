# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-io`: the io cell and the switch on the PC, against a world of the
# tests' own (world.h), with both compilers and the sanitizers; then a short run of
# the fuzzer, always the same. `make fuzz-io`: the fuzzer for FUZZ_SECONDS; not part
# of `make test`. Included by the top Makefile.

IO_BUILD    := build/tests/io
IO_CELLS    := $(filter-out %/main.c,$(wildcard cells/virtio/*.c cells/switch/*.c)) $(wildcard lib/libvirtio/src/*.c)
IO_SOURCES  := $(filter-out lib/libvirtio/src/pci.c,$(IO_CELLS)) $(filter-out tests/io/fuzz.c,$(wildcard tests/io/*.c))
IO_HEADERS  := $(wildcard cells/virtio/*.h cells/switch/*.h tests/io/*.h tests/io/fake/libmv/*.h include/mv/* \
  lib/libmv/include/libmv/*.h lib/libvirtio/include/libvirtio/*.h lib/libvirtio/src/*.h) tests/io/build.mk
IO_CPPFLAGS := -Itests/io/fake -Itests/io -Icells/virtio -Icells/switch -Ilib/libvirtio/include -Ilib/libmv/include \
  -Iinclude
IO_CFLAGS   := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wconversion -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# $(1) compiler
define io_rules
$(IO_BUILD)/$(1)/%.o: %.c $(IO_HEADERS)
	@mkdir -p $$(@D)
	@$(1) $(IO_CFLAGS) $(IO_CPPFLAGS) -c -o $$@ $$<
$(IO_BUILD)/$(1)/unit: $(patsubst %.c,$(IO_BUILD)/$(1)/%.o,$(IO_SOURCES))
	@$(1) $(IO_CFLAGS) -o $$@ $$^ -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call io_rules,$(c))))

$(IO_BUILD)/fuzz: $(IO_CELLS) tests/io/fuzz.c tests/io/hostile.c tests/io/world.c $(IO_HEADERS)
	@mkdir -p $(@D)
	@clang -fsanitize=fuzzer $(IO_CFLAGS) $(IO_CPPFLAGS) -o $@ $(filter-out %/pci.c,$(filter %.c,$^)) -lcmocka

IO_FUZZ := ASAN_OPTIONS=detect_leaks=0 $(IO_BUILD)/fuzz -max_len=4096 -len_control=0 -detect_leaks=0 \
  -artifact_prefix=$(IO_BUILD)/

.PHONY: test-io fuzz-io
test-io: $(IO_BUILD)/gcc/unit $(IO_BUILD)/clang/unit $(IO_BUILD)/fuzz
	@tests/unit/run.sh $(IO_BUILD) gcc clang
	@if $(IO_FUZZ) -seed=1 -runs=5000 2>$(IO_BUILD)/fuzz.txt; then echo '1 passed, 0 failed'; \
	else tail -40 $(IO_BUILD)/fuzz.txt; echo '0 passed, 1 failed'; false; fi

fuzz-io: $(IO_BUILD)/fuzz
	@mkdir -p $(IO_BUILD)/corpus
	$(IO_FUZZ) -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 $(IO_BUILD)/corpus
