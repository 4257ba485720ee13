/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/string.h>

size_t mv_copy_string(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);

    if (size > 0) {
        size_t part = length < size ? length : size - 1;

        memcpy(to, from, part);
        to[part] = '\0';
    }
    return length;
}
