# SPDX-License-Identifier: BSD-2-Clause
# make test-sharing                         two machines that share a disk and a network card
# make test-sharing SHARING="disk network"  these runs alone; SHARING=-v shows what is printed
.PHONY: test-sharing
test-sharing: kit kit-net guests
	@python3 tests/sharing/run.py $(SHARING)
