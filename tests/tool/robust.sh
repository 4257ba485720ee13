# SPDX-License-Identifier: BSD-2-Clause
# Part of run.sh: memory that runs out, signals, descriptions at random.

# An allocation fails at every step of a build from finished programs. The
# number of allocations is found by doubling; then about 150 of them fail.
fails_everywhere() {
    command=$1
    total=1
    while MULLION_TEST_FAIL_ALLOC=$total sh -c "$command" >/dev/null 2>&1; [ $? != 0 ]; do
        total=$((total * 2))
        [ $total -lt 10000000 ] || { echo "it never succeeds"; return 1; }
        rm -rf out
    done
    rm -rf out
    step=$((total / ${TOOL_TEST_STEPS:-150} + 1))
    n=0
    while [ $n -lt $total ]; do
        MULLION_TEST_FAIL_ALLOC=$n sh -c "$command" >stdout 2>stderr
        status=$?
        case $status in
        0) rm -rf out ;;
        1) clean || return 1
           grep -qx 'mullion: error: out of memory; .*' stderr || { echo "allocation $n:"; cat stderr; return 1; } ;;
        *) echo "allocation $n: status $status"; cat stderr; return 1 ;;
        esac
        n=$((n + step))
        # The first ones matter most: the beginning of everything.
        [ $n -gt 20 ] || n=$((n - step + 1))
    done
}
for cell in server client multi; do cp "$work/kept/$cell.elf" .; done
cat >finished.dts <<'END'
#include "base.dtsi"
&server { /delete-property/ sources; image = "server.elf"; };
&client { /delete-property/ sources; image = "client.elf"; };
&multi { /delete-property/ sources; image = "multi.elf"; };
END
printf '#include "time.dtsi"\n' >time.dts
if [ -z "$TOOL_TEST_QUICK" ]; then
    is "memory runs out in a check" fails_everywhere "$tool check finished.dts"
    is "memory runs out in a build" fails_everywhere "$tool build finished.dts -o out"
    is "memory runs out in a check of virtual machines" fails_everywhere "$tool check vm.dts"
    cp "$here/block.c" store.c && cp "$here/switch.c" wire.c
    is "memory runs out in a check of disks and networks" fails_everywhere "$tool check links.dts"
    is "memory runs out in a check of PCI functions" fails_everywhere "$tool check pci.dts"
    is "memory runs out in a check of time windows" fails_everywhere "$tool check time.dts"
fi

# A build that is interrupted leaves nothing.
interrupted() {
    printf '#!/bin/sh\nkill -%s $PPID\nsleep 1\n' "$1" >cc
    chmod +x cc
    printf '#!/bin/sh\ncase " $* " in *" -E "*) exec %sgcc "$@" ;; esac\nexec ./cc\n' "$cross" >cc2
    chmod +x cc2
    MULLION_CC=./cc2 "$tool" build good.dts -o out >stdout 2>stderr
    [ $? -gt 128 ] || { echo "it was not interrupted"; cat stderr; return 1; }
    clean
}
is "Ctrl-C leaves nothing behind" interrupted INT
is "nor does termination" interrupted TERM

# Random changes of the base: refused or accepted, but in an orderly way.
# at_random CHANGED READ
at_random() {
    cp "$1" whole
    seed=0
    while [ $seed -lt "${TOOL_TEST_SEEDS:-200}" ]; do
        "$out/mutate" $seed <whole >"$1"
        timeout 20 "$tool" headers "$2" -o out >stdout 2>stderr
        status=$?
        [ $status -le 1 ] || { echo "seed $seed: status $status"; cat stderr; cp whole "$1"; return 1; }
        if [ $status = 0 ]; then
            rm -rf out
        elif ! clean || ! grep -q ': error: .*; expected .*; ' stderr; then
            echo "seed $seed:"; cat stderr; cp whole "$1"; return 1
        fi
        seed=$((seed + 1))
    done
    cp whole "$1"
}
is "descriptions changed at random never crash the tool" at_random base.dtsi good.dts
is "nor do those of virtual machines" at_random vm.dts vm.dts
cp "$here/block.c" store.c && cp "$here/switch.c" wire.c
is "nor do those of disks and networks" at_random links.dts links.dts
is "nor do those of PCI functions" at_random pci.dtsi pci.dts
is "nor do those of time windows" at_random time.dtsi time.dts
# So are the files that a machine starts with.
files_at_random() {
    cp full.dtb whole.dtb
    printf '#include "base.dtsi"\n&top { cells { vm { kernel = "Image"; memory = <0x400000>; device-tree = "full.dtb"; }; }; };\n' >system.dts
    size=$(wc -c <whole.dtb)
    for n in $(seq 0 5 $((size - 1))); do
        cp whole.dtb full.dtb
        printf '\377' | dd of=full.dtb bs=1 seek=$n conv=notrunc 2>/dev/null
        "$tool" check system.dts >said 2>&1
        [ $? -le 1 ] || { echo "byte $n:"; cat said; return 1; }
    done
    cp whole.dtb full.dtb
}
[ -n "$TOOL_TEST_QUICK" ] || is "damaged device trees never crash the tool" files_at_random
