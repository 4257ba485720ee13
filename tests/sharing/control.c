/* SPDX-License-Identifier: BSD-2-Clause */
/* Stops and starts other cells, on command: "stop NAME", "start NAME". */
#include <libmv/libmv.h>

#include "cell.h"

static const struct {
    const char *name;
    uint32_t cap;
} cells[] = {
    { "block", CAP_CELL_BLOCK }, { "net", CAP_CELL_NET }, { "switch", CAP_CELL_SWITCH }, { "echo", CAP_CELL_ECHO },
    { "pci", CAP_CELL_PCI }, { "left", CAP_CELL_LEFT }, { "left-vmm", CAP_CELL_LEFT_VMM }, { "left-io", CAP_CELL_LEFT_IO },
};

static char line[64];
static struct mv_line_editor editor = { line, sizeof(line), 0, 0 };

static void run(const char *text)
{
    bool stop = strncmp(text, "stop ", 5) == 0, start = strncmp(text, "start ", 6) == 0;
    const char *name = stop ? text + 5 : text + 6;

    if (!stop && !start) {
        mv_print("stop NAME, start NAME\n");
        return;
    }
    for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
        if (strcmp(name, cells[i].name) == 0) {
            mv_status_t status = stop ? mv_cell_stop(cells[i].cap) : mv_cell_start(cells[i].cap);

            mv_print("%s: %s %d\n", text, status == MV_OK ? "done" : "status", (int)status);
            return;
        }
    }
    mv_print("there is no cell %s\n", name);
}

static void keyboard(void *context, uint64_t payload)
{
    int c;

    (void)context;
    (void)payload;
    while ((c = mv_get_char_try()) >= 0) {
        if (mv_line_editor_put(&editor, c)) {
            run(line);
            mv_print("> ");
        }
    }
}

int main(void)
{
    struct mv_loop loop;

    mv_loop_init(&loop);
    mv_loop_on_line(&loop, mv_cell.console->line, keyboard, NULL);
    mv_print("stop and start cells\n> ");
    keyboard(NULL, 0);
    mv_loop_run(&loop);
    return 0;
}
