/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generated files of a cell: cell.h with macros, and C files with the same
 * facts as structures.
 */
#pragma once

#include "model.h"

/* Stage them for every cell. */
void headers_emit(struct system *s);

/* One of the C files: which cells have it, and what stands in it. */
struct config {
    const char *file;               /* NULL behind the last one */
    bool      (*has)(const struct cell *c);
    void      (*write)(struct text *t, const struct system *s, const struct cell *c);
};
extern const struct config headers_configs[];

/* ---- for those who write them ---------------------------------------------------- */

/* Index of the cell's capability for an object; 0: it has none. */
uint32_t headers_cap(const struct cell *c, uint32_t type, const uint32_t *object);

/* Io cells, disks, networks: headers_links.c. */
void headers_io_config(struct text *t, const struct system *s, const struct cell *c);
bool headers_has_block_config(const struct cell *c);
void headers_block_config(struct text *t, const struct system *s, const struct cell *c);
bool headers_has_switch_config(const struct cell *c);
void headers_switch_config(struct text *t, const struct system *s, const struct cell *c);
