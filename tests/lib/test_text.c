/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatting, numbers, names and the line editor. */
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include <libmv/device.h>
#include <libmv/print.h>

#include "test.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

/* ---- what the library needs of a cell ------------------------------------ */

static char echoed[256];
static size_t echoed_length;

/* Here the editor's echo ends. */
void mv_print(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    echoed_length += mv_vformat(echoed + echoed_length, sizeof(echoed) - echoed_length, format,
                                list);
    va_end(list);
}

/* ---- formatting ------------------------------------------------------------- */

static void same(const char *format, uint64_t value)
{
    char ours[256], theirs[256];
    size_t n = mv_format(ours, sizeof(ours), format, value);
    int m = snprintf(theirs, sizeof(theirs), format, value);

    if ((int)n != m || strcmp(ours, theirs) != 0)
        printf("format \"%s\": \"%s\", not \"%s\"\n", format, ours, theirs);
    CHECK((int)n == m && strcmp(ours, theirs) == 0);
}

void format_matches_libc(void)
{
    static const char *const flags[] = { "", "-", "0", "+", "-+", "0+" };
    static const char *const widths[] = { "", "1", "8", "30", ".0", ".5", "12.7", ".30" };
    static const char *const kinds[] = { "d", "i", "u", "x", "X", "o", "hd", "hhd", "hu", "hhx",
                                         "ld", "lu", "lx", "lld", "llu", "zu", "jd" };
    static const uint64_t values[] = { 0, 1, 9, 10, 255, 65535, INT32_MAX, UINT32_MAX,
                                       INT64_MAX, UINT64_MAX, (uint64_t)INT64_MIN,
                                       (uint64_t)-42 };
    char format[32];

    for (size_t f = 0; f < 6; f++)
        for (size_t w = 0; w < 8; w++)
            for (size_t k = 0; k < 17; k++)
                for (size_t v = 0; v < 12; v++) {
                    /* C prints nothing for zero with precision zero; we print
                     * the zero. */
                    if (strcmp(widths[w], ".0") == 0 && (uint8_t)values[v] == 0)
                        continue;
                    snprintf(format, sizeof(format), "<%%%s%s%s>", flags[f], widths[w], kinds[k]);
                    same(format, values[v]);
                }
}

static void is(const char *want, const char *format, ...)
{
    char text[128];
    va_list list;

    va_start(list, format);
    CHECK(mv_vformat(text, sizeof(text), format, list) == strlen(want));
    va_end(list);
    if (strcmp(text, want) != 0)
        printf("\"%s\", not \"%s\"\n", text, want);
    CHECK(strcmp(text, want) == 0);
}

void format_odd_ones(void)
{
    is("100%", "100%%");
    is("a b", "%c %c", 'a', 'b');
    is("  text|text  |te", "%6s|%-6s|%.2s", "text", "text", "text");
    is("(null)", "%s", (char *)NULL);
    is("0x1000", "%p", (void *)0x1000);
    is("   7|7   |0007", "%*d|%*d|%0*d", 4, 7, -4, 7, 4, 7);
    is("ab", "%.*s", 2, "abc");
    is("%q 1", "%q 1");
    is("end%", "end%");
    is("%5", "%5");
}

void format_truncates(void)
{
    char text[5] = "zzzz";

    CHECK(mv_format(text, sizeof(text), "%s", "abcdefgh") == 8 && strcmp(text, "abcd") == 0);
    CHECK(mv_format(text, 1, "%d", 12) == 2 && text[0] == '\0');
    text[0] = 'q';
    CHECK(mv_format(text, 0, "%d", 12) == 2 && text[0] == 'q');
}

void numbers_parse(void)
{
    const char *end;

    CHECK(mv_parse_number("0", &end) == 0 && *end == '\0');
    CHECK(mv_parse_number("123abc", &end) == 123 && strcmp(end, "abc") == 0);
    CHECK(mv_parse_number("0x1fG", &end) == 0x1f && strcmp(end, "G") == 0);
    CHECK(mv_parse_number("0X1F", NULL) == 0x1f);
    CHECK(mv_parse_number("0xg", &end) == 0 && strcmp(end, "xg") == 0);
    CHECK(mv_parse_number("", &end) == 0 && *end == '\0');
    CHECK(mv_parse_number("18446744073709551615", NULL) == UINT64_MAX);
}

void device_names_match_whole_words(void)
{
    struct mv_device_config d = { .compatible = "arm,pl011 arm,primecell" };

    CHECK(mv_device_is(&d, "arm,pl011"));
    CHECK(mv_device_is(&d, "arm,primecell"));
    CHECK(!mv_device_is(&d, "arm,pl01"));
    CHECK(!mv_device_is(&d, "primecell"));
    CHECK(!mv_device_is(&d, "arm,pl011 "));
    d.compatible = NULL;
    CHECK(!mv_device_is(&d, "arm,pl011"));
}

/* ---- the line editor ----------------------------------------------------------- */

static int type(struct mv_line_editor *e, const char *keys)
{
    int complete = 0;

    echoed_length = 0;
    echoed[0] = '\0';
    for (; *keys != '\0'; keys++)
        complete += mv_line_editor_put(e, (unsigned char)*keys);
    return complete;
}

void editor_edits(void)
{
    char line[8];
    struct mv_line_editor e = { line, sizeof(line), 0, 0 };

    CHECK(type(&e, "abc\r") == 1 && strcmp(line, "abc") == 0);
    CHECK(strcmp(echoed, "abc\n") == 0);
    CHECK(type(&e, "\n") == 0);                    /* of the same CR LF */
    CHECK(type(&e, "\n") == 1 && line[0] == '\0');
    CHECK(type(&e, "\b\bab\bc\x7f\x7f" "d\r") == 1 && strcmp(line, "d") == 0);
    CHECK(strcmp(echoed, "ab\b \bc\b \b\b \bd\n") == 0);
    CHECK(type(&e, "0123456789\r") == 1 && strcmp(line, "0123456") == 0);
    CHECK(type(&e, "\x1b[A\tx\r") == 1 && strcmp(line, "[Ax") == 0);
}
