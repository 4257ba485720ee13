/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver of several functions, of which only one is what its description says. */
#include <pci/pci_config.h>

#include "cell.h"
#include "guard.h"
#include "test.h"

enum { EDU, ABSENT, OTHER, LARGE, EXTRA, UPPER };   /* in mv_cell.functions */

/* Configuration space. */
#define COMMAND         0x04u
#define   MEMORY          0x2u
#define   MEMORY_MASTER   0x6u
#define   NO_INTX         0x400u
#define BAR0            0x10u

/* Registers of edu. */
#define EDU_IDENTITY    0x00u
#define EDU_LIVENESS    0x04u
#define EDU_STATUS      0x24u
#define EDU_RAISE       0x60u
#define EDU_ACKNOWLEDGE 0x64u
#define EDU_IS          0x010000edu

#define PATIENCE        (300 * MV_MS)

static struct guard_slot *guard(void) { return GUARD_SLOT(CELL_INDEX, 0); }

static uint32_t config(unsigned function, uint32_t at)
{
    return mv_read32(mv_cell.functions[function].config + at);
}

static uint64_t edu(uint32_t at) { return FUNCTION_EDU_BAR0_ADDRESS + at; }

/* The answer to a request for a function; its detail. */
static uint64_t ask(unsigned function, uint64_t what, uint64_t *detail)
{
    struct mv_words w = { { what, 0x5555 } };
    mv_status_t st = mv_call(mv_cell.functions[function].attach_cap, &w);

    EXPECT_STATUS(st, MV_OK);
    if (detail)
        *detail = w.w[1];
    return st == MV_OK ? w.w[0] : ~UINT64_C(0);
}

static bool is_off(unsigned function)
{
    return (config(function, COMMAND) & (MEMORY_MASTER | NO_INTX)) == NO_INTX;
}

/* In its place, without DMA and interrupt. */
static bool is_at_rest(unsigned function)
{
    return (config(function, COMMAND) & (MEMORY_MASTER | NO_INTX)) == (MEMORY | NO_INTX);
}

/* ---- what the bus cell says ------------------------------------------------------ */

static char said[4096];
static struct mv_channel channel;

static void listen(void)
{
    static bool open;
    size_t used = 0, more;

    if (!open)
        EXPECT_STATUS(mv_channel_open(&channel, mv_channel_find("bus")), MV_OK);
    open = true;
    while (used + 1 < sizeof said &&
           (more = mv_channel_read(&channel, said + used, sizeof said - 1 - used, mv_time_ns() + PATIENCE)) > 0)
        used += more;
    said[used] = 0;
}

static bool has_line(const char *line)
{
    size_t length = strlen(line);

    for (const char *at = said; *at;) {
        const char *end = strchr(at, '\n');

        if (!end)
            break;
        if ((size_t)(end - at) == length && memcmp(at, line, length) == 0)
            return true;
        at = end + 1;
    }
    test_note("the bus cell did not say: %s", line);
    return false;
}

static void lines_test(void)
{
    test_start("pci: the bus is compared with its description");
    listen();
    EXPECT(has_line("00:01.0 edu (main): 1234:11e8, BAR0 0x10000000"));
    EXPECT(has_line("00:02.0 rng (second): 1af4:1044, BAR1 0x10100000, BAR4 0x10104000"));
    EXPECT(has_line("00:03.0 absent (main): nothing is there, expected 1af4:1042"));
    EXPECT(has_line("00:04.0 other (main): 1af4:1044 is there, expected 1af4:1042"));
    EXPECT(has_line("00:05.0 large (main): BAR0 has 0x100000 bytes, expected 0x200000"));
    EXPECT(has_line("00:06.0 extra (main): there is no BAR2, expected 0x1000 bytes"));
    EXPECT(has_line("00:07.0 upper (main): there is no BAR5, expected 0x1000 bytes"));
    EXPECT(has_line("00:08.0: 1234:11e8, described by nobody, stays off"));
}

/* ---- configuration space --------------------------------------------------------------- */

static void read_only_test(void)
{
    uint64_t address = FUNCTION_EDU_CONFIG, value = 0;

    test_start("pci: a driver only reads its functions' configuration");
    EXPECT_EQ(config(EDU, 0), 0x11e81234);
    EXPECT_EQ(config(ABSENT, 0), 0xffffffff);
    EXPECT(is_at_rest(EDU));
    EXPECT_EQ(guard_write(guard(), address + COMMAND, MEMORY_MASTER), MV_FAULT_WRITE);
    EXPECT_EQ(guard_write(guard(), address + BAR0, 0), MV_FAULT_WRITE);
    EXPECT(is_at_rest(EDU));
    for (uint32_t i = 0; i < mv_cell.function_count; i++)
        EXPECT_EQ(guard_read(guard(), mv_cell.functions[i].config, &value), MV_FAULT_NONE);
    /* The next function's page in the space is not the next in the cell. */
    EXPECT(value != 0x10441af4 || mv_cell.functions[mv_cell.function_count - 1].id != 0x10);
}

/* ---- attaching ----------------------------------------------------------------------------- */

static void attach_test(void)
{
    uint64_t value = 0;

    test_start("pci: a function that agrees is attached");
    EXPECT_EQ(ask(EDU, PCI_ATTACH, &value), PCI_OK);
    EXPECT_EQ(value, 0);
    EXPECT_EQ(config(EDU, COMMAND) & (MEMORY_MASTER | NO_INTX | 1), MEMORY_MASTER);
    EXPECT_EQ(config(EDU, BAR0), 0x10000000);
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
    mv_write32(edu(EDU_LIVENESS), 0x12345678);
    EXPECT_EQ(mv_read32(edu(EDU_LIVENESS)), ~0x12345678u);
}

static bool interrupt_comes(void)
{
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait_flags(&w, &source, MV_LINES | MV_DEADLINE, mv_time_ns() + PATIENCE, UINT64_C(1) << FUNCTION_EDU_LINE);

    return st == MV_OK && MV_SOURCE_LINE(source) == FUNCTION_EDU_LINE && w.w[0] == 1;
}

static void interrupt_test(void)
{
    test_start("pci: its interrupt comes, and again when it has been served");
    for (int i = 0; i < 3; i++) {
        mv_write32(edu(EDU_RAISE), 1);
        EXPECT(interrupt_comes());
        EXPECT_EQ(mv_read32(edu(EDU_STATUS)), 1);
        mv_write32(edu(EDU_ACKNOWLEDGE), 1);
        EXPECT_EQ(mv_read32(edu(EDU_STATUS)), 0);
        EXPECT_STATUS(mv_virq_ack(FUNCTION_EDU_CAP, NULL), MV_OK);
    }
    EXPECT(!interrupt_comes());
}

static void detach_test(void)
{
    test_start("pci: a function that is detached keeps its place, and does nothing");
    EXPECT_EQ(ask(EDU, PCI_DETACH, NULL), PCI_OK);
    EXPECT(is_at_rest(EDU));
    EXPECT_EQ(config(EDU, BAR0), 0x10000000);
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
    mv_write32(edu(EDU_RAISE), 1);
    EXPECT(!interrupt_comes());
    mv_write32(edu(EDU_ACKNOWLEDGE), 1);
    EXPECT_EQ(ask(EDU, PCI_ATTACH, NULL), PCI_OK);
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
    EXPECT_EQ(ask(EDU, PCI_ATTACH, NULL), PCI_OK);
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
    EXPECT(!interrupt_comes());
}

/* ---- refusing -------------------------------------------------------------------------------- */

static void refusal_test(void)
{
    static const struct { unsigned function; uint64_t answer, detail; } rows[] = {
        { ABSENT, PCI_ABSENT, 0 },
        { OTHER, PCI_OTHER, 0x10441af4 },
        { LARGE, PCI_BAR_DIFFERS, 0 },
        { EXTRA, PCI_BAR_DIFFERS, 2 },
        { UPPER, PCI_BAR_DIFFERS, 5 },
    };
    uint64_t detail;

    test_start("pci: what differs is not attached, and stays off");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        EXPECT_EQ(ask(rows[i].function, PCI_ATTACH, &detail), rows[i].answer);
        EXPECT_EQ(detail, rows[i].detail);
        EXPECT(rows[i].function == ABSENT || is_off(rows[i].function));
    }
    listen();
    EXPECT(has_line("00:05.0 large (main): BAR0 has 0x100000 bytes, expected 0x200000"));
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
}

static void request_test(void)
{
    struct mv_words w = { { PCI_DETACH } };

    test_start("pci: a request that means nothing changes nothing");
    EXPECT_EQ(ask(EDU, 2, NULL), PCI_BAD_REQUEST);
    EXPECT_EQ(ask(EDU, ~UINT64_C(0), NULL), PCI_BAD_REQUEST);
    EXPECT_EQ(ask(EDU, PCI_DETACH | UINT64_C(1) << 32, NULL), PCI_BAD_REQUEST);
    EXPECT_STATUS(mv_call_full(mv_cell.functions[EDU].attach_cap, &w), MV_OK);
    EXPECT_EQ(w.w[0], PCI_BAD_REQUEST);
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
}

static void second_test(void)
{
    struct mv_words w = { { PCI_ATTACH } };

    test_start("pci: a driver can only mean its own function");
    EXPECT_STATUS(mv_call(CAP_SECOND_DOOR, &w), MV_OK);
    EXPECT_EQ(w.w[0], PCI_OK);
    EXPECT_EQ(w.w[2] & (MEMORY_MASTER | NO_INTX), MEMORY_MASTER);
    EXPECT_EQ(ask(EDU, PCI_DETACH, NULL), PCI_OK);
    w = (struct mv_words){ { 99 } };
    EXPECT_STATUS(mv_call(CAP_SECOND_DOOR, &w), MV_OK);
    EXPECT_EQ(w.w[0], PCI_BAD_REQUEST);
    EXPECT_EQ(w.w[2] & (MEMORY_MASTER | NO_INTX), MEMORY_MASTER);
    w = (struct mv_words){ { PCI_DETACH } };
    EXPECT_EQ(ask(EDU, PCI_ATTACH, NULL), PCI_OK);
    EXPECT_STATUS(mv_call(CAP_SECOND_DOOR, &w), MV_OK);
    EXPECT_EQ(w.w[2] & (MEMORY_MASTER | NO_INTX), MEMORY | NO_INTX);
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
}

static void restart_test(void)
{
    struct mv_words w = { { PCI_DETACH } };

    test_start("pci: the bus cell starts again, drivers notice nothing");
    EXPECT_STATUS(mv_cell_stop(CAP_CELL_BUS), MV_OK);
    EXPECT(mv_call_until(mv_cell.functions[EDU].attach_cap, &w, mv_time_ns() + PATIENCE) != MV_OK);
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
    EXPECT_STATUS(mv_cell_start(CAP_CELL_BUS), MV_OK);
    listen();
    EXPECT(has_line("00:01.0 edu (main): 1234:11e8 is on"));
    EXPECT(has_line("00:02.0 rng (second): 1af4:1044, BAR1 0x10100000, BAR4 0x10104000"));
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
    EXPECT_EQ(ask(EDU, PCI_ATTACH, NULL), PCI_OK);
    EXPECT_EQ(mv_read32(edu(EDU_IDENTITY)), EDU_IS);
}

int main(void)
{
    lines_test();
    read_only_test();
    attach_test();
    interrupt_test();
    detach_test();
    refusal_test();
    request_test();
    second_test();
    restart_test();
    test_finish();
}
