# SPDX-License-Identifier: BSD-2-Clause
# Included by the top Makefile.
#   make test-net    the guests' checking programs, and lib/libnet with lwIP, on this
#                    computer, by both compilers, under the sanitizers

TEST_NET       := build/tests/net
TEST_NET_FLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
  -Itests/net/fake -Ilib/libnet/include -Ilib/libvirtio/include -Ilib/libmv/include -Iinclude
TEST_NET_WARN  := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion
TEST_NET_STACK := lib/libnet/src/net.c lib/libnet/src/udp.c lib/libnet/src/tcp.c tests/net/stack.c \
  lib/libmv/src/parse.c lib/libmv/src/format.c
TEST_NET_MAIN  := $(wildcard tests/net/world.c tests/net/test_*.c) lib/libnet/src/link.c $(wildcard lib/libvirtio/src/*link*.c) \
  $(addprefix lib/libvirtio/src/,device.c driver.c buffers.c parts.c)
TEST_NET_ALL   := $(TEST_NET_STACK) $(TEST_NET_MAIN) $(LWIP_OPTIONS) $(wildcard tests/net/*.h tests/net/*.def tests/net/fake/libmv/*.h \
  lib/libnet/include/libnet/*.h lib/libvirtio/include/libvirtio/*.h lib/libvirtio/src/*.h lib/libmv/include/libmv/*.h) \
  tests/net/build.mk

# $(1) compiler. Each stack is the same library under another name.
define test_net_rules
$(TEST_NET)/$(1)/unit-a.so: $(TEST_NET_ALL) $(LWIP)/COPYING
	@mkdir -p $$(@D)/lwip
	@for f in $(LWIP_SOURCES); do \
	  $(1) $(TEST_NET_FLAGS) $(LWIP_CFLAGS) -w -fPIC -c $(LWIP)/src/$$$$f -o $$(@D)/lwip/$$$$(basename $$$$f .c).o || exit 1; done
	@$(1) $(TEST_NET_FLAGS) $(TEST_NET_WARN) $(subst -I,-isystem ,$(LWIP_CFLAGS)) -fPIC -shared -Wl,-Bsymbolic \
	  $(TEST_NET_STACK) $$(@D)/lwip/*.o -o $$@
$(TEST_NET)/$(1)/unit-b.so: $(TEST_NET)/$(1)/unit-a.so
	@cp $$< $$@
$(TEST_NET)/$(1)/unit: $(TEST_NET_ALL)
	@mkdir -p $$(@D)
	@$(1) $(TEST_NET_FLAGS) $(TEST_NET_WARN) -DSTACK_B='"$(TEST_NET)/$(1)/unit-b.so"' -rdynamic $(TEST_NET_MAIN) -ldl -o $$@
endef
$(foreach c,gcc clang,$(eval $(call test_net_rules,$(c))))

.PHONY: test-net
test-net: $(GUESTS_HOST_PROGRAMS) $(foreach c,gcc clang,$(addprefix $(TEST_NET)/$(c)/unit,-a.so -b.so) $(TEST_NET)/$(c)/unit)
	@{ python3 tests/net/tools.py $(GUESTS)/host; tests/unit/run.sh $(TEST_NET) gcc clang; } | tee $(TEST_NET)/said
	@awk '/^[0-9]+ passed/ { p += $$1; f += $$3 } END { printf "%d passed, %d failed\n", p, f; exit f != 0 || p == 0 }' \
	  $(TEST_NET)/said
