/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutate SEED < file: the file with a few random changes, the same for the
 * same seed. Lines are dropped, doubled and swapped, numbers changed, bytes
 * replaced, pieces cut out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* xorshift64*, enough to choose with. */
static size_t choose(size_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return below ? (size_t)(state * UINT64_C(2685821657736338717) >> 33) % below : 0;
}

enum { ROOM = 1 << 16 };
static char text[ROOM], copy[ROOM];
static size_t length;

static void replace(size_t at, size_t cut, const char *with, size_t n)
{
    if (length - cut + n >= ROOM)
        return;
    memcpy(copy, text, length);
    memcpy(text + at, with, n);
    memcpy(text + at + n, copy + at + cut, length - at - cut);
    length = length - cut + n;
}

/* Start of the line at a random place, and its length. */
static size_t line(size_t *n)
{
    size_t at = choose(length), end;

    while (at > 0 && text[at - 1] != '\n')
        at--;
    for (end = at; end < length && text[end] != '\n'; end++)
        ;
    *n = end < length ? end - at + 1 : end - at;
    return at;
}

static void change_number(void)
{
    static const char *const numbers[] = { "0", "1", "0xffffffff", "4096", "0x7fffffff", "0x1000 0x1000", "&server", "&shm", "255", "&uart0" };
    const char *with = numbers[choose(sizeof numbers / sizeof *numbers)];
    size_t start = choose(length);

    for (size_t i = 0; i < length; i++) {
        size_t at = (start + i) % length, end = at + 1;

        if (text[at] != '<')
            continue;
        while (end < length && text[end] != '>' && text[end] != '\n')
            end++;
        replace(at + 1, end - at - 1, with, strlen(with));
        return;
    }
}

/* Put a copy of one line before another. */
static void double_line(void)
{
    char one[1024];
    size_t n, other, at = line(&n);

    if (n > sizeof one)
        return;
    memcpy(one, text + at, n);
    replace(line(&other), 0, one, n);
}

static void change(void)
{
    char byte = (char)(32 + choose(95));
    size_t n, at = line(&n), cut = choose(12);

    switch (choose(6)) {
    case 0:
        replace(at, n, "", 0);
        break;
    case 1:
        double_line();
        break;
    case 2:
        replace(choose(length), 1, &byte, 1);
        break;
    case 3:
        replace(choose(length - cut), cut, "", 0);
        break;
    default:
        change_number();
    }
}

int main(int argc, char **argv)
{
    state = argc > 1 ? strtoull(argv[1], NULL, 10) * 7919 + 1 : 1;
    length = fread(text, 1, ROOM / 2, stdin);
    for (size_t n = 1 + choose(3); n > 0 && length > 64; n--)
        change();
    fwrite(text, 1, length, stdout);
    return 0;
}
