/* SPDX-License-Identifier: BSD-2-Clause */
#include "disk.h"

#include <libmv/libmv.h>

#define NOT_ANSWERED 0xeeu

static void send(struct disk *d, struct request *r)
{
    const struct vio_memory *m = &d->link.link.memory;
    uint32_t bytes = r->sectors * VIO_BLOCK_SECTOR, half = r->sectors / 2 * VIO_BLOCK_SECTOR;
    struct vio_span span[4] = { { vio_address(m, r->header), sizeof(*r->header) } };
    uint32_t n = 1;

    *r->header = (struct vio_block_header){ .type = r->type, .sector = r->sector };
    *r->status = NOT_ANSWERED;
    if (r->type == VIO_BLOCK_OUT)
        memcpy(r->there, r->data, bytes);
    if (half != 0)
        span[n++] = (struct vio_span){ vio_address(m, r->there), half };
    if (bytes != 0)
        span[n++] = (struct vio_span){ vio_address(m, r->there + half), bytes - half };
    span[n++] = (struct vio_span){ vio_address(m, r->status), 1 };
    if (r->type == VIO_BLOCK_OUT)
        mv_assert(vio_driver_add(&d->link.queue[0], span, n - 1, 1, r) == VIO_OK);
    else
        mv_assert(vio_driver_add(&d->link.queue[0], span, 1, n - 1, r) == VIO_OK);
    d->sent++;
}

/* A new session: all that was under way is asked for again. */
static void begin_session(struct disk *d)
{
    struct vio_block_config c;

    d->sessions++;
    mv_assert(vio_link_client_config(&d->link, 0, &c, sizeof(c)));
    d->capacity = c.capacity;
    d->read_only = (d->link.link.features & VIO_BLOCK_F_RO) != 0;
    for (uint32_t i = 0; i < DISK_REQUESTS; i++)
        if (d->request[i].busy)
            send(d, &d->request[i]);
    vio_link_client_publish(&d->link, 0);
}

static bool is_up(struct disk *d)
{
    enum vio_link_state st = vio_link_client_poll(&d->link);

    if (st == VIO_LINK_NEW)
        begin_session(d);
    return st != VIO_LINK_DOWN;
}

static void wait(const struct disk *d)
{
    struct mv_words w;
    uint64_t source;

    mv_print_flush();
    (void)mv_wait_flags(&w, &source, MV_LINES, 0, UINT64_C(1) << d->link.link.config->line);
}

void disk_open(struct disk *d, const char *name)
{
    const struct mv_channel_config *config = mv_channel_find(name);
    uint8_t *at;

    mv_assert(config != NULL);
    mv_assert(vio_link_client_open(&d->link, config, VIO_ID_BLOCK, VIO_BLOCK_F_RO | VIO_BLOCK_F_FLUSH, d->slots));
    at = d->link.link.memory.at;
    for (uint32_t i = 0; i < DISK_REQUESTS; i++) {
        d->request[i].header = (struct vio_block_header *)(void *)at;
        d->request[i].status = at + 64;
        d->request[i].there = at + 128;
        at += 128 + DISK_BYTES;
    }
    mv_assert(at <= d->link.link.memory.at + d->link.link.memory.size);
    while (!is_up(d))
        wait(d);
}

void disk_begin(struct disk *d, uint32_t n, uint32_t type, uint64_t sector, uint32_t sectors)
{
    struct request *r = &d->request[n];

    mv_assert(!r->busy);
    r->type = type;
    r->sector = sector;
    r->sectors = sectors;
    if (is_up(d)) {
        send(d, r);
        vio_link_client_publish(&d->link, 0);
    }
    r->busy = true;
}

uint32_t disk_wait(struct disk *d)
{
    void *token;
    uint32_t length;

    for (;;) {
        if (is_up(d) && vio_driver_take(&d->link.queue[0], &token, &length) == VIO_OK) {
            struct request *r = (struct request *)token;

            r->busy = false;
            if (r->type == VIO_BLOCK_IN)
                memcpy(r->data, r->there, r->sectors * VIO_BLOCK_SECTOR);
            return (uint32_t)(r - d->request);
        }
        if (!vio_driver_listen(&d->link.queue[0]))
            wait(d);
    }
}

uint8_t disk_do(struct disk *d, uint32_t type, uint64_t sector, uint32_t sectors)
{
    disk_begin(d, 0, type, sector, sectors);
    return *d->request[disk_wait(d)].status;
}
