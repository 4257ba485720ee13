# SPDX-License-Identifier: BSD-2-Clause
# Part of run.sh: unusable files and command lines.

# refuses TITLE COMMAND WANT: status 1, this on standard error, nothing left.
refuses() { printf '%s\n' "$3" >want; is "refused: $1" says "$2" 1 want; }

# ---- programs ------------------------------------------------------------------

cat >system.dts <<'END'
/include/ "board.dts"
/ { mullion { compatible = "mullion,system"; cells {
	given: given {
		image = "given.elf";
	};
}; }; };
END
ld="${cross}gcc -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096"
cat >p.S <<'END'
        .globl _start
        .text
_start: b _start
        .data
        .quad 1
END
# program TITLE LINKER-OPTIONS WANT
program() {
    $ld -o given.elf $2 p.S 2>/dev/null || fail "cannot link for: $1"
    is "refused: $1" says "$tool check system.dts" 1 "$3"
    is "builds nothing: $1" says "$tool build system.dts -o out" 1 "$3"
}
want() { printf 'system.dts:4: error: %s\n' "$@" >want; }

want 'the program of cell "given" is not an ELF file; expected a static AArch64 ELF program; give the linker'"'"'s output'
echo 'this is a text' >given.elf
is "refused: a program that is a text" says "$tool check system.dts" 1 want
: >given.elf
is "refused: a program that is empty" says "$tool check system.dts" 1 want

want 'the program of cell "given" is not for AArch64, little-endian; expected a static AArch64 ELF program; build it with the cross compiler'
cp "$tool" given.elf
is "refused: a program for another machine" says "$tool check system.dts" 1 want

want 'the program of cell "given" is not linked; expected a static AArch64 ELF program; link it with -static -no-pie'
"${cross}gcc" -c -o given.elf p.S
is "refused: a program that is an object file" says "$tool check system.dts" 1 want

want 'the program of cell "given" is position-independent or dynamic; expected a static AArch64 ELF program; link it with -static -no-pie'
"${cross}gcc" -nostdlib -shared -o given.elf p.S
is "refused: a program that is a shared library" says "$tool check system.dts" 1 want

want 'the program of cell "given" has a part at 0x10000 that is writable and executable; expected one or the other; link code and data in separate pages'
program "a program with code that can be written" "-Wl,-N -Wl,-Ttext=0x10000" want 2>/dev/null

want 'the program of cell "given" has a part at 0x80000000 to 0x80001000; expected 0x1000 to 0x1fc000; make it smaller or raise "image-size"'
program "a program outside the cell's addresses" "-Wl,-Ttext=0x80000000 -Wl,-Tdata=0x20000" want

want 'the program of cell "given" has a part at 0x0 to 0x1000; expected 0x1000 to 0x1fc000; link it at 0x10000'
program "a program in page 0" "-Wl,-Ttext=0x0 -Wl,-Tdata=0x20000" want

want 'the program of cell "given" has a part at 0xffffff0000 to 0xffffff0008; expected 0x1000 to 0x1fc000; link it at 0x10000'
program "a program beyond all address bits" "-Wl,-Ttext=0x10000 -Wl,-Tdata=0xffffff0000" want

want 'the program of cell "given" starts at 0x20000, which is not executable; expected an address in its code; link it with an entry symbol'
program "a program that starts in its data" "-Wl,-Ttext=0x10000 -Wl,-Tdata=0x20000 -Wl,-e,0x20000" want

want 'two parts of the program of cell "given" share the page 0x10000; expected pages of their own; link it with cell.ld'
program "a program whose parts share a page" "-Wl,-Ttext=0x10000 -Wl,-Tdata=0x10800 -Wl,-z,norelro -Wl,-z,max-page-size=16" want

$ld -o whole.elf -Wl,-Ttext=0x10000 -Wl,-Tdata=0x20000 p.S
want 'the program of cell "given" is cut off or damaged; expected a static AArch64 ELF program; build it again'
head -c 4096 whole.elf >given.elf
is "refused: a program that is cut off" says "$tool check system.dts" 1 want

cp whole.elf given.elf
is "a given program that is good" "$tool" check system.dts
# Damage anywhere may be refused or not, but never crash.
damaged() {
    size=$(wc -c <whole.elf)
    for n in $(seq 0 7 400) $(seq $((size - 700)) 23 $((size - 1))); do
        cp whole.elf given.elf
        printf '\377' | dd of=given.elf bs=1 seek=$n conv=notrunc 2>/dev/null
        "$tool" check system.dts >said 2>&1
        [ $? -le 1 ] || { echo "byte $n:"; cat said; return 1; }
    done
}
[ -n "$TOOL_TEST_QUICK" ] || is "damaged programs never crash the tool" damaged

# ---- sources that do not build ----------------------------------------------------

cp good.dts system.dts
echo 'this is not C' >cell.c
cat >want <<'END'
base.dtsi:25: error: cell "server" does not build: "cell.c" was rejected; expected it to compile and link; see the compiler's message above
...
END
is "refused: a source that does not compile" says "$tool build system.dts -o out" 1 want
echo 'int nothing;' >cell.c
cat >want <<'END'
base.dtsi:25: error: cell "server" does not build: "server.elf" was rejected; expected it to compile and link; see the compiler's message above
...
END
is "refused: a program that does not link" says "$tool build system.dts -o out" 1 want
cp "$here/cell.c" cell.c
refuses "a compiler that is not there" "MULLION_CC=no-such-compiler $tool build system.dts -o out" \
    'mullion: error: cannot start no-such-compiler; expected the cross compiler; install gcc-aarch64-linux-gnu or set MULLION_CC'

# ---- memory that does not fit --------------------------------------------------------

cat >system.dts <<'END'
#include "base.dtsi"
&top { segments {
	most: most { size = <0x10000000>; };
	more: more { size = <0x30000000>; };
}; };
END
refuses "more memory than there is" "$tool build system.dts -o out" \
    'base.dtsi:7: error: the system lies at 0x40200000 to 0x80400000; expected it to fit RAM, 0x40000000 to 0x80000000; use less memory or another board'
# How large the image is, is not what these are about.
without_end="$tool build system.dts -o out 2>raw; status=\$?; sed -E 's/(at 0x[0-9a-f]+ to )0x[0-9a-f]+/\\1END/' raw >&2; exit \$status"
cat >system.dts <<'END'
#include "base.dtsi"
&shm { base = <0x40200000>; };
END
printf 'base.dtsi:14: error: segment "shm" at 0x40200000 overlaps the image at 0x40200000 to END; expected a place of its own; raise "base" or remove it\n' >want
is "refused: a fixed segment over the image" says "$without_end" 1 want
cat >system.dts <<'END'
#include "base.dtsi"
/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; firmware { reg = <0x0 0x40201000 0x0 0x1000>; }; }; };
END
printf "base.dtsi:7: error: the image at 0x40200000 to END overlaps memory that the board's tree reserves at 0x40201000; expected it to be free; change the kernel's place\n" >want
is "refused: an image over reserved memory" says "$without_end" 1 want
printf 'static const char big[0x200000] = { 1 };\nvolatile int at;\nvoid cell_main(void) { at = big[at]; }\n' >big.c
printf '#include "base.dtsi"\n&multi { sources = "big.c"; };\n' >system.dts
printf 'system.dts:2: error: the program of cell "multi" has a part at 0x11000 to 0x211000; expected 0x1000 to 0x1f0000; make it smaller or raise "image-size"\n' >want
is "refused: a program larger than the room kept for it" says "$tool build system.dts -o out" 1 want

# ---- virtual machines ------------------------------------------------------------------

cat >system.dts <<'END'
#include "base.dtsi"
&top { cells {
	one { kernel = "Image"; memory = <0x30000000>; };
	two { kernel = "Image"; memory = <0x20000000>; };
}; };
END
refuses "virtual machines that together have more memory than there is" "$tool build system.dts -o out" \
    'base.dtsi:7: error: the system lies at 0x40200000 to 0x90400000; expected it to fit RAM, 0x40000000 to 0x80000000; use less memory or another board'
cat >system.dts <<'END'
#include "base.dtsi"
&gic { reg = <0 0x08000000 0 0x10000>, <0 0x08010000 0 0x10000>; };
&top { cells { vm { kernel = "Image"; memory = <0x400000>; }; }; };
END
refuses "a virtual machine on a board whose GICv2 has no virtual interface" "$tool check system.dts --board virt-gicv2" \
    'system.dts:3: error: "vm" is a virtual machine, but the interrupt controller of board "virt-gicv2" has no virtual interface; expected GICH and GICV as third and fourth range of its "reg"; correct the board'"'"'s tree'
refuses "a time of the build that is none" "SOURCE_DATE_EPOCH=today $tool check vm.dts" \
    'mullion: error: SOURCE_DATE_EPOCH is "today"; expected seconds since 1970; correct or unset it'
mv "$work/kit/cells/vmm" "$work/kit/cells/elsewhere"
refuses "a kit without the VMM" "$tool build vm.dts -o out" \
    'vm.dts:22: error: the library cell "vmm" has no sources; expected them in the kit; install again
vm.dts:33: error: the library cell "vmm" has no sources; expected them in the kit; install again'
mv "$work/kit/cells/elsewhere" "$work/kit/cells/vmm"

# ---- kernels ------------------------------------------------------------------------------

cp good.dts system.dts
k="$work/kit/boards/virt-gicv3/mullion.elf"
cp "$k" saved.elf
# bad_kernel TITLE WANT OPTION...
bad_kernel() {
    title=$1 said=$2; shift 2
    kernel "$k" "$@"
    refuses "$title" "$tool build system.dts -o out" "mullion: error: $said"
}
bad_kernel "a kernel with another table" \
    "the kernel $k has table version 9 and ABI 3; expected the one of this version of the tool; use one with 4 and 3" -DTABLE_VERSION=9
bad_kernel "a kernel for another board" \
    "the kernel $k is for board \"zcu102\"; expected the one of this version of the tool; build it for \"virt-gicv3\"" -DBOARD='"zcu102"'
bad_kernel "a kernel for another interrupt controller" \
    'the kernel of board "virt-gicv3" drives a GICv2, but the board'"'"'s tree has a GICv3; expected the same; correct the board' -DGIC=2
bad_kernel "a kernel linked elsewhere" \
    "the kernel $k says it lies at 0x40200000 but is linked at 0x40400000; expected the one of this version of the tool; build it again" -DLINK=0x40400000
kernel "$k" -DLINK=0x20000000 -DBASE=0x20000000
printf 'base.dtsi:7: error: the system lies at 0x20000000 to END; expected it to fit RAM, 0x40000000 to 0x80000000; use less memory or another board\n' >want
is "refused: a kernel outside the RAM" says "$without_end" 1 want
bad_kernel "a kernel too near the start of RAM" \
    'the kernel is linked at 0x40001000, and RAM begins at 0x40000000; expected 0x2000 bytes between them; change LINK_BASE of the board' \
    -DLINK=0x40001000 -DBASE=0x40001000
bad_kernel "a kernel entered elsewhere" \
    'the kernel is not entered at its first byte; expected one of this version of the tool; build it again' -Wl,-e,0x40200004
rm -f "$k"
refuses "a kernel that is not there" "$tool build system.dts -o out" \
    "mullion: error: there is no kernel $k; expected one for board \"virt-gicv3\"; build or install it"
cp given.elf "$k"
refuses "a kernel that is none" "$tool build system.dts -o out" \
    "mullion: error: the kernel $k has no section .mullion.info or no symbol mullion_start; expected the one of this version of the tool; build it again"
cp saved.elf "$k"
efi="$work/kit/boot/efi.bin"
mv "$efi" saved.bin
refuses "a kit without the UEFI part" "$tool build system.dts -o out" \
    "mullion: error: cannot read $efi: No such file or directory; expected the UEFI part of images; build the kit again"
head -c 4096 /dev/zero >"$efi"
refuses "a UEFI part that is none" "$tool build system.dts -o out" \
    "mullion: error: $efi is not the UEFI part of images; expected the one of this version of the tool; build the kit again"
cp saved.bin "$efi"

# ---- command lines ----------------------------------------------------------------------------

refuses "an unknown command" "$tool biuld system.dts" \
    'mullion: error: unknown command "biuld"; expected one that "mullion --help" lists; did you mean "build"?'
refuses "an unknown option" "$tool check system.dts --bord virt-gicv2" \
    'mullion: error: unknown option "--bord"; expected one of "mullion check"; did you mean "--board"?'
refuses "an option of another command" "$tool check system.dts --cpu max" \
    'mullion: error: unknown option "--cpu"; expected one of "mullion check"; see "mullion help check"'
refuses "an option without its value" "$tool check system.dts --board" \
    "mullion: error: option \"--board\" has no value; expected a board's name; add it"
refuses "a number that is none" "$tool run system.dts --cores many" \
    'mullion: error: "--cores" is "many"; expected 1 to 512; choose a number in this range'
refuses "no description" "$tool check" \
    'mullion: error: "mullion check" has no description; expected a file; write: mullion check SYSTEM.dts [--board BOARD]'
refuses "two descriptions" "$tool check system.dts good.dts" \
    'mullion: error: "good.dts" is one word too many; expected mullion check SYSTEM.dts [--board BOARD]; remove it'
refuses "no output folder" "$tool build system.dts" \
    'mullion: error: "mullion build" has no output folder; expected one; add -o DIR'
refuses "an output folder that is a file" "$tool build system.dts -o cell.c" \
    'mullion: error: cell.c is not a folder; expected one, or a new name; choose another with -o'
refuses "an output folder below a file" "$tool build system.dts -o cell.c/out" \
    'mullion: error: cannot make cell.c/out: Not a directory; expected a folder that can be written; choose another with -o'
refuses "an unknown board" "$tool check system.dts --board virt-gic3" \
    'mullion: error: there is no board "virt-gic3"; expected one that "mullion boards" lists; did you mean "virt-gicv3"?'
refuses "a description that is not there" "$tool check missing.dts" \
    'mullion: error: there is no file missing.dts; expected a system description; correct the name'
refuses "a description without its board" "printf '/dts-v1/;\n/ { };\n' >alone.dts; $tool check alone.dts" \
    'alone.dts:1: error: the tree of the board is missing; expected it in the description; add /include/ "board.dts"
alone.dts:1: error: there is no node "mullion" below the root; expected the system'"'"'s description there; add / { mullion { ... }; };'
refuses "fewer cores than the system uses" "MULLION_QEMU=./qemu $tool run system.dts -o '$work/ran' --cores 1" \
    'mullion: error: --cores is 1, but the system uses 2; expected 2 or more; raise it'
refuses "a CPU for a board whose CPU is fixed" "MULLION_QEMU=./qemu $tool run system.dts -o '$work/ran' --board zcu102 --cpu max" \
    'mullion: error: board "zcu102" has a fixed CPU in QEMU; expected no --cpu; leave it out'
refuses "a kit that is not there" "MULLION_HOME=/nowhere $tool check system.dts" \
    'mullion: error: MULLION_HOME is /nowhere, which has no folder "boards"; expected the kit'"'"'s folder; correct or unset it'
