/* SPDX-License-Identifier: BSD-2-Clause */
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"

struct block {
    struct block *next;
    max_align_t   data[];
};

static struct block *blocks;

/*
 * The test build can make the n-th allocation fail, to show that every path
 * out of memory is orderly.
 */
#ifdef MULLION_TEST
static void *block_malloc(size_t bytes)
{
    static long left = -2;

    if (left == -2) {
        const char *text = getenv("MULLION_TEST_FAIL_ALLOC");

        left = text ? strtol(text, NULL, 10) : -1;
    }
    if (left == 0)
        return NULL;
    if (left > 0)
        left--;
    return malloc(bytes);
}
#else
static void *block_malloc(size_t bytes)
{
    return malloc(bytes);
}
#endif

void *mem_alloc(size_t bytes)
{
    struct block *b = NULL;

    if (bytes <= SIZE_MAX / 2)
        b = block_malloc(sizeof *b + bytes);
    if (!b)
        diag_out_of_memory();
    memset(b, 0, sizeof *b + bytes);
    b->next = blocks;
    blocks = b;
    return b->data;
}

char *mem_copy_string(const char *from, size_t length)
{
    char *to = mem_alloc(length + 1);

    memcpy(to, from, length);
    return to;
}

char *mem_vprintf(const char *format, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        diag_out_of_memory();
    char *to = mem_alloc((size_t)length + 1);

    vsnprintf(to, (size_t)length + 1, format, ap);
    return to;
}

char *mem_printf(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    char *to = mem_vprintf(format, ap);
    va_end(ap);
    return to;
}

void *mem_room(void *array, size_t count, size_t *room, size_t element)
{
    if (count < *room)
        return array;
    if (*room > SIZE_MAX / 4 / element)
        diag_out_of_memory();
    *room = *room ? *room * 2 : 8;
    void *larger = mem_alloc(*room * element);

    if (count)
        memcpy(larger, array, count * element);
    return larger;
}

void *mem_mark(void)
{
    return blocks;
}

void mem_free_since(void *mark)
{
    while (blocks && blocks != mark) {
        struct block *next = blocks->next;

        free(blocks);
        blocks = next;
    }
}

void mem_free_all(void)
{
    mem_free_since(NULL);
}
