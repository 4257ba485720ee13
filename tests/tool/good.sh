# SPDX-License-Identifier: BSD-2-Clause
# Part of run.sh: what the tool makes of good descriptions.

# has FILE LINE...: the file has each of these lines.
has() {
    file=$1; shift
    for line in "$@"; do
        grep -qxF -- "$line" "$file" || { echo "missing in $file: $line"; return 1; }
    done
}

# build_in DIR DTS OPTION...
build_in() { dir=$1; shift; "$tool" build "$@" -o "$dir"; }

is "a good system passes" "$tool" check good.dts
is "and is built" build_in one good.dts
is "with these files" ls one/system.elf one/system.img one/report.txt one/server.elf one/client.elf one/multi.elf \
    one/server/cell.h one/server/cell_config.c one/multi/cell.h
is "the table in it holds together" "$out/look" one/system.elf
is "twice gives the same bytes" sh -c "'$tool' build good.dts -o two && diff -r one two"
is "also elsewhere, under another name of the folder" sh -c "
    mkdir -p '$work/else/where' && cp good.dts base.dtsi cell.c '$work/else/where' && cd '$work/else' &&
    '$tool' build where/good.dts -o '$work/else/out' && diff -r '$work/sys/one' '$work/else/out'"
is "building again over it works" build_in one good.dts
is "headers alone are the same" sh -c "'$tool' headers good.dts -o three && diff one/server three/server && [ ! -e three/system.elf ]"
is "the report writes no file" sh -c "'$tool' report good.dts >printed && cmp printed one/report.txt"

mullion() { "$tool" "$@"; }
is "capabilities have names" has one/client/cell.h \
    '#define CAP_SPACE_MAIN                           1   /* own space main */' \
    '#define CAP_ECHO                                 3   /* portal echo of server */' \
    '#define CAP_TICK                                 4   /* vIRQ tick of server */' \
    '#define CAP_CELL_SERVER                          9   /* cell server */'
is "lines, badges and devices have names" has one/server/cell.h \
    '#define LINE_TICK                                0   /* taken by vCPU 0 */' \
    '#define LINE_BEAT                                1   /* taken by vCPU 0 */' \
    '#define BADGE_ECHO_CLIENT                        2' \
    '#define DEVICE_UART0_SIZE                        0x1000' \
    '#define DEVICE_UART0_LINE                        2'
is "segments have addresses" has one/client/cell.h \
    '#define SEGMENT_PART_ADDRESS                     0x400000   /* rw- */' \
    '#define SEGMENT_PART_SIZE                        0x1000'
is "faults arrive with a badge" has one/server/cell_config.c \
    '    { 0x2, 1, "echo", "client" },' '    { 0x10001, 1, "faults", "client" },' '    { 0x10003, 2, "faults", "multi" },'
is "a portal's ceiling is the highest of its callers" has one/report.txt \
    '  portal echo of server: core 0, ceiling 50, bound 100 us' \
    '  portal faults of server: core 0, ceiling 100, bound none'

cat >chain.dts <<'END'
#include "base.dtsi"
&client { priority = <90>; };
&server { calls = <&last>; };
&multi { portals { last: last { }; }; };
END
is "and goes on along a chain of calls" sh -c "'$tool' report chain.dts >printed"
is "with these ceilings" has printed '  portal echo of server: core 0, ceiling 90, bound 100 us' \
    '  portal last of multi: core 1, ceiling 100, bound none'

cat >circle.dts <<'END'
#include "base.dtsi"
&multi { calls = <&echo>; portals { back: back { }; }; };
&server { calls = <&back>; };
END
cat >want <<'END'
system.dts:2: warning: cell "multi" can be called by a cell that it calls; expected calls in one direction; call back with a vIRQ or channel, or use MV_NOWAIT
system.dts:3: warning: cell "server" can be called by a cell that it calls; expected calls in one direction; call back with a vIRQ or channel, or use MV_NOWAIT
END
is "calls in a circle are warned about" sh -c "cp circle.dts system.dts && '$tool' check system.dts 2>stderr && diff want stderr"

# Large things, fixed places, further address bits, blocks.
cat >large.dts <<'END'
#include "base.dtsi"
&top {
	segments {
		huge: huge { size = <0x1000000>; };
		mid: mid { size = <0x180000>; };
		there: there { size = <0x400000>; base = <0x50000000>; };
		low: low { size = <0x1000>; base = <0x40000000>; };
		middle: middle { size = <0x2000>; base = <0x40480000>; };
		pieces: pieces { reg = <0x0 0x58000000 0x0 0x600000>, <0x0 0x40500000 0x0 0x1000>, <0x0 0x40490000 0x0 0x3000>; };
	};
};
&multi { maps = <&huge &mid &there &low &middle &pieces>; image-size = <0x400000>; stack-size = <0x400000>; };
&client { holds = <&huge>; holds-rights = "r"; address-bits = <39>; table-pages = <7>; };
&server { devices = <&uart0 &flash &rtc &gpio>; defines = "EXTRA=1", "PLAIN"; cflags = "-O1 -DMORE"; };
END
is "large and fixed segments find their places" build_in large large.dts
is "and that table holds together too" "$out/look" large/system.elf
is "blocks need no table pages" grep -q 'space main: 26 bits, 7 table pages at boot' large/report.txt

cat >library.dts <<'END'
/* A comment first; a library cell, a given image, C++, and an old-style include. */
/dts-v1/;
/include/ "board.dts"
#define PRIORITY 30
/ { mullion { compatible = "mullion,system"; cells {
	lib: lib { program = "driver"; devices = <&uart0 &other>; priority = <PRIORITY>; autostart = <0>; };
	given: given { image = "given.elf"; priority = <(PRIORITY + 1)>; };
	plus { sources = "plus.cpp", "cell.c"; };
}; }; };
/ { extra {
	compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges = <0x0 0x0 0xf8000000 0x10000>;
	other: timer@100 { compatible = "some,timer"; reg = <0x100 0x10>; interrupts = <0 99 1>; };
}; };
END
cp one/client.elf given.elf
echo 'extern "C" const int answer; const int answer = 42;' >plus.cpp
for board in virt-gicv2 virt-gicv3 zcu102; do
    is "a system of library, given and C++ cells for $board" build_in "library-$board" library.dts --board $board
    is "the table for $board" "$out/look" "library-$board/system.elf"
done
is "addresses on a bus are translated" has library-virt-gicv3/report.txt '    registers f8000100 - f8000110' '    interrupt 131 (edge) on line 1'

is "a device that may do DMA makes its owner trusted" sh -c "'$tool' report library.dts >printed &&
    grep -qx '    TRUSTED: lib can reach all memory if the device does DMA; no SMMU stands before it' printed &&
    [ \$(grep -c TRUSTED printed) = 1 ]"

printf '#!/bin/sh\necho "$@"\n' >qemu
chmod +x qemu
is "run gives QEMU the board's machine" sh -c "
    MULLION_QEMU=./qemu '$tool' run good.dts -o ran --cpu cortex-a76 --cores 4 --qemu-arg -d --qemu-arg=int -- -drive if=none,file=a >printed &&
    echo '-M virt,gic-version=3,virtualization=on,iommu=smmuv3 -cpu cortex-a76 -smp 4 -m 1G -nographic -nic none -semihosting-config enable=on,target=native -kernel ran/system.elf -d int -drive if=none,file=a -serial mon:stdio -chardev socket,id=mullion-qmp,path='\$(pwd -P)'/ran/qmp,server=on,wait=off -mon chardev=mullion-qmp,mode=control' >want && diff want printed"
is "run chooses a folder" sh -c "mkdir -p mine && cp good.dts mine/system.dts && cp base.dtsi cell.c mine &&
    MULLION_QEMU=./qemu '$tool' run mine/system.dts >printed && [ -e build/mine-virt-gicv3/system.img ]"
is "boards are listed" sh -c "'$tool' boards >printed && printf 'virt-gicv2\nvirt-gicv3\nzcu102\n' | diff - printed"
is "an installed tool finds its kit" sh -c "mkdir -p '$work/prefix/bin' '$work/prefix/share' &&
    cp '$tool' '$work/prefix/bin/' && cp -r '$work/kit' '$work/prefix/share/mullion' && cd / && unset MULLION_HOME &&
    '$work/prefix/bin/mullion' boards | grep -qx zcu102"
is "help and version" sh -c "'$tool' --help >printed && '$tool' help build >>printed && '$tool' run --help >>printed && '$tool' version >>printed"
mkdir -p "$work/kept" && cp one/*.elf "$work/kept"
rm -rf one two three large library-* ran build mine
