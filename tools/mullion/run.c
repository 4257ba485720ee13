/* SPDX-License-Identifier: BSD-2-Clause */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qmp.h"
#include "schema.h"

/* A text property of the board's QEMU node, or what is given. */
static const char *qemu_text(const struct node *n, const char *name, const char *otherwise)
{
    const struct prop *p = node_prop(n, name);
    const char *s = p ? prop_string(p) : NULL;

    return s ? s : otherwise;
}

static void qemu_cores(const struct system *s, const struct run_options *o, struct args *a)
{
    const struct prop *fixed = node_prop(s->board.qemu, "cores");
    uint32_t cores = o->cores ? o->cores : fixed && fixed->length == 4 ? prop_cell(fixed, 0) : s->cores;

    if (cores < s->cores)
        diag_fatal("--cores is %u, but the system uses %u; expected %u or more; raise it", cores, s->cores, s->cores);
    args_add(a, "-smp");
    args_add(a, mem_printf("%u", cores));
}

_Noreturn void run_qemu(const struct system *s, const char *dir, const struct run_options *o)
{
    const struct node *n = s->board.qemu;
    const char *cpu = n ? qemu_text(n, "cpu", NULL) : NULL;
    const char *qemu = getenv("MULLION_QEMU");
    struct args a = { 0 };

    if (!n)
        diag_fatal("board \"%s\" cannot run in QEMU; expected a node /chosen/mullion,qemu in its tree; copy %s/system.img to the board instead",
                   s->board.name, dir);
    if (o->cpu && !cpu)
        diag_fatal("board \"%s\" has a fixed CPU in QEMU; expected no --cpu; leave it out", s->board.name);
    args_add_words(&a, qemu && *qemu ? qemu : "qemu-system-aarch64");
    args_add(&a, "-M");
    args_add(&a, qemu_text(n, "machine", "virt"));
    if (cpu) {
        args_add(&a, "-cpu");
        args_add(&a, o->cpu ? o->cpu : cpu);
    }
    qemu_cores(s, o, &a);
    args_add(&a, "-m");
    args_add(&a, qemu_text(n, "memory", "512M"));
    args_add_words(&a, n ? qemu_text(n, "args", "") : "");
    args_add_words(&a, "-nographic -nic none -semihosting-config enable=on,target=native -kernel");
    args_add(&a, mem_printf("%s/system.elf", dir));
    for (size_t i = 0; i < o->more.list.count; i++)
        args_add(&a, o->more.list.at[i]);
    /* No board needs sound; looking for it only makes noise. */
    setenv("QEMU_AUDIO_DRV", "none", 0);
    qmp_offer(&a, dir);
    proc_become(&a);
    diag_fatal("cannot start %s: %s; expected QEMU; install qemu-system-arm or set MULLION_QEMU", a.list.at[0], strerror(errno));
}
