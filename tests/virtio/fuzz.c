/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whoever is on the other side, under libFuzzer: the input is what it does. Five
 * kinds: a driver against the device's end, a device against the driver's end, a
 * peer of either end of a link, a driver against the registers, a PCI function.
 * Each checks that what the library hands out lies where it may.
 */
#include "world.h"

#define BYTES 16384u
#define OPEN  64u

#define DEMAND(x) do { if (!(x)) abort(); } while (0)

/* ---- the input ---------------------------------------------------------------------- */

static const uint8_t *input;
static size_t left;

static uint32_t take(uint32_t size)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < size && left > 0; i++, left--)
        value |= (uint32_t)*input++ << 8 * i;
    return value;
}

/* An address at or about `base`, or anywhere. */
static uint64_t take_address(uint64_t base)
{
    uint32_t kind = take(1);

    return kind == 0 ? take(4) | (uint64_t)take(4) << 32 : base + (uint16_t)take(2) - (kind == 1 ? 64 : 0);
}

static uint8_t *memory_make(uint32_t bytes)
{
    uint8_t *at = aligned_alloc(4096, bytes);

    DEMAND(at != NULL);
    memset(at, 0, bytes);
    return at;
}

static void poke(uint8_t *at, uint32_t bytes)
{
    uint32_t offset = take(2) % bytes, count = 1 + take(1) % 8;

    for (uint32_t i = 0; i < count && offset + i < bytes; i++)
        at[offset + i] = (uint8_t)take(1);
}

/* ---- a driver against the device's end ---------------------------------------------- */

static struct vio_part part[VIO_NUM_MAX];

/* What a driver does: a descriptor, and a buffer made available, mostly as is right. */
static void driver_describes(uint8_t *rings, uint64_t base, uint32_t num)
{
    struct vio_desc *d = &((struct vio_desc *)(void *)rings)[take(1) % num];
    uint32_t how = take(1);

    d->address = base + (how & 1 ? take(2) : 8192);
    d->length = how & 2 ? take(4) : take(1);
    d->flags = (uint16_t)(how & 4 ? take(2) : how >> 6);
    d->next = (uint16_t)(how & 8 ? take(2) : take(1) % num);
}

static void driver_offers(struct vio_avail *avail, uint32_t num)
{
    uint32_t head = take(1);

    avail->ring[avail->index % num] = (uint16_t)(head < 0xf0 ? head % num : head);
    avail->index++;
}

/* All of a chain lies in the memory, and may be used as it says. */
static void use_chain(const struct vio_memory *m, const struct vio_chain *chain)
{
    uint64_t sum[2] = { 0, 0 };

    DEMAND(chain->out_count + chain->in_count <= chain->part_max);
    for (uint32_t i = 0; i < (uint32_t)chain->out_count + chain->in_count; i++) {
        const struct vio_part *at = &chain->part[i];

        DEMAND(at->at >= m->at && at->at <= m->at + m->size && at->length <= (uint64_t)(m->at + m->size - at->at));
        sum[i >= chain->out_count] += at->length;
        if (i >= chain->out_count && at->length != 0)
            at->at[at->length - 1] ^= 1;
    }
    DEMAND(sum[0] == chain->out_bytes && sum[1] == chain->in_bytes);
}

static void device_turn(struct vio_device_queue *q, const struct vio_memory *m, uint16_t *open, uint32_t *opened)
{
    struct vio_chain chain = { .part = part, .part_max = 1 + take(1) };
    uint32_t i;

    switch (take(1) % 6) {
    case 0: case 1:
        if (*opened == OPEN || vio_device_next(q, &chain) != VIO_OK)
            break;
        use_chain(m, &chain);
        if (take(1) == 0)
            vio_device_untake(q, chain.head);
        else
            open[(*opened)++] = chain.head;
        DEMAND(*opened <= q->num);
        break;
    case 2:
        if (*opened == 0)
            break;
        i = take(1) % *opened;
        vio_device_done(q, open[i], take(4));
        open[i] = open[--*opened];
        break;
    case 3: (void)vio_device_publish(q); break;
    case 4: vio_device_quiet(q); break;
    default: (void)vio_device_listen(q); break;
    }
    DEMAND(vio_device_available(q) <= VIO_NUM_MAX);
}

static void fuzz_device(void)
{
    struct vio_memory m = { PAIR_BASE, BYTES, memory_make(BYTES) };
    struct vio_device_queue q = { .num = 0 };
    uint32_t opened = 0, num = 1u << take(1) % 9;
    uint16_t open[OPEN];

    (void)vio_device_start(&q, &m, num, PAIR_BASE, PAIR_BASE + 4096, PAIR_BASE + 8192, take(1) & 1);
    while (left > 0) {
        switch (take(1) % 12) {
        case 0:
            if (take(1) > 8)
                break;
            opened = 0;
            (void)vio_device_start(&q, &m, take(2), take_address(PAIR_BASE), take_address(PAIR_BASE),
                                   take_address(PAIR_BASE), take(1) & 1);
            break;
        case 1: poke(m.at, BYTES); break;
        case 2: case 3: driver_describes(m.at, PAIR_BASE, num); break;
        case 4: case 5: driver_offers((struct vio_avail *)(void *)(m.at + 4096), num); break;
        default: device_turn(&q, &m, open, &opened); break;
        }
    }
    free(m.at);
}

/* ---- a device against the driver's end ---------------------------------------------- */

struct token {
    bool     out;
    uint32_t writable;
};
static struct token tokens[VIO_NUM_MAX];

static void driver_add(struct vio_driver_queue *q)
{
    struct token *t = &tokens[take(1)];
    uint32_t out = take(1) % 4, in = take(1) % 4;
    struct vio_span span[6];

    if (t->out)
        return;
    t->writable = 0;
    for (uint32_t i = 0; i < out + in; i++) {
        span[i] = pair_span(take(2), take(2));
        t->writable += i >= out ? span[i].length : 0;
    }
    t->out = vio_driver_add(q, span, out, in, t) == VIO_OK;
}

static void driver_take(struct vio_driver_queue *q)
{
    struct token *t;
    uint32_t length;
    void *token;

    if (vio_driver_take(q, &token, &length) != VIO_OK)
        return;
    t = token;
    DEMAND(t >= tokens && t < tokens + VIO_NUM_MAX && t->out && length <= t->writable);
    t->out = false;
}

static void driver_restart(struct vio_driver_queue *q, void *at, struct vio_driver_slot *slot)
{
    void *token;

    while (vio_driver_cancel(q, &token)) {
        DEMAND(((struct token *)token)->out);
        ((struct token *)token)->out = false;
    }
    for (uint32_t i = 0; i < VIO_NUM_MAX; i++)
        DEMAND(!tokens[i].out);
    DEMAND(vio_driver_start(q, at, 1u << take(1) % 9, slot, take(1) & 3));
}

/* What a device does: a buffer given back, mostly one that it has. */
static void device_gives(struct vio_driver_queue *q)
{
    uint32_t how = take(1), id = how & 1 ? take(4) : q->avail->ring[q->used->index % q->num];

    q->used->ring[q->used->index % q->num] = (struct vio_used_entry){ id, how & 2 ? take(4) : take(1) % 4 };
    q->used->index++;
}

static void fuzz_driver(void)
{
    static struct vio_driver_slot slot[VIO_NUM_MAX];
    uint8_t *at = memory_make(8192);
    struct vio_driver_queue q = { .num = 0 };

    memset(tokens, 0, sizeof(tokens));
    driver_restart(&q, at, slot);
    while (left > 0) {
        switch (take(1) % 10) {
        case 0: poke(at, vio_ring_layout_of(q.num).bytes); break;
        case 1: case 2: device_gives(&q); break;
        case 3: case 4: driver_add(&q); break;
        case 5: case 6: driver_take(&q); break;
        case 7: (void)vio_driver_publish(&q); break;
        case 8: take(1) & 1 ? vio_driver_quiet(&q) : (void)vio_driver_listen(&q); break;
        default:
            if (q.broken || take(1) == 0)
                driver_restart(&q, at, slot);
            break;
        }
        DEMAND(q.free_count <= q.num);
    }
    free(at);
}

/* ---- a peer against an end of a link ---------------------------------------------------- */

static void fuzz_link(void)
{
    static struct vio_link_client c;
    static struct vio_link_server s;
    static struct vio_driver_slot slots[VIO_LINK_SLOTS];
    uint32_t type = take(1) & 1 ? VIO_ID_NET : VIO_ID_BLOCK;
    struct mv_channel_config at_client = { .kind = MV_CHANNEL_LINK, .size = BYTES, .end = 0, .raise_cap = 1 };
    struct mv_channel_config at_server = { .kind = MV_CHANNEL_LINK, .size = BYTES, .end = 1, .raise_cap = 2 };
    uint8_t config[16], *at = memory_make(BYTES);
    uint32_t opened = 0;
    uint16_t open[OPEN];

    at_client.address = at_server.address = (uintptr_t)at;
    memset(tokens, 0, sizeof(tokens));
    DEMAND(vio_link_client_open(&c, &at_client, type, take(4), slots));
    DEMAND(vio_link_server_open(&s, &at_server, type, take(4), "0123456789", 10));
    while (left > 0) {
        uint32_t q = take(1) % c.link.layout.queue_count;

        switch (take(1) % 20) {
        case 16:
            if (vio_link_client_poll(&c) == VIO_LINK_NEW)
                memset(tokens, 0, sizeof(tokens));
            if (vio_link_server_poll(&s) == VIO_LINK_NEW && vio_link_server_accept(&s))
                opened = 0;
            break;
        case 17: driver_describes(at + c.link.layout.queue[q], 0, c.link.layout.num); break;
        case 18: driver_offers(s.queue[q].ready ? s.queue[q].avail : (struct vio_avail *)(void *)(at + 64), 8); break;
        case 19:
            if (c.queue[q].ready)
                device_gives(&c.queue[q]);
            break;
        case 0: poke(at, BYTES); break;
        case 1: case 2: poke(at, sizeof(struct vio_link_header)); break;
        case 3: case 4:
            if (vio_link_client_poll(&c) == VIO_LINK_NEW)
                memset(tokens, 0, sizeof(tokens));
            break;
        case 5: case 6: (void)vio_link_server_poll(&s); break;
        case 7: case 8:
            if (vio_link_server_accept(&s))
                opened = 0;
            DEMAND((s.link.features & ~s.link.own_features) == 0 || s.link.state != VIO_LINK_UP);
            break;
        case 9: vio_link_client_reset(&c); break;
        case 10: vio_link_server_fail(&s); break;
        case 11: (void)vio_link_client_config(&c, take(2), config, take(1) % 16); break;
        case 12: (void)vio_link_server_config(&s, take(2), config, take(1) % 16); break;
        case 13:
            driver_add(&c.queue[q]);
            vio_link_client_publish(&c, q);
            break;
        case 14: driver_take(&c.queue[q]); break;
        default:
            /* In one queue only, so that open heads are its. */
            if (s.link.state == VIO_LINK_UP)
                device_turn(&s.queue[0], &s.link.memory, open, &opened);
            break;
        }
        DEMAND((c.link.features & ~c.link.own_features) == 0);
    }
    free(at);
}

/* ---- a driver against the registers -------------------------------------------------------- */

static void on_notify(struct vio_mmio *m, uint32_t queue)
{
    DEMAND(queue < m->device->queue_count && vio_mmio_is_live(m));
}

static void on_interrupt(struct vio_mmio *m)
{
    DEMAND(*m->interrupt != 0);
}

static const struct vio_mmio_device mmio_device = {
    .id = VIO_ID_CONSOLE, .queue_count = 4, .features = VIO_F_EVENT_IDX, .notify = on_notify, .interrupt = on_interrupt,
};

static void fuzz_mmio(void)
{
    struct vio_memory memory = { PAIR_BASE, BYTES, memory_make(BYTES) };
    struct vio_chain chain = { .part = part, .part_max = VIO_NUM_MAX };
    static struct vio_mmio m;
    uint32_t status, queue;

    vio_mmio_init(&m, &mmio_device, &memory, &status, NULL);
    while (left > 0) {
        queue = take(1) % 4;
        switch (take(1) % 10) {
        case 8: driver_describes(memory.at, PAIR_BASE, 8); break;
        case 9: driver_offers((struct vio_avail *)(void *)(memory.at + 4096), 8); break;
        case 0: poke(memory.at, BYTES); break;
        case 1: (void)vio_mmio_read(&m, take(2), 1u << take(1) % 4); break;
        case 2: vio_mmio_write(&m, take(1) * 4, 4, take(4)); break;
        case 3: vio_mmio_write(&m, 0x80 + (take(1) & 0x34), 4, PAIR_BASE + take(2)); break;
        case 4: vio_mmio_write(&m, 0x70, 4, take(1)); break;
        case 5:
            vio_mmio_write(&m, 0x30, 4, queue);
            vio_mmio_write(&m, 0x44, 4, take(1));
            break;
        case 6:
            /* A driver that gets as far as DRIVER_OK. */
            vio_mmio_write(&m, 0x24, 4, 1);
            vio_mmio_write(&m, 0x20, 4, 1);
            vio_mmio_write(&m, 0x70, 4, 11);
            vio_mmio_write(&m, 0x30, 4, queue);
            vio_mmio_write(&m, 0x38, 4, 1u << take(1) % 9);
            vio_mmio_write(&m, 0x80, 4, PAIR_BASE);
            vio_mmio_write(&m, 0x90, 4, PAIR_BASE + 4096);
            vio_mmio_write(&m, 0xa0, 4, PAIR_BASE + 8192);
            vio_mmio_write(&m, 0x44, 4, 1);
            vio_mmio_write(&m, 0x70, 4, 15);
            break;
        default:
            if (!vio_mmio_is_live(&m))
                break;
            switch (vio_device_next(&m.queue[queue], &chain)) {
            case VIO_OK:
                use_chain(&memory, &chain);
                vio_device_done(&m.queue[queue], chain.head, (uint32_t)chain.in_bytes);
                vio_mmio_publish(&m, queue);
                break;
            case VIO_BROKEN: vio_mmio_fail(&m); break;
            default: break;
            }
            break;
        }
    }
    free(memory.at);
}

/* ---- a PCI function ------------------------------------------------------------------------- */

#define CONFIG UINT64_C(0x10000)
#define BAR    UINT64_C(0x40000)
#define BAR_BYTES 0x2000u

static uint8_t configuration[256];

/* Registers say anything; but only those of the BAR may be asked. */
static uint32_t on_read(uint64_t address, uint32_t size)
{
    uint32_t value = 0;

    if (address >= CONFIG && address + size <= CONFIG + 256) {
        for (uint32_t i = 0; i < size; i++)
            value |= (uint32_t)configuration[address - CONFIG + i] << 8 * i;
        return value;
    }
    DEMAND(address >= BAR && address + size <= BAR + BAR_BYTES);
    return take(size);
}

static void on_write(uint64_t address, uint32_t size, uint32_t value)
{
    (void)value;
    DEMAND(address >= BAR && address + size <= BAR + BAR_BYTES);
}

static void fuzz_pci(void)
{
    static const struct world_registers registers = { on_read, on_write };
    static const uint8_t usual[] = {
        0x09, 0x50, 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x38, 0, 0, 0,              /* 0x40: common */
        0x09, 0x60, 16, 3, 0, 0, 0, 0, 0, 1, 0, 0, 4, 0, 0, 0,                 /* 0x50: ISR */
        0x09, 0x70, 16, 4, 0, 0, 0, 0, 0, 2, 0, 0, 0x20, 0, 0, 0,              /* 0x60: device */
        0x09, 0x00, 20, 2, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 4, 0, 0, 0,   /* 0x70: notify */
    };
    static struct vio_driver_slot slot[VIO_NUM_MAX];
    struct mv_function_config function = { .config = CONFIG };
    struct vio_memory dma = { 0x1000, 16384, memory_make(16384) };
    struct vio_driver_queue q = { .num = 0 };
    struct vio_pci p;
    uint8_t to[64];

    world.registers = &registers;
    function.bar[0].address = BAR;
    function.bar[0].size = BAR_BYTES;
    memset(configuration, 0, sizeof(configuration));
    memcpy(configuration, "\xf4\x1a\x42\x10\0\0\x10", 7);
    configuration[0x34] = 0x40;
    memcpy(configuration + 0x40, usual, sizeof(usual));
    for (uint32_t n = take(1) % 16; n > 0; n--)
        configuration[take(1)] = (uint8_t)take(1);
    if (vio_pci_open(&p, &function) == VIO_PCI_OK) {
        (void)vio_pci_begin(&p, 0, take(4));
        (void)vio_pci_config(&p, take(2), to, take(1) % sizeof(to));
        for (uint32_t n = 0; n < 4; n++)
            if (vio_pci_queue(&p, take(1) % 8, &q, &dma, dma.at + take(1) * VIO_RING_LINE, 1u << take(1) % 9, slot) ==
                VIO_PCI_OK) {
                struct vio_span span = { 0, 1 };

                (void)vio_driver_add(&q, &span, 1, 0, NULL);
                for (uint32_t queue = 0; queue < VIO_PCI_QUEUES; queue++)
                    vio_pci_publish(&p, queue, &q);
            }
        (void)vio_pci_interrupts(&p);
    }
    free(dma.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(void) = { fuzz_device, fuzz_driver, fuzz_link, fuzz_mmio, fuzz_pci };

    memset(&world, 0, sizeof(world));
    input = data;
    left = size;
    kinds[take(1) % (sizeof(kinds) / sizeof(kinds[0]))]();
    return 0;
}
