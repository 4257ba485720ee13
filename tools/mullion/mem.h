/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of the tool. Everything is kept until the program ends, and an
 * allocation that fails ends the program in an orderly way (message, staged
 * files removed, status 1), so that no caller has to check.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* A growable array: VEC(struct thing *) things. Zero is an empty one. */
#define VEC(type) struct { type *at; size_t count, room; }

/* Room for one more element at the end; gives its address. The address is
 * good until the next push. */
#define vec_push(v) \
    ((v)->at = mem_room((v)->at, (v)->count, &(v)->room, sizeof *(v)->at), &(v)->at[(v)->count++])

/* Zeroed memory. */
void *mem_alloc(size_t bytes);
char *mem_copy_string(const char *from, size_t length);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));
/* The array itself or a larger copy, with room for one more. */
void *mem_room(void *array, size_t count, size_t *room, size_t element);
/* Give back all that was allocated after the mark: for what goes on and on. */
void *mem_mark(void);
void mem_free_since(void *mark);
/* Give everything back. For the end of main and for mem_alloc's failure. */
void mem_free_all(void);
