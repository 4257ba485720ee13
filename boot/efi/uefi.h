/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What we use of UEFI (UEFI Specification 2.x: "EFI System Table", "Boot
 * Services"). Members that are never called have no type of their own.
 */
#pragma once

#include <stdint.h>

typedef uint64_t efi_status_t;
typedef void *efi_handle_t;

#define EFI_ERROR(n)            (UINT64_C(1) << 63 | (n))
#define EFI_SUCCESS             UINT64_C(0)
#define EFI_LOAD_ERROR          EFI_ERROR(1)
#define EFI_INVALID_PARAMETER   EFI_ERROR(2)
#define EFI_UNSUPPORTED         EFI_ERROR(3)
#define EFI_BUFFER_TOO_SMALL    EFI_ERROR(5)
#define EFI_OUT_OF_RESOURCES    EFI_ERROR(9)

#define EFI_PAGE_SIZE           UINT64_C(4096)

struct efi_table_header {
    uint64_t signature;
    uint32_t revision, header_size, crc32, reserved;
};

enum efi_memory_type {
    EFI_LOADER_CODE         = 1,
    EFI_LOADER_DATA         = 2,
    EFI_BOOT_SERVICES_CODE  = 3,
    EFI_BOOT_SERVICES_DATA  = 4,
    EFI_CONVENTIONAL_MEMORY = 7,
};

/* Firmware may use longer ones: go on by the size that it gives. */
struct efi_memory_descriptor {
    uint32_t type, padding;
    uint64_t physical_start, virtual_start, page_count, attribute;
};

enum efi_allocate_type { EFI_ALLOCATE_ADDRESS = 2 };

struct efi_boot_services {
    struct efi_table_header header;
    void *raise_tpl, *restore_tpl;
    efi_status_t (*allocate_pages)(enum efi_allocate_type how, enum efi_memory_type type, uint64_t page_count, uint64_t *at);
    efi_status_t (*free_pages)(uint64_t at, uint64_t page_count);
    efi_status_t (*get_memory_map)(uint64_t *size, void *map, uint64_t *key, uint64_t *descriptor_size, uint32_t *version);
    efi_status_t (*allocate_pool)(enum efi_memory_type type, uint64_t size, void **at);
    efi_status_t (*free_pool)(void *at);
    void *events[6];            /* CreateEvent to CheckEvent */
    void *protocols[9];         /* InstallProtocolInterface to InstallConfigurationTable */
    void *images[4];            /* LoadImage, StartImage, Exit, UnloadImage */
    efi_status_t (*exit_boot_services)(efi_handle_t image, uint64_t key);
};

struct efi_text_output {
    void *reset;
    efi_status_t (*output_string)(struct efi_text_output *self, const uint16_t *text);
};

struct efi_configuration_table {
    uint64_t guid[2];
    const void *table;
};
/* EFI_DTB_TABLE_GUID, b1b621d5-f19c-41a5-830b-d9152c69aae0, as two little-endian words. */
#define EFI_DTB_GUID_LOW    UINT64_C(0x41a5f19cb1b621d5)
#define EFI_DTB_GUID_HIGH   UINT64_C(0xe0aa692c15d90b83)

struct efi_system_table {
    struct efi_table_header header;
    const uint16_t *vendor;
    uint32_t revision, padding;
    efi_handle_t console_in_handle;
    void *console_in;
    efi_handle_t console_out_handle;
    struct efi_text_output *console_out;
    efi_handle_t error_handle;
    struct efi_text_output *error;
    void *runtime_services;
    struct efi_boot_services *boot;
    uint64_t table_count;
    const struct efi_configuration_table *tables;
};

_Static_assert(__builtin_offsetof(struct efi_boot_services, get_memory_map) == 56, "as the specification has it");
_Static_assert(__builtin_offsetof(struct efi_boot_services, exit_boot_services) == 232, "as the specification has it");
_Static_assert(__builtin_offsetof(struct efi_system_table, console_out) == 64, "as the specification has it");
_Static_assert(__builtin_offsetof(struct efi_system_table, boot) == 96, "as the specification has it");
