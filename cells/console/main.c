/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console cell: drives one UART and shares it among the cells that have a
 * byte channel to it. It also takes the faults of cells that name its portal.
 *
 * The switch key Ctrl-] and then
 *   a digit    gives the keyboard to that client,
 *   n or Ctrl-] to the next one,
 *   ?          lists the clients.
 */
#include <libmv/libmv.h>

#include "client.h"
#include "dma.h"
#include "fault.h"
#include "output.h"

#define SWITCH_KEY       0x1d
#define RECEIVE_MAX      64        /* bytes taken at once */

static struct mv_loop loop;
static bool switching;             /* the switch key was pressed */

/* Serve the clients, after whatever happened; come back at once if `more` waits. */
static void serve(bool more)
{
    uint64_t back = clients_serve();

    mv_loop_at(&loop, more ? mv_time_ns() : back);
}

static void list_clients(void)
{
    console_say("Ctrl-] and a digit or n moves the keyboard; the clients are");
    for (unsigned i = 1; i < clients_count(); i++)
        console_say("  %u  %s%s", i, client_name(i), i == keyboard_client() ? "  (keyboard)" : "");
}

static void switch_to(unsigned client)
{
    if (client >= 1 && client < clients_count())
        keyboard_give(client);
    else
        console_say("there is no client %u", client);
}

static void switch_command(int c)
{
    if (c >= '1' && c <= '9')
        switch_to((unsigned)(c - '0'));
    else if (c == 'n' || c == SWITCH_KEY)
        switch_to(keyboard_client() % (clients_count() - 1) + 1);
    else
        list_clients();
}

static void typed(int c)
{
    if (switching) {
        switching = false;
        if (clients_count() > 1)
            switch_command(c);
    } else if (c == SWITCH_KEY) {
        switching = true;
    } else if (!keyboard_type((uint8_t)c)) {
        output_put("\a", 1);       /* its ring is full: the byte is lost */
    }
}

/* True if there may be more: no interrupt tells of what is left, for that one
 * has been acknowledged. */
static bool receive(void)
{
    int c;

    for (int i = 0; i < RECEIVE_MAX; i++) {
        if ((c = output_receive()) < 0)
            return false;
        typed(c);
    }
    return true;
}

static void uart_interrupt(void *context, uint64_t payload)
{
    const struct mv_device_config *device = (const struct mv_device_config *)context;

    (void)payload;
    output_acknowledge();
    serve(receive());
    (void)mv_virq_ack(device->line_cap, NULL);
}

static void client_event(void *context, uint64_t payload)
{
    (void)context;
    (void)payload;
    serve(receive());
}

static void time_event(void *context)
{
    (void)context;
    serve(receive());
}

/* The message goes out when the faulted vCPU has been answered. */
static uint64_t fault_event(void *context, uint32_t badge, uint32_t size, struct mv_words *io)
{
    uint64_t reply = fault_call(context, badge, size, io);

    mv_loop_at(&loop, mv_time_ns());
    return reply;
}

static void dma_event(void *context, uint64_t payload)
{
    dma_fault(context, payload);
    serve(receive());
}

int main(void)
{
    const struct mv_device_config *device = &mv_cell.devices[0];

    if (mv_cell.device_count == 0)
        return 1;
    output_start(device);
    clients_start();
    mv_loop_init(&loop);
    mv_loop_on_line(&loop, device->line, uart_interrupt, (void *)(uintptr_t)device);
    for (unsigned i = 1; i < clients_count(); i++)
        mv_loop_on_line(&loop, client_line(i), client_event, NULL);
    if (mv_cell.stream_count > 0)
        mv_loop_on_line(&loop, mv_cell.stream_line, dma_event, NULL);
    mv_loop_on_time(&loop, time_event, NULL);
    mv_loop_on_call(&loop, fault_event, NULL);
    if (clients_count() > 1)
        keyboard_give(1);
    serve(receive());
    mv_loop_run(&loop);
    return 0;
}
