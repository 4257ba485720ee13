/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of the bus as the cell pci compares, attaches and scans them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <libmv/time.h>

#include "bus.h"
#include "function.h"
#include "scan.h"
#include "space.h"

#define ID       0x08u
#define IDENTITY 0x10421af4u

static uint32_t command(const struct bus_function *f) { return f->word[SPACE_COMMAND / 4] & 0xffff; }
static uint32_t bar(const struct bus_function *f, uint32_t i) { return f->word[SPACE_BAR / 4 + i]; }

/* A function with a wide BAR 4 and a BAR 1, which may lie in I/O space; and its description. */
static struct bus_function *usual(struct pci_function **described)
{
    struct bus_function *f = bus_add(ID, IDENTITY);
    struct pci_function *d = &bus_described[0];

    f->bar[1] = (struct bus_bar){ .size = 0x1000 };
    f->bar[4] = (struct bus_bar){ .size = 0x4000, .wide = true };
    *d = (struct pci_function){ .name = "disk0", .driver = "block", .id = ID, .vendor = 0x1af4, .device = 0x1042, .badge = 1 };
    d->bar[1].address = 0x10000000;
    d->bar[1].size = 0x1000;
    d->bar[4].address = 0x10004000;
    d->bar[4].size = 0x4000;
    *described = d;
    return f;
}

/* It was let do nothing at any time. */
static void assert_never_on(const struct bus_function *f)
{
    assert_int_equal(f->on, 0);
    assert_int_equal(f->measured_on, 0);
}

/* It is where its description has it, and does nothing by itself. */
static void assert_at_rest(const struct bus_function *f)
{
    assert_int_equal(command(f), COMMAND_MEMORY | COMMAND_NO_INTX);
    assert_int_equal(bar(f, 1), 0x10000000);
    assert_int_equal(bar(f, 4), 0x10004004);
    assert_int_equal(f->measured_on, 0);
}

static void lays_out(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;
    uint32_t msi, msix;

    (void)state;
    bus_clear();
    f = usual(&d);
    f->bar[2] = (struct bus_bar){ .size = 0x100 };      /* not described */
    f->bar[0] = (struct bus_bar){ .size = 0x20, .io = true };
    msi = bus_capability(f, CAPABILITY_MSI | MSI_ENABLE);
    msix = bus_capability(f, CAPABILITY_MSIX | MSIX_ENABLE);
    f->word[SPACE_COMMAND / 4] |= 0xf9000000u | 0x147;
    f->word[SPACE_ROM / 4] = 0xfff00001;
    assert_int_equal(function_lay_out(d, &found), PCI_OK);
    assert_at_rest(f);
    /* Errors that it remembers are not for this cell to forget. */
    assert_int_equal(f->word[SPACE_COMMAND / 4] >> 24, 0xf9);
    assert_int_equal(bar(f, 5), 0);
    assert_int_equal(bar(f, 2), 0);
    assert_int_equal(f->word[SPACE_ROM / 4], 0);
    assert_int_equal(f->word[msi / 4] & MSI_ENABLE, 0);
    assert_int_equal(f->word[msix / 4] & MSIX_ENABLE, 0);
    assert_int_equal(f->master, 0);
    assert_int_equal(bus_now, 0);
    assert_false(function_is_on(d));
}

/* Drivers that come and go, and a cell that starts again: its place is never another. */
static void stays_in_place(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;
    uint32_t msi;

    (void)state;
    bus_clear();
    f = usual(&d);
    msi = bus_capability(f, CAPABILITY_MSI);
    assert_int_equal(function_lay_out(d, &found), PCI_OK);
    f->moved = 0;
    for (int i = 0; i < 3; i++) {
        f->word[msi / 4] |= MSI_ENABLE;
        assert_int_equal(function_attach(d, &found), PCI_OK);
        assert_int_equal(command(f), COMMAND_MEMORY | COMMAND_MASTER);
        assert_int_equal(f->word[msi / 4] & MSI_ENABLE, 0);
        assert_true(function_is_on(d));
        if (i == 1)
            continue;               /* a driver that was killed attaches again */
        f->word[msi / 4] |= MSI_ENABLE;
        function_rest(d);
        assert_at_rest(f);
        assert_int_equal(f->word[msi / 4] & MSI_ENABLE, 0);
        assert_false(function_is_on(d));
        assert_int_equal(function_lay_out(d, &found), PCI_OK);
        assert_at_rest(f);
    }
    assert_int_equal(f->master, 3);
    assert_int_equal(f->moved, 0);
}

/* What was not laid out by this cell is off before it is attached, or rests; each
 * row is one thing that is not as it was left. */
static void not_laid_out(void **state)
{
    static const struct { uint32_t at, bits; } rows[] = {
        { SPACE_COMMAND, COMMAND_MEMORY },
        { SPACE_LINE, 1 },
        { SPACE_BAR + 4, 0x1000 },
        { SPACE_BAR + 8, 0x100 },           /* not described, it is to be 0 */
        { SPACE_BAR + 16, 0x4000 },
        { SPACE_BAR + 20, 1 },              /* above 4 GiB */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int rests = 0; rests < 2; rests++) {
            struct pci_function *d;
            struct bus_function *f;
            struct function_found found;

            bus_clear();
            f = usual(&d);
            f->bar[2] = (struct bus_bar){ .size = 0x100 };
            assert_int_equal(function_lay_out(d, &found), PCI_OK);
            f->word[rows[i].at / 4] ^= rows[i].bits;
            if (rests) {
                function_rest(d);
                assert_int_equal(command(f), COMMAND_NO_INTX);
            }
            assert_int_equal(function_attach(d, &found), PCI_OK);
            assert_int_equal(command(f), COMMAND_MEMORY | COMMAND_MASTER);
            assert_int_equal(bar(f, 1), 0x10000000);
            assert_int_equal(bar(f, 2), 0);
            assert_int_equal(bar(f, 4), 0x10004004);
            assert_int_equal(bar(f, 5), 0);
            assert_int_equal(f->measured_on, 0);
        }
}

/* Firmware has put it where the description wants it, but it is larger. */
static void as_firmware_left_it(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;

    (void)state;
    bus_clear();
    f = usual(&d);
    f->bar[1].size = 0x2000;
    f->word[SPACE_BAR / 4 + 1] = 0x10000000;
    f->word[SPACE_BAR / 4 + 4] = 0x10004004;
    f->word[SPACE_COMMAND / 4] = COMMAND_MEMORY | COMMAND_MASTER;
    assert_int_equal(function_attach(d, &found), PCI_BAR_DIFFERS);
    assert_int_equal(command(f), COMMAND_NO_INTX);
    assert_never_on(f);
    f->word[SPACE_BAR / 4 + 1] = 0x10000000;
    f->word[SPACE_BAR / 4 + 4] = 0x10004004;
    f->word[SPACE_COMMAND / 4] = COMMAND_MEMORY;
    assert_int_equal(function_lay_out(d, &found), PCI_BAR_DIFFERS);
    assert_int_equal(command(f), COMMAND_NO_INTX);
    assert_never_on(f);
}

/* One that cannot keep the mark is laid out each time. */
static void without_a_line(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;

    (void)state;
    bus_clear();
    f = usual(&d);
    f->no_line = true;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(function_lay_out(d, &found), PCI_OK);
        assert_at_rest(f);
        assert_int_equal(function_attach(d, &found), PCI_OK);
        assert_int_equal(command(f), COMMAND_MEMORY | COMMAND_MASTER);
        assert_true(function_is_on(d));
        function_rest(d);
        assert_int_equal(command(f), COMMAND_NO_INTX);
        assert_int_equal(f->measured_on, 0);
    }
}

static void attach_agrees(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;

    (void)state;
    bus_clear();
    f = usual(&d);
    f->word[SPACE_COMMAND / 4] = 0x147;
    assert_int_equal(function_attach(d, &found), PCI_OK);
    assert_int_equal(command(f), COMMAND_MEMORY | COMMAND_MASTER);
    assert_int_equal(bar(f, 1), 0x10000000);
    assert_int_equal(bar(f, 4), 0x10004004);
    assert_int_equal(f->measured_on, 0);
    assert_int_equal(bus_now, 0);
    assert_true(function_is_on(d));
    function_off(ID);
    assert_int_equal(command(f), COMMAND_NO_INTX);
    assert_false(function_is_on(d));
}

/* Each row changes one thing: what is answered, and what is said to be found. */
static void differences(void **state)
{
    static const struct {
        uint32_t bar;
        struct bus_bar is;
        enum pci_answer answer;
        uint32_t found;
        uint64_t size;
        bool io;
    } rows[] = {
        { 1, { .size = 0x2000 },                          PCI_BAR_DIFFERS, 1, 0x2000, false },
        { 1, { .size = 0x10 },                            PCI_BAR_DIFFERS, 1, 0x10, false },
        { 1, { .size = 0 },                               PCI_BAR_DIFFERS, 1, 0, false },
        { 1, { .size = 0x1000, .io = true },              PCI_BAR_DIFFERS, 1, 0x1000, true },
        { 1, { .size = 0x80000000 },                      PCI_BAR_DIFFERS, 1, 0x80000000, false },
        { 4, { .size = UINT64_C(1) << 36, .wide = true }, PCI_BAR_DIFFERS, 4, UINT64_C(1) << 36, false },
        { 4, { .size = UINT64_C(1) << 32, .wide = true }, PCI_BAR_DIFFERS, 4, UINT64_C(1) << 32, false },
        { 4, { .size = 0x4000 },                          PCI_OK, 0, 0, false },
        /* Its upper half lies where BAR 1 should be. */
        { 0, { .size = 0x1000, .wide = true },            PCI_BAR_DIFFERS, 1, 0, false },
        { 3, { .size = 0x1000, .wide = true },            PCI_BAR_DIFFERS, 4, 0, false },
        { 2, { .size = 0x1000, .wide = true },            PCI_OK, 0, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pci_function *d;
        struct bus_function *f;
        struct function_found found = { 0 };

        bus_clear();
        f = usual(&d);
        f->bar[rows[i].bar] = rows[i].is;
        for (int attach = 0; attach < 2; attach++) {
            assert_int_equal((attach ? function_attach : function_lay_out)(d, &found), rows[i].answer);
            if (rows[i].answer == PCI_OK)
                continue;
            assert_int_equal(found.bar, rows[i].found);
            assert_int_equal(found.bar_size, rows[i].size);
            assert_int_equal(found.bar_io, rows[i].io);
            assert_int_equal(command(f), COMMAND_NO_INTX);
            assert_never_on(f);
        }
    }
}

static void others(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;

    (void)state;
    bus_clear();
    f = usual(&d);
    f->word[0] = 0x10441af4;
    assert_int_equal(function_attach(d, &found), PCI_OTHER);
    assert_int_equal(found.vendor, 0x1af4);
    assert_int_equal(found.device, 0x1044);
    assert_never_on(f);
    /* The same name, but a bridge. */
    f->word[0] = IDENTITY;
    f->word[SPACE_HEADER / 4] = HEADER_BRIDGE << 16;
    assert_int_equal(function_attach(d, &found), PCI_OTHER);
    assert_int_equal(found.header, HEADER_BRIDGE);
    assert_never_on(f);
    f->absent = true;
    assert_int_equal(function_attach(d, &found), PCI_ABSENT);
    assert_int_equal(function_lay_out(d, &found), PCI_ABSENT);
    assert_false(function_is_on(d));

    /* Another one stands where one has been laid out. */
    bus_clear();
    f = usual(&d);
    assert_int_equal(function_lay_out(d, &found), PCI_OK);
    f->word[0] = 0x10441af4;
    assert_int_equal(function_attach(d, &found), PCI_OTHER);
    assert_int_equal(command(f), COMMAND_NO_INTX);
    assert_int_equal(f->master, 0);
}

/* ---- reset ------------------------------------------------------------------------ */

static void resets(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;

    (void)state;
    bus_clear();
    f = usual(&d);
    f->express = bus_capability(f, CAPABILITY_EXPRESS);
    f->word[(f->express + EXPRESS_CAN) / 4] = EXPRESS_CAN_RESET;
    f->reset_ns = 50 * MV_MS;
    assert_int_equal(function_attach(d, &found), PCI_OK);
    assert_int_equal(f->resets, 1);
    assert_int_equal(command(f), COMMAND_MEMORY | COMMAND_MASTER);
    assert_int_equal(bar(f, 4), 0x10004004);
    assert_true(bus_now >= 100 * MV_MS);
    /* It was off while that was done, and is laid out anew. */
    assert_int_equal(function_attach(d, &found), PCI_OK);
    assert_int_equal(f->resets, 2);
    assert_int_equal(f->reset_on, 0);
    assert_int_equal(command(f), COMMAND_MEMORY | COMMAND_MASTER);
    assert_int_equal(bar(f, 4), 0x10004004);
    assert_int_equal(f->measured_on, 0);

    bus_clear();
    f = usual(&d);
    f->advanced = bus_capability(f, CAPABILITY_ADVANCED | ADVANCED_CAN_RESET);
    f->power = bus_capability(f, CAPABILITY_POWER);
    f->word[(f->power + POWER_CONTROL) / 4] = 3;
    assert_int_equal(function_attach(d, &found), PCI_OK);
    assert_int_equal(f->resets, 1);
    assert_int_equal(f->word[(f->power + POWER_CONTROL) / 4], 0);
    assert_int_equal(f->reset_on, 0);

    /* Power comes back: the same without a reset. */
    bus_clear();
    f = usual(&d);
    f->power = bus_capability(f, CAPABILITY_POWER);
    assert_int_equal(function_attach(d, &found), PCI_OK);
    f->word[(f->power + POWER_CONTROL) / 4] = 3;
    assert_int_equal(function_attach(d, &found), PCI_OK);
    assert_int_equal(f->woken_on, 0);
    assert_int_equal(command(f), COMMAND_MEMORY | COMMAND_MASTER);
    assert_int_equal(bar(f, 4), 0x10004004);

    /* It cannot: nothing is waited for. */
    bus_clear();
    f = usual(&d);
    f->express = bus_capability(f, CAPABILITY_EXPRESS);
    assert_int_equal(function_attach(d, &found), PCI_OK);
    assert_int_equal(f->resets, 0);
    assert_int_equal(bus_now, 0);
}

/* Devices that do not come to an end do not hold up others for ever. */
static void endless(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;

    (void)state;
    bus_clear();
    f = usual(&d);
    f->express = bus_capability(f, CAPABILITY_EXPRESS);
    f->word[(f->express + EXPRESS_CAN) / 4] = EXPRESS_CAN_RESET;
    f->word[(f->express + EXPRESS_CONTROL) / 4] = EXPRESS_PENDING;
    f->reset_ns = 3600 * MV_S;
    assert_int_equal(function_attach(d, &found), PCI_ABSENT);
    assert_true(bus_now <= 2 * MV_S);
    assert_never_on(f);

    /* A list of capabilities that is a circle, and one that leads astray. */
    bus_clear();
    f = usual(&d);
    f->word[SPACE_COMMAND / 4] |= STATUS_CAPABILITIES;
    f->word[SPACE_CAPABILITIES / 4] = 0x40;
    f->word[0x40 / 4] = 0x4009;
    assert_int_equal(function_attach(d, &found), PCI_OK);
    assert_true(bus_accesses < 1000);
    f->word[SPACE_CAPABILITIES / 4] = 0xffffffff;
    assert_int_equal(function_attach(d, &found), PCI_OK);
}

/* Whatever a device answers: the end is near, and what does not agree is off. */
static void hostile(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20000; seed++) {
        struct pci_function *d;
        struct bus_function *f;
        struct function_found found;
        enum pci_answer answer;

        bus_clear();
        f = usual(&d);
        bus_go_mad(seed);
        answer = function_attach(d, &found);
        assert_true(bus_accesses < 2000 && bus_now <= 3 * MV_S);
        assert_int_equal(f->master, answer == PCI_OK);
        assert_int_equal(command(f) & ~COMMAND_NO_INTX, answer == PCI_OK ? COMMAND_MEMORY | COMMAND_MASTER : 0);
        (void)function_is_on(d);
        function_off(ID);
        scan();
        assert_true(bus_accesses < 40000);
    }
}

/* ---- the others ------------------------------------------------------------------------- */

static void scanning(void **state)
{
    struct pci_function *d;
    struct bus_function *host, *mine, *alone, *first, *second, *hidden, *leads, *idle;

    (void)state;
    bus_clear();
    host = bus_add(0x00, 0x00081b36);
    host->word[SPACE_CLASS / 4] = CLASS_HOST_BRIDGE << 16;
    mine = usual(&d);
    alone = bus_add(0x10, 0x11111111);
    hidden = bus_add(0x11, 0x22222222);     /* function 0 says that it is alone */
    first = bus_add(0x18, 0x33333333);
    first->word[SPACE_HEADER / 4] = HEADER_SEVERAL;
    second = bus_add(0x1f, 0x44444444);
    leads = bus_add(0x20, 0x55555555);
    leads->word[SPACE_HEADER / 4] = HEADER_BRIDGE << 16;
    leads->word[SPACE_BUSES / 4] = 0x030100;
    idle = bus_add(0x28, 0x66666666);
    idle->word[SPACE_HEADER / 4] = HEADER_BRIDGE << 16;
    idle->word[SPACE_BUSES / 4] = 0x050400;
    bus_described[1].id = 0x100;
    struct bus_function *all[] = { host, mine, alone, hidden, first, second, leads, idle };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        all[i]->word[SPACE_COMMAND / 4] = 7;
    scan();
    assert_int_equal(command(host), 7);
    assert_int_equal(command(mine), 7);
    assert_int_equal(command(leads), 7);
    assert_int_equal(command(hidden), 7);
    assert_int_equal(command(alone), COMMAND_NO_INTX);
    assert_int_equal(command(first), COMMAND_NO_INTX);
    assert_int_equal(command(second), COMMAND_NO_INTX);
    assert_int_equal(command(idle), COMMAND_NO_INTX);
    assert_string_equal(bus_said, "00:02.0: 1111:1111, described by nobody, stays off\n"
                                  "00:03.0: 3333:3333, described by nobody, stays off\n"
                                  "00:03.7: 4444:4444, described by nobody, stays off\n"
                                  "00:04.0: 5555:5555, a bridge to what is described, stays as it is\n"
                                  "00:05.0: 6666:6666, described by nobody, stays off\n");
}

static void on_already(void **state)
{
    struct pci_function *d;
    struct bus_function *f;
    struct function_found found;

    (void)state;
    bus_clear();
    f = usual(&d);
    assert_false(function_is_on(d));
    assert_int_equal(function_attach(d, &found), PCI_OK);
    assert_true(function_is_on(d));
    f->word[SPACE_BAR / 4 + 1] += 0x1000;
    assert_false(function_is_on(d));
    f->word[SPACE_BAR / 4 + 1] -= 0x1000;
    f->word[0] ^= 0x10000;
    assert_false(function_is_on(d));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lays_out), cmocka_unit_test(stays_in_place), cmocka_unit_test(not_laid_out),
    cmocka_unit_test(as_firmware_left_it), cmocka_unit_test(without_a_line), cmocka_unit_test(attach_agrees),
    cmocka_unit_test(differences), cmocka_unit_test(others), cmocka_unit_test(resets), cmocka_unit_test(endless),
    cmocka_unit_test(hostile), cmocka_unit_test(scanning), cmocka_unit_test(on_already),
};

/* In a process of its own: what is said there is of interest if something failed. */
int main(void)
{
    const int count = sizeof tests / sizeof *tests;
    FILE *log = tmpfile();
    pid_t child = log == NULL ? -1 : fork();
    int status = -1, failed = count, c;

    if (child == 0) {
        dup2(fileno(log), STDOUT_FILENO);
        dup2(fileno(log), STDERR_FILENO);
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        fflush(stdout);
        _exit(failed);
    }
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) <= count)
        failed = WEXITSTATUS(status);
    if (failed && log != NULL)
        for (rewind(log); (c = getc(log)) != EOF;)
            putc(c, stderr);
    printf("functions  %3d passed %3d failed\n", count - failed, failed);
    return failed != 0;
}
