/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What diskcheck, netcheck and portcheck have in common: time, words of the form
 * name=value, a pattern that a seed and a place make, and latencies.
 */
#pragma once

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- time ------------------------------------------------------------------- */

static inline int64_t now_ns(void)
{
    struct timespec t = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static inline double seconds_of(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* Of `bytes` in `ns`, in millions each second. */
static inline double rate_of(uint64_t bytes, int64_t ns)
{
    return ns > 0 ? (double)bytes * 1000.0 / (double)ns : 0;
}

static inline void sleep_until(int64_t ns)
{
    struct timespec t = { ns / NS_PER_S, ns % NS_PER_S };

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* ---- the end ---------------------------------------------------------------- */

/* The program's one result line: "PROGRAM: WHAT ok DETAIL" or "... FAIL DETAIL". */
__attribute__((noreturn, format(printf, 4, 5)))
static inline void finish(const char *program, const char *what, bool ok, const char *format, ...)
{
    va_list args;

    printf("%s: %s %s ", program, what, ok ? "ok" : "FAIL");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    _Exit(ok ? 0 : 1);
}

/* ---- words ------------------------------------------------------------------- */

/* The value of the word NAME=VALUE, "" of the word NAME, NULL without either. */
static inline const char *word_of(char **words, const char *name)
{
    size_t length = strlen(name);

    for (; *words != NULL; words++) {
        if (strncmp(*words, name, length) != 0)
            continue;
        if ((*words)[length] == '=')
            return *words + length + 1;
        if ((*words)[length] == '\0')
            return "";
    }
    return NULL;
}

/* A number with k, m or g (1024 and so on) behind it, or `otherwise`. */
static inline uint64_t number_of(char **words, const char *name, uint64_t otherwise)
{
    const char *text = word_of(words, name), *units = "kmg", *unit;
    char *end;

    if (text == NULL)
        return otherwise;
    uint64_t value = strtoull(text, &end, 0);
    if (end != text && *end != '\0' && (unit = strchr(units, *end | 0x20)) != NULL) {
        value <<= 10 * (unit - units + 1);
        end++;
    }
    if (end == text || *end != '\0') {
        fprintf(stderr, "%s=%s is no number\n", name, text);
        exit(2);
    }
    return value;
}

static inline int64_t seconds_word(char **words, const char *name, double otherwise)
{
    const char *text = word_of(words, name);
    char *end = NULL;
    double value = text != NULL ? strtod(text, &end) : otherwise;

    if (text != NULL && (end == text || *end != '\0' || !(value >= 0) || value > 1e6)) {
        fprintf(stderr, "%s=%s is no number of seconds\n", name, text);
        exit(2);
    }
    return (int64_t)(value * (double)NS_PER_S);
}

/* Every word must begin with one of `known`; ends the program otherwise. */
static inline void check_words(char **words, const char *const *known, size_t count)
{
    for (; *words != NULL; words++) {
        size_t length = strcspn(*words, "="), i = 0;
        while (i < count && (strlen(known[i]) != length || strncmp(*words, known[i], length) != 0))
            i++;
        if (i == count) {
            fprintf(stderr, "%s is no word that is known; --help says which are\n", *words);
            exit(2);
        }
    }
}

/* ---- patterns ---------------------------------------------------------------- */

/* Any change of a bit of the place or the seed changes about half of the result. */
static inline uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint64_t next_random(uint64_t *state)
{
    return mix((*state)++);
}

/*
 * A stream of bytes that a seed makes: PATTERN_BYTES of them, again and again. The
 * length is prime, so that data that is at the wrong place, in steps of any buffer
 * size, differs.
 */
#define PATTERN_BYTES 65521u
#define PATTERN_MOST  65536u       /* that can be had at once, from any offset */

struct pattern {
    uint8_t bytes[PATTERN_BYTES + PATTERN_MOST];
};

static inline void pattern_make(struct pattern *p, uint64_t seed)
{
    for (size_t i = 0; i < PATTERN_BYTES; i += 8) {
        uint64_t word = mix(seed * UINT64_C(0x100000001) + i / 8);
        for (size_t b = 0; b < 8 && i + b < PATTERN_BYTES; b++)
            p->bytes[i + b] = (uint8_t)(word >> 8 * b);
    }
    for (size_t i = 0; i < PATTERN_MOST; i++)
        p->bytes[PATTERN_BYTES + i] = p->bytes[i % PATTERN_BYTES];
}

static inline const uint8_t *pattern_at(const struct pattern *p, uint64_t offset)
{
    return p->bytes + offset % PATTERN_BYTES;
}

/* ---- latencies ---------------------------------------------------------------- */

#define LATENCIES 100000u

struct latencies {
    uint32_t count;                /* noted; those after the first LATENCIES only for `most` */
    int64_t  most;
    uint32_t us10[LATENCIES];      /* in tenths of a microsecond */
};

static inline void latency_note(struct latencies *l, int64_t ns)
{
    if (ns > l->most)
        l->most = ns;
    if (l->count < LATENCIES)
        l->us10[l->count++] = (uint32_t)(ns / 100);
}

static inline int latency_compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Sorts: no more may be noted. */
static inline double latency_us(struct latencies *l, unsigned percent)
{
    if (l->count == 0)
        return 0;
    qsort(l->us10, l->count, sizeof(l->us10[0]), latency_compare);
    return l->us10[(uint64_t)(l->count - 1) * percent / 100] / 10.0;
}
