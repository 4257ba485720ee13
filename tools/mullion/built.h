/* SPDX-License-Identifier: BSD-2-Clause */
/* What a built system's file, system.elf, says of the system to those who observe it. */
#pragma once

#include <mv/systab.h>

#include "text.h"

/* Its sections. */
#define MV_SECTION_INFO   ".mullion.info"     /* struct mv_kernel_info */
#define MV_SECTION_SYSTAB ".mullion.systab"   /* the flat table with its objects, as at boot; its address is physical */
#define MV_SECTION_START  ".mullion.start"    /* struct mv_kernel_start */

struct built {
    const char             *dir;
    struct text             file;
    struct mv_kernel_info   info;
    const struct mv_systab *systab;     /* its records are in their bounds */
    uint64_t                systab_base;
    uint64_t                cores;      /* of struct core of the first one; 0: not known */
};

/* Read DIR/system.elf. Ends the program with a message when it is none of this
 * version of the tool. */
void built_read(struct built *b, const char *dir);

/* Its records, by an index that the table has. */
const struct mv_sys_cell *built_cell(const struct built *b, uint32_t index);
const struct mv_sys_vcpu *built_vcpu(const struct built *b, uint32_t index);
const struct mv_sys_portal *built_portal(const struct built *b, uint32_t index);
/* "cell", or "cell.N" of a cell with several. */
const char *built_vcpu_name(const struct built *b, uint32_t index);
