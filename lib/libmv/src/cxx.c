/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a C++ compiler expects to exist. A cell never ends as a program does,
 * so destructors of global objects do not run.
 */
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
