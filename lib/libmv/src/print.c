/* SPDX-License-Identifier: BSD-2-Clause */
/* Printing: lines per vCPU, one console channel per cell. */

#include <libmv/message.h>
#include <libmv/print.h>
#include <libmv/string.h>

#include "internal.h"

#define LOOK_AGAIN_NS (100 * MV_US)

static struct mv_channel console;
static bool console_open;      /* [I] once vCPU 0 runs main() */

/* One vCPU of the cell writes to the channel at a time: 1 while it does. What
 * is below belongs to the one that does, unless it says otherwise. */
static uint32_t writing;
static uint32_t wanting;       /* how many wait to write; atomic */
static uint32_t last_writer;   /* vCPU */
static bool stuck;             /* the last wait for space was in vain */
static uint64_t unreported;    /* bytes dropped since the reader was told */

static uint64_t dropped;       /* all bytes dropped; atomic */

void mv_console_start(void)
{
    console_open = mv_cell.console != NULL && mv_channel_open(&console, mv_cell.console) == MV_OK;
}

struct mv_channel *mv_console(void)
{
    return console_open ? &console : NULL;
}

uint64_t mv_print_dropped(void)
{
    return __atomic_load_n(&dropped, __ATOMIC_RELAXED);
}

static void count_dropped(size_t size)
{
    __atomic_fetch_add(&dropped, size, __ATOMIC_RELAXED);
}

/* The lock is never spun for: its holder may be a vCPU of lower priority on
 * this core. */
static bool write_lock(uint64_t deadline)
{
    bool mine;

    /* Whoever wrote last lets those go first who wait already. */
    if (__atomic_load_n(&wanting, __ATOMIC_RELAXED) != 0 &&
        __atomic_load_n(&last_writer, __ATOMIC_RELAXED) == mv_vcpu_index())
        mv_sleep(2 * LOOK_AGAIN_NS);
    __atomic_fetch_add(&wanting, 1, __ATOMIC_RELAXED);
    /* What the last one wrote is seen: pairs with write_unlock(). */
    while (!(mine = __atomic_exchange_n(&writing, 1, __ATOMIC_ACQUIRE) == 0) &&
           mv_time_ns() < deadline)
        mv_sleep(LOOK_AGAIN_NS);
    __atomic_fetch_sub(&wanting, 1, __ATOMIC_RELAXED);
    if (mine)
        __atomic_store_n(&last_writer, mv_vcpu_index(), __ATOMIC_RELAXED);
    return mine;
}

static void write_unlock(void)
{
    __atomic_store_n(&writing, 0, __ATOMIC_RELEASE);
}

/* Write what fits until the deadline. A vCPU that does not take the console's
 * line cannot wait for it and looks again from time to time. */
static size_t write_until(const char *bytes, size_t size, uint64_t deadline)
{
    size_t done;

    if (stuck)
        return mv_channel_write_try(&console, bytes, size);
    if (mv_channel_is_mine(&console))
        return mv_channel_write(&console, bytes, size, deadline);
    for (done = 0;;) {
        done += mv_channel_write_try(&console, bytes + done, size - done);
        if (done == size || mv_time_ns() >= deadline)
            return done;
        mv_sleep(MV_MS);
    }
}

static bool tell_dropped(uint64_t deadline)
{
    char note[48];
    size_t length;

    if (unreported == 0)
        return true;
    length = mv_format(note, sizeof(note), "(%lu bytes lost)\n", unreported);
    if (mv_channel_space(&console) < length && stuck)
        return false;
    if (write_until(note, length, deadline) != length)
        return false;
    unreported = 0;
    return true;
}

static void console_write(const char *bytes, size_t size)
{
    uint64_t deadline;
    size_t done = 0;

    if (!console_open)
        return;
    deadline = mv_time_ns() + MV_PRINT_WAIT_NS;
    if (!write_lock(deadline)) {
        count_dropped(size);
        return;
    }
    if (tell_dropped(deadline))
        done = write_until(bytes, size, deadline);
    stuck = done != size;
    unreported += size - done;
    write_unlock();
    if (done != size)
        count_dropped(size - done);
}

void mv_print_flush(void)
{
    struct mv_local *local = mv_local();
    size_t length = local->print_length;

    /* Emptied first: waiting for space must not find it again. */
    local->print_length = 0;
    if (length > 0)
        console_write(local->print_line, length);
}

void mv_print_bytes(const char *bytes, size_t size)
{
    struct mv_local *local = mv_local();

    for (size_t i = 0; i < size; i++) {
        local->print_line[local->print_length++] = bytes[i];
        if (bytes[i] == '\n' || local->print_length == sizeof(local->print_line))
            mv_print_flush();
    }
}

static void put_line(void *context, const char *bytes, size_t size)
{
    (void)context;
    mv_print_bytes(bytes, size);
}

void mv_vprint(const char *format, va_list list)
{
    mv_format_to(put_line, NULL, format, list);
}

void mv_print(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    mv_vprint(format, list);
    va_end(list);
}

void mv_print_at_exit(void)
{
    mv_print_flush();
}
