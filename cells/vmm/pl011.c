/* SPDX-License-Identifier: BSD-2-Clause */
#include "pl011.h"

#include <stdbool.h>
#include <stddef.h>

#include <libmv/string.h>
#include <mv/guest.h>

#include "console.h"
#include "lock.h"
#include "vgic.h"

#define DR       0x000u
#define RSR      0x004u
#define FR       0x018u
#define ILPR     0x020u
#define IBRD     0x024u
#define FBRD     0x028u
#define LCR_H    0x02cu
#define CR       0x030u
#define IFLS     0x034u
#define IMSC     0x038u
#define RIS      0x03cu
#define MIS      0x040u
#define ICR      0x044u
#define DMACR    0x048u
#define ID       0xfe0u

#define FR_CTS   (1u << 0)
#define FR_DSR   (1u << 1)
#define FR_DCD   (1u << 2)
#define FR_BUSY  (1u << 3)
#define FR_RXFE  (1u << 4)
#define FR_TXFF  (1u << 5)
#define FR_RXFF  (1u << 6)
#define FR_TXFE  (1u << 7)
#define FR_RI    (1u << 8)

#define LCR_FEN  (1u << 4)

#define CR_UARTEN (1u << 0)
#define CR_LBE   (1u << 7)
#define CR_RXE   (1u << 9)
#define CR_DTR   (1u << 10)
#define CR_RTS   (1u << 11)
#define CR_OUT1  (1u << 12)
#define CR_OUT2  (1u << 13)

#define INT_RX   (1u << 4)
#define INT_TX   (1u << 5)
#define INT_RT   (1u << 6)
#define INT_OE   (1u << 10)
#define INT_ALL  0x7ffu

#define DR_OE    (1u << 11)

#define FIFO     32u

struct fifo {
    uint8_t  byte[FIFO];
    uint32_t first, count;
};

static struct {
    struct lock lock;
    struct fifo rx, tx;
    uint32_t    ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
    bool        overrun;      /* the next byte read says so */
    bool        line;         /* as the interrupt line was last driven */
} uart;

static const uint8_t id[8] = { 0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

static void fifo_put(struct fifo *f, uint8_t byte)
{
    f->byte[(f->first + f->count++) % FIFO] = byte;
}

static uint8_t fifo_take(struct fifo *f)
{
    uint8_t byte = f->byte[f->first];

    f->first = (f->first + 1) % FIFO;
    f->count--;
    return byte;
}

/* How many bytes a FIFO holds: without FEN each is one register. */
static uint32_t depth(void)
{
    return uart.lcr_h & LCR_FEN ? FIFO : 1;
}

/* At how many bytes the interrupt comes; reserved settings are the last. */
static uint32_t trigger(unsigned shift)
{
    static const uint8_t eighths[8] = { 1, 2, 4, 6, 7, 7, 7, 7 };

    return uart.lcr_h & LCR_FEN ? FIFO * eighths[uart.ifls >> shift & 7] / 8 : 1;
}

static void update(void)
{
    bool line = (uart.ris & uart.imsc) != 0;

    if (line != uart.line) {
        uart.line = line;
        vgic_drive(MV_GUEST_SPI_UART, line);
    }
}

static void received(uint8_t byte)
{
    if (uart.rx.count == depth()) {
        uart.overrun = true;
        uart.ris |= INT_OE;
        return;
    }
    fifo_put(&uart.rx, byte);
    /* No more bytes are on the line: the time-out is over at once. */
    uart.ris |= INT_RT;
    if (uart.rx.count >= trigger(3))
        uart.ris |= INT_RX;
}

static void receive(void)
{
    uint8_t byte[FIFO];
    uint32_t space;
    size_t got;

    if ((uart.cr & (CR_UARTEN | CR_RXE)) != (CR_UARTEN | CR_RXE) || (uart.cr & CR_LBE) != 0)
        return;
    while ((space = depth() - uart.rx.count) > 0 && uart.rx.count < depth() &&
           (got = console_read(byte, space)) > 0)
        for (size_t i = 0; i < got; i++)
            received(byte[i]);
}

/* Send what has been held back. */
static void send(void)
{
    while (uart.tx.count > 0) {
        uint32_t part = FIFO - uart.tx.first < uart.tx.count ? FIFO - uart.tx.first : uart.tx.count;
        uint32_t before = uart.tx.count;
        size_t done = console_write(&uart.tx.byte[uart.tx.first], part);

        uart.tx.first = (uart.tx.first + (uint32_t)done) % FIFO;
        uart.tx.count -= (uint32_t)done;
        if (before > trigger(0) && uart.tx.count <= trigger(0))
            uart.ris |= INT_TX;
        if (done < part)
            return;
    }
    uart.ris |= INT_TX;
}

static void transmit(uint8_t byte)
{
    if (uart.cr & CR_LBE) {
        received(byte);
        uart.ris |= INT_TX;
        return;
    }
    /* Writing to a full FIFO is the guest's mistake: it can see that it is full. */
    if (uart.tx.count >= depth())
        return;
    uart.ris &= ~INT_TX;
    fifo_put(&uart.tx, byte);
    if (uart.tx.count == 1 || uart.tx.count >= depth())
        send();
    else if (uart.tx.count <= trigger(0))
        uart.ris |= INT_TX;
}

static uint32_t read_data(void)
{
    uint32_t value = 0;

    if (uart.rx.count == 0)
        receive();
    if (uart.rx.count > 0)
        value = fifo_take(&uart.rx) | (uart.overrun ? DR_OE : 0);
    uart.overrun = false;
    if (uart.rx.count < trigger(3))
        uart.ris &= ~INT_RX;
    if (uart.rx.count == 0)
        uart.ris &= ~INT_RT;
    receive();
    return value;
}

static uint32_t flags(void)
{
    uint32_t value = FR_CTS | FR_DSR | FR_DCD;

    /* In loop-back the outputs are the inputs. */
    if (uart.cr & CR_LBE)
        value = (uart.cr & CR_RTS ? FR_CTS : 0) | (uart.cr & CR_DTR ? FR_DSR : 0) |
                (uart.cr & CR_OUT1 ? FR_DCD : 0) | (uart.cr & CR_OUT2 ? FR_RI : 0);
    return value | (uart.rx.count == 0 ? FR_RXFE : 0) | (uart.rx.count >= depth() ? FR_RXFF : 0) |
           (uart.tx.count == 0 ? FR_TXFE : FR_BUSY) | (uart.tx.count >= depth() ? FR_TXFF : 0);
}

static uint32_t read_register(uint64_t offset)
{
    switch (offset) {
    case DR:    return read_data();
    case FR:    receive(); return flags();
    case ILPR:  return uart.ilpr;
    case IBRD:  return uart.ibrd;
    case FBRD:  return uart.fbrd;
    case LCR_H: return uart.lcr_h;
    case CR:    return uart.cr;
    case IFLS:  return uart.ifls;
    case IMSC:  return uart.imsc;
    case RIS:   return uart.ris;
    case MIS:   return uart.ris & uart.imsc;
    case DMACR: return uart.dmacr;
    default:    return offset >= ID && offset < ID + 32 ? id[(offset - ID) / 4] : 0;
    }
}

/* Switching the FIFOs on or off empties that for receiving; what is to be sent
 * stays, it goes out in any case. */
static void write_line_control(uint32_t value)
{
    if ((value ^ uart.lcr_h) & LCR_FEN) {
        uart.rx.count = 0;
        uart.ris &= ~(INT_RX | INT_RT);
    }
    uart.lcr_h = value;
}

static void clear_interrupts(uint32_t which)
{
    uart.ris &= ~which;
    if (uart.rx.count > 0)
        uart.ris |= INT_RT;
}

static void write_register(uint64_t offset, uint32_t value)
{
    switch (offset) {
    case DR:    transmit((uint8_t)value); break;
    case RSR:   uart.overrun = false; break;
    case ILPR:  uart.ilpr = value & 0xff; break;
    case IBRD:  uart.ibrd = value & 0xffff; break;
    case FBRD:  uart.fbrd = value & 0x3f; break;
    case LCR_H: write_line_control(value & 0xff); break;
    case CR:    uart.cr = value & 0xff87; break;
    case IFLS:  uart.ifls = value & 0x3f; break;
    case IMSC:  uart.imsc = value & INT_ALL; break;
    case ICR:   clear_interrupts(value & INT_ALL); break;
    case DMACR: uart.dmacr = value & 7; break;
    default:    break;
    }
    receive();
}

uint64_t pl011_read(uint64_t offset)
{
    uint32_t value;

    lock_take(&uart.lock);
    value = read_register(offset);
    update();
    lock_release(&uart.lock);
    return value;
}

void pl011_write(uint64_t offset, uint64_t value)
{
    lock_take(&uart.lock);
    write_register(offset, (uint32_t)value);
    update();
    lock_release(&uart.lock);
}

void pl011_console_event(void)
{
    lock_take(&uart.lock);
    if (uart.tx.count > 0)
        send();
    receive();
    update();
    lock_release(&uart.lock);
}

/* What was written before is still sent. */
void pl011_reset(void)
{
    lock_take(&uart.lock);
    uart.rx = (struct fifo){ .count = 0 };
    uart.ilpr = uart.ibrd = uart.fbrd = uart.lcr_h = uart.imsc = uart.ris = uart.dmacr = 0;
    uart.cr = 0x300;
    uart.ifls = 0x12;
    uart.overrun = false;
    uart.line = false;
    lock_release(&uart.lock);
}
