/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU of a virtual machine. The guest's own privileged registers stay in the
 * hardware until another such vCPU runs on the core: core->owner says whose
 * they are. Its exits are calls to its VMM's portal.
 */
#pragma once

#include "base.h"
#include "heap.h"
#include "arch/arch.h"

struct vgic;

struct vm {
    struct arch_vm   arch;
    struct vgic     *vgic;      /* [I] */
    struct heap_node timer;     /* its virtual timer's deadline while it does not own the core's */
};
