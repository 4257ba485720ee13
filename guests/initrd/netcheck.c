/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks a network: what arrives must be what was sent, and what does not arrive is
 * counted. The same rules are spoken by tests/net/host.py; "echo" is understood by
 * every echo service, such as the one of a native cell.
 *
 * All numbers are little-endian. A datagram begins with struct head; the rest is
 * the session's pattern (check.h) from `sequence` * STEP on. A connection begins with
 * a struct head that says what it is for; then bytes of the pattern follow, and
 * at their end, where the receiver counts, its report comes back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#define MAGIC       0x314e564du    /* "MVN1" */
#define PORT        7007u
#define STEP        977u
#define HEAD        sizeof(struct head)
#define DATAGRAM    1472u          /* of a frame of 1,514 bytes */
#define WINDOW_MOST 4096u
#define SESSIONS    8u

static const char help[] =
    "netcheck server [port=N (7007)] [seconds=S]    serves all of the following, UDP and TCP\n"
    "netcheck WHAT HOST [WORD...]\n"
    "  latency       one datagram there and back at a time: half need no longer than p50\n"
    "  udp-echo      datagrams there and back, window=N (16) under way\n"
    "  udp-send      datagrams there, at rate=MBIT (0: as fast as it can)\n"
    "  udp-receive   datagrams from there, at rate=MBIT (50)\n"
    "  flood         as udp-send, but nobody counts: any port, also a closed one\n"
    "  tcp-echo      bytes there and back at once\n"
    "  tcp-send      bytes there\n"
    "  tcp-receive   bytes from there\n"
    "words: port=N (7007)  size=BYTES (1400; latency 64)  seconds=S (5)  count=N or bytes=N: that much\n"
    "  lost=N: more must not be lost (0 for latency, udp-echo; else any)  timeout=S (1): then it is lost\n"
    "a port of 7 is a plain echo service: only latency, udp-echo and tcp-echo\n"
    "the last line is \"netcheck: WHAT ok ...\" or \"netcheck: WHAT FAIL ...\"\n";

enum kind { ECHO = 1, DATA, STOP, REPORT, START, TCP_ECHO = 16, TCP_SEND, TCP_RECEIVE };

struct head {
    uint32_t magic;
    uint16_t kind, length;         /* of the datagram with this */
    uint32_t session, sequence;
    uint64_t argument[2];          /* START: datagrams, bits each second; STOP: sent; TCP_RECEIVE: bytes, ns */
    uint32_t check;                /* CRC-32 of the datagram with 0 here */
    uint32_t size;                 /* START: of each datagram */
};

/* What a receiver has counted. */
struct report {
    uint64_t received, bytes, duplicated, corrupted, reordered;
};

static const char *what;
static char **words;
static struct pattern pattern;
static struct latencies latencies;

#define FINISH(ok, ...) finish("netcheck", what, ok, __VA_ARGS__)

/* ---- datagrams ---------------------------------------------------------------- */

static uint32_t crc_table[256];

static void crc_start(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
        crc_table[i] = c;
    }
}

static uint32_t crc_of(uint32_t crc, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;

    crc = ~crc;
    while (size-- > 0)
        crc = crc >> 8 ^ crc_table[(crc ^ *p++) & 0xff];
    return ~crc;
}

static uint32_t check_of(struct head head, const uint8_t *rest, size_t size)
{
    head.check = 0;
    return crc_of(crc_of(0, &head, HEAD), rest, size);
}

static const uint8_t *rest_of(uint32_t sequence)
{
    return pattern_at(&pattern, (uint64_t)sequence * STEP);
}

static size_t datagram_make(uint8_t *to, struct head head, size_t size)
{
    head.magic = MAGIC;
    head.length = (uint16_t)size;
    memcpy(to + HEAD, rest_of(head.sequence), size - HEAD);
    head.check = check_of(head, to + HEAD, size - HEAD);
    memcpy(to, &head, HEAD);
    return size;
}

/* Whether it is one of ours, whole, with nothing changed. */
static bool datagram_read(const uint8_t *from, size_t size, struct head *head)
{
    if (size < HEAD)
        return false;
    memcpy(head, from, HEAD);
    return head->magic == MAGIC && head->length == size && head->check == check_of(*head, from + HEAD, size - HEAD);
}

/* Which of the last datagrams have come: so that one that comes twice is not counted twice. */
struct seen {
    uint32_t next;                 /* the highest yet, plus 1 */
    uint64_t bits[WINDOW_MOST / 64];
};

static void seen_note(struct seen *s, uint32_t sequence, struct report *r)
{
    uint64_t bit = UINT64_C(1) << sequence % 64, *word = &s->bits[sequence / 64 % (WINDOW_MOST / 64)];

    if (sequence >= s->next) {
        if (sequence - s->next >= WINDOW_MOST)
            memset(s->bits, 0, sizeof(s->bits));
        else
            for (uint32_t i = s->next; i != sequence; i++)
                s->bits[i / 64 % (WINDOW_MOST / 64)] &= ~(UINT64_C(1) << i % 64);
        s->next = sequence + 1;
    } else if (s->next - sequence > WINDOW_MOST || (*word & bit) != 0) {
        r->duplicated++;
        return;
    } else {
        r->reordered++;
    }
    *word |= bit;
    r->received++;
}

/* ---- sockets -------------------------------------------------------------------- */

static int socket_of(int type)
{
    int s = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1, much = 1 << 20;

    if (s < 0)
        FINISH(false, "socket: %s", strerror(errno));
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (type == SOCK_DGRAM) {
        setsockopt(s, SOL_SOCKET, SO_RCVBUF, &much, sizeof(much));
        setsockopt(s, SOL_SOCKET, SO_SNDBUF, &much, sizeof(much));
    }
    return s;
}

static void time_limit(int s, int64_t ns)
{
    struct timeval t = { ns / NS_PER_S, ns % NS_PER_S / NS_PER_US };

    if (t.tv_sec == 0 && t.tv_usec == 0)
        t.tv_usec = 1;
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

static bool readable(int s, int64_t until)
{
    struct pollfd p = { .fd = s, .events = POLLIN };
    int64_t left = until - now_ns();

    if (left < 0)
        left = 0;
    struct timespec t = { left / NS_PER_S, left % NS_PER_S };
    return ppoll(&p, 1, &t, NULL) > 0;
}

/* A full queue in this machine is no loss: wait for space. */
static bool send_datagram(int s, const void *bytes, size_t size, const struct sockaddr_in *to)
{
    for (;;) {
        ssize_t n = to != NULL ? sendto(s, bytes, size, 0, (const struct sockaddr *)to, sizeof(*to))
                               : send(s, bytes, size, 0);
        if (n == (ssize_t)size)
            return true;
        if (errno == ENOBUFS || errno == EAGAIN) {
            sleep_until(now_ns() + NS_PER_MS);
            continue;
        }
        if (errno != EINTR)
            return false;
    }
}

static bool send_all(int s, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = send(s, (const char *)bytes + done, size - done, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool receive_all(int s, void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = recv(s, (char *)bytes + done, size - done, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* ---- streams of bytes ------------------------------------------------------------- */

/* Until the end of the stream, or an error: false. */
static bool take_stream(int s, const struct pattern *p, struct report *r)
{
    static __thread uint8_t buffer[PATTERN_MOST];

    for (;;) {
        ssize_t n = recv(s, buffer, sizeof(buffer), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        if (memcmp(buffer, pattern_at(p, r->bytes), (size_t)n) != 0)
            r->corrupted++;
        r->bytes += (uint64_t)n;
    }
}

/* `bytes`, or until `end`; returns what was sent. */
static uint64_t give_stream(int s, const struct pattern *p, uint64_t bytes, int64_t end)
{
    uint64_t done = 0;

    while (bytes != 0 ? done < bytes : now_ns() < end) {
        size_t n = bytes != 0 && bytes - done < PATTERN_MOST ? (size_t)(bytes - done) : PATTERN_MOST;
        if (!send_all(s, pattern_at(p, done), n))
            break;
        done += n;
    }
    return done;
}

/* ---- server ------------------------------------------------------------------------ */

struct session {
    uint32_t id;
    int64_t  last;                 /* heard of it */
    struct report report;
    struct seen   seen;
};

static struct session sessions[SESSIONS];

static struct session *session_of(uint32_t id)
{
    struct session *oldest = &sessions[0];

    for (struct session *s = sessions; s < sessions + SESSIONS; s++) {
        if (s->last != 0 && s->id == id)
            return s;
        if (s->last < oldest->last)
            oldest = s;
    }
    memset(oldest, 0, sizeof(*oldest));
    oldest->id = id;
    return oldest;
}

static size_t report_make(uint8_t *to, struct head head, const struct report *r)
{
    head.kind = REPORT;
    head.magic = MAGIC;
    head.length = HEAD + sizeof(*r);
    memcpy(to + HEAD, r, sizeof(*r));
    head.check = check_of(head, to + HEAD, sizeof(*r));
    memcpy(to, &head, HEAD);
    return HEAD + sizeof(*r);
}

/* Sends what a START asks for: count datagrams of a size, at a rate. */
struct burst {
    int s;
    struct sockaddr_in to;
    struct head head;
};

static void *burst_thread(void *argument)
{
    struct burst *b = argument;
    struct pattern *own = malloc(sizeof(*own));
    uint64_t count = b->head.argument[0], rate = b->head.argument[1];
    size_t size = b->head.size < HEAD ? HEAD : b->head.size > DATAGRAM ? DATAGRAM : b->head.size;
    uint8_t out[DATAGRAM];
    int64_t start = now_ns();

    if (own != NULL)
        pattern_make(own, b->head.session);
    for (uint64_t i = 0; own != NULL && i < count; i++) {
        struct head head = { .magic = MAGIC, .kind = DATA, .length = (uint16_t)size, .session = b->head.session,
                             .sequence = (uint32_t)i };
        memcpy(out + HEAD, pattern_at(own, i * STEP), size - HEAD);
        head.check = check_of(head, out + HEAD, size - HEAD);
        memcpy(out, &head, HEAD);
        if (rate != 0)
            sleep_until(start + (int64_t)((double)i * (double)size * 8e9 / (double)rate));
        if (!send_datagram(b->s, out, size, &b->to))
            break;
    }
    free(own);
    free(b);
    return NULL;
}

static void start_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, function, argument) == 0)
        pthread_detach(thread);
    else
        free(argument);
}

static void *udp_server(void *argument)
{
    int s = *(int *)argument;
    uint8_t in[2048], out[HEAD + sizeof(struct report)];

    for (;;) {
        struct sockaddr_in from;
        socklen_t length = sizeof(from);
        ssize_t n = recvfrom(s, in, sizeof(in), 0, (struct sockaddr *)&from, &length);
        struct head head = { 0 };
        if (n <= 0)
            continue;
        bool good = datagram_read(in, (size_t)n, &head);
        /* One that is broken is counted for the session that it seems to be of. */
        struct session *known = good || (size_t)n >= HEAD ? session_of(head.session) : NULL;
        if (!good) {
            if (known != NULL && known->last != 0)
                known->report.corrupted++;
            continue;
        }
        switch (head.kind) {
        case ECHO:
            send_datagram(s, in, (size_t)n, &from);
            break;
        case DATA:
            known->last = now_ns();
            known->report.bytes += (uint64_t)n;
            seen_note(&known->seen, head.sequence, &known->report);
            break;
        case STOP:
            send_datagram(s, out, report_make(out, head, &known->report), &from);
            break;
        case START: {
            struct burst *b = malloc(sizeof(*b));
            if (b == NULL)
                break;
            *b = (struct burst) { s, from, head };
            start_thread(burst_thread, b);
            break;
        }
        default:
            break;
        }
    }
    return NULL;
}

static void *connection_thread(void *argument)
{
    int s = *(int *)argument;
    struct head head;
    struct report r = { 0 };
    struct pattern *own = malloc(sizeof(*own));

    free(argument);
    if (own != NULL && receive_all(s, &head, HEAD) && head.magic == MAGIC) {
        pattern_make(own, head.session);
        if (head.kind == TCP_ECHO && send_all(s, &head, HEAD)) {
            static __thread uint8_t buffer[65536];
            ssize_t n;
            while ((n = recv(s, buffer, sizeof(buffer), 0)) > 0 && send_all(s, buffer, (size_t)n))
                ;
        } else if (head.kind == TCP_SEND) {
            if (take_stream(s, own, &r))
                send_all(s, &r, sizeof(r));
        } else if (head.kind == TCP_RECEIVE) {
            give_stream(s, own, head.argument[0], now_ns() + (int64_t)head.argument[1]);
        }
    }
    free(own);
    shutdown(s, SHUT_WR);
    uint8_t rest[256];
    time_limit(s, NS_PER_S);
    while (recv(s, rest, sizeof(rest), 0) > 0)
        ;
    close(s);
    return NULL;
}

static void *tcp_server(void *argument)
{
    int s = *(int *)argument;

    for (;;) {
        int *c = malloc(sizeof(*c));
        if (c == NULL)
            continue;
        *c = accept4(s, NULL, NULL, SOCK_CLOEXEC);
        if (*c < 0)
            free(c);
        else
            start_thread(connection_thread, c);
    }
    return NULL;
}

static void do_server(uint16_t port)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port) };
    int64_t seconds = seconds_word(words, "seconds", 0);
    static int udp, tcp;
    pthread_t thread;

    udp = socket_of(SOCK_DGRAM);
    tcp = socket_of(SOCK_STREAM);
    if (bind(udp, (struct sockaddr *)&here, sizeof(here)) != 0 ||
        bind(tcp, (struct sockaddr *)&here, sizeof(here)) != 0 || listen(tcp, 8) != 0)
        FINISH(false, "port %u: %s", port, strerror(errno));
    if (pthread_create(&thread, NULL, udp_server, &udp) != 0 || pthread_create(&thread, NULL, tcp_server, &tcp) != 0)
        FINISH(false, "no thread");
    printf("netcheck: server port=%u\n", port);
    fflush(stdout);
    if (seconds == 0)
        for (;;)
            pause();
    sleep_until(now_ns() + seconds);
    FINISH(true, "seconds=%.1f", seconds_of(seconds));
}

/* ---- client, datagrams ------------------------------------------------------------- */

static uint32_t session_id;
static size_t size_each;
static uint64_t count_all;
static int64_t end_ns, timeout_ns;

static bool more(uint64_t sent)
{
    return count_all != 0 ? sent < count_all : now_ns() < end_ns;
}

static void verdict(uint64_t sent, const struct report *r, uint64_t lost_allowed, int64_t took, const char *detail)
{
    uint64_t lost = sent > r->received ? sent - r->received : 0;
    bool ok = r->corrupted == 0 && r->received > 0 && lost <= lost_allowed;

    FINISH(ok, "sent=%" PRIu64 " received=%" PRIu64 " lost=%" PRIu64 " duplicated=%" PRIu64 " corrupted=%" PRIu64
           " reordered=%" PRIu64 " seconds=%.3f mbit=%.2f%s", sent, r->received, lost, r->duplicated, r->corrupted,
           r->reordered, seconds_of(took), rate_of(r->bytes, took) * 8, detail);
}

/* One answer; false: none in time. */
static bool take_answer(int s, int64_t until, struct head *head, struct report *r, int64_t *sent_at, uint32_t window)
{
    uint8_t in[2048];

    while (readable(s, until)) {
        ssize_t n = recv(s, in, sizeof(in), MSG_DONTWAIT);
        if (n < 0 && errno == ECONNREFUSED)
            FINISH(false, "nobody is at the port");
        if (n <= 0)
            continue;
        if (!datagram_read(in, (size_t)n, head)) {
            r->corrupted++;
            continue;
        }
        if (head->session != session_id)
            continue;
        r->bytes += (uint64_t)n;
        if (sent_at != NULL)
            latency_note(&latencies, now_ns() - sent_at[head->sequence % window]);
        return true;
    }
    return false;
}

static void do_echo(int s, uint32_t window)
{
    static int64_t sent_at[WINDOW_MOST];
    struct report r = { 0 };
    static struct seen seen;
    uint8_t out[DATAGRAM];
    uint64_t sent = 0, given_up = 0;
    int64_t start = now_ns();
    struct head head;
    char detail[80];

    if (window == 0 || window > WINDOW_MOST)
        FINISH(false, "window: 1 to %u", WINDOW_MOST);
    while (more(sent) || sent - given_up > r.received) {
        while (more(sent) && (int64_t)(sent - given_up - r.received) < (int64_t)window) {
            datagram_make(out, (struct head) { .kind = ECHO, .session = session_id, .sequence = (uint32_t)sent },
                          size_each);
            sent_at[sent % window] = now_ns();
            if (!send_datagram(s, out, size_each, NULL)) {
                if (errno == ECONNREFUSED)
                    FINISH(false, "nobody is at the port");
                FINISH(false, "send: %s", strerror(errno));
            }
            sent++;
        }
        if (take_answer(s, now_ns() + timeout_ns, &head, &r, sent_at, window))
            seen_note(&seen, head.sequence, &r);
        else
            given_up = sent - r.received;      /* what is under way will not come any more */
    }
    snprintf(detail, sizeof(detail), " p50=%.1f p99=%.1f max=%.1f us", latency_us(&latencies, 50),
             latency_us(&latencies, 99), (double)latencies.most / (double)NS_PER_US);
    verdict(sent, &r, number_of(words, "lost", 0), now_ns() - start, detail);
}

static void do_udp_send(int s, bool flood)
{
    uint64_t rate = number_of(words, "rate", 0) * 1000000, sent = 0, refused = 0;
    uint8_t out[DATAGRAM], in[2048];
    int64_t start = now_ns();
    struct report r = { 0 };

    for (; more(sent); sent++) {
        datagram_make(out, (struct head) { .kind = DATA, .session = session_id, .sequence = (uint32_t)sent }, size_each);
        if (rate != 0)
            sleep_until(start + (int64_t)((double)sent * (double)size_each * 8e9 / (double)rate));
        if (!send_datagram(s, out, size_each, NULL)) {
            if (!flood)
                FINISH(false, "send: %s", strerror(errno));
            refused++;
        }
    }
    int64_t took = now_ns() - start;
    if (flood)
        FINISH(true, "sent=%" PRIu64 " refused=%" PRIu64 " seconds=%.3f mbit=%.2f", sent, refused, seconds_of(took),
               rate_of(sent * size_each, took) * 8);

    /* The report, too, may be lost: ask again. */
    for (int tries = 0; tries < 10; tries++) {
        struct head head = { .kind = STOP, .session = session_id, .argument = { sent } };
        send_datagram(s, out, datagram_make(out, head, HEAD), NULL);
        while (readable(s, now_ns() + timeout_ns)) {
            ssize_t n = recv(s, in, sizeof(in), MSG_DONTWAIT);
            if (n == (ssize_t)(HEAD + sizeof(r)) && datagram_read(in, (size_t)n, &head) && head.kind == REPORT &&
                head.session == session_id) {
                memcpy(&r, in + HEAD, sizeof(r));
                verdict(sent, &r, number_of(words, "lost", UINT64_MAX), took, "");
            }
        }
    }
    FINISH(false, "sent=%" PRIu64 ", and no report", sent);
}

static void do_udp_receive(int s)
{
    uint64_t rate = number_of(words, "rate", 50) * 1000000;
    double seconds = seconds_of(seconds_word(words, "seconds", 5));
    uint64_t count = count_all != 0 ? count_all : (uint64_t)((double)rate * seconds / 8 / (double)size_each) + 1;
    struct head head = { .kind = START, .session = session_id, .size = (uint32_t)size_each, .argument = { count, rate } };
    uint8_t out[DATAGRAM];
    struct report r = { 0 };
    static struct seen seen;
    int64_t start = now_ns(), last = start;

    if (rate == 0 && count_all == 0)
        FINISH(false, "a rate, or a count");
    /* Asked once only: two of them would be two bursts. */
    send_datagram(s, out, datagram_make(out, head, HEAD), NULL);
    while (r.received < count && take_answer(s, now_ns() + timeout_ns, &head, &r, NULL, 1)) {
        last = now_ns();
        if (head.kind == DATA)
            seen_note(&seen, head.sequence, &r);
    }
    verdict(count, &r, number_of(words, "lost", UINT64_MAX), last - start, "");
}

/* ---- client, connections ------------------------------------------------------------- */

struct taker {
    int s;
    struct report report;
    bool ended;
};

static void *taker_thread(void *argument)
{
    struct taker *t = argument;

    t->ended = take_stream(t->s, &pattern, &t->report);
    return NULL;
}

static void tcp_verdict(uint64_t sent, const struct report *r, bool ended, int64_t took)
{
    FINISH(ended && r->corrupted == 0 && r->bytes == sent && sent != 0,
           "sent=%" PRIu64 " received=%" PRIu64 " corrupted=%" PRIu64 "%s seconds=%.3f mbit=%.2f", sent, r->bytes,
           r->corrupted, ended ? "" : " broken", seconds_of(took), rate_of(r->bytes, took) * 8);
}

static void do_tcp(int s, enum kind kind, bool plain)
{
    uint64_t bytes = number_of(words, "bytes", 0), sent = 0;
    struct head head = { .magic = MAGIC, .kind = (uint16_t)kind, .length = HEAD, .session = session_id };
    int64_t start = now_ns(), seconds = seconds_word(words, "seconds", 5);
    struct taker t = { .s = s };
    pthread_t thread;

    head.argument[0] = bytes;
    head.argument[1] = (uint64_t)seconds;
    if (!plain && !send_all(s, &head, HEAD))
        FINISH(false, "send: %s", strerror(errno));
    if (kind == TCP_RECEIVE) {
        shutdown(s, SHUT_WR);
        taker_thread(&t);
        tcp_verdict(bytes != 0 ? bytes : t.report.bytes, &t.report, t.ended, now_ns() - start);
    }
    if (kind == TCP_ECHO) {
        struct head answer;
        if (!plain && (!receive_all(s, &answer, HEAD) || memcmp(&answer, &head, HEAD) != 0))
            FINISH(false, "no echo");
        if (pthread_create(&thread, NULL, taker_thread, &t) != 0)
            FINISH(false, "no thread");
    }
    sent = give_stream(s, &pattern, bytes, end_ns);
    shutdown(s, SHUT_WR);
    if (kind == TCP_ECHO) {
        pthread_join(thread, NULL);
        tcp_verdict(sent, &t.report, t.ended, now_ns() - start);
    }
    t.ended = receive_all(s, &t.report, sizeof(t.report));
    tcp_verdict(sent, &t.report, t.ended, now_ns() - start);
}

/* ---- which ----------------------------------------------------------------------------- */

static int connect_to(const char *name, uint16_t port, int type)
{
    struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(port) };
    int s = socket_of(type);

    if (inet_pton(AF_INET, name, &there.sin_addr) != 1)
        FINISH(false, "%s is no address", name);
    if (type == SOCK_STREAM) {
        struct timeval t = { timeout_ns / NS_PER_S * 10 + 1, 0 };
        setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
    }
    if (connect(s, (struct sockaddr *)&there, sizeof(there)) != 0)
        FINISH(false, "%s port %u: %s", name, port, strerror(errno == EINPROGRESS ? ETIMEDOUT : errno));
    if (type == SOCK_STREAM)
        time_limit(s, 30 * NS_PER_S + timeout_ns);
    return s;
}

int main(int argc, char **argv)
{
    static const char *const known[] = { "port", "seconds", "size", "rate", "window", "count", "bytes", "lost",
                                         "timeout" };
    bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;

    signal(SIGPIPE, SIG_IGN);
    crc_start();
    what = argc > 1 ? argv[1] : "";
    bool server = strcmp(what, "server") == 0;
    if (asked || (!server && argc < 3)) {
        fputs(help, asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    words = argv + (server ? 2 : 3);
    check_words(words, known, ARRAY_SIZE(known));
    uint16_t port = (uint16_t)number_of(words, "port", PORT);
    if (server)
        do_server(port);

    bool latency = strcmp(what, "latency") == 0;
    size_each = number_of(words, "size", latency ? 64 : 1400);
    if (size_each < HEAD || size_each > DATAGRAM)
        FINISH(false, "size: %zu to %u", HEAD, DATAGRAM);
    count_all = number_of(words, "count", 0);
    timeout_ns = seconds_word(words, "timeout", 1);
    session_id = (uint32_t)mix((uint64_t)now_ns() ^ (uint64_t)getpid() << 32);
    pattern_make(&pattern, session_id);
    bool tcp = strncmp(what, "tcp-", 4) == 0;
    int s = connect_to(argv[2], port, tcp ? SOCK_STREAM : SOCK_DGRAM);
    end_ns = now_ns() + seconds_word(words, "seconds", 5);

    if (latency)
        do_echo(s, 1);
    else if (strcmp(what, "udp-echo") == 0)
        do_echo(s, (uint32_t)number_of(words, "window", 16));
    else if (strcmp(what, "udp-send") == 0)
        do_udp_send(s, false);
    else if (strcmp(what, "flood") == 0)
        do_udp_send(s, true);
    else if (strcmp(what, "udp-receive") == 0)
        do_udp_receive(s);
    else if (strcmp(what, "tcp-echo") == 0)
        do_tcp(s, TCP_ECHO, port == 7);
    else if (strcmp(what, "tcp-send") == 0)
        do_tcp(s, TCP_SEND, false);
    else if (strcmp(what, "tcp-receive") == 0)
        do_tcp(s, TCP_RECEIVE, false);
    fputs(help, stderr);
    return 2;
}
