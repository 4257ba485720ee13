# SPDX-License-Identifier: BSD-2-Clause
# Every way to start a system: make test-boot. Included by the top Makefile.

.PHONY: test-boot
test-boot: kit
	@python3 tests/boot/run.py
