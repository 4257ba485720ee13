/* SPDX-License-Identifier: BSD-2-Clause */
#include "test.h"

#include "cell.h"

static char current[64];
static unsigned failures;

const char *test_status_name(uint64_t status)
{
    switch (status) {
#define STATUS(number, name, text) case number: return "MV_" #name;
#include <mv/status.def>
#undef STATUS
    }
    return "no status";
}

/* The message buffer may hold something of the test: it is put back. */
static void report(enum test_report kind, const char *text)
{
    uint64_t *data = (uint64_t *)mv_message_data(), kept[MV_FULL_BYTES / 8];
    struct mv_words w = { { kind } };

    memcpy(kept, data, sizeof(kept));
    mv_copy_string((char *)data, text, MV_FULL_BYTES);
    (void)mv_call_full(CAP_JUDGE_REPORT, &w);
    memcpy(data, kept, sizeof(kept));
}

void test_stop(void)
{
    if (current[0] != '\0' && failures == 0)
        report(TEST_PASS, current);
    current[0] = '\0';
}

void test_start(const char *name)
{
    test_stop();
    mv_copy_string(current, name, sizeof(current));
    failures = 0;
}

void test_finish(void)
{
    test_stop();
    for (;;)
        report(TEST_END, "");
}

#define FAILURES_SHOWN 5   /* of one test */

void test_fail(const char *file, unsigned line, const char *format, ...)
{
    char text[MV_FULL_BYTES];
    const char *name = strrchr(file, '/');
    size_t at;
    va_list list;

    failures++;
    if (failures > FAILURES_SHOWN)
        return;
    at = mv_format(text, sizeof(text), "%s: %s:%u: ", current[0] != '\0' ? current : "(no test)",
                   name != NULL ? name + 1 : file, line);
    if (at > sizeof(text) - 1)
        at = sizeof(text) - 1;
    va_start(list, format);
    mv_vformat(text + at, sizeof(text) - at, format, list);
    va_end(list);
    report(TEST_FAIL, text);
}

void test_note(const char *format, ...)
{
    char text[MV_FULL_BYTES];
    va_list list;

    va_start(list, format);
    mv_vformat(text, sizeof(text), format, list);
    va_end(list);
    report(TEST_NOTE, text);
}

void test_compare(const char *file, unsigned line, const char *what, uint64_t got, uint64_t want)
{
    if (got != want)
        test_fail(file, line, "%s is 0x%lx, expected 0x%lx", what, got, want);
}

void test_compare_status(const char *file, unsigned line, const char *what, uint64_t got,
                         uint64_t want)
{
    if (got != want)
        test_fail(file, line, "%s is %s (%lu), expected %s", what, test_status_name(got), got,
                  test_status_name(want));
}

mv_status_t test_plain(unsigned number, uint64_t cap, uint64_t a2, uint64_t a3, uint64_t a4,
                       uint64_t a5, uint64_t a6, uint64_t *value)
{
    struct test_regs r = { .x = { 0, cap, a2, a3, a4, a5, a6 } };

    test_svc(number, &r);
    if (value != NULL)
        *value = r.x[1];
    return r.x[0];
}

mv_status_t test_message(unsigned number, uint64_t cap, uint64_t flags, uint64_t deadline,
                         struct mv_words *io, uint64_t *source)
{
    struct test_regs r = { .x = { 0 } };

    for (int i = 0; i < MV_MESSAGE_WORDS; i++)
        r.x[i] = io->w[i];
    r.x[8] = cap;
    r.x[9] = flags;
    r.x[10] = deadline;
    test_svc(number, &r);
    for (int i = 0; i < MV_MESSAGE_WORDS; i++)
        io->w[i] = r.x[i];
    if (source != NULL)
        *source = r.x[9];
    return r.x[8];
}

uint64_t test_random(uint64_t *state)
{
    /* splitmix64 */
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void test_spin(uint64_t ns)
{
    uint64_t end = mv_time_ns() + ns;

    while (mv_time_ns() < end)
        ;
}
