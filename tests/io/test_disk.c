/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk: requests that are right and wrong, and a block cell that is right, wrong,
 * silent, or gone. Turns are given only for what has been announced. */
#include "world.h"

#include "disk.h"

#define SLOT        2u
#define CAP_GUEST   1u                     /* the interrupt in the guest */
#define CAP_CLIENT  2u                     /* the io cell's line of the link */
#define CAP_SERVER  3u
#define LINK_BYTES  0x80000u
#define SECTORS     4096u
#define TAG_MAX     256u
#define IN          VIO_BLOCK_IN
#define OUT         VIO_BLOCK_OUT

static struct disk disk;
static struct world_link link_ends;
static struct io_device device;
static struct vio_link_server server;
static struct guest_queue queue;
static uint8_t image[SECTORS * 512];
static uint64_t heard;                     /* raises of the client that have been delivered */

/* ---- the block cell ------------------------------------------------------------------- */

struct held {
    struct vio_chain chain;
    struct vio_part part[DISK_PIECE_BUFFERS + 2];
};
static struct held held[DISK_PIECES];
static uint32_t held_count;

/* How it behaves. */
static struct {
    bool     shuffled;                     /* answers in any order */
    uint8_t  status;                       /* of all answers */
    int32_t  length_more;                  /* than it should say */
    uint32_t flushes, served, most;
} mode;

static void server_open(uint64_t capacity, uint64_t features)
{
    struct vio_block_config config = { .capacity = capacity };

    assert_true(vio_link_server_open(&server, &link_ends.end[1], VIO_ID_BLOCK, features, &config, sizeof(config)));
    held_count = 0;
}

static void answer(const struct held *h)
{
    struct vio_block_header header;
    const struct vio_part *in = h->part + h->chain.out_count;
    uint32_t bytes = 0;

    assert_int_equal(vio_parts_get(h->part, h->chain.out_count, 0, &header, sizeof(header)), sizeof(header));
    assert_true(h->chain.in_bytes >= 1);
    if (mode.status == VIO_BLOCK_OK && header.type == IN) {
        bytes = (uint32_t)h->chain.in_bytes - 1;
        assert_true(header.sector * 512 + bytes <= sizeof(image));
        (void)vio_parts_put(in, h->chain.in_count, 0, image + header.sector * 512, bytes);
    } else if (mode.status == VIO_BLOCK_OK && header.type == OUT) {
        uint64_t out = h->chain.out_bytes - sizeof(header);

        assert_true(header.sector * 512 + out <= sizeof(image));
        (void)vio_parts_get(h->part, h->chain.out_count, sizeof(header), image + header.sector * 512, out);
    }
    mode.flushes += header.type == VIO_BLOCK_FLUSH;
    mode.served++;
    (void)vio_parts_put(in, h->chain.in_count, h->chain.in_bytes - 1, &mode.status, 1);
    vio_device_done(&server.queue[0], h->chain.head, (uint32_t)((int32_t)bytes + 1 + mode.length_more));
}

static void server_take(void)
{
    while (held_count < DISK_PIECES) {
        struct held *h = &held[held_count];

        h->chain = (struct vio_chain){ .part = h->part, .part_max = DISK_PIECE_BUFFERS + 2 };
        if (vio_device_next(&server.queue[0], &h->chain) != VIO_OK)
            return;
        held_count++;
    }
    mode.most = held_count > mode.most ? held_count : mode.most;
}

static void server_answer(uint32_t count)
{
    for (; count > 0 && held_count > 0; count--) {
        uint32_t n = mode.shuffled ? world_below(held_count) : 0;
        struct held h = held[n];

        memcpy(h.part, held[n].part, sizeof(h.part));
        answer(&h);
        memmove(&held[n], &held[n + 1], (held_count - n - 1) * sizeof(h));
        held_count--;
    }
    vio_link_server_publish(&server, 0);
}

/* What its line would make it do. */
static void server_look(void)
{
    if (vio_link_server_poll(&server) == VIO_LINK_NEW) {
        held_count = 0;
        assert_true(vio_link_server_accept(&server));
    }
}

static bool server_work(void)
{
    bool more;

    server_look();
    server_take();
    server_answer(DISK_PIECES);
    more = vio_device_listen(&server.queue[0]);
    return more;
}

/* Turns for the io cell if its line of the link has been raised. */
static void deliver(void)
{
    while (heard != world.raises[CAP_CLIENT]) {
        heard = world.raises[CAP_CLIENT];
        world_turns(&disk.slot);
    }
}

/* Both sides, until nobody raises anybody. */
static void settle(void)
{
    uint64_t before;

    do {
        before = world.raises[CAP_SERVER] + world.raises[CAP_CLIENT];
        while (server_work())
            continue;
        deliver();
    } while (world.raises[CAP_SERVER] + world.raises[CAP_CLIENT] != before);
}

/* ---- the guest --------------------------------------------------------------------------- */

static struct vio_block_header *header_of(uint32_t tag)
{
    return (struct vio_block_header *)(void *)guest_data(32 * tag);
}

static uint8_t *status_of(uint32_t tag)
{
    return guest_data(32 * tag + 16);
}

/* Put a request in the ring; data are `parts` pieces of memory at `at`. */
static bool add(uint32_t tag, uint32_t type, uint64_t sector, uint64_t at, const uint32_t *lengths, uint32_t parts)
{
    struct vio_span span[DISK_PARTS];
    uint32_t count = 0;

    *header_of(tag) = (struct vio_block_header){ .type = type, .sector = sector };
    *status_of(tag) = 0xee;
    span[count++] = guest_span(32 * tag, 16);
    for (uint32_t i = 0; i < parts; at += lengths[i++])
        span[count++] = guest_span(at, lengths[i]);
    span[count++] = guest_span(32 * tag + 16, 1);
    return vio_driver_add(&queue.q, span, type == OUT ? count - 1 : 1, type == OUT ? 1 : count - 1,
                          (void *)(uintptr_t)(tag + 1)) == VIO_OK;
}

/* The bell, if the device wants it. */
static void ring(void)
{
    if (vio_driver_publish(&queue.q))
        guest_ring(SLOT, 0);
}

/* A request that is done, or -1. */
static int32_t done(void)
{
    void *token;
    uint32_t length;
    enum vio_status status = vio_driver_take(&queue.q, &token, &length);

    assert_int_not_equal(status, VIO_BROKEN);
    return status == VIO_OK ? (int32_t)(uintptr_t)token - 1 : -1;
}

static void expect_done(uint32_t tag, uint8_t status)
{
    assert_int_equal(done(), (int32_t)tag);
    assert_int_equal(*status_of(tag), status);
}

static void expect_nothing(void)
{
    assert_int_equal(done(), -1);
}

#define DATA 65536u                        /* behind headers and statuses */

static bool add_one(uint32_t tag, uint32_t type, uint64_t sector, uint64_t at, uint32_t bytes)
{
    return add(tag, type, sector, at, &bytes, bytes != 0);
}

/* Send one, and let all sides work. */
static void request(uint32_t tag, uint32_t type, uint64_t sector, uint64_t at, uint32_t bytes)
{
    assert_true(add_one(tag, type, sector, at, bytes));
    ring();
    settle();
}

static void fill(uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)world_random();
}

static void make(bool read_only)
{
    device = (struct io_device){ .kind = IO_BLOCK, .slot = SLOT, .raise_cap = CAP_GUEST, .read_only = read_only,
                                 .name = "pa", .link = &link_ends.end[0] };
    if (link_ends.end[0].address != 0)
        link_free(&link_ends);
    link_make(&link_ends, LINK_BYTES, CAP_CLIENT, CAP_SERVER);
    world_make(&device, 1, NULL, 0);
    memset(&disk, 0, sizeof(disk));
    memset(&mode, 0, sizeof(mode));
    heard = 0;
    disk_start(&disk, &device);
    world_turns(&disk.slot);
    fill(image, sizeof(image));
}

/* All are there, and the guest has set the device up. */
static void make_all(bool read_only, uint64_t server_features)
{
    make(read_only);
    server_open(SECTORS, server_features);
    settle();
    guest_start(SLOT, guest_features(SLOT), &queue, 1, 256, 0);
    world_turns(NULL);
}

static int setup(void **state)
{
    (void)state;
    make_all(false, VIO_BLOCK_F_FLUSH);
    return 0;
}

/* ---- tests ------------------------------------------------------------------------------------ */

static void test_registers(void **state)
{
    uint64_t features;

    (void)state;
    make(false);
    assert_int_equal(guest_load(SLOT, 8), VIO_ID_BLOCK);
    features = guest_features(SLOT);
    assert_int_equal(features, VIO_F_VERSION_1 | VIO_F_EVENT_IDX | VIO_BLOCK_F_FLUSH | VIO_BLOCK_F_SEG_MAX |
                               VIO_BLOCK_F_SIZE_MAX | VIO_BLOCK_F_BLK_SIZE);
    assert_int_equal(slot_read(SLOT, 0x100, 8), 0);
    assert_int_equal(slot_read(SLOT, 0x108, 4), DISK_SEGMENT_MAX);
    assert_int_equal(slot_read(SLOT, 0x10c, 4), DISK_SEGMENTS);
    assert_int_equal(slot_read(SLOT, 0x114, 4), 512);
    guest_start(SLOT, features, &queue, 1, 256, 0);
    /* The block cell comes later: the size changes, and that is an interrupt. */
    server_open(SECTORS, 0);
    settle();
    assert_int_equal(slot_read(SLOT, 0x100, 8), SECTORS);
    assert_int_equal(world.status[SLOT], VIO_INTERRUPT_CONFIG);
    assert_int_equal(world.raises[CAP_GUEST], 1);
    make(true);
    assert_true((guest_features(SLOT) & VIO_BLOCK_F_RO) != 0);
}

static void test_read_and_write(void **state)
{
    (void)state;
    request(0, IN, 7, DATA, 4096);
    expect_done(0, VIO_BLOCK_OK);
    assert_memory_equal(guest_data(DATA), image + 7 * 512, 4096);
    fill(guest_data(DATA), 1024);
    request(1, OUT, 100, DATA, 1024);
    expect_done(1, VIO_BLOCK_OK);
    assert_memory_equal(guest_data(DATA), image + 100 * 512, 1024);
    request(2, VIO_BLOCK_FLUSH, 0, 0, 0);
    expect_done(2, VIO_BLOCK_OK);
    assert_int_equal(mode.flushes, 1);
    request(3, VIO_BLOCK_GET_ID, 0, DATA, 20);
    expect_done(3, VIO_BLOCK_OK);
    assert_string_equal((char *)guest_data(DATA), "pa");
    request(4, VIO_BLOCK_DISCARD, 0, 0, 0);
    expect_done(4, VIO_BLOCK_UNSUPP);
    request(5, 12345, 0, 0, 0);
    expect_done(5, VIO_BLOCK_UNSUPP);
    request(6, IN, SECTORS - 1, DATA, 512);
    expect_done(6, VIO_BLOCK_OK);
    request(7, IN, 0, DATA, 0);
    expect_done(7, VIO_BLOCK_OK);
    assert_false(is_broken(SLOT));
}

/* What cannot be is refused here, and the block cell does not hear of it. */
static void test_refused(void **state)
{
    static const struct { uint32_t type; uint64_t sector; uint32_t bytes; } row[] = {
        { IN, SECTORS, 512 }, { IN, SECTORS - 1, 1024 }, { IN, UINT64_MAX, 512 }, { IN, UINT64_MAX - 1, 1024 },
        { IN, 0, 511 }, { OUT, 3, 513 }, { OUT, SECTORS, 512 }, { IN, UINT64_C(1) << 55, 512 },
    };

    (void)state;
    for (uint32_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        request(i, row[i].type, row[i].sector, DATA, row[i].bytes);
        expect_done(i, VIO_BLOCK_IOERR);
    }
    assert_int_equal(mode.served, 0);
    make_all(true, VIO_BLOCK_F_FLUSH);
    request(0, OUT, 0, DATA, 512);
    expect_done(0, VIO_BLOCK_IOERR);
    assert_int_equal(mode.served, 0);
    request(1, IN, 0, DATA, 512);
    expect_done(1, VIO_BLOCK_OK);
}

/* A block cell without FLUSH writes through. */
static void test_no_flush(void **state)
{
    (void)state;
    make_all(false, 0);
    request(0, VIO_BLOCK_FLUSH, 0, 0, 0);
    expect_done(0, VIO_BLOCK_OK);
    assert_int_equal(mode.flushes, 0);
}

/* Larger than a piece, larger than the link; in parts that fit nothing. */
static void test_large(void **state)
{
    uint32_t lengths[DISK_SEGMENTS], total = 0;

    (void)state;
    for (uint32_t i = 0; i < DISK_SEGMENTS; i++)
        total += lengths[i] = i % 2 == 0 ? 65535 - 100 * i : 100 * i + 1 + 512;
    lengths[0] -= total % 512;
    total -= total % 512;
    assert_true(total > LINK_BYTES);
    fill(guest_data(DATA), total);
    assert_true(add(0, OUT, 5, DATA, lengths, DISK_SEGMENTS));
    ring();
    settle();
    expect_done(0, VIO_BLOCK_OK);
    assert_memory_equal(guest_data(DATA), image + 5 * 512, total);
    memset(guest_data(DATA), 0, total);
    mode.shuffled = true;
    assert_true(add(1, IN, 5, DATA, lengths, DISK_SEGMENTS));
    ring();
    settle();
    expect_done(1, VIO_BLOCK_OK);
    assert_memory_equal(guest_data(DATA), image + 5 * 512, total);
}

/* Reads and writes at random, many under way, checked against a copy. */
static void random_load(uint32_t rounds, bool restarts)
{
    static uint8_t copy[sizeof(image)];
    static struct { bool used, out; uint64_t sector; uint32_t bytes; } under_way[32];
    uint32_t finished = 0, sent = 0;

    memcpy(copy, image, sizeof(copy));
    memset(under_way, 0, sizeof(under_way));
    mode.shuffled = true;
    for (uint32_t i = 0; i < rounds || sent != finished; i++) {
        uint32_t tag = world_below(32);
        int32_t n;

        /* Each tag has its own part of the disk, so that order does not matter. */
        if (i < rounds && !under_way[tag].used) {
            uint32_t sectors = 1 + world_below(64), lengths[8] = { 0 };
            uint64_t at = DATA + tag * 65536;

            under_way[tag].out = world_below(2);
            under_way[tag].sector = tag * 128 + world_below(64);
            under_way[tag].bytes = sectors * 512;
            for (uint32_t left = sectors * 512, k = 0; k < 8; left -= lengths[k++])
                lengths[k] = k == 7 ? left : world_below(left + 1);
            if (under_way[tag].out)
                fill(guest_data(at), sectors * 512);
            if (add(tag, under_way[tag].out ? OUT : IN, under_way[tag].sector, at, lengths, 8)) {
                under_way[tag].used = true;
                sent++;
            }
        }
        if (world_below(3) == 0)
            ring();
        if (i >= rounds)
            ring();
        if (restarts && world_below(4000) == 0)
            server_open(SECTORS, VIO_BLOCK_F_FLUSH);
        if (world_below(8) == 0 || i >= rounds) {
            server_look();
            server_take();
            server_answer(world_below(4));
            (void)vio_device_listen(&server.queue[0]);
            deliver();
        }
        while ((n = done()) >= 0) {
            uint8_t *at = guest_data(DATA + (uint32_t)n * 65536);

            assert_true(under_way[n].used);
            assert_int_equal(*status_of((uint32_t)n), VIO_BLOCK_OK);
            if (under_way[n].out)
                memcpy(copy + under_way[n].sector * 512, at, under_way[n].bytes);
            assert_memory_equal(at, copy + under_way[n].sector * 512, under_way[n].bytes);
            under_way[n].used = false;
            finished++;
        }
        (void)vio_driver_listen(&queue.q);
        assert_true(i < 100 * rounds);
    }
    assert_memory_equal(copy, image, sizeof(copy));
}

static void test_random(void **state)
{
    (void)state;
    random_load(20000, false);
    assert_true(mode.most > 8);
}

static void test_without_event_index(void **state)
{
    (void)state;
    make(false);
    server_open(SECTORS, VIO_BLOCK_F_FLUSH);
    settle();
    guest_start(SLOT, guest_features(SLOT) & ~VIO_F_EVENT_IDX, &queue, 1, 16, 0);
    world_turns(NULL);
    random_load(5000, false);
}

/* The block cell starts again, and again: nobody notices. */
static void test_restarts(void **state)
{
    (void)state;
    random_load(60000, true);
    assert_int_equal(world.said_length, 0);
}

/* But a request does not live through any number of that. */
static void test_restarts_without_end(void **state)
{
    (void)state;
    assert_true(add_one(0, IN, 0, DATA, 512));
    ring();
    for (uint32_t n = 0; n < DISK_TRIES; n++) {
        expect_nothing();
        server_open(SECTORS, VIO_BLOCK_F_FLUSH);
        deliver();
        server_look();
        deliver();
    }
    expect_done(0, VIO_BLOCK_IOERR);
    request(1, IN, 0, DATA, 512);
    expect_done(1, VIO_BLOCK_OK);
}

/* One interrupt for many requests. */
static void test_batch(void **state)
{
    uint64_t server_raises;

    (void)state;
    (void)vio_driver_listen(&queue.q);
    server_raises = world.raises[CAP_SERVER];
    for (uint32_t i = 0; i < 20; i++)
        assert_true(add_one(i, IN, i, DATA + 512 * i, 512));
    ring();
    assert_int_equal(world.raises[CAP_SERVER], server_raises + 1);
    settle();
    assert_int_equal(world.raises[CAP_GUEST], 1);
    assert_int_equal(world.status[SLOT], VIO_INTERRUPT_USED);
    for (uint32_t i = 0; i < 20; i++)
        expect_done(i, VIO_BLOCK_OK);
    assert_int_equal(mode.served, 20);
}

/* Answers that are no good are errors for the guest, or the end of the session. */
static void test_bad_answers(void **state)
{
    static const struct { uint8_t status; int32_t more; uint32_t type; uint8_t want; } row[] = {
        { VIO_BLOCK_IOERR, 0, IN, VIO_BLOCK_IOERR }, { VIO_BLOCK_UNSUPP, 0, OUT, VIO_BLOCK_UNSUPP },
        { 3, 0, IN, VIO_BLOCK_IOERR },               { 255, 0, OUT, VIO_BLOCK_IOERR },
        { VIO_BLOCK_OK, -1, IN, VIO_BLOCK_IOERR },   { VIO_BLOCK_OK, -513, IN, VIO_BLOCK_IOERR },
        { VIO_BLOCK_OK, -1, OUT, VIO_BLOCK_IOERR },  { VIO_BLOCK_IOERR, -1, VIO_BLOCK_FLUSH, VIO_BLOCK_IOERR },
    };

    (void)state;
    for (uint32_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        mode.status = row[i].status;
        mode.length_more = row[i].more;
        request(i, row[i].type, 0, DATA, row[i].type == VIO_BLOCK_FLUSH ? 0 : 512);
        expect_done(i, row[i].want);
    }
    assert_int_equal(disk.link.link.broken, 0);
    /* More than there is: the session is over, the request is tried again. */
    mode.status = VIO_BLOCK_OK;
    mode.length_more = 1;
    request(99, IN, 0, DATA, 512);
    expect_done(99, VIO_BLOCK_IOERR);
    assert_true(disk.link.link.broken >= DISK_TRIES);
    mode.length_more = 0;
    request(100, IN, 0, DATA, 512);
    expect_done(100, VIO_BLOCK_OK);
}

/* A request of many pieces, one of which fails. */
static void test_part_fails(void **state)
{
    uint32_t lengths[4] = { 65536, 65536, 65536, 65536 };

    (void)state;
    assert_true(add(0, IN, 0, DATA, lengths, 4));
    ring();
    server_look();
    server_take();
    assert_true(held_count >= 2);
    server_answer(1);
    mode.status = VIO_BLOCK_IOERR;
    server_answer(1);
    mode.status = VIO_BLOCK_OK;
    deliver();
    settle();
    expect_done(0, VIO_BLOCK_IOERR);
    request(1, IN, 0, DATA, 65536);
    expect_done(1, VIO_BLOCK_OK);
    /* It fails while the rest of it waits for room behind others. */
    for (uint32_t i = 2; i < 6; i++)
        assert_true(add(i, IN, 0, DATA + 262144 * (i - 2), lengths, 4));
    ring();
    server_take();
    mode.status = VIO_BLOCK_IOERR;
    server_answer(1);
    mode.status = VIO_BLOCK_OK;
    deliver();
    settle();
    for (uint32_t i = 2; i < 6; i++)
        assert_true(done() >= 2);
    expect_nothing();
    assert_int_equal(disk.used, 0);
    assert_int_equal(*status_of(2), VIO_BLOCK_IOERR);
    assert_int_equal(*status_of(5), VIO_BLOCK_OK);
}

/* No answer: all fail after the limit; and it works when the block cell is back. */
static void test_silent(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 60; i++)
        assert_true(add_one(i, i % 2 == 0 ? IN : OUT, i, DATA + 4096 * i, 4096));
    ring();
    world_wait(DISK_LIMIT_NS - 2 * SLOT_TICK_NS);
    expect_nothing();
    world_wait(3 * SLOT_TICK_NS);
    for (uint32_t i = 0; i < DISK_REQUESTS; i++) {
        int32_t tag = done();

        assert_true(tag >= 0);
        assert_int_equal(*status_of((uint32_t)tag), VIO_BLOCK_IOERR);
    }
    assert_true(strstr(world.said, "no answer for too long") != NULL);
    /* The others wait for a session, but not for ever. */
    expect_nothing();
    world_wait(DISK_LIMIT_NS + 2 * SLOT_TICK_NS);
    for (uint32_t i = DISK_REQUESTS; i < 60; i++) {
        int32_t tag = done();

        assert_true(tag >= 0);
        assert_int_equal(*status_of((uint32_t)tag), VIO_BLOCK_IOERR);
    }
    expect_nothing();
    settle();
    request(70, IN, 0, DATA, 512);
    expect_done(70, VIO_BLOCK_OK);
    assert_memory_equal(guest_data(DATA), image, 512);
}

/* A flush has more time, and gives it to what is with it. */
static void test_slow_flush(void **state)
{
    (void)state;
    assert_true(add_one(0, VIO_BLOCK_FLUSH, 0, 0, 0));
    assert_true(add_one(1, IN, 0, DATA, 512));
    ring();
    world_wait(DISK_FLUSH_LIMIT_NS - 2 * SLOT_TICK_NS);
    expect_nothing();
    settle();
    expect_done(0, VIO_BLOCK_OK);
    expect_done(1, VIO_BLOCK_OK);
    assert_true(add_one(2, VIO_BLOCK_FLUSH, 0, 0, 0));
    ring();
    world_wait(DISK_FLUSH_LIMIT_NS + 2 * SLOT_TICK_NS);
    expect_done(2, VIO_BLOCK_IOERR);
}

/* There is no block cell at all. */
static void test_nobody(void **state)
{
    (void)state;
    make(false);
    guest_start(SLOT, guest_features(SLOT), &queue, 1, 256, 0);
    world_turns(NULL);
    assert_true(add_one(0, IN, 0, DATA, 512));
    ring();
    world_wait(DISK_LIMIT_NS / 2);
    expect_nothing();
    world_wait(DISK_LIMIT_NS / 2 + 2 * SLOT_TICK_NS);
    expect_done(0, VIO_BLOCK_IOERR);
    /* From now on at once. */
    assert_true(add_one(1, OUT, 0, DATA, 512));
    ring();
    expect_done(1, VIO_BLOCK_IOERR);
    server_open(SECTORS, 0);
    settle();
    request(2, IN, 0, DATA, 512);
    expect_done(2, VIO_BLOCK_OK);
    /* With nothing under way nobody asks for time. */
    world_wait(SLOT_TICK_NS);
    assert_false(slot_wants_time());
}

/* The guest resets the device, or the machine is reset: its memory is left alone. */
static void forget(bool machine)
{
    static uint8_t before[WORLD_RAM];

    make_all(false, VIO_BLOCK_F_FLUSH);
    for (uint32_t i = 0; i < 40; i++)
        assert_true(add_one(i, IN, i, DATA + 4096 * i, 4096));
    ring();
    server_take();
    if (machine)
        slot_reset_all();
    else
        guest_store(SLOT, 0x70, 0);
    assert_int_equal(world.status[SLOT], 0);
    memcpy(before, world.ram, WORLD_RAM);
    settle();
    world_wait(2 * DISK_LIMIT_NS);
    settle();
    assert_memory_equal(before, world.ram, WORLD_RAM);
    assert_int_equal(disk.used, 0);
    guest_start(SLOT, guest_features(SLOT), &queue, 1, 256, 0);
    world_turns(NULL);
    request(0, IN, 3, DATA, 512);
    expect_done(0, VIO_BLOCK_OK);
}

static void test_reset(void **state)
{
    (void)state;
    forget(false);
    forget(true);
    /* A new driver while answers to the old one are on their way. */
    make_all(false, VIO_BLOCK_F_FLUSH);
    for (uint32_t n = 0; n < 100; n++) {
        for (uint32_t i = 0; i < 8; i++)
            (void)add_one(i, IN, i, DATA + 4096 * i, 4096);
        ring();
        server_take();
        guest_start(SLOT, guest_features(SLOT), &queue, 1, 256, 0);
        world_turns(NULL);
        if (n % 3 == 0)
            server_answer(3);
        deliver();
    }
    settle();
    expect_nothing();
    request(0, IN, 3, DATA, 512);
    expect_done(0, VIO_BLOCK_OK);
    assert_int_equal(disk.used, 0);
}

/* The capacity changes while all works. */
static void test_shrinks(void **state)
{
    uint64_t capacity = 100;

    (void)state;
    request(0, IN, 2000, DATA, 512);
    expect_done(0, VIO_BLOCK_OK);
    assert_true(vio_link_server_config(&server, 0, &capacity, sizeof(capacity)));
    deliver();
    assert_int_equal(slot_read(SLOT, 0x100, 8), 100);
    assert_int_equal(world.status[SLOT] & VIO_INTERRUPT_CONFIG, VIO_INTERRUPT_CONFIG);
    request(1, IN, 2000, DATA, 512);
    expect_done(1, VIO_BLOCK_IOERR);
    request(2, IN, 99, DATA, 512);
    expect_done(2, VIO_BLOCK_OK);
}

/* Chains that are no requests. */
static void test_no_requests(void **state)
{
    (void)state;
    for (uint32_t how = 0; how < 6; how++) {
        struct vio_span span[DISK_PARTS + 1];
        uint32_t out = 1, in = 1;

        make_all(false, VIO_BLOCK_F_FLUSH);
        for (uint32_t i = 0; i <= DISK_PARTS; i++)
            span[i] = guest_span(64 * i, 16);
        switch (how) {
        case 0: span[0].length = 15; break;                          /* half a header */
        case 1: in = 0; break;                                       /* no status */
        case 2: out = DISK_PARTS; break;                             /* too many parts */
        case 3: span[0].address = (uintptr_t)world.ram - 8; break;
        case 4: span[1].address = (uintptr_t)world.ram + WORLD_RAM - 15; break;
        default: span[1].length = 0; break;                          /* a status of no bytes */
        }
        assert_int_equal(vio_driver_add(&queue.q, span, out, in, NULL), VIO_OK);
        ring();
        assert_true(is_broken(SLOT));
        assert_int_equal(world.status[SLOT] & VIO_INTERRUPT_CONFIG, VIO_INTERRUPT_CONFIG);
        settle();
        assert_int_equal(mode.served, 0);
        /* It rests until it is reset. */
        ring();
        guest_start(SLOT, guest_features(SLOT), &queue, 1, 256, 0);
        world_turns(NULL);
        request(0, IN, 0, DATA, 512);
        expect_done(0, VIO_BLOCK_OK);
    }
}

/* Header and status need not have descriptors of their own (2.7.4). */
static void test_framing(void **state)
{
    struct vio_span span[4] = { guest_span(0, 7), guest_span(7, 9), guest_span(DATA, 200), guest_span(DATA + 200, 313) };

    (void)state;
    *header_of(0) = (struct vio_block_header){ .type = IN, .sector = 9 };
    assert_int_equal(vio_driver_add(&queue.q, span, 2, 2, NULL), VIO_OK);
    *guest_data(DATA + 512) = 0xee;
    ring();
    settle();
    assert_int_equal(done(), -1 + 0);
    assert_int_equal(*guest_data(DATA + 512), VIO_BLOCK_OK);
    assert_memory_equal(guest_data(DATA), image + 9 * 512, 512);
}

/* A link that is not one: the disk is there, and empty. */
static void test_bad_link(void **state)
{
    (void)state;
    make(false);
    memset(&disk, 0, sizeof(disk));
    slot_clear();
    link_ends.end[0].kind = MV_CHANNEL_BYTES;
    disk_start(&disk, &device);
    link_ends.end[0].kind = MV_CHANNEL_LINK;
    world_turns(&disk.slot);
    guest_start(SLOT, guest_features(SLOT), &queue, 1, 256, 0);
    world_wait(DISK_LIMIT_NS + 2 * SLOT_TICK_NS);
    assert_true(add_one(0, IN, 0, DATA, 512));
    ring();
    expect_done(0, VIO_BLOCK_IOERR);
}

int test_disk(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_registers, setup),
        cmocka_unit_test_setup(test_read_and_write, setup),
        cmocka_unit_test_setup(test_refused, setup),
        cmocka_unit_test_setup(test_no_flush, setup),
        cmocka_unit_test_setup(test_large, setup),
        cmocka_unit_test_setup(test_random, setup),
        cmocka_unit_test_setup(test_without_event_index, setup),
        cmocka_unit_test_setup(test_restarts, setup),
        cmocka_unit_test_setup(test_restarts_without_end, setup),
        cmocka_unit_test_setup(test_batch, setup),
        cmocka_unit_test_setup(test_bad_answers, setup),
        cmocka_unit_test_setup(test_part_fails, setup),
        cmocka_unit_test_setup(test_silent, setup),
        cmocka_unit_test_setup(test_slow_flush, setup),
        cmocka_unit_test_setup(test_nobody, setup),
        cmocka_unit_test_setup(test_reset, setup),
        cmocka_unit_test_setup(test_shrinks, setup),
        cmocka_unit_test_setup(test_no_requests, setup),
        cmocka_unit_test_setup(test_framing, setup),
        cmocka_unit_test_setup(test_bad_link, setup),
    };

    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
