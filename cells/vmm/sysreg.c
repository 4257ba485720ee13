/* SPDX-License-Identifier: BSD-2-Clause */
#include "sysreg.h"

#include <stddef.h>

#include "inject.h"
#include "machine.h"
#include "vmm_config.h"

#define IS_READ(syndrome) ((syndrome) & 1)

#define CTL_ENABLE   1u
#define CTL_MASK     2u
#define CTL_STATUS   4u
#define OSLSR_OSLM   UINT64_C(8)     /* there is an OS lock */
#define OSLSR_OSLK   UINT64_C(2)     /* it is locked */
#define DBGCLAIM_ALL UINT64_C(0xff)

/* Of each vCPU; only the server of its exits touches it. */
static struct cpu {
    uint64_t cntp_ctl, cntp_cval;
    uint64_t oslk, claim;
} cpus[MV_VM_VCPUS_MAX];

/* ---- physical timer: it counts, but never interrupts -------------------------- */

#define CNTPCT_EL0     SYSREG(3, 3, 14, 0, 1)
#define CNTP_TVAL_EL0  SYSREG(3, 3, 14, 2, 0)
#define CNTP_CTL_EL0   SYSREG(3, 3, 14, 2, 1)
#define CNTP_CVAL_EL0  SYSREG(3, 3, 14, 2, 2)

static uint64_t timer_read(const struct cpu *cpu, uint32_t key)
{
    uint64_t now = machine_counter();

    if (key == CNTP_CVAL_EL0)
        return cpu->cntp_cval;
    if (key == CNTP_TVAL_EL0)
        return (uint32_t)(cpu->cntp_cval - now);
    return cpu->cntp_ctl |
           ((cpu->cntp_ctl & CTL_ENABLE) != 0 && now >= cpu->cntp_cval ? CTL_STATUS : 0);
}

static void timer_write(struct cpu *cpu, uint32_t key, uint64_t value)
{
    if (key == CNTP_CVAL_EL0)
        cpu->cntp_cval = value;
    else if (key == CNTP_TVAL_EL0)
        cpu->cntp_cval = machine_counter() + (uint64_t)(int64_t)(int32_t)(uint32_t)value;
    else
        cpu->cntp_ctl = value & (CTL_ENABLE | CTL_MASK);
}

/* ---- caches by set and way ------------------------------------------------------- */

#define DC_ISW         SYSREG(1, 0, 7, 6, 2)
#define DC_CSW         SYSREG(1, 0, 7, 10, 2)
#define DC_CISW        SYSREG(1, 0, 7, 14, 2)
#define SET_WAY_LEVEL  UINT64_C(0xe)
#define FLUSH_CHUNK    (UINT64_C(1) << 20)

/*
 * EL0 has no such instruction, and a guest cannot know which of its lines lie
 * where: it can only go through all sets and ways of a level. Each such loop
 * comes past set 0, way 0, usually at its end; there all memory of the guest is
 * cleaned and invalidated by address. So what was written before the loop is in
 * memory after it.
 */
static struct reply set_way(uint64_t value)
{
    if ((value & UINT32_MAX & ~SET_WAY_LEVEL) == 0)
        for (uint64_t at = 0; at < vmm_config.ram_size; at += FLUSH_CHUNK)
            machine_flush(vmm_config.ram_base + at, FLUSH_CHUNK < vmm_config.ram_size - at ?
                                                    FLUSH_CHUNK : vmm_config.ram_size - at);
    return REPLY_SKIP;
}

/* ---- debug registers ---------------------------------------------------------------- */

/* DBGBVR, DBGBCR, DBGWVR, DBGWCR: none of them has an effect. */
static bool is_breakpoint(uint32_t key)
{
    uint32_t first = SYSREG(2, 0, 0, 0, 0);

    if ((key & ~(uint32_t)(0xf << 3 | 7)) != first)
        return false;
    switch (SYSREG_OP2(key)) {
    case 4: case 5: return SYSREG_CRM(key) < SYSREG_BREAKPOINTS;
    case 6: case 7: return SYSREG_CRM(key) < SYSREG_WATCHPOINTS;
    default:        return false;
    }
}

/* ---- all ------------------------------------------------------------------------------ */

#define OSLAR_EL1      SYSREG(2, 0, 1, 0, 4)
#define OSLSR_EL1      SYSREG(2, 0, 1, 1, 4)
#define DBGCLAIMSET    SYSREG(2, 0, 7, 8, 6)
#define DBGCLAIMCLR    SYSREG(2, 0, 7, 9, 6)

/* Those that read as zero and may be written, or not. */
enum access { READ = 1, WRITE = 2 };
static const struct {
    uint32_t key;
    uint32_t access;
} zero[] = {
    { SYSREG(2, 0, 0, 0, 2), READ | WRITE },     /* OSDTRRX_EL1      */
    { SYSREG(2, 0, 0, 2, 0), READ | WRITE },     /* MDCCINT_EL1      */
    { SYSREG(2, 0, 0, 2, 2), READ | WRITE },     /* MDSCR_EL1        */
    { SYSREG(2, 0, 0, 3, 2), READ | WRITE },     /* OSDTRTX_EL1      */
    { SYSREG(2, 0, 0, 6, 2), READ | WRITE },     /* OSECCR_EL1       */
    { SYSREG(2, 0, 1, 0, 0), READ },             /* MDRAR_EL1        */
    { SYSREG(2, 0, 1, 3, 4), READ | WRITE },     /* OSDLR_EL1        */
    { SYSREG(2, 0, 1, 4, 4), READ | WRITE },     /* DBGPRCR_EL1      */
    { SYSREG(2, 0, 7, 14, 6), READ },            /* DBGAUTHSTATUS_EL1 */
    { SYSREG(2, 3, 0, 1, 0), READ },             /* MDCCSR_EL0       */
    { SYSREG(2, 3, 0, 4, 0), READ | WRITE },     /* DBGDTR_EL0       */
    { SYSREG(2, 3, 0, 5, 0), READ | WRITE },     /* DBGDTRRX_EL0, DBGDTRTX_EL0 */
    { SYSREG(3, 0, 0, 0, 6), READ },             /* REVIDR_EL1       */
    { SYSREG(3, 0, 1, 0, 1), READ | WRITE },     /* ACTLR_EL1        */
    { SYSREG(3, 1, 0, 0, 7), READ },             /* AIDR_EL1         */
    { SYSREG(3, 0, 12, 11, 6), WRITE },          /* ICC_ASGI1R_EL1: for the secure side alone */
    { SYSREG(3, 0, 12, 11, 7), WRITE },          /* ICC_SGI0R_EL1    */
};

static bool is_zero(uint32_t key, bool read)
{
    for (size_t i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
        if (zero[i].key == key)
            return (zero[i].access & (read ? READ : WRITE)) != 0;
    return is_breakpoint(key);
}

static struct reply id_exit(uint32_t vcpu, uint32_t key, uint64_t syndrome)
{
    const struct guest_state *g = guest_read(vcpu);

    (void)syndrome;
    return g == NULL ? REPLY_STOP : reply_value(id_register(key, &g->vm));
}

static bool register_read(struct cpu *cpu, uint32_t key, uint64_t *value)
{
    *value = 0;
    switch (key) {
    case CNTPCT_EL0:    *value = machine_counter(); return true;
    case CNTP_TVAL_EL0:
    case CNTP_CTL_EL0:
    case CNTP_CVAL_EL0: *value = timer_read(cpu, key); return true;
    case OSLSR_EL1:     *value = OSLSR_OSLM | cpu->oslk; return true;
    case DBGCLAIMSET:   *value = DBGCLAIM_ALL; return true;
    case DBGCLAIMCLR:   *value = cpu->claim; return true;
    default:            return is_zero(key, true);
    }
}

static bool register_write(struct cpu *cpu, uint32_t key, uint64_t value)
{
    switch (key) {
    case CNTP_TVAL_EL0:
    case CNTP_CTL_EL0:
    case CNTP_CVAL_EL0: timer_write(cpu, key, value); return true;
    case OSLAR_EL1:     cpu->oslk = value & 1 ? OSLSR_OSLK : 0; return true;
    case DBGCLAIMSET:   cpu->claim |= value & DBGCLAIM_ALL; return true;
    case DBGCLAIMCLR:   cpu->claim &= ~value; return true;
    default:            return is_zero(key, false);
    }
}

struct reply sysreg_exit(uint32_t vcpu, uint64_t syndrome, uint64_t value)
{
    uint32_t key = sysreg_key(syndrome);
    uint64_t read;

    if (key == DC_ISW || key == DC_CSW || key == DC_CISW)
        return IS_READ(syndrome) ? inject_undefined(vcpu, syndrome) : set_way(value);
    if (IS_READ(syndrome)) {
        if (key >= SYSREG(3, 0, 0, 1, 0) && key <= SYSREG(3, 0, 0, 7, 7))
            return id_exit(vcpu, key, syndrome);
        if (register_read(&cpus[vcpu], key, &read))
            return reply_value(read);
    } else if (register_write(&cpus[vcpu], key, value)) {
        return REPLY_SKIP;
    }
    return inject_undefined(vcpu, syndrome);
}

void sysreg_reset(void)
{
    for (uint32_t i = 0; i < MV_VM_VCPUS_MAX; i++)
        cpus[i] = (struct cpu){ .oslk = OSLSR_OSLK };
}
