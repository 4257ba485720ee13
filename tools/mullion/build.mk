# SPDX-License-Identifier: BSD-2-Clause
# The host tool: build/tools/mullion. Included by the top Makefile.

HOSTCC ?= cc
TOOL_SOURCES := $(sort $(wildcard tools/mullion/*.c))
TOOL_WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion
TOOL_CFLAGS ?= -O2 -g
TOOL_LIBS := -lfdt -lelf
comma := ,

# Any build of the tool: $(1) is the file, $(2) more flags.
define tool_rule
$(1): $$(TOOL_SOURCES) $$(wildcard tools/mullion/*.h) $$(wildcard include/mv/*) tools/mullion/build.mk
	@mkdir -p $$(@D)
	$$(HOSTCC) -std=c11 -D_GNU_SOURCE $$(TOOL_WARNINGS) $$(TOOL_CFLAGS) $(2) -Iinclude -o $$@ $$(TOOL_SOURCES) $$(TOOL_LIBS)
endef
$(eval $(call tool_rule,build/tools/mullion,))
# The tests' build: sanitizers, and allocations that fail on request.
$(eval $(call tool_rule,build/tests/tool/mullion,-O1 -DMULLION_TEST -fsanitize=address$(comma)undefined -fno-sanitize-recover=all))
