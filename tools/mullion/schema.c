/* SPDX-License-Identifier: BSD-2-Clause */
#include "schema.h"

#include <string.h>

#include <mv/abi.h>

struct words {
    const char *what;
    const char *const *props, *const *groups;   /* groups NULL: its nodes have any name */
};

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static const struct words schemas[SCHEMA_COUNT] = {
    [SCHEMA_SYSTEM] = { "the system",
        LIST("compatible", "cores", "slice-us", "trace-size", "trace-classes", "fault-handler"),
        LIST("segments", "channels", "cells", "schedule") },
    [SCHEMA_SEGMENT] = { "a segment", LIST("size", "rights", "base", "reg"), LIST(NULL) },
    [SCHEMA_CHANNEL] = { "a channel", LIST("between", "size", "message-size", "vcpus"), LIST(NULL) },
    [SCHEMA_CELL] = { "a cell",
        LIST("program", "image", "sources", "cflags", "defines", "priority", "core", "stack-size", "fp", "budget-us",
             "period-us", "exhausted", "deadline-us", "partition", "autostart", "devices", "device-vcpus", "console", "calls", "badges", "raises",
             "maps", "maps-rights", "holds", "holds-rights", "controls", "fault-portal", "map-space", "table-pages",
             "address-bits", "image-size", "trace-read", "trace-control", "marks-trace", "system-control", "switches-schedule",
             "interrupt-limit", "disk-sectors", "disks",
             "disks-rights", "disk-link-size", "networks", "network-link-size", "mac-addresses", "network-server",
             "network-uplink", "dma", "dma-size", "dma-links", "iommu"),
        LIST("portals", "virqs", "timers", "vcpus", "spaces", "mappings", "partitions") },
    [SCHEMA_PORTAL] = { "a portal", LIST("vcpu", "bound-us", "budget-us", "period-us", "partition"), LIST(NULL) },
    [SCHEMA_VIRQ] = { "a vIRQ", LIST("vcpu", "line"), LIST(NULL) },
    [SCHEMA_TIMER] = { "a timer", LIST("vcpu", "line", "shortest-us"), LIST(NULL) },
    [SCHEMA_VCPU] = { "a vCPU",
        LIST("core", "priority", "stack-size", "fp", "budget-us", "period-us", "exhausted", "deadline-us", "partition",
             "space"), LIST(NULL) },
    [SCHEMA_SPACE] = { "a space", LIST("maps", "maps-rights", "address-bits"), LIST("mappings") },
    [SCHEMA_MAPPING] = { "a mapping", LIST("segment", "rights", "address", "offset", "size"), LIST(NULL) },
    /* A program's words are known, to be refused in better words. */
    [SCHEMA_VM] = { "a virtual machine",
        LIST("kernel", "initrd", "bootargs", "device-tree", "memory", "vcpus", "console", "console-device", "rng", "priority",
             "vmm-priority", "budget-us", "period-us", "exhausted", "deadline-us", "partition", "autostart", "raises", "controls", "fault-portal",
             "trace-control", "marks-trace", "system-control", "switches-schedule", "interrupt-limit", "disks", "disks-rights", "disk-link-size", "networks", "network-link-size",
             "mac-addresses", "io-priority", "io-core", "devices", "sources", "program", "image"),
        LIST(NULL) },
    [SCHEMA_PARTITION] = { "a partition", LIST("first", "sectors", "read-only"), LIST(NULL) },
    [SCHEMA_SCHEDULE] = { "the schedule", LIST(NULL), LIST("partitions", "tables") },
    [SCHEMA_TIME_PARTITION] = { "a time partition", LIST("background"), LIST(NULL) },
    [SCHEMA_TABLE] = { "a table of windows", LIST("frame-us", "suspends"), NULL },
    [SCHEMA_WINDOW] = { "a window", LIST("core", "start-us", "length-us", "partitions"), LIST(NULL) },
};

bool schema_is_vm(const struct node *n)
{
    static const char *const words[] = { "kernel", "initrd", "bootargs", "device-tree", "memory" };

    static const char *const programs[] = { "sources", "program", "image" };
    bool any = false;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        any = any || node_prop(n, words[i]);
    /* What is a program and has such a word by mistake stays one. */
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        any = any && (node_prop(n, "kernel") || !node_prop(n, programs[i]));
    return any;
}

void schema_check(const struct node *n, enum schema kind)
{
    const struct words *w = &schemas[kind];

    for (size_t i = 0; i < n->props.count; i++) {
        const struct prop *p = &n->props.at[i];
        const char *const *known = w->props;

        while (*known && strcmp(*known, p->name))
            known++;
        if (*known || !strcmp(p->name, "phandle") || !strcmp(p->name, "linux,phandle"))
            continue;
        const char *near = diag_nearest(p->name, w->props);

        if (near)
            diag_error(p->at, "unknown property \"%s\"; expected a property of %s; did you mean \"%s\"?", p->name,
                       w->what, near);
        else
            diag_error(p->at, "unknown property \"%s\"; expected a property of %s; remove it", p->name, w->what);
    }
    for (size_t i = 0; w->groups && i < n->children.count; i++) {
        const struct node *c = n->children.at[i];
        const char *const *known = w->groups;

        while (*known && strcmp(*known, c->name))
            known++;
        if (*known)
            continue;
        const char *near = diag_nearest(c->name, w->groups);

        if (near)
            diag_error(c->at, "unknown node \"%s\"; expected a group of %s; did you mean \"%s\"?", c->name, w->what, near);
        else
            diag_error(c->at, "unknown node \"%s\"; expected a group of %s; remove it", c->name, w->what);
    }
}

void schema_check_group(const struct node *n)
{
    for (size_t i = 0; n && i < n->props.count; i++)
        diag_error(n->props.at[i].at, "\"%s\" stands in the group \"%s\"; expected only nodes there; move it into one of them",
                   n->props.at[i].name, n->name);
}

const char *schema_what(const struct node *n)
{
    static const struct { const char *group, *what; } kinds[] = {
        { "segments", "a segment" }, { "channels", "a channel" }, { "cells", "a cell" }, { "portals", "a portal" },
        { "virqs", "a vIRQ" }, { "timers", "a timer" }, { "vcpus", "a vCPU" }, { "spaces", "a space" },
        { "mappings", "a mapping" }, { "partitions", "a partition" }, { "tables", "a table of windows" },
    };
    const struct node *top = n;

    while (top->parent && top->parent->parent)
        top = top->parent;
    if (strcmp(top->name, "mullion"))
        return "a device";
    if (n->parent && n->parent->parent && !strcmp(n->parent->parent->name, "schedule") && !strcmp(n->parent->name, "partitions"))
        return "a time partition";
    if (n->parent && n->parent->parent && !strcmp(n->parent->parent->name, "tables"))
        return "a window";
    for (size_t i = 0; n->parent && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(n->parent->name, kinds[i].group))
            return !strcmp(kinds[i].group, "cells") && schema_is_vm(n) ? "a virtual machine" : kinds[i].what;
    return "a group";
}

const char *schema_show(uint64_t number)
{
    return number < 4096 ? mem_printf("%llu", (unsigned long long)number)
                         : mem_printf("0x%llx", (unsigned long long)number);
}

/* Times are never written in hexadecimal. */
static const char *show_as(const char *name, uint64_t number)
{
    size_t length = strlen(name);

    if (length > 3 && !strcmp(name + length - 3, "-us"))
        return mem_printf("%llu", (unsigned long long)number);
    return schema_show(number);
}

bool schema_number(const struct node *n, const char *name, uint64_t min, uint64_t max, uint64_t *value)
{
    const struct prop *p = node_prop(n, name);

    if (!p)
        return true;
    if (p->length != 4 && p->length != 8) {
        diag_error(p->at, "\"%s\" is not one number; expected %s to %s; write %s = <%s>", name, show_as(name, min),
                   show_as(name, max), name, show_as(name, min));
        return false;
    }
    uint64_t v = prop_cells(p, 0, p->length / 4);

    if (v < min || v > max) {
        diag_error(p->at, "\"%s\" is %s; expected %s to %s; choose a number in this range", name, show_as(name, v),
                   show_as(name, min), show_as(name, max));
        return false;
    }
    *value = v;
    return true;
}

bool schema_u32(const struct node *n, const char *name, uint32_t min, uint32_t max, uint32_t *value)
{
    uint64_t v = *value;
    bool ok = schema_number(n, name, min, max, &v);

    *value = (uint32_t)v;
    return ok;
}

bool schema_pages(const struct node *n, const char *name, uint64_t min, uint64_t max, uint64_t *value)
{
    uint64_t v = *value;

    if (!schema_number(n, name, min, max, &v))
        return false;
    if (v % MV_PAGE_SIZE) {
        diag_error(node_at(n, name), "\"%s\" is %s; expected a multiple of 0x1000; use %s", name, schema_show(v),
                   schema_show((v / MV_PAGE_SIZE + 1) * MV_PAGE_SIZE));
        return false;
    }
    *value = v;
    return true;
}

bool schema_flag(const struct node *n, const char *name, bool *value)
{
    const struct prop *p = node_prop(n, name);

    if (!p)
        return true;
    if (p->length == 0 || (p->length == 4 && prop_cell(p, 0) <= 1)) {
        *value = p->length == 0 || prop_cell(p, 0) == 1;
        return true;
    }
    diag_error(p->at, "\"%s\" has a value; expected none, <0> or <1>; write %s;", name, name);
    return false;
}

bool schema_string(const struct node *n, const char *name, const char **value)
{
    const struct prop *p = node_prop(n, name);

    if (!p)
        return true;
    const char *s = prop_string(p);

    if (!s || !*s) {
        diag_error(p->at, "\"%s\" is not one text; expected a string; write %s = \"...\"", name, name);
        return false;
    }
    *value = s;
    return true;
}

size_t schema_numbers(const struct node *n, const char *name)
{
    const struct prop *p = node_prop(n, name);

    if (!p)
        return 0;
    if (p->length == 0 || p->length % 4) {
        diag_error(p->at, "\"%s\" is not a list of numbers; expected one or more; write %s = <0 1>", name, name);
        return 0;
    }
    return p->length / 4;
}

size_t schema_strings(const struct node *n, const char *name)
{
    const struct prop *p = node_prop(n, name);
    size_t count = 0;

    if (!p)
        return 0;
    for (size_t at = 0; at < p->length;) {
        struct prop one = { name, p->data + at, strnlen((const char *)p->data + at, p->length - at) + 1, p->at };

        if (at + one.length > p->length || one.length == 1 || !prop_string(&one)) {
            count = 0;
            break;
        }
        at += one.length;
        count++;
    }
    if (!count)
        diag_error(p->at, "\"%s\" is not a list of texts; expected strings; write %s = \"...\", \"...\"", name, name);
    return count;
}

const char *schema_string_at(const struct node *n, const char *name, size_t i)
{
    const char *s = (const char *)node_prop(n, name)->data;

    while (i--)
        s += strlen(s) + 1;
    return s;
}

bool schema_rights(struct pos at, const char *name, const char *text, uint32_t *value)
{
    uint32_t rights = 0;

    for (const char *c = text; *c; c++) {
        uint32_t bit = *c == 'r' ? MV_MAP_READ : *c == 'w' ? MV_MAP_WRITE : *c == 'x' ? MV_MAP_EXECUTE : 0;

        if (!bit || (rights & bit)) {
            rights = 0;
            break;
        }
        rights |= bit;
    }
    if (!(rights & MV_MAP_READ)) {
        diag_error(at, "\"%s\" is \"%s\"; expected \"r\", \"rw\", \"rx\" or \"rwx\"; use one of these", name, text);
        return false;
    }
    *value = rights;
    return true;
}

size_t schema_references(const struct tree *t, const struct node *n, const char *name)
{
    const struct prop *p = node_prop(n, name);
    size_t count = p ? p->length / 4 : 0;

    if (!p)
        return 0;
    if (p->length % 4 || p->length == 0) {
        diag_error(p->at, "\"%s\" is not a list of references; expected labels; write %s = <&label>", name, name);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (tree_by_phandle(t, prop_cell(p, i)))
            continue;
        diag_error(p->at, "\"%s\" holds the number %s; expected a reference; write <&label>", name,
                   schema_show(prop_cell(p, i)));
        return 0;
    }
    return count;
}

const struct node *schema_reference_at(const struct tree *t, const struct node *n, const char *name, size_t i)
{
    return tree_by_phandle(t, prop_cell(node_prop(n, name), i));
}
