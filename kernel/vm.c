/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm.h"

#include "door.h"
#include "vgic.h"

struct result call_vgic_get(HANDLER_ARGS)
{
    return result_status(MV_BAD_ARG);
}

struct result call_vgic_set(HANDLER_ARGS)
{
    return result_status(MV_BAD_ARG);
}
