/* SPDX-License-Identifier: BSD-2-Clause */
/* The smallest useful cell: it prints, and answers what you type. */
#include <libmv/libmv.h>

int main(void)
{
    char line[64];

    mv_print("Hello, I am the cell \"%s\". Who are you?\n", mv_cell.name);
    for (;;) {
        mv_print("> ");
        if (mv_read_line(line, sizeof(line)) > 0)
            mv_print("Nice to meet you, %s.\n", line);
    }
}
