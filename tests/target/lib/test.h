/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a test cell uses. Results go by calls to the judge cell, which owns the
 * UART, prints them, and powers the machine off when the last test is done.
 */
#pragma once

#include <libmv/libmv.h>

/* What a report is: w[0] of the call; the text is the full message's bytes. */
enum test_report { TEST_PASS = 1, TEST_FAIL, TEST_NOTE, TEST_END };

/* Every register that a system call can read or change. */
struct test_regs {
    uint64_t x[31];
    uint64_t nzcv;
};
/* Load all of them, execute SVC #number, store all of them. Known numbers: 0
 * to 47, and those of test_svc_numbers. */
void test_svc(unsigned number, struct test_regs *r);
extern const uint16_t test_svc_numbers[8];
/* The same with an undefined instruction instead; `unused` is ignored. */
void test_undefined(unsigned unused, struct test_regs *r);

/* Begin a test; it ends with the next test_start() or test_finish(). It has
 * passed if nothing failed in between. One vCPU of a cell reports. */
void test_start(const char *name);
/* The last test is done: ends the system. One cell of a system calls it. */
void test_finish(void) __attribute__((noreturn));
/* End the present test, and begin no other. */
void test_stop(void);

void test_fail(const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void test_compare(const char *file, unsigned line, const char *what, uint64_t got, uint64_t want);
void test_compare_status(const char *file, unsigned line, const char *what, uint64_t got,
                         uint64_t want);
const char *test_status_name(uint64_t status);

#define EXPECT(condition) \
    ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, "not true: %s", #condition))
/* Numbers that must be equal. */
#define EXPECT_EQ(got, want) test_compare(__FILE__, __LINE__, #got, (uint64_t)(got), (uint64_t)(want))
/* MV_* statuses. */
#define EXPECT_STATUS(got, want) test_compare_status(__FILE__, __LINE__, #got, (got), (want))
/* lo <= got <= hi */
#define EXPECT_RANGE(got, lo, hi) \
    do { \
        uint64_t got_ = (uint64_t)(got), lo_ = (uint64_t)(lo), hi_ = (uint64_t)(hi); \
        if (got_ < lo_ || got_ > hi_) \
            test_fail(__FILE__, __LINE__, "%s is %lu, expected %lu to %lu", #got, got_, lo_, hi_); \
    } while (0)

/* A PLAIN call with six arguments as they are, and its value. */
mv_status_t test_plain(unsigned number, uint64_t cap, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5, uint64_t a6, uint64_t *value);
/* A MESSAGE call with x8-x10 as they are. */
mv_status_t test_message(unsigned number, uint64_t cap, uint64_t flags, uint64_t deadline,
                         struct mv_words *io, uint64_t *source);

/* Random numbers that are the same in each run. */
uint64_t test_random(uint64_t *state);

/* Use the core without a system call. */
void test_spin(uint64_t ns);
/* The counter, in ns, read without the library. */
static inline uint64_t test_now(void) { return mv_time_ns(); }
