/* SPDX-License-Identifier: BSD-2-Clause */
#include "fault.h"

#include <stddef.h>

#include <libmv/config.h>
#include <libmv/print.h>

#include "client.h"

static const char *fault_text(uint64_t kind)
{
    switch (kind) {
    case MV_FAULT_READ:      return "read from";
    case MV_FAULT_WRITE:     return "write to";
    case MV_FAULT_EXECUTE:   return "execution of";
    case MV_FAULT_ALIGNMENT: return "unaligned access to";
    case MV_FAULT_UNDEFINED: return "undefined instruction";
    case MV_FAULT_TRAPPED:   return "instruction or register withheld";
    case MV_FAULT_FP:        return "floating point, which it does not have";
    case MV_FAULT_DEBUG:     return "breakpoint";
    case MV_FAULT_BUS:       return "bus error at";
    default:                 return "unknown exception";
    }
}

static bool fault_has_address(uint64_t kind)
{
    return kind == MV_FAULT_READ || kind == MV_FAULT_WRITE || kind == MV_FAULT_EXECUTE ||
           kind == MV_FAULT_ALIGNMENT || kind == MV_FAULT_BUS;
}

static const char *peer_name(uint32_t badge)
{
    for (uint32_t i = 0; i < mv_cell.peer_count; i++)
        if (mv_cell.peers[i].badge == badge)
            return mv_cell.peers[i].name;
    return NULL;
}

uint64_t fault_call(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    uint64_t kind = io->w[0], pc = io->w[1], address = io->w[2], syndrome = io->w[3];
    char who[48], vcpu[24] = "", where[24] = "";
    const char *name = peer_name(badge);

    (void)context;
    (void)size;
    if (name != NULL)
        (void)mv_format(who, sizeof(who), "%s", name);
    else
        (void)mv_format(who, sizeof(who), "#%lu", io->w[4]);
    if (io->w[5] != 0)
        (void)mv_format(vcpu, sizeof(vcpu), ", vCPU %lu,", io->w[5]);
    if (fault_has_address(kind))
        (void)mv_format(where, sizeof(where), " 0x%lx", address);
    console_say("cell %s%s stopped: %s%s at pc 0x%lx (syndrome 0x%lx)", who, vcpu,
                fault_text(kind), where, pc, syndrome);
    *io = (struct mv_words){ { MV_FAULT_STOP } };
    return MV_SIZE_SHORT;
}
