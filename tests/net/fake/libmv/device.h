/* SPDX-License-Identifier: BSD-2-Clause */
/* Links have no registers, but a barrier before the other side is told. */
#pragma once

static inline void mv_device_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
