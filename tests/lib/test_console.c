/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the console shows: its client side with channels, clock and UART
 * replaced. The screen is interpreted as a terminal would.
 */
#include <stdlib.h>
#include <string.h>

#include <libmv/channel.h>
#include <libmv/time.h>

#include "client.h"
#include "fault.h"
#include "output.h"
#include "test.h"

/* ---- the replaced world ----------------------------------------------------- */

#define CLIENTS 3

static const struct mv_channel_config channels[CLIENTS + 1] = {
    { .name = "console", .peer = "one" },
    { .name = "console", .peer = "two" },
    { .name = "log", .peer = "three" },
    { .name = "trace", .peer = "three" },
};
static const struct mv_peer_config peers[] = { { 0x10002, 2, "faults", "two" } };

const struct mv_cell_config mv_cell = {
    .name = "console", .channel_count = CLIENTS + 1, .channels = channels,
    .peer_count = 1, .peers = peers,
};

static struct {
    char text[70000];
    size_t head, tail;
    char typed[16];
    size_t typed_length;
} wire[CLIENTS + 1];
static uint64_t now_ns;
static char raw[200000];           /* what went to the UART */
static size_t raw_length, raw_room;

static size_t wire_of(const struct mv_channel *c)
{
    return (size_t)(c->config - channels);
}

mv_status_t mv_channel_open(struct mv_channel *c, const struct mv_channel_config *config)
{
    c->config = config;
    return MV_OK;
}

size_t mv_channel_read_try(struct mv_channel *c, void *bytes, size_t size)
{
    size_t i = wire_of(c), n = wire[i].head - wire[i].tail;

    n = n < size ? n : size;
    memcpy(bytes, wire[i].text + wire[i].tail, n);
    wire[i].tail += n;
    return n;
}

size_t mv_channel_write_try(struct mv_channel *c, const void *bytes, size_t size)
{
    size_t i = wire_of(c);

    if (wire[i].typed_length + size > sizeof(wire[i].typed))
        return 0;
    memcpy(wire[i].typed + wire[i].typed_length, bytes, size);
    wire[i].typed_length += size;
    return size;
}

uint32_t mv_channel_ready(struct mv_channel *c)
{
    return (uint32_t)(wire[wire_of(c)].head - wire[wire_of(c)].tail);
}

uint64_t mv_time_ns(void)
{
    return now_ns;
}

size_t output_room(void)
{
    return raw_room;
}

void output_put(const char *bytes, size_t size)
{
    CHECK(size <= raw_room);       /* whoever puts has asked for room */
    CHECK(raw_length + size <= sizeof(raw));
    memcpy(raw + raw_length, bytes, size);
    raw_length += size;
    raw_room -= size;
}

void output_put_string(const char *s)
{
    output_put(s, strlen(s));
}

void output_drain(void)
{
}

/* ---- helpers ------------------------------------------------------------------- */

static void send(size_t client, const char *text)
{
    size_t n = strlen(text);

    memcpy(wire[client].text + wire[client].head, text, n);
    wire[client].head += n;
}

/* Each case starts with an empty screen and no unfinished lines. */
static void begin(void)
{
    memset(wire, 0, sizeof(wire));
    raw_length = 0;
    raw_room = 4096;
    now_ns += MV_S;
    clients_start();
    keyboard_give(1);
    for (size_t i = 0; i <= CLIENTS; i++)
        send(i, "\n");
    (void)clients_serve();
    raw_length = 0;
    raw_room = 4096;
}

/* The screen: complete lines, then the unfinished one after "$". */
static const char *screen(void)
{
    static char text[200000];
    size_t line = 0, length = 0, end = 0;

    for (size_t i = 0; i < raw_length; i++) {
        if (raw[i] == '\033') {
            CHECK(i + 2 < raw_length && memcmp(raw + i, "\033[K", 3) == 0);
            end = length;
            i += 2;
        } else if (raw[i] == '\r') {
            length = line;
        } else if (raw[i] == '\b') {
            length -= length > line;
        } else if (raw[i] == '\n') {
            text[end++] = '\n';
            line = length = end;
        } else {
            text[length++] = raw[i];
            end = length > end ? length : end;
        }
    }
    memmove(text + line + 1, text + line, end - line);
    text[line] = '$';
    /* What a backspace left to the right of the cursor is blank. */
    while (end > line && text[end] == ' ' && end >= length + 1)
        end--;
    text[end + 1] = '\0';
    return text;
}

static void shows(const char *want)
{
    const char *have = screen();

    if (strcmp(have, want) != 0)
        printf("the screen is\n%s\n, not\n%s\n", have, want);
    CHECK(strcmp(have, want) == 0);
}

/* ---- cases ---------------------------------------------------------------------- */

void console_tags_lines(void)
{
    begin();
    send(0, "first\r\nsecond\n");
    send(1, "other\n");
    (void)clients_serve();
    shows("[one] first\n[one] second\n[two] other\n$");
    send(0, "hal");
    (void)clients_serve();
    send(0, "f\n\n");
    (void)clients_serve();
    shows("[one] first\n[one] second\n[two] other\n[one] half\n[one] \n$");
}

void console_keeps_the_prompt(void)
{
    begin();
    send(0, "> ");
    (void)clients_serve();
    shows("$[one] > ");
    send(0, "ab");
    (void)clients_serve();
    shows("$[one] > ab");
    send(1, "interrupts\n");
    (void)clients_serve();
    shows("[two] interrupts\n$[one] > ab");
    send(0, "\b \bx");
    (void)clients_serve();
    shows("[two] interrupts\n$[one] > ax");
    send(0, "\n");
    (void)clients_serve();
    shows("[two] interrupts\n[one] > ax\n$");
    send(0, "\b\b\b\bq\n");                        /* cannot eat the tag */
    (void)clients_serve();
    shows("[two] interrupts\n[one] > ax\n[one] q\n$");
}

void console_shows_stale_text(void)
{
    uint64_t back;

    begin();
    send(1, "half ");
    back = clients_serve();
    shows("$");
    CHECK(back > now_ns && back <= now_ns + MV_S);
    now_ns = back;
    (void)clients_serve();
    shows("[two] half \n$");
    send(1, "done\n");
    (void)clients_serve();
    shows("[two] half \n[two] done\n$");
}

void console_filters_escapes(void)
{
    begin();
    send(1, "\033[2J[one] lie\n\x01\x7f\t\xc3\xa9\xc2\x9b!\n");
    (void)clients_serve();
    shows("[two] [one] lie\n[two] ?? \xc3\xa9\xc2?!\n$");
    begin();
    send(1, "a\033[1;31mb\033[m\033]0;c\033\033[6nd\033[12\ne\033");     /* whole, another kind, cut short */
    send(1, "\n[f\n");
    (void)clients_serve();
    shows("[two] ab]0;cd\n[two] e\n[two] [f\n$");
}

/* As BusyBox edits a line: history, erasing, asking where the cursor is. */
void console_returns_to_the_start(void)
{
    begin();
    send(0, "box # \033[6n");
    (void)clients_serve();
    send(0, "ab\b\033[Jc\r\nac\r\nbox # \033[6n");
    (void)clients_serve();
    shows("[one] box # ac\n[one] ac\n$[one] box # ");
    send(0, "\rbox # echo ac\033[J");
    (void)clients_serve();
    shows("[one] box # ac\n[one] ac\n$[one] box # echo ac");
    send(0, "\r\n");
    (void)clients_serve();
    send(1, "10 %\r20 %\r\r\n\rend\n");
    (void)clients_serve();
    shows("[one] box # ac\n[one] ac\n[one] box # echo ac\n[two] 20 %\n[two] end\n$");
}

void console_flood_leaves_room(void)
{
    size_t lines = 0;

    begin();
    for (int i = 0; i < 1000; i++)
        send(1, "a line that somebody prints again and again, and again\n");
    for (int tick = 0; tick < 5; tick++) {
        uint64_t back = 0;

        raw_length = 0;
        for (int i = 0; i < 100 && back <= now_ns; i++) {
            raw_room = 4096;
            back = clients_serve();
        }
        raw_room = 4096;
        for (size_t i = 0; i < raw_length; i++)
            lines += raw[i] == '\n';
        CHECK(back > now_ns);                      /* rests until the next tick */
        send(0, "me too\n");
        (void)clients_serve();
        CHECK(strstr(screen(), "[one] me too\n") != NULL);
        now_ns = back;
    }
    CHECK(lines > 50 && lines < 150);
}

/* A channel that was not found empty raises no vIRQ for its next byte: whose
 * credit ends with its last byte is looked at again. */
void console_comes_back_after_the_credit(void)
{
    uint64_t back = 0;

    begin();
    now_ns += MV_S;
    for (int i = 0; i < 64; i++)
        send(1, "fifteen letters\n");
    for (int i = 0; i < 16 && back <= now_ns; i++) {
        raw_room = 4096;
        back = clients_serve();
    }
    CHECK(back > now_ns && back <= now_ns + 10 * MV_MS);
}

/* Nothing is put without room, and nothing is lost. */
void console_waits_for_the_uart(void)
{
    char want[4000] = "";

    begin();
    for (int i = 0; i < 40; i++) {
        char line[40];

        snprintf(line, sizeof(line), "line %d\n", i);
        send(1, line);
        strcat(want, "[two] ");
        strcat(want, line);
    }
    strcat(want, "$");
    for (int i = 0; i < 2000; i++) {
        now_ns += MV_MS;
        raw_room = raw_room < 2048 ? raw_room + 37 : 2048;
        (void)clients_serve();
    }
    shows(want);
}

/* The shortest lines need the most room for their tags. */
void console_has_room_for_many_lines(void)
{
    size_t lines = 0;

    begin();
    send(0, "a prompt of some length, with something typed into it> abcdefghijklmnopqrstuvwxyz");
    for (int i = 0; i < 500; i++)
        send(3, "\n");
    for (int i = 0; i < 100; i++) {
        now_ns += MV_MS;
        raw_room = 2048;
        (void)clients_serve();
    }
    for (size_t i = 0; i < raw_length; i++)
        lines += raw[i] == '\n';
    CHECK(lines >= 500 && wire[3].tail == wire[3].head);
}

void console_cuts_long_lines(void)
{
    size_t longest = 0, from = 0;

    begin();
    for (int i = 0; i < 60; i++)
        send(1, "0123456789");
    send(1, "\n");
    for (int i = 0; i < 10; i++) {
        raw_room = 4096;
        (void)clients_serve();
    }
    for (size_t i = 0; i < raw_length; i++)
        if (raw[i] == '\n') {
            longest = i - from > longest ? i - from : longest;
            from = i;
        }
    CHECK(longest > CLIENT_LINE && longest < CLIENT_LINE + 16);
    CHECK(raw_length > 600 && raw_length < 680);
}

void console_names_channels(void)
{
    begin();
    send(2, "x\n");
    send(3, "y\n");
    (void)clients_serve();
    shows("[three/log] x\n[three/trace] y\n$");
}

void console_moves_the_keyboard(void)
{
    begin();
    send(0, "one> ");
    send(1, "two> ");
    (void)clients_serve();
    shows("$[one] one> ");
    CHECK(keyboard_type('a') && wire[0].typed_length == 1 && wire[0].typed[0] == 'a');
    keyboard_give(2);
    (void)clients_serve();
    shows("[console] keyboard: two\n$[two] two> ");
    CHECK(keyboard_type('b') && wire[1].typed_length == 1 && wire[0].typed_length == 1);
    keyboard_give(1);
    (void)clients_serve();
    shows("[console] keyboard: two\n[console] keyboard: one\n$[one] one> ");
    for (int i = 0; i < 15; i++)
        CHECK(keyboard_type('c'));
    CHECK(!keyboard_type('d'));
    send(0, "\n");
    send(1, "\n");
    (void)clients_serve();
}

void console_reports_faults(void)
{
    struct mv_words w = { { MV_FAULT_WRITE, 0x10154, 0x8000, 0x92000046, 2, 0 } };

    begin();
    CHECK(fault_call(NULL, 0x10002, MV_SIZE_SHORT, &w) == MV_SIZE_SHORT);
    CHECK(w.w[0] == MV_FAULT_STOP);
    w = (struct mv_words){ { MV_FAULT_UNDEFINED, 0x10154, 0, 0x2000000, 7, 1 } };
    CHECK(fault_call(NULL, 99, MV_SIZE_SHORT, &w) == MV_SIZE_SHORT);
    (void)clients_serve();
    shows("[console] cell two stopped: write to 0x8000 at pc 0x10154 (syndrome 0x92000046)\n"
          "[console] cell #7, vCPU 1, stopped: undefined instruction at pc 0x10154 (syndrome "
          "0x2000000)\n$");
}
