# SPDX-License-Identifier: BSD-2-Clause
#
# The network for native cells. Included by the top Makefile.
#   build/kit/lib/libnet.a              frames over a link (port.h, link.h); always in the kit
#   build/kit/lib/liblwip.a             the stack (net.h) with lwIP in it: make kit-net
#   build/kit/lib/include/libnet/       the headers
# lwIP's source is fetched from Debian, checked by apt, and unpacked under build/;
# nothing of it is kept with this project.

NET_BUILD   := $(dir $(LIBMV_BUILD))libnet
NET_HEADERS := $(patsubst lib/libnet/include/libnet/%,$(KIT)/lib/include/libnet/%,$(wildcard lib/libnet/include/libnet/*.h))

LWIP         := build/lwip
LWIP_SOURCES := $(addprefix core/,def.c inet_chksum.c init.c ip.c mem.c memp.c netif.c pbuf.c tcp.c tcp_in.c tcp_out.c \
                  timeouts.c udp.c) \
                $(addprefix core/ipv4/,dhcp.c etharp.c icmp.c ip4.c ip4_addr.c) netif/ethernet.c
LWIP_OURS    := net.c serve.c tcp.c udp.c
LWIP_OPTIONS := $(wildcard lib/libnet/lwip/*.h lib/libnet/lwip/*/*.h)

NET_CFLAGS  := $(LIBMV_CFLAGS) -Ilib/libnet/include
# lwIP's own words on conversions are not ours.
LWIP_CFLAGS := -Ilib/libnet/lwip -Ilib/libnet/lwip/freestanding -I$(LWIP)/src/include
LWIP_LOOSER := -Wno-conversion -Wno-shadow -Wno-address -Wno-unused-parameter

.PHONY: kit-net
kit-lib: $(KIT)/lib/libnet.a $(NET_HEADERS)
kit-net: kit $(KIT)/lib/liblwip.a

$(KIT)/lib/include/libnet/%.h: lib/libnet/include/libnet/%.h
	@mkdir -p $(@D)
	cp $< $@

$(KIT)/lib/libnet.a: $(NET_BUILD)/link.o
	@mkdir -p $(@D)
	@rm -f $@
	$(LIBMV_AR) rcsD $@ $^

$(NET_BUILD)/link.o: lib/libnet/src/link.c | $(LIBMV_HEADERS) $(VIRTIO_HEADERS) $(NET_HEADERS) $(KIT_ABI)
	@mkdir -p $(@D)
	$(LIBMV_CC) $(NET_CFLAGS) -MMD -MP -c $< -o $@

# ---- lwIP ---------------------------------------------------------------------

# Debian's own changes to it concern parts that are not used: the archive as its
# authors have published it.
$(LWIP)/COPYING: guests/fetch.sh
	@archive=$$(guests/fetch.sh $(GUESTS_PACKAGES) lwip:source) || exit 1; \
	rm -rf $(LWIP) && mkdir -p $(LWIP) && tar -xf "$$archive" -C $(LWIP) --strip-components=1
	@touch $@

LWIP_OBJECTS := $(patsubst %.c,$(NET_BUILD)/lwip/%.o,$(LWIP_SOURCES)) $(patsubst %.c,$(NET_BUILD)/%.o,$(LWIP_OURS))

$(KIT)/lib/liblwip.a: $(LWIP_OBJECTS)
	@mkdir -p $(@D)
	@rm -f $@
	$(LIBMV_AR) rcsD $@ $^
	@cp $(LWIP)/COPYING $(KIT)/lib/lwip-licence.txt

$(NET_BUILD)/lwip/%.o: $(LWIP)/COPYING $(LWIP_OPTIONS) | $(LIBMV_HEADERS) $(KIT_ABI)
	@mkdir -p $(@D)
	$(LIBMV_CC) $(LIBMV_CFLAGS) $(LWIP_LOOSER) $(LWIP_CFLAGS) -c $(LWIP)/src/$*.c -o $@

$(patsubst %.c,$(NET_BUILD)/%.o,$(LWIP_OURS)): $(NET_BUILD)/%.o: lib/libnet/src/%.c $(LWIP)/COPYING $(LWIP_OPTIONS) \
  | $(LIBMV_HEADERS) $(NET_HEADERS) $(KIT_ABI)
	@mkdir -p $(@D)
	$(LIBMV_CC) $(NET_CFLAGS) $(subst -I,-isystem ,$(LWIP_CFLAGS)) -MMD -MP -c $< -o $@

-include $(NET_BUILD)/link.d $(patsubst %.c,$(NET_BUILD)/%.d,$(LWIP_OURS))
