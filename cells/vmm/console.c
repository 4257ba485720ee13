/* SPDX-License-Identifier: BSD-2-Clause */
#include "console.h"

#include <stdarg.h>
#include <stdbool.h>

#include <libmv/channel.h>
#include <libmv/print.h>
#include <libmv/string.h>
#include <libmv/time.h>

#include "lock.h"
#include "pl011.h"
#include "virtio_console.h"
#include "vmm_config.h"

#define EVENT_BYTES   200u
#define EVENT_CREDIT  8u             /* lines at once  */
#define EVENT_NS      (500 * MV_MS)  /* until one more */

static struct mv_channel channel;
static bool open;                    /* [I] once vCPU 0 serves */
static struct lock lock;             /* of the channel and what follows */
static uint32_t credit;
static uint64_t credited;            /* when credit was last given */
static uint64_t unsaid;
static uint8_t last;                 /* byte written */

void console_open(void)
{
    credit = EVENT_CREDIT;
    credited = mv_time_ns();
    unsaid = 0;
    last = '\n';
    open = mv_cell.console != NULL && mv_channel_open(&channel, mv_cell.console) == MV_OK;
}

size_t console_write(const void *bytes, size_t size)
{
    size_t done;

    if (!open || size == 0)
        return size;
    lock_take(&lock);
    done = mv_channel_write_try(&channel, bytes, size);
    /* It is only raised after it was found full. */
    if (done < size)
        done += mv_channel_write_try(&channel, (const uint8_t *)bytes + done, size - done);
    if (done > 0)
        last = ((const uint8_t *)bytes)[done - 1];
    lock_release(&lock);
    return done;
}

size_t console_read(void *bytes, size_t size)
{
    size_t done;

    if (!open)
        return 0;
    lock_take(&lock);
    done = mv_channel_read_try(&channel, bytes, size);
    lock_release(&lock);
    return done;
}

void console_event(uint32_t line)
{
    if (!open || line != channel.config->line)
        return;
    if (vmm_config.console == VMM_CONSOLE_PL011)
        pl011_console_event();
    else if (vmm_config.console == VMM_CONSOLE_VIRTIO)
        virtio_console_event();
}

static bool may_say(void)
{
    uint64_t now = mv_time_ns(), due = (now - credited) / EVENT_NS;

    if (due > 0) {
        credit = due < EVENT_CREDIT - credit ? credit + (uint32_t)due : EVENT_CREDIT;
        credited = now;
    }
    if (credit == 0)
        return false;
    credit--;
    return true;
}

void event(const char *format, ...)
{
    char text[EVENT_BYTES];
    size_t length = 0, part;
    va_list list;

    if (!open)
        return;
    lock_take(&lock);
    if (!may_say()) {
        unsaid++;
        goto out;
    }
    length = mv_format(text, sizeof(text), last == '\n' ? "VMM: " : "\r\nVMM: ");
    va_start(list, format);
    part = mv_vformat(text + length, sizeof(text) - length, format, list);
    va_end(list);
    length = part < sizeof(text) - length ? length + part : sizeof(text) - 1;
    if (unsaid != 0 && length < sizeof(text)) {
        part = mv_format(text + length, sizeof(text) - length, " (and %lu lines before)", unsaid);
        length = part < sizeof(text) - length ? length + part : sizeof(text) - 1;
    }
    length = length < sizeof(text) - 2 ? length : sizeof(text) - 2;
    text[length++] = '\r';
    text[length++] = '\n';
    if (mv_channel_space(&channel) < length) {
        unsaid++;
        goto out;
    }
    (void)mv_channel_write_try(&channel, text, length);
    unsaid = 0;
    last = '\n';
out:
    lock_release(&lock);
}
