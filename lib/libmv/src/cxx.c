/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a C++ compiler expects to exist. A cell never ends as a program does,
 * so destructors of global objects do not run.
 */
#include <stddef.h>

#include <libmv/start.h>

extern void *__dso_handle;
void *__dso_handle;

int __cxa_atexit(void (*destructor)(void *), void *object, void *dso);
int __cxa_atexit(void (*destructor)(void *), void *object, void *dso)
{
    (void)destructor;
    (void)object;
    (void)dso;
    return 0;
}

void __cxa_pure_virtual(void);
void __cxa_pure_virtual(void)
{
    mv_panic("a pure virtual function was called");
}

/* A virtual destructor refers to these; a cell has no heap to give back to. */
void mv_cxx_delete(void *object) __asm__("_ZdlPv");
void mv_cxx_delete_sized(void *object, size_t size) __asm__("_ZdlPvm");

void mv_cxx_delete(void *object)
{
    (void)object;
    mv_panic("delete: a cell has no heap");
}

void mv_cxx_delete_sized(void *object, size_t size)
{
    (void)size;
    mv_cxx_delete(object);
}
