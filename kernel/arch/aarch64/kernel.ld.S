/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's image: linked where it runs, LINK_BASE from boards/NAME/board.mk. */
ENTRY(_start)
PHDRS
{
    text PT_LOAD FLAGS(5);
    rodata PT_LOAD FLAGS(4);
    data PT_LOAD FLAGS(6);
}
SECTIONS
{
    . = LINK_BASE;
    .text : { *(.text.vectors) *(.text.calls) *(.text.call_*) *(.text .text.*) } :text
    . = ALIGN(4096);
    .rodata : { *(.rodata .rodata.*) } :rodata
    . = ALIGN(4096);
    .data : { *(.data.cpu_pages) *(.data .data.*) . = ALIGN(16); } :data
    .bss (NOLOAD) : { *(.bss .bss.* COMMON) . = ALIGN(16); } :data
    __image_end = .;
    .mullion.info 0 (INFO) : { KEEP(*(.mullion.info)) }
    /DISCARD/ : { *(.comment) *(.note.*) *(.eh_frame*) *(.ARM.attributes) }
}
ASSERT(cpu_pages == ADDR(.data), "what is below the first stack is read-only")
ASSERT(vectors == LINK_BASE, "the vectors are aligned to 2 KiB, and are what is entered")
ASSERT(__image_end - LINK_BASE <= 0x200000, "the kernel does not fit in its 2 MiB")
