/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin of QEMU: how many instructions the kernel executes while no interrupt can
 * come through. Such a stretch begins at one of its vectors, and ends where it
 * returns to a cell, where it sleeps (WFI), and where it looks whether an interrupt
 * waits: if one does, the kernel makes its caller repeat the call, and what
 * it does until it returns counts to what was before the look. What a core does before it
 * first runs a cell or sleeps is not counted, nor is a panic.
 *
 * The kernel's instructions are known by where they lie in QEMU's memory: a guest may run at
 * the same addresses. Turns in which a core waits for a lock are not counted: there
 * a core may wait for another's thread, that is for the PC.
 *
 *   -plugin count.so,map=FILE,out=FILE
 *
 * map, text: "text BASE SIZE"; then a line for each function, by address: "function START NAME";
 * "poll ADDRESS" where it looks; "restart ADDRESS", the first instruction of what makes a caller
 * repeat; "panic ADDRESS". out is a struct counts, mapped: QEMU may be killed at any time.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qemu_plugin.h"

#define CPUS       16u
#define FUNCTIONS  1024u
#define STRETCHES  24u          /* the longest, of different paths */
#define PARTS      40u          /* functions of a path */
#define LONGEST    (1u << 20)   /* instructions; what is longer is cut */
#define SHORTEST   200u         /* of those that are kept */
#define BUCKET     50u
#define BUCKETS    101u         /* the last: all that are longer */

#define INSN_ERET  0xd69f03e0u
#define INSN_WFI   0xd503207fu
#define INSN_WFE   0xd503205fu

enum mark { MARK_RETURN = 1, MARK_SLEEP = 2, MARK_SPIN = 4, MARK_POLL = 8, MARK_RESTART = 16, MARK_PANIC = 32, MARK_VECTOR = 64 };

/* The out file; masked.py reads it. */
struct stretch {
    uint32_t length, entry;     /* instructions; offset of the first */
    uint32_t key, parts;        /* what tells paths apart; how many of `part` */
    struct { uint16_t function, count; } part[PARTS];     /* in the order in which they were entered */
};
struct counts {
    uint32_t magic, stretches;
    uint64_t entries, instructions, spins;
    uint64_t histogram[BUCKETS];
    struct stretch longest[STRETCHES];
};
#define COUNTS_MAGIC 0x6b73616du

/* A core of the machine; its thread alone touches it. */
struct cpu {
    bool      counts;           /* it has left the kernel once */
    uint32_t  length;           /* of the present stretch */
    uint32_t  before;           /* where the last look was, in `path`; 0: none */
    uint32_t  last;             /* offset of the last instruction */
    uint16_t *path;             /* each instruction's offset / 4 */
};

int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct cpu cpus[CPUS];
static struct counts *counts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t text_base, text_size;
static const char *text_host;   /* where text_base lies; NULL: not seen yet */
static uint16_t *function_at;   /* of each instruction */
static uint8_t  *marks;         /* of each instruction, as the map says */
static char     (*names)[48];
static uint32_t  function_count;

qemu_plugin_tb_translated translated;
qemu_plugin_executed executed;

/* ---- a stretch is over ---------------------------------------------------------- */

/* Instructions [from, to) of c's path, as parts. */
static void describe(const struct cpu *c, uint32_t from, uint32_t to, struct stretch *s)
{
    static uint32_t count[FUNCTIONS];     /* under the lock */
    uint16_t order[FUNCTIONS], call = 0;
    uint32_t found = 0, most = 0;

    memset(count, 0, sizeof(count));
    for (uint32_t i = from; i < to; i++) {
        uint16_t f = function_at[c->path[i]];

        if (count[f]++ == 0) {
            order[found++] = f;
            if (call == 0 && strncmp(names[f], "call_", 5) == 0)
                call = f;
        }
    }
    s->length = to - from;
    s->entry = c->path[from] * 4u;
    s->parts = found < PARTS ? found : PARTS;
    for (uint32_t i = 0; i < found; i++) {
        uint32_t n = count[order[i]];

        if (i < PARTS) {
            s->part[i].function = order[i];
            s->part[i].count = (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX);
        }
        if (n > count[most])
            most = order[i];
    }
    s->key = (uint32_t)call << 16 | most;
}

/* If it is one of the longest, or of its path. */
static void keep(const struct cpu *c, uint32_t from, uint32_t to)
{
    struct stretch *last = &counts->longest[STRETCHES - 1], s = { 0 };
    uint32_t at, i;

    if (to - from < SHORTEST || to - from <= last->length)
        return;
    pthread_mutex_lock(&lock);
    describe(c, from, to, &s);
    for (at = 0; at < STRETCHES && counts->longest[at].length >= s.length; at++) {
        if (counts->longest[at].key == s.key)
            break;
    }
    if (at < STRETCHES && (counts->longest[at].length < s.length)) {
        for (i = at; i < STRETCHES - 1 && counts->longest[i].key != s.key; i++)
            ;
        memmove(&counts->longest[at + 1], &counts->longest[at], (i - at) * sizeof(s));
        counts->longest[at] = s;
    }
    pthread_mutex_unlock(&lock);
}

static void add(uint64_t *to, uint64_t n) { __atomic_fetch_add(to, n, __ATOMIC_RELAXED); }

static void stretch_ends(struct cpu *c, uint32_t from, uint32_t to)
{
    uint32_t bucket = (to - from) / BUCKET;

    if (!c->counts || to <= from)
        return;
    __atomic_fetch_add(&counts->stretches, 1, __ATOMIC_RELAXED);
    add(&counts->histogram[bucket < BUCKETS ? bucket : BUCKETS - 1], 1);
    keep(c, from, to);
}

static void kernel_left(struct cpu *c)
{
    stretch_ends(c, c->before, c->length);
    add(&counts->instructions, c->length);
    add(&counts->entries, 1);
    c->counts = true;
    c->length = c->before = 0;
}

/* ---- instructions ----------------------------------------------------------------- */

/* `cpu` executes the kernel's instruction whose offset and marks are in data. */
void executed(unsigned cpu, void *data)
{
    struct cpu *c = &cpus[cpu % CPUS];
    uint32_t offset = (uint32_t)(uintptr_t)data, mark = (uint32_t)((uintptr_t)data >> 32);

    if (offset == c->last && c->length != 0)
        return;         /* QEMU has begun it anew */
    c->last = offset;
    if ((mark & MARK_VECTOR) != 0)
        c->length = c->before = 0;
    if ((mark & MARK_SPIN) != 0) {
        add(&counts->spins, 1);
        c->length -= c->length >= 2 ? 2 : 0;
        return;
    }
    if (c->length < LONGEST)
        c->path[c->length++] = (uint16_t)(offset / 4);
    if ((mark & MARK_POLL) != 0) {
        stretch_ends(c, c->before, c->length);
        c->before = c->length;
    }
    if ((mark & MARK_RESTART) != 0 && c->before != 0) {
        /* Something waited at the last look: the stretch goes on from the look before. */
        for (c->before--; c->before > 0 && (marks[c->path[c->before - 1]] & MARK_POLL) == 0;)
            c->before--;
    }
    if ((mark & MARK_PANIC) != 0)
        c->counts = false;
    if ((mark & (MARK_RETURN | MARK_SLEEP)) != 0)
        kernel_left(c);
}

/* QEMU has translated some instructions. */
void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const char *host = qemu_plugin_insn_haddr(insn);
        uint32_t word, mark;

        if (host == NULL)
            continue;
        /* The first that comes from there is the kernel's: nobody else runs before it. */
        if (text_host == NULL && qemu_plugin_insn_vaddr(insn) == text_base)
            text_host = host;
        if (text_host == NULL || host < text_host || host >= text_host + text_size)
            continue;
        uint64_t offset = (uint64_t)(host - text_host);

        memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
        mark = marks[offset / 4];
        mark |= word == INSN_ERET ? MARK_RETURN : word == INSN_WFI ? MARK_SLEEP : word == INSN_WFE ? MARK_SPIN : 0;
        if (offset >= 0x400 && offset < 0x600 && offset % 0x80 == 0)
            mark |= MARK_VECTOR;
        qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)(offset | (uint64_t)mark << 32));
    }
}

/* ---- the beginning ------------------------------------------------------------------ */

static void mark_at(uint64_t address, enum mark mark)
{
    if (address - text_base < text_size)
        marks[(address - text_base) / 4] |= (uint8_t)mark;
}

static bool read_map(const char *name)
{
    char line[256], word[48];
    uint64_t address;
    FILE *f = fopen(name, "r");

    if (f == NULL || fgets(line, sizeof(line), f) == NULL ||
        sscanf(line, "text %lx %lx", &text_base, &text_size) != 2)
        return false;
    function_at = calloc(text_size / 4 + 1, sizeof(*function_at));
    marks = calloc(text_size / 4 + 1, 1);
    names = calloc(FUNCTIONS, sizeof(*names));
    while (fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "function %lx %47s", &address, word) == 2 && function_count < FUNCTIONS) {
            strcpy(names[function_count], word);
            for (uint64_t i = (address - text_base) / 4; i < text_size / 4; i++)
                function_at[i] = (uint16_t)function_count;
            function_count++;
        } else if (sscanf(line, "%47s %lx", word, &address) == 2) {
            mark_at(address, strcmp(word, "poll") == 0 ? MARK_POLL : strcmp(word, "restart") == 0 ? MARK_RESTART : MARK_PANIC);
        }
    }
    fclose(f);
    return function_count != 0;
}

static bool open_out(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    if (fd < 0 || ftruncate(fd, sizeof(*counts)) != 0)
        return false;
    counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (counts == MAP_FAILED)
        return false;
    counts->magic = COUNTS_MAGIC;
    return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    bool good = false, out = false;

    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "map=", 4) == 0)
            good = read_map(argv[i] + 4);
        if (strncmp(argv[i], "out=", 4) == 0)
            out = open_out(argv[i] + 4);
    }
    if (!good || !out) {
        fprintf(stderr, "count: map or out is missing or bad\n");
        return -1;
    }
    for (uint32_t i = 0; i < CPUS; i++)
        cpus[i].path = calloc(LONGEST, sizeof(*cpus[i].path));
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
