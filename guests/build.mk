# SPDX-License-Identifier: BSD-2-Clause
# Debian Linux for virtual machines. Included by the top Makefile.
#   make guests       build/guests/linux/{Image,initrd}: what the systems' descriptions name
#   make guests-all   the kernels of the tests too: cloud, full and PREEMPT_RT
#   make guests-stress   build/guests/stress/initrd: the initramfs of `guests`, and stress-ng
#   LINUX=path INITRD=path   your own instead of Debian's cloud kernel and our initramfs

GUESTS          := build/guests
GUESTS_PACKAGES := $(GUESTS)/packages
GUESTS_KERNELS  := cloud full rt
# Where the descriptions' files are looked for, besides their own folder.
export MULLION_GUESTS ?= $(CURDIR)/$(GUESTS)
GUESTS_CC       := aarch64-linux-gnu-gcc
GUESTS_CFLAGS   := -std=c11 -D_GNU_SOURCE -O2 -static -s -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
                   -Wmissing-prototypes -Wconversion

GUESTS_PACKAGE_cloud := linux-image-cloud-arm64@
GUESTS_PACKAGE_full  := linux-image-arm64@
GUESTS_PACKAGE_rt    := linux-image-rt-arm64@

.PHONY: guests guests-all $(addprefix guests-,$(GUESTS_KERNELS)) FORCE
guests-all: guests $(addprefix guests-,$(GUESTS_KERNELS))

# Our own programs in the initramfs: one file that does what its name says, as BusyBox
# does. And each for this computer, for tests.
GUESTS_CHECKS := $(GUESTS)/checks
$(GUESTS_CHECKS): $(wildcard guests/initrd/*.c guests/initrd/*.h) guests/build.py
	@mkdir -p $@.o
	@{ echo '#include <string.h>'; \
	for f in $(wildcard guests/initrd/*.c); do n=$$(basename $$f .c); echo "int $${n}_main(int, char **);"; done; \
	echo 'int main(int argc, char **argv) { const char *s = strrchr(argv[0], 47), *n = s ? s + 1 : argv[0];'; \
	for f in $(wildcard guests/initrd/*.c); do n=$$(basename $$f .c); \
	  echo "if (strcmp(n, \"$$n\") == 0) return $${n}_main(argc, argv);"; done; echo 'return 127; }'; } >$@.o/main.c
	@set -e; for f in $(wildcard guests/initrd/*.c); do n=$$(basename $$f .c); \
	  $(GUESTS_CC) $(GUESTS_CFLAGS) -c -o $@.o/$$n.o $$f; \
	  aarch64-linux-gnu-objcopy --redefine-sym main=$${n}_main $@.o/$$n.o; done
	@$(GUESTS_CC) $(GUESTS_CFLAGS) -o $@ $@.o/*.c $@.o/*.o -pthread

GUESTS_HOST_PROGRAMS := $(patsubst guests/initrd/%.c,$(GUESTS)/host/%,$(filter-out %/selfcheck.c,$(wildcard guests/initrd/*.c)))
$(GUESTS_HOST_PROGRAMS): $(GUESTS)/host/%: guests/initrd/%.c $(wildcard guests/initrd/*.h)
	@mkdir -p $(@D)
	@gcc $(filter-out -static -s,$(GUESTS_CFLAGS)) -g -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ $< -pthread

define guests_kernel
guests-$(1): $$(GUESTS)/$(1)/Image $$(GUESTS)/$(1)/initrd

$$(GUESTS)/$(1)/Image: guests/fetch.sh guests/build.py
	@kernel=$$$$(guests/fetch.sh $$(GUESTS_PACKAGES) $$(GUESTS_PACKAGE_$(1))) || exit 1; \
	echo "guests: unpacking Debian's $(1) kernel" >&2; \
	guests/build.py kernel "$$$$kernel" $$@

$$(GUESTS)/$(1)/initrd: guests/fetch.sh guests/build.py $$(GUESTS_CHECKS) $$(wildcard guests/initrd/*)
	@kernel=$$$$(guests/fetch.sh $$(GUESTS_PACKAGES) $$(GUESTS_PACKAGE_$(1))) || exit 1; \
	busybox=$$$$(guests/fetch.sh $$(GUESTS_PACKAGES) busybox-static) || exit 1; \
	echo "guests: making the initramfs of Debian's $(1) kernel" >&2; \
	guests/build.py initrd "$$$$kernel" "$$$$busybox" guests/initrd $$(GUESTS_CHECKS) $$@
endef
$(foreach k,$(GUESTS_KERNELS),$(eval $(call guests_kernel,$(k))))

# What descriptions name. Written only when it differs, so that nothing is built anew for nothing.
GUESTS_LINUX  := $(if $(LINUX),$(LINUX),$(GUESTS)/cloud/Image)
GUESTS_INITRD := $(if $(INITRD),$(INITRD),$(GUESTS)/cloud/initrd)
guests: $(GUESTS)/linux/Image $(GUESTS)/linux/initrd
$(GUESTS)/linux/Image: $(GUESTS_LINUX) FORCE
	@guests/build.py image $(GUESTS_LINUX) $@
$(GUESTS)/linux/initrd: $(GUESTS_INITRD) FORCE
	@mkdir -p $(@D)
	@cmp -s $(GUESTS_INITRD) $@ || cp $(GUESTS_INITRD) $@

# An initramfs with stress-ng, whose libraries it needs to start at all.
GUESTS_STRESS := stress-ng libapparmor1 libbsd0 libc6 libcrypt1 libdrm2 libegl1 libexpat1 libffi8 libgbm1 libgles2 libglvnd0 \
                 libjpeg62-turbo libjudydebian1 libkmod2 liblzma5 libmd0 libsctp1 libssl3 libwayland-server0 libxxhash0 \
                 libzstd1 zlib1g
.PHONY: guests-stress
guests-stress: guests $(GUESTS)/stress/initrd
$(GUESTS)/stress/initrd: $(GUESTS)/linux/initrd guests/fetch.sh guests/build.py $(wildcard guests/stress/*)
	@packages=$$(guests/fetch.sh $(GUESTS_PACKAGES) $(GUESTS_STRESS)) || exit 1; \
	echo "guests: making the initramfs with stress-ng" >&2; \
	guests/build.py more $< guests/stress usr/bin/stress-ng $$packages $@
FORCE:
