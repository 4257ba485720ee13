/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drives the device that copies. Its console says, with addresses as the device
 * is told them:
 *   p N     put a pattern into the device's buffer, by way of memory of its own
 *   w ADDR  the device writes its buffer there
 *   r ADDR  the device reads its buffer from there
 *   s       what the device's buffer holds now, by way of memory of its own
 *   n ADDR  start a write there, and do not wait
 */
#include <libmv/libmv.h>

#include <pci/pci_driver.h>

#include "cell.h"

#define EDU_FROM     0x80u
#define EDU_TO       0x88u
#define EDU_COUNT    0x90u
#define EDU_COMMAND  0x98u
#define   EDU_RUN      1u
#define   EDU_OUT      2u      /* from the device to memory */
#define EDU_BUFFER   0x40000u
#define BYTES        64u

static struct vio_memory memory;
static uint64_t mine[BYTES / 8] __attribute__((aligned(64)));
static uint64_t pattern;

static uint64_t *words(void) { return (uint64_t *)(void *)memory.at; }

static uint64_t edu(uint32_t at) { return FUNCTION_EDU_BAR0_ADDRESS + at; }

/* These registers are written whole. */
static void edu_write(uint32_t at, uint64_t value) { *(volatile uint64_t *)(uintptr_t)edu(at) = value; }

static void copy_begin(uint64_t address, bool out)
{
    edu_write(EDU_FROM, out ? EDU_BUFFER : address);
    edu_write(EDU_TO, out ? address : EDU_BUFFER);
    edu_write(EDU_COUNT, BYTES);
    mv_device_barrier();
    edu_write(EDU_COMMAND, EDU_RUN | (out ? EDU_OUT : 0));
}

static void copy(uint64_t address, bool out)
{
    copy_begin(address, out);
    while (mv_read32(edu(EDU_COMMAND)) & EDU_RUN)
        mv_sleep_until(mv_time_ns() + 5 * MV_MS);
    mv_device_barrier();
}

static uint64_t number(void)
{
    uint64_t n = 0;

    for (;;) {
        int c = mv_get_char();

        if (c >= '0' && c <= '9')
            n = n * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            n = n * 16 + (uint64_t)(c - 'a' + 10);
        else if (c != ' ')
            return n;
    }
}

/* Whether what the device's buffer held has come, was not touched, or is something else. */
static void show(void)
{
    for (uint32_t i = 0; i < BYTES / 8; i++)
        words()[i] = 0x1111;
    mv_device_barrier();
    copy(memory.base, true);
    if (words()[0] == 0x1111)
        mv_print("nothing came\n");
    else
        mv_print("buffer 0x%lx%s\n", words()[0], words()[0] == pattern ? ", the pattern" : "");
}

int main(void)
{
    const char *wrong = pci_ask(&mv_cell.functions[0], PCI_ATTACH);

    memory = pci_dma_private();
    if (wrong != NULL || memory.size == 0) {
        mv_print("FAIL %s\n", wrong ? wrong : "no memory");
        return 1;
    }
    mv_print("ready: memory 0x%lx size 0x%lx, table 0x%lx, outside 0x%lx, own 0x%lx\n", memory.base, memory.size,
             (uint64_t)SEGMENT_TABLE_ADDRESS, (uint64_t)SEGMENT_OUTSIDE_ADDRESS, (uint64_t)(uintptr_t)mine);
    for (;;) {
        switch (mv_get_char()) {
        case 'p':
            pattern = number();
            for (uint32_t i = 0; i < BYTES / 8; i++)
                words()[i] = pattern + i;
            mv_device_barrier();
            copy(memory.base, false);
            mv_print("put\n");
            break;
        case 'w':
            copy(number(), true);
            mv_print("written, own is %s\n", mine[0] == 0 ? "as it was" : "CHANGED");
            break;
        case 'r':
            copy(number(), false);
            mv_print("read\n");
            break;
        case 's':
            show();
            break;
        case 'n':
            copy_begin(number(), true);
            mv_print("begun\n");
            break;
        }
    }
}
