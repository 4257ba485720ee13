# SPDX-License-Identifier: BSD-2-Clause
# Xilinx ZCU102 (Zynq UltraScale+), also QEMU xlnx-zcu102; RAM at 0.
GIC := gicv2
SMMU := nosmmu
UART := cadence
LINK_BASE := 0x00200000
