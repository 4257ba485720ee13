# SPDX-License-Identifier: BSD-2-Clause
# Included by the top Makefile.
#   make test-net    the guests' checking programs and lib/libnet, on this computer

.PHONY: test-net
test-net: $(GUESTS_HOST_PROGRAMS)
	@python3 tests/net/tools.py $(GUESTS)/host
