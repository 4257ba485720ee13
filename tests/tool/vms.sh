# SPDX-License-Identifier: BSD-2-Clause
# Part of run.sh: what the tool makes of virtual machines.

# A time that is fixed makes builds with virtual machines the same each time.
export SOURCE_DATE_EPOCH=1700000000
for board in virt-gicv2 virt-gicv3 zcu102; do
    is "virtual machines for $board" build_in "vm-$board" vm.dts --board $board
    is "their table for $board" "$out/look" "vm-$board/system.elf" left "left-$board.dtb"
done
is "with a fixed time they are the same each time" sh -c "'$tool' build vm.dts -o vm-again && diff -r vm-virt-gicv3 vm-again"
unset SOURCE_DATE_EPOCH
is "without, their random numbers differ" sh -c "rm -rf vm-again && '$tool' build vm.dts -o vm-again &&
    ! cmp -s vm-virt-gicv3/left-vmm/vmm_config.c vm-again/left-vmm/vmm_config.c &&
    ! cmp -s vm-again/left-vmm/vmm_config.c vm-again/right-vmm/vmm_config.c"

is "machines that start with the same kernel share its copy" sh -c "[ \$(grep -c 'pristine Image' vm-virt-gicv3/report.txt) = 1 ]"
is "the VMM is told of its machine" has vm-virt-gicv3/left-vmm/vmm_config.c \
    '    .name = "left",' '    .vcpu_count = 3,' '    .gic_version = 3,' '    .spi_banks = 2,' '    .cell_cap = 3,' '    .vgic_cap = 7,' \
    '    .vcpu_cap = { 4, 5, 6 },' '    .server = { 0, 1, 0 },' '    .ram_base = 0x40000000,' '    .ram_size = 0x400000,' \
    '    .console = VMM_CONSOLE_PL011,' '    .has_rng = 1,' '    .time_base = 1700000000,'
is "and that it has a virtio console, and no random numbers" has vm-virt-gicv2/right-vmm/vmm_config.c \
    '    .gic_version = 2,' '    .console = VMM_CONSOLE_VIRTIO,' '    .has_rng = 0,'
is "its console channel has the machine's name at the other end" grep -q '{ "left", "left", ' vm-virt-gicv3/server/cell_config.c
is "who controls a machine controls its VMM" has vm-virt-gicv3/server/cell.h \
    '#define CAP_CELL_LEFT                            7   /* cell left */' \
    '#define CAP_VCPU_LEFT_2                          10   /* vCPU 2 of left */' \
    '#define CAP_CELL_LEFT_VMM                        11   /* cell left-vmm */'
is "a guest has names for its capabilities" has vm-virt-gicv3/left/cell.h '#define CAP_TICK                                 1   /* vIRQ tick of server */'
is "the report shows the machines" has vm-virt-gicv2/report.txt \
    '  left: 4,096 KiB of memory, 3 vCPUs on core 1 0 1; its exits are served by left-vmm' \
    '    0008010000  0008012000  the hardware            GICv2, CPU interface' \
    '    000a000000  000a000200  right-vmm               virtio console' \
    '  command line: console=ttyAMA0 quiet' \
    '    exits of left, vCPU 1, badge 0x1' \
    '  control: server controls cell left and its VMM, left-vmm' \
    'Cell right, a virtual machine (not started at boot)'

# fdt FILE NODE PROPERTY WANT [TYPE]: a property of a device tree.
fdt() {
    found=$(fdtget ${5:+-t $5} "$1" "$2" "$3") || return 1
    [ "$found" = "$4" ] || { echo "$2 $3: $found, not $4"; return 1; }
}
tree_of_left() {
    t=left-$1.dtb
    dtc -I dtb -O dts "$t" >left.dts 2>complaints && [ ! -s complaints ] || { cat complaints; return 1; }
    fdt $t /memory@40000000 reg "0 40000000 0 400000" x && fdt $t /chosen bootargs "console=ttyAMA0 quiet" &&
        fdt $t /chosen stdout-path /pl011@9000000 && fdt $t /chosen linux,initrd-start "0 403fe000" x &&
        fdt $t /chosen linux,initrd-end "0 403ff388" x && [ "$(fdtget -t bx $t /chosen rng-seed | wc -w)" = 64 ] &&
        [ "$(fdtget -l $t /cpus | wc -l)" = 3 ] && fdt $t /cpus/cpu@2 reg 2 && fdt $t /psci method hvc &&
        fdt $t /timer interrupts "$2" x && fdt $t /interrupt-controller@8000000 compatible "$3" &&
        fdt $t /interrupt-controller@8000000 reg "$4" x && fdt $t /pl011@9000000 interrupts "0 1 4" &&
        fdt $t /pl031@9010000 interrupts "0 2 4" && fdt $t /virtio_mmio@a000200 interrupts "0 17 4"
}
is "the device tree of a guest with a GICv3" tree_of_left virt-gicv3 "1 d 4 1 e 4 1 b 4 1 a 4" arm,gic-v3 \
    "0 8000000 0 10000 0 80a0000 0 60000"
is "and of one with a GICv2" tree_of_left zcu102 "1 d 704 1 e 704 1 b 704 1 a 704" arm,gic-400 "0 8000000 0 10000 0 8010000 0 2000"
other_console() {
    "$out/look" vm-virt-gicv3/system.elf right right.dtb && fdt right.dtb /virtio_mmio@a000000 compatible virtio,mmio || return 1
    fdtget -l right.dtb / | grep -qE 'pl011|a000200' && return 1
    ! fdtget right.dtb /chosen stdout-path 2>/dev/null
}
is "and of one with a virtio console and no more" other_console

# with TITLE PROPERTIES: a system with one such machine.
with() {
    printf '#include "base.dtsi"\n&top { cells { vm { %s }; }; };\n' "$2" >system.dts
    is "$1" sh -c "'$tool' build system.dts -o given && '$out/look' given/system.elf vm vm.dtb"
}
with "a device tree that says nothing" 'kernel = "Image"; initrd = "initrd"; memory = <0x400000>; device-tree = "plain.dtb"; bootargs = "ours";'
is "is completed" eval 'fdt vm.dtb / model given && fdt vm.dtb /memory@40000000 reg "0 40000000 0 400000" x &&
    fdt vm.dtb /chosen bootargs ours && fdt vm.dtb /chosen linux,initrd-end "0 403ff388" x &&
    [ $(fdtget -t bx vm.dtb /chosen rng-seed | wc -w) = 64 ]'
rm -rf given
with "a device tree that says all" 'kernel = "Image"; memory = <0x400000>; device-tree = "full.dtb";'
is "is left as it is" eval 'fdt vm.dtb /memory@40000000 reg "0 40000000 0 100000" x && fdt vm.dtb /chosen bootargs own &&
    fdt vm.dtb /chosen rng-seed "1 2" bx && fdt vm.dtb /chosen stdout-path /x'
rm -rf given
with "a kernel that wants an offset" 'kernel = "offset.img"; memory = <0x200000>;'
is "lies there" grep -qE '^    0040080000  0040084000  .* offset.img$' given/report.txt
rm -rf given
with "a kernel that does not say its size" 'kernel = "old.img"; memory = <0x200000>;'
is "lies where those do" grep -qE '^    0040080000  0040080058  .* old.img$' given/report.txt
rm -rf given
with "eight vCPUs on two cores" 'kernel = "Image"; memory = <0x200000>; vcpus = <1 0 1 0 1 0 1 0>;'
is "are served by two" has given/vm-vmm/vmm_config.c '    .server = { 0, 1, 0, 1, 0, 1, 0, 1 },'
rm -rf given

mkdir -p guests/first guests/second && cp Image guests/second/Image2 && cp initrd guests/first/Image
with_guests() { MULLION_GUESTS=guests/none:guests/first::guests/second "$tool" check system.dts; }
printf '#include "base.dtsi"\n&top { cells { vm { kernel = "Image2"; initrd = "Image"; memory = <0x400000>; }; }; };\n' >system.dts
is "guests are looked for in the folders of MULLION_GUESTS" with_guests
cp pages16.img guests/first/Image2
is "the first of them counts" sh -c "MULLION_GUESTS=guests/first:guests/second '$tool' check system.dts 2>&1 | grep -q '^system.dts:2: warning: the kernel \"Image2\" uses pages of 16 KiB'"

cp Image big.img && truncate -s 40M big.img
head -c 20000000 /dev/urandom >big-initrd
with "a kernel and an initrd of 60 MiB" 'kernel = "big.img"; initrd = "big-initrd"; memory = <0x10000000>;'
is "make one image" sh -c "[ \$(wc -c <given/system.img) -gt 61000000 ]"
rm -rf given guests vm-* left-* big.img big-initrd system.dts
