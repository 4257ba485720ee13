/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The description and the board's tree as one tree of nodes, each node and
 * property with the place where it was written. Read by the C preprocessor
 * and dtc; their complaints become errors of ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diag.h"
#include "mem.h"

struct prop {
    const char    *name;
    const uint8_t *data;
    size_t         length;
    struct pos     at;
};

/* Where a node was opened or opened again: from "{" to ";". */
struct extent {
    const char *file;
    int first_line, first_column, last_line, last_column;
};

struct node {
    const char  *name;       /* with its unit address */
    const char  *label;      /* the first one, or NULL */
    struct node *parent;     /* NULL: the root */
    struct pos   at;
    uint32_t     phandle;    /* 0: nobody refers to it */
    VEC(struct extent) extents;
    VEC(struct prop) props;
    VEC(struct node *) children;
};

struct tree {
    struct node *root;
    VEC(struct node *) by_phandle;     /* all that have one */
    VEC(struct node *) all;
};

/* Read path with the folders of includes; ends the program on a syntax error. */
struct tree *tree_read(const char *path, const char *board_dir);

struct node *tree_find(const struct tree *t, const char *path);
struct node *tree_by_phandle(const struct tree *t, uint32_t phandle);
struct node *node_child(const struct node *n, const char *name);
const struct prop *node_prop(const struct node *n, const char *name);
/* The position of that property, else of the node. */
struct pos node_at(const struct node *n, const char *name);
/* Label, else name without unit address. */
const char *node_title(const struct node *n);

/* Big-endian cell i of a property; the caller has checked the length. */
uint32_t prop_cell(const struct prop *p, size_t i);
uint64_t prop_cells(const struct prop *p, size_t first, size_t count);
/* The property as text, or NULL when it is not one NUL-terminated string. */
const char *prop_string(const struct prop *p);
/* Is one of the NUL-terminated strings of the property this? */
bool prop_has_string(const struct prop *p, const char *s);
