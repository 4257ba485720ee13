/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest whose virtqueues break each rule that they can (virtio 1.2, 2.7). The
 * network device's transmit queue is what is wrong; each time the device has to say
 * that it needs a reset, or to end the buffer, and after a reset it must work as if
 * nothing had been. What lies in the guest's memory beside the ring stays as it was.
 */
#include "guest.h"

#define DEVICE_ID        0x008u
#define DRIVER_FEATURES  0x020u
#define DRIVER_SELECT    0x024u
#define QUEUE_SELECT     0x030u
#define QUEUE_NUM        0x038u
#define QUEUE_READY      0x044u
#define QUEUE_NOTIFY     0x050u
#define STATUS           0x070u
#define QUEUE_DESC       0x080u
#define QUEUE_DRIVER     0x090u
#define QUEUE_DEVICE     0x0a0u
#define ID_NET           1u
#define TRANSMIT         1u
#define DRIVER_OK        15u       /* and all before it */
#define NEEDS_RESET      64u
#define NEXT             1u
#define WRITE            2u
#define INDIRECT         4u
#define NUM              8u
#define FRAME            72u       /* with the header of 12 bytes */
#define SOON_US          500000u

struct desc { uint64_t address; uint32_t length; uint16_t flags, next; };
static struct {
    _Alignas(4096) struct desc desc[NUM];
    struct { uint16_t flags, index, ring[NUM], event; } avail;
    _Alignas(64) struct { uint16_t flags, index; struct { uint32_t id, length; } ring[NUM]; } used;
} volatile q;
static uint64_t at;
static uint8_t frame[4096], guard[4096];

static void write_address(uint64_t offset, const volatile void *p)
{
    write32(at + offset, (uint32_t)(uint64_t)p);
    write32(at + offset + 4, (uint32_t)((uint64_t)p >> 32));
}

static void start(void)
{
    write32(at + STATUS, 0);
    for (uint32_t i = 0; i < NUM; i++)
        q.desc[i] = (struct desc){ 0 };
    q.avail.flags = q.avail.index = 0;
    q.used.flags = q.used.index = 0;
    write32(at + STATUS, 3);
    write32(at + DRIVER_SELECT, 1);
    write32(at + DRIVER_FEATURES, 1);          /* VERSION_1 alone */
    write32(at + DRIVER_SELECT, 0);
    write32(at + DRIVER_FEATURES, 0);
    write32(at + STATUS, 11);
    write32(at + QUEUE_SELECT, TRANSMIT);
    write32(at + QUEUE_NUM, NUM);
    write_address(QUEUE_DESC, q.desc);
    write_address(QUEUE_DRIVER, &q.avail);
    write_address(QUEUE_DEVICE, &q.used);
    write32(at + QUEUE_READY, 1);
    write32(at + STATUS, DRIVER_OK);
}

static void set(uint16_t i, uint64_t address, uint32_t length, uint16_t flags, uint16_t next)
{
    q.desc[i] = (struct desc){ address, length, flags, next };
}

/* Make heads available, the last of them `head`, and ring the bell. */
static void offer(uint16_t head, uint16_t count)
{
    q.avail.ring[q.avail.index % NUM] = head;
    dsb();
    q.avail.index = (uint16_t)(q.avail.index + count);
    dsb();
    write32(at + QUEUE_NOTIFY, TRANSMIT);
}

static bool is_broken(void) { return (read32(at + STATUS) & NEEDS_RESET) != 0; }

/* A frame goes out as it should. */
static void works(void)
{
    uint16_t before;

    start();
    before = q.used.index;
    set(0, (uint64_t)frame, FRAME, 0, 0);
    offer(0, 1);
    EXPECT(WAIT_FOR(q.used.index == (uint16_t)(before + 1), SOON_US));
    EXPECT(!is_broken());
}

/* What has been offered is against the rules: the device says so, and can be reset. */
static void breaks(void)
{
    EXPECT(WAIT_FOR(is_broken(), SOON_US));
    works();
    for (uint32_t i = 0; i < sizeof(guard); i++)
        EXPECT_EQ(guard[i], 0x5a);
}

static void bad_chain(const char *name, uint64_t address, uint32_t length, uint16_t flags, uint16_t next)
{
    test(name);
    start();
    set(0, address, length, flags, next);
    offer(0, 1);
    breaks();
}

void guest_main(void)
{
    for (uint32_t i = MV_GUEST_VIRTIO_IO; i < MV_GUEST_VIRTIO_COUNT && at == 0; i++)
        if (read32(MV_GUEST_VIRTIO + i * MV_GUEST_VIRTIO_BYTES + DEVICE_ID) == ID_NET)
            at = MV_GUEST_VIRTIO + i * MV_GUEST_VIRTIO_BYTES;
    memset(guard, 0x5a, sizeof(guard));
    memset(frame + 12, 0xff, 6);
    frame[18] = 2;
    frame[24] = 0x88;
    frame[25] = 0xb5;

    test("a frame is sent");
    EXPECT(at != 0);
    works();

    bad_chain("a chain that is a loop", (uint64_t)frame, FRAME, NEXT, 0);
    bad_chain("a next descriptor that does not exist", (uint64_t)frame, FRAME, NEXT, NUM);
    bad_chain("a buffer below the memory", 0x1000, FRAME, 0, 0);
    bad_chain("a buffer behind the memory", guest_tree.ram_base + guest_tree.ram_size - 8, FRAME, 0, 0);
    bad_chain("an address that wraps", ~UINT64_C(0) - 8, FRAME, 0, 0);
    bad_chain("a length that wraps", (uint64_t)frame, UINT32_MAX, 0, 0);
    bad_chain("an indirect table that was not agreed", (uint64_t)frame, 16, INDIRECT, 0);

    test("a frame that the device is to write comes back unwritten");
    start();
    set(0, (uint64_t)guard, FRAME, WRITE, 0);
    offer(0, 1);
    EXPECT(WAIT_FOR(q.used.index == 1 || is_broken(), SOON_US));
    for (uint32_t i = 0; i < sizeof(guard); i++)
        EXPECT_EQ(guard[i], 0x5a);
    works();

    test("a chain longer than the queue");
    start();
    for (uint16_t i = 0; i < NUM; i++)
        set(i, (uint64_t)frame, FRAME, NEXT, (uint16_t)((i + 1) % NUM));
    offer(3, 1);
    breaks();

    test("a head that does not exist");
    start();
    offer(NUM, 1);
    breaks();

    test("more buffers than the queue has");
    start();
    set(0, (uint64_t)frame, FRAME, 0, 0);
    offer(0, NUM + 1);
    breaks();

    test("rings outside the memory are not taken into use");
    start();
    write32(at + STATUS, 0);
    write32(at + STATUS, 3);
    write32(at + DRIVER_SELECT, 1);
    write32(at + DRIVER_FEATURES, 1);
    write32(at + STATUS, 11);
    write32(at + QUEUE_SELECT, TRANSMIT);
    write32(at + QUEUE_NUM, NUM);
    write_address(QUEUE_DESC, (void *)0x1000);
    write_address(QUEUE_DRIVER, (void *)(~UINT64_C(0) - 7));
    write_address(QUEUE_DEVICE, (void *)(guest_tree.ram_base + guest_tree.ram_size - 4));
    write32(at + QUEUE_READY, 1);
    write32(at + STATUS, DRIVER_OK);
    write32(at + QUEUE_NOTIFY, TRANSMIT);
    write32(at + QUEUE_NOTIFY, UINT32_MAX);    /* a queue that there is not */
    EXPECT(read32(at + QUEUE_READY) == 0 || WAIT_FOR(is_broken(), SOON_US));
    works();

    test("descriptors that change under the reader");
    start();
    for (uint32_t round = 0; round < 2000; round++) {
        set(0, (uint64_t)frame, FRAME, 0, 0);
        offer(0, 1);
        set(0, (round & 1) != 0 ? 0x1000 : (uint64_t)frame, (round & 2) != 0 ? UINT32_MAX : FRAME,
            (uint16_t)(round & 7), (uint16_t)(round >> 3));
        if (is_broken())
            start();
    }
    works();
}
