# SPDX-License-Identifier: BSD-2-Clause
# Part of run.sh: what virtual machines of the tests start with, good and bad.

guest Image
head -c 5000 /dev/zero >initrd
: >empty
head -c 1600000 /dev/zero >large-initrd
head -c 5000000 /dev/zero >larger-initrd
guest large.img -DIMAGE_SIZE=0x800000
guest offset.img -DTEXT_OFFSET=0x80000
guest old.img -DIMAGE_SIZE=0
guest pages16.img -DFLAGS=4
guest big-endian.img -DFLAGS=3
guest odd.img -DTEXT_OFFSET=0x123
guest huge.img -DIMAGE_SIZE=0xffffffffffffffff
guest no-magic.img -DMAGIC=0
head -c 60 Image >short.img
gzip -nc Image >Image.gz
printf '\050\265\057\375zstd' >Image.zst
printf 'MZ\0\0zimg....' >zboot.efi
cp "$work/guest.o" vmlinux

# tree FILE TEXT: a flat device tree.
tree() { printf '/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; %s };' "$2" | dtc -q -I dts -O dtb -o "$1"; }
tree plain.dtb 'model = "given";'
tree full.dtb 'chosen { bootargs = "own"; rng-seed = [01 02]; stdout-path = "/x"; }; memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x100000>; };'
tree outside.dtb 'memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x100000>; };'
tree no-reg.dtb 'memory { device_type = "memory"; };'
head -c 100 full.dtb >cut.dtb
