/* SPDX-License-Identifier: BSD-2-Clause */
/* Second pass over the cells: what each may use of the others. */
#include "model_parts.h"

enum { BADGE_MAX = 0xffff };

static struct space *space_of(const struct cell *c, const struct node *n)
{
    for (size_t i = 0; i < c->spaces.count; i++)
        if (c->spaces.at[i]->node == n)
            return c->spaces.at[i];
    return NULL;
}

static void read_calls(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    size_t count = schema_references(s->tree, n, "calls");
    const struct prop *badges = node_prop(n, "badges");

    if (badges && badges->length != count * 4) {
        diag_error(badges->at, "\"badges\" has length %zu and \"calls\" %zu; expected a number for each call; correct the list",
                   badges->length / 4, count);
        badges = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "calls", i);
        struct portal *p = model_portal(s, to);
        uint32_t badge = badges ? prop_cell(badges, i) : c->index + 1;

        if (!p) {
            model_wrong_kind(node_at(n, "calls"), "calls", to, "portals");
            continue;
        }
        if (p->cell == c)
            diag_error(node_at(n, "calls"), "cell \"%s\" calls its own portal \"%s\"; expected a portal of another cell; use a function or a vIRQ",
                       c->name, p->name);
        if (badge < 1 || badge > BADGE_MAX)
            diag_error(node_at(n, "badges"), "the badge %s is out of range; expected 1 to %s; choose another", schema_show(badge),
                       schema_show(BADGE_MAX));
        for (size_t j = 0; j < c->calls.count; j++)
            if (c->calls.at[j].node == to)
                diag_error(node_at(n, "calls"), "portal \"%s\" stands twice in \"calls\"; expected it once; remove one",
                           node_title(to));
        *vec_push(&c->calls) = (struct reference){ .node = to, .at = node_at(n, "calls"), .badge = badge, .portal = p };
    }
}

static void read_raises(struct system *s, struct cell *c)
{
    size_t count = schema_references(s->tree, c->node, "raises");

    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, c->node, "raises", i);
        const struct virq *v = model_virq(s, to);

        if (!v || v->source != MV_VIRQ_SOFT)
            model_wrong_kind(node_at(c->node, "raises"), "raises", to, "vIRQs");
        else
            *vec_push(&c->raises) = (struct reference){ .node = to, .at = node_at(c->node, "raises") };
    }
}

static void read_controls(struct system *s, struct cell *c)
{
    size_t count = schema_references(s->tree, c->node, "controls");

    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, c->node, "controls", i);

        if (!model_cell(s, to) && !model_vcpu(s, to))
            model_wrong_kind(node_at(c->node, "controls"), "controls", to, "cells or vCPUs");
        else
            *vec_push(&c->controls) = (struct reference){ .node = to, .at = node_at(c->node, "controls") };
    }
}

/* Rights that a property's list wants of a segment; complains when it does not
 * have them. */
static bool wanted_rights(const struct node *n, const char *list, size_t i, size_t count, const struct segment *g,
                          uint32_t *rights)
{
    *rights = g->rights;
    if (count == 0)
        return true;
    const char *text = schema_string_at(n, list, i);
    struct pos at = node_at(n, list);

    if (!schema_rights(at, list, text, rights))
        return false;
    if (*rights & ~g->rights) {
        diag_error(at, "\"%s\" asks for \"%s\" of segment \"%s\", which has \"%s\"; expected no more than that; lower it or raise the segment's \"rights\"",
                   list, text, g->name, model_rights(g->rights));
        return false;
    }
    return true;
}

/* The strings that go with a list of references: none, or as many. */
static bool rights_list(const struct node *n, const char *list, size_t references, size_t *count)
{
    *count = schema_strings(n, list);
    if (!node_prop(n, list) || *count == references)
        return true;
    if (*count)
        diag_error(node_at(n, list), "\"%s\" has length %zu for %zu segments; expected a text for each; correct the list", list,
                   *count, references);
    return false;
}

static void read_holds(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    size_t count = schema_references(s->tree, n, "holds"), texts;

    if (!rights_list(n, "holds-rights", count, &texts))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "holds", i);
        const struct segment *g = model_segment(s, to);
        uint32_t rights;

        if (!g)
            model_wrong_kind(node_at(n, "holds"), "holds", to, "segments");
        else if (wanted_rights(n, "holds-rights", i, texts, g, &rights))
            *vec_push(&c->holds) = (struct reference){ .node = to, .at = node_at(n, "holds"), .rights = rights };
    }
}

static void add_mapping(struct space *p, struct mapping m, const char *list)
{
    struct mapping *copy = mem_alloc(sizeof *copy);

    if ((m.rights & MV_MAP_WRITE) && (m.rights & MV_MAP_EXECUTE))
        diag_error(m.at, "segment \"%s\" would be mapped writable and executable; expected one or the other; write %s = \"rw\" or \"rx\"",
                   m.segment->name, list);
    *copy = m;
    *vec_push(&p->mappings) = copy;
}

/* "maps": whole segments, at addresses that the tool chooses. */
static void read_maps(struct system *s, const struct node *n, struct space *p)
{
    size_t count = schema_references(s->tree, n, "maps"), texts;

    if (!rights_list(n, "maps-rights", count, &texts))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "maps", i);
        struct segment *g = model_segment(s, to);
        struct mapping m = { .segment = g, .name = node_title(to), .at = node_at(n, "maps") };

        if (!g) {
            model_wrong_kind(m.at, "maps", to, "segments");
            continue;
        }
        m.size = g->size;
        if (wanted_rights(n, "maps-rights", i, texts, g, &m.rights))
            add_mapping(p, m, "maps-rights");
    }
}

/* "mappings": parts of segments, at given addresses. */
static void read_mapping(struct system *s, const struct node *n, struct space *p)
{
    const struct node *to = model_one_reference(s, n, "segment");
    struct mapping m = { .name = n->name, .at = n->at };

    if (!node_prop(n, "segment"))
        diag_error(n->at, "mapping \"%s\" names no segment; expected one; add segment = <&label>", n->name);
    if (!to)
        return;
    m.segment = model_segment(s, to);
    if (!m.segment)
        return model_wrong_kind(node_at(n, "segment"), "segment", to, "a segment");
    uint64_t limit = UINT64_C(1) << 39;
    bool ok = schema_pages(n, "offset", 0, limit, &m.offset);

    m.size = m.segment->size - (m.offset < m.segment->size ? m.offset : 0);
    ok = schema_pages(n, "size", MV_PAGE_SIZE, limit, &m.size) && ok;
    ok = schema_pages(n, "address", MV_PAGE_SIZE, limit - MV_PAGE_SIZE, &m.address) && ok;
    m.placed = node_prop(n, "address") != NULL;
    if (ok && !m.segment->broken && (m.offset >= m.segment->size || m.size > m.segment->size - m.offset)) {
        diag_error(n->at, "mapping \"%s\" ends at 0x%llx of segment \"%s\", which has 0x%llx bytes; expected it to lie inside; correct \"offset\" or \"size\"",
                   n->name, (unsigned long long)(m.offset + m.size), m.segment->name, (unsigned long long)m.segment->size);
        ok = false;
    }
    size_t texts = schema_strings(n, "rights");

    if (wanted_rights(n, "rights", 0, texts, m.segment, &m.rights) && ok)
        add_mapping(p, m, "rights");
}

static void read_space_mappings(struct system *s, struct cell *c, struct space *p)
{
    const struct node *n = p->node ? p->node : c->node;
    const struct node *group = node_child(n, "mappings");

    read_maps(s, n, p);
    schema_check_group(group);
    for (size_t i = 0; group && i < group->children.count; i++) {
        const struct node *child = group->children.at[i];

        schema_check(child, SCHEMA_MAPPING);
        model_check_name(child);
        read_mapping(s, child, p);
    }
}

static void read_vcpu_spaces(struct system *s, struct cell *c)
{
    for (size_t i = 0; i < c->vcpus.count; i++) {
        struct vcpu *v = c->vcpus.at[i];
        const struct node *to = v->node == c->node ? NULL : model_one_reference(s, v->node, "space");

        if (!to)
            continue;
        if (space_of(c, to))
            v->space = space_of(c, to);
        else
            model_wrong_kind(node_at(v->node, "space"), "space", to, mem_printf("a space of cell \"%s\"", c->name));
    }
}

void model_read_uses(struct system *s, struct cell *c)
{
    read_calls(s, c);
    read_raises(s, c);
    read_controls(s, c);
    read_holds(s, c);
    read_vcpu_spaces(s, c);
    for (size_t i = 0; i < c->spaces.count; i++)
        read_space_mappings(s, c, c->spaces.at[i]);
}
