/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the description language, and reading single properties with
 * the complaints that a wrong one deserves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tree.h"

enum schema {
    SCHEMA_SYSTEM, SCHEMA_SEGMENT, SCHEMA_CHANNEL, SCHEMA_CELL, SCHEMA_PORTAL, SCHEMA_VIRQ, SCHEMA_TIMER,
    SCHEMA_VCPU, SCHEMA_SPACE, SCHEMA_MAPPING, SCHEMA_VM, SCHEMA_PARTITION, SCHEMA_SCHEDULE,
    SCHEMA_TIME_PARTITION, SCHEMA_TABLE, SCHEMA_WINDOW, SCHEMA_COUNT
};

/* Complain about properties and child nodes that this kind of node cannot have. */
void schema_check(const struct node *n, enum schema kind);
/* Complain when a group node (cells, portals, ...) has properties. */
void schema_check_group(const struct node *n);
/* Does the cell's node describe a virtual machine? */
bool schema_is_vm(const struct node *n);
/* What a node of the tree is, with its article: "a portal". */
const char *schema_what(const struct node *n);

/*
 * Each leaves *value as it is when the property is absent, and returns false
 * after a complaint.
 */
bool schema_number(const struct node *n, const char *name, uint64_t min, uint64_t max, uint64_t *value);
bool schema_u32(const struct node *n, const char *name, uint32_t min, uint32_t max, uint32_t *value);
/* A number of one or two cells that is a multiple of the page size. */
bool schema_pages(const struct node *n, const char *name, uint64_t min, uint64_t max, uint64_t *value);
/* A property without a value, or <0> or <1>. */
bool schema_flag(const struct node *n, const char *name, bool *value);
bool schema_string(const struct node *n, const char *name, const char **value);
/* How many numbers of one cell; 0 when absent or wrong. */
size_t schema_numbers(const struct node *n, const char *name);
/* How many strings; 0 when absent or wrong. */
size_t schema_strings(const struct node *n, const char *name);
const char *schema_string_at(const struct node *n, const char *name, size_t i);
/* "rw" to MV_MAP_* */
bool schema_rights(struct pos at, const char *name, const char *text, uint32_t *value);
/* How many references; 0 when absent or wrong. */
size_t schema_references(const struct tree *t, const struct node *n, const char *name);
const struct node *schema_reference_at(const struct tree *t, const struct node *n, const char *name, size_t i);
/* A number as people write it: small ones in decimal. */
const char *schema_show(uint64_t number);
