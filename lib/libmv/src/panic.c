/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/print.h>
#include <libmv/start.h>

void mv_panic(const char *format, ...)
{
    va_list list;

    mv_print("panic: ");
    va_start(list, format);
    mv_vprint(format, list);
    va_end(list);
    mv_print("\n");
    mv_exit();
}

void mv_assert_failed(const char *expression, const char *file, unsigned line)
{
    mv_panic("%s:%u: not true: %s", file, line, expression);
}
