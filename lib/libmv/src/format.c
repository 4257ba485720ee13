/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatted text, without floating point. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmv/print.h>
#include <libmv/string.h>

struct output {
    void (*put)(void *context, const char *bytes, size_t size);
    void *context;
};

/* One conversion, as its '%...' says. */
struct spec {
    bool   left, zero, plus, upper;
    bool   has_precision;
    size_t width, precision;
    int    size;               /* -2 hh, -1 h, 0 int, 1 l and longer */
};

static void put_fill(const struct output *o, char c, size_t count)
{
    for (; count > 0; count--)
        o->put(o->context, &c, 1);
}

/* `sign` and `digits`, filled to the width. */
static void put_field(const struct output *o, const struct spec *s, const char *sign,
                      const char *digits, size_t length)
{
    size_t used = strlen(sign) + length;
    size_t fill = s->width > used ? s->width - used : 0;

    if (!s->left && !s->zero)
        put_fill(o, ' ', fill);
    o->put(o->context, sign, strlen(sign));
    if (!s->left && s->zero)
        put_fill(o, '0', fill);
    o->put(o->context, digits, length);
    if (s->left)
        put_fill(o, ' ', fill);
}

static void put_number(const struct output *o, struct spec *s, uint64_t value, unsigned base,
                       const char *sign)
{
    const char *alphabet = s->upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[72];
    size_t at = sizeof(text);

    do {
        text[--at] = alphabet[value % base];
        value /= base;
    } while (value != 0);
    if (s->has_precision) {
        s->zero = false;
        while (sizeof(text) - at < s->precision && at > 0)
            text[--at] = '0';
    }
    put_field(o, s, sign, text + at, sizeof(text) - at);
}

static uint64_t take_unsigned(const struct spec *s, va_list *list)
{
    uint64_t v = s->size > 0 ? va_arg(*list, unsigned long) : va_arg(*list, unsigned);

    return s->size == -1 ? (uint16_t)v : s->size == -2 ? (uint8_t)v : v;
}

static int64_t take_signed(const struct spec *s, va_list *list)
{
    int64_t v = s->size > 0 ? va_arg(*list, long) : va_arg(*list, int);

    return s->size == -1 ? (int16_t)v : s->size == -2 ? (int8_t)v : v;
}

static size_t parse_count(const char **format, va_list *list, bool *negative)
{
    size_t n = 0;

    *negative = false;
    if (**format == '*') {
        int given = va_arg(*list, int);

        (*format)++;
        *negative = given < 0;
        return given < 0 ? (size_t)-(int64_t)given : (size_t)given;
    }
    for (; **format >= '0' && **format <= '9'; (*format)++)
        n = n * 10 + (size_t)(**format - '0');
    return n;
}

static void parse_spec(struct spec *s, const char **format, va_list *list)
{
    const char *f = *format;
    bool negative;

    *s = (struct spec){ 0 };
    for (;; f++) {
        if (*f == '-')
            s->left = true;
        else if (*f == '0')
            s->zero = true;
        else if (*f == '+')
            s->plus = true;
        else
            break;
    }
    s->width = parse_count(&f, list, &negative);
    s->left = s->left || negative;
    if (*f == '.') {
        f++;
        s->precision = parse_count(&f, list, &negative);
        s->has_precision = !negative;
    }
    for (;; f++) {
        if (*f == 'l' || *f == 'z' || *f == 't' || *f == 'j')
            s->size = 1;
        else if (*f == 'h')
            s->size--;
        else
            break;
    }
    *format = f;
}

static void put_string(const struct output *o, struct spec *s, const char *text)
{
    if (text == NULL)
        text = "(null)";
    s->zero = false;
    put_field(o, s, "", text, s->has_precision ? strnlen(text, s->precision) : strlen(text));
}

static void put_signed(const struct output *o, struct spec *s, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    put_number(o, s, magnitude, 10, value < 0 ? "-" : s->plus ? "+" : "");
}

/* False if there is no such conversion. */
static bool put_conversion(const struct output *o, struct spec *s, char kind, va_list *list)
{
    char c;

    switch (kind) {
    case 'd':
    case 'i':
        put_signed(o, s, take_signed(s, list));
        return true;
    case 'u':
        put_number(o, s, take_unsigned(s, list), 10, "");
        return true;
    case 'o':
        put_number(o, s, take_unsigned(s, list), 8, "");
        return true;
    case 'X':
        s->upper = true;
        /* fall through */
    case 'x':
        put_number(o, s, take_unsigned(s, list), 16, "");
        return true;
    case 'p':
        put_number(o, s, (uint64_t)(uintptr_t)va_arg(*list, void *), 16, "0x");
        return true;
    case 's':
        put_string(o, s, va_arg(*list, const char *));
        return true;
    case 'c':
        c = (char)va_arg(*list, int);
        s->zero = false;
        put_field(o, s, "", &c, 1);
        return true;
    case '%':
        put_fill(o, '%', 1);
        return true;
    default:
        return false;
    }
}

void mv_format_to(void (*put)(void *context, const char *bytes, size_t size), void *context,
                  const char *format, va_list list)
{
    struct output o = { put, context };
    va_list args;

    va_copy(args, list);
    while (*format != '\0') {
        const char *begin = format;
        struct spec s;

        while (*format != '\0' && *format != '%')
            format++;
        if (format != begin)
            put(context, begin, (size_t)(format - begin));
        if (*format == '\0')
            break;
        begin = format++;
        parse_spec(&s, &format, &args);
        if (*format != '\0' && put_conversion(&o, &s, *format, &args))
            format++;
        else
            put(context, begin, (size_t)(format - begin));
    }
    va_end(args);
}

struct memory {
    char  *out;
    size_t size, length;
};

static void put_memory(void *context, const char *bytes, size_t size)
{
    struct memory *m = (struct memory *)context;

    for (size_t i = 0; i < size; i++, m->length++)
        if (m->length + 1 < m->size)
            m->out[m->length] = bytes[i];
}

size_t mv_vformat(char *out, size_t size, const char *format, va_list list)
{
    struct memory m = { out, size, 0 };

    mv_format_to(put_memory, &m, format, list);
    if (size > 0)
        out[m.length < size ? m.length : size - 1] = '\0';
    return m.length;
}

size_t mv_format(char *out, size_t size, const char *format, ...)
{
    va_list list;
    size_t length;

    va_start(list, format);
    length = mv_vformat(out, size, format, list);
    va_end(list);
    return length;
}
