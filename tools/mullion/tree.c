/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "proc.h"
#include "program.h"
#include "text.h"

/* ---- complaints of the preprocessor and of dtc ------------------------- */

/* File names are compared by address when messages are merged and sorted:
 * one copy of each. */
static const char *file_name(const char *name, size_t length)
{
    static VEC(const char *) names;

    for (size_t i = 0; i < names.count; i++)
        if (strlen(names.at[i]) == length && !memcmp(names.at[i], name, length))
            return names.at[i];
    return *vec_push(&names) = mem_copy_string(name, length);
}

/* "FILE:LINE" at the start of a line, with a separator behind it. */
static bool place_parse(const char *line, struct pos *at, const char **rest)
{
    for (const char *c = strchr(line, ':'); c; c = strchr(c + 1, ':')) {
        char *end;
        long number = isdigit((unsigned char)c[1]) ? strtol(c + 1, &end, 10) : 0;

        if (number <= 0 || number > 1000000000)
            continue;
        *at = (struct pos){ file_name(line, (size_t)(c - line)), (int)number };
        *rest = end;
        return true;
    }
    return false;
}

/* The line from at to last of a file in which "&label" stands, or 0. */
static int reference_find(struct pos at, int last, const char *label)
{
    size_t length, n = strlen(label);
    const char *text = text_read_file(at.file, &length);
    int line = 1;

    for (const char *c = text; c && *c && line <= last; c++) {
        line += *c == '\n';
        if (line >= at.line && *c == '&' && !strncmp(c + 1, label, n) && !isalnum((unsigned char)c[n + 1]) && c[n + 1] != '_')
            return line;
    }
    return 0;
}

static struct pos annotation_parse(const char *line, size_t length, int *last);

/*
 * dtc blames the node that holds a reference to nothing; the property may
 * stand elsewhere. It does name the places of all properties, and writes
 * 0xffffffff for the reference.
 */
static struct pos reference_place(struct pos node, const char *label, const char *dts)
{
    for (const char *line = dts; *line;) {
        size_t n = strcspn(line, "\n");
        int last = 0;

        if (memmem(line, n, "0xffffffff", 10)) {
            struct pos at = annotation_parse(line, n, &last);
            int found = at.file ? reference_find(at, last, label) : 0;

            if (found)
                return (struct pos){ at.file, found };
        }
        line += n + (line[n] == '\n');
    }
    return node;
}

/* Every "name:" that begins a line is a label; find the near one. The text is
 * dtc's own output, or the source when there is none. */
static const char *label_nearest(const char *label, const char *dts)
{
    VEC(const char *) labels = { 0 };

    for (const char *line = dts; *line;) {
        const char *end = strchr(line, '\n');
        const char *c = line + strspn(line, "\t ");
        size_t n = strcspn(c, ": \n");

        while (c[n] == ':') {
            *vec_push(&labels) = mem_copy_string(c, n);
            c += n + 1;
            c += strspn(c, " ");
            n = strcspn(c, ": \n");
        }
        line = end ? end + 1 : line + strlen(line);
    }
    *vec_push(&labels) = NULL;
    return diag_nearest(label, labels.at);
}

static void label_complain(struct pos at, const char *label, const char *dts)
{
    const char *near = label_nearest(label, dts);

    if (near)
        diag_error(at, "there is no label \"%s\"; expected one of this description or its board; did you mean \"%s\"?",
                   label, near);
    else
        diag_error(at, "there is no label \"%s\"; expected one of this description or its board; correct the name or add the node",
                   label);
}

static void reference_complain(struct pos at, const char *text, const char *dts)
{
    const char *open = strchr(text, '"'), *close = open ? strchr(open + 1, '"') : NULL;

    if (!close)
        return diag_error(at, "%s; expected the label of a node; correct the reference", text);
    const char *label = mem_copy_string(open + 1, (size_t)(close - open - 1));

    label_complain(reference_place(at, label, dts), label, dts);
}

/* One line of dtc's standard error. */
static void dtc_line(const char *line, const char *dts, const char *path)
{
    struct pos at = { file_name(path, strlen(path)), 1 };
    const char *text = strstr(line, "rror: "), *rest = NULL, *mark;

    if (strstr(line, "Input tree has errors") || strstr(line, "syntax error, aborting"))
        return;
    if ((mark = strstr(line, "FATAL ERROR: ")) != NULL) {
        /* It comes last: worth a line only when it is the first to say why. */
        if (!diag_failed())
            diag_error(at, "%s; expected a description that dtc can read; correct it", mark + 13);
        return;
    }
    if ((mark = strstr(line, ": ERROR (")) != NULL) {
        const char *close = strstr(mark, "): ");

        place_parse(line, &at, &rest);
        text = close ? close + 3 : mark + 2;
        const char *reference = strstr(text, "Reference to non-existent");

        if (reference)
            return reference_complain(at, reference, dts);
        return diag_error(at, "%s; expected a well-formed tree; correct it", text);
    }
    if (text && place_parse(text + 6, &at, &rest)) {
        const char *word = strchr(rest, ' '), *missing = word ? strstr(word, "Label or path ") : NULL;

        if (missing)
            return label_complain(at, mem_copy_string(missing + 14, strcspn(missing + 14, " ")), dts);
        diag_error(at, "%s; expected device-tree source; look for a missing \";\", \"}\" or \">\" here or in the line before",
                   word ? word + 1 : "syntax error");
    } else if (text) {
        diag_error(at, "%s; expected device-tree source; correct it", text + 6);
    }
}

static void dtc_complain(const char *err, const char *dts, const char *path)
{
    while (*err) {
        size_t n = strcspn(err, "\n");

        dtc_line(mem_copy_string(err, n), dts, path);
        err += n + (err[n] == '\n');
    }
}

static void preprocessor_complain(const char *err, const char *path)
{
    struct pos at = { file_name(path, strlen(path)), 1 };
    const char *rest;

    for (const char *line = err; *line;) {
        size_t n = strcspn(line, "\n");
        const char *copy = mem_copy_string(line, n), *text = strstr(copy, "error: ");

        if (text) {
            struct pos where = at;

            place_parse(copy, &where, &rest);
            diag_error(where, "the preprocessor says: %s; expected source that it can read; correct it", text + 7);
        }
        line += n + (line[n] == '\n');
    }
    if (!diag_failed())
        diag_error(at, "the C preprocessor failed; expected a working compiler; set MULLION_CC to one");
}

/* ---- reading ------------------------------------------------------------ */

static struct text preprocess(const char *path, const char *board_dir)
{
    struct args a = { 0 };

    args_add_words(&a, program_compiler());
    args_add_words(&a, "-E -nostdinc -undef -D__DTS__ -x assembler-with-cpp -I");
    args_add(&a, text_dirname(path));
    args_add(&a, "-I");
    args_add(&a, board_dir);
    args_add(&a, path);
    struct proc_result r = proc_run(&a, "", 0);

    if (r.status == 127 && !r.err.length)
        diag_fatal("cannot start %s; expected the cross compiler; install gcc-aarch64-linux-gnu or set MULLION_CC",
                   a.list.at[0]);
    if (r.status) {
        preprocessor_complain(r.err.at, path);
        diag_stop();
    }
    return r.out;
}

static struct proc_result dtc(const char *path, const char *board_dir, const struct text *source, const char *options)
{
    struct args a = { 0 };

    args_add_words(&a, "dtc -q -f -I dts");
    args_add_words(&a, options);
    args_add(&a, "-i");
    args_add(&a, text_dirname(path));
    args_add(&a, "-i");
    args_add(&a, board_dir);
    args_add(&a, "-");
    struct proc_result r = proc_run(&a, source->at, source->length);

    if (r.status == 127 && !r.err.length)
        diag_fatal("cannot start dtc; expected the device-tree compiler; install device-tree-compiler");
    return r;
}

/* One place of dtc's annotations, "FILE:LINE:COLUMN-LINE:COLUMN". */
static bool extent_parse(const char *text, size_t length, struct extent *out)
{
    char *copy = mem_copy_string(text, length), *mark = copy + length;
    int *const numbers[] = { &out->last_column, &out->last_line, &out->first_column, &out->first_line };

    for (size_t i = 0; i < 4; i++) {
        while (mark > copy && *mark != ':' && *mark != '-')
            mark--;
        if (mark == copy)
            return false;
        *numbers[i] = atoi(mark + 1);
        *mark = '\0';
    }
    out->file = file_name(copy, strlen(copy));
    return out->first_line > 0;
}

/* The next place in the comment that ends a line of dtc's annotated output;
 * *cursor is 0 at first. */
static bool annotation_next_extent(const char *line, size_t length, size_t *cursor, struct extent *out)
{
    const char *end = line + length, *open = line + *cursor;

    if (*cursor == 0) {
        open = end;
        while (open > line && strncmp(open, "/* ", 3))
            open--;
        if (open == line)
            return false;
        open += 3;
    }
    const char *close = open;

    while (close < end && strncmp(close, " */", 3) && strncmp(close, ", ", 2))
        close++;
    if (close == end)
        return false;
    *cursor = (size_t)(close - line) + (*close == ',' ? 2 : 3);
    return extent_parse(open, (size_t)(close - open), out);
}

/* The first place alone. */
static struct pos annotation_parse(const char *line, size_t length, int *last)
{
    struct extent e;
    size_t cursor = 0;

    if (!annotation_next_extent(line, length, &cursor, &e))
        return (struct pos){ NULL, 0 };
    if (last)
        *last = e.last_line;
    return (struct pos){ e.file, e.first_line };
}

/* Next line of the annotated output that opens a node or holds a property. */
static const char *annotation_next(const char **cursor, size_t *length)
{
    while (**cursor) {
        const char *line = *cursor + strspn(*cursor, "\t");
        size_t n = strcspn(line, "\n");

        *cursor = line + n + (line[n] == '\n');
        if (n == 0 || line[0] == '}' || !strncmp(line, "/dts-v1/", 8) || !strncmp(line, "/memreserve/", 12))
            continue;
        *length = n;
        return line;
    }
    return NULL;
}

static struct node *node_open(struct tree *t, struct node *parent, const char *name, const char *line, size_t length)
{
    struct node *n = mem_alloc(sizeof *n);
    size_t label = line ? strcspn(line, ": {\n") : 0;

    n->name = name;
    n->parent = parent;
    if (line && line[label] == ':')
        n->label = mem_copy_string(line, label);
    if (line) {
        struct extent e;

        n->at = annotation_parse(line, length, NULL);
        for (size_t cursor = 0; annotation_next_extent(line, length, &cursor, &e);)
            *vec_push(&n->extents) = e;
    }
    if (!n->at.file && parent)
        n->at = parent->at;
    if (parent)
        *vec_push(&parent->children) = n;
    *vec_push(&t->all) = n;
    return n;
}

static void prop_read(struct tree *t, struct node *n, const void *fdt, int offset, const char *line, size_t length)
{
    const char *name;
    int size;
    const void *data = fdt_getprop_by_offset(fdt, offset, &name, &size);

    if (!data)
        diag_fatal("dtc wrote a tree that cannot be read: %s; expected a working dtc; install it again", fdt_strerror(size));
    struct pos at = line ? annotation_parse(line, length, NULL) : n->at;

    *vec_push(&n->props) = (struct prop){ name, data, (size_t)size, at.file ? at : n->at };
    if (!strcmp(name, "phandle") && size == 4) {
        n->phandle = prop_cell(&n->props.at[n->props.count - 1], 0);
        *vec_push(&t->by_phandle) = n;
    }
}

/* Walk blob and annotated text together: both list nodes and properties in
 * the same order. */
static struct tree *tree_build(const void *fdt, const char *annotated)
{
    struct tree *t = mem_alloc(sizeof *t);
    struct node *here = NULL;
    int offset = 0, next;
    size_t length = 0;

    for (uint32_t tag; (tag = fdt_next_tag(fdt, offset, &next)) != FDT_END; offset = next) {
        if (tag == FDT_BEGIN_NODE) {
            const char *line = annotation_next(&annotated, &length);

            here = node_open(t, here, fdt_get_name(fdt, offset, NULL), line, length);
            if (!t->root)
                t->root = here;
        } else if (tag == FDT_PROP && here) {
            const char *line = annotation_next(&annotated, &length);

            prop_read(t, here, fdt, offset, line, length);
        } else if (tag == FDT_END_NODE && here) {
            here = here->parent;
        }
        if (next < 0)
            break;
    }
    return t;
}

static bool extent_inside(const struct extent *in, const struct extent *out)
{
    return in->file == out->file &&
           (in->first_line > out->first_line ||
            (in->first_line == out->first_line && in->first_column >= out->first_column)) &&
           (in->last_line < out->last_line || (in->last_line == out->last_line && in->last_column <= out->last_column));
}

/*
 * dtc merges nodes of the same name, so that a tree can be extended. Two of
 * them between the same braces are a mistake, though.
 */
static void check_twins(const struct node *n)
{
    for (size_t i = 0; i < n->extents.count; i++)
        for (size_t j = 0; j < i; j++)
            for (size_t k = 0; k < n->parent->extents.count; k++)
                if (extent_inside(&n->extents.at[i], &n->parent->extents.at[k]) &&
                    extent_inside(&n->extents.at[j], &n->parent->extents.at[k]))
                    diag_error((struct pos){ n->extents.at[i].file, n->extents.at[i].first_line },
                               "node \"%s\" stands twice in \"%s\"; expected different names; rename one", n->name,
                               n->parent->parent ? n->parent->name : "/");
}

struct tree *tree_read(const char *path, const char *board_dir)
{
    if (!text_file_exists(path))
        diag_fatal("there is no file %s; expected a system description; correct the name", path);
    struct text source = preprocess(path, board_dir);
    struct proc_result dts = dtc(path, board_dir, &source, "-O dts -T -T");

    dtc_complain(dts.err.at, dts.out.length ? dts.out.at : source.at, path);
    diag_stop_if_failed();
    struct proc_result dtb = dtc(path, board_dir, &source, "-O dtb");

    if (dts.status || dtb.status || fdt_check_full(dtb.out.at, dtb.out.length))
        diag_fatal("dtc could not read %s; expected a working dtc; install device-tree-compiler again", path);
    struct tree *t = tree_build(dtb.out.at, dts.out.at);

    for (size_t i = 0; i < t->all.count; i++)
        if (t->all.at[i]->parent)
            check_twins(t->all.at[i]);
    t->root->at = (struct pos){ file_name(path, strlen(path)), 1 };
    return t;
}

/* ---- looking up ----------------------------------------------------------- */

struct node *node_child(const struct node *n, const char *name)
{
    for (size_t i = 0; n && i < n->children.count; i++)
        if (!strcmp(n->children.at[i]->name, name))
            return n->children.at[i];
    return NULL;
}

/* A component of a path may leave out the unit address. */
static struct node *node_step(const struct node *n, const char *name, size_t length)
{
    for (size_t i = 0; i < n->children.count; i++) {
        const char *c = n->children.at[i]->name;

        if (!strncmp(c, name, length) && (c[length] == '\0' || c[length] == '@'))
            return n->children.at[i];
    }
    return NULL;
}

struct node *tree_find(const struct tree *t, const char *path)
{
    struct node *n = t->root;

    while (n && *path == '/') {
        size_t length = strcspn(++path, "/:");

        if (length)
            n = node_step(n, path, length);
        path += length;
    }
    return n;
}

struct node *tree_by_phandle(const struct tree *t, uint32_t phandle)
{
    for (size_t i = 0; i < t->by_phandle.count; i++)
        if (t->by_phandle.at[i]->phandle == phandle)
            return t->by_phandle.at[i];
    return NULL;
}

const struct prop *node_prop(const struct node *n, const char *name)
{
    for (size_t i = 0; n && i < n->props.count; i++)
        if (!strcmp(n->props.at[i].name, name))
            return &n->props.at[i];
    return NULL;
}

struct pos node_at(const struct node *n, const char *name)
{
    const struct prop *p = node_prop(n, name);

    return p ? p->at : n->at;
}

const char *node_title(const struct node *n)
{
    return n->label ? n->label : mem_copy_string(n->name, strcspn(n->name, "@"));
}

uint32_t prop_cell(const struct prop *p, size_t i)
{
    const uint8_t *d = p->data + 4 * i;

    return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

uint64_t prop_cells(const struct prop *p, size_t first, size_t count)
{
    uint64_t value = 0;

    for (size_t i = 0; i < count; i++)
        value = value << 32 | prop_cell(p, first + i);
    return value;
}

const char *prop_string(const struct prop *p)
{
    const char *s = (const char *)p->data;

    if (p->length == 0 || strnlen(s, p->length) != p->length - 1)
        return NULL;
    for (const char *c = s; *c; c++)
        if (!isprint((unsigned char)*c))
            return NULL;
    return s;
}

bool prop_has_string(const struct prop *p, const char *s)
{
    const char *at = (const char *)p->data, *end = at + p->length;

    while (at < end) {
        size_t n = strnlen(at, (size_t)(end - at));

        if (at + n < end && !strcmp(at, s))
            return true;
        at += n + 1;
    }
    return false;
}
