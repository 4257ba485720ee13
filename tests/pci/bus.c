/* SPDX-License-Identifier: BSD-2-Clause */
#include "bus.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmv/print.h>
#include <libmv/time.h>

#include "space.h"

enum { SAID_BYTES = 8192, CAPABILITY_ROOM = 0x10 };

uint64_t bus_now, bus_accesses;
char bus_said[SAID_BYTES];
struct pci_function bus_described[BUS_FUNCTIONS];
const struct pci_config pci_config = { .first_bus = 0, .bus_count = 2, .function_count = BUS_FUNCTIONS, .functions = bus_described };

static struct bus_function functions[BUS_FUNCTIONS];
static unsigned count;
static uint64_t random_state;

void bus_clear(void)
{
    memset(functions, 0, sizeof functions);
    memset(bus_described, 0, sizeof bus_described);
    /* What is not used describes a place where nothing is. */
    for (unsigned i = 0; i < BUS_FUNCTIONS; i++)
        bus_described[i].id = 0xffff;
    count = 0;
    bus_now = bus_accesses = random_state = 0;
    bus_said[0] = 0;
}

struct bus_function *bus_add(uint32_t id, uint32_t identity)
{
    struct bus_function *f = &functions[count++];

    if (count > BUS_FUNCTIONS)
        abort();
    f->id = id;
    f->word[SPACE_IDENTITY / 4] = identity;
    f->word[SPACE_CLASS / 4] = 0x01000000;
    return f;
}

uint32_t bus_capability(struct bus_function *f, uint32_t word)
{
    uint32_t at = 0x40;

    while (f->word[at / 4])
        at += CAPABILITY_ROOM;
    f->word[at / 4] = word | f->word[SPACE_CAPABILITIES / 4] << 8;
    f->word[SPACE_CAPABILITIES / 4] = at;
    f->word[SPACE_COMMAND / 4] |= STATUS_CAPABILITIES;
    return at;
}

void bus_go_mad(uint64_t seed)
{
    random_state = seed * 2 + 1;
}

static uint32_t mad(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    /* Often one of the values that mean something. */
    switch (random_state % 4) {
    case 0:  return 0;
    case 1:  return UINT32_MAX;
    case 2:  return (uint32_t)(random_state >> 32) & 0xff;
    default: return (uint32_t)(random_state >> 32);
    }
}

static struct bus_function *find(uint32_t id)
{
    for (unsigned i = 0; i < count; i++)
        if (functions[i].id == id && !functions[i].absent && bus_now >= functions[i].absent_until)
            return &functions[i];
    return NULL;
}

/* What a BAR's word reads back of what was written. */
static uint32_t bar_word(const struct bus_function *f, uint32_t i, uint32_t value)
{
    bool upper = i > 0 && f->bar[i - 1].wide;
    const struct bus_bar *bar = &f->bar[upper ? i - 1 : i];

    if (bar->size == 0)
        return 0;
    if (upper)
        return value & (uint32_t)(~(bar->size - 1) >> 32);
    return (value & (uint32_t)~(bar->size - 1) & ~(bar->io ? 3u : 15u)) | (bar->io ? 1u : bar->wide ? 4u : 0u);
}

static bool is_on(const struct bus_function *f)
{
    return (f->word[SPACE_COMMAND / 4] & (COMMAND_MEMORY | COMMAND_MASTER)) != 0;
}

/* It forgets all that it was told. */
static void forget(struct bus_function *f)
{
    f->moved += (f->word[SPACE_COMMAND / 4] & COMMAND_MEMORY) != 0;
    f->word[SPACE_COMMAND / 4] &= STATUS_CAPABILITIES;
    f->word[SPACE_LINE / 4] = 0;
    for (uint32_t i = 0; i < MV_PCI_BARS; i++)
        f->word[SPACE_BAR / 4 + i] = bar_word(f, i, 0);
}

static void reset(struct bus_function *f)
{
    f->resets++;
    f->reset_on += is_on(f);
    forget(f);
    f->absent_until = bus_now + f->reset_ns;
}

uint32_t space_read(uint32_t id, uint32_t at)
{
    struct bus_function *f = find(id);

    bus_accesses++;
    if (at % 4 || at >= BUS_WORDS * 4)
        abort();
    if (!f)
        return UINT32_MAX;
    return random_state ? mad() : f->word[at / 4];
}

void space_write(uint32_t id, uint32_t at, uint32_t value)
{
    struct bus_function *f = find(id);

    bus_accesses++;
    if (at % 4 || at >= BUS_WORDS * 4)
        abort();
    if (!f)
        return;
    if (at == SPACE_COMMAND) {
        /* Ones clear the status bits that remember errors. */
        f->moved += ((f->word[1] ^ value) & COMMAND_MEMORY) != 0;
        f->word[1] = (value & 0xffff) | (f->word[1] & 0xffff0000u & ~(value & 0xf9000000u));
        f->on += (value & (COMMAND_MEMORY | COMMAND_MASTER)) != 0;
        f->master += (value & COMMAND_MASTER) != 0;
    } else if (at >= SPACE_BAR && at < SPACE_BAR + 4 * MV_PCI_BARS) {
        f->measured_on += (f->word[1] & COMMAND_MEMORY) != 0;
        f->moved += (f->word[1] & COMMAND_MEMORY) != 0;
        f->word[at / 4] = bar_word(f, (at - SPACE_BAR) / 4, value);
    } else if (at == SPACE_LINE) {
        f->word[at / 4] = f->no_line ? 0 : value & LINE_FIELD;
    } else if (f->express && at == f->express + EXPRESS_CONTROL) {
        f->word[at / 4] = (value & 0x7fff) | (f->word[at / 4] & 0xffff0000u);
        if (value & EXPRESS_RESET)
            reset(f);
    } else if (f->advanced && at == f->advanced + ADVANCED_CONTROL) {
        if (value & ADVANCED_RESET)
            reset(f);
    } else if (f->power && at == f->power + POWER_CONTROL) {
        f->woken_on += is_on(f);
        if (f->word[at / 4] & ~value & POWER_STATE)
            forget(f);
        f->word[at / 4] = value;
    } else {
        f->word[at / 4] = value;
    }
}

void mv_sleep(uint64_t ns)
{
    bus_now += ns;
}

void mv_print(const char *format, ...)
{
    size_t used = strlen(bus_said);
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(bus_said + used, SAID_BYTES - used, format, ap);
    va_end(ap);
}
