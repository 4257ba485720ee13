/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cell that owns a PCI host bridge, and alone can write configuration space.
 * It compares the bus with the description, and switches functions on and off for
 * their drivers, which it knows by their badges. It finds out nothing that others
 * depend on: addresses, interrupts and rights are the description's.
 */
#include <libmv/libmv.h>

#include "function.h"
#include "scan.h"
#include "space.h"

static struct mv_loop loop;

/* A line about a function. */
#define SAY(f, format, ...) \
    mv_print("%02x:%02x.%x %s (%s): " format "\n", (f)->id >> 8, (f)->id >> 3 & 31, (f)->id & 7, (f)->name, (f)->driver, __VA_ARGS__)

static void say_bar(const struct pci_function *f, const struct function_found *found)
{
    uint64_t expected = f->bar[found->bar].size;

    if (found->bar_io)
        SAY(f, "BAR%u leads to I/O space, expected 0x%lx bytes of memory", found->bar, expected);
    else if (found->bar_size == 0)
        SAY(f, "there is no BAR%u, expected 0x%lx bytes", found->bar, expected);
    else
        SAY(f, "BAR%u has 0x%lx bytes, expected 0x%lx", found->bar, found->bar_size, expected);
}

static void say_good(const struct pci_function *f)
{
    char bars[160] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < MV_PCI_BARS && used < sizeof bars; i++)
        if (f->bar[i].size)
            used += mv_format(bars + used, sizeof bars - used, ", BAR%u 0x%lx", i, f->bar[i].address);
    SAY(f, "%04x:%04x%s", f->vendor, f->device, bars);
}

/* How the comparison of a function has come out. */
static void say(const struct pci_function *f, enum pci_answer answer, const struct function_found *found)
{
    switch (answer) {
    case PCI_OK:
        say_good(f);
        break;
    case PCI_OTHER:
        SAY(f, "%04x:%04x is there%s, expected %04x:%04x", found->vendor, found->device,
            found->header == HEADER_FUNCTION ? "" : ", a bridge", f->vendor, f->device);
        break;
    case PCI_BAR_DIFFERS:
        say_bar(f, found);
        break;
    default:
        SAY(f, "nothing is there, expected %04x:%04x", f->vendor, f->device);
        break;
    }
}

static uint64_t detail(enum pci_answer answer, const struct function_found *found)
{
    if (answer == PCI_OTHER)
        return (uint64_t)found->device << 16 | found->vendor;
    return answer == PCI_BAR_DIFFERS ? found->bar : 0;
}

/* A driver's call: its badge says for which function. */
static uint64_t serve(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    uint64_t wanted = io->w[0];
    struct function_found found = { 0 };
    enum pci_answer answer = PCI_BAD_REQUEST;

    (void)context;
    for (uint32_t i = 0; i < pci_config.function_count; i++) {
        const struct pci_function *f = &pci_config.functions[i];

        if (f->badge != badge || size != MV_SIZE_SHORT)
            continue;
        if (wanted == PCI_ATTACH) {
            answer = function_attach(f, &found);
            if (answer != PCI_OK)
                say(f, answer, &found);
        } else if (wanted == PCI_DETACH) {
            function_rest(f);
            answer = PCI_OK;
        }
    }
    *io = (struct mv_words){ { answer, detail(answer, &found) } };
    return MV_SIZE_SHORT;
}

/* Before anybody is served: see function_attach(). */
static void lay_out_bus(void)
{
    for (uint32_t i = 0; i < pci_config.function_count; i++) {
        const struct pci_function *f = &pci_config.functions[i];
        struct function_found found = { 0 };

        if (function_is_on(f))
            SAY(f, "%04x:%04x is on", f->vendor, f->device);
        else
            say(f, function_lay_out(f, &found), &found);
    }
    scan();
}

int main(void)
{
    lay_out_bus();
    mv_loop_init(&loop);
    mv_loop_on_call(&loop, serve, NULL);
    mv_loop_run(&loop);
    return 0;
}
