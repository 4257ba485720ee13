/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio over PCI: a device that is right, and many that are not. */
#include "world.h"

#define CONFIG  UINT64_C(0x10000)          /* in the cell */
#define BAR4    UINT64_C(0x40000)
#define BAR4_BYTES 0x4000u
#define COMMON  0x0000u                    /* in BAR 4 */
#define ISR     0x1000u
#define DEVICE  0x2000u
#define NOTIFY  0x3000u
#define OFFERED (VIO_F_VERSION_1 | VIO_F_ACCESS_PLATFORM | VIO_F_EVENT_IDX | VIO_F_RING_PACKED | VIO_BLOCK_F_FLUSH)

/* The device. */
static struct {
    uint8_t  config[4096];
    uint64_t offered, accepted;
    uint32_t device_select, driver_select;
    uint8_t  status, isr, generation;
    uint32_t generation_changes;           /* this many times still */
    uint32_t resets_after;                 /* reads of status until it is reset */
    bool     refuses;                      /* FEATURES_OK */
    uint16_t select, size[8], enable[8], notify_off[8];
    uint64_t address[8][3];
    uint8_t  device[64];
    uint32_t notified[8];
    uint32_t wild;                         /* accesses where nothing is */
} d;

static struct mv_function_config function;
static struct vio_pci p;

static uint32_t bytes_of(const uint8_t *from, uint64_t offset, uint32_t size)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < size; i++)
        value |= (uint32_t)from[offset + i] << 8 * i;
    return value;
}

static uint32_t common_read(uint64_t offset)
{
    switch (offset) {
    case 0x04: return d.device_select < 2 ? (uint32_t)(d.offered >> 32 * d.device_select) : 0;
    case 0x12: return 8;
    case 0x14:
        if (d.status == 0xff && --d.resets_after == 0)
            d.status = 0;
        return d.status;
    case 0x15:
        if (d.generation_changes != 0) {
            d.generation_changes--;
            d.generation++;
        }
        return d.generation;
    case 0x18: return d.select < 8 ? d.size[d.select] : 0;
    case 0x1c: return d.select < 8 ? d.enable[d.select] : 0;
    case 0x1e: return d.select < 8 ? d.notify_off[d.select] : 0;
    default:   d.wild++; return 0;
    }
}

static void common_write(uint64_t offset, uint32_t value)
{
    switch (offset) {
    case 0x00: d.device_select = value; break;
    case 0x08: d.driver_select = value; break;
    case 0x0c:
        if (d.driver_select < 2)
            d.accepted |= (uint64_t)value << 32 * d.driver_select;
        break;
    case 0x14:
        if (value == 0) {
            d.accepted = 0;
            memset(d.enable, 0, sizeof(d.enable));
            d.status = d.resets_after != 0 ? 0xff : 0;
        } else {
            d.status = (uint8_t)(d.refuses ? value & ~VIO_STATUS_FEATURES_OK : value);
        }
        break;
    case 0x16: d.select = (uint16_t)value; break;
    case 0x18: d.size[d.select & 7] = (uint16_t)value; break;
    case 0x1c: d.enable[d.select & 7] = (uint16_t)value; break;
    default:
        if (offset >= 0x20 && offset < 0x38) {
            uint64_t *a = &d.address[d.select & 7][(offset - 0x20) / 8];

            *a = offset % 8 != 0 ? (uint32_t)*a | (uint64_t)value << 32 : (*a & ~(uint64_t)UINT32_MAX) | value;
        } else {
            d.wild++;
        }
        break;
    }
}

static uint32_t on_read(uint64_t address, uint32_t size)
{
    uint64_t offset = address - BAR4;
    uint32_t value = d.isr;

    if (address >= CONFIG && address + size <= CONFIG + 256)
        return bytes_of(d.config, address - CONFIG, size);
    if (address < BAR4 || offset >= BAR4_BYTES) {
        d.wild++;
        return UINT32_MAX;
    }
    if (offset < COMMON + 0x38)
        return common_read(offset);
    if (offset == ISR && size == 1) {
        d.isr = 0;
        return value;
    }
    if (offset >= DEVICE && offset + size <= DEVICE + sizeof(d.device))
        return bytes_of(d.device, offset - DEVICE, size);
    d.wild++;
    return 0;
}

static void on_write(uint64_t address, uint32_t size, uint32_t value)
{
    uint64_t offset = address - BAR4;

    if (address < BAR4 || offset >= BAR4_BYTES)
        d.wild++;
    else if (offset < COMMON + 0x38)
        common_write(offset, value);
    else if (offset >= NOTIFY && size == 2 && value < 8)
        d.notified[value] += (offset - NOTIFY) / 4 == d.notify_off[value];
    else
        d.wild++;
}

static void put(uint32_t at, uint32_t size, uint32_t value)
{
    for (uint32_t i = 0; i < size; i++)
        d.config[at + i] = (uint8_t)(value >> 8 * i);
}

static void capability(uint32_t at, uint32_t next, uint32_t kind, uint32_t bar, uint32_t offset, uint32_t length)
{
    put(at, 4, 0x09u | next << 8 | (kind == 2 ? 20u : 16u) << 16 | kind << 24);
    put(at + 4, 4, bar);
    put(at + 8, 4, offset);
    put(at + 12, 4, length);
}

static int make(void **state)
{
    static const struct world_registers registers = { on_read, on_write };

    (void)state;
    memset(&d, 0, sizeof(d));
    memset(&world, 0, sizeof(world));
    world.registers = &registers;
    d.offered = OFFERED;
    put(0, 4, 0x10421af4);
    put(6, 2, 0x10);
    put(0x34, 1, 0x98);
    put(0x40, 4, 0x11 | 0x84 << 8);                            /* MSI-X, of no interest */
    capability(0x98, 0x40, 5, 0, 0, 0);                        /* access by configuration space, likewise */
    capability(0x84, 0x70, 2, 4, NOTIFY, 0x1000);
    put(0x84 + 16, 4, 4);
    capability(0x70, 0x60, 4, 4, DEVICE, sizeof(d.device));
    capability(0x60, 0x50, 3, 4, ISR, 0x1000);
    capability(0x50, 0xa8, 1, 4, COMMON, 0x1000);
    capability(0xa8, 0, 1, 5, 0, 0x1000);                      /* a second choice, of no use */
    for (uint32_t i = 0; i < 8; i++) {
        d.size[i] = 256;
        d.notify_off[i] = (uint16_t)(2 * i);
    }
    for (uint32_t i = 0; i < sizeof(d.device); i++)
        d.device[i] = (uint8_t)(i + 1);
    function = (struct mv_function_config){ .name = "disk", .config = CONFIG };
    function.bar[4].address = BAR4;
    function.bar[4].size = BAR4_BYTES;
    return 0;
}

static void test_open(void **state)
{
    (void)state;
    assert_int_equal(vio_pci_open(&p, &function), VIO_PCI_OK);
    assert_int_equal(p.type, VIO_ID_BLOCK);
    assert_int_equal(p.common, BAR4 + COMMON);
    assert_int_equal(p.isr, BAR4 + ISR);
    assert_int_equal(p.device, BAR4 + DEVICE);
    assert_int_equal(p.device_bytes, sizeof(d.device));
    assert_int_equal(p.notify, BAR4 + NOTIFY);
    assert_int_equal(p.notify_multiplier, 4);
    assert_int_equal(d.wild, 0);
}

/* One word of the configuration space differs. */
static void test_bad_capabilities(void **state)
{
    static const struct { uint32_t at, size, value; enum vio_pci_status want; } row[] = {
        { 0x00, 2, 0x8086, VIO_PCI_NO_DEVICE },
        { 0x00, 4, UINT32_MAX, VIO_PCI_NO_DEVICE },
        { 0x02, 2, 0x1001, VIO_PCI_NO_DEVICE },
        { 0x02, 2, 0x1080, VIO_PCI_NO_DEVICE },
        { 0x06, 2, 0, VIO_PCI_NO_DEVICE },
        { 0x34, 1, 0, VIO_PCI_BAD_CAPABILITY },
        { 0x34, 1, 0x3c, VIO_PCI_BAD_CAPABILITY },
        { 0x34, 1, 0xfc, VIO_PCI_BAD_CAPABILITY },
        { 0x99, 1, 0x98, VIO_PCI_BAD_CAPABILITY },             /* a loop */
        { 0x41, 1, 0x87, VIO_PCI_OK },                         /* low bits do not count */
        { 0x51, 1, 0, VIO_PCI_OK },
        { 0x61, 1, 0, VIO_PCI_BAD_CAPABILITY },                /* no common */
        { 0x54, 1, 5, VIO_PCI_BAD_CAPABILITY },                /* a BAR that is not given */
        { 0x54, 1, 6, VIO_PCI_BAD_CAPABILITY },
        { 0x54, 1, 255, VIO_PCI_BAD_CAPABILITY },
        { 0x58, 4, BAR4_BYTES - 0x1000, VIO_PCI_OK },
        { 0x58, 4, BAR4_BYTES - 0xffc, VIO_PCI_BAD_CAPABILITY },
        { 0x58, 4, 2, VIO_PCI_BAD_CAPABILITY },
        { 0x58, 4, 0xfffffffc, VIO_PCI_BAD_CAPABILITY },
        { 0x5c, 4, 0x37, VIO_PCI_BAD_CAPABILITY },
        { 0x5c, 4, 0x38, VIO_PCI_OK },
        { 0x5c, 4, UINT32_MAX, VIO_PCI_BAD_CAPABILITY },
        { 0x6c, 4, 0, VIO_PCI_BAD_CAPABILITY },                /* ISR without a byte */
        { 0x78, 4, 0x4000, VIO_PCI_BAD_CAPABILITY },
        { 0x90, 4, 1, VIO_PCI_BAD_CAPABILITY },                /* notify without room */
        { 0x52, 1, 8, VIO_PCI_BAD_CAPABILITY },                /* too short: overlooked, and the next is of no use */
        { 0x86, 1, 16, VIO_PCI_BAD_CAPABILITY },               /* without multiplier */
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        enum vio_pci_status got;

        make(state);
        put(row[i].at, row[i].size, row[i].value);
        got = vio_pci_open(&p, &function);
        if (got != row[i].want)
            print_error("row %zu: %d\n", i, (int)got);
        assert_int_equal(got, row[i].want);
        assert_int_equal(d.wild, 0);
    }
}

/* A structure that goes on behind the configuration space. */
static void test_last_capability(void **state)
{
    (void)state;
    put(0x34, 1, 0xf0);
    capability(0xf0, 0x98, 2, 4, NOTIFY, 0x1000);
    assert_int_equal(vio_pci_open(&p, &function), VIO_PCI_OK);
    assert_int_equal(p.notify_multiplier, 4);
    assert_int_equal(d.wild, 0);
    put(0x34, 1, 0xec);
    capability(0xec, 0x98, 2, 4, NOTIFY + 64, 0x100);
    put(0xec + 16, 4, 8);
    assert_int_equal(vio_pci_open(&p, &function), VIO_PCI_OK);
    assert_int_equal(p.notify_multiplier, 8);
    assert_int_equal(d.wild, 0);
}

static void test_random_capabilities(void **state)
{
    uint64_t seed = 11;
    uint32_t opened = 0;

    for (uint32_t round = 0; round < 20000; round++) {
        make(state);
        for (uint32_t n = (uint32_t)world_random(&seed) % 8; n > 0; n--)
            d.config[0x34 + world_random(&seed) % (256 - 0x34)] = (uint8_t)world_random(&seed);
        if (vio_pci_open(&p, &function) != VIO_PCI_OK)
            continue;
        opened++;
        assert_true(p.common >= BAR4 && p.common + 0x38 <= BAR4 + BAR4_BYTES);
        assert_true(p.isr >= BAR4 && p.isr < BAR4 + BAR4_BYTES);
        assert_true(p.notify >= BAR4 && p.notify_bytes >= 2 && p.notify + p.notify_bytes <= BAR4 + BAR4_BYTES);
        assert_true(p.device == 0 || (p.device >= BAR4 && p.device + p.device_bytes <= BAR4 + BAR4_BYTES));
    }
    assert_in_range(opened, 1000, 19999);
    assert_int_equal(d.wild, 0);
}

static void test_begin(void **state)
{
    (void)state;
    assert_int_equal(vio_pci_open(&p, &function), VIO_PCI_OK);
    d.status = 15;
    d.resets_after = 5;
    d.offered |= VIO_F_ORDER_PLATFORM;
    assert_int_equal(vio_pci_begin(&p, 0, VIO_F_EVENT_IDX | VIO_BLOCK_F_RO), VIO_PCI_OK);
    assert_int_equal(d.status, 11);
    assert_true((d.accepted & VIO_F_ORDER_PLATFORM) != 0);
    d.accepted &= ~VIO_F_ORDER_PLATFORM;
    p.features &= ~VIO_F_ORDER_PLATFORM;
    assert_true(d.accepted == (VIO_F_VERSION_1 | VIO_F_ACCESS_PLATFORM | VIO_F_EVENT_IDX));
    assert_true(p.features == d.accepted);
    assert_true(vio_pci_is_broken(&p));
    vio_pci_go(&p);
    assert_int_equal(d.status, 15);
    assert_false(vio_pci_is_broken(&p));
    d.status |= VIO_STATUS_NEEDS_RESET;
    assert_true(vio_pci_is_broken(&p));
    d.resets_after = UINT32_MAX;
    assert_int_equal(vio_pci_begin(&p, 0, 0), VIO_PCI_TIMEOUT);
    assert_false(vio_pci_reset(&p));
    d.resets_after = 0;
    assert_int_equal(vio_pci_begin(&p, VIO_BLOCK_F_RO, 0), VIO_PCI_BAD_FEATURES);
    assert_int_equal(d.status & VIO_STATUS_FAILED, VIO_STATUS_FAILED);
    assert_int_equal(d.accepted, 0);
    d.offered &= ~VIO_F_VERSION_1;
    assert_int_equal(vio_pci_begin(&p, 0, 0), VIO_PCI_BAD_FEATURES);
    d.offered = OFFERED;
    d.refuses = true;
    assert_int_equal(vio_pci_begin(&p, VIO_BLOCK_F_FLUSH, 0), VIO_PCI_BAD_FEATURES);
    assert_int_equal(d.wild, 0);
}

static void test_queue(void **state)
{
    static uint8_t dma_bytes[32768] __attribute__((aligned(VIO_RING_LINE)));
    static struct vio_driver_slot slot[VIO_NUM_MAX];
    const struct vio_memory dma = { 0x12340000, sizeof(dma_bytes), dma_bytes };
    struct vio_driver_queue q = { .num = 0 };
    struct vio_span span = { 1, 2 };

    (void)state;
    assert_int_equal(vio_pci_open(&p, &function), VIO_PCI_OK);
    assert_int_equal(vio_pci_begin(&p, 0, 0), VIO_PCI_OK);
    assert_int_equal(vio_pci_queue(&p, 1, &q, &dma, dma_bytes + 4096, 64, slot), VIO_PCI_OK);
    assert_int_equal(d.size[1], 64);
    assert_int_equal(d.enable[1], 1);
    assert_int_equal(d.address[1][0], 0x12341000);
    assert_int_equal(d.address[1][1], 0x12341000 + vio_ring_layout_of(64).avail);
    assert_int_equal(d.address[1][2], 0x12341000 + vio_ring_layout_of(64).used);
    vio_pci_go(&p);
    assert_int_equal(vio_driver_add(&q, &span, 1, 0, NULL), VIO_OK);
    vio_pci_publish(&p, 1, &q);
    assert_int_equal(d.notified[1], 1);
    vio_pci_publish(&p, 1, &q);
    assert_int_equal(d.notified[1], 1);
    assert_true(q.device && !q.event_index);
    d.isr = 0xff;
    assert_int_equal(vio_pci_interrupts(&p), 3);
    assert_int_equal(vio_pci_interrupts(&p), 0);

    d.size[2] = 32;
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes, 64, slot), VIO_PCI_BAD_QUEUE);
    d.size[2] = 0;
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes, 1, slot), VIO_PCI_BAD_QUEUE);
    d.size[2] = 256;
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes, 3, slot), VIO_PCI_BAD_QUEUE);
    assert_int_equal(vio_pci_queue(&p, VIO_PCI_QUEUES, &q, &dma, dma_bytes, 64, slot), VIO_PCI_BAD_QUEUE);
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes + 32768 - 1792, 64, slot), VIO_PCI_OK);
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes + 32768 - 1728, 64, slot), VIO_PCI_BAD_QUEUE);
    assert_int_equal(vio_driver_add(&q, &span, 1, 0, NULL), VIO_FULL);
    d.notify_off[2] = 0x3ff;
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes, 64, slot), VIO_PCI_OK);
    d.notify_off[2] = 0x400;
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes, 64, slot), VIO_PCI_BAD_QUEUE);
    d.notify_off[2] = 0xffff;
    p.notify_multiplier = UINT32_MAX;
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes, 64, slot), VIO_PCI_BAD_QUEUE);
    d.notify_off[2] = 1;
    p.notify_multiplier = 1;
    assert_int_equal(vio_pci_queue(&p, 2, &q, &dma, dma_bytes, 64, slot), VIO_PCI_BAD_QUEUE);
    assert_int_equal(d.wild, 0);
}

static void test_config(void **state)
{
    uint8_t to[64];

    (void)state;
    assert_int_equal(vio_pci_open(&p, &function), VIO_PCI_OK);
    for (uint32_t offset = 0; offset <= 66; offset++)
        for (uint32_t length = 0; length <= 10; length++) {
            bool inside = offset + length <= sizeof(d.device);

            assert_int_equal(vio_pci_config(&p, offset, to, length), inside);
            if (inside)
                assert_memory_equal(to, d.device + offset, length);
        }
    assert_false(vio_pci_config(&p, UINT32_MAX, to, 2));
    d.generation_changes = 5;
    assert_true(vio_pci_config(&p, 0, to, 6));
    d.generation_changes = 1000;
    assert_false(vio_pci_config(&p, 0, to, 6));
    p.device = 0;
    assert_false(vio_pci_config(&p, 0, to, 1));
    assert_int_equal(d.wild, 0);
}

int test_pci(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_open, make), cmocka_unit_test(test_bad_capabilities),
        cmocka_unit_test_setup(test_last_capability, make),
        cmocka_unit_test(test_random_capabilities), cmocka_unit_test_setup(test_begin, make),
        cmocka_unit_test_setup(test_queue, make), cmocka_unit_test_setup(test_config, make),
    };

    return cmocka_run_group_tests_name("pci", tests, NULL, NULL);
}
