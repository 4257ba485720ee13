#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Tests of the host tool. One line for each case; at the end "N passed, N
# failed". Needs the tests' build of the tool (build.mk), the cross compiler and
# the project's headers and board trees: kernel and library are made here.
#   TOOL_TEST_QUICK=1    leave out the long ones
#   TOOL_TEST_SEEDS=N    descriptions changed at random (200)
#   TOOL_TEST_STEPS=N    allocations that fail (150)
#   TOOL_TEST_WRITE=FILE write bad.txt, and FILE-pci and FILE-time for the others, anew from what the tool says now, to be read before they are kept

top=$(cd "$(dirname "$0")/../.." && pwd)
here=$top/tests/tool
out=$top/build/tests/tool
tool=$out/mullion
work=$out/work
cross=${CROSS:-aarch64-linux-gnu-}

passed=0
failed=0
pass() { passed=$((passed + 1)); echo "ok      $1"; }
fail() { failed=$((failed + 1)); echo "FAILED  $1"; [ -z "$2" ] || sed 's/^/        /' "$2"; }
# is TITLE COMMAND...: the command succeeds.
is() { title=$1; shift; if "$@" >"$work/said" 2>&1; then pass "$title"; else fail "$title" "$work/said"; fi; }

export MULLION_HOME="$work/kit" TMPDIR="$work/tmp" LC_ALL=C
unset MULLION_CC MULLION_CXX MULLION_QEMU
rm -rf "$work"
mkdir -p "$work/tmp" "$work/kit/lib/include" "$work/kit/cells/driver" "$work/sys"

# ---- the kit -----------------------------------------------------------------

# Place and width of each field that systab.h lists. Only capabilities are looked
# at: the fields of other objects lie in one place. Of a bank one is an array.
fields=$(awk 'function add(at, size) { f = f "," at + 4096 * size }
    $1 == "FIELD(cap," { if (/object/) add(0, 8); else add(/rights/ ? 8 : 12, 4); next }
    /^    FIELD\(/ { add(0, $1 == "FIELD(vgic_bank," ? 4 : 8) } END { print substr(f, 2) }' "$top/include/mv/systab.h")

# What is only looked at while a system runs is in no object here.
seen=$(grep -c '^    SEEN(' "$top/include/mv/systab.h")

# And the sizes of objects, in the order of systab.h.
sizes=$(awk 'BEGIN { n = split("cell 128 vcpu 384 fp 544 virq 48 timer 32 cap 16 heap_slot 16 irq_slot 8 vm 1024 vgic_bank 192 bell_slot 8", a)
        for (i = 1; i < n; i += 2) bytes[a[i]] = a[i + 1] }
    /^struct mv_object_sizes/ { on = 1; next }
    on && /^};/ { exit }
    on { sub(/;.*/, ""); gsub(/uint16_t|,/, " ")
         for (i = 1; i <= NF; i++) { printf "%s%d", sep, $i in bytes ? bytes[$i] : 64; sep = "," } }' "$top/include/mv/systab.h")

# kernel FILE OPTION...
kernel() {
    file=$1; shift
    base=0x40200000
    for option in "$@"; do
        case $option in -DLINK=*) base=${option#-DLINK=} ;; esac
    done
    "${cross}gcc" -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--defsym=KERNEL_BASE=$base \
        -T "$here/kernel.ld" "-DFIELDS=$fields" "-DSEEN=$seen" "-DSIZES=$sizes" "$@" -o "$file" "$here/kernel.S"
}

for board in virt-gicv2 virt-gicv3 zcu102; do
    mkdir -p "$work/kit/boards/$board"
    cp "$top/boards/$board/board.dts" "$work/kit/boards/$board/"
done
kernel "$work/kit/boards/virt-gicv3/mullion.elf"
kernel "$work/kit/boards/virt-gicv2/mullion.elf" -DBOARD='"virt-gicv2"' -DGIC=2
kernel "$work/kit/boards/zcu102/mullion.elf" -DBOARD='"zcu102"' -DGIC=2 -DBASE=0x200000 -DLINK=0x200000
# guest FILE OPTION...: a guest's kernel.
guest() {
    file=$1; shift
    "${cross}gcc" -nostdlib -c "$@" -o "$work/guest.o" "$here/guest.S" && "${cross}objcopy" -O binary "$work/guest.o" "$file"
}
cp -r "$top/include" "$work/kit/include"
mkdir "$work/kit/boot" && cp "$top/build/kit/boot/efi.bin" "$work/kit/boot/"
cp -r "$top/lib/libmv/include/libmv" "$work/kit/lib/include/libmv"
cp "$here/cell.ld" "$work/kit/lib/cell.ld"
"${cross}gcc" -c "$here/start.S" -o "$work/start.o"
"${cross}ar" rcD "$work/kit/lib/libmv.a" "$work/start.o"
"${cross}ar" rcD "$work/kit/lib/libvirtio.a"
cp "$here/cell.c" "$work/kit/cells/driver/driver.c"
for cell in vmm virtio block switch pci; do
    mkdir "$work/kit/cells/$cell" && cp "$here/$cell.c" "$top/cells/$cell/"*_config.h "$work/kit/cells/$cell/"
done
cp "$here/base.dtsi" "$here/pci.dtsi" "$here/time.dtsi" "$here/cell.c" "$work/sys/"
cd "$work/sys" || exit 1
printf '#include "base.dtsi"\n' >good.dts
cp "$here/vm.dts" "$here/links.dts" .
. "$here/guests.sh"

# ---- good ones -----------------------------------------------------------------

. "$here/good.sh"
. "$here/vms.sh"
. "$here/links.sh"
. "$here/pci.sh"

# ---- bad descriptions ------------------------------------------------------------

# Each case: a title, what it adds to a good system, what the tool says.
mkdir "$work/bad"
for list in base pci time; do
    file=$here/bad.txt
    [ $list = base ] || file=$here/bad_$list.txt
    awk -v dir="$work/bad" -v list=$list '
        /^== / { n++; base = sprintf("%s/%s-%03d", dir, list, n); print substr($0, 4) > (base ".title")
                 print "#include \"" list ".dtsi\"" > (base ".dts"); printf "" > (base ".want"); text = 1; next }
        /^-- / { print substr($0, 4) > (base ".how"); text = 0; next }
        n && text { print > (base ".dts") }
        n && !text { print > (base ".want") }' "$file"
done

# clean: nothing is left of a command that failed.
clean() {
    [ -e out ] && { echo "out exists"; return 1; }
    left=$(ls -d out.* "$TMPDIR"/* 2>/dev/null)
    [ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

# says COMMAND STATUS WANT: run, compare status and standard error. A line
# "..." in WANT stands for any lines.
says() {
    sh -c "$1" >stdout 2>stderr
    status=$?
    clean >left || { cat left; rm -rf out out.*; return 1; }
    [ "$status" = "$2" ] || { echo "exit status $status, expected $2"; cat stderr; return 1; }
    if grep -qx '\.\.\.' "$3"; then
        grep -vx '\.\.\.' "$3" | while IFS= read -r line; do
            grep -qxF -- "$line" stderr || { echo "missing: $line"; exit 1; }
        done || { cat stderr; return 1; }
    else
        diff "$3" stderr
    fi
}

for dts in "$work"/bad/*.dts; do
    case=${dts%.dts}
    cp "$dts" system.dts
    if [ -n "$TOOL_TEST_WRITE" ]; then
        "$tool" build system.dts -o out 2>"$case.want"
        case ${dts##*/} in base-*) file=$TOOL_TEST_WRITE ;; pci-*) file=$TOOL_TEST_WRITE-pci ;; *) file=$TOOL_TEST_WRITE-time ;; esac
        { echo "== $(cat "$case.title")"; sed 1d "$dts"; echo "-- check"; cat "$case.want"; } >>"$file"
        rm -rf out
        continue
    fi
    is "refused: $(cat "$case.title")" says "$tool check system.dts" 1 "$case.want"
    is "builds nothing: $(cat "$case.title")" says "$tool build system.dts -o out" 1 "$case.want"
done
rm -f system.dts
[ -n "$TOOL_TEST_WRITE" ] && exit

. "$here/time.sh"
. "$here/files.sh"

# ---- what the host refuses -----------------------------------------------------------

. "$here/robust.sh"

cd / && [ "$failed" != 0 ] || rm -rf "$work"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
