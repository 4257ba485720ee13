/* SPDX-License-Identifier: BSD-2-Clause */
/* The two forms of the finished system. */
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <mv/efistart.h>

#include "armimage.h"
#include "built.h"
#include "kit.h"
#include "layout.h"
#include "stage.h"

#define IMAGE_CODE0     UINT32_C(0x91005a4d)    /* add x13, x18, #0x16: harmless, and begins with "MZ" */
#define IMAGE_BRANCH    UINT32_C(0x14000000)    /* b; offset in words */
#define IMAGE_FLAGS     UINT64_C(0x2)           /* little-endian, 4 KiB pages, near the RAM's start */

/* PE32+ (Microsoft PE and COFF Specification), by which UEFI starts it. */
struct pe_section {
    char     name[8];
    uint32_t memory_size, address, file_size, file_offset, unused[3], flags;
};
struct pe_header {
    uint32_t magic;
    uint16_t machine, section_count;
    uint32_t time, symbols, symbol_count;
    uint16_t optional_size, flags;
    struct pe_optional {
        uint16_t magic;
        uint8_t  linker[2];
        uint32_t code_size, data_size, bss_size, entry, code_base;
        uint64_t image_base;
        uint32_t section_alignment, file_alignment;
        uint16_t versions[6];
        uint32_t reserved, image_size, header_size, checksum;
        uint16_t subsystem, properties;
        uint64_t stack_and_heap[4];
        uint32_t loader_flags, directory_count;
        uint64_t directories[6];
    } optional;
    struct pe_section sections[2];
};
#define PE_MAGIC            UINT32_C(0x00004550)    /* "PE\0\0" */
#define PE_ARM64            0xaa64
#define PE_FLAGS            0x0206                  /* executable, no line numbers, no debug information */
#define PE_OPTIONAL_MAGIC   0x020b                  /* PE32+ */
#define PE_EFI_APPLICATION  10
#define PE_CODE             UINT32_C(0x60000020)    /* code, may be executed and read */
#define PE_DATA             UINT32_C(0xc0000040)    /* data, may be read and written */

struct image_head {
    struct image_header arm64;
    struct pe_header    pe;
};
_Static_assert(offsetof(struct image_head, pe.optional) == 88 && sizeof(struct pe_optional) == 112 + 48, "as the specification has it");
_Static_assert(sizeof(struct image_head) <= MV_IMAGE_STUB, "the headers fit before the UEFI part");

/* The kit's UEFI part, told where the system belongs. */
static struct text stub_read(const struct layout *l)
{
    const char *path = kit_path("boot/efi.bin");
    struct text stub = { 0 };
    struct mv_efi_start start;

    stub.at = text_read_file(path, &stub.length);
    if (!stub.at)
        diag_fatal("cannot read %s: %s; expected the UEFI part of images; build the kit again", path, strerror(errno));
    if (stub.length >= sizeof start)
        memcpy(&start, stub.at, sizeof start);
    if (stub.length < sizeof start || stub.length % MV_PAGE_SIZE || start.magic != MV_EFI_MAGIC)
        diag_fatal("%s is not the UEFI part of images; expected the one of this version of the tool; build the kit again", path);
    start.base = l->kernel.base;
    start.length = l->image.length;
    start.end = l->end;
    memcpy(stub.at, &start, sizeof start);
    return stub;
}

static struct pe_header pe_header_make(uint32_t stub, uint32_t system)
{
    return (struct pe_header){
        .magic = PE_MAGIC,
        .machine = PE_ARM64,
        .section_count = 2,
        .optional_size = sizeof(struct pe_optional),
        .flags = PE_FLAGS,
        .optional = {
            .magic = PE_OPTIONAL_MAGIC,
            .code_size = stub,
            .data_size = system,
            .entry = MV_IMAGE_STUB,
            .code_base = MV_IMAGE_STUB,
            .section_alignment = MV_PAGE_SIZE,
            .file_alignment = MV_PAGE_SIZE,
            .image_size = MV_IMAGE_STUB + stub + system,
            .header_size = MV_IMAGE_STUB,
            .subsystem = PE_EFI_APPLICATION,
            .directory_count = 6,
        },
        .sections = {
            { ".text", stub, MV_IMAGE_STUB, stub, MV_IMAGE_STUB, { 0 }, PE_CODE },
            { ".system", system, MV_IMAGE_STUB + stub, system, MV_IMAGE_STUB + stub, { 0 }, PE_DATA },
        },
    };
}

/*
 * Headers, the UEFI part, the system. Loaders of the arm64 boot protocol put
 * all of it so that the system comes to lie where it is linked, and begin with
 * the first word: a branch over the UEFI part.
 */
static void image_write(const struct layout *l, const struct system *s)
{
    struct text stub = stub_read(l), t = { 0 };
    uint64_t before = MV_IMAGE_STUB + stub.length;
    struct image_head h = { .arm64 = {
        .code = { IMAGE_CODE0, IMAGE_BRANCH | (uint32_t)((before - 4) / 4) },
        .image_size = l->end - l->kernel.base + before,
        .flags = IMAGE_FLAGS,
        .magic = IMAGE_MAGIC,
        .pe_offset = offsetof(struct image_head, pe),
    } };
    static const char zeros[MV_IMAGE_STUB];

    if (l->kernel.base < s->board.ram.base + before)
        diag_fatal("the kernel is linked at 0x%llx, and RAM begins at 0x%llx; expected 0x%llx bytes between them; change LINK_BASE of the board",
                   (unsigned long long)l->kernel.base, (unsigned long long)s->board.ram.base, (unsigned long long)before);
    if (l->kernel.entry != l->kernel.base)
        diag_fatal("the kernel is not entered at its first byte; expected one of this version of the tool; build it again");
    h.arm64.text_offset = l->kernel.base - before - s->board.ram.base;
    h.pe = pe_header_make((uint32_t)stub.length, (uint32_t)l->image.length);
    text_reserve(&t, before + l->image.length);
    text_add(&t, &h, sizeof h);
    text_add(&t, zeros, MV_IMAGE_STUB - t.length);
    text_add(&t, stub.at, stub.length);
    text_add(&t, l->image.at, l->image.length);
    stage_write("system.img", t.at, t.length);
}

/* What is in system.elf besides: sections by which a running system is observed. */
enum { SECTION_NONE, SECTION_INFO, SECTION_SYSTAB, SECTION_START, SECTION_NAMES, SECTION_COUNT };
static const char section_names[] = "\0" MV_SECTION_INFO "\0" MV_SECTION_SYSTAB "\0" MV_SECTION_START "\0.shstrtab";

static Elf64_Shdr section_loaded(const struct layout *l, uint64_t address, uint64_t size)
{
    return (Elf64_Shdr){
        .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_WRITE, .sh_addr = address, .sh_size = size,
        .sh_offset = MV_PAGE_SIZE + address - l->kernel.base, .sh_addralign = 8,
    };
}

static Elf64_Shdr section_unloaded(uint32_t type, uint64_t offset, uint64_t size)
{
    return (Elf64_Shdr){ .sh_type = type, .sh_offset = offset, .sh_size = size, .sh_addralign = 8 };
}

/* Behind the segment: the kernel's record of itself, the names, the headers, which all begin at multiples of 8. */
static void sections_emit(const struct layout *l, struct text *t)
{
    static const char zeros[8];
    uint64_t info = t->length;

    text_add(t, &l->kernel.info, sizeof l->kernel.info);
    text_add(t, zeros, -t->length & 7);
    uint64_t names = t->length;

    text_add(t, section_names, sizeof section_names);
    text_add(t, zeros, -t->length & 7);
    Elf64_Shdr h[SECTION_COUNT] = {
        [SECTION_INFO] = section_unloaded(SHT_PROGBITS, info, sizeof l->kernel.info),
        [SECTION_SYSTAB] = section_loaded(l, l->systab_base, l->systab.length),
        [SECTION_START] = section_loaded(l, l->kernel.base + l->kernel.start, sizeof(struct mv_kernel_start)),
        [SECTION_NAMES] = section_unloaded(SHT_STRTAB, names, sizeof section_names),
    };
    uint32_t name = 1;

    for (int i = 1; i < SECTION_COUNT; i++) {
        h[i].sh_name = name;
        name += (uint32_t)strlen(section_names + name) + 1;
    }
    Elf64_Ehdr *e = (void *)t->at;

    e->e_shoff = t->length;
    e->e_shentsize = sizeof *h;
    e->e_shnum = SECTION_COUNT;
    e->e_shstrndx = SECTION_NAMES;
    text_add(t, h, sizeof h);
}

/* One segment: the loaded bytes at their physical place. */
static void elf_emit(const struct layout *l)
{
    struct text t = { 0 };
    Elf64_Ehdr e = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_EXEC,
        .e_machine = EM_AARCH64,
        .e_version = EV_CURRENT,
        .e_entry = l->kernel.entry,
        .e_phoff = sizeof e,
        .e_ehsize = sizeof e,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 1,
    };
    Elf64_Phdr p = {
        .p_type = PT_LOAD,
        .p_flags = PF_R | PF_W | PF_X,
        .p_offset = MV_PAGE_SIZE,
        .p_vaddr = l->kernel.base,
        .p_paddr = l->kernel.base,
        .p_filesz = l->image.length,
        .p_memsz = l->image.length,
        .p_align = MV_PAGE_SIZE,
    };
    static const char zeros[MV_PAGE_SIZE];

    text_reserve(&t, MV_PAGE_SIZE + l->image.length + MV_PAGE_SIZE);
    text_add(&t, &e, sizeof e);
    text_add(&t, &p, sizeof p);
    text_add(&t, zeros, MV_PAGE_SIZE - t.length);
    text_add(&t, l->image.at, l->image.length);
    text_add(&t, zeros, -t.length & 7);
    sections_emit(l, &t);
    stage_write("system.elf", t.at, t.length);
}

void image_emit(const struct layout *l, const struct system *s)
{
    image_write(l, s);
    elf_emit(l);
}
