/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text to and from the cell's console channel (mv_cell.console). A cell
 * without one prints into nothing.
 *
 * Formats: %d %i %u %x %X %o %c %s %p %%, sizes hh h l ll z t j, flags '-', '0' and
 * '+', width and precision as numbers or '*'. No floating point.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Text is collected by lines, one line per vCPU. When the console is full,
 * printing waits for it at most MV_PRINT_WAIT_NS, and drops what does not fit
 * then; until there is space again, it does not wait any more. Calls and other
 * vIRQs that arrive meanwhile are not lost.
 */
#define MV_PRINT_WAIT_NS UINT64_C(100000000)

void mv_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void mv_vprint(const char *format, va_list list);
void mv_print_bytes(const char *bytes, size_t size);

/* Send a line that has no end yet. Reading does this by itself. */
void mv_print_flush(void);

/* Bytes dropped since the start. */
uint64_t mv_print_dropped(void);

/*
 * Read what was typed. mv_get_char waits; mv_get_char_try returns -1 when
 * there is nothing. mv_read_line waits for a whole line, echoes it, knows
 * backspace, and stores it without its end; it returns its length. All three
 * belong to the vCPU that takes the console's line.
 */
int mv_get_char(void);
int mv_get_char_try(void);
size_t mv_read_line(char *line, size_t size);

/* The line editor behind mv_read_line, for event loops: give it each
 * character; true when `line` is complete (and the editor starts anew). */
struct mv_line_editor {
    char  *line;
    size_t size;
    size_t length;
    int    last;
};
int mv_line_editor_put(struct mv_line_editor *e, int c);

/* Format into memory, always ended by NUL; returns the length it would have. */
size_t mv_format(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t mv_vformat(char *out, size_t size, const char *format, va_list list);

/* Format piece by piece into a function. */
void mv_format_to(void (*put)(void *context, const char *bytes, size_t size), void *context,
                  const char *format, va_list list);

/* Unsigned number at the start of text, decimal or 0x...; *end, if end is not
 * NULL, is what follows it. No digit: 0 and *end == text. */
uint64_t mv_parse_number(const char *text, const char **end);

#ifdef __cplusplus
}
#endif
