/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading what was typed. */

#include <libmv/print.h>

#include "internal.h"

int mv_get_char_try(void)
{
    struct mv_channel *c = mv_console();
    uint8_t byte;

    mv_print_flush();
    return c != NULL && mv_channel_read_try(c, &byte, 1) == 1 ? byte : -1;
}

int mv_get_char(void)
{
    struct mv_channel *c = mv_console();
    uint8_t byte;

    mv_print_flush();
    if (c == NULL)
        mv_sleep_until(UINT64_MAX);
    return mv_channel_read(c, &byte, 1, 0) == 1 ? byte : -1;
}

size_t mv_read_line(char *line, size_t size)
{
    struct mv_line_editor e = { line, size, 0, 0 };
    size_t length;

    do
        length = e.length;
    while (!mv_line_editor_put(&e, mv_get_char()));
    return length;
}
