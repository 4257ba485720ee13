/* SPDX-License-Identifier: BSD-2-Clause */
#include "function.h"

#include <libmv/time.h>

#include "space.h"

enum {
    CAPABILITIES_MAX = 48,         /* that fit into 256 bytes: a longer list is a circle */
    CAPABILITIES_LOW = 0x40,
    WORD_BITS = 0xfc,
};

/* The times of the PCI Express specification: pending accesses end, and a reset
 * takes, 100 ms each; after it a function may answer late. */
#define RESET_NS       (100 * MV_MS)
#define RESET_TRIES    10
#define POWER_NS       (10 * MV_MS)

bool function_is_there(uint32_t id)
{
    return (uint16_t)space_read(id, SPACE_IDENTITY) != (uint16_t)IDENTITY_NOBODY;
}

/* Where the capability stands; 0: it has none. */
static uint32_t capability(uint32_t id, uint32_t kind)
{
    uint32_t at;

    if (!(space_read(id, SPACE_COMMAND) & STATUS_CAPABILITIES))
        return 0;
    at = space_read(id, SPACE_CAPABILITIES) & WORD_BITS;
    for (int i = 0; i < CAPABILITIES_MAX && at >= CAPABILITIES_LOW; i++) {
        uint32_t word = space_read(id, at);

        if ((word & 0xff) == kind)
            return at;
        at = word >> 8 & WORD_BITS;
    }
    return 0;
}

/* The upper half of the word is status, which stays as it is. */
static void command(uint32_t id, uint32_t bits)
{
    space_write(id, SPACE_COMMAND, bits);
}

static void clear_bits(uint32_t id, uint32_t kind, uint32_t offset, uint32_t bits)
{
    uint32_t at = capability(id, kind);

    if (at)
        space_write(id, at + offset, space_read(id, at + offset) & ~bits);
}

/* No DMA, no interrupt of any kind; and COMMAND_MEMORY, or nothing, of what else it may. */
static void quiet(uint32_t id, uint32_t memory)
{
    command(id, memory | COMMAND_NO_INTX);
    clear_bits(id, CAPABILITY_MSI, 0, MSI_ENABLE);
    clear_bits(id, CAPABILITY_MSIX, 0, MSIX_ENABLE);
}

void function_off(uint32_t id)
{
    quiet(id, 0);
}

/* ---- reset -------------------------------------------------------------------------- */

/* Wait while bits of a word are set, so long as a reset may take. */
static void wait_clear(uint32_t id, uint32_t at, uint32_t bits)
{
    for (int i = 0; i < RESET_TRIES && (space_read(id, at) & bits); i++)
        mv_sleep(RESET_NS / RESET_TRIES);
}

static void wait_back(uint32_t id)
{
    mv_sleep(RESET_NS);
    for (int i = 1; i < RESET_TRIES && !function_is_there(id); i++)
        mv_sleep(RESET_NS);
}

/* What it was doing for an earlier driver ends here, if it can be made to: then it
 * is off, and has lost its BARs. */
static void reset(uint32_t id)
{
    uint32_t express = capability(id, CAPABILITY_EXPRESS), advanced = capability(id, CAPABILITY_ADVANCED);
    uint32_t power = capability(id, CAPABILITY_POWER);

    if (power && (space_read(id, power + POWER_CONTROL) & POWER_STATE)) {
        function_off(id);
        space_write(id, power + POWER_CONTROL, 0);
        mv_sleep(POWER_NS);
    }
    if (express && (space_read(id, express + EXPRESS_CAN) & EXPRESS_CAN_RESET)) {
        function_off(id);
        wait_clear(id, express + EXPRESS_CONTROL, EXPRESS_PENDING);
        space_write(id, express + EXPRESS_CONTROL, (space_read(id, express + EXPRESS_CONTROL) & 0xffff) | EXPRESS_RESET);
        wait_back(id);
    } else if (advanced && (space_read(id, advanced) & ADVANCED_CAN_RESET)) {
        function_off(id);
        wait_clear(id, advanced + ADVANCED_CONTROL, ADVANCED_PENDING);
        space_write(id, advanced + ADVANCED_CONTROL, ADVANCED_RESET);
        wait_back(id);
    }
}

/* ---- BARs ------------------------------------------------------------------------------ */

#define BAR_IO           UINT32_C(1)
#define BAR_KIND(value)  ((value) >> 1 & 3)
#define BAR_KIND_64      2u
#define BAR_FLAGS        UINT32_C(0xf)

static uint32_t bar_at(uint32_t bar)
{
    return SPACE_BAR + 4 * bar;
}

static bool bar_is_wide(uint32_t bar, uint32_t low)
{
    return !(low & BAR_IO) && BAR_KIND(low) == BAR_KIND_64 && bar + 1 < MV_PCI_BARS;
}

/* What a BAR can hold says how large it is. Decoding is off. Returns how many
 * words it has. */
static uint32_t bar_measure(uint32_t id, uint32_t bar, struct function_found *found)
{
    uint32_t low, high = UINT32_MAX;
    bool wide;

    space_write(id, bar_at(bar), UINT32_MAX);
    low = space_read(id, bar_at(bar));
    space_write(id, bar_at(bar), 0);
    found->bar = bar;
    found->bar_io = low & BAR_IO;
    found->bar_size = 0;
    wide = bar_is_wide(bar, low);
    if (wide) {
        space_write(id, bar_at(bar + 1), UINT32_MAX);
        high = space_read(id, bar_at(bar + 1));
        space_write(id, bar_at(bar + 1), 0);
    }
    if ((low & ~BAR_FLAGS) || (wide && high))
        found->bar_size = ~((uint64_t)high << 32 | (low & ~BAR_FLAGS)) + 1;
    return wide ? 2 : 1;
}

/*
 * All of them are 0 behind it. One that is not described stays so: it is decoded
 * there, outside of the bridge's window, where nobody can reach it.
 */
static bool bars_agree(const struct pci_function *f, struct function_found *found)
{
    for (uint32_t i = 0; i < MV_PCI_BARS;) {
        uint32_t words = bar_measure(f->id, i, found);

        if (f->bar[i].size && (found->bar_io || found->bar_size != f->bar[i].size))
            return false;
        /* The second word of a wide one is none itself. */
        if (words == 2 && f->bar[i + 1].size) {
            found->bar = i + 1;
            found->bar_size = 0;
            return false;
        }
        i += words;
    }
    space_write(f->id, SPACE_ROM, 0);
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* It is off, and answers. */
static enum pci_answer compare(const struct pci_function *f, struct function_found *found)
{
    uint32_t identity = space_read(f->id, SPACE_IDENTITY);

    *found = (struct function_found){
        .vendor = identity & 0xffff, .device = identity >> 16, .header = space_read(f->id, SPACE_HEADER) >> 16 & 0x7f,
    };
    if (found->vendor != f->vendor || found->device != f->device || found->header != HEADER_FUNCTION)
        return PCI_OTHER;
    return bars_agree(f, found) ? PCI_OK : PCI_BAR_DIFFERS;
}

static bool has_identity(const struct pci_function *f)
{
    return space_read(f->id, SPACE_IDENTITY) == ((uint32_t)f->device << 16 | f->vendor);
}

/* All BARs hold what they are given: what is not described is 0. */
static bool bars_are_given(const struct pci_function *f)
{
    for (uint32_t i = 0; i < MV_PCI_BARS; i++) {
        uint32_t low = space_read(f->id, bar_at(i));

        if ((low & ~BAR_FLAGS) != (uint32_t)f->bar[i].address)
            return false;
        if (bar_is_wide(i, low) && space_read(f->id, bar_at(++i)) != 0)
            return false;
    }
    return true;
}

/* Has this cell, in this life or an earlier one, compared it and given it its BARs?
 * Its mark tells that from addresses which firmware has chosen by chance: how large
 * BARs are cannot be seen while they are decoded. */
static bool is_laid_out(const struct pci_function *f)
{
    return has_identity(f) && (space_read(f->id, SPACE_COMMAND) & COMMAND_MEMORY) &&
           (space_read(f->id, SPACE_LINE) & LINE_FIELD) == LINE_LAID_OUT && bars_are_given(f);
}

bool function_is_on(const struct pci_function *f)
{
    uint32_t on = COMMAND_MEMORY | COMMAND_MASTER;

    return has_identity(f) && (space_read(f->id, SPACE_COMMAND) & on) == on && bars_are_given(f);
}

void function_rest(const struct pci_function *f)
{
    quiet(f->id, is_laid_out(f) ? COMMAND_MEMORY : 0);
}

/* It rests and is there. Off if it differs. */
static enum pci_answer lay_out(const struct pci_function *f, struct function_found *found)
{
    enum pci_answer answer;

    if (is_laid_out(f))
        return PCI_OK;
    function_off(f->id);
    answer = compare(f, found);
    if (answer != PCI_OK)
        return answer;
    for (uint32_t i = 0; i < MV_PCI_BARS; i++)
        if (f->bar[i].size)
            space_write(f->id, bar_at(i), (uint32_t)f->bar[i].address);
    space_write(f->id, SPACE_LINE, (space_read(f->id, SPACE_LINE) & ~LINE_FIELD) | LINE_LAID_OUT);
    command(f->id, COMMAND_MEMORY | COMMAND_NO_INTX);
    return PCI_OK;
}

enum pci_answer function_lay_out(const struct pci_function *f, struct function_found *found)
{
    if (!function_is_there(f->id))
        return PCI_ABSENT;
    function_rest(f);
    return lay_out(f, found);
}

enum pci_answer function_attach(const struct pci_function *f, struct function_found *found)
{
    enum pci_answer answer = PCI_ABSENT;

    if (!function_is_there(f->id))
        return PCI_ABSENT;
    function_rest(f);
    reset(f->id);
    if (function_is_there(f->id))
        answer = lay_out(f, found);
    if (answer == PCI_OK)
        command(f->id, COMMAND_MEMORY | COMMAND_MASTER);
    else
        function_off(f->id);
    return answer;
}
