/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "diag.h"

void memory_of_running(struct memory *m, const struct built *b)
{
    *m = (struct memory){ .what = b->dir, .built = b };
    if (!qmp_open(&m->qmp, b->dir))
        diag_fatal("the system of %s %s; expected one started by \"mullion run\" that still runs; start it", b->dir,
                   m->qmp.wrong);
}

void memory_of_file(struct memory *m, const struct built *b, const char *path)
{
    *m = (struct memory){ .what = path, .built = b };
    m->file.at = text_read_file(path, &m->file.length);
    if (!m->file.at)
        diag_fatal("cannot read %s: %s; expected a file with the system's memory; name another", path, strerror(errno));
}

/* Where an address is in an ELF core, or UINT64_MAX. */
static uint64_t core_offset(const struct text *f, uint64_t address, size_t size)
{
    const Elf64_Ehdr *e = (const void *)f->at;

    if (f->length < sizeof *e || e->e_phentsize != sizeof(Elf64_Phdr) || e->e_phoff > f->length ||
        (uint64_t)e->e_phnum * sizeof(Elf64_Phdr) > f->length - e->e_phoff)
        return UINT64_MAX;
    for (int i = 0; i < e->e_phnum; i++) {
        Elf64_Phdr h;

        memcpy(&h, f->at + e->e_phoff + (size_t)i * sizeof h, sizeof h);
        if (h.p_type == PT_LOAD && address >= h.p_paddr && size <= h.p_filesz && address - h.p_paddr <= h.p_filesz - size &&
            h.p_offset <= UINT64_MAX - (address - h.p_paddr))
            return h.p_offset + (address - h.p_paddr);
    }
    return UINT64_MAX;
}

static bool file_read(const struct memory *m, uint64_t address, void *to, size_t size)
{
    const struct text *f = &m->file;
    uint64_t ram = m->built->systab->ram_base;
    uint64_t offset = f->length >= SELFMAG && !memcmp(f->at, ELFMAG, SELFMAG) ? core_offset(f, address, size)
                      : address >= ram ? address - ram : UINT64_MAX;

    if (offset > f->length || size > f->length - offset)
        return false;
    memcpy(to, f->at + offset, size);
    return true;
}

bool memory_read(struct memory *m, uint64_t address, void *to, size_t size)
{
    if (m->file.at)
        return file_read(m, address, to, size);
    if (!qmp_memory(&m->qmp, address, to, size))
        diag_fatal("the system of %s %s; expected one that runs; start it again", m->what, m->qmp.wrong);
    return true;
}

void memory_close(struct memory *m)
{
    if (!m->file.at)
        qmp_close(&m->qmp);
}
