/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files that read the description into the model. */
#pragma once

#include "model.h"
#include "schema.h"

enum { MODEL_TIME_US_MAX = 1000000000 };

/* Complain that a property names the wrong kind of node. */
void model_wrong_kind(struct pos at, const char *name, const struct node *found, const char *expected);
/* The only reference of a property, or NULL; complains about several. */
const struct node *model_one_reference(const struct system *s, const struct node *n, const char *name);
/* Complain about a node's name that cannot become a C macro and a table entry. */
void model_check_name(const struct node *n);
struct virq *model_add_virq(struct system *s, struct cell *c, const char *name, const struct node *n,
                            struct vcpu *sink, uint32_t source);

/* A cell with its own objects (model_cells.c). */
void model_read_cell(struct system *s, const struct node *n);
/* A virtual machine: a cell with "kernel", and its VMM's (model_vm.c). Its io
 * cell is made when something is found that needs it. */
void model_read_vm(struct system *s, const struct node *n);
struct cell *model_io_cell(struct system *s, struct vm *vm);
/* The virtio devices of the io cells, when links and channels are known. */
void model_add_io_devices(struct system *s);
/* What a machine's memory begins with, when all its devices are known. */
void model_read_guests(struct system *s);
/* A new cell with its space "main" and the defaults of what is not said; a vCPU
 * and a portal of it. */
struct cell *model_add_cell(struct system *s, const struct node *n, const char *name);
struct vcpu *model_add_vcpu(struct system *s, struct cell *c, const struct node *n, const struct vcpu *like);
struct portal *model_add_portal(struct system *s, struct cell *c, const char *name, const struct node *n, struct vcpu *server);
/* A property that names a core of the system. */
void model_read_core(const struct system *s, const struct node *n, const char *name, uint32_t *core);
/* Time partitions, tables and windows; "budget-us", "period-us" and "partition" of a
 * node: false after a complaint; of one with vCPUs also "exhausted" and "deadline-us"
 * (model_schedule.c). */
void model_read_schedule(struct system *s, const struct node *top);
bool model_read_context(const struct system *s, const struct node *n, struct context *c);
void model_read_vcpu_time(const struct system *s, const struct node *n, struct context *c);
/* "switches-schedule", "marks-trace" and "interrupt-limit" of a cell or machine. */
void model_read_time_rights(const struct system *s, struct cell *c);
enum { MODEL_PRIORITY_DEFAULT = 100, MODEL_STACK_DEFAULT = 0x2000 };
/* What a cell refers to: portals, vIRQs, cells, segments, spaces (model_uses.c). */
void model_read_uses(struct system *s, struct cell *c);
/* The devices that a cell owns (model_devices.c). */
void model_read_devices(struct system *s, struct cell *c);
/* Complain about pages of a device's registers that cannot be given away. */
void model_check_registers(const struct system *s, const char *device, struct pos at, struct region pages);
/* PCI bridges and the functions that the description adds to them; a cell's
 * "devices" names one: true; BARs, and what owner and drivers get, when all cells
 * are known (model_pci.c). */
void model_read_bridges(struct system *s);
bool model_give_pci(struct system *s, struct cell *c, const struct node *to, struct pos at, struct vcpu *sink);
void model_finish_pci(struct system *s);
/* Streams of devices, and what memory cells give to them; who hears of their
 * faults (model_dma.c). */
void model_read_dma(struct system *s);
bool model_may_do_dma(const struct device *d);
void model_add_stream_virq(struct system *s, const struct portal *handler);
/* Partitions of the disk that a cell serves; disks and networks that cells and
 * machines use (model_links.c). */
void model_read_partitions(struct system *s, struct cell *c);
void model_read_links(struct system *s);
/* Segments and channels (model_memory.c). Consoles come after all cells, the
 * channels' vIRQs after everything else that takes a line. */
void model_read_segment(struct system *s, const struct node *n);
void model_read_channel(struct system *s, const struct node *n);
struct channel *model_add_channel(struct system *s, const char *name, const struct node *n, struct pos at, uint64_t size,
                                  struct cell *a, struct cell *b);
enum { MODEL_CHANNEL_MAX = 0x1000000 };
void model_read_console(struct system *s, struct cell *c);
void model_add_channel_virqs(struct system *s);
