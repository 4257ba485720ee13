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
    /* At most MV_CORES_MAX. */
    const char count[] = { (char)('0' + t->core_count), '\0' };
    const uint64_t value[] = { (uint64_t)(uintptr_t)board.name, (uint64_t)(uintptr_t)count,
                               (uint64_t)(uintptr_t)&"s"[t->core_count == 1] };

    print_to(arch_putc, "mullion: $, $ core$\n", value);
}
