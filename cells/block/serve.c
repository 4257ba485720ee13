/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve.h"

#include <stddef.h>

#include <libmv/print.h>
#include <libmv/time.h>

#include <libvirtio/link.h>
#include <libvirtio/types.h>

#include "block_config.h"
#include "disk.h"
#include "order.h"

#define CHAIN_PARTS    64u             /* of a request, header and status included */
#define PIECE_BYTES    0x100000u       /* a power of two, and no smaller than a block */
#define STEPS          256u            /* pieces and answers before others may have their turn */
#define ROUNDS         4u

#define SILENCE_NS     (5 * MV_S)      /* the disk does nothing at all although it has something to do */
#define PATIENCE_NS    (30 * MV_S)     /* ... or leaves one request lying; and for a flush */
#define TELL_NS        (10 * MV_S)     /* at most one line about failed requests in this time */

struct client;

/* Of a client, from its chain to its answer. */
struct request {
    struct request *next;              /* free */
    struct client *client;
    struct order order;
    uint32_t pieces;                   /* with the disk */
    uint16_t head;
    bool     cut;                      /* all of it has been given to the disk */
};

/* Of a request, in the slot of the disk with the same number. */
struct piece {
    struct request *request;           /* NULL: the slot is free */
    uint64_t since;
    uint32_t bytes;
    uint32_t descriptors;
};

struct client {
    const struct block_client *config;
    struct vio_link_server link;
    struct vio_memory dma;             /* the link's, as the disk calls it; size 0: it does not reach it */
    bool     open, up;                 /* there is a link; it has a session */
    bool     answered;                 /* something is done that the client was not told of */
    uint32_t pieces, descriptors;      /* with the disk */
    struct request *current;           /* taken, and not cut to its end; NULL: none */
    struct vio_part part[CHAIN_PARTS]; /* its chain */
};

struct serve_counters serve_counters;

static struct client clients[SERVE_CLIENTS_MAX];
static uint32_t count;                 /* of clients */
static uint64_t look, waiting;         /* a bit for each client: to be looked at; for room at the disk */
static uint32_t turn;                  /* the client that comes first */

static struct request requests[DISK_SLOTS + SERVE_CLIENTS_MAX], *free_requests;
static struct piece pieces[DISK_SLOTS];
static uint16_t free_slots[DISK_SLOTS];
static uint32_t free_count;
static uint32_t descriptors_each;      /* a client's share of the disk's queue */

static uint64_t now;
static uint64_t progress;              /* when the disk was last seen to do something, or had nothing to do */
static uint64_t checked;               /* when it was last looked how long that is ago */
static struct pci_revival revival;
static uint64_t failed_told, told_at;  /* of serve_counters.failed, and when */
static bool     stuck;                 /* the disk has failed and cannot be stopped */

static uint64_t client_bit(const struct client *c)
{
    return UINT64_C(1) << (c - clients);
}

/* ---- answers ------------------------------------------------------------------- */

static struct request *request_take(struct client *c)
{
    struct request *r = free_requests;

    free_requests = r->next;
    *r = (struct request){ .client = c };
    return r;
}

static void request_free(struct request *r)
{
    r->next = free_requests;
    free_requests = r;
}

static void client_answer(struct client *c, uint16_t head, const struct order *o)
{
    __atomic_store_n(o->status_at, o->status, __ATOMIC_RELAXED);
    vio_device_done(&c->link.queue[0], head, o->written);
    c->answered = true;
    serve_counters.requests++;
}

/* Nothing of it is left to be done. A session that has ended has no answers. */
static void request_finish(struct request *r)
{
    struct client *c = r->client;

    if (c->current == r)
        c->current = NULL;
    if (c->up)
        client_answer(c, r->head, &r->order);
    serve_counters.failed += r->order.status != VIO_BLOCK_OK;
    request_free(r);
}

/* The first failure of a request is its status; what has not been given to the
 * disk by then stays undone. */
static void piece_done(uint32_t slot, uint8_t status)
{
    struct piece *p = &pieces[slot];
    struct request *r = p->request;
    struct client *c = r->client;

    c->pieces--;
    c->descriptors -= p->descriptors;
    r->pieces--;
    if (r->order.status == VIO_BLOCK_OK)
        r->order.status = status;
    if (status == VIO_BLOCK_OK)
        serve_counters.bytes += p->bytes;
    else
        r->cut = true;
    p->request = NULL;
    free_slots[free_count++] = (uint16_t)slot;
    look |= waiting | client_bit(c);
    waiting = 0;
    if (r->cut && r->pieces == 0)
        request_finish(r);
}

/* ---- the disk -------------------------------------------------------------------- */

static bool disk_is_idle(void)
{
    return free_count == DISK_SLOTS;
}

static void limits_changed(void)
{
    descriptors_each = disk.works && count > 0 ? disk.descriptors / count : 0;
    if (descriptors_each < 3)
        descriptors_each = 3;          /* a header, data, a status: then the queue itself is the limit */
}

/* With the disk stopped, what it had fails. */
static void disk_cancel(void)
{
    stuck = false;
    for (uint32_t slot = 0; slot < DISK_SLOTS; slot++)
        if (pieces[slot].request != NULL)
            piece_done(slot, VIO_BLOCK_IOERR);
}

static void disk_fail(const char *why)
{
    mv_print("the disk has failed: %s\n", why);
    pci_revive_later(&revival, now);
    stuck = true;
    if (disk_stop())
        disk_cancel();
    else
        mv_print("the disk cannot be stopped: %u requests stay with it\n", DISK_SLOTS - free_count);
    look = (UINT64_C(1) << count) - 1;
}

static void disk_restart(void)
{
    serve_counters.restarts++;
    if (disk_start()) {
        pci_revived(&revival);
        mv_print("the disk works again\n");
    }
    limits_changed();
    progress = now;
}

void serve_disk_failed(void)
{
    now = mv_time_ns();
    if (disk.works)
        disk_fail("it asks to be reset");
}

/* A read of which less has come than was asked for is none. */
static bool is_nonsense(const struct piece *p, uint8_t status, uint32_t bytes)
{
    if (status > VIO_BLOCK_UNSUPP)
        return true;
    return status == VIO_BLOCK_OK && p->request->order.type == VIO_BLOCK_IN && bytes < p->bytes;
}

/* Take what the disk has done. */
static void disk_collect(void)
{
    enum vio_status st;
    uint32_t slot, bytes;
    uint8_t status;
    bool nonsense = false;

    while ((st = disk_take(&slot, &status, &bytes)) == VIO_OK) {
        bool bad = is_nonsense(&pieces[slot], status, bytes);

        piece_done(slot, bad ? VIO_BLOCK_IOERR : status);
        nonsense |= bad;
        progress = now;
    }
    if (st == VIO_BROKEN)
        disk_fail("it breaks the rules of its queue");
    else if (nonsense)
        disk_fail("its answers make no sense");
}

static bool disk_is_late(void)
{
    bool flushes = false;

    if (disk_is_idle())
        return false;
    for (uint32_t slot = 0; slot < DISK_SLOTS; slot++) {
        if (pieces[slot].request == NULL)
            continue;
        if (now - pieces[slot].since >= PATIENCE_NS)
            return true;
        flushes |= pieces[slot].request->order.type == VIO_BLOCK_FLUSH;
    }
    return !flushes && now - progress >= SILENCE_NS;
}

static void failures_tell(void)
{
    if (serve_counters.failed == failed_told || now - told_at < TELL_NS)
        return;
    mv_print("%lu requests have failed\n", serve_counters.failed);
    failed_told = serve_counters.failed;
    told_at = now;
}

/* How the disk does. */
static void disk_check(void)
{
    if (now - checked >= PCI_TICK_NS) {
        checked = now;
        if (disk.works && disk_is_late())
            disk_fail("it does not answer");
        else if (stuck && disk_stop())
            disk_cancel();
        failures_tell();
    }
    if (!stuck && pci_revive_due(&revival, now))
        disk_restart();
}

/* ---- clients --------------------------------------------------------------------- */

static void client_drop(struct client *c)
{
    struct request *r = c->current;

    c->up = c->answered = false;
    c->current = NULL;
    if (r == NULL)
        return;
    r->cut = true;
    if (r->pieces == 0)
        request_finish(r);
}

/* A new session begins when the disk has nothing of the old one any more. */
static void client_poll(struct client *c)
{
    enum vio_link_state state = vio_link_server_poll(&c->link);

    if (state != VIO_LINK_UP || !c->up)
        client_drop(c);
    if (state == VIO_LINK_NEW && c->pieces == 0)
        c->up = vio_link_server_accept(&c->link);
}

static void client_fail(struct client *c)
{
    client_drop(c);
    serve_counters.broken++;
    vio_link_server_fail(&c->link);
}

static struct order_limits client_limits(const struct client *c)
{
    const struct block_client *p = c->config;
    uint64_t behind = disk.sectors > p->first ? disk.sectors - p->first : 0;

    return (struct order_limits){
        .sectors = p->sectors, .present = behind < p->sectors ? behind : p->sectors,
        .works = disk.works && c->dma.size != 0, .read_only = p->read_only || disk.read_only,
        .can_flush = disk.can_flush, .name = p->partition,
    };
}

enum step { STEP_DONE, STEP_NOTHING, STEP_FULL };

/* Take the next chain: an answer at once, or the current request. */
static enum step client_take(struct client *c)
{
    struct order_limits limits = client_limits(c);
    struct vio_chain chain = { .part = c->part, .part_max = CHAIN_PARTS };
    struct order order = { .status = VIO_BLOCK_OK };
    enum order_kind kind = ORDER_BROKEN;
    enum vio_status st = vio_device_next(&c->link.queue[0], &chain);

    if (st == VIO_EMPTY)
        return STEP_NOTHING;
    if (st == VIO_OK)
        kind = order_read(&order, &chain, &limits);
    switch (kind) {
    case ORDER_BROKEN:
        client_fail(c);
        return STEP_NOTHING;
    case ORDER_ANSWERED:
        serve_counters.refused += order.status != VIO_BLOCK_OK;
        client_answer(c, chain.head, &order);
        return STEP_DONE;
    default:
        c->current = request_take(c);
        c->current->order = order;
        c->current->head = chain.head;
        return STEP_DONE;
    }
}

/* As large as the disk and the client's share allow. */
static uint32_t piece_make(const struct client *c, const struct order *o, struct vio_span *span, uint32_t *spans)
{
    uint32_t share = descriptors_each - 2;
    struct cut_limits limits = {
        .spans = disk.spans < share ? disk.spans : share, .span_bytes = disk.span_bytes,
        .bytes = PIECE_BYTES, .block = disk.block_bytes,
    };

    *spans = 0;
    return o->type == VIO_BLOCK_FLUSH ? 0 : cut_piece(&o->data, &c->dma, &limits, span, spans);
}

/* Give the next piece of the current request to the disk. */
static enum step client_piece(struct client *c)
{
    struct request *r = c->current;
    struct order *o = &r->order;
    static struct vio_span span[DISK_SPANS_MAX];   /* stacks are small */
    uint32_t spans, bytes = piece_make(c, o, span, &spans), slot;
    bool flush = o->type == VIO_BLOCK_FLUSH;

    if (!disk.works || (bytes == 0 && !flush)) {
        o->status = VIO_BLOCK_IOERR;
        r->cut = true;
        c->current = NULL;
        if (r->pieces == 0)
            request_finish(r);
        return STEP_DONE;
    }
    if (free_count == 0 || c->descriptors + spans + 2 > descriptors_each)
        return STEP_FULL;
    slot = free_slots[free_count - 1];
    if (disk_add(slot, o->type, c->config->first + o->sector, span, spans) != VIO_OK)
        return STEP_FULL;
    if (disk_is_idle())
        progress = now;
    free_count--;
    pieces[slot] = (struct piece){ r, now, bytes, spans + 2 };
    r->pieces++;
    c->pieces++;
    c->descriptors += spans + 2;
    serve_counters.pieces++;
    o->sector += bytes / VIO_BLOCK_SECTOR;
    if (!flush)
        cut_advance(&o->data, bytes);
    if (flush || o->data.left == 0) {
        r->cut = true;
        c->current = NULL;
    }
    return STEP_DONE;
}

static enum step client_step(struct client *c)
{
    /* A piece of it has failed: the rest is left. */
    if (c->current != NULL && c->current->cut)
        c->current = NULL;
    if (!c->up)
        return STEP_NOTHING;
    return c->current != NULL ? client_piece(c) : client_take(c);
}

/* Whoever has something to do has it done, in turn. False: there is more. */
static bool clients_step(void)
{
    uint32_t steps = 0;

    for (; look != 0 && steps < STEPS; turn = (turn + 1) % count) {
        struct client *c = &clients[turn];
        uint64_t bit = client_bit(c);
        enum step step;

        if ((look & bit) == 0)
            continue;
        if ((step = client_step(c)) == STEP_FULL)
            waiting |= bit;
        if (step == STEP_DONE)
            steps++;
        else
            look &= ~bit;
    }
    return look == 0;
}

/* ---- all together ------------------------------------------------------------------ */

static void clients_poll(uint64_t which)
{
    for (uint32_t i = 0; i < count; i++)
        if ((which >> i & 1) != 0 && clients[i].open)
            client_poll(&clients[i]);
}

static void clients_publish(void)
{
    for (uint32_t i = 0; i < count; i++) {
        if (clients[i].answered)
            vio_link_server_publish(&clients[i].link, 0);
        clients[i].answered = false;
    }
}

/* Who has been looked at is to raise its vIRQ from now on; who had something
 * before that is looked at again. One that waits for room is not asked. */
static void clients_listen(uint64_t which)
{
    for (uint32_t i = 0; i < count; i++)
        if (((which & ~waiting) >> i & 1) != 0 && clients[i].up &&
            vio_device_listen(&clients[i].link.queue[0]))
            look |= UINT64_C(1) << i;
}

static enum pci_again come_back(bool finished)
{
    if (!finished)
        return PCI_AGAIN_NOW;
    if (!disk_is_idle() || revival.next != 0 || serve_counters.failed > failed_told)
        return PCI_AGAIN_AT_TICK;
    return PCI_NOT_AGAIN;
}

enum pci_again serve(void)
{
    bool finished = false;

    now = mv_time_ns();
    serve_counters.events++;
    for (uint32_t round = 0; round < ROUNDS && !finished; round++) {
        uint64_t seen;

        disk_collect();
        disk_check();
        seen = look;
        clients_poll(seen);
        finished = clients_step();
        if (disk.works)
            disk_publish();
        clients_publish();
        clients_listen(seen);
        finished &= !disk_listen() && look == 0;
    }
    return come_back(finished);
}

void serve_client(uint32_t client)
{
    look |= UINT64_C(1) << client;
}

/* ---- start ------------------------------------------------------------------------- */

static void client_start(struct client *c, const struct block_client *config)
{
    const struct mv_channel_config *link = config->link;
    struct vio_block_config said = {
        .capacity = config->sectors, .seg_max = CHAIN_PARTS - 2,
        .blk_size = disk.works ? disk.block_bytes : VIO_BLOCK_SECTOR,
    };
    uint64_t features = VIO_BLOCK_F_SEG_MAX | VIO_BLOCK_F_BLK_SIZE;

    if (config->read_only || disk.read_only)
        features |= VIO_BLOCK_F_RO;
    if (disk.can_flush)
        features |= VIO_BLOCK_F_FLUSH;
    c->config = config;
    c->dma = pci_dma_memory(link->address, link->size);
    if (c->dma.size == 0)
        mv_print("the disk does not reach the link of %s (dma-links): nothing will work there\n", config->cell);
    c->open = vio_link_server_open(&c->link, link, VIO_ID_BLOCK, features, &said, sizeof(said));
    if (!c->open)
        mv_print("the link of %s cannot be used\n", config->cell);
}

void serve_start(void)
{
    progress = checked = now = mv_time_ns();
    free_requests = NULL;
    for (uint32_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        request_free(&requests[i]);
    for (free_count = 0; free_count < DISK_SLOTS; free_count++)
        free_slots[free_count] = (uint16_t)free_count;
    count = block_config.client_count < SERVE_CLIENTS_MAX ? block_config.client_count : SERVE_CLIENTS_MAX;
    if (count < block_config.client_count)
        mv_print("only the first %u clients are served\n", count);
    for (uint32_t i = 0; i < count; i++)
        client_start(&clients[i], &block_config.clients[i]);
    limits_changed();
    look = (UINT64_C(1) << count) - 1;
}
