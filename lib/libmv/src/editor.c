/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/print.h>

static int editor_end(struct mv_line_editor *e)
{
    e->line[e->length] = '\0';
    e->length = 0;
    mv_print("\n");
    return 1;
}

int mv_line_editor_put(struct mv_line_editor *e, int c)
{
    int last = e->last;

    e->last = c;
    if (c == '\n' && last == '\r')
        return 0;
    if (c == '\r' || c == '\n')
        return editor_end(e);
    if ((c == '\b' || c == 0x7f) && e->length > 0) {
        e->length--;
        mv_print("\b \b");
    } else if (c >= ' ' && c < 0x7f && e->length + 1 < e->size) {
        e->line[e->length++] = (char)c;
        mv_print("%c", c);
    }
    return 0;
}
