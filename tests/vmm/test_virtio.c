/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio: the transport, rings that are right and rings that are not. */
#include "world.h"

#include "random.h"

#define SLOT(n, offset)  (MV_GUEST_VIRTIO + (n) * MV_GUEST_VIRTIO_BYTES + (offset))
#define CONSOLE          MV_GUEST_VIRTIO_CONSOLE
#define RNG              MV_GUEST_VIRTIO_RNG
#define NUM              8u
#define STATUS           0x70u
#define NEEDS_RESET      64u

/* The driver's side of one queue; each lies in a page of its own. */
struct ring {
    struct { uint64_t address; uint32_t length; uint16_t flags, next; } desc[NUM];
    struct { uint16_t flags, index, ring[NUM], event; } available;
    uint8_t pad[48];
    struct { uint16_t flags, index; struct { uint32_t id, length; } ring[NUM]; } used;
};

static struct ring *ring(uint32_t queue)
{
    return (struct ring *)(void *)(world.ram + 4096 * (queue + 1));
}

static uint64_t address_of(const void *p)
{
    return (uintptr_t)p;
}

static uint8_t *buffer(uint32_t n)
{
    return world.ram + 65536 + 4096 * n;
}

static int setup(void **state)
{
    (void)state;
    world_make(3, 1, VMM_CONSOLE_VIRTIO);
    return 0;
}

static void set64(uint32_t slot, uint32_t offset, uint64_t value)
{
    STORE(SLOT(slot, offset), (uint32_t)value);
    STORE(SLOT(slot, offset + 4), (uint32_t)(value >> 32));
}

static void features(uint32_t slot)
{
    STORE(SLOT(slot, STATUS), 0);
    STORE(SLOT(slot, STATUS), 1);
    STORE(SLOT(slot, STATUS), 3);
    STORE(SLOT(slot, 0x24), 1);
    STORE(SLOT(slot, 0x20), 1);
    STORE(SLOT(slot, STATUS), 11);
}

static void set_up(uint32_t slot, uint32_t queue)
{
    struct ring *r = ring(queue);

    memset(r, 0, sizeof(*r));
    STORE(SLOT(slot, 0x30), queue);
    STORE(SLOT(slot, 0x38), NUM);
    set64(slot, 0x80, address_of(r->desc));
    set64(slot, 0x90, address_of(&r->available));
    set64(slot, 0xa0, address_of(&r->used));
    STORE(SLOT(slot, 0x44), 1);
    assert_int_equal(LOAD(SLOT(slot, 0x44)), 1);
}

static void start(uint32_t slot, uint32_t queues)
{
    features(slot);
    for (uint32_t i = 0; i < queues; i++)
        set_up(slot, i);
    STORE(SLOT(slot, STATUS), 15);
    assert_int_equal(LOAD(SLOT(slot, STATUS)), 15);
}

static void describe(uint32_t queue, uint16_t n, const void *at, uint32_t length, uint16_t flags, uint16_t next)
{
    ring(queue)->desc[n].address = address_of(at);
    ring(queue)->desc[n].length = length;
    ring(queue)->desc[n].flags = flags;
    ring(queue)->desc[n].next = next;
}

static void offer(uint32_t slot, uint32_t queue, uint16_t head)
{
    struct ring *r = ring(queue);

    r->available.ring[r->available.index % NUM] = head;
    r->available.index++;
    STORE(SLOT(slot, 0x50), queue);
}

static bool broken(uint32_t slot)
{
    return (LOAD(SLOT(slot, STATUS)) & NEEDS_RESET) != 0;
}

static void test_slots(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < MV_GUEST_VIRTIO_COUNT; n++) {
        assert_int_equal(LOAD(SLOT(n, 0)), 0x74726976);
        assert_int_equal(LOAD(SLOT(n, 4)), 2);
        assert_int_equal(LOAD(SLOT(n, 8)), n == CONSOLE ? 3 : n == RNG ? 4 : 0);
        STORE(SLOT(n, 8), 7);
        STORE(SLOT(n, 0x50), 7);
        assert_int_equal(world_load(0, SLOT(n, 0), 0), 0);
        assert_int_equal(world_load(0, SLOT(n, 0), 3), 0);
    }
    world_make(3, 1, VMM_CONSOLE_PL011);
    assert_int_equal(LOAD(SLOT(CONSOLE, 8)), 0);
}

static void test_features(void **state)
{
    (void)state;
    STORE(SLOT(RNG, 0x14), 0);
    assert_int_equal(LOAD(SLOT(RNG, 0x10)), 0);
    STORE(SLOT(RNG, 0x14), 1);
    assert_int_equal(LOAD(SLOT(RNG, 0x10)), 1);
    STORE(SLOT(RNG, 0x14), 2);
    assert_int_equal(LOAD(SLOT(RNG, 0x10)), 0);
    /* Without VERSION_1, or with what is not offered: refused. */
    STORE(SLOT(RNG, STATUS), 11);
    assert_int_equal(LOAD(SLOT(RNG, STATUS)), 3);
    STORE(SLOT(RNG, STATUS), 15);
    assert_int_equal(LOAD(SLOT(RNG, STATUS)), 3);
    STORE(SLOT(RNG, 0x24), 1);
    STORE(SLOT(RNG, 0x20), 3);
    STORE(SLOT(RNG, STATUS), 11);
    assert_int_equal(LOAD(SLOT(RNG, STATUS)), 3);
    STORE(SLOT(RNG, 0x20), 1);
    STORE(SLOT(RNG, STATUS), 11);
    assert_int_equal(LOAD(SLOT(RNG, STATUS)), 11);
    /* Later it is too late, and bits are not cleared one by one. */
    STORE(SLOT(RNG, 0x20), 3);
    STORE(SLOT(RNG, STATUS), 15);
    STORE(SLOT(RNG, STATUS), 1);
    assert_int_equal(LOAD(SLOT(RNG, STATUS)), 15);
    STORE(SLOT(RNG, STATUS), 0);
    assert_int_equal(LOAD(SLOT(RNG, STATUS)), 0);
}

static void test_registers(void **state)
{
    (void)state;
    features(CONSOLE);
    for (uint32_t queue = 0; queue < 4; queue++) {
        STORE(SLOT(CONSOLE, 0x30), queue);
        assert_int_equal(LOAD(SLOT(CONSOLE, 0x34)), queue < 2 ? 256 : 0);
        assert_int_equal(LOAD(SLOT(CONSOLE, 0x44)), 0);
    }
    STORE(SLOT(CONSOLE, 0x44), 1);
    assert_int_equal(LOAD(SLOT(CONSOLE, 0x44)), 0);
    assert_int_equal(LOAD(SLOT(CONSOLE, 0xb0)), UINT32_MAX);
    assert_int_equal(LOAD(SLOT(CONSOLE, 0xbc)), UINT32_MAX);
    assert_int_equal(LOAD(SLOT(CONSOLE, 0xfc)), 0);
    assert_int_equal(LOAD(SLOT(CONSOLE, 0x100)), 0);
}

static void test_queue_places(void **state)
{
    const uint64_t end = address_of(world.ram) + WORLD_RAM_BYTES;
    const struct { uint32_t num; uint64_t desc, driver, device; } row[] = {
        { 0, 0, 0, 0 }, { 3, 0, 0, 0 }, { 512, 0, 0, 0 }, { UINT32_MAX, 0, 0, 0 },
        { NUM, 8, 0, 0 }, { NUM, 0, 1, 0 }, { NUM, 0, 0, 2 },
        { NUM, end - 16 * NUM + 16, 0, 0 }, { NUM, 0, end - 6 - 2 * NUM + 2, 0 }, { NUM, 0, 0, end - 6 - 8 * NUM + 6 },
        { NUM, end, 0, 0 }, { NUM, UINT64_C(0) - 64, 0, 0 }, { NUM, 0, MV_GUEST_UART, 0 }, { NUM, 0, 0, 16 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        uint64_t ram = address_of(world.ram);
        uint64_t desc = row[i].desc, driver = row[i].driver, device = row[i].device;

        features(RNG);
        STORE(SLOT(RNG, 0x30), 0);
        STORE(SLOT(RNG, 0x38), row[i].num);
        set64(RNG, 0x80, desc < 16 && desc != 0 ? ram + desc : desc == 0 ? ram : desc);
        set64(RNG, 0x90, driver < 16 ? ram + 4096 + driver : driver);
        set64(RNG, 0xa0, device < 16 ? ram + 8192 + device : device);
        STORE(SLOT(RNG, 0x44), 1);
        assert_true(broken(RNG));
        assert_int_equal(LOAD(SLOT(RNG, 0x44)), 0);
    }
    /* Before the features are settled there is no queue. */
    STORE(SLOT(RNG, STATUS), 0);
    STORE(SLOT(RNG, STATUS), 3);
    STORE(SLOT(RNG, 0x44), 1);
    assert_true(broken(RNG));
    start(RNG, 1);
}

static void test_console_sends(void **state)
{
    const struct ring *r = ring(1);

    (void)state;
    start(CONSOLE, 2);
    memcpy(buffer(0), "hello, ", 7);
    memcpy(buffer(1), "world\n", 6);
    describe(1, 3, buffer(0), 7, 1, 5);
    describe(1, 5, buffer(1), 6, 0, 0);
    offer(CONSOLE, 1, 3);
    assert_memory_equal(world.out, "hello, world\n", 13);
    assert_int_equal(r->used.index, 1);
    assert_int_equal(r->used.ring[0].id, 3);
    assert_int_equal(r->used.ring[0].length, 0);
    assert_int_equal(LOAD(SLOT(CONSOLE, 0x60)), 1);
    assert_true(world_line(MV_GUEST_SPI_VIRTIO + CONSOLE));
    STORE(SLOT(CONSOLE, 0x64), 1);
    assert_false(world_line(MV_GUEST_SPI_VIRTIO + CONSOLE));
    /* The driver may do without the interrupt. */
    ring(1)->available.flags = 1;
    offer(CONSOLE, 1, 5);
    assert_int_equal(r->used.index, 2);
    assert_false(world_line(MV_GUEST_SPI_VIRTIO + CONSOLE));
}

static void test_console_holds_back(void **state)
{
    const struct ring *r = ring(1);

    (void)state;
    start(CONSOLE, 2);
    for (int i = 0; i < 3000; i++)
        buffer(0)[i] = (uint8_t)i;
    describe(1, 0, buffer(0), 1000, 1, 1);
    describe(1, 1, buffer(0) + 1000, 2000, 0, 0);
    world.out_space = 700;
    offer(CONSOLE, 1, 0);
    for (int part = 0; part < 4; part++) {
        assert_int_equal(r->used.index, 0);
        world.out_space = 700;
        world_console_event();
    }
    assert_int_equal(r->used.index, 1);
    assert_int_equal(world.out_length, 3000);
    assert_memory_equal(world.out, buffer(0), 3000);
}

/* What the console has of a buffer does not count for the next life's. */
static void test_console_forgets(void **state)
{
    (void)state;
    for (int life = 0; life < 3; life++) {
        start(CONSOLE, 2);
        memcpy(buffer(0), "0123456789", 10);
        describe(1, 0, buffer(0), 10, 0, 0);
        world.out_length = 0;
        world.out_space = life < 2 ? 4 : 100;
        offer(CONSOLE, 1, 0);
        assert_int_equal(world.out_length, life < 2 ? 4 : 10);
        if (life == 0)
            (void)world_call(0, 0x84000009, 0, 0, 0);
    }
    assert_memory_equal(world.out, "0123456789", 10);
}

static void test_console_receives(void **state)
{
    const struct ring *r = ring(0);

    (void)state;
    start(CONSOLE, 2);
    world_type("early");
    assert_int_equal(world.in_length, 5);
    describe(0, 0, buffer(0), 2, 3, 1);
    describe(0, 1, buffer(1), 100, 2, 0);
    offer(CONSOLE, 0, 0);
    assert_int_equal(r->used.index, 1);
    assert_int_equal(r->used.ring[0].length, 5);
    assert_memory_equal(buffer(0), "ea", 2);
    assert_memory_equal(buffer(1), "rly", 3);
    offer(CONSOLE, 0, 0);
    assert_int_equal(r->used.index, 1);
    world_type("x");
    assert_int_equal(r->used.index, 2);
    assert_int_equal(r->used.ring[1].length, 1);
    assert_true(world_line(MV_GUEST_SPI_VIRTIO + CONSOLE));
}

static void test_random_device(void **state)
{
    const struct ring *r = ring(0);
    static const uint8_t nothing[4096];

    (void)state;
    start(RNG, 1);
    describe(0, 0, buffer(0), 64, 2, 0);
    describe(0, 1, buffer(1), 64, 2, 0);
    describe(0, 2, world.ram + 131072, 100000, 2, 0);
    offer(RNG, 0, 0);
    offer(RNG, 0, 1);
    offer(RNG, 0, 2);
    assert_int_equal(r->used.index, 3);
    assert_int_equal(r->used.ring[0].length, 64);
    assert_int_equal(r->used.ring[2].length, 4096);
    assert_memory_not_equal(buffer(0), nothing, 64);
    assert_memory_not_equal(buffer(0), buffer(1), 64);
    assert_memory_equal(world.ram + 131072 + 4096, nothing, 4096);
    assert_true(world_line(MV_GUEST_SPI_VIRTIO + RNG));
}

/* RFC 8439, 2.3.2. */
static void test_chacha(void **state)
{
    static const uint32_t want[16] = {
        0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
        0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
    };
    static const uint32_t nonce[3] = { 0x09000000, 0x4a000000, 0 };
    uint32_t key[8], out[16];

    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        key[i] = 0x03020100 + 0x04040404 * i;
    random_block(out, key, 1, nonce);
    assert_memory_equal(out, want, sizeof(want));
}

static void break_with(void (*how)(struct ring *r))
{
    setup(NULL);
    start(CONSOLE, 2);
    describe(1, 0, buffer(0), 8, 1, 1);
    describe(1, 1, buffer(1), 8, 0, 0);
    how(ring(1));
    offer(CONSOLE, 1, ring(1)->desc[7].next != 0 ? ring(1)->desc[7].next : 0);
    assert_true(broken(CONSOLE));
    assert_int_equal(LOAD(SLOT(CONSOLE, 0x60)) & 2, 2);
    assert_true(world_line(MV_GUEST_SPI_VIRTIO + CONSOLE));
    assert_int_equal(world.out_length, 0);
    /* It rests, until it is reset. */
    describe(1, 0, buffer(0), 8, 0, 0);
    offer(CONSOLE, 1, 0);
    world_type("k");
    assert_int_equal(world.out_length, 0);
    start(CONSOLE, 2);
    assert_false(world_line(MV_GUEST_SPI_VIRTIO + CONSOLE));
    describe(1, 0, buffer(0), 8, 0, 0);
    offer(CONSOLE, 1, 0);
    assert_int_equal(world.out_length, 8);
}

static void make_loop(struct ring *r) { r->desc[1].flags = 1; r->desc[1].next = 0; }
static void make_far_next(struct ring *r) { r->desc[0].next = NUM; }
static void make_indirect(struct ring *r) { r->desc[1].flags = 4; }
static void make_writable(struct ring *r) { r->desc[1].flags = 2; }
static void make_flags(struct ring *r) { r->desc[0].flags = 0x8001; }
static void make_far_head(struct ring *r) { r->desc[7].next = 0xffff; }
static void make_index(struct ring *r) { r->available.index = NUM; }
static void make_below(struct ring *r) { r->desc[1].address = address_of(world.ram) - 1; }
static void make_beyond(struct ring *r) { r->desc[1].address = address_of(world.ram) + WORLD_RAM_BYTES - 7; }
static void make_wrap(struct ring *r) { r->desc[1].address = ~UINT64_C(0); r->desc[1].length = UINT32_MAX; }
static void make_long(struct ring *r) { r->desc[1].length = UINT32_MAX; }

static void test_bad_chains(void **state)
{
    (void)state;
    break_with(make_loop);
    break_with(make_far_next);
    break_with(make_indirect);
    break_with(make_writable);
    break_with(make_flags);
    break_with(make_far_head);
    break_with(make_index);
}

static void test_bad_addresses(void **state)
{
    (void)state;
    break_with(make_below);
    break_with(make_beyond);
    break_with(make_wrap);
    break_with(make_long);
}

/* Reset, in all its forms, forgets the queues. */
static void test_reset(void **state)
{
    (void)state;
    start(RNG, 1);
    describe(0, 0, buffer(0), 64, 2, 0);
    offer(RNG, 0, 0);
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(LOAD(SLOT(RNG, STATUS)), 0);
    assert_int_equal(LOAD(SLOT(RNG, 0x60)), 0);
    offer(RNG, 0, 0);
    assert_int_equal(ring(0)->used.index, 1);
    start(RNG, 1);
    STORE(SLOT(RNG, 0x44), 0);
    describe(0, 0, buffer(0), 64, 2, 0);
    offer(RNG, 0, 0);
    assert_int_equal(ring(0)->used.index, 0);
}

static void test_queue_is_fixed_while_ready(void **state)
{
    (void)state;
    start(RNG, 1);
    STORE(SLOT(RNG, 0x38), 0);
    set64(RNG, 0x80, 0);
    describe(0, 0, buffer(0), 64, 2, 0);
    offer(RNG, 0, 0);
    assert_int_equal(ring(0)->used.index, 1);
    assert_false(broken(RNG));
}

/* The 16-bit indices go round. */
static void test_indices_wrap(void **state)
{
    (void)state;
    start(CONSOLE, 2);
    buffer(0)[0] = 'w';
    describe(1, 2, buffer(0), 1, 0, 0);
    for (uint32_t i = 0; i < 70000; i++)
        offer(CONSOLE, 1, 2);
    assert_int_equal(ring(1)->used.index, 70000 % 65536);
    assert_false(broken(CONSOLE));
}

int test_virtio(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_slots, setup),
        cmocka_unit_test_setup(test_features, setup),
        cmocka_unit_test_setup(test_registers, setup),
        cmocka_unit_test_setup(test_queue_places, setup),
        cmocka_unit_test_setup(test_console_sends, setup),
        cmocka_unit_test_setup(test_console_holds_back, setup),
        cmocka_unit_test_setup(test_console_forgets, setup),
        cmocka_unit_test_setup(test_console_receives, setup),
        cmocka_unit_test_setup(test_random_device, setup),
        cmocka_unit_test_setup(test_chacha, setup),
        cmocka_unit_test_setup(test_bad_chains, setup),
        cmocka_unit_test_setup(test_bad_addresses, setup),
        cmocka_unit_test_setup(test_reset, setup),
        cmocka_unit_test_setup(test_queue_is_fixed_while_ready, setup),
        cmocka_unit_test_setup(test_indices_wrap, setup),
    };

    return cmocka_run_group_tests_name("virtio", tests, NULL, NULL);
}
