# SPDX-License-Identifier: BSD-2-Clause
#
# `make test-lib`: libmv on the PC, with both compilers, under the sanitizers
# for addresses, undefined behaviour and (the rings) data races.

TEST_LIB_BUILD  := build/tests/lib
TEST_LIB_FLAGS  := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
  -Wmissing-prototypes -I$(KIT)/lib/include -I$(KIT)/include -Itests/lib -Icells/console -fno-builtin
TEST_LIB_OURS   := $(foreach f,memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp \
  strchr strrchr strstr,-D$(f)=ours_$(f))
TEST_LIB_STRING := $(addprefix lib/libmv/src/,memcpy.c memmove.c memset.c memcmp.c strlen.c \
  strcmp.c strchr.c)
TEST_LIB_PLAIN  := $(addprefix lib/libmv/src/,ring.c format.c parse.c device.c editor.c strcopy.c watch.c \
  watch_read.c histogram.c) \
  cells/console/client.c cells/console/fault.c
TEST_LIB_ALL    := $(wildcard tests/lib/*.c tests/lib/*.h tests/lib/*.def) $(TEST_LIB_STRING) \
  $(TEST_LIB_PLAIN) $(wildcard lib/libmv/include/libmv/*.h cells/console/*.h)
TEST_LIB_KINDS  := gcc-address gcc-thread clang-address

test-lib-gcc-address   := gcc -fsanitize=address,undefined -fno-sanitize-recover=undefined
test-lib-gcc-thread    := gcc -fsanitize=thread -Wno-tsan
test-lib-clang-address := clang -fsanitize=address,undefined -fno-sanitize-recover=undefined

.PHONY: test-lib
test-lib: $(addprefix $(TEST_LIB_BUILD)/,$(addsuffix /passed,$(TEST_LIB_KINDS)))

$(TEST_LIB_BUILD)/%/passed: $(TEST_LIB_ALL) | $(LIBMV_HEADERS) $(KIT_ABI)
	@mkdir -p $(@D)/string
	cd $(@D)/string && $(test-lib-$*) $(patsubst -I%,-I$(CURDIR)/%,$(TEST_LIB_FLAGS)) \
	  $(TEST_LIB_OURS) -c $(addprefix $(CURDIR)/,$(TEST_LIB_STRING))
	$(test-lib-$*) $(TEST_LIB_FLAGS) tests/lib/*.c $(TEST_LIB_PLAIN) $(@D)/string/*.o \
	  -pthread -o $(@D)/test
	timeout 300 $(@D)/test
	@touch $@

# Each public header compiles alone, in C and C++, with both compilers, for a
# cell and for the PC.
TEST_LIB_HEADERS := $(patsubst lib/libmv/include/%,%,$(wildcard lib/libmv/include/libmv/*.h)) \
  $(patsubst lib/libvirtio/include/%,%,$(wildcard lib/libvirtio/include/libvirtio/*.h)) \
  $(patsubst lib/libnet/include/%,%,$(wildcard lib/libnet/include/libnet/*.h)) libmv/calls.h mv/abi.h
TEST_LIB_HEADER_FLAGS := -fsyntax-only -ffreestanding -Wall -Wextra -Werror -Wconversion \
  -I$(KIT)/lib/include -I$(KIT)/include

.PHONY: check-lib
check-lib: | $(LIBMV_HEADERS) $(VIRTIO_HEADERS) $(KIT_ABI)
	set -e; for h in $(TEST_LIB_HEADERS); do \
	  for c in "aarch64-linux-gnu-gcc -x c -std=c11" "aarch64-linux-gnu-g++ -x c++ -std=c++17" \
	    "clang --target=aarch64-none-elf -x c -std=c11" \
	    "clang++ --target=aarch64-none-elf -x c++ -std=c++17"; do \
	    echo "#include <$$h>" | $$c $(TEST_LIB_HEADER_FLAGS) -; \
	  done; \
	done

# The library on the kernel, in QEMU.
.PHONY: test-lib-target
test-lib-target: kit
	tests/lib/target/run.sh build/tools/mullion
