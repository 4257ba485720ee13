/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>

#include <libmv/string.h>

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++)
        if (*s == '\0')
            return NULL;
    return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;

    do
        if (*s == (char)c)
            found = s;
    while (*s++ != '\0');
    return (char *)(uintptr_t)found;
}

char *strstr(const char *s, const char *find)
{
    size_t length = strlen(find);

    for (; ; s++) {
        if (strncmp(s, find, length) == 0)
            return (char *)(uintptr_t)s;
        if (*s == '\0')
            return NULL;
    }
}
