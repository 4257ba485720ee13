/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/message.h>
#include <libmv/time.h>

void mv_sleep_until(uint64_t deadline_ns)
{
    struct mv_words unused;
    uint64_t source;

    /* A wait for no line ends at the deadline only. */
    (void)mv_wait_flags(&unused, &source, MV_LINES | MV_DEADLINE, deadline_ns, 0);
}

void mv_sleep(uint64_t ns)
{
    mv_sleep_until(mv_time_ns() + ns);
}
