/* SPDX-License-Identifier: BSD-2-Clause */
#include "exit.h"

#include <mv/guest.h>

#include "console.h"
#include "gic.h"
#include "inject.h"
#include "io.h"
#include "pl011.h"
#include "pl031.h"
#include "power.h"
#include "smccc.h"
#include "sysreg.h"
#include "virtio.h"

#define PL_BYTES      0x1000u
#define VIRTIO_BYTES  (MV_GUEST_VIRTIO_BYTES * MV_GUEST_VIRTIO_COUNT)

/* ---- loads and stores ------------------------------------------------------- */

static uint64_t low_bytes(uint64_t value, unsigned size)
{
    return size == 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

/* What a load leaves in its register, of a value no larger than its size. */
static uint64_t loaded(uint64_t value, uint64_t syndrome)
{
    if (syndrome & ESR_SSE) {
        unsigned shift = 64 - (8u << ESR_SAS(syndrome));

        value = (uint64_t)((int64_t)(value << shift) >> shift);
        if ((syndrome & ESR_SF) == 0)
            value &= UINT32_MAX;
    }
    return value;
}

/* The PrimeCells have a bus of 32 bits; a smaller access finds its bytes of the
 * register, a larger one none. */
static uint64_t primecell_read(uint64_t (*read)(uint64_t), uint64_t offset, unsigned size)
{
    if (size > 4)
        return 0;
    return low_bytes(read(offset & ~UINT64_C(3)) >> 8 * (offset & 3), size);
}

static void primecell_write(void (*write)(uint64_t, uint64_t), uint64_t offset, unsigned size,
                            uint64_t value)
{
    if (size <= 4 && offset % 4 == 0)
        write(offset, value);
}

/* Neither is there anything at `address`, or it cannot be accessed so. */
static struct reply nothing_there(uint32_t vcpu, uint64_t syndrome, uint64_t address, uint64_t far)
{
    const struct guest_state *g = guest_read(vcpu);

    if (g != NULL)
        event("vCPU %u, pc 0x%lx: nothing to %s at 0x%lx (syndrome 0x%lx): external abort", vcpu,
              g->cpu.pc, syndrome & ESR_WNR ? "write" : "read", address, syndrome);
    return inject_abort(vcpu, syndrome, far);
}

static uint64_t slot_read(uint64_t offset, unsigned size)
{
    return io_has(offset) ? low_bytes(io_read(offset, size), size) : virtio_read(offset, size);
}

static void slot_write(uint64_t offset, unsigned size, uint64_t value)
{
    if (io_has(offset))
        io_write(offset, size, value);
    else
        virtio_write(offset, size, value);
}

static bool device_read(uint64_t address, unsigned size, uint64_t *value)
{
    uint64_t offset;

    if ((offset = address - MV_GUEST_UART) < PL_BYTES)
        *value = primecell_read(pl011_read, offset, size);
    else if ((offset = address - MV_GUEST_VIRTIO) < VIRTIO_BYTES)
        *value = slot_read(offset, size);
    else if ((offset = address - MV_GUEST_RTC) < PL_BYTES)
        *value = primecell_read(pl031_read, offset, size);
    else
        return false;
    return true;
}

static bool device_write(uint64_t address, unsigned size, uint64_t value)
{
    uint64_t offset;

    if ((offset = address - MV_GUEST_UART) < PL_BYTES)
        primecell_write(pl011_write, offset, size, value);
    else if ((offset = address - MV_GUEST_VIRTIO) < VIRTIO_BYTES)
        slot_write(offset, size, value);
    else if ((offset = address - MV_GUEST_RTC) < PL_BYTES)
        primecell_write(pl031_write, offset, size, value);
    else
        return false;
    return true;
}

static bool is_redistributor(uint64_t address)
{
    return vmm_config.gic_version == 3 &&
           address - MV_GUEST_GICR < (uint64_t)MV_GUEST_GICR_BYTES * vmm_config.vcpu_count;
}

static bool memory_write(uint32_t vcpu, uint64_t address, unsigned size, uint64_t value)
{
    if (address - MV_GUEST_GICD < MV_GUEST_GICD_BYTES)
        gicd_write(vcpu, address - MV_GUEST_GICD, size, value);
    else if (is_redistributor(address))
        gicr_write(address - MV_GUEST_GICR, size, value);
    else
        return device_write(address, size, value);
    return true;
}

static bool memory_read(uint32_t vcpu, uint64_t address, unsigned size, uint64_t *value)
{
    if (address - MV_GUEST_GICD < MV_GUEST_GICD_BYTES)
        *value = gicd_read(vcpu, address - MV_GUEST_GICD, size);
    else if (is_redistributor(address))
        *value = gicr_read(address - MV_GUEST_GICR, size);
    else
        return device_read(address, size, value);
    return true;
}

/* A load or store that the syndrome describes, of the register `value`. */
static struct reply memory_exit(uint32_t vcpu, uint64_t syndrome, uint64_t address, uint64_t value,
                                uint64_t far)
{
    unsigned size = 1u << ESR_SAS(syndrome);

    if (address % size != 0)
        return nothing_there(vcpu, syndrome, address, far);
    if (syndrome & ESR_WNR)
        return memory_write(vcpu, address, size, low_bytes(value, size)) ?
               REPLY_SKIP : nothing_there(vcpu, syndrome, address, far);
    if (!memory_read(vcpu, address, size, &value))
        return nothing_there(vcpu, syndrome, address, far);
    return reply_value(loaded(value, syndrome));
}

/* ---- the rest ------------------------------------------------------------------ */

/* Exceptions of instructions that are withheld; all others are not expected. */
static bool is_withheld(uint32_t class)
{
    switch (class) {
    case 0x00:                                   /* unknown reason */
    case 0x03: case 0x04: case 0x05: case 0x06:  /* AArch32: coprocessors 14 and 15 */
    case 0x08: case 0x0c:
    case 0x07: case 0x19: case 0x1d:             /* FP and SIMD, SVE, SME */
    case 0x09: case 0x0a: case 0x1a: case 0x1b:  /* pointer authentication, 64-byte loads, ERET, TSTART */
    case 0x12: case 0x13: case 0x14: case 0x18:  /* AArch32 HVC and SMC; system registers */
        return true;
    default:
        return false;
    }
}

static struct reply unexpected(uint32_t vcpu, const struct mv_words *io)
{
    event("vCPU %u, pc 0x%lx: unexpected exit %lu (syndrome 0x%lx, address 0x%lx)", vcpu, io->w[7],
          io->w[0], io->w[1], io->w[2]);
    power_fail(vcpu);
    return REPLY_STOP;
}

static struct reply exception_exit(uint32_t vcpu, const struct mv_words *io)
{
    uint64_t syndrome = io->w[1];
    uint32_t class = ESR_EC(syndrome);

    if (class == EC_DATA_LOWER || class == EC_INSTRUCTION_LOWER)
        return nothing_there(vcpu, syndrome, io->w[2], io->w[3]);
    if (class == EC_BRK)
        return inject_same(vcpu, syndrome);
    return is_withheld(class) ? inject_undefined(vcpu, syndrome) : unexpected(vcpu, io);
}

static struct reply plain_exit(uint32_t vcpu, const struct mv_words *io)
{
    switch (io->w[0]) {
    case MV_EXIT_MEMORY:
        return memory_exit(vcpu, io->w[1], io->w[2], io->w[3], io->w[4]);
    case MV_EXIT_REGISTER:
        return ESR_EC(io->w[1]) == EC_SYSTEM_REGISTER ? sysreg_exit(vcpu, io->w[1], io->w[3])
                                                      : inject_undefined(vcpu, io->w[1]);
    case MV_EXIT_ABORT:
    case MV_EXIT_OTHER:
        return exception_exit(vcpu, io);
    default:
        return unexpected(vcpu, io);
    }
}

void exit_serve(uint32_t vcpu, struct mv_words *io)
{
    struct reply reply;

    if (io->w[0] == MV_EXIT_CALL) {
        smccc_exit(vcpu, io);
        return;
    }
    reply = plain_exit(vcpu, io);
    *io = (struct mv_words){ { reply.action, reply.value } };
}
