# SPDX-License-Identifier: BSD-2-Clause
# Tests of the host tool: make test-tool. Included by the top Makefile.

.PHONY: test-tool
test-tool: build/tests/tool/mullion build/kit/boot/efi.bin build/tests/tool/mutate build/tests/tool/look
	@tests/tool/run.sh

build/tests/tool/mutate build/tests/tool/look: build/tests/tool/%: tests/tool/%.c include/mv/systab.h include/mv/objects.h
	@mkdir -p $(@D)
	$(HOSTCC) -std=c11 $(TOOL_WARNINGS) -O2 -Iinclude -o $@ $<
