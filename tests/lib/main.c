/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of libmv on a PC: what does not need the kernel. */
#include "test.h"

unsigned test_failures;

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name) { #name, name },
#include "cases.def"
#undef CASE
};

int main(void)
{
    unsigned passed = 0, failed = 0;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_failures = 0;
        cases[i].run();
        printf("%s lib %s\n", test_failures == 0 ? "ok  " : "FAIL", cases[i].name);
        *(test_failures == 0 ? &passed : &failed) += 1;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
