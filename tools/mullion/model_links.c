/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks and networks that cells have of other cells: partitions, switches, and
 * a link to each for every client.
 */
#include "model_parts.h"

#include <string.h>

enum {
    DISK_LINK_DEFAULT = 0x80000,
    NETWORK_LINK_DEFAULT = 0x40000,
    LINK_MIN = 0x4000,                      /* VIO_LINK_BYTES_MIN of libvirtio */
    MAC_MULTICAST = 1, MAC_LOCAL = 2,       /* bits of its first byte */
};
static const uint64_t SECTORS_MAX = UINT64_C(1) << 54;
static const uint8_t mac_none[MAC_BYTES];

/* ---- who serves ------------------------------------------------------------------ */

static void read_partition(struct system *s, struct cell *c, const struct node *n, uint64_t behind)
{
    struct partition *p = mem_alloc(sizeof *p);
    bool good = true;

    *p = (struct partition){ .name = n->name, .node = n, .at = n->at, .server = c, .first = behind, .sectors = 1 };
    *vec_push(&s->partitions) = p;
    schema_check(n, SCHEMA_PARTITION);
    model_check_name(n);
    good = schema_number(n, "first", 0, SECTORS_MAX - 1, &p->first);
    good = schema_number(n, "sectors", 1, SECTORS_MAX, &p->sectors) && good;
    schema_flag(n, "read-only", &p->read_only);
    if (!node_prop(n, "sectors"))
        diag_error(n->at, "partition \"%s\" has no size; expected a number of sectors of 512 bytes; add sectors = <131072>", n->name);
    else if (good && c->disk_sectors && (p->first >= c->disk_sectors || p->sectors > c->disk_sectors - p->first))
        diag_error(node_at(n, "sectors"), "partition \"%s\" has the sectors %llu to %llu, but the disk of cell \"%s\" has %llu; expected it to fit; make it smaller or correct \"disk-sectors\"",
                   n->name, (unsigned long long)p->first, (unsigned long long)(p->first + p->sectors - 1), c->name,
                   (unsigned long long)c->disk_sectors);
}

void model_read_partitions(struct system *s, struct cell *c)
{
    const struct node *group = node_child(c->node, "partitions");
    bool has_program = c->program && !strcmp(c->program, "block");

    schema_flag(c->node, "network-server", &c->network_server);
    c->network_server = c->network_server || (c->program && !strcmp(c->program, "switch"));
    schema_check_group(group);
    schema_number(c->node, "disk-sectors", 1, SECTORS_MAX, &c->disk_sectors);
    if (!node_prop(c->node, "disk-sectors") && (group || has_program))
        diag_error(group ? group->at : c->at, "cell \"%s\" %s, but does not say how large its disk is; expected sectors of 512 bytes; add disk-sectors = <131072>",
                   c->name, group ? "has partitions" : "drives a disk");
    if (node_prop(c->node, "disk-sectors") && !(group && group->children.count))
        diag_error(node_at(c->node, "disk-sectors"), "cell \"%s\" has a disk without partitions; expected one or more, for others to use; add partitions { NAME { sectors = <...>; }; };",
                   c->name);
    for (size_t i = 0; group && i < group->children.count; i++) {
        const struct partition *last = i ? s->partitions.at[s->partitions.count - 1] : NULL;

        read_partition(s, c, group->children.at[i], last ? last->first + last->sectors : 0);
    }
}

static struct partition *partition_of(const struct system *s, const struct node *n)
{
    for (size_t i = 0; i < s->partitions.count; i++)
        if (s->partitions.at[i]->node == n)
            return s->partitions.at[i];
    return NULL;
}

/* ---- clients ---------------------------------------------------------------------- */

static struct link *add_link(struct system *s, struct cell *client, struct cell *server, const char *name, const char *server_name,
                             struct pos at, uint64_t size)
{
    struct link *k = mem_alloc(sizeof *k);

    k->at = at;
    k->name = name;
    k->client = client;
    k->server = server;
    k->channel = model_add_channel(s, name, NULL, at, size, client, server);
    k->channel->link = k;
    k->channel->end[1].name = server_name;
    k->channel->segment->name = mem_printf("%s of %s", name, model_shown_name(client));
    return *vec_push(&s->links) = k;
}

/* The cell that has the links of c; a machine's are made for it. */
static struct cell *client_of(struct system *s, struct cell *c)
{
    return model_is_guest(c) ? model_io_cell(s, c->vm) : c;
}

/* A property about links of a cell that has none. */
static void check_needed(const struct node *n, const char *property, const char *list, const char *what)
{
    if (node_prop(n, property) && !node_prop(n, list))
        diag_error(node_at(n, property), "\"%s\" has \"%s\", but no %s; expected both; add \"%s\" or remove it", n->name, property, what, list);
}

static uint64_t link_size(const struct cell *c, const char *property, uint64_t size)
{
    schema_pages(c->node, property, LINK_MIN, MODEL_CHANNEL_MAX, &size);
    return size;
}

/* A list of references whose other list has a value for each, or is absent. */
static bool one_for_each(const struct node *n, const char *list, const char *others, size_t count, size_t wanted)
{
    if (!node_prop(n, others) || count == wanted)
        return true;
    if (count)
        diag_error(node_at(n, others), "\"%s\" has length %zu and \"%s\" %zu; expected one for each; correct the list", others, count,
                   list, wanted);
    return false;
}

/* ---- disks ------------------------------------------------------------------------ */

/* May it write? What is not said is what the partition allows. */
static bool disk_read_only(const struct node *n, size_t i, bool given, const struct partition *p)
{
    struct pos at = node_at(n, "disks-rights");

    if (!given)
        return p->read_only;
    const char *text = schema_string_at(n, "disks-rights", i);
    bool writes = !strcmp(text, "rw");

    if (!writes && strcmp(text, "r"))
        diag_error(at, "\"disks-rights\" is \"%s\"; expected \"r\" or \"rw\"; use one of these", text);
    else if (writes && p->read_only)
        diag_error(at, "\"disks-rights\" asks for \"rw\" of partition \"%s\", which is read-only; expected \"r\"; lower it or remove \"read-only\"",
                   p->name);
    return !writes;
}

static bool has_disk(const struct system *s, const struct cell *client, const struct partition *p)
{
    for (size_t i = 0; i < s->links.count; i++)
        if (s->links.at[i]->client == client && s->links.at[i]->kind == LINK_DISK && s->links.at[i]->partition == p)
            return true;
    return false;
}

static void read_disks(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    size_t count = schema_references(s->tree, n, "disks"), texts = schema_strings(n, "disks-rights");
    uint64_t size = link_size(c, "disk-link-size", DISK_LINK_DEFAULT);
    struct pos at = node_at(n, "disks");
    bool given = count && one_for_each(n, "disks", "disks-rights", texts, count) && texts;

    check_needed(n, "disks-rights", "disks", "disk");
    check_needed(n, "disk-link-size", "disks", "disk");
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "disks", i);
        struct partition *p = partition_of(s, to);

        if (!p) {
            model_wrong_kind(at, "disks", to, "partitions");
            continue;
        }
        if (p->server == c) {
            diag_error(at, "cell \"%s\" has its own partition \"%s\" as a disk; expected one of another cell; remove it", c->name, p->name);
            continue;
        }
        struct cell *client = client_of(s, c);

        if (has_disk(s, client, p)) {
            diag_error(at, "partition \"%s\" stands twice in \"disks\"; expected it once; remove one", p->name);
            continue;
        }
        struct link *k = add_link(s, client, p->server, node_title(to), mem_printf("%s-%s", model_shown_name(client), p->name), at, size);

        k->kind = LINK_DISK;
        k->partition = p;
        k->read_only = disk_read_only(n, i, given, p);
    }
}

/* What one cell writes, no other may reach. */
static void check_writers(const struct system *s)
{
    for (size_t i = 0; i < s->links.count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct link *a = s->links.at[j], *b = s->links.at[i];
            const struct partition *p = a->partition, *q = b->partition;

            if (a->kind != LINK_DISK || b->kind != LINK_DISK || a->server != b->server || a->client == b->client ||
                (a->read_only && b->read_only) || p->first >= q->first + q->sectors || q->first >= p->first + p->sectors)
                continue;
            const char *one = model_shown_name(a->client), *two = model_shown_name(b->client);

            if (p == q && !a->read_only && !b->read_only)
                diag_error(b->at, "cells \"%s\" and \"%s\" both write partition \"%s\"; expected one writer; give each a partition of its own",
                           one, two, p->name);
            else if (p == q)
                diag_error(b->at, "cell \"%s\" writes partition \"%s\", which \"%s\" reads; expected a writer alone, or readers only; write disks-rights = \"r\" for both or give each one of its own",
                           a->read_only ? two : one, p->name, a->read_only ? one : two);
            else
                diag_error(b->at, "cell \"%s\" has partition \"%s\", and \"%s\" has \"%s\", which overlaps it, and one writes there; expected separate sectors, or readers only; correct \"first\" and \"sectors\"",
                           one, p->name, two, q->name);
        }
}

/* ---- networks ---------------------------------------------------------------------- */

/* Addresses as the description has them. */
static const uint8_t *read_macs(const struct node *n, size_t count)
{
    const struct prop *p = node_prop(n, "mac-addresses");

    if (!p)
        return NULL;
    if (count && p->length != count * MAC_BYTES)
        diag_error(p->at, "\"mac-addresses\" has %zu bytes for %zu network%s; expected six for each; write mac-addresses = [02 00 00 00 00 01]",
                   p->length, count, count == 1 ? "" : "s");
    return count && p->length == count * MAC_BYTES ? p->data : NULL;
}

static void take_mac(struct link *k, const uint8_t *mac, struct pos at)
{
    memcpy(k->mac, mac, MAC_BYTES);
    if (!memcmp(mac, mac_none, MAC_BYTES))
        diag_error(at, "a MAC address is all zeros; expected one that can be used; choose another or remove \"mac-addresses\"");
    else if (mac[0] & MAC_MULTICAST)
        diag_error(at, "the MAC address %s is a multicast address: bit 0 of its first byte is set; expected one of a single station; clear the bit",
                   model_show_mac(mac));
}

static bool has_network(const struct system *s, const struct cell *client, const struct cell *server)
{
    for (size_t i = 0; i < s->links.count; i++)
        if (s->links.at[i]->client == client && s->links.at[i]->kind == LINK_NETWORK && s->links.at[i]->server == server)
            return true;
    return false;
}

static void read_networks(struct system *s, struct cell *c)
{
    const struct node *n = c->node;
    size_t count = schema_references(s->tree, n, "networks");
    uint64_t size = link_size(c, "network-link-size", NETWORK_LINK_DEFAULT);
    const uint8_t *macs = read_macs(n, count);
    struct pos at = node_at(n, "networks");
    /* A network card speaks for everyone behind it. */
    bool many = c->functions.count > 0;

    schema_flag(n, "network-uplink", &many);
    check_needed(n, "network-link-size", "networks", "network");
    check_needed(n, "network-uplink", "networks", "network");
    check_needed(n, "mac-addresses", "networks", "network");
    for (size_t i = 0; i < count; i++) {
        const struct node *to = schema_reference_at(s->tree, n, "networks", i);
        struct cell *server = model_cell(s, to);

        if (!server || !server->network_server) {
            model_wrong_kind(at, "networks", to, server ? "cells with program \"switch\" or \"network-server\"" : "switches");
            continue;
        }
        if (server == c) {
            diag_error(at, "cell \"%s\" is its own network; expected another cell; remove it", c->name);
            continue;
        }
        struct cell *client = client_of(s, c);

        if (has_network(s, client, server)) {
            diag_error(at, "switch \"%s\" stands twice in \"networks\"; expected it once; remove one", server->name);
            continue;
        }
        struct link *k = add_link(s, client, server, node_title(to), model_shown_name(client), at, size);

        k->kind = LINK_NETWORK;
        k->many = many;
        if (macs)
            take_mac(k, macs + i * MAC_BYTES, node_at(n, "mac-addresses"));
    }
}

const char *model_show_mac(const uint8_t *mac)
{
    return mem_printf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static bool mac_taken(const struct system *s, const struct link *k)
{
    for (size_t i = 0; i < s->links.count; i++)
        if (s->links.at[i] != k && !memcmp(s->links.at[i]->mac, k->mac, MAC_BYTES))
            return true;
    return false;
}

/* FNV-1a over the names and the numbers: the same for every build, wherever
 * the description lies. */
static void make_mac(const struct system *s, struct link *k)
{
    const char *file = strrchr(s->path, '/');
    uint32_t attempt = 0;

    do {
        const char *seed = mem_printf("%s/%s/%s/%u", file ? file + 1 : s->path, model_shown_name(k->client), k->name, attempt++);
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (; *seed; seed++)
            hash = (hash ^ (uint8_t)*seed) * UINT64_C(0x100000001b3);
        for (size_t i = 0; i < MAC_BYTES; i++)
            k->mac[i] = (uint8_t)(hash >> (8 + 8 * i));
        k->mac[0] = (uint8_t)((k->mac[0] & ~MAC_MULTICAST) | MAC_LOCAL);
    } while (mac_taken(s, k));
}

static void finish_macs(struct system *s)
{
    for (size_t i = 0; i < s->links.count; i++) {
        struct link *k = s->links.at[i];

        if (k->kind == LINK_NETWORK && memcmp(k->mac, mac_none, MAC_BYTES) && mac_taken(s, k))
            diag_error(node_at(k->client->node, "mac-addresses"), "the MAC address %s is given twice; expected one for each; change one",
                       model_show_mac(k->mac));
    }
    for (size_t i = 0; i < s->links.count; i++) {
        struct link *k = s->links.at[i];

        if (k->kind == LINK_NETWORK && !k->many && !memcmp(k->mac, mac_none, MAC_BYTES))
            make_mac(s, k);
    }
}

/* How many clients the kit's programs can serve. */
static const struct { const char *program; enum link_kind kind; size_t most; } limits[] = {
    { "block", LINK_DISK, 62 },             /* SERVE_CLIENTS_MAX there */
    { "switch", LINK_NETWORK, 32 },         /* SWITCH_PORTS_MAX there */
};

static size_t client_count(const struct system *s, const struct cell *server, enum link_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < s->links.count; i++)
        count += s->links.at[i]->server == server && s->links.at[i]->kind == kind;
    return count;
}

static void check_server(const struct system *s, const struct cell *c)
{
    for (size_t i = 0; c->program && i < sizeof limits / sizeof *limits; i++)
        if (!strcmp(c->program, limits[i].program) && client_count(s, c, limits[i].kind) > limits[i].most)
            diag_error(c->at, "cell \"%s\" has %zu clients; expected at most %zu of program \"%s\"; move some to another cell", c->name,
                       client_count(s, c, limits[i].kind), limits[i].most, c->program);
    if (c->network_server && client_count(s, c, LINK_NETWORK) == 0)
        diag_warning(c->at, "nothing is connected to \"%s\"; expected cells or machines with networks = <&%s>; connect some or remove it",
                     c->name, node_title(c->node));
}

void model_read_links(struct system *s)
{
    /* Io cells are added meanwhile. */
    size_t count = s->cells.count;

    for (size_t i = 0; i < count; i++) {
        struct cell *c = s->cells.at[i];

        if (model_is_vmm(c) || model_is_io(c))
            continue;
        read_disks(s, c);
        read_networks(s, c);
    }
    check_writers(s);
    finish_macs(s);
    for (size_t i = 0; i < count; i++)
        check_server(s, s->cells.at[i]);
}
