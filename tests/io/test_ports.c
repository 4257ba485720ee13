/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports: what is said about them, and bytes both ways, none of which is lost. */
#include "world.h"

#include "ports.h"

#define SLOT        2u
#define CAP_GUEST   20u
#define COUNT       3u
#define QUEUES      (2 + 2 * COUNT)
#define CONTROL_RX  VIO_CONSOLE_CONTROL_RECEIVE
#define CONTROL_TX  VIO_CONSOLE_CONTROL_TRANSMIT

static struct ports ports;
static const struct mv_channel_config channels[COUNT] = {
    { .name = "first", .raise_cap = 0 }, { .name = "second", .raise_cap = 1 }, { .name = "third", .raise_cap = 2 },
};
static const struct io_port port_configs[COUNT] = {
    { "first", &channels[0] }, { "second", &channels[1] }, { "a name that is longer than any that is said in whole, which is 64 bytes long", &channels[2] },
};
static const struct io_device device = { .kind = IO_PORTS, .slot = SLOT, .raise_cap = CAP_GUEST, .name = "" };
static struct guest_queue queue[QUEUES];

#define PLACE(q, n) ((q) * 65536u + (n) * 1024u)

static uint32_t receive_queue(uint32_t port) { return port == 0 ? 0 : 2 + 2 * port; }
static uint32_t send_queue(uint32_t port) { return receive_queue(port) + 1; }

static void publish(uint32_t q)
{
    if (vio_driver_publish(&queue[q].q))
        guest_ring(SLOT, q);
}

static void offer(uint32_t q, uint32_t n, uint32_t bytes)
{
    struct vio_span span = guest_span(PLACE(q, n), bytes);

    assert_int_equal(vio_driver_add(&queue[q].q, &span, 0, 1, (void *)(uintptr_t)n), VIO_OK);
    publish(q);
}

static bool put(uint32_t q, uint32_t n, const void *bytes, uint32_t length)
{
    struct vio_span span = guest_span(PLACE(q, n), length);

    if (length != 0)
        memcpy(guest_data(PLACE(q, n)), bytes, length);
    if (vio_driver_add(&queue[q].q, &span, 1, 0, (void *)(uintptr_t)n) != VIO_OK)
        return false;
    publish(q);
    return true;
}

static int32_t take(uint32_t q, uint32_t *length)
{
    void *token;
    enum vio_status status = vio_driver_take(&queue[q].q, &token, length);

    assert_int_not_equal(status, VIO_BROKEN);
    return status == VIO_OK ? (int32_t)(uintptr_t)token : -1;
}

static void control(uint32_t id, uint16_t event, uint16_t value)
{
    struct vio_console_control c = { id, event, value };
    uint32_t length;

    assert_true(put(CONTROL_TX, 0, &c, sizeof(c)));
    assert_int_equal(take(CONTROL_TX, &length), 0);
}

/* The next message must be this. */
static void expect_said(uint32_t id, uint16_t event, const char *text)
{
    struct vio_console_control c;
    uint32_t length;
    int32_t n = take(CONTROL_RX, &length);

    assert_true(n >= 0);
    memcpy(&c, guest_data(PLACE(CONTROL_RX, (uint32_t)n)), sizeof(c));
    assert_int_equal(c.id, id);
    assert_int_equal(c.event, event);
    assert_int_equal(c.value, 1);
    assert_int_equal(length, sizeof(c) + strlen(text));
    assert_memory_equal(guest_data(PLACE(CONTROL_RX, (uint32_t)n)) + sizeof(c), text, strlen(text));
    offer(CONTROL_RX, (uint32_t)n, 128);
}

static void expect_silence(void)
{
    uint32_t length;

    assert_int_equal(take(CONTROL_RX, &length), -1);
}

static void begin(uint64_t features)
{
    guest_start(SLOT, features, queue, (features & VIO_CONSOLE_F_MULTIPORT) != 0 ? QUEUES : 2, 64, 0);
    world_turns(NULL);
}

static void begin_all(void)
{
    begin(guest_features(SLOT));
    for (uint32_t n = 0; n < 16; n++)
        offer(CONTROL_RX, n, 128);
    control(UINT32_MAX, VIO_CONSOLE_DEVICE_READY, 1);
    for (uint32_t i = 0; i < COUNT; i++)
        expect_said(i, VIO_CONSOLE_DEVICE_ADD, "");
    for (uint32_t i = 0; i < COUNT; i++) {
        control(i, VIO_CONSOLE_PORT_READY, 1);
        expect_said(i, VIO_CONSOLE_PORT_NAME, i == 2 ? "a name that is longer than any that is said in whole, which is 6"
                                                     : port_configs[i].name);
        expect_said(i, VIO_CONSOLE_PORT_OPEN, "");
    }
    expect_silence();
}

static int setup(void **state)
{
    (void)state;
    world_make(&device, 1, port_configs, COUNT);
    memset(&ports, 0, sizeof(ports));
    assert_true(ports_start(&ports, &device));
    return 0;
}

static void from_native(uint32_t port, const void *bytes, size_t size)
{
    struct fifo *f = &world.to_cell[port];

    assert_true(f->length + size <= WORLD_FIFO);
    memcpy(f->bytes + f->length, bytes, size);
    f->length += size;
    world_turns(&ports.slot);
}

/* ---- tests ------------------------------------------------------------------------------ */

static void test_registers(void **state)
{
    (void)state;
    assert_int_equal(guest_load(SLOT, 8), VIO_ID_CONSOLE);
    assert_int_equal(guest_features(SLOT), VIO_F_VERSION_1 | VIO_F_EVENT_IDX | VIO_CONSOLE_F_MULTIPORT);
    assert_int_equal(slot_read(SLOT, 0x104, 4), COUNT);
    for (uint32_t i = 0; i < 16; i++) {
        guest_store(SLOT, 0x30, i);
        assert_int_equal(guest_load(SLOT, 0x34) != 0, i < QUEUES);
    }
}

static void test_greeting(void **state)
{
    (void)state;
    begin_all();
    /* What makes no sense is passed over. */
    control(COUNT, VIO_CONSOLE_PORT_READY, 1);
    control(UINT32_MAX, VIO_CONSOLE_PORT_OPEN, 1);
    control(0, 99, 1);
    control(0, VIO_CONSOLE_PORT_READY, 0);
    control(UINT32_MAX, VIO_CONSOLE_DEVICE_READY, 0);
    expect_silence();
    assert_true(put(CONTROL_TX, 0, "abc", 3));
    assert_true(put(CONTROL_TX, 1, "", 0));
    assert_false(is_broken(SLOT));
    /* After a reset all is said again. */
    begin_all();
}

/* There are not enough buffers for what is to be said: it is said later. */
static void test_greeting_waits(void **state)
{
    (void)state;
    begin(guest_features(SLOT));
    control(0, VIO_CONSOLE_DEVICE_READY, 1);
    for (uint32_t i = 0; i < COUNT; i++)
        control(i, VIO_CONSOLE_PORT_READY, 1);
    expect_silence();
    offer(CONTROL_RX, 0, 128);
    expect_said(0, VIO_CONSOLE_DEVICE_ADD, "");
    expect_said(0, VIO_CONSOLE_PORT_NAME, "first");
    expect_said(0, VIO_CONSOLE_PORT_OPEN, "");
    expect_said(1, VIO_CONSOLE_DEVICE_ADD, "");
}

static void test_to_native(void **state)
{
    uint32_t length;

    (void)state;
    begin_all();
    control(1, VIO_CONSOLE_PORT_OPEN, 1);
    assert_true(put(send_queue(1), 0, "hello, ", 7));
    assert_true(put(send_queue(1), 1, "world", 5));
    assert_int_equal(world.from_cell[1].length, 12);
    assert_memory_equal(world.from_cell[1].bytes, "hello, world", 12);
    assert_int_equal(world.from_cell[0].length, 0);
    assert_int_equal(take(send_queue(1), &length), 0);
    assert_int_equal(take(send_queue(1), &length), 1);
}

/* The native cell is slow, and takes a few bytes at a time. */
static void test_native_is_slow(void **state)
{
    static uint8_t bytes[20000];
    uint32_t sent = 0, taken = 0, length;

    (void)state;
    begin_all();
    for (uint32_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)world_random();
    for (uint32_t n = 0; taken < sizeof(bytes); n++) {
        struct fifo *f = &world.from_cell[2];
        uint32_t part = world_below(900), got = world_below(WORLD_FIFO);

        part = part < sizeof(bytes) - sent ? part : (uint32_t)sizeof(bytes) - sent;
        if (sent < taken + 20000 && put(send_queue(2), n % 64, bytes + sent, part))
            sent += part;
        got = got < f->length ? got : (uint32_t)f->length;
        assert_memory_equal(f->bytes, bytes + taken, got);
        taken += got;
        f->length -= got;
        memmove(f->bytes, f->bytes + got, f->length);
        /* It has been full, and there is room now: the channel's vIRQ. */
        if (got > 0)
            world_turns(&ports.slot);
        while (take(send_queue(2), &length) >= 0)
            continue;
        assert_true(n < 100000);
    }
    assert_int_equal(sent, sizeof(bytes));
}

/* What comes before the guest has opened the port waits for that. */
static void test_from_native(void **state)
{
    uint32_t length;

    (void)state;
    begin_all();
    offer(receive_queue(0), 0, 4);
    offer(receive_queue(0), 1, 100);
    from_native(0, "early", 5);
    assert_int_equal(take(receive_queue(0), &length), -1);
    control(0, VIO_CONSOLE_PORT_OPEN, 1);
    assert_int_equal(take(receive_queue(0), &length), 0);
    assert_int_equal(length, 4);
    assert_memory_equal(guest_data(PLACE(receive_queue(0), 0)), "earl", 4);
    assert_int_equal(take(receive_queue(0), &length), 1);
    assert_int_equal(length, 1);
    /* Closed again: it waits again. */
    control(0, VIO_CONSOLE_PORT_OPEN, 0);
    offer(receive_queue(0), 2, 100);
    from_native(0, "late", 4);
    assert_int_equal(take(receive_queue(0), &length), -1);
    control(0, VIO_CONSOLE_PORT_OPEN, 1);
    assert_int_equal(take(receive_queue(0), &length), 2);
    assert_int_equal(length, 4);
    /* No buffer: it waits for one. */
    from_native(0, "more", 4);
    assert_int_equal(world.to_cell[0].length, 4);
    offer(receive_queue(0), 3, 100);
    assert_int_equal(take(receive_queue(0), &length), 3);
    assert_int_equal(world.to_cell[0].length, 0);
    from_native(0, "x", 1);
    offer(receive_queue(0), 4, 0);
    offer(receive_queue(0), 5, 10);
    assert_int_equal(take(receive_queue(0), &length), 4);
    assert_int_equal(take(receive_queue(0), &length), 5);
}

/* A driver that knows only one port. */
static void test_single(void **state)
{
    uint32_t length;

    (void)state;
    begin(guest_features(SLOT) & ~VIO_CONSOLE_F_MULTIPORT);
    offer(0, 0, 10);
    from_native(0, "abc", 3);
    assert_int_equal(take(0, &length), 0);
    assert_int_equal(length, 3);
    assert_true(put(1, 0, "def", 3));
    assert_memory_equal(world.from_cell[0].bytes, "def", 3);
}

static void test_reset(void **state)
{
    uint32_t length;

    (void)state;
    begin_all();
    control(0, VIO_CONSOLE_PORT_OPEN, 1);
    for (uint32_t n = 0; n < 3; n++)
        assert_true(put(send_queue(0), n, guest_data(0), 300));
    assert_int_equal(world.from_cell[0].length, WORLD_FIFO);
    slot_reset_all();
    world.from_cell[0].length = 0;
    world_turns(&ports.slot);
    assert_int_equal(world.from_cell[0].length, 0);
    begin_all();
    from_native(0, "abc", 3);
    offer(receive_queue(0), 0, 10);
    assert_int_equal(take(receive_queue(0), &length), -1);
    assert_true(put(send_queue(0), 0, "whole", 5));
    assert_memory_equal(world.from_cell[0].bytes, "whole", 5);
}

static void test_wrong_kind(void **state)
{
    struct vio_span span = guest_span(0, 16);

    (void)state;
    for (uint32_t q = 0; q < QUEUES; q++) {
        setup(NULL);
        begin_all();
        for (uint32_t i = 0; i < COUNT; i++)
            control(i, VIO_CONSOLE_PORT_OPEN, 1);
        /* Those to receive get something to read, the others something to write. */
        assert_int_equal(vio_driver_add(&queue[q].q, &span, q % 2 == 0, q % 2 != 0, NULL), VIO_OK);
        publish(q);
        if (q == CONTROL_RX)               /* it is behind buffers that are right */
            continue;
        for (uint32_t i = 0; i < COUNT; i++)
            from_native(i, "abc", 3);
        assert_true(is_broken(SLOT));
        begin_all();
    }
}

static void test_too_many(void **state)
{
    static struct io_port many[PORTS_MAX + 1];

    (void)state;
    for (uint32_t i = 0; i <= PORTS_MAX; i++)
        many[i] = port_configs[i % COUNT];
    world_make(&device, 1, many, PORTS_MAX + 1);
    assert_false(ports_start(&ports, &device));
    world_make(&device, 1, many, PORTS_MAX);
    assert_true(ports_start(&ports, &device));
    guest_store(SLOT, 0x30, 15);
    assert_int_not_equal(guest_load(SLOT, 0x34), 0);
}

int test_ports(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_registers, setup),
        cmocka_unit_test_setup(test_greeting, setup),
        cmocka_unit_test_setup(test_greeting_waits, setup),
        cmocka_unit_test_setup(test_to_native, setup),
        cmocka_unit_test_setup(test_native_is_slow, setup),
        cmocka_unit_test_setup(test_from_native, setup),
        cmocka_unit_test_setup(test_single, setup),
        cmocka_unit_test_setup(test_reset, setup),
        cmocka_unit_test_setup(test_wrong_kind, setup),
        cmocka_unit_test_setup(test_too_many, setup),
    };

    return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
