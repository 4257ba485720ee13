/* SPDX-License-Identifier: BSD-2-Clause */
/* From the machine's start-up to a system that is ready to run. */
#include "board.h"
#include "cell.h"
#include "fault.h"
#include "print.h"
#include "system.h"
#include "arch/arch.h"

void system_boot(const struct mv_systab *t)
{
    system_build(t);
    print_to(arch_putc, "mullion: ");
    print_to(arch_putc, board.name);
    print_to(arch_putc, ", ");
    arch_putc((char)('0' + t->core_count));    /* at most MV_CORES_MAX */
    print_to(arch_putc, t->core_count == 1 ? " core\n" : " cores\n");
}
