/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the network card and the switch. Frames stay where they are: the card
 * writes into buffers of the link to the switch, and sends out of them; what moves is
 * who may use which buffer. One half of the buffers is for frames that come in, the
 * other for those that go out, so that neither direction can stop the other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <pci/pci_driver.h>

/* Since the start of the cell, in frames. */
struct relay_counters {
    uint64_t received, sent;
    uint64_t lost_in;          /* received while there was no switch */
    uint64_t lost_out;         /* to be sent while there was no card */
    uint64_t bad;              /* shorter or longer than frames are */
    uint64_t events;           /* relay() was called */
    uint64_t sessions;         /* with the switch */
    uint64_t restarts;         /* the card has failed and was started again */
};
extern struct relay_counters relay_counters;   /* written by relay.c only */

/* Open the link to the switch; the card has been started, or cannot be. False, and
 * a line: there is none. */
bool relay_start(void);

/* The card has given up. */
void relay_card_failed(void);

/* Do what can be done now. */
enum pci_again relay(void);
