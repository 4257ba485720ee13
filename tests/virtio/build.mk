# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-virtio`: libvirtio on the PC, against a world of the tests' own
# (world.h), with both compilers, the sanitizers for addresses and undefined
# behaviour, and that for data races; then a short run of the fuzzer, always the
# same. `make fuzz-virtio`: the fuzzer for FUZZ_SECONDS; not part of `make test`.

VIO_TEST_BUILD    := build/tests/virtio
VIO_TEST_LIB      := $(wildcard lib/libvirtio/src/*.c)
VIO_TEST_SOURCES  := $(VIO_TEST_LIB) $(filter-out tests/virtio/fuzz.c,$(wildcard tests/virtio/*.c))
VIO_TEST_HEADERS  := $(wildcard lib/libvirtio/include/libvirtio/*.h lib/libvirtio/src/*.h tests/virtio/*.h \
  tests/virtio/fake/libmv/*.h lib/libmv/include/libmv/*.h include/mv/*) tests/virtio/build.mk
VIO_TEST_CPPFLAGS := -Itests/virtio/fake -Itests/virtio -Ilib/libvirtio/include -Ilib/libmv/include -Iinclude
VIO_TEST_WARNINGS := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
  -Wconversion -fno-omit-frame-pointer
VIO_TEST_ADDRESS  := -fsanitize=address,undefined -fno-sanitize-recover=all

vio-test-gcc    := gcc $(VIO_TEST_ADDRESS)
vio-test-clang  := clang $(VIO_TEST_ADDRESS)
vio-test-thread := gcc -fsanitize=thread -Wno-tsan

# $(1) kind
define vio_test_rules
$(VIO_TEST_BUILD)/$(1)/%.o: %.c $(VIO_TEST_HEADERS)
	@mkdir -p $$(@D)
	@$(vio-test-$(1)) $(VIO_TEST_WARNINGS) $(VIO_TEST_CPPFLAGS) -c -o $$@ $$<
$(VIO_TEST_BUILD)/$(1)/unit: $(patsubst %.c,$(VIO_TEST_BUILD)/$(1)/%.o,$(VIO_TEST_SOURCES))
	@$(vio-test-$(1)) -o $$@ $$^ -lcmocka -pthread
endef
$(foreach k,gcc clang thread,$(eval $(call vio_test_rules,$(k))))

$(VIO_TEST_BUILD)/fuzz: $(VIO_TEST_LIB) tests/virtio/fuzz.c tests/virtio/world.c $(VIO_TEST_HEADERS)
	@mkdir -p $(@D)
	@$(vio-test-clang) -fsanitize=fuzzer $(VIO_TEST_WARNINGS) $(VIO_TEST_CPPFLAGS) -o $@ $(filter %.c,$^) -lcmocka

VIO_FUZZ := ASAN_OPTIONS=detect_leaks=0 $(VIO_TEST_BUILD)/fuzz -max_len=1024 -len_control=0 -detect_leaks=0 \
  -artifact_prefix=$(VIO_TEST_BUILD)/

.PHONY: test-virtio fuzz-virtio
test-virtio: $(foreach k,gcc clang thread,$(VIO_TEST_BUILD)/$(k)/unit) $(VIO_TEST_BUILD)/fuzz
	@tests/unit/run.sh $(VIO_TEST_BUILD) gcc clang thread
	@if $(VIO_FUZZ) -seed=1 -runs=100000 2>$(VIO_TEST_BUILD)/fuzz.txt; then echo '1 passed, 0 failed'; \
	else tail -40 $(VIO_TEST_BUILD)/fuzz.txt; echo '0 passed, 1 failed'; false; fi

fuzz-virtio: $(VIO_TEST_BUILD)/fuzz
	@mkdir -p $(VIO_TEST_BUILD)/corpus
	$(VIO_FUZZ) -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 $(VIO_TEST_BUILD)/corpus
