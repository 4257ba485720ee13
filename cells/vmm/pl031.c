/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl031.h"

#include <stdbool.h>

#include <libmv/start.h>
#include <libmv/time.h>
#include <mv/guest.h>

#include "lock.h"
#include "vgic.h"

#define DR    0x000u
#define MR    0x004u
#define LR    0x008u
#define CR    0x00cu
#define IMSC  0x010u
#define RIS   0x014u
#define MIS   0x018u
#define ICR   0x01cu
#define ID    0xfe0u

static struct {
    struct lock lock;
    uint32_t    offset;      /* the counter, less the seconds since the machine started */
    bool        set;         /* the guest has set the clock */
    uint32_t    load, match, mask, raw;
    uint64_t    alarm;       /* when the counter will be `match` (ns); 0: it has been */
    bool        line;
} rtc;
uint64_t pl031_alarm_at;
uint32_t pl031_alarm_by;

static const uint8_t id[8] = { 0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static uint32_t base(void)
{
    return rtc.set ? rtc.offset : (uint32_t)vmm_config.time_base;
}

static uint32_t counter(void)
{
    return base() + (uint32_t)(mv_time_ns() / MV_S);
}

static void arm(void)
{
    uint64_t second = mv_time_ns() / MV_S;
    uint32_t ahead = rtc.match - (base() + (uint32_t)second);

    rtc.alarm = (second + ahead) * MV_S;
}

static void update(void)
{
    bool line;

    if (rtc.alarm != 0 && mv_time_ns() >= rtc.alarm) {
        rtc.raw = 1;
        rtc.alarm = 0;
    }
    __atomic_store_n(&pl031_alarm_at, rtc.mask != 0 ? rtc.alarm : 0, __ATOMIC_RELAXED);
    line = (rtc.raw & rtc.mask) != 0;
    if (line != rtc.line) {
        rtc.line = line;
        vgic_drive(MV_GUEST_SPI_RTC, line);
    }
}

static uint32_t read_register(uint64_t offset)
{
    switch (offset) {
    case DR:   return counter();
    case MR:   return rtc.match;
    case LR:   return rtc.load;
    case CR:   return 1;     /* it cannot be stopped */
    case IMSC: return rtc.mask;
    case RIS:  return rtc.raw;
    case MIS:  return rtc.raw & rtc.mask;
    default:   return offset >= ID && offset < ID + 32 ? id[(offset - ID) / 4] : 0;
    }
}

static void write_register(uint64_t offset, uint32_t value)
{
    switch (offset) {
    case MR:
        rtc.match = value;
        arm();
        break;
    case LR:
        rtc.load = value;
        rtc.offset = value - (uint32_t)(mv_time_ns() / MV_S);
        rtc.set = true;
        arm();
        break;
    case IMSC:
        rtc.mask = value & 1;
        break;
    case ICR:
        rtc.raw &= ~value;
        break;
    default:
        break;
    }
}

uint64_t pl031_read(uint64_t offset)
{
    uint32_t value;

    lock_take(&rtc.lock);
    update();
    value = read_register(offset);
    lock_release(&rtc.lock);
    return value;
}

void pl031_write(uint64_t offset, uint64_t value)
{
    lock_take(&rtc.lock);
    update();
    write_register(offset, (uint32_t)value);
    __atomic_store_n(&pl031_alarm_by, mv_vcpu_index(), __ATOMIC_RELAXED);
    update();
    lock_release(&rtc.lock);
}

void pl031_event(void)
{
    lock_take(&rtc.lock);
    update();
    lock_release(&rtc.lock);
}

void pl031_reset(void)
{
    lock_take(&rtc.lock);
    rtc.match = rtc.mask = rtc.raw = 0;
    rtc.alarm = 0;
    rtc.line = false;
    update();
    lock_release(&rtc.lock);
}
