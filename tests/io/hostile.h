/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An io cell with a disk, a network and ports, whose guest and whose other ends do
 * what a string of bytes says: registers, rings, descriptors, link headers,
 * answers. The sanitizers look on; and the cell must come to rest.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Build all of it anew, and do what the bytes say. */
void hostile_run(const uint8_t *bytes, size_t size);
