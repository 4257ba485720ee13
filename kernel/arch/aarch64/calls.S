/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch_calls: where the handlers of PLAIN calls are, by number, as bytes from
 * this table, which lies before all of them: a quarter of what addresses would
 * take.
 */

#define HANDLER_PLAIN(name)    .short call_##name - arch_calls
#define HANDLER_MESSAGE(name)  .short call_bad - arch_calls
#define CALL(number, name, kind, type, right, text) .org arch_calls + 2 * number; HANDLER_##kind(name)

        .section .text.calls, "a"
        .global arch_calls
arch_calls:
#include <mv/calls.def>
        .balign 4
