/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mem.h"

void text_reserve(struct text *t, size_t length)
{
    if (length + 1 <= t->room)
        return;
    char *larger = mem_alloc(length + 1);

    if (t->length)
        memcpy(larger, t->at, t->length);
    t->at = larger;
    t->room = length + 1;
}

void text_add(struct text *t, const void *bytes, size_t length)
{
    if (t->length + length + 1 > t->room)
        text_reserve(t, (t->length + length + 1) * 2);
    if (length)
        memcpy(t->at + t->length, bytes, length);
    t->length += length;
    t->at[t->length] = '\0';
}

void text_printf(struct text *t, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    char *s = mem_vprintf(format, ap);
    va_end(ap);
    text_add(t, s, strlen(s));
}

char *text_macro(const char *name)
{
    char *to = mem_copy_string(name, strlen(name));

    for (char *c = to; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return to;
}

char *text_join_path(const char *dir, const char *name)
{
    if (name[0] == '/' || !strcmp(dir, "."))
        return mem_copy_string(name, strlen(name));
    return mem_printf("%s/%s", dir, name);
}

char *text_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return mem_copy_string(".", 1);
    if (slash == path)
        return mem_copy_string("/", 1);
    return mem_copy_string(path, (size_t)(slash - path));
}

char *text_read_file(const char *path, size_t *length)
{
    struct text t = { 0 };
    char part[16384];
    size_t n;
    struct stat st;
    FILE *f = fopen(path, "rb");

    if (!f)
        return NULL;
    text_reserve(&t, fstat(fileno(f), &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        text_add(&t, part, n);
    int failed = ferror(f);

    fclose(f);
    if (failed) {
        errno = EIO;
        return NULL;
    }
    *length = t.length;
    return t.at;
}

bool text_file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

char *text_thousands(uint64_t number)
{
    char digits[32], out[48];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number), o = 0;

    for (size_t i = 0; i < n; i++) {
        out[o++] = digits[i];
        if ((n - i) % 3 == 1 && i + 1 < n)
            out[o++] = ',';
    }
    return mem_copy_string(out, o);
}
