/* SPDX-License-Identifier: BSD-2-Clause */
#include "built.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "mem.h"

/* Whether [offset, offset + size) lies in the file, at a multiple of 8. */
static bool in_file(const struct built *b, uint64_t offset, uint64_t size)
{
    return offset % 8 == 0 && size <= b->file.length && offset <= b->file.length - size;
}

static const Elf64_Ehdr *head_of(const struct built *b)
{
    const Elf64_Ehdr *e = (const void *)b->file.at;

    if (b->file.length < sizeof *e || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_ident[EI_CLASS] != ELFCLASS64 ||
        e->e_machine != EM_AARCH64 || e->e_shentsize != sizeof(Elf64_Shdr) || e->e_shstrndx >= e->e_shnum ||
        !in_file(b, e->e_shoff, (uint64_t)e->e_shnum * sizeof(Elf64_Shdr)))
        return NULL;
    return e;
}

/* The section of that name, its bytes in the file; NULL: there is none. */
static const Elf64_Shdr *section(const struct built *b, const char *name)
{
    const Elf64_Ehdr *e = head_of(b);
    const Elf64_Shdr *h = e ? (const void *)(b->file.at + e->e_shoff) : NULL;
    const Elf64_Shdr *names = e ? &h[e->e_shstrndx] : NULL;

    for (int i = 1; e && i < e->e_shnum && in_file(b, names->sh_offset, names->sh_size); i++) {
        size_t length = strlen(name) + 1;

        if (h[i].sh_name <= names->sh_size && length <= names->sh_size - h[i].sh_name &&
            !memcmp(b->file.at + names->sh_offset + h[i].sh_name, name, length) && in_file(b, h[i].sh_offset, h[i].sh_size))
            return &h[i];
    }
    return NULL;
}

static bool array_fits(const struct mv_systab *t, struct mv_array a, size_t record, uint32_t most)
{
    return a.count <= most && a.offset % 8 == 0 && a.offset <= t->size && (uint64_t)a.count * record <= t->size - a.offset;
}

/* Objects of an area, in the table. */
static bool area_fits(const struct mv_systab *t, enum mv_area area, uint64_t count, size_t object)
{
    return t->objects[area] % 8 == 0 && t->objects[area] <= t->size && count * object <= t->size - t->objects[area];
}

/* What is looked at lies in its object. */
static bool seen_fits(const struct mv_kernel_info *k)
{
    const struct mv_seen_fields *s = &k->seen;
    const struct { struct mv_field field; uint32_t object; } rows[] = {
        { s->vcpu_state, k->sizes.vcpu }, { s->vcpu_calls, k->sizes.vcpu }, { s->vcpu_counters, k->sizes.vcpu },
        { s->vcpu_consumed, k->sizes.vcpu }, { s->portal_consumed, k->sizes.portal }, { s->budget_times, k->sizes.budget },
        { k->fields.vcpu_own_budget, k->sizes.vcpu }, { k->fields.portal_context_budget, k->sizes.portal },
        { s->core_current, MV_PAGE_SIZE }, { s->core_context, MV_PAGE_SIZE }, { s->core_since, MV_PAGE_SIZE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].field.size > 8 || rows[i].field.at + rows[i].field.size > rows[i].object)
            return false;
    return s->vcpu_counters.at + 6 * 8 <= k->sizes.vcpu;    /* raises to overruns */
}

/* The arrays and areas that an observer looks at are in their bounds, and so are the indices in their records. */
static bool records_fit(const struct mv_systab *t)
{
    if (t->core_count < 1 || t->core_count > MV_CORES_MAX || !array_fits(t, t->cells, sizeof(struct mv_sys_cell), MV_CELLS_MAX) ||
        !array_fits(t, t->vcpus, sizeof(struct mv_sys_vcpu), MV_VCPUS_MAX) ||
        !array_fits(t, t->portals, sizeof(struct mv_sys_portal), UINT16_MAX) ||
        !array_fits(t, t->schedules, sizeof(struct mv_sys_schedule), UINT16_MAX) ||
        !array_fits(t, t->windows, sizeof(struct mv_sys_window), UINT16_MAX) ||
        !area_fits(t, MV_AREA_VCPUS, t->vcpus.count, t->sizes.vcpu) ||
        !area_fits(t, MV_AREA_PORTALS, t->portals.count, t->sizes.portal) || !area_fits(t, MV_AREA_BUDGETS, 0, 0) ||
        !area_fits(t, MV_AREA_LIMITS, 0, 0))
        return false;
    const struct mv_sys_cell *cells = mv_systab_array(t, t->cells);
    const struct mv_sys_vcpu *vcpus = mv_systab_array(t, t->vcpus);
    const struct mv_sys_portal *portals = mv_systab_array(t, t->portals);

    for (uint32_t i = 0; i < t->cells.count; i++)
        if (cells[i].name[MV_NAME_BYTES - 1] || cells[i].first_vcpu > t->vcpus.count ||
            cells[i].vcpu_count > t->vcpus.count - cells[i].first_vcpu)
            return false;
    for (uint32_t i = 0; i < t->vcpus.count; i++)
        if (vcpus[i].cell >= t->cells.count || vcpus[i].core >= t->core_count || i < cells[vcpus[i].cell].first_vcpu)
            return false;
    for (uint32_t i = 0; i < t->portals.count; i++)
        if (portals[i].server >= t->vcpus.count)
            return false;
    return true;
}

static bool table_fits(const struct mv_systab *t, uint64_t length)
{
    return length >= sizeof *t && t->magic == MV_SYSTAB_MAGIC && t->version == MV_SYSTAB_VERSION && t->size % 8 == 0 &&
           t->size >= sizeof *t && t->size <= length && t->checksum == mv_systab_checksum(t) && records_fit(t);
}

void built_read(struct built *b, const char *dir)
{
    const char *path = mem_printf("%s/system.elf", dir);

    *b = (struct built){ .dir = dir };
    b->file.at = text_read_file(path, &b->file.length);
    if (!b->file.at)
        diag_fatal("cannot read %s: %s; expected the output folder of \"mullion build\" or \"mullion run\"; name it", path,
                   strerror(errno));
    const Elf64_Shdr *info = section(b, MV_SECTION_INFO), *table = section(b, MV_SECTION_SYSTAB), *start = section(b, MV_SECTION_START);

    if (!info || info->sh_size != sizeof b->info || !table || !start || start->sh_size != sizeof(struct mv_kernel_start))
        diag_fatal("%s is not a system of this version of the tool; expected one that it has built; build it again", path);
    memcpy(&b->info, b->file.at + info->sh_offset, sizeof b->info);
    b->info.board[MV_NAME_BYTES - 1] = '\0';
    b->systab = (const void *)(b->file.at + table->sh_offset);
    b->systab_base = table->sh_addr;
    b->cores = ((const struct mv_kernel_start *)(const void *)(b->file.at + start->sh_offset))->cores;
    if (b->info.magic != MV_KERNEL_MAGIC || b->info.systab_version != MV_SYSTAB_VERSION || !table_fits(b->systab, table->sh_size) ||
        memcmp(&b->info.sizes, &b->systab->sizes, sizeof b->info.sizes) || !seen_fits(&b->info))
        diag_fatal("%s has a table that does not hold together; expected version %d; build it again", path, MV_SYSTAB_VERSION);
}

const struct mv_sys_cell *built_cell(const struct built *b, uint32_t index)
{
    return (const struct mv_sys_cell *)mv_systab_array(b->systab, b->systab->cells) + index;
}

const struct mv_sys_vcpu *built_vcpu(const struct built *b, uint32_t index)
{
    return (const struct mv_sys_vcpu *)mv_systab_array(b->systab, b->systab->vcpus) + index;
}

const struct mv_sys_portal *built_portal(const struct built *b, uint32_t index)
{
    return (const struct mv_sys_portal *)mv_systab_array(b->systab, b->systab->portals) + index;
}

const char *built_vcpu_name(const struct built *b, uint32_t index)
{
    const struct mv_sys_cell *c = built_cell(b, built_vcpu(b, index)->cell);

    return c->vcpu_count == 1 ? c->name : mem_printf("%s.%u", c->name, index - c->first_vcpu);
}
