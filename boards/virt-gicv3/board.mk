# SPDX-License-Identifier: BSD-2-Clause
# QEMU virt with a GICv3; RAM at 1 GiB.
GIC := gicv3
SMMU := smmuv3
UART := pl011
LINK_BASE := 0x40200000
