/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a virtual machine starts with: kernel, initrd, device tree, random
 * numbers; and where they lie in its memory.
 */
#pragma once

#include "model.h"

/*
 * Read the files of a VM whose other facts are known, make its device tree,
 * place all in its memory; complains. Files are looked for beside the
 * description, then in the folders of MULLION_GUESTS.
 */
void guest_read(struct system *s, struct vm *vm);

/* The device tree of the guest's board (include/mv/guest.h), or the given one
 * with what only the tool knows; complains. */
struct text guest_tree(const struct system *s, const struct vm *vm, const char *given, size_t given_length);

/*
 * Random bytes for a purpose of a VM, and the time of the build: from the host,
 * or, where SOURCE_DATE_EPOCH is set, the same each time.
 */
void guest_random(void *to, size_t length, const struct vm *vm, const char *purpose);
uint64_t guest_time(void);
