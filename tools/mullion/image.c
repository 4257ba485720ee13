/* SPDX-License-Identifier: BSD-2-Clause */
/* The two forms of the finished system. */
#include <elf.h>
#include <string.h>

#include "layout.h"
#include "stage.h"

/* The arm64 Image header, as the boot protocol of Linux defines it. */
struct image_header {
    uint32_t code[2];
    uint64_t text_offset, image_size, flags, reserved[3];
    uint32_t magic, reserved_end;
};
#define IMAGE_MAGIC UINT32_C(0x644d5241)    /* "ARM\x64" */

static void image_patch(const struct layout *l)
{
    struct image_header h;

    memcpy(&h, l->image.at, sizeof h);
    if (l->kernel.image.length < sizeof h || h.magic != IMAGE_MAGIC)
        diag_fatal("the kernel does not begin with an arm64 Image header; expected the one of this version of the tool; build it again");
    h.image_size = l->end - l->kernel.base;
    memcpy(l->image.at, &h, sizeof h);
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

    text_add(&t, &e, sizeof e);
    text_add(&t, &p, sizeof p);
    text_add(&t, zeros, MV_PAGE_SIZE - t.length);
    text_add(&t, l->image.at, l->image.length);
    stage_write("system.elf", t.at, t.length);
}

void image_emit(const struct layout *l)
{
    image_patch(l);
    stage_write("system.img", l->image.at, l->image.length);
    elf_emit(l);
}
