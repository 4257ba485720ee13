/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows: signals. */
#include "suite.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile char *guarded;      /* a page that may only be read */

static void on_signal(int number)
{
    (void)number;
}

/* The access is given up: it goes on behind the instruction. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.pc += 4;
}

static void run_install(uint32_t count)
{
    struct sigaction act = { .sa_handler = on_signal };

    while (count--)
        must(sigaction(SIGUSR1, &act, NULL), "sigaction");
}

static void catch_begin(void)
{
    run_install(1);
}

static void run_catch(uint32_t count)
{
    int self = getpid();

    while (count--)
        must(kill(self, SIGUSR1), "kill");
}

static void fault_begin(void)
{
    struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        fail("mmap");
    guarded = page;
    *guarded = 1;
    must(mprotect(page, 4096, PROT_READ), "mprotect");
    must(sigaction(SIGSEGV, &act, NULL), "sigaction");
}

static void run_fault(uint32_t count)
{
    /* One store instruction, as on_fault() expects. */
    while (count--)
        __asm__ volatile("strb wzr, [%0]" : : "r"(guarded) : "memory");
}

static void fault_end(void)
{
    struct sigaction act = { .sa_handler = SIG_DFL };

    must(sigaction(SIGSEGV, &act, NULL), "sigaction");
    munmap((void *)guarded, 4096);
}

const struct row signal_rows[] = {
    { .name = "signal_install", .text = "install a signal handler", .count = 200, .samples = 40, .run = run_install },
    { .name = "signal_catch", .text = "send oneself a signal, and handle it", .count = 60, .samples = 40, .begin = catch_begin,
      .run = run_catch },
    { .name = "signal_fault", .text = "write to a read-only page, and handle SIGSEGV", .count = 60, .samples = 40,
      .begin = fault_begin, .run = run_fault, .end = fault_end },
    { .name = NULL },
};
