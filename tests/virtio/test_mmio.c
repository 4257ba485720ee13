/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of a virtio-mmio device, and a driver that does not keep to them. */
#include "world.h"

#include <libvirtio/io.h>

#define BYTES   65536u
#define NUM     8u
#define QUEUES  3u
#define STATUS  0x70u
#define READY   0x44u
#define NOTIFY  0x50u
#define LIVE    (VIO_STATUS_ACKNOWLEDGE | VIO_STATUS_DRIVER | VIO_STATUS_FEATURES_OK | VIO_STATUS_DRIVER_OK)
#define FEATURES (VIO_NET_F_MAC | VIO_F_EVENT_IDX | VIO_NET_F_SPEED_DUPLEX)

static struct vio_memory memory;
static struct vio_mmio m;
static uint32_t interrupt_status;
static struct { uint32_t notified[VIO_MMIO_QUEUES], interrupts, resets, writes; uint64_t written; } seen;
static uint8_t config[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void on_notify(struct vio_mmio *d, uint32_t queue)
{
    assert_ptr_equal(d->context, &seen);
    assert_true(vio_mmio_is_live(d));
    seen.notified[queue]++;
}

static void on_interrupt(struct vio_mmio *d)
{
    assert_int_not_equal(*d->interrupt, 0);
    seen.interrupts++;
}

static void on_reset(struct vio_mmio *d)
{
    for (uint32_t i = 0; i < VIO_MMIO_QUEUES; i++)
        assert_false(d->queue[i].ready);
    seen.resets++;
}

static uint64_t on_config_read(struct vio_mmio *d, uint32_t offset, uint32_t size)
{
    (void)d;
    return vio_mmio_config_bytes(config, sizeof(config), offset, size);
}

static void on_config_write(struct vio_mmio *d, uint32_t offset, uint32_t size, uint64_t value)
{
    (void)d;
    seen.writes++;
    seen.written = (uint64_t)offset << 32 | (uint64_t)size << 16 | (value & 0xffff);
}

static const struct vio_mmio_device device = {
    .id = VIO_ID_NET, .queue_count = QUEUES, .num_max = 16, .features = FEATURES, .notify = on_notify,
    .interrupt = on_interrupt, .reset = on_reset, .config_read = on_config_read, .config_write = on_config_write,
};

static int make(void **state)
{
    (void)state;
    memory = (struct vio_memory){ PAIR_BASE, BYTES, aligned_alloc(4096, BYTES) };
    memset(memory.at, 0, BYTES);
    memset(&seen, 0, sizeof(seen));
    interrupt_status = 5;
    vio_mmio_init(&m, &device, &memory, &interrupt_status, &seen);
    assert_int_equal(interrupt_status, 0);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    free(memory.at);
    return 0;
}

static uint32_t load(uint64_t offset)
{
    return (uint32_t)vio_mmio_read(&m, offset, 4);
}

static void store(uint64_t offset, uint64_t value)
{
    vio_mmio_write(&m, offset, 4, value);
}

static void features(uint64_t wanted)
{
    store(STATUS, 0);
    store(STATUS, 1);
    store(STATUS, 3);
    store(0x24, 0);
    store(0x20, (uint32_t)wanted);
    store(0x24, 1);
    store(0x20, wanted >> 32);
    store(STATUS, 11);
}

static void set64(uint32_t offset, uint64_t value)
{
    store(offset, (uint32_t)value);
    store(offset + 4, value >> 32);
}

static uint64_t ring_at(uint32_t queue)
{
    return 4096 * queue;
}

static void set_up(uint32_t queue, uint32_t num)
{
    struct vio_ring_layout l = vio_ring_layout_of(NUM);
    uint64_t at = PAIR_BASE + ring_at(queue);

    memset(memory.at + ring_at(queue), 0, l.bytes);
    store(0x30, queue);
    store(0x38, num);
    set64(0x80, at);
    set64(0x90, at + l.avail);
    set64(0xa0, at + l.used);
    store(READY, 1);
}

static void start(uint64_t wanted)
{
    features(wanted | VIO_F_VERSION_1);
    for (uint32_t i = 0; i < QUEUES; i++) {
        set_up(i, NUM);
        assert_int_equal(load(READY), 1);
    }
    store(STATUS, LIVE);
    assert_int_equal(load(STATUS), LIVE);
}

static struct vio_avail *avail(uint32_t queue)
{
    return (struct vio_avail *)(void *)(memory.at + ring_at(queue) + vio_ring_layout_of(NUM).avail);
}

/* A buffer in this queue goes to the device and comes back. */
static void turn(uint32_t queue)
{
    struct vio_part part[4];
    struct vio_chain chain = { .part = part, .part_max = 4 };
    struct vio_desc *d = (struct vio_desc *)(void *)(memory.at + ring_at(queue));

    d[1] = (struct vio_desc){ PAIR_BASE + 32768, 16, 0, 0 };
    avail(queue)->ring[avail(queue)->index % NUM] = 1;
    avail(queue)->index++;
    assert_int_equal(vio_device_next(&m.queue[queue], &chain), VIO_OK);
    vio_device_done(&m.queue[queue], chain.head, 0);
    vio_mmio_publish(&m, queue);
}

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(load(0), 0x74726976);
    assert_int_equal(load(4), 2);
    assert_int_equal(load(8), VIO_ID_NET);
    assert_int_equal(load(0x0c), vio_mmio_read_empty(0x0c, 4));
    assert_int_equal(vio_mmio_read_empty(0, 4), 0x74726976);
    assert_int_equal(vio_mmio_read_empty(8, 4), 0);
    assert_int_equal(vio_mmio_read_empty(0, 8), 0);
    for (uint32_t queue = 0; queue < 2 * VIO_MMIO_QUEUES; queue++) {
        store(0x30, queue);
        assert_int_equal(load(0x34), queue < QUEUES ? 16 : 0);
        assert_int_equal(load(READY), 0);
    }
    store(0x30, UINT32_MAX);
    assert_int_equal(load(0x34), 0);
    store(READY, 1);
    store(0x38, 1);
    assert_int_equal(load(STATUS), 0);
    for (uint32_t offset = 0xb0; offset <= 0xbc; offset += 4)
        assert_int_equal(load(offset), UINT32_MAX);
    for (uint32_t size = 0; size < 20; size++)
        if (size != 4) {
            assert_int_equal(vio_mmio_read(&m, 0, size), 0);
            vio_mmio_write(&m, STATUS, size, 1);
        }
    assert_int_equal(load(STATUS), 0);
    assert_int_equal(load(0x200), 0);
    assert_int_equal(load(UINT64_MAX - 3), 0);
    store(0x200, 1);
    store(UINT64_MAX - 3, 1);
}

static void test_features(void **state)
{
    (void)state;
    store(0x14, 0);
    assert_int_equal(load(0x10), (uint32_t)FEATURES);
    store(0x14, 1);
    assert_int_equal(load(0x10), (uint32_t)(FEATURES >> 32) | 1);
    store(0x14, 2);
    assert_int_equal(load(0x10), 0);
    features(0);
    assert_int_equal(load(STATUS), 3);
    features(VIO_F_VERSION_1 | VIO_NET_F_MTU);
    assert_int_equal(load(STATUS), 3);
    store(STATUS, LIVE);
    assert_int_equal(load(STATUS), 3);
    features(VIO_F_VERSION_1 | VIO_NET_F_SPEED_DUPLEX);
    assert_int_equal(load(STATUS), 11);
    assert_true(vio_mmio_has(&m, VIO_NET_F_SPEED_DUPLEX));
    assert_false(vio_mmio_has(&m, VIO_NET_F_MAC));
    /* Too late, nowhere, and bit by bit. */
    store(0x20, 0xff);
    store(0x24, 2);
    store(0x20, 0xff);
    store(STATUS, 0x80 | 64);
    assert_int_equal(load(STATUS), 11 | 0x80);
    assert_true(m.driver_features == (VIO_F_VERSION_1 | VIO_NET_F_SPEED_DUPLEX));
    store(STATUS, 0);
    assert_int_equal(load(STATUS), 0);
    assert_int_equal(m.driver_features, 0);
}

static void test_queues(void **state)
{
    static const struct { uint32_t num; uint64_t desc, driver, device; } bad[] = {
        { 0, 0, 4096, 8192 }, { 3, 0, 4096, 8192 }, { 32, 0, 4096, 8192 }, { 8, 8, 4096, 8192 }, { 8, 0, 4097, 8192 },
        { 8, 0, 4096, 8194 }, { 8, BYTES, 4096, 8192 }, { 8, 0, UINT64_MAX - 1 - PAIR_BASE, 8192 },
    };

    (void)state;
    /* Before the features are settled there is no queue. */
    store(STATUS, 3);
    set_up(0, NUM);
    assert_int_equal(load(STATUS), 3 | VIO_STATUS_NEEDS_RESET);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        features(VIO_F_VERSION_1);
        store(0x30, 1);
        store(0x38, bad[i].num);
        set64(0x80, PAIR_BASE + bad[i].desc);
        set64(0x90, PAIR_BASE + bad[i].driver);
        set64(0xa0, PAIR_BASE + bad[i].device);
        store(READY, 1);
        assert_int_equal(load(READY), 0);
        assert_int_equal(load(STATUS), 11 | VIO_STATUS_NEEDS_RESET);
        store(STATUS, LIVE);
        assert_false(vio_mmio_is_live(&m));
        assert_int_equal(seen.notified[0], 0);
    }
    assert_int_equal(seen.interrupts, 0);      /* only after DRIVER_OK */
    features(VIO_F_VERSION_1);
    set_up(2, 16);
    assert_int_equal(load(READY), 1);
    /* What is in use cannot be set up; it can be taken out of use. */
    store(0x38, 1);
    set64(0x80, 0);
    store(READY, 1);
    assert_int_equal(m.queue[2].num, 16);
    store(READY, 0);
    assert_int_equal(load(READY), 0);
    assert_false(m.queue[2].ready);
    store(READY, 1);
    assert_int_equal(load(STATUS), 11 | VIO_STATUS_NEEDS_RESET);
}

static void test_live(void **state)
{
    (void)state;
    features(VIO_F_VERSION_1);
    set_up(1, NUM);
    store(NOTIFY, 1);
    assert_int_equal(seen.notified[1], 0);
    store(STATUS, LIVE);
    assert_int_equal(seen.notified[0] + seen.notified[1] + seen.notified[2], 3);
    store(STATUS, LIVE);
    assert_int_equal(seen.notified[1], 1);
    store(NOTIFY, 1);
    vio_mmio_notify(&m, 1);
    assert_int_equal(seen.notified[1], 3);
    store(NOTIFY, QUEUES);
    store(NOTIFY, UINT32_MAX);
    vio_mmio_notify(&m, UINT64_MAX);
    vio_mmio_fail(&m);
    assert_int_equal(load(STATUS), LIVE | VIO_STATUS_NEEDS_RESET);
    store(NOTIFY, 1);
    assert_int_equal(seen.notified[0] + seen.notified[1] + seen.notified[2], 5);
    store(STATUS, 0);
    assert_int_equal(seen.resets, 2);
    assert_false(m.queue[1].ready);
    assert_int_equal(interrupt_status, 0);
}

static void test_interrupts(void **state)
{
    (void)state;
    start(0);
    turn(1);
    assert_int_equal(load(0x60), VIO_INTERRUPT_USED);
    assert_int_equal(seen.interrupts, 1);
    turn(0);
    assert_int_equal(seen.interrupts, 1);
    vio_mmio_config_changed(&m);
    assert_int_equal(seen.interrupts, 2);
    assert_int_equal(load(0x60), VIO_INTERRUPT_USED | VIO_INTERRUPT_CONFIG);
    assert_int_equal(load(0xfc), 1);
    store(0x64, VIO_INTERRUPT_USED);
    assert_int_equal(load(0x60), VIO_INTERRUPT_CONFIG);
    turn(0);
    assert_int_equal(seen.interrupts, 3);
    /* Another acknowledges for the driver. */
    vio_io_acknowledge(&interrupt_status, UINT32_MAX);
    assert_int_equal(vio_io_interrupts(&interrupt_status), 0);
    turn(0);
    assert_int_equal(seen.interrupts, 4);
    avail(0)->flags = VIO_NO_INTERRUPT;
    store(0x64, 3);
    turn(0);
    assert_int_equal(load(0x60), 0);
    /* With event indices. */
    start(VIO_F_EVENT_IDX);
    assert_int_equal(interrupt_status, 0);
    turn(2);
    assert_int_equal(load(0x60), VIO_INTERRUPT_USED);
    store(0x64, 1);
    turn(2);
    assert_int_equal(load(0x60), 0);
}

static void test_config(void **state)
{
    static const struct { uint32_t offset, size; uint64_t value; } row[] = {
        { 0x100, 1, 1 }, { 0x101, 1, 2 }, { 0x102, 2, 0x0403 }, { 0x104, 4, 0x08070605 },
        { 0x100, 8, UINT64_C(0x0807060504030201) }, { 0x108, 8, 0x0a09 }, { 0x10a, 2, 0 }, { 0x1fc, 4, 0 }, { 0x1ff, 1, 0 },
        { 0x101, 2, 0 }, { 0x102, 4, 0 }, { 0x104, 8, 0 }, { 0x100, 3, 0 }, { 0x100, 16, 0 }, { 0x100, 0, 0 },
        { 0xff, 1, 0 }, { 0x200, 1, 0 },
    };
    static const struct vio_mmio_device bare = { .id = VIO_ID_RNG, .queue_count = 1, .notify = on_notify,
                                                 .interrupt = on_interrupt };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_true(vio_mmio_read(&m, row[i].offset, row[i].size) == row[i].value);
    vio_mmio_write(&m, 0x102, 2, 0x1234);
    assert_int_equal(seen.writes, 1);
    assert_true(seen.written == (UINT64_C(2) << 32 | 2 << 16 | 0x1234));
    vio_mmio_write(&m, 0x101, 2, 0);
    vio_mmio_write(&m, 0x200, 4, 0);
    assert_int_equal(seen.writes, 1);
    /* A device without any. */
    vio_mmio_init(&m, &bare, &memory, &interrupt_status, &seen);
    assert_int_equal(vio_mmio_read(&m, 0x100, 4), 0);
    vio_mmio_write(&m, 0x100, 4, 1);
    store(STATUS, 0);
    store(0x30, 0);
    assert_int_equal(load(0x34), VIO_NUM_MAX);
}

/* Any access in any order; afterwards a driver that keeps the rules is served. */
static void test_random(void **state)
{
    uint64_t seed = 3;

    (void)state;
    for (uint32_t round = 0; round < 200; round++) {
        for (uint32_t n = 0; n < 300; n++) {
            uint64_t r = world_random(&seed), value = r >> 16;
            uint32_t offset = (uint32_t)(r % 0x210) & ~3u;

            value &= (r & 0x4000) != 0 ? 0xf : UINT64_MAX;
            if ((r & 0x8000) != 0)
                (void)vio_mmio_read(&m, offset, 1u << (r >> 60) % 4);
            else if ((r & 0x3000) == 0)
                set_up((uint32_t)value & 3, NUM);
            else
                vio_mmio_write(&m, offset, 4, value);
        }
        vio_mmio_reset(&m);
        start(round & 1 ? VIO_F_EVENT_IDX : 0);
        for (uint32_t queue = 0; queue < QUEUES; queue++)
            turn(queue);
        assert_int_equal(load(0x60), VIO_INTERRUPT_USED);
    }
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int test_mmio(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_registers), WITH(test_features), WITH(test_queues), WITH(test_live), WITH(test_interrupts),
        WITH(test_config), WITH(test_random),
    };

    return cmocka_run_group_tests_name("mmio", tests, NULL, NULL);
}
