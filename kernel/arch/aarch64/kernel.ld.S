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
    __text_start = .;
    /* The vectors are aligned to 2 KiB: what is executed once fills the space
     * before them. */
    .text : {
        *(.text.start) *(.text.mmu_build .text.map_device .text.uart_putc .text.print_*)
        *(.text.panic .text.call_vcpu_counters .text.call_vcpu_write)
        *(.text.call_vcpu_read .text.call_vcpu_start .text.call_cell_inspect)
        *(.text.vectors) *(.text .text.*)
    } :text
    . = ALIGN(4096);
    __text_end = .;
    .rodata : { *(.rodata .rodata.*) } :rodata
    . = ALIGN(4096);
    __rodata_end = .;
    __writable_start = .;
    .data : { *(.data .data.*) . = ALIGN(16); } :data
    __bss_start = .;
    .bss (NOLOAD) : { *(.bss .bss.[abd-z]* .bss.c[!p]* COMMON) . = ALIGN(4096); *(.bss.cpu_pages) . = ALIGN(4096); } :data
    __image_end = .;
    .mullion.info 0 (INFO) : { KEEP(*(.mullion.info)) }
    /DISCARD/ : { *(.comment) *(.note.*) *(.eh_frame*) *(.ARM.attributes) }
}
ASSERT(__image_end - __text_start <= 0x200000, "the kernel does not fit in its 2 MiB")
