/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The net cell: drives a virtio network card on the PCI bus and is a port of a
 * switch. Whoever may call one of its portals gets its counters: the eight words of
 * struct relay_counters.
 */
#include <libmv/libmv.h>

#include <pci/pci_tick.h>

#include "nic.h"
#include "relay.h"

static struct mv_loop loop;
static struct pci_tick tick;

static void card_event(void *context, uint64_t payload)
{
    bool cable = nic.cable;

    (void)context;
    (void)payload;
    if (!nic_interrupt())
        relay_card_failed();
    if (nic.cable != cable)
        mv_print("the cable is %s\n", nic.cable ? "in" : "out");
    pci_tick_turn(&tick);
}

static void switch_event(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    pci_tick_turn(&tick);
}

static uint64_t counters_call(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    (void)context;
    (void)badge;
    (void)size;
    _Static_assert(sizeof(*io) == sizeof(relay_counters), "a counter for each word");
    memcpy(io, &relay_counters, sizeof(*io));
    return MV_SIZE_SHORT;
}

int main(void)
{
    mv_loop_init(&loop);
    if (mv_cell.function_count > 0 && mv_cell.functions[0].line_cap != 0)
        mv_loop_on_line(&loop, mv_cell.functions[0].line, card_event, NULL);
    for (uint32_t i = 0; i < mv_cell.channel_count; i++)
        if (mv_cell.channels[i].kind == MV_CHANNEL_LINK)
            mv_loop_on_line(&loop, mv_cell.channels[i].line, switch_event, NULL);
    pci_tick_start(&tick, &loop, relay);
    mv_loop_on_call(&loop, counters_call, NULL);
    if (nic_start())
        mv_print("%s: %02x:%02x:%02x:%02x:%02x:%02x, the cable is %s\n", mv_cell.functions[0].name, nic.mac[0],
                 nic.mac[1], nic.mac[2], nic.mac[3], nic.mac[4], nic.mac[5], nic.cable ? "in" : "out");
    if (!relay_start())
        return 1;
    pci_tick_turn(&tick);
    mv_loop_run(&loop);
    return 0;
}
