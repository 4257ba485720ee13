/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kit: what the tool needs of the rest of the project. Found through
 * MULLION_HOME, else beside the executable:
 *     include/mv/         the contract's headers
 *     lib/                libmv.a, cell.ld, include/libmv/
 *     boards/NAME/        board.dts and mullion.elf, the kernel for it
 *     cells/NAME/         sources of library cells
 */
#pragma once

/* Path below the kit's root. */
char *kit_path(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Names of the boards, sorted, NULL-terminated. */
const char *const *kit_boards(void);
const char *const *kit_cells(void);
