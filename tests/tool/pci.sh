# SPDX-License-Identifier: BSD-2-Clause
# Part of run.sh: PCI functions, streams, memory for DMA, devices of the board in machines.

printf '#include "pci.dtsi"\n' >pci.dts
for board in virt-gicv2 virt-gicv3; do
    is "PCI functions for $board" build_in "pci-$board" pci.dts --board $board
    is "their table for $board" "$out/look" "pci-$board/system.elf"
done
p=pci-virt-gicv3
is "twice gives the same bytes" sh -c "'$tool' build pci.dts -o again && diff -r $p again && rm -r again"
is "a driver has its function's macros" has $p/store/cell.h \
    '#define FUNCTION_DISK0_BAR1_SIZE                 0x1000' '#define FUNCTION_DISK0_BAR4_SIZE                 0x4000' \
    '#define FUNCTION_DISK0_LINE                      0' '#define FUNCTION_DISK0_CAP                       2' \
    '#define CAP_FUNCTION_DISK0_ATTACH                1   /* portal functions of bus */' \
    '#define CAP_FUNCTION_DISK0                       2   /* interrupt 36 of function disk0 */'
is "and may call the bridge's owner for it, as nobody else" has $p/report.txt \
    '    called by store, badge 1' '    called by net, badge 2' '    called by net, badge 3'
is "functions of one driver can share an interrupt" sh -c "
    [ \$(grep -c '    interrupt 38 (level) on line 0' $p/report.txt) = 2 ] &&
    [ \$(grep -c '.line_cap = 3, .line = 0, .behind_smmu = 1' $p/net/cell_config.c) = 2 ]"
is "the bridge's owner knows functions, drivers, places" has $p/bus/pci_config.c \
    '    { .name = "disk0", .driver = "store", .id = 0x8, .vendor = 0x1af4, .device = 0x1042, .badge = 1,' \
    '      .bar = { [1] = { 0x10000000, 0x1000 }, [4] = { 0x10004000, 0x4000 }, } },' \
    '    { .name = "nic1", .driver = "net", .id = 0x11, .vendor = 0x8086, .device = 0x10d3, .badge = 3,' \
    '      .bar = { [0] = { 0x10040000, 0x20000 }, [3] = { 0x10060000, 0x10 }, } },' \
    '    .first_bus = 0,' '    .bus_count = 1,' '    .function_count = 3,'
is "it alone can write configuration space, and only that of the buses in use" sh -c "
    grep -qE '^    [0-9a-f]{10}  [0-9a-f]{10}  rw-  configuration space of pcie$' $p/report.txt &&
    grep -q '#define BRIDGE_PCIE_SIZE                         0x100000' $p/bus/cell.h &&
    [ \$(grep -cE '^    [0-9a-f]{10}  [0-9a-f]{10}  r--  function .*, configuration$' $p/report.txt) = 3 ]"
is "the report shows them" has $p/report.txt '  pcie: PCI bridge, owned by bus: switches functions on and off' '    configuration of bus 0' \
    '  disk0: function 00:01.0 of pcie, 1af4:1042, owned by store' '    configuration 4010008000, read-only' \
    '    BAR4 10004000 - 10008000' '    stream 0x8' '    stream 0x11'

# dma CELL NAME: address, size, bus of a region, as cell.h has them.
dma() { sed -n "s/^#define DMA_$2_[A-Z]* *\(0x[0-9a-f]*\).*/\1/p" "$1/cell.h" | tr '\n' ' '; }
# The device uses the cell's addresses: the third is the first.
same() { set -- $(dma "$1" "$2"); [ $# = 3 ] && [ "$1" = "$3" ]; }
is "behind an SMMU a device is told the cell's own addresses" eval 'same $p/store DMA && same $p/store RING && same $p/store FEED && same $p/store USER_A'
is "what a cell may only read its devices may only read" grep -qE '^    \{ .name = "ring", .*, .writable = 0 },$' $p/store/cell_config.c
is "no more than that is listed" sh -c "[ \$(grep -c '^#define .*_BUS' $p/store/cell.h) = 4 ] && [ \$(grep -c '^#define .*_BUS' $p/net/cell.h) = 1 ] && ! grep -q '_BUS' $p/user/cell.h"
is "the handler of faults hears of streams, and of nobody else does" eval "has $p/server/cell_config.c \
    '    { .name = \"disk0\", .cell = \"store\", .id = 0x8, .cap = 6 },' '    .stream_count = 3,' '    .stream_line = 5,' &&
    has $p/report.txt '       6  STREAM_CONTROL               stream 0x8, disk0 of store' &&
    [ \$(grep -c 'STREAM_CONTROL' $p/report.txt) = 3 ] && ! grep -q stream $p/bus/cell_config.c"
is "nobody is trusted" sh -c "! grep -q TRUSTED $p/report.txt"

cat >bare.dts <<'END'
#include "pci.dtsi"
&pcie { /delete-property/ iommu-map; };
&store { /delete-property/ iommu; };
&top { segments { pieces: pieces { reg = <0x0 0x7ffff000 0x0 0x1000>, <0x0 0x58000000 0x0 0x1000>; }; }; };
&net { dma = <&pieces>; maps = <&pieces>; };
END
is "without an SMMU" build_in bare bare.dts
is "the table holds together" "$out/look" bare/system.elf
is "devices are told physical addresses, which programs know before they are built" sh -c "
    grep -qE '^  00007ffec000  00007fffc000 +65,536  store: memory for DMA$' bare/report.txt &&
    grep -q '#define DMA_DMA_BUS                              0x7ffec000' bare/store/cell.h"
is "piece by piece" eval 'has bare/net/cell.h "#define DMA_PIECES_BUS                           0x7ffff000" "#define DMA_PIECES_BUS_1                         0x58000000"'
is "and all drivers are trusted, as is who switches them on" sh -c "[ \$(grep -c TRUSTED bare/report.txt) = 4 ] && ! grep -q 'STREAM_CONTROL' bare/report.txt"

cat >buses.dts <<'END'
#include "pci.dtsi"
&nic1 { reg = <0x25100 0 0 0 0>; interrupts = <0>; };
&pcie { status = "okay"; };
&store { devices = <&disk0 &nic0>; device-vcpus = <0 0>; };
&net { devices = <&nic1>; };
END
is "functions of several buses" build_in buses buses.dts
is "have configuration space from the first to the last" eval "has buses/bus/pci_config.c '    .first_bus = 0,' '    .bus_count = 3,' &&
    has buses/report.txt '    configuration of bus 0 to 2' '  nic1: function 02:0a.1 of pcie, 8086:10d3, owned by net' '    configuration 4010251000, read-only' &&
    grep -q '.line_cap = 0, .line = 0,' buses/net/cell_config.c"

# An owner that drives all by itself calls nobody.
cat >alone.dts <<'END'
#include "base.dtsi"
&pcie { card: card@1,0 { compatible = "pci1234,11e8"; reg = <0x0800 0 0 0 0>; mullion,bars = <0 0x100000>; }; };
&client { devices = <&pcie &card>; dma-size = <0x2000>; };
END
is "one cell can own bridge and function" build_in alone alone.dts
is "and needs no portal" grep -q '.attach_cap = 0 }' alone/client/cell_config.c
rm -rf pci-virt-gicv2 $p bare buses alone

# ---- devices of the board in machines ------------------------------------------------

cat >passed.dts <<'END'
#include "base.dtsi"
&virtio8 { mullion,registers-only; };
&flash { reg = <0x0 0x04000000 0x0 0x20000>, <0x0 0x04040800 0x0 0x100>; };
&top { cells { vm { kernel = "Image"; memory = <0x400000>; devices = <&gpio &flash &rtc &virtio8>; }; }; };
END
for board in virt-gicv2 virt-gicv3; do
    is "a machine with devices of $board" build_in passed passed.dts --board $board
    is "the table of it" "$out/look" passed/system.elf vm vm.dtb
    is "what it finds of them" eval 'fdt vm.dtb /pl061@b000000 reg "0 b000000 0 1000" x && fdt vm.dtb /pl061@b000000 interrupts "0 32 4" &&
        fdt vm.dtb /pl061@b000000 compatible "arm,pl061 arm,primecell" && fdt vm.dtb /pl061@b000000 "#gpio-cells" 2 &&
        fdt vm.dtb /pl061@b000000 clocks 3 && fdt vm.dtb /board-apb-pclk phandle 3 && fdt vm.dtb /board-apb-pclk clock-frequency 24000000 &&
        fdt vm.dtb /flash@b010000 reg "0 b010000 0 20000 0 b030800 0 100" x &&
        fdt vm.dtb /pl031@b040000 interrupts "0 33 4" && fdt vm.dtb /virtio_mmio@b050000 interrupts "0 34 1"'
    is "and the report says so" has passed/report.txt '    at b050000 of the machine' '    interrupt 56 (edge), interrupt 66 of the machine' \
        '    does no DMA, as the description says' '    000b040000  000b041000  the hardware            rtc of the board'
    is "it has no more rights than before" sh -c "! grep -A20 '^Cell vm, ' passed/report.txt | grep -q VIRQ_HANDLE"
    rm -rf passed
done
