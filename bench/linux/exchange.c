/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows: two or more processes or threads that take turns. */
#include "suite.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CHUNK = 65536,          /* of the pipe's bandwidth                    */
    RING_MAX = 8,           /* processes in a ring                        */
    FOOTPRINT = 16384,      /* bytes that each of a large ring goes over  */
};

/* ---- a byte to and fro ----------------------------------------------------------- */

static int ask[2], answer[2];       /* pipes; or both ends of sockets: [0] ours, [1] the partner's */
static int partner;

static void run_byte(uint32_t count)
{
    char byte = 0;

    while (count--) {
        must(write(ask[1], &byte, 1), "write");
        must(read(answer[0], &byte, 1), "read");
    }
}

static void serve_pipe(void)
{
    char byte;

    close(ask[1]);
    while (read_all(ask[0], &byte, 1) && write_all(answer[1], &byte, 1))
        ;
}

static void pipe_begin(void)
{
    must(pipe(ask), "pipe");
    must(pipe(answer), "pipe");
    partner = partner_start(serve_pipe);
}

static void pipe_end(void)
{
    close(ask[1]);
    partner_wait(partner);
    close(ask[0]);
    close(answer[0]);
    close(answer[1]);
}

/* ---- a pipe's bandwidth ------------------------------------------------------------ */

static char chunk[CHUNK];

static void serve_bytes(void)
{
    close(ask[0]);
    while (write_all(ask[1], chunk, sizeof chunk))
        ;
}

static void bandwidth_begin(void)
{
    memset(chunk, 1, sizeof chunk);
    must(pipe(ask), "pipe");
    partner = partner_start(serve_bytes);
    close(ask[1]);
}

static void run_bandwidth(uint32_t count)
{
    while (count--)
        read_all(ask[0], chunk, sizeof chunk);
}

static void bandwidth_end(void)
{
    close(ask[0]);
    partner_wait(partner);
}

/* ---- a ring of processes -------------------------------------------------------------- */

static int ring[RING_MAX][2], ring_size, ring_index, ring_partners[RING_MAX];
static size_t ring_footprint;

static void ring_work(void)
{
    for (size_t i = 0; i < ring_footprint; i += sizeof(uint64_t))
        (*(volatile uint64_t *)(chunk + i))++;
}

/* Takes from its pipe, and puts into the next one's. */
static void serve_ring(void)
{
    int from = ring[ring_index][0], to = ring[(ring_index + 1) % ring_size][1];
    char byte;

    for (int i = 0; i < ring_size; i++)
        if (ring[i][1] != to)
            close(ring[i][1]);
    while (read_all(from, &byte, 1)) {
        ring_work();
        if (!write_all(to, &byte, 1))
            return;
    }
}

static void ring_begin(int size, size_t footprint)
{
    ring_size = size;
    ring_footprint = footprint;
    for (int i = 0; i < size; i++)
        must(pipe(ring[i]), "pipe");
    for (ring_index = 1; ring_index < size; ring_index++)
        ring_partners[ring_index] = partner_start(serve_ring);
    /* Of the writing ends we keep only that of the next one: when it closes, all end, one after the other. */
    for (int i = 0; i < size; i++)
        if (i != 1)
            close(ring[i][1]);
}

static void ring_begin_2(void)
{
    ring_begin(2, 0);
}

static void ring_begin_8(void)
{
    ring_begin(8, FOOTPRINT);
}

/* A repetition is one step: a whole round has as many as there are processes. */
static void run_ring(uint32_t count)
{
    char byte = 0;

    for (uint32_t i = 0; i < count; i += (uint32_t)ring_size) {
        must(write(ring[1][1], &byte, 1), "write");
        must(read(ring[0][0], &byte, 1), "read");
        ring_work();
    }
}

static void ring_end(void)
{
    close(ring[1][1]);
    for (int i = 1; i < ring_size; i++)
        partner_wait(ring_partners[i]);
    for (int i = 0; i < ring_size; i++)
        close(ring[i][0]);
}

/* ---- local sockets --------------------------------------------------------------------- */

static void serve_socket(void)
{
    char byte;

    close(ask[1]);
    while (read_all(ask[0], &byte, 1) && write_all(ask[0], &byte, 1))
        ;
}

static void pair_begin(void)
{
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ask), "socketpair");
    answer[0] = ask[1];
    partner = partner_start(serve_socket);
}

static void stream_begin(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "/tmp/socket" };
    int listener = (int)must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

    must(bind(listener, (const struct sockaddr *)&name, sizeof name), "bind");
    must(listen(listener, 1), "listen");
    ask[1] = answer[0] = (int)must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
    must(connect(ask[1], (const struct sockaddr *)&name, sizeof name), "connect");
    ask[0] = (int)must(accept(listener, NULL, NULL), "accept");
    close(listener);
    unlink(name.sun_path);
    partner = partner_start(serve_socket);
}

static void socket_end(void)
{
    close(ask[1]);
    partner_wait(partner);
    close(ask[0]);
}

/* ---- semaphores and futexes ---------------------------------------------------------------- */

static int semaphores;

/* False when the semaphores are gone. */
static int semaphore_add(unsigned short which, short by)
{
    struct sembuf step = { which, by, 0 };

    if (semop(semaphores, &step, 1) == 0)
        return 1;
    if (errno != EIDRM && errno != EINVAL)
        fail("semop");
    return 0;
}

static void serve_semaphores(void)
{
    while (semaphore_add(0, -1) && semaphore_add(1, 1))
        ;
}

static void semaphore_begin(void)
{
    semaphores = (int)must(semget(IPC_PRIVATE, 2, 0600), "semget");
    partner = partner_start(serve_semaphores);
}

static void run_semaphore(uint32_t count)
{
    while (count-- && semaphore_add(0, 1) && semaphore_add(1, -1))
        ;
}

static void semaphore_end(void)
{
    must(semctl(semaphores, 0, IPC_RMID), "semctl");
    partner_wait(partner);
}

/* Whose turn it is: 0 ours, 1 the other thread's, 2 the end. */
static _Atomic uint32_t turn;
static pthread_t thread;

static void turn_wait_while(uint32_t value)
{
    while (atomic_load(&turn) == value)
        syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void turn_give(uint32_t value)
{
    atomic_store(&turn, value);
    must(syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), "futex");
}

static void *serve_turns(void *unused)
{
    for (;;) {
        turn_wait_while(0);
        if (atomic_load(&turn) == 2)
            return unused;
        turn_give(0);
    }
}

static void futex_begin(void)
{
    atomic_store(&turn, 0);
    errno = pthread_create(&thread, NULL, serve_turns, NULL);
    if (errno)
        fail("pthread_create");
}

static void run_futex(uint32_t count)
{
    while (count--) {
        turn_give(1);
        turn_wait_while(1);
    }
}

static void futex_end(void)
{
    turn_give(2);
    pthread_join(thread, NULL);
}

const struct row exchange_rows[] = {
    { .name = "pipe", .text = "a byte through a pipe to another process, and back", .count = 20, .samples = 40, .begin = pipe_begin,
      .run = run_byte, .end = pipe_end },
    { .name = "pipe_64k", .text = "64 KiB through a pipe", .count = 8, .samples = 60, .begin = bandwidth_begin, .run = run_bandwidth,
      .end = bandwidth_end },
    { .name = "switch_2", .text = "a context switch between 2 processes", .count = 40, .samples = 40, .begin = ring_begin_2,
      .run = run_ring, .end = ring_end },
    { .name = "switch_8", .text = "a context switch among 8 processes of 16 KiB", .count = 24, .samples = 40, .begin = ring_begin_8,
      .run = run_ring, .end = ring_end },
    { .name = "unix_stream", .text = "a byte through an AF_UNIX stream, and back", .count = 15, .samples = 40, .begin = stream_begin,
      .run = run_byte, .end = socket_end },
    { .name = "socketpair", .text = "a byte through a socket pair, and back", .count = 15, .samples = 40, .begin = pair_begin,
      .run = run_byte, .end = socket_end },
    { .name = "semaphore", .text = "System V semaphores to another process, and back", .count = 20, .samples = 40,
      .begin = semaphore_begin, .run = run_semaphore, .end = semaphore_end },
    { .name = "futex", .text = "futexes to another thread, and back", .count = 20, .samples = 40, .begin = futex_begin,
      .run = run_futex, .end = futex_end },
    { .name = NULL },
};
