/* SPDX-License-Identifier: BSD-2-Clause */
/* Where everything lies in physical memory, and the table that says so. */
#pragma once

#include "elffile.h"
#include "model.h"

struct layout {
    struct kernel  kernel;
    struct text    systab;              /* the flat table and the kernel's objects */
    uint64_t       systab_base;
    uint64_t       paging_base;         /* of the kernel's tables for RAM beyond the first GiB */
    uint64_t       smmu_base;           /* of what the SMMU reads, see smmu.c */
    struct text    image;               /* from the kernel's base: what is loaded */
    uint64_t       end;                 /* of everything without a fixed place */
    uint64_t       tables_base;         /* page tables of the cells' spaces */
    VEC(struct area { const char *name; struct region place; bool in_file; }) areas;
};

/* Place everything, build table and image; complains about what does not fit. */
void layout_make(struct layout *l, struct system *s);
/* Pages of page tables that a space needs for what is mapped at boot. */
uint64_t layout_table_pages(const struct space *p);
/* Does the 2 MiB block of a mapping at this address need no level-3 table? */
bool layout_is_block(const struct mapping *m, uint64_t window);

/* Shared memory for which the tool chooses the place. Channels, and segments up
 * to this size, are part of the image and so zero at boot; what is larger, or
 * has got its place before all else, is cleared when its first user starts. */
#define LAYOUT_IN_FILE_MAX UINT64_C(0x100000)
bool layout_is_shared(const struct segment *g);
bool layout_in_file(const struct segment *g);

/* The flat table of a system with what is placed so far; its length does not
 * depend on that. */
struct text systab_make(struct system *s, const struct layout *l);
const struct mv_systab *layout_header(const struct layout *l);

/* The kernel's own page tables, in its image: how many pages more than the
 * kernel has itself, and making them when all else is there. */
uint64_t paging_pages(const struct system *s);
void paging_make(struct layout *l, const struct system *s);

/* What the board's SMMU reads (smmu.c), part of the image: its bytes, which
 * complains, 0 if there is no SMMU; what the table says of it; and making it,
 * when all memory has its place. */
uint64_t smmu_bytes(const struct system *s);
void smmu_facts(const struct system *s, const struct layout *l, struct mv_systab *t);
struct mv_sys_stream smmu_stream(const struct system *s, const struct layout *l, const struct stream *t);
void smmu_make(struct layout *l, const struct system *s);
/* What it must be aligned to: the size of the table that it begins with. */
uint64_t smmu_alignment(const struct system *s);

/* Stage system.elf, and system.img for loaders (docs/booting.md). */
void image_emit(const struct layout *l, const struct system *s);
