/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands for AArch64's sysreg.h where stage2.c is compiled for the PC: its
 * barriers and invalidations go to whoever watches the machine.
 */
#pragma once

#include "host.h"

static inline uint64_t read_vttbr_el2(void) { return host_cores[host_here].vttbr; }
static inline void write_vttbr_el2(uint64_t value) { host_cores[host_here].vttbr = value; }
static inline uint64_t read_id_aa64mmfr0_el1(void) { return 2; }   /* 40-bit addresses */
static inline uint64_t read_tpidr_el2(void) { return 0; }

#define EVENT(name, event) static inline void name(void) { host_note(event, 0); }
EVENT(isb, HOST_ISB)
EVENT(dsb_sy, HOST_DSB_SY)
EVENT(dsb_ish, HOST_DSB_ISH)
EVENT(dsb_ishst, HOST_DSB_ISHST)
EVENT(dsb_nsh, HOST_DSB_NSH)
EVENT(dsb_nshst, HOST_DSB_NSHST)
EVENT(ic_ialluis, HOST_IC_ALL)
EVENT(ic_iallu, HOST_IC_ALL)
EVENT(tlbi_vmalle1, HOST_TLBI_STAGE1)
EVENT(tlbi_vmalle1is, HOST_TLBI_STAGE1_ALL)
EVENT(tlbi_vmalls12e1is, HOST_TLBI_VMID_ALL)

#define EVENT_AT(name, event) \
    static inline void name(uint64_t address) { host_note(event, address); }
EVENT_AT(tlbi_ipas2e1, HOST_TLBI_IPA)
EVENT_AT(tlbi_ipas2e1is, HOST_TLBI_IPA_ALL)
EVENT_AT(tlbi_vaae1, HOST_TLBI_VA)
EVENT_AT(tlbi_vaae1is, HOST_TLBI_VA_ALL)

#define FIELD(high, low)  (((UINT64_C(2) << ((high) - (low))) - 1) << (low))
#define field_get(value, field)   (((value) & (field)) / ((field) & -(field)))
#define field_make(field, value)  ((uint64_t)(value) * ((field) & -(field)) & (field))
