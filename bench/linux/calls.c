/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows: single system calls, and waiting for many files at once. */
#include "suite.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WATCHED = 100 };     /* files in the rows of select, poll and epoll */

static const char path[] = "/tmp/file";
static int file;

static void run_getppid(uint32_t count)
{
    while (count--)
        syscall(SYS_getppid);
}

static void zero_open(void)
{
    file = (int)must(open("/dev/zero", O_RDONLY), "open /dev/zero");
}

static void null_open(void)
{
    file = (int)must(open("/dev/null", O_WRONLY), "open /dev/null");
}

static void file_make(void)
{
    file = (int)must(open(path, O_RDWR | O_CREAT, 0600), "open /tmp/file");
}

static void file_close(void)
{
    close(file);
}

static void file_remove(void)
{
    close(file);
    unlink(path);
}

static void run_read(uint32_t count)
{
    char byte;

    while (count--)
        must(read(file, &byte, 1), "read");
}

static void run_write(uint32_t count)
{
    char byte = 0;

    while (count--)
        must(write(file, &byte, 1), "write");
}

static void run_stat(uint32_t count)
{
    struct stat s;

    while (count--)
        must(stat(path, &s), "stat");
}

static void run_fstat(uint32_t count)
{
    struct stat s;

    while (count--)
        must(fstat(file, &s), "fstat");
}

static void run_open_close(uint32_t count)
{
    while (count--)
        close((int)must(open(path, O_RDONLY), "open"));
}

/* ---- many files ------------------------------------------------------------------ */

static int watched[WATCHED], watcher;

static void watched_open(void)
{
    for (int i = 0; i < WATCHED; i++)
        watched[i] = (int)must(eventfd(0, 0), "eventfd");
}

static void watched_close(void)
{
    for (int i = 0; i < WATCHED; i++)
        close(watched[i]);
}

static void run_select(uint32_t count)
{
    while (count--) {
        struct timeval none = { 0, 0 };
        fd_set set;

        FD_ZERO(&set);
        for (int i = 0; i < WATCHED; i++)
            FD_SET(watched[i], &set);
        must(select(watched[WATCHED - 1] + 1, &set, NULL, NULL, &none), "select");
    }
}

static void run_poll(uint32_t count)
{
    struct pollfd set[WATCHED];

    for (int i = 0; i < WATCHED; i++)
        set[i] = (struct pollfd){ watched[i], POLLIN, 0 };
    while (count--)
        must(poll(set, WATCHED, 0), "poll");
}

/* One of all is always ready. */
static void epoll_begin(void)
{
    uint64_t one = 1;

    watched_open();
    watcher = (int)must(epoll_create1(0), "epoll_create1");
    for (int i = 0; i < WATCHED; i++) {
        struct epoll_event e = { .events = EPOLLIN, .data = { .fd = watched[i] } };

        must(epoll_ctl(watcher, EPOLL_CTL_ADD, watched[i], &e), "epoll_ctl");
    }
    must(write(watched[WATCHED / 2], &one, sizeof one), "write to an eventfd");
}

static void epoll_end(void)
{
    close(watcher);
    watched_close();
}

static void run_epoll(uint32_t count)
{
    struct epoll_event e;

    while (count--)
        must(epoll_wait(watcher, &e, 1, 0), "epoll_wait");
}

const struct row call_rows[] = {
    { .name = "getppid", .text = "the shortest system call", .count = 500, .samples = 40, .run = run_getppid },
    { .name = "read", .text = "read one byte of /dev/zero", .count = 300, .samples = 40, .begin = zero_open, .run = run_read,
      .end = file_close },
    { .name = "write", .text = "write one byte to /dev/null", .count = 300, .samples = 40, .begin = null_open, .run = run_write,
      .end = file_close },
    { .name = "stat", .text = "stat a file", .count = 150, .samples = 40, .begin = file_make, .run = run_stat, .end = file_remove },
    { .name = "fstat", .text = "fstat a file", .count = 250, .samples = 40, .begin = file_make, .run = run_fstat, .end = file_remove },
    { .name = "open_close", .text = "open and close a file", .count = 80, .samples = 40, .begin = file_make, .run = run_open_close,
      .end = file_remove },
    { .name = "select_100", .text = "select on 100 files", .count = 15, .samples = 40, .begin = watched_open, .run = run_select,
      .end = watched_close },
    { .name = "poll_100", .text = "poll 100 files", .count = 15, .samples = 40, .begin = watched_open, .run = run_poll,
      .end = watched_close },
    { .name = "epoll_100", .text = "epoll_wait for 100 files, one ready", .count = 200, .samples = 40, .begin = epoll_begin,
      .run = run_epoll, .end = epoll_end },
    { .name = NULL },
};
