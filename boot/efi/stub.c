/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.img as a UEFI application: checks that the system can run here, ends
 * the firmware's boot services, and brings the kernel to the place it is linked
 * for. Runs where the firmware has put it; no relocations, no writable data.
 */
#include <stdbool.h>
#include <stddef.h>

#include <mv/efistart.h>

#include "uefi.h"

/* Hidden, so that they are found relative to the code and not through a table. */
#pragma GCC visibility push(hidden)
/* start.S */
extern const struct mv_efi_start efi_start;
extern const uint32_t mover_start[], mover_end[];
extern const char stub_end[];           /* stub.ld: here the kernel begins */
_Noreturn void leave(uint64_t to, const void *from, uint64_t length, uint64_t end, const void *tree, uint64_t mover);
#pragma GCC visibility pop

/* The firmware's memory map, in a buffer that grows only before the exit. */
struct memory_map {
    char    *at;
    uint64_t capacity, size, key, descriptor_size;
};
/* Allocating adds descriptors, and so may an event at the exit. */
#define SPARE_DESCRIPTORS 16

efi_status_t efi_main(efi_handle_t image, struct efi_system_table *st);

/* ---- messages --------------------------------------------------------------------- */

static void say(struct efi_system_table *st, const uint16_t *text)
{
    st->console_out->output_string(st->console_out, text);
}

static void say_hex(struct efi_system_table *st, uint64_t n)
{
    uint16_t text[2 + 16 + 1];
    uint16_t *p = &text[18];

    *p = 0;
    do {
        *--p = (uint16_t)(n % 16 < 10 ? '0' + n % 16 : 'a' + n % 16 - 10);
        n /= 16;
    } while (n != 0);
    *--p = 'x';
    *--p = '0';
    say(st, p);
}

static efi_status_t fail(struct efi_system_table *st, const uint16_t *why, efi_status_t status)
{
    say(st, u"mullion: ");
    say(st, why);
    say(st, u"\r\n");
    return status;
}

/* ---- memory ------------------------------------------------------------------------ */

static const struct efi_memory_descriptor *map_descriptor(const struct memory_map *m, uint64_t i)
{
    return (const void *)(m->at + i * m->descriptor_size);
}

static uint64_t map_count(const struct memory_map *m)
{
    return m->size / m->descriptor_size;
}

static uint64_t descriptor_end(const struct efi_memory_descriptor *d)
{
    return d->physical_start + d->page_count * EFI_PAGE_SIZE;
}

static efi_status_t map_read(struct efi_boot_services *boot, struct memory_map *m)
{
    uint32_t version;

    m->size = m->capacity;
    return boot->get_memory_map(&m->size, m->at, &m->key, &m->descriptor_size, &version);
}

static efi_status_t map_make(struct efi_boot_services *boot, struct memory_map *m)
{
    void *at;
    efi_status_t status = map_read(boot, m);

    if (status != EFI_BUFFER_TOO_SMALL)
        return EFI_LOAD_ERROR;
    m->capacity = m->size + SPARE_DESCRIPTORS * m->descriptor_size;
    status = boot->allocate_pool(EFI_LOADER_DATA, m->capacity, &at);
    if (status != EFI_SUCCESS)
        return status;
    m->at = at;
    return map_read(boot, m);
}

/* Is it ours once boot services have ended? What a loader holds is: it is us, or
 * what has started us. */
static bool is_free_after_exit(const struct efi_memory_descriptor *d)
{
    return d->type == EFI_CONVENTIONAL_MEMORY || d->type == EFI_BOOT_SERVICES_CODE || d->type == EFI_BOOT_SERVICES_DATA
           || d->type == EFI_LOADER_CODE || d->type == EFI_LOADER_DATA;
}

/* The first address from `at` that will not be ours, at most `end`. Descriptors
 * come in no promised order. */
static uint64_t map_free_until(const struct memory_map *m, uint64_t at, uint64_t end)
{
    uint64_t i = 0;

    while (i < map_count(m) && at < end) {
        const struct efi_memory_descriptor *d = map_descriptor(m, i);

        i++;
        if (is_free_after_exit(d) && d->physical_start <= at && at < descriptor_end(d)) {
            at = descriptor_end(d);
            i = 0;
        }
    }
    return at < end ? at : end;
}

/* A page for the mover, outside [start, end): what it copies cannot hit it
 * there. 0: none. */
static uint64_t mover_page(struct efi_boot_services *boot, const struct memory_map *m, uint64_t start, uint64_t end)
{
    for (uint64_t i = 0; i < map_count(m); i++) {
        const struct efi_memory_descriptor *d = map_descriptor(m, i);
        uint64_t page = descriptor_end(d) - EFI_PAGE_SIZE;

        if (d->type != EFI_CONVENTIONAL_MEMORY || d->page_count == 0)
            continue;
        if (page >= start && page < end)
            page = d->physical_start;
        if (page == 0 || (page >= start && page < end))
            continue;
        if (boot->allocate_pages(EFI_ALLOCATE_ADDRESS, EFI_LOADER_CODE, 1, &page) == EFI_SUCCESS)
            return page;
    }
    return 0;
}

/* ---- the way out --------------------------------------------------------------------- */

/* The device tree, unless the system will lie over it. */
static const void *device_tree(const struct efi_system_table *st, uint64_t start, uint64_t end)
{
    for (uint64_t i = 0; i < st->table_count; i++) {
        const struct efi_configuration_table *t = &st->tables[i];

        if (t->guid[0] == EFI_DTB_GUID_LOW && t->guid[1] == EFI_DTB_GUID_HIGH)
            return (uintptr_t)t->table >= start && (uintptr_t)t->table < end ? NULL : t->table;
    }
    return NULL;
}

static unsigned current_el(void)
{
    uint64_t el;

    __asm__("mrs %0, currentel" : "=r"(el));
    return (unsigned)(el >> 2 & 3);
}

/* The map's key is stale when anything was allocated since, also by an event
 * that the first attempt has run: read again and try once more. */
static efi_status_t boot_services_exit(struct efi_boot_services *boot, efi_handle_t image, struct memory_map *m)
{
    efi_status_t status = EFI_INVALID_PARAMETER;

    for (int turn = 0; turn < 2 && status == EFI_INVALID_PARAMETER; turn++) {
        status = map_read(boot, m);
        if (status == EFI_SUCCESS && map_free_until(m, efi_start.base, efi_start.end) < efi_start.end)
            status = EFI_OUT_OF_RESOURCES;
        if (status == EFI_SUCCESS)
            status = boot->exit_boot_services(image, m->key);
    }
    return status;
}

efi_status_t efi_main(efi_handle_t image, struct efi_system_table *st)
{
    const uint64_t start = efi_start.base, end = efi_start.end;
    struct efi_boot_services *boot = st->boot;
    struct memory_map map = { 0 };
    const void *tree;
    uint64_t page, taken;
    efi_status_t status;

    if (current_el() != 2)
        return fail(st, u"the firmware does not run at EL2; enable virtualization", EFI_UNSUPPORTED);
    status = map_make(boot, &map);
    if (status != EFI_SUCCESS)
        return fail(st, u"the firmware gives no memory map", status);
    taken = map_free_until(&map, start, end);
    if (taken < end) {
        say(st, u"mullion: the system needs memory from ");
        say_hex(st, start);
        say(st, u" to ");
        say_hex(st, end);
        say(st, u"; not free at ");
        say_hex(st, taken);
        say(st, u"\r\n");
        status = EFI_OUT_OF_RESOURCES;
        goto out_pool;
    }
    page = mover_page(boot, &map, start, end);
    if (page == 0) {
        status = fail(st, u"no memory is left outside the system's", EFI_OUT_OF_RESOURCES);
        goto out_pool;
    }
    for (volatile uint32_t *to = (volatile uint32_t *)page, *first = to; &mover_start[to - first] < mover_end; to++)
        *to = mover_start[to - first];
    tree = device_tree(st, start, end);
    status = boot_services_exit(boot, image, &map);
    if (status == EFI_SUCCESS)
        leave(start, stub_end, efi_start.length, end, tree, page);

    /* A failed exit may have ended services already, but not those of memory. */
    boot->free_pages(page, 1);
out_pool:
    boot->free_pool(map.at);
    return status;
}
