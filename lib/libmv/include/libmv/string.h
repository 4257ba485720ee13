/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory and strings, as in the C standard. The compiler calls some itself. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void *memcpy(void *__restrict to, const void *__restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *in, int value, size_t size);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t size);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *find);

/* Copy as much of `from` as fits, always ended by NUL; returns strlen(from). */
size_t mv_copy_string(char *to, const char *from, size_t size);

#ifdef __cplusplus
}
#endif
