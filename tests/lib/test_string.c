/* SPDX-License-Identifier: BSD-2-Clause */
/* The library's memory and string functions, under names of their own,
 * against those of the PC. */
#include <stdlib.h>
#include <string.h>

#include "test.h"

void *ours_memcpy(void *to, const void *from, size_t size);
void *ours_memmove(void *to, const void *from, size_t size);
void *ours_memset(void *to, int value, size_t size);
int ours_memcmp(const void *a, const void *b, size_t size);
void *ours_memchr(const void *in, int value, size_t size);
size_t ours_strlen(const char *s);
size_t ours_strnlen(const char *s, size_t size);
int ours_strcmp(const char *a, const char *b);
int ours_strncmp(const char *a, const char *b, size_t size);
char *ours_strchr(const char *s, int c);
char *ours_strrchr(const char *s, int c);
char *ours_strstr(const char *s, const char *find);
size_t mv_copy_string(char *to, const char *from, size_t size);

#define AREA 200

void memory_functions_match_libc(void)
{
    uint64_t seed = 77;
    unsigned char *ours = malloc(AREA), *theirs = malloc(AREA), from[AREA];

    for (int i = 0; i < AREA; i++)
        ours[i] = theirs[i] = from[i] = (unsigned char)test_random(&seed);
    for (int i = 0; i < 20000; i++) {
        size_t a = test_random(&seed) % AREA, b = test_random(&seed) % AREA;
        size_t n = test_random(&seed) % (AREA - (a > b ? a : b) + 1);

        switch (test_random(&seed) % 3) {
        case 0:
            CHECK(ours_memcpy(ours + a, from + b, n) == ours + a);
            memcpy(theirs + a, from + b, n);
            break;
        case 1:
            CHECK(ours_memmove(ours + a, ours + b, n) == ours + a);
            memmove(theirs + a, theirs + b, n);
            break;
        default:
            CHECK(ours_memset(ours + a, (int)b, n) == ours + a);
            memset(theirs + a, (int)b, n);
            break;
        }
        CHECK(memcmp(ours, theirs, AREA) == 0);
        CHECK((ours_memcmp(from + a, theirs + b, n) > 0) == (memcmp(from + a, theirs + b, n) > 0));
        CHECK(ours_memchr(ours + a, (int)b, n) == memchr(ours + a, (int)b, n));
    }
    free(ours);
    free(theirs);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

void string_functions_match_libc(void)
{
    static const char *const text[] = { "", "a", "ab", "abc", "abd", "b", "\xff", "aab", "aaab",
                                        "needle in a haystack with a needle", "needle", "y" };
    char to[4];

    for (size_t i = 0; i < 12; i++) {
        CHECK(ours_strlen(text[i]) == strlen(text[i]));
        CHECK(ours_strnlen(text[i], 2) == strnlen(text[i], 2));
        for (const char *c = "abney\xff"; ; c++) {
            CHECK(ours_strchr(text[i], *c) == strchr(text[i], *c));
            CHECK(ours_strrchr(text[i], *c) == strrchr(text[i], *c));
            if (*c == '\0')
                break;
        }
        for (size_t j = 0; j < 12; j++) {
            CHECK(ours_strcmp(text[i], text[j]) == sign(strcmp(text[i], text[j])));
            CHECK(ours_strncmp(text[i], text[j], 2) == sign(strncmp(text[i], text[j], 2)));
            CHECK(ours_strstr(text[i], text[j]) == strstr(text[i], text[j]));
        }
    }
    CHECK(mv_copy_string(to, "abc", sizeof(to)) == 3 && strcmp(to, "abc") == 0);
    CHECK(mv_copy_string(to, "abcdef", sizeof(to)) == 6 && strcmp(to, "abc") == 0);
    CHECK(mv_copy_string(to, "x", 0) == 1 && strcmp(to, "abc") == 0);
}
