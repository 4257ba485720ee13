/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows: making and deleting files on tmpfs. */
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { SMALL = 1024 };      /* bytes of a file that is not empty */

static void path_of(char *path, size_t size, uint32_t index)
{
    snprintf(path, size, "/tmp/f%u", index);
}

static void make(uint32_t count, size_t bytes)
{
    static char data[SMALL];
    char path[32];

    for (uint32_t i = 0; i < count; i++) {
        path_of(path, sizeof path, i);
        int fd = (int)must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600), "open");

        if (bytes)
            write_all(fd, data, bytes);
        close(fd);
    }
}

static void delete(uint32_t count)
{
    char path[32];

    for (uint32_t i = 0; i < count; i++) {
        path_of(path, sizeof path, i);
        must(unlink(path), "unlink");
    }
}

static void run_empty(uint32_t count)
{
    make(count, 0);
    delete(count);
}

static void run_small(uint32_t count)
{
    make(count, SMALL);
    delete(count);
}

const struct row file_rows[] = {
    { .name = "file_empty", .text = "an empty file made and deleted", .count = 16, .samples = 60, .run = run_empty },
    { .name = "file_1k", .text = "a file of 1 KiB made and deleted", .count = 16, .samples = 60, .run = run_small },
    { .name = NULL },
};
