/* SPDX-License-Identifier: BSD-2-Clause */
#include "qmp.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"

enum { ANSWER_SECONDS = 10, LINE_MAX_BYTES = 1 << 20 };

/* ---- offering ----------------------------------------------------------------------- */

static struct sockaddr_un socket_address(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    memcpy(a.sun_path, path, strlen(path));
    return a;
}

static bool path_fits(const char *path)
{
    return strlen(path) < sizeof ((struct sockaddr_un *)0)->sun_path;
}

/* A name is a link to the socket where the folder's own name is too long for one. */
static char *socket_path(const char *name)
{
    char to[PATH_MAX];
    ssize_t n = readlink(name, to, sizeof to - 1);

    return mem_copy_string(n > 0 ? to : name, n > 0 ? (size_t)n : strlen(name));
}

/* A connection to the socket, or -1. */
static int socket_connect(const char *name)
{
    const char *path = socket_path(name);
    int fd = -1;

    if (path_fits(path))
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct sockaddr_un a = socket_address(path);

    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

bool qmp_is_there(const char *dir)
{
    int fd = socket_connect(mem_printf("%s/" QMP_NAME, dir));

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* What is to be removed when QEMU has ended. */
struct offer {
    char *name;         /* in the output folder */
    char *socket;       /* where the socket is: the same, unless that is too long */
    char *folder;       /* made for it, or NULL */
};

static void offer_remove(const struct offer *o)
{
    unlink(o->name);
    unlink(o->socket);
    if (o->folder)
        rmdir(o->folder);
}

/* A place for the socket; false if there is none. */
static bool offer_place(struct offer *o, const char *dir)
{
    char *real = realpath(dir, NULL);

    if (!real)
        return false;
    o->name = mem_printf("%s/" QMP_NAME, real);
    free(real);
    if (access(dir, W_OK) || (unlink(o->name) && errno != ENOENT))
        return false;
    o->socket = o->name;
    if (path_fits(o->socket))
        return true;
    o->folder = mem_copy_string("/tmp/mullion-XXXXXX", strlen("/tmp/mullion-XXXXXX"));
    if (!mkdtemp(o->folder))
        return false;
    o->socket = mem_printf("%s/" QMP_NAME, o->folder);
    if (symlink(o->socket, o->name) == 0)
        return true;
    rmdir(o->folder);
    return false;
}

/*
 * A process that waits for the end of the one that is about to become QEMU: then
 * nobody has the pipe's other end any more. It holds nothing else of QEMU's, so
 * that whoever reads QEMU's output sees its end.
 */
static bool watch_end(const struct offer *o)
{
    int ends[2], null = open("/dev/null", O_RDWR);
    char nothing;

    if (null < 0 || pipe(ends) < 0)
        return false;
    pid_t watcher = fork();

    if (watcher != 0) {
        close(ends[0]);
        close(null);
        return watcher > 0;
    }
    setsid();
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    if (ends[0] > 3)
        close_range(3, (unsigned)ends[0] - 1, 0);
    close_range((unsigned)ends[0] + 1, UINT_MAX, 0);
    while (read(ends[0], &nothing, 1) < 0 && errno == EINTR)
        ;
    offer_remove(o);
    _exit(0);
}

/* Is one of these options among the words? */
static bool has_word(const struct args *a, const char *const *words)
{
    for (size_t i = 0; i < a->list.count; i++)
        for (const char *const *w = words; *w; w++) {
            const char *word = a->list.at[i];

            if (!strcmp(word, *w) || (word[0] == '-' && !strcmp(word + 1, *w)))
                return true;
        }
    return false;
}

/* QEMU's option syntax doubles commas. */
static char *option_text(const char *from)
{
    struct text t = { 0 };

    for (; *from; from++)
        text_printf(&t, *from == ',' ? ",," : "%c", *from);
    return t.at;
}

/* QEMU gives the terminal to the serial line and its monitor, unless it has been told of another monitor: it is told so. */
static void keep_terminal(struct args *a)
{
    static const char *const monitors[] = { "-monitor", "-mon", "-qmp", "-qmp-pretty", "-nodefaults", NULL };
    static const char *const serials[] = { "-serial", NULL };

    if (has_word(a, monitors))
        return;
    bool serial = has_word(a, serials);

    args_add(a, serial ? "-monitor" : "-serial");
    args_add(a, serial ? "stdio" : "mon:stdio");
}

void qmp_offer(struct args *a, const char *dir)
{
    struct offer o = { 0 };

    if (qmp_is_there(dir)) {
        fprintf(stderr, "mullion: warning: another system runs from %s; \"mullion trace\" and \"top\" will see that one\n", dir);
        return;
    }
    if (!offer_place(&o, dir))
        return;
    if (!watch_end(&o)) {
        offer_remove(&o);
        return;
    }
    keep_terminal(a);
    args_add(a, "-chardev");
    args_add(a, mem_printf("socket,id=mullion-qmp,path=%s,server=on,wait=off", option_text(o.socket)));
    args_add(a, "-mon");
    args_add(a, "chardev=mullion-qmp,mode=control");
}

/* ---- asking ------------------------------------------------------------------------- */

static bool failed(struct qmp *q, const char *what)
{
    q->wrong = what;
    return false;
}

/* The next line, which is one message; NULL if none comes. */
static char *line_read(struct qmp *q)
{
    char part[4096], *end;

    while (!q->in.length || !(end = memchr(q->in.at, '\n', q->in.length))) {
        ssize_t n = q->in.length < LINE_MAX_BYTES ? recv(q->fd, part, sizeof part, 0) : 0;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            failed(q, n < 0 && errno == EAGAIN ? "does not answer; is another program connected to it?" : "has ended");
            return NULL;
        }
        text_add(&q->in, part, (size_t)n);
    }
    size_t length = (size_t)(end - q->in.at);
    char *line = mem_copy_string(q->in.at, length);

    q->in.length -= length + 1;
    memmove(q->in.at, end + 1, q->in.length);
    return line;
}

static bool begins(const char *line, const char *with)
{
    return !strncmp(line, with, strlen(with));
}

const char *qmp_do(struct qmp *q, const char *command, const char *arguments)
{
    const char *line = arguments ? mem_printf("{\"execute\": \"%s\", \"arguments\": %s}\n", command, arguments)
                                 : mem_printf("{\"execute\": \"%s\"}\n", command);

    if (send(q->fd, line, strlen(line), MSG_NOSIGNAL) != (ssize_t)strlen(line)) {
        failed(q, "has ended");
        return NULL;
    }
    /* Events may come in between. */
    while ((line = line_read(q)) && !begins(line, "{\"return\": "))
        if (begins(line, "{\"error\": ")) {
            q->wrong = mem_printf("refuses \"%s\": %s", command, line);
            return NULL;
        }
    return line ? line + strlen("{\"return\": ") : NULL;
}

bool qmp_open(struct qmp *q, const char *dir)
{
    const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
    const char *line;

    *q = (struct qmp){ .fd = socket_connect(mem_printf("%s/" QMP_NAME, dir)) };
    if (q->fd < 0)
        return failed(q, "does not run");
    setsockopt(q->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (!(line = line_read(q)) || !begins(line, "{\"QMP\": ") || !qmp_do(q, "qmp_capabilities", NULL)) {
        if (line && !q->wrong)
            q->wrong = "is no QEMU";
        qmp_close(q);
        return false;
    }
    return true;
}

void qmp_close(struct qmp *q)
{
    close(q->fd);
    q->fd = -1;
}

/* A file that QEMU may write and nobody else reads. */
static char *scratch_make(void)
{
    const char *dir = getenv("TMPDIR");
    char *name = mem_printf("%s/mullion-XXXXXX", dir && dir[0] == '/' ? dir : "/tmp");
    int fd = mkstemp(name);

    if (fd < 0)
        diag_fatal("cannot make %s: %s; expected a folder that can be written; set TMPDIR to another", name, strerror(errno));
    close(fd);
    return name;
}

/* The whole of a file of that size. */
static bool scratch_read(const char *name, void *to, size_t size)
{
    FILE *f = fopen(name, "rb");
    bool whole = f && fread(to, 1, size, f) == size && fgetc(f) == EOF;

    if (f)
        fclose(f);
    return whole;
}

bool qmp_memory(struct qmp *q, uint64_t address, void *to, size_t size)
{
    char *name = scratch_make();
    /* A name with a quote or a backslash would need more. */
    bool done = !strpbrk(name, "\"\\") && qmp_do(q, "pmemsave",
        mem_printf("{\"val\": %" PRIu64 ", \"size\": %zu, \"filename\": \"%s\"}", address, size, name));
    bool whole = done && scratch_read(name, to, size);

    unlink(name);
    return whole || (done ? failed(q, "has written no memory") : false);
}
