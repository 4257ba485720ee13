/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge: prints what the test cells report, takes the faults that no test
 * expects, and ends the machine. It polls the UART, so that what it prints is
 * out when the machine stops.
 */
#include "test.h"

#include "cell.h"

#define PL011_DATA       0x00u
#define PL011_FLAGS      0x18u
#define PL011_FULL       (1u << 5)
#define CADENCE_STATUS   0x2cu
#define CADENCE_FULL     (1u << 4)
#define CADENCE_FIFO     0x30u

static bool is_cadence;
static unsigned passed, failed;

static void put(char c)
{
    uint32_t status = is_cadence ? CADENCE_STATUS : PL011_FLAGS;
    uint32_t full = is_cadence ? CADENCE_FULL : PL011_FULL;

    while ((mv_read32(DEVICE_UART0_ADDRESS + status) & full) != 0)
        ;
    mv_write32(DEVICE_UART0_ADDRESS + (is_cadence ? CADENCE_FIFO : PL011_DATA), (uint8_t)c);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char text[MV_FULL_BYTES + 80];
    va_list list;

    va_start(list, format);
    mv_vformat(text, sizeof(text), format, list);
    va_end(list);
    for (const char *c = text; *c != '\0'; c++)
        put(*c);
    put('\n');
}

static const char *name_of(uint32_t badge)
{
    for (uint32_t i = 0; i < mv_cell.peer_count; i++) {
        if (mv_cell.peers[i].badge == badge)
            return mv_cell.peers[i].name;
    }
    return "?";
}

static void reported(const struct mv_words *w, uint32_t badge)
{
    char text[MV_FULL_BYTES];

    mv_copy_string(text, (const char *)mv_message_data(), sizeof(text));
    switch (w->w[0]) {
    case TEST_PASS:
        passed++;
        say("PASS %s", text);
        return;
    case TEST_FAIL:
        failed++;
        say("FAIL [%s] %s", name_of(badge), text);
        return;
    case TEST_END:
        say("END %u %u", passed, failed);
        (void)mv_system_reset(CAP_SYSTEM, 1);
        return;
    default:
        say("NOTE [%s] %s", name_of(badge), text);
        return;
    }
}

static void faulted(const struct mv_words *w, uint32_t badge)
{
    failed++;
    say("FAIL cell %s, vCPU %lu: unexpected fault of kind %lu, pc 0x%lx, address 0x%lx, syndrome 0x%lx",
        name_of(badge), w->w[5], w->w[0], w->w[1], w->w[2], w->w[3]);
}

int main(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st;

    is_cadence = !mv_device_is(&mv_cell.devices[0], "arm,pl011");
    /* The one call that no other cell here may make, with a bad argument. */
    if (mv_system_reset(CAP_SYSTEM, 2) != MV_BAD_ARG)
        say("FAIL system_reset with a bad argument is not refused");
    st = mv_wait(&w, &source);
    for (;;) {
        if (st != MV_OK || (source & MV_SOURCE_VIRQ) != 0) {
            st = mv_wait(&w, &source);
            continue;
        }
        if (MV_SOURCE_BADGE(source) >= 0x10000) {
            faulted(&w, MV_SOURCE_BADGE(source));
            w.w[0] = MV_FAULT_STOP;
        } else {
            reported(&w, MV_SOURCE_BADGE(source));
            w.w[0] = 0;
        }
        st = mv_reply_wait(&w, &source);
    }
}
