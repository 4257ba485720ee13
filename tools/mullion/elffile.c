/* SPDX-License-Identifier: BSD-2-Clause */
#include "elffile.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* A loadable part, checked to lie inside the file. */
struct part {
    GElf_Phdr head;
};
struct parts {
    VEC(struct part) list;
    GElf_Ehdr head;
    const char *wrong;          /* why the file cannot be used, or NULL */
    const char *remedy;
};

static bool parts_fail(struct parts *p, const char *wrong, const char *remedy)
{
    p->wrong = wrong;
    p->remedy = remedy;
    return false;
}

static int part_compare(const void *a, const void *b)
{
    const struct part *p = a, *q = b;

    return (p->head.p_vaddr > q->head.p_vaddr) - (p->head.p_vaddr < q->head.p_vaddr);
}

static bool parts_check_head(struct parts *p, Elf *e)
{
    if (elf_kind(e) != ELF_K_ELF || !gelf_getehdr(e, &p->head))
        return parts_fail(p, "is not an ELF file", "give the linker's output");
    if (p->head.e_ident[EI_CLASS] != ELFCLASS64 || p->head.e_ident[EI_DATA] != ELFDATA2LSB || p->head.e_machine != EM_AARCH64)
        return parts_fail(p, "is not for AArch64, little-endian", "build it with the cross compiler");
    if (p->head.e_type != ET_EXEC)
        return parts_fail(p, p->head.e_type == ET_DYN ? "is position-independent or dynamic" : "is not linked",
                          "link it with -static -no-pie");
    return true;
}

static bool parts_read(struct parts *p, Elf *e, size_t file_length)
{
    size_t count = 0;

    if (!parts_check_head(p, e))
        return false;
    if (elf_getphdrnum(e, &count) || count == 0 || count > 64)
        return parts_fail(p, "has no program headers that can be read", "link it again");
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr h;

        if (!gelf_getphdr(e, (int)i, &h))
            return parts_fail(p, "has no program headers that can be read", "link it again");
        if (h.p_type == PT_INTERP || h.p_type == PT_DYNAMIC)
            return parts_fail(p, "needs shared libraries", "link it with -static -no-pie");
        if (h.p_type != PT_LOAD || h.p_memsz == 0)
            continue;
        if (h.p_offset > file_length || h.p_filesz > file_length - h.p_offset || h.p_filesz > h.p_memsz ||
            h.p_vaddr + h.p_memsz < h.p_vaddr || h.p_memsz > UINT64_C(1) << 40 || h.p_vaddr > UINT64_C(1) << 48 || h.p_paddr > UINT64_C(1) << 48)
            return parts_fail(p, "is cut off or damaged", "build it again");
        *vec_push(&p->list) = (struct part){ h };
    }
    if (p->list.count == 0)
        return parts_fail(p, "has nothing to load", "link it again");
    qsort(p->list.at, p->list.count, sizeof *p->list.at, part_compare);
    return true;
}

static Elf *elf_open(const struct text *file)
{
    elf_version(EV_CURRENT);
    return file->length ? elf_memory(file->at, file->length) : NULL;
}

/* The value of a symbol that the file defines itself. */
static bool symbol_find(Elf *e, const char *name, uint64_t *value)
{
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(e, scn)) != NULL;) {
        GElf_Shdr h;
        Elf_Data *data = NULL;

        if (!gelf_getshdr(scn, &h) || h.sh_type != SHT_SYMTAB || !(data = elf_getdata(scn, NULL)))
            continue;
        for (int i = 0; (size_t)i < data->d_size / sizeof(Elf64_Sym); i++) {
            GElf_Sym sym;
            const char *symbol = gelf_getsym(data, i, &sym) ? elf_strptr(e, h.sh_link, sym.st_name) : NULL;

            if (symbol && !strcmp(symbol, name) && sym.st_shndx != SHN_UNDEF) {
                *value = sym.st_value;
                return true;
            }
        }
    }
    return false;
}

/* ---- programs of cells ------------------------------------------------------- */

static void load_add(struct cell *c, const GElf_Phdr *h)
{
    struct load *l = vec_push(&c->loads);
    uint64_t before = h->p_vaddr % MV_PAGE_SIZE;
    char *bytes = mem_alloc(before + h->p_filesz);

    if (h->p_filesz)
        memcpy(bytes + before, c->elf.at + h->p_offset, h->p_filesz);
    *l = (struct load){
        .address = h->p_vaddr - before,
        .file_size = h->p_filesz ? before + h->p_filesz : 0,
        .size = mv_align_up(before + h->p_memsz, MV_PAGE_SIZE),
        .rights = MV_MAP_READ | (h->p_flags & PF_W ? MV_MAP_WRITE : 0u) | (h->p_flags & PF_X ? MV_MAP_EXECUTE : 0u),
        .bytes = bytes,
    };
}

void elf_read_program(struct cell *c)
{
    struct parts p = { 0 };
    struct pos at = node_at(c->node, c->image ? "image" : c->program ? "program" : "sources");

    c->elf.at = text_read_file(c->elf_path, &c->elf.length);
    if (!c->elf.at) {
        diag_error(at, "the program of cell \"%s\" cannot be read: %s; expected an ELF file; build it again", c->name, strerror(errno));
        return;
    }
    Elf *e = elf_open(&c->elf);

    if (!e)
        parts_fail(&p, "is not an ELF file", "give the linker's output");
    else
        parts_read(&p, e, c->elf.length);
    if (p.wrong) {
        diag_error(at, "the program of cell \"%s\" %s; expected a static AArch64 ELF program; %s", c->name, p.wrong, p.remedy);
        elf_end(e);
        return;
    }
    c->entry = p.head.e_entry;
    bool good = true;

    for (size_t i = 0; i < p.list.count; i++) {
        const GElf_Phdr *h = &p.list.at[i].head;

        /* What lies out of reach must not be allocated to find that out. */
        if (h->p_vaddr + h->p_memsz > UINT64_C(1) << 39) {
            diag_error(at, "the program of cell \"%s\" has a part at 0x%llx to 0x%llx; expected 0x1000 to 0x%llx; link it at 0x10000",
                       c->name, (unsigned long long)h->p_vaddr, (unsigned long long)(h->p_vaddr + h->p_memsz),
                       (unsigned long long)c->fixed_low);
            good = false;
            continue;
        }
        if (i > 0 && h->p_vaddr / MV_PAGE_SIZE <= (p.list.at[i - 1].head.p_vaddr + p.list.at[i - 1].head.p_memsz - 1) / MV_PAGE_SIZE) {
            diag_error(at, "two parts of the program of cell \"%s\" share the page 0x%llx; expected pages of their own; link it with cell.ld",
                       c->name, (unsigned long long)(h->p_vaddr / MV_PAGE_SIZE * MV_PAGE_SIZE));
            good = false;
        }
        load_add(c, h);
    }
    symbol_find(e, "mv_recover", &c->recover);
    /* What follows from a broken program says nothing new. */
    if (!good)
        c->loads.count = 0;
    elf_end(e);
}

/* ---- the kernel ----------------------------------------------------------------- */

static _Noreturn void kernel_wrong(const char *path, const char *what, const char *remedy)
{
    diag_fatal("the kernel %s %s; expected the one of this version of the tool; %s", path, what, remedy);
}

static void kernel_image(struct kernel *k, const char *path, const struct parts *p)
{
    k->base = UINT64_MAX;
    for (size_t i = 0; i < p->list.count; i++) {
        const GElf_Phdr *h = &p->list.at[i].head;

        k->base = h->p_paddr < k->base ? h->p_paddr : k->base;
        k->end = h->p_paddr + h->p_memsz > k->end ? h->p_paddr + h->p_memsz : k->end;
    }
    if (k->end - k->base > 0x1000000)
        kernel_wrong(path, "is larger than 16 MiB", "build it again");
    k->image.length = k->end - k->base;
    k->image.at = mem_alloc(k->image.length + 1);
    for (size_t i = 0; i < p->list.count; i++) {
        const GElf_Phdr *h = &p->list.at[i].head;

        if (h->p_filesz)
            memcpy(k->image.at + (h->p_paddr - k->base), k->file.at + h->p_offset, h->p_filesz);
        if (h->p_flags & PF_X)
            k->text = region_pages((struct region){ h->p_paddr, h->p_memsz });
        else if (!(h->p_flags & PF_W))
            k->rodata = region_pages((struct region){ h->p_paddr, h->p_memsz });
    }
}

/* The offset in the image of a virtual address, with room for bytes. */
static bool kernel_offset(const struct kernel *k, const struct parts *p, uint64_t address, uint64_t bytes, uint64_t *offset)
{
    for (size_t i = 0; i < p->list.count; i++) {
        const GElf_Phdr *h = &p->list.at[i].head;

        if (address < h->p_vaddr || address - h->p_vaddr > h->p_memsz || h->p_memsz - (address - h->p_vaddr) < bytes)
            continue;
        *offset = address - h->p_vaddr + (h->p_paddr - k->base);
        return true;
    }
    return false;
}

/* The variable, and the tables that it names, are in the image; what guards the
 * first stack, under the page below the first table, is not written. */
static bool kernel_start(struct kernel *k, const struct parts *p, uint64_t address)
{
    struct mv_kernel_start start;
    uint64_t at;

    if (!kernel_offset(k, p, address, sizeof start, &k->start))
        return false;
    memcpy(&start, k->image.at + k->start, sizeof start);
    const struct region guard = { start.tables - 2 * MV_PAGE_SIZE, MV_PAGE_SIZE };

    return start.ttbr % MV_KERNEL_ROOT_BYTES == 0 && kernel_offset(k, p, start.ttbr, MV_KERNEL_ROOT_BYTES, &at) &&
           start.tables % MV_PAGE_SIZE == 0 && kernel_offset(k, p, start.tables, 2 * MV_KERNEL_TABLES * MV_PAGE_SIZE, &at) &&
           (region_overlaps(k->text, guard) || region_overlaps(k->rodata, guard));
}

/* Every field lies in its object. */
static bool fields_fit(const struct mv_kernel_info *k)
{
#define FIELD(object, name, member) \
    if (k->fields.object##_##name.size > 8 || k->fields.object##_##name.at + k->fields.object##_##name.size > k->sizes.object) \
        return false;
    MV_OBJECT_FIELDS(FIELD)
#undef FIELD
    return k->sizes.irq_slot >= 8;
}

static bool kernel_sections(struct kernel *k, const struct parts *p, Elf *e)
{
    size_t names;
    uint64_t start;
    bool info = false;

    if (elf_getshdrstrndx(e, &names))
        return false;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(e, scn)) != NULL;) {
        GElf_Shdr h;
        Elf_Data *data = NULL;

        if (!gelf_getshdr(scn, &h))
            return false;
        const char *name = elf_strptr(e, names, h.sh_name);

        if (name && !strcmp(name, ".mullion.info") && (data = elf_getdata(scn, NULL)) != NULL && data->d_size == sizeof k->info) {
            memcpy(&k->info, data->d_buf, sizeof k->info);
            info = true;
        }
    }
    return info && symbol_find(e, "mullion_start", &start) && kernel_start(k, p, start);
}

void elf_read_kernel(struct kernel *k, const char *path, const char *board)
{
    struct parts p = { 0 };

    k->file.at = text_read_file(path, &k->file.length);
    if (!k->file.at)
        diag_fatal("there is no kernel %s; expected one for board \"%s\"; build or install it", path, board);
    Elf *e = elf_open(&k->file);

    if (!e || !parts_read(&p, e, k->file.length)) {
        elf_end(e);
        kernel_wrong(path, e ? p.wrong : "is not an ELF file", "build it again");
    }
    k->entry = p.head.e_entry;
    kernel_image(k, path, &p);
    bool found = kernel_sections(k, &p, e);

    elf_end(e);
    k->info.board[MV_NAME_BYTES - 1] = '\0';
    if (!found || k->info.magic != MV_KERNEL_MAGIC)
        kernel_wrong(path, "has no section .mullion.info or no symbol mullion_start", "build it again");
    if (k->info.systab_version != MV_SYSTAB_VERSION || k->info.abi_version != MV_ABI_VERSION)
        kernel_wrong(path, mem_printf("has table version %u and ABI %u", k->info.systab_version, k->info.abi_version),
                     mem_printf("use one with %d and %d", MV_SYSTAB_VERSION, MV_ABI_VERSION));
    if (!fields_fit(&k->info))
        kernel_wrong(path, "describes objects that do not hold together", "build it again");
    if (strcmp(k->info.board, board))
        kernel_wrong(path, mem_printf("is for board \"%s\"", k->info.board), mem_printf("build it for \"%s\"", board));
    if (k->info.link_base != k->base)
        kernel_wrong(path, mem_printf("says it lies at 0x%llx but is linked at 0x%llx", (unsigned long long)k->info.link_base,
                                      (unsigned long long)k->base), "build it again");
}
