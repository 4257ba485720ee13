/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading ELF files: programs of cells, and the kernel. */
#pragma once

#include "model.h"

/* What the kernel's file says. */
struct kernel {
    struct text file;
    struct mv_kernel_info info;
    uint64_t entry, base, end;          /* physical; end includes .bss */
    struct text image;                  /* base to end, .bss zeroed */
    struct region text, rodata;         /* whole pages of the image that are not written */
    uint64_t start;                     /* offset in the image of the variable mullion_start */
};

/* Fill the cell's loads and entry from the file at elf_path; complains. */
void elf_read_program(struct cell *c);
/* Ends the program when the kernel cannot be used. */
void elf_read_kernel(struct kernel *k, const char *path, const char *board);
