/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/config.h>
#include <libmv/prompt.h>

static void typed(void *context, uint64_t payload)
{
    struct mv_prompt *p = context;
    int c;

    (void)payload;
    while ((c = mv_get_char_try()) >= 0) {
        if (mv_line_editor_put(&p->editor, c)) {
            p->run(p->line);
            mv_prompt_show(p);
        }
    }
}

void mv_prompt_start(struct mv_prompt *p, struct mv_loop *loop, mv_prompt_handler *run)
{
    *p = (struct mv_prompt){ .editor = { p->line, sizeof(p->line), 0, 0 }, .run = run };
    if (mv_cell.console == NULL)
        return;
    mv_loop_on_line(loop, mv_cell.console->line, typed, p);
    mv_prompt_show(p);
    /* What came before is raised no more. */
    typed(p, 0);
}

void mv_prompt_hide(const struct mv_prompt *p)
{
    for (size_t i = 0; i < p->editor.length + 2; i++)
        mv_print("\b");
}

void mv_prompt_show(const struct mv_prompt *p)
{
    mv_print("> ");
    mv_print_bytes(p->line, p->editor.length);
}
