# SPDX-License-Identifier: BSD-2-Clause
# Part of run.sh: disks, networks, ports, and the io cells of virtual machines.

# Programs of one's own can serve too.
sed 's/"block_config.h"/<block\/block_config.h>/' "$here/block.c" >store.c
sed 's/"switch_config.h"/<switch\/switch_config.h>/' "$here/switch.c" >wire.c

for board in virt-gicv2 virt-gicv3 zcu102; do
    is "disks and networks for $board" build_in "links-$board" links.dts --board $board
    is "their table for $board" "$out/look" "links-$board/system.elf" left "left-$board.dtb"
done
is "twice gives the same bytes" sh -c "SOURCE_DATE_EPOCH=1 '$tool' build links.dts -o links-1 && SOURCE_DATE_EPOCH=1 '$tool' build links.dts -o links-2 &&
    diff -r links-1 links-2"

l=links-virt-gicv3
# Numbers of capabilities and lines are not what these are about.
sed -E 's/(raise_cap|bell_line) = [0-9]+/\1 = N/g' $l/left-io/io_config.c >seen
is "the io cell knows its devices" has seen \
    '    { .kind = IO_PORTS, .slot = 2, .raise_cap = N, .bell_line = N, .name = "",' \
    '      .link = NULL },' \
    '    { .kind = IO_BLOCK, .slot = 3, .raise_cap = N, .bell_line = N, .name = "pa",' \
    '      .read_only = 0, .link = &mv_cell_channels[2] },' \
    '      .read_only = 1, .link = &mv_cell_channels[3] },' \
    '    { .kind = IO_NET, .slot = 5, .raise_cap = N, .bell_line = N, .name = "lan",' \
    '      .mac = { 0x02, 0x00, 0x00, 0x00, 0x00, 0x01 }, .link = &mv_cell_channels[4] },' \
    '      .mac = { 0x02, 0x00, 0x00, 0x00, 0x00, 0x02 }, .link = &mv_cell_channels[5] },' \
    '    { "modem-port", &mv_cell_channels[0] },' '    { "cross", &mv_cell_channels[1] },' \
    '    .name = "left",' '    .ram_base = 0x40000000,' '    .ram_size = 0x400000,' '    .device_count = 5,' '    .port_count = 2,'
is "what it is told of a network is for the machine's, not the switch's end" grep -qE '^    \{ "lan", "lan", 0x[0-9a-f]+, 0x40000, 0, MV_CHANNEL_LINK, 0,' $l/left-io/cell_config.c
is "and what the other end calls it" grep -qE '^    \{ "left", "left", 0x[0-9a-f]+, 0x40000, 0, MV_CHANNEL_LINK, 1,' $l/lan/cell_config.c
is "sizes of links are the client's to say" eval "grep -qE '^    \{ \"pb\", \"block\", 0x[0-9a-f]+, 0x200000, 0, MV_CHANNEL_LINK, 0,' $l/right-io/cell_config.c &&
    grep -qE '^    \{ \"lan\", \"lan\", 0x[0-9a-f]+, 0x4000, 0, MV_CHANNEL_LINK, 0,' $l/right-io/cell_config.c"
is "the VMM knows its io cell" has $l/left-vmm/vmm_config.c '    .io_cap = 1,' '    .io_slots = 0x7c,'
is "and that there is none" eval "! grep -q 'io_' $l/alone-vmm/vmm_config.c && [ ! -e $l/alone-io ]"
shared_page() {
    there=$(sed -n 's/^    .status = (uint32_t \*)\(0x[0-9a-f]*\),/\1/p' $l/left-io/io_config.c)
    here_too=$(sed -n 's/^    .io_status = (uint32_t \*)\(0x[0-9a-f]*\),/\1/p' $l/left-vmm/vmm_config.c)
    has $l/left-io/cell.h "#define SEGMENT_STATUS_ADDRESS                   $there   /* rw- */" &&
        has $l/left-vmm/cell.h "#define SEGMENT_IO_STATUS_ADDRESS                $here_too   /* rw- */"
}
is "both have the page of interrupt words" shared_page
is "the server of a disk knows who has what" has $l/block/block_config.c \
    '    { "first", "left", 0x0, 0x3e8, 0, &mv_cell_channels[0] },' \
    '    { "shared", "left", 0x3e8, 0x18, 1, &mv_cell_channels[1] },' \
    '    { "last", "right", 0xffffff00, 0x100, 1, &mv_cell_channels[2] },' \
    '    { "shared", "modem", 0x3e8, 0x18, 1, &mv_cell_channels[4] },' \
    'const struct block_config block_config = { 0x100000000, 5, clients };'
is "so does one of one's own" has $l/ram/block_config.c '    { "scratch", "modem", 0x0, 0x8, 0, &mv_cell_channels[0] },'
is "the switch knows its ports" has $l/lan/switch_config.c \
    '    { "left", &mv_cell_channels[0], { 0x02, 0x00, 0x00, 0x00, 0x00, 0x01 } },' \
    '    { "card", &mv_cell_channels[3], { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } },'
macs() {
    found=$(sed -n 's/.*{ \(0x.., 0x.., 0x.., 0x.., 0x.., 0x..\) }.*/\1/p' $l/lan/switch_config.c $l/wan/switch_config.c)
    [ "$(echo "$found" | wc -l)" = 5 ] && [ -z "$(echo "$found" | sort | uniq -d)" ] || { echo "$found"; return 1; }
    # Those that the tool has made are of a single station, and locally administered.
    echo "$found" | sed -n 2,3p | grep -vE '^0x.[26ae],' && return 1
    return 0
}
is "all have different addresses" macs
is "which do not change from build to build, nor with the machine's place" sh -c "mkdir -p moved/there && cp links.dts cell.c store.c wire.c Image moved/there &&
    '$tool' headers moved/there/links.dts -o moved/out && diff $l/lan/switch_config.c moved/out/lan/switch_config.c"
is "links have names in cell.h" has $l/modem/cell.h \
    '#define CHANNEL_SCRATCH                          1   /* index in mv_cell.channels; to ram */' \
    '#define CHANNEL_SCRATCH_SIZE                     0x80000' \
    '#define CHANNEL_LAN_SIZE                         0x40000'
is "at the server's end the client's" has $l/block/cell.h \
    '#define CHANNEL_LEFT_FIRST                       0   /* index in mv_cell.channels; to left-io */' \
    '#define CHANNEL_MODEM_SHARED_SIZE                0x80000'
is "who controls a machine controls its io cell" has $l/server/cell.h \
    '#define CAP_CELL_LEFT_IO                         12   /* cell left-io */'
# The capabilities of a cell, by name and in their order.
held() { sed -nE 's/^#define (CAP_[A-Z0-9_]+) .*/\1/p' "$1/cell.h" | tr '\n' ' '; }
io_rights() {
    held $l/right-io | grep -E 'CAP_CHANNEL_CROSS_RAISE CAP_CHANNEL_CROSS_LINE CAP_CHANNEL_PB_RAISE CAP_CHANNEL_PB_LINE .* CAP_SLOT_2_RAISE CAP_SLOT_3_RAISE CAP_SLOT_4_RAISE CAP_SLOT_5_RAISE CAP_COUNT' &&
        ! held $l/right-io | grep -E 'CAP_(CELL|VCPU|VGIC)'
}
is "the io cell may raise the machine's interrupts, and wake its peers; it controls nothing" io_rights
own_interrupts() {
    sed -nE 's/.*slot = ([0-9]+), .raise_cap = ([0-9]+),.*/\1 \2/p' $l/left-io/io_config.c >slots
    [ "$(wc -l <slots)" = 5 ] || return 1
    while read -r slot cap; do
        grep -qE "^#define CAP_SLOT_${slot}_RAISE +$cap +" $l/left-io/cell.h || { echo "slot $slot"; return 1; }
    done <slots
}
is "each interrupt by its own capability" own_interrupts
is "the report shows them" has $l/report.txt \
    '  disk of block: 4,294,967,296 sectors of 512 bytes' \
    '    first                                 0           1,000             500  left (rw)' \
    '    shared (r)                        1,000              24              12  left (r), right (r), modem (r)' \
    '    last                      4,294,967,040             256             128  right (r)' \
    '    left                    02:00:00:00:00:01  a link of 262,144 bytes to left-io' \
    '    card                    any                a link of 262,144 bytes' \
    '  link shared: modem <-> block, 524,288 bytes, virtqueues' \
    '  channel cross: left-io <-> right-io, 4,096 bytes, a stream of bytes' \
    '  portal registers of left-io: core 1, ceiling 51, bound none' \
    '    called by left-vmm, badge 3' \
    '  control: server controls cell left and its VMM, left-vmm and its io cell, left-io' \
    '  left: 4,096 KiB of memory, 2 vCPUs on core 1 0; its exits are served by left-vmm, its disks, networks and ports by left-io on core 1' \
    '    000a000400  000a000600  left-io                 virtio console, 2 ports; interrupt 50' \
    '    000a000600  000a000800  left-io                 virtio block: first of block, read-write; interrupt 51' \
    '    000a000a00  000a000c00  left-io                 virtio network: lan, 02:00:00:00:00:01; interrupt 53'
is "priorities and cores of io cells" eval "sed -n '/^Cell left-io/,/capabilities/p' $l/report.txt | grep -qE '^  0 +1 +51 ' &&
    sed -n '/^Cell right-io/,/capabilities/p' $l/report.txt | grep -qE '^  0 +1 +7 +255 '"
tree_of_links() {
    fdt $1 /virtio_mmio@a000200 interrupts "0 17 4" && fdt $1 /virtio_mmio@a000400 interrupts "0 18 1" &&
        fdt $1 /virtio_mmio@a000c00 interrupts "0 22 1" && fdt $1 /virtio_mmio@a000c00 compatible virtio,mmio || return 1
    [ "$(fdtget -l $1 / | grep -c virtio_mmio)" = 6 ] || fdtget -l $1 /
}
is "the guest's device tree has them, with edges" tree_of_links left-virt-gicv3.dtb
is "also with a GICv2" tree_of_links left-virt-gicv2.dtb

cat >sixteen.dts <<'END'
#include "base.dtsi"
&top { cells {
    sw1: sw1 { program = "switch"; };
    block: block { program = "block"; disk-sectors = <100>; partitions {
        p0: p0 { sectors = <1>; }; p1: p1 { sectors = <1>; }; p2: p2 { sectors = <1>; }; p3: p3 { sectors = <1>; };
        p4: p4 { sectors = <1>; }; p5: p5 { sectors = <1>; }; p6: p6 { sectors = <1>; }; p7: p7 { sectors = <1>; };
        p8: p8 { sectors = <1>; }; p9: p9 { sectors = <1>; }; p10: p10 { sectors = <1>; }; p11: p11 { sectors = <1>; };
        p12: p12 { sectors = <1>; }; }; };
    vm { kernel = "Image"; memory = <0x200000>; disks = <&p0 &p1 &p2 &p3 &p4 &p5 &p6 &p7 &p8 &p9 &p10 &p11 &p12>; networks = <&sw1>; };
}; };
END
is "as many devices as there are slots" sh -c "'$tool' build sixteen.dts -o sixteen && '$out/look' sixteen/system.elf && grep -q 'io_slots = 0xfffc,' sixteen/vm-vmm/vmm_config.c"
printf '#include "base.dtsi"\n&top { cells { lonely: lonely { program = "switch"; }; }; };\n' >system.dts
is "a switch without ports is warned about" sh -c "'$tool' check system.dts 2>&1 | grep -qxF 'system.dts:2: warning: nothing is connected to \"lonely\"; expected cells or machines with networks = <&lonely>; connect some or remove it'"
# many NUMBER: a switch with that many clients.
many() {
    echo '#include "base.dtsi"'
    echo '&top { cells { sw: sw { program = "switch"; };'
    for n in $(seq "$1"); do echo "c$n { sources = \"cell.c\"; networks = <&sw>; };"; done
    echo '}; };'
}
many 32 >system.dts
is "a switch with as many ports as it can have" "$tool" check system.dts
many 33 >system.dts
is "and with more" sh -c "'$tool' check system.dts 2>&1 | grep -qxF 'system.dts:2: error: cell \"sw\" has 33 clients; expected at most 32 of program \"switch\"; move some to another cell'"
rm -rf seen slots links-* moved sixteen* left-*.dtb system.dts store.c wire.c
