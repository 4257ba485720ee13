/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest needs of its flattened device tree: how many processors, which
 * interrupt controller, where the memory is, the command line.
 */
#include "guest.h"

#define FDT_MAGIC      UINT32_C(0xd00dfeed)
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE   2u
#define FDT_PROPERTY   3u
#define FDT_NOP        4u
#define DEPTH_MAX      16u

static uint32_t be32(const void *at)
{
    const uint8_t *b = at;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint64_t be64(const void *at)
{
    return (uint64_t)be32(at) << 32 | be32((const uint8_t *)at + 4);
}

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Whether a list of texts, one behind the other, has this one. */
static bool lists(const char *list, uint32_t length, const char *word)
{
    for (uint32_t at = 0; at < length; at += (uint32_t)strlen(list + at) + 1)
        if (strcmp(list + at, word) == 0)
            return true;
    return false;
}

static void property(struct guest_tree *out, const char *node, const char *name, const void *value,
                     uint32_t length)
{
    if (begins(node, "memory") && strcmp(name, "reg") == 0 && length >= 16) {
        out->ram_base = be64(value);
        out->ram_size = be64((const uint8_t *)value + 8);
    } else if (strcmp(node, "chosen") == 0 && strcmp(name, "bootargs") == 0) {
        out->options = value;
    } else if (strcmp(name, "compatible") == 0) {
        if (lists(value, length, "arm,gic-v3"))
            out->gic_version = 3;
        else if (lists(value, length, "arm,cortex-a15-gic") || lists(value, length, "arm,gic-400"))
            out->gic_version = 2;
    }
}

bool tree_read(const void *blob, struct guest_tree *out)
{
    const uint8_t *b = blob;
    const char *names, *node[DEPTH_MAX] = { "" };
    unsigned depth = 0;

    *out = (struct guest_tree){ .options = "" };
    if (b == NULL || be32(b) != FDT_MAGIC)
        return false;
    names = (const char *)b + be32(b + 12);
    for (const uint8_t *at = b + be32(b + 8);;) {
        uint32_t token = be32(at);

        at += 4;
        if (token == FDT_BEGIN_NODE) {
            if (++depth >= DEPTH_MAX)
                return false;
            node[depth] = (const char *)at;
            out->cpu_count += begins(node[depth], "cpu@");
            at += (strlen((const char *)at) + 4) & ~UINT64_C(3);
        } else if (token == FDT_END_NODE) {
            depth--;
        } else if (token == FDT_PROPERTY) {
            uint32_t length = be32(at);

            property(out, node[depth], names + be32(at + 4), at + 8, length);
            at += 8 + ((length + 3) & ~UINT32_C(3));
        } else if (token != FDT_NOP) {
            break;
        }
    }
    return out->cpu_count != 0 && out->cpu_count <= CPUS_MAX && out->gic_version != 0 && out->ram_size != 0;
}

uint64_t guest_option(const char *name, uint64_t otherwise)
{
    size_t length = strlen(name);

    for (const char *c = guest_tree.options; *c != '\0'; c++) {
        if ((c == guest_tree.options || c[-1] == ' ') && strncmp(c, name, length) == 0 && c[length] == '=')
            return mv_parse_number(c + length + 1, NULL);
    }
    return otherwise;
}
