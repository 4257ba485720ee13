/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <mv/guest.h>

#include "armimage.h"
#include "schema.h"

/* ---- random numbers, and the time ----------------------------------------------- */

/* SOURCE_DATE_EPOCH, or NULL: builds that must be the same each time. */
static const char *fixed_time(void)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end;

    if (!text || !*text)
        return NULL;
    errno = 0;
    (void)strtoull(text, &end, 10);
    if (errno || *end || text[0] == '-')
        diag_fatal("SOURCE_DATE_EPOCH is \"%s\"; expected seconds since 1970; correct or unset it", text);
    return text;
}

uint64_t guest_time(void)
{
    const char *fixed = fixed_time();

    return fixed ? strtoull(fixed, NULL, 10) : (uint64_t)time(NULL);
}

/* FNV-1a, to tell purposes apart. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

/* splitmix64: spreads a hash over many bytes. Not secret, and not meant to be. */
static void fill_fixed(uint8_t *to, size_t length, uint64_t state)
{
    for (size_t i = 0; i < length; i++) {
        state += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);

        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        to[i] = (uint8_t)(z ^ z >> 31);
    }
}

void guest_random(void *to, size_t length, const struct vm *vm, const char *purpose)
{
    const char *fixed = fixed_time();

    if (fixed)
        fill_fixed(to, length, hash_text(hash_text(hash_text(UINT64_C(0xcbf29ce484222325), fixed), vm->cell->name), purpose));
    else if (getrandom(to, length, 0) != (ssize_t)length)
        diag_fatal("the host gives no random numbers: %s; expected getrandom() to work; set SOURCE_DATE_EPOCH to do without",
                   strerror(errno));
}

/* ---- files -------------------------------------------------------------------------- */

static const char *find_file(const struct system *s, const char *name)
{
    const char *path = text_join_path(s->dir, name), *folders = getenv("MULLION_GUESTS");

    if (text_file_exists(path))
        return path;
    for (const char *at = folders; name[0] != '/' && at && *at;) {
        size_t n = strcspn(at, ":");

        path = mem_printf("%.*s/%s", (int)n, at, name);
        if (n && text_file_exists(path))
            return path;
        at += n + (at[n] == ':');
    }
    return NULL;
}

static struct blob *add_blob(struct system *s, const char *name, const char *bytes, size_t length)
{
    for (size_t i = 0; i < s->blobs.count; i++)
        if (s->blobs.at[i]->length == length && !memcmp(s->blobs.at[i]->bytes, bytes, length))
            return s->blobs.at[i];
    struct blob *b = mem_alloc(sizeof *b);

    b->name = name;
    b->bytes = bytes;
    b->length = length;
    return *vec_push(&s->blobs) = b;
}

/* The file that a property names, or NULL after a complaint. */
static struct text read_file(const struct system *s, const struct node *n, const char *property, const char *expected)
{
    const char *name = NULL, *path;
    struct text t = { 0 };

    if (!schema_string(n, property, &name) || !name)
        return t;
    path = find_file(s, name);
    if (!path) {
        diag_error(node_at(n, property), "there is no file \"%s\"; expected %s in %s or in a folder of MULLION_GUESTS; correct the name or add it",
                   name, expected, strcmp(s->dir, ".") ? s->dir : "this folder");
        return t;
    }
    t.at = text_read_file(path, &t.length);
    if (!t.at)
        diag_error(node_at(n, property), "the file \"%s\" cannot be read: %s; expected %s; correct its permissions", name,
                   strerror(errno), expected);
    return t;
}

static const char *file_name(const struct node *n, const char *property)
{
    return prop_string(node_prop(n, property));
}

/* ---- the kernel ------------------------------------------------------------------------ */

/* What a file is that is no Image, and what to do. */
static const struct { const char *magic; size_t length; const char *what, *todo; } others[] = {
    { "\x1f\x8b", 2, "is compressed with gzip", "decompress it with gunzip" },
    { "\x28\xb5\x2f\xfd", 4, "is compressed with zstd", "decompress it with unzstd" },
    { "\xfd" "7zXZ", 5, "is compressed with xz", "decompress it with unxz" },
    { "BZh", 3, "is compressed with bzip2", "decompress it with bunzip2" },
    { "\x04\x22\x4d\x18", 4, "is compressed with lz4", "decompress it with unlz4" },
    { "\x02\x21\x4c\x18", 4, "is compressed with lz4", "decompress it with unlz4" },
    { "\x5d\x00\x00", 3, "is compressed with lzma", "decompress it with unlzma" },
    { "MZ\x00\x00zimg", 8, "is a self-decompressing EFI program", "use arch/arm64/boot/Image of the kernel's build" },
    { "\x7f" "ELF", 4, "is an ELF file", "use arch/arm64/boot/Image of the kernel's build, or objcopy -O binary" },
    { "\x27\x05\x19\x56", 4, "is wrapped for U-Boot", "take the Image out of it with dumpimage" },
    { "\xd0\x0d\xfe\xed", 4, "is a device tree or a FIT image", "take the Image out of it" },
};

static void complain_no_image(struct pos at, const char *name, const struct text *file)
{
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (file->length >= others[i].length && !memcmp(file->at, others[i].magic, others[i].length)) {
            diag_error(at, "the kernel \"%s\" %s; expected a plain arm64 Image; %s", name, others[i].what, others[i].todo);
            return;
        }
    diag_error(at, "the kernel \"%s\" is no arm64 Image: \"ARM\\x64\" does not stand at byte 56; expected the boot protocol's header; use arch/arm64/boot/Image of the kernel's build",
               name);
}

/* Decide where the kernel goes; false after a complaint. */
static bool read_kernel(struct system *s, struct vm *vm)
{
    const struct node *n = vm->cell->node;
    struct pos at = node_at(n, "kernel");
    struct text file = read_file(s, n, "kernel", "an arm64 Image");
    const char *name = file.at ? file_name(n, "kernel") : NULL;
    struct image_header h;

    if (!file.at)
        return false;
    if (file.length >= sizeof h)
        memcpy(&h, file.at, sizeof h);
    if (file.length < sizeof h || h.magic != IMAGE_MAGIC) {
        complain_no_image(at, name, &file);
        return false;
    }
    if (h.flags & IMAGE_FLAG_BIG_ENDIAN) {
        diag_error(at, "the kernel \"%s\" is big-endian; expected a little-endian one; build it without CONFIG_CPU_BIG_ENDIAN", name);
        return false;
    }
    if (IMAGE_FLAG_PAGES(h.flags) == 2)
        diag_warning(at, "the kernel \"%s\" uses pages of 16 KiB, which many processors do not have; expected 4 or 64 KiB; make sure that the board has them",
                     name);
    uint64_t offset = h.image_size ? h.text_offset : IMAGE_OFFSET_OLD;

    if (offset % MV_PAGE_SIZE || offset >= UINT64_C(1) << 32 || h.image_size >= UINT64_C(1) << 39) {
        diag_error(at, "the kernel \"%s\" has text_offset 0x%llx and image_size 0x%llx in its header; expected a multiple of 0x1000 and a size that memory can have; build it again",
                   name, (unsigned long long)offset, (unsigned long long)h.image_size);
        return false;
    }
    vm->kernel = (struct guest_load){
        add_blob(s, name, file.at, file.length), MV_GUEST_RAM + offset, h.image_size > file.length ? h.image_size : file.length,
    };
    vm->entry = vm->kernel.address;
    return true;
}

/* ---- the rest, and the places ------------------------------------------------------------ */

static uint64_t pages(uint64_t bytes)
{
    return mv_align_up(bytes, MV_PAGE_SIZE);
}

/* What the machine needs at least, for the complaints. */
static unsigned long long least_memory(const struct vm *vm, uint64_t kernel_end)
{
    return mv_align_up(kernel_end - MV_GUEST_RAM + pages(vm->initrd.size) + pages(vm->tree.size), MV_BLOCK_SIZE);
}

/*
 * The kernel lies at the start of memory, where the protocol wants it; the
 * initrd at the end and the device tree below, out of the way of what a kernel
 * uses before it reads them.
 */
static void place_rest(struct vm *vm, bool has_initrd)
{
    const struct node *n = vm->cell->node;
    uint64_t end = MV_GUEST_RAM + vm->memory, kernel_end = pages(vm->kernel.address + vm->kernel.size);

    if (kernel_end > end || pages(vm->tree.size) > end - kernel_end)
        diag_error(node_at(n, "kernel"), "the kernel \"%s\" and its device tree need 0x%llx bytes of memory, and the machine has 0x%llx; expected them to fit; set memory = <0x%llx> or more",
                   vm->kernel.blob->name, (unsigned long long)(kernel_end - MV_GUEST_RAM + pages(vm->tree.size)),
                   (unsigned long long)vm->memory, least_memory(vm, kernel_end));
    else if (has_initrd && pages(vm->initrd.size) > end - kernel_end - pages(vm->tree.size))
        diag_error(node_at(n, "initrd"), "the initrd \"%s\" of 0x%llx bytes does not fit behind the kernel, which takes 0x%llx of the machine's 0x%llx; expected room for it; set memory = <0x%llx> or more",
                   vm->initrd.blob->name, (unsigned long long)vm->initrd.size, (unsigned long long)(kernel_end - MV_GUEST_RAM),
                   (unsigned long long)vm->memory, least_memory(vm, kernel_end));
}

void guest_read(struct system *s, struct vm *vm)
{
    const struct node *n = vm->cell->node;
    uint64_t end = MV_GUEST_RAM + vm->memory;
    bool good = read_kernel(s, vm);
    struct text initrd = read_file(s, n, "initrd", "an initial RAM disk");
    struct text given = read_file(s, n, "device-tree", "a flat device tree");

    if (initrd.at && initrd.length == 0) {
        diag_error(node_at(n, "initrd"), "the initrd \"%s\" is empty; expected an initial RAM disk; make it again or remove \"initrd\"",
                   file_name(n, "initrd"));
        initrd.at = NULL;
    }
    if (initrd.at) {
        /* A RAM disk beyond all memory is complained about below. */
        uint64_t size = pages(initrd.length);

        vm->initrd = (struct guest_load){
            add_blob(s, file_name(n, "initrd"), initrd.at, initrd.length),
            size < vm->memory ? end - size : MV_GUEST_RAM, initrd.length,
        };
        end = vm->initrd.address;
    }
    if (node_prop(n, "device-tree") && !given.at)
        return;
    struct text tree = guest_tree(s, vm, given.at, given.length);

    if (!tree.at)
        return;
    vm->tree = (struct guest_load){
        add_blob(s, mem_printf("device tree of %s", vm->cell->name), tree.at, tree.length),
        pages(tree.length) < end - MV_GUEST_RAM ? end - pages(tree.length) : MV_GUEST_RAM, tree.length,
    };
    if (good)
        place_rest(vm, initrd.at != NULL);
}
