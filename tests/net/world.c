/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libmv/time.h>

struct host a, b;
struct wire wire;
uint64_t now_ns, random_state;
unsigned test_failures;

static unsigned host_count;
static const char *program;

/* ---- what libmv would be asked ------------------------------------------------- */

uint64_t mv_time_ns(void)
{
    return now_ns;
}

void mv_panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void mv_panic(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    abort();
}

/* ---- the wire ------------------------------------------------------------------- */

uint64_t test_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static bool in_thousand(unsigned n)
{
    return test_random() % 1000 < n;
}

static void put(struct host *to, const void *frame, size_t size, uint64_t due_ns)
{
    unsigned at = to->in_count;

    if (!to->up || at == QUEUE || size > NET_FRAME_MAX) {
        to->lost++;
        return;
    }
    for (; at > 0 && to->in[at - 1].due_ns > due_ns; at--)
        to->in[at] = to->in[at - 1];
    to->in[at].due_ns = due_ns;
    to->in[at].size = size;
    memcpy(to->in[at].bytes, frame, size);
    to->in_count++;
}

void world_give(struct host *to, const void *frame, size_t size)
{
    put(to, frame, size, now_ns);
}

static bool host_is_up(struct net_port *p)
{
    return ((struct host *)p)->up;
}

static bool host_send(struct net_port *p, const struct net_piece *piece, unsigned count)
{
    struct host *from = (struct host *)p, *to = from == &a ? &b : &a;
    uint8_t frame[NET_FRAME_MAX];
    size_t size = 0;

    for (unsigned i = 0; i < count; i++) {
        CHECK(piece[i].size <= NET_FRAME_MAX - size);
        memcpy(frame + size, piece[i].bytes, piece[i].size);
        size += piece[i].size;
    }
    from->sent++;
    if (wire.watch != NULL)
        wire.watch(frame, size, from);
    if (host_count == 1 || in_thousand(wire.drop))
        return true;
    from->busy_ns = (from->busy_ns > now_ns ? from->busy_ns : now_ns) + wire.each_ns;
    for (int copies = in_thousand(wire.twice) ? 2 : 1; copies > 0; copies--) {
        uint64_t delay = MS / 10 + (in_thousand(wire.late) ? test_random() % (20 * MS) : 0);
        if (in_thousand(wire.change))
            frame[test_random() % size] ^= (uint8_t)(1u << test_random() % 8);
        put(to, frame, size, from->busy_ns + delay);
    }
    return true;
}

static size_t host_receive(struct net_port *p, void *frame)
{
    struct host *h = (struct host *)p;
    size_t size = h->in_count > 0 && h->in[0].due_ns <= now_ns ? h->in[0].size : 0;

    if (size == 0)
        return 0;
    memcpy(frame, h->in[0].bytes, size);
    memmove(&h->in[0], &h->in[1], --h->in_count * sizeof(h->in[0]));
    return size;
}

static bool host_settle(struct net_port *p)
{
    const struct host *h = (const struct host *)p;

    return h->in_count > 0 && h->in[0].due_ns <= now_ns;
}

/* ---- hosts ------------------------------------------------------------------------ */

/* Each case is a process of its own, hence a stack that nobody has used. */
static void host_start(struct host *h, const char *library, uint8_t number, bool dhcp)
{
    static const struct net_port_calls calls = { host_is_up, host_send, host_receive, host_settle };
    struct net_address address = { 0x0a000000u | number, 24, 0x0a0000feu };
    char path[512];

    snprintf(path, sizeof(path), "%s-%s.so", program, library);
    void *loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (loaded == NULL) {
        printf("%s\n", dlerror());
        abort();
    }
    memset(h, 0, sizeof(*h));
    h->net = dlsym(loaded, "stack");
    h->port.calls = &calls;
    memcpy(h->port.mac, (uint8_t[]){ 2, 0, 0, 0, 0, number }, 6);
    h->up = true;
    h->ip = address.ip;
    h->net->open(&h->n, &h->port, dhcp ? NULL : &address, library);
}

void world_start(unsigned count, bool dhcp)
{
    wire = (struct wire){ 0 };
    now_ns = 5 * S;
    random_state = 88172645463325252u;
    host_count = count;
    host_start(&a, "a", 1, dhcp);
    if (count > 1)
        host_start(&b, "b", 2, dhcp);
}

static uint64_t next_of(struct host *h)
{
    uint64_t next = h->net->next_ns(&h->n);

    return h->in_count > 0 && h->in[0].due_ns < next ? h->in[0].due_ns : next;
}

bool world_run(uint64_t ns, bool (*done)(void))
{
    uint64_t end = now_ns + ns;
    struct host *hosts[] = { &a, &b };

    while (done == NULL || !done()) {
        uint64_t next = end;
        for (unsigned i = 0; i < host_count; i++)
            next = next_of(hosts[i]) < next ? next_of(hosts[i]) : next;
        now_ns = next > now_ns ? next : now_ns + 1;
        if (now_ns >= end)
            return done != NULL && done();
        for (unsigned i = 0; i < host_count; i++)
            if (next_of(hosts[i]) <= now_ns)
                hosts[i]->net->poll(&hosts[i]->n);
    }
    return true;
}

/* ---- cases -------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name) { #name, name },
#include "cases.def"
#undef CASE
};

int main(int argc, char **argv)
{
    unsigned passed = 0, failed = 0;

    program = argv[0];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = 1;
        if (argc > 1 && strcmp(argv[1], cases[i].name) != 0)
            continue;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            alarm(100);
            cases[i].run();
            fflush(stdout);
            _exit(test_failures != 0);
        }
        bool ok = child > 0 && waitpid(child, &status, 0) == child && status == 0;
        if (!ok)
            printf("FAIL net %s\n", cases[i].name);
        *(ok ? &passed : &failed) += 1;
    }
    printf("net %u passed, %u failed\n", passed, failed);
    return failed != 0;
}
