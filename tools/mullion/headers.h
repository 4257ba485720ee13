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

/* The same for handling a vIRQ. */
uint32_t headers_virq_cap(const struct cell *c, const uint32_t *object);
/* A line of cell.h: the name, made from the format, becomes a macro's. */
void headers_define(struct text *t, const char *comment, unsigned long long value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* PCI functions, memory for DMA, streams (headers_devices.c): macros, tables of
 * cell_config.c, and the fields of mv_cell that lead to those; the file of a cell that owns a bridge. */
void headers_functions(struct text *t, const struct cell *c);
void headers_dma(struct text *t, const struct cell *c);
void headers_streams(struct text *t, const struct system *s, const struct cell *c);
void headers_device_tables(struct text *t, const struct system *s, const struct cell *c);
void headers_device_fields(struct text *t, const struct system *s, const struct cell *c);
bool headers_has_pci_config(const struct cell *c);
void headers_pci_config(struct text *t, const struct system *s, const struct cell *c);

/* Io cells, disks, networks: headers_links.c. */
void headers_io_config(struct text *t, const struct system *s, const struct cell *c);
bool headers_has_block_config(const struct cell *c);
void headers_block_config(struct text *t, const struct system *s, const struct cell *c);
bool headers_has_switch_config(const struct cell *c);
void headers_switch_config(struct text *t, const struct system *s, const struct cell *c);
