/* SPDX-License-Identifier: BSD-2-Clause */
/* Text and bytes that grow. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char  *at;          /* always NUL-terminated when not NULL */
    size_t length, room;
};

/* Room for that many bytes in all, for large ones whose size is known. */
void text_reserve(struct text *t, size_t length);
void text_add(struct text *t, const void *bytes, size_t length);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The name in capitals, every other character an underscore: for macros. */
char *text_macro(const char *name);
char *text_join_path(const char *dir, const char *name);
/* Directory part of a path, "." when it has none. */
char *text_dirname(const char *path);
/* The whole file, or NULL with errno set. */
char *text_read_file(const char *path, size_t *length);
bool text_file_exists(const char *path);
/* "1234567" as "1,234,567". */
char *text_thousands(uint64_t number);
