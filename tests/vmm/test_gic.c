/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of both interrupt controllers; banks: vCPUs 0-2, then SPIs. */
#include "world.h"

#define GICD(offset)       (MV_GUEST_GICD + (offset))
#define GICR(n, offset)    (MV_GUEST_GICR + (n) * MV_GUEST_GICR_BYTES + (offset))
#define SGI(n, offset)     GICR(n, 0x10000u + (offset))
#define VCPUS              3u
#define SPI                VCPUS      /* the first bank of shared interrupts */

static int setup_v2(void **state)
{
    (void)state;
    world_make(2, VCPUS, VMM_CONSOLE_NONE);
    return 0;
}

static int setup_v3(void **state)
{
    (void)state;
    world_make(3, VCPUS, VMM_CONSOLE_NONE);
    return 0;
}

static void read_only(uint64_t address, uint32_t value)
{
    assert_int_equal(LOAD(address), value);
    STORE(address, ~value);
    assert_int_equal(LOAD(address), value);
}

static void test_identity_v2(void **state)
{
    (void)state;
    read_only(GICD(4), 2 | (VCPUS - 1) << 5 | 1u << 10);
    read_only(GICD(8), 0x4d000000);
    read_only(GICD(0xfe8), 0x20);
    read_only(GICD(0xff0), 0x0d);
    read_only(GICD(0xffc), 0xb1);
    read_only(GICD(0x80), 0);
    read_only(GICD(0xe00), 0);
    read_only(GICD(0x1000), 0);
    STORE(GICD(0), ~0u);
    assert_int_equal(world.vgic[MV_VGIC_CONTROL][0], 1);
    assert_int_equal(LOAD(GICD(0)), 1);
    STORE(GICD(0), 0);
    assert_int_equal(LOAD(GICD(0)), 0);
    read_only(GICD(0xf00), 0);
}

static void test_identity_v3(void **state)
{
    (void)state;
    read_only(GICD(4), 2 | 1u << 10 | 9u << 19 | 1u << 25);
    read_only(GICD(8), 0x4d000000);
    read_only(GICD(0xffe8), 0x30);
    read_only(GICD(0xc), 0);
    STORE(GICD(0), ~0u);
    assert_int_equal(LOAD(GICD(0)), 0x12);
    STORE(GICD(0), 1);
    assert_int_equal(LOAD(GICD(0)), 0x10);
    assert_int_equal(world.vgic[MV_VGIC_CONTROL][0], 0);
}

/* Set and clear registers of one bit for each interrupt. */
static void bit_block(uint64_t set, uint64_t clear, enum mv_vgic_field field, uint32_t bank)
{
    world.vgic[field][bank] = 0;
    STORE(set, 0xa5a50000);
    STORE(set, 0x00010000);
    assert_int_equal(world.vgic[field][bank], 0xa5a50000);
    assert_int_equal(LOAD(set), 0xa5a50000);
    assert_int_equal(LOAD(clear), 0xa5a50000);
    STORE(clear, 0x80000000);
    STORE(clear, 0);
    assert_int_equal(LOAD(set), 0x25a50000);
    /* Only words. */
    for (unsigned log2 = 0; log2 < 2; log2++) {
        world_store(0, set, log2, 0xff);
        assert_int_equal(world_load(0, set, log2), 0);
    }
    if (set % 8 == 0) {
        world_store(0, set, 3, ~UINT64_C(0));
        assert_int_equal(world_load(0, set, 3), 0);
    }
    assert_int_equal(world.vgic[field][bank], 0x25a50000);
}

static const struct { uint32_t set, clear; enum mv_vgic_field field; } blocks[] = {
    { 0x100, 0x180, MV_VGIC_ENABLED }, { 0x200, 0x280, MV_VGIC_PENDING }, { 0x300, 0x380, MV_VGIC_ACTIVE },
};

static void test_bits_v2(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        bit_block(GICD(blocks[i].set), GICD(blocks[i].clear), blocks[i].field, 0);
        bit_block(GICD(blocks[i].set + 4), GICD(blocks[i].clear + 4), blocks[i].field, SPI);
        bit_block(GICD(blocks[i].set + 8), GICD(blocks[i].clear + 8), blocks[i].field, SPI + 1);
        read_only(GICD(blocks[i].set + 12), 0);
        read_only(GICD(blocks[i].clear + 0x7c), 0);
        /* Ids 0-31 are each vCPU's own. */
        world_store(2, GICD(blocks[i].set), 2, 1u << 20);
        assert_int_equal(world.vgic[blocks[i].field][2], 1u << 20);
        assert_int_equal(world_load(2, GICD(blocks[i].clear), 2), 1u << 20);
    }
    /* SGIs are neither made pending nor not so here. */
    STORE(GICD(0x200), 0xffff);
    assert_int_equal(LOAD(GICD(0x200)) & 0xffff, 0);
    world.vgic[MV_VGIC_PENDING][0] = 0xffff;
    STORE(GICD(0x280), 0xffff);
    assert_int_equal(LOAD(GICD(0x200)), 0xffff);
    STORE(GICD(0x100), 0xffff);
    assert_int_equal(LOAD(GICD(0x100)) & 0xffff, 0xffff);
}

static void test_bits_v3(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        bit_block(GICD(blocks[i].set + 4), GICD(blocks[i].clear + 4), blocks[i].field, SPI);
        bit_block(GICD(blocks[i].set + 8), GICD(blocks[i].clear + 8), blocks[i].field, SPI + 1);
        read_only(GICD(blocks[i].set), 0);
        read_only(GICD(blocks[i].set + 12), 0);
        for (unsigned n = 0; n < VCPUS; n++) {
            bit_block(SGI(n, blocks[i].set), SGI(n, blocks[i].clear), blocks[i].field, n);
            read_only(SGI(n, blocks[i].set + 4), 0);
        }
    }
    STORE(SGI(1, 0x200), 0xffff);
    assert_int_equal(LOAD(SGI(1, 0x280)) & 0xffff, 0xffff);
}

static void priority_block(uint64_t at, uint32_t word)
{
    uint32_t *p = &world.vgic[MV_VGIC_PRIORITY][word];

    STORE(at, 0xffa75301);
    assert_int_equal(*p, 0xf8a05000);
    assert_int_equal(LOAD(at), 0xf8a05000);
    world_store(0, at + 1, 0, 0x1ff);
    assert_int_equal(*p, 0xf8a0f800);
    world_store(0, at + 3, 0, 0);
    assert_int_equal(LOAD(at), 0x00a0f800);
    assert_int_equal(world_load(0, at + 2, 0), 0xa0);
    world_store(0, at, 1, 0xffff);
    assert_int_equal(LOAD(at), 0x00a0f800);
}

static void test_priorities(void **state)
{
    (void)state;
    priority_block(GICD(0x400 + 4), 1);
    priority_block(GICD(0x400 + 32), 8 * SPI);
    priority_block(GICD(0x400 + 92), 8 * SPI + 15);
    read_only(GICD(0x400 + 96), 0);
    read_only(GICD(0x7fc), 0);
    setup_v3(NULL);
    read_only(GICD(0x400), 0);
    priority_block(GICD(0x400 + 32), 8 * SPI);
    priority_block(SGI(2, 0x400 + 28), 8 * 2 + 7);
    read_only(SGI(2, 0x400 + 32), 0);
}

static void test_triggers(void **state)
{
    (void)state;
    for (int v3 = 0; v3 < 2; v3++) {
        uint64_t own = v3 ? SGI(0, 0xc00) : GICD(0xc00);

        if (v3)
            setup_v3(NULL);
        world.vgic[MV_VGIC_EDGE][0] = 0xffff;
        read_only(own, 0xaaaaaaaa);
        read_only(own + 4, 0);
        STORE(GICD(0xc08), 0x88822229);
        assert_int_equal(world.vgic[MV_VGIC_EDGE][SPI], 0xa956);
        assert_int_equal(LOAD(GICD(0xc08)), 0x88822228);
        STORE(GICD(0xc0c), 0xffffffff);
        assert_int_equal(world.vgic[MV_VGIC_EDGE][SPI], 0xffffa956);
        STORE(GICD(0xc08), 0);
        assert_int_equal(world.vgic[MV_VGIC_EDGE][SPI], 0xffff0000);
        read_only(GICD(0xc18), 0);
        if (v3)
            read_only(GICD(0xc00), 0);
    }
}

static void test_targets(void **state)
{
    const uint32_t *target = &world.vgic[MV_VGIC_TARGET][8 * SPI];

    (void)state;
    for (uint32_t n = 0; n < VCPUS; n++) {
        assert_int_equal(world_load(n, GICD(0x800), 2), (1u << n) * 0x01010101u);
        assert_int_equal(world_load(n, GICD(0x81f), 0), 1u << n);
    }
    read_only(GICD(0x800), 0x01010101);
    STORE(GICD(0x820), 0xff06040a);
    assert_int_equal(LOAD(GICD(0x820)), 0x07060402);
    assert_int_equal(target[0], 0x00010201);
    world_store(0, GICD(0x821), 0, 0xf8);
    assert_int_equal(LOAD(GICD(0x820)), 0x07060002);
    assert_int_equal(target[0], 0x0001ff01);
    world_store(0, GICD(0x822), 1, 0x0101);
    assert_int_equal(LOAD(GICD(0x820)), 0x07060002);
    assert_int_equal(LOAD(GICD(0x824)), 0x01010101);
    STORE(GICD(0x85c), 0x02020202);
    assert_int_equal(world.vgic[MV_VGIC_TARGET][8 * SPI + 15], 0x01010101);
    read_only(GICD(0x860), 0);
    read_only(GICD(0xbfc), 0);
    /* One vCPU is every interrupt's target. */
    world_make(2, 1, VMM_CONSOLE_NONE);
    read_only(GICD(0x800), 0);
    read_only(GICD(0x820), 0);
}

static void test_sgis_v2(void **state)
{
    (void)state;
    STORE(GICD(0xf00), 0xff0003 | 0x8000);
    for (uint32_t n = 0; n < VCPUS; n++)
        assert_int_equal(world.vgic[MV_VGIC_TARGET][8 * n], 0x01000000);
    world_store(1, GICD(0xf00), 2, 1u << 24 | 5);
    assert_int_equal(world.vgic[MV_VGIC_TARGET][1], 0x200);
    assert_int_equal(world.vgic[MV_VGIC_TARGET][8 + 1], 0);
    world_store(2, GICD(0xf00), 2, 2u << 24 | 15);
    assert_int_equal(world.vgic[MV_VGIC_TARGET][8 * 2 + 3], 0x04000000);
    world_store(2, GICD(0xf00), 2, 3u << 24 | 0xff0001);
    assert_int_equal(world.vgic[MV_VGIC_TARGET][0], 0x01000000);

    memset(world.vgic, 0, sizeof(world.vgic));
    STORE(GICD(0xf20), 0xff020104);
    assert_int_equal(LOAD(GICD(0xf20)), 0x07020104);
    assert_int_equal(LOAD(GICD(0xf10)), 0x07020104);
    world_store(0, GICD(0xf13), 0, 3);
    assert_int_equal(LOAD(GICD(0xf20)), 0x04020104);
    assert_int_equal(world_load(0, GICD(0xf23), 0), 4);
    world_store(0, GICD(0xf2f), 0, 1);
    assert_int_equal(world.vgic[MV_VGIC_TARGET][3], 0x01000000);
    assert_int_equal(world_load(1, GICD(0xf20), 2), 0);
}

static void test_routes(void **state)
{
    uint64_t at = GICD(0x6000 + 33 * 8);
    const uint32_t *target = &world.vgic[MV_VGIC_TARGET][8 * SPI];

    (void)state;
    world_store(0, at, 3, 2);
    assert_int_equal(world_load(0, at, 3), 2);
    assert_int_equal(target[0], 0x200);
    world_store(0, at, 3, ~UINT64_C(0));
    assert_int_equal(world_load(0, at, 3), UINT64_C(0xff00ffffff));
    assert_int_equal(target[0], 0xff00);
    world_store(0, at, 2, 1);
    assert_int_equal(target[0], 0xff00);
    assert_int_equal(world_load(0, at + 4, 2), 0xff);
    world_store(0, at + 4, 2, 0);
    assert_int_equal(target[0], 0x100);
    assert_int_equal(world_load(0, at, 2), 1);
    world_store(0, at, 0, 0);
    world_store(0, at, 1, 0);
    assert_int_equal(world_load(0, at, 3), 1);
    assert_int_equal(world_load(0, at, 1), 0);
    world_store(0, GICD(0x6000 + 95 * 8), 3, 1);
    assert_int_equal(world.vgic[MV_VGIC_TARGET][8 * SPI + 15], 0x01000000);
    world_store(0, GICD(0x6000 + 31 * 8), 3, 1);
    assert_int_equal(world_load(0, GICD(0x6000 + 31 * 8), 3), 0);
    world_store(0, GICD(0x6000 + 96 * 8), 3, 1);
    assert_int_equal(world_load(0, GICD(0x6000 + 96 * 8), 3), 0);
}

static void test_old_registers_v3(void **state)
{
    static const uint32_t offsets[] = { 0x10, 0x40, 0x48, 0x80, 0x84, 0x800, 0x820, 0xd00, 0xe00, 0xf00, 0xf10, 0xf20 };

    (void)state;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
        read_only(GICD(offsets[i]), 0);
}

static void test_redistributors(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < VCPUS; n++) {
        uint64_t typer = n << 32 | n << 8 | (n == VCPUS - 1 ? 1u << 4 : 0);

        assert_int_equal(world_load(0, GICR(n, 8), 3), typer);
        assert_int_equal(LOAD(GICR(n, 8)), (uint32_t)typer);
        assert_int_equal(LOAD(GICR(n, 12)), n);
        world_store(0, GICR(n, 8), 3, ~typer);
        assert_int_equal(world_load(0, GICR(n, 8), 3), typer);
        assert_int_equal(world_load(0, GICR(n, 8), 0), 0);
        read_only(GICR(n, 0), 0);
        read_only(GICR(n, 4), 0x4d000000);
        read_only(GICR(n, 0x14), 0);
        read_only(GICR(n, 0x70), 0);
        read_only(GICR(n, 0xffe8), 0x30);
        read_only(SGI(n, 0x80), 0);
        read_only(SGI(n, 0xe00), 0);
        read_only(SGI(n, 0xfffc), 0);
    }
}

/* What only the VMM holds is as at power-on after a reset. */
static void test_reset(void **state)
{
    (void)state;
    STORE(GICD(0x820), 0x02020202);
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(LOAD(GICD(0x820)), 0x01010101);
    setup_v3(NULL);
    world_store(0, GICD(0x6000 + 40 * 8), 3, 1);
    (void)world_call(0, 0x84000009, 0, 0, 0);
    assert_int_equal(world_load(0, GICD(0x6000 + 40 * 8), 3), 0);
}

int test_gic(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_identity_v2, setup_v2),
        cmocka_unit_test_setup(test_identity_v3, setup_v3),
        cmocka_unit_test_setup(test_bits_v2, setup_v2),
        cmocka_unit_test_setup(test_bits_v3, setup_v3),
        cmocka_unit_test_setup(test_priorities, setup_v2),
        cmocka_unit_test_setup(test_triggers, setup_v2),
        cmocka_unit_test_setup(test_targets, setup_v2),
        cmocka_unit_test_setup(test_sgis_v2, setup_v2),
        cmocka_unit_test_setup(test_routes, setup_v3),
        cmocka_unit_test_setup(test_old_registers_v3, setup_v3),
        cmocka_unit_test_setup(test_redistributors, setup_v3),
        cmocka_unit_test_setup(test_reset, setup_v2),
    };

    return cmocka_run_group_tests_name("gic", tests, NULL, NULL);
}
