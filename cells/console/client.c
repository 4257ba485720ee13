/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <stdarg.h>

#include <libmv/channel.h>
#include <libmv/print.h>
#include <libmv/string.h>
#include <libmv/time.h>

#include "output.h"

/*
 * What each client may send per turn and per tick. One that floods is cut to
 * CREDIT per TICK, so that neither the others nor the cells of lower priority
 * on this core starve; a serial line takes ten times less.
 */
#define TURN_BYTES  256u
#define CREDIT      1024u
#define TICK_NS     (10 * MV_MS)
#define TURNS_MAX   32u                    /* per call of clients_serve() */
#define STALE_NS    (300 * MV_MS)          /* an unfinished line is shown after this */
#define NAME_MAX    32u
#define PART_BYTES  16u                    /* taken from a client at once */

/* The most that a part, and the prompt after it, can put on the screen: a
 * prompt erased byte by byte, a long line, a tag per byte, the prompt again. */
#define LINE_ROOM   (5 * CLIENT_LINE + 3 * NAME_MAX + 32 + PART_BYTES * (NAME_MAX + 6))

struct client {
    const char *name;
    struct mv_channel channel;
    char     tag[NAME_MAX];
    char     line[CLIENT_LINE];    /* the unfinished line */
    size_t   length;
    size_t   printed;              /* of it, already printed as a line of its own */
    size_t   shown;                /* bytes on the screen, if it is the prompt */
    size_t   same;                 /* of those, how many are still right */
    uint8_t  last;                 /* byte before the next one */
    bool     returned;             /* a carriage return came: other than a line's end, text writes over the line */
    enum { PLAIN, ESCAPE, SEQUENCE } mode;   /* of an escape sequence, what has come */
    uint32_t credit;
    uint64_t changed;              /* when the unfinished line last grew */
};

static struct client clients[CLIENTS_MAX];
static unsigned count, keyboard, turn;
static bool prompt_on_screen;      /* the keyboard client's line is where the cursor is */
static uint64_t next_tick;

static char own_text[1024];        /* the console's own lines on their way */
static size_t own_head, own_tail;

/* ---- the screen -------------------------------------------------------- */

static void screen_tag(const struct client *c)
{
    output_put("[", 1);
    output_put_string(c->tag);
    output_put("] ", 2);
}

/* Take the prompt away, to draw it again later. */
static void screen_clear_prompt(void)
{
    struct client *c = &clients[keyboard];

    if (!prompt_on_screen)
        return;
    /* A line that may have been wrapped by the terminal cannot be erased. */
    if (c->shown + strlen(c->tag) > 70)
        output_put("\r\n", 2);
    else
        output_put("\r\033[K", 4);
    prompt_on_screen = false;
    c->shown = c->same = 0;
}

static void screen_draw_prompt(void)
{
    struct client *c = &clients[keyboard];

    if (prompt_on_screen) {
        for (; c->shown > c->same; c->shown--)
            output_put("\b \b", 3);
    } else if (c->length > 0) {
        screen_tag(c);
        prompt_on_screen = true;
    } else {
        return;
    }
    output_put(c->line + c->shown, c->length - c->shown);
    c->shown = c->same = c->length;
}

/* The line is complete, or as long as lines may be. */
static void screen_line(struct client *c)
{
    if (prompt_on_screen && c == &clients[keyboard]) {
        screen_draw_prompt();
        prompt_on_screen = false;
        output_put("\r\n", 2);
    } else if (c->length > c->printed || c->printed == 0) {
        screen_clear_prompt();
        screen_tag(c);
        output_put(c->line + c->printed, c->length - c->printed);
        output_put("\r\n", 2);
    }
    c->length = c->printed = c->shown = c->same = 0;
}

/* An unfinished line of one without keyboard has waited long enough. */
static void screen_stale(struct client *c)
{
    screen_clear_prompt();
    screen_tag(c);
    output_put(c->line + c->printed, c->length - c->printed);
    output_put("\r\n", 2);
    c->printed = c->length;
}

/* ---- what clients send -------------------------------------------------- */

/* Whatever could move the cursor or change the terminal's state is shown as
 * '?': no cell may write into another one's line. */
static bool is_harmless(uint8_t byte, uint8_t last)
{
    if (last == 0xc2 && byte >= 0x80 && byte < 0xa0)
        return false;
    return byte >= 0x20 && byte != 0x7f;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void client_shorten(struct client *c, size_t length)
{
    c->length = length;
    c->printed = smaller(c->printed, length);
    c->same = smaller(c->same, length);
}

/* Escape sequences that editors of lines send (ESC [ ... letter) are left out
 * whole. False if the byte belongs to none. */
static bool client_escape(struct client *c, uint8_t byte)
{
    if (c->mode == SEQUENCE) {
        c->mode = byte >= 0x20 && byte < 0x40 ? SEQUENCE : PLAIN;
        return byte >= 0x20 && byte < 0x7f;
    }
    if (c->mode == ESCAPE && byte == '[') {
        c->mode = SEQUENCE;
        return true;
    }
    c->mode = byte == 0x1b ? ESCAPE : PLAIN;
    return byte == 0x1b;
}

static void client_byte(struct client *c, uint8_t byte)
{
    uint8_t last = c->last;

    c->last = byte;
    if (client_escape(c, byte) || byte == '\a')
        return;
    if (byte == '\r') {
        c->returned = true;
        return;
    }
    if (byte == '\n') {
        c->returned = false;
        screen_line(c);
        return;
    }
    if (c->returned)
        client_shorten(c, 0);
    c->returned = false;
    if (byte == '\b') {
        client_shorten(c, c->length - (c->length > 0));
        return;
    }
    if (c->length == CLIENT_LINE)
        screen_line(c);
    c->line[c->length++] = byte == '\t' ? ' ' : is_harmless(byte, last) ? (char)byte : '?';
}

static size_t own_read(uint8_t *to, size_t size)
{
    size_t n;

    for (n = 0; n < size && own_tail != own_head; n++)
        to[n] = (uint8_t)own_text[own_tail++ % sizeof(own_text)];
    return n;
}

/* Take a client's text while there is room for what a part of it can become.
 * False if there was nothing. */
static bool client_turn(struct client *c)
{
    uint8_t bytes[PART_BYTES];
    size_t done = 0, part, limit = TURN_BYTES < c->credit ? TURN_BYTES : c->credit;

    while (done < limit && output_room() >= LINE_ROOM) {
        part = limit - done < sizeof(bytes) ? limit - done : sizeof(bytes);
        part = c == &clients[0] ? own_read(bytes, part)
                                : mv_channel_read_try(&c->channel, bytes, part);
        if (part == 0)
            break;
        for (size_t i = 0; i < part; i++)
            client_byte(c, bytes[i]);
        done += part;
        output_drain();
    }
    if (done > 0) {
        c->credit -= (uint32_t)done;
        c->changed = mv_time_ns();
    }
    return done > 0;
}

static void tick(uint64_t now)
{
    if (now < next_tick)
        return;
    next_tick = now + TICK_NS;
    for (unsigned i = 0; i < count; i++)
        clients[i].credit = CREDIT;
}

static bool client_has_more(struct client *c)
{
    return c == &clients[0] ? own_head != own_tail : mv_channel_ready(&c->channel) > 0;
}

/* When an unfinished line must be shown; 0: there is none. */
static uint64_t client_stale_at(unsigned i)
{
    const struct client *c = &clients[i];

    return i == keyboard || c->length <= c->printed ? 0 : c->changed + STALE_NS;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

uint64_t clients_serve(void)
{
    uint64_t now = mv_time_ns(), back = 0;
    unsigned idle = 0;

    tick(now);
    output_drain();
    for (unsigned turns = 0; idle < count && turns < TURNS_MAX; turns++) {
        if (output_room() < LINE_ROOM)
            return back;               /* the UART's interrupt continues it */
        turn = (turn + 1) % count;
        idle = client_turn(&clients[turn]) ? 0 : idle + 1;
    }
    for (unsigned i = 0; i < count && output_room() >= LINE_ROOM; i++) {
        uint64_t stale = client_stale_at(i);

        if (stale != 0 && stale <= now)
            screen_stale(&clients[i]);
        else
            back = earlier(back, stale);
        /* Only one whose channel was found empty raises a vIRQ for its next byte. */
        if (clients[i].credit == 0)
            back = earlier(back, next_tick);
        else if (idle < count || client_has_more(&clients[i]))
            back = earlier(back, now);
    }
    if (output_room() >= LINE_ROOM)
        screen_draw_prompt();
    output_drain();
    return back;
}

/* ---- the keyboard ------------------------------------------------------- */

unsigned keyboard_client(void)
{
    return keyboard;
}

void keyboard_give(unsigned client)
{
    screen_clear_prompt();
    keyboard = client;
    clients[client].printed = 0;
    console_say("keyboard: %s", clients[client].name);
}

bool keyboard_type(uint8_t byte)
{
    return keyboard != 0 && mv_channel_write_try(&clients[keyboard].channel, &byte, 1) == 1;
}

/* ---- the rest ----------------------------------------------------------- */

void console_say(const char *format, ...)
{
    char text[CLIENT_LINE];
    va_list list;
    size_t length;

    va_start(list, format);
    length = mv_vformat(text, sizeof(text) - 1, format, list);
    va_end(list);
    if (length > sizeof(text) - 2)
        length = sizeof(text) - 2;
    text[length++] = '\n';
    if (sizeof(own_text) - (own_head - own_tail) < length)
        return;
    for (size_t i = 0; i < length; i++)
        own_text[own_head++ % sizeof(own_text)] = text[i];
}

/* Two channels to the same cell are told apart by their own names. */
static void client_set_tag(struct client *c, const struct mv_channel_config *config)
{
    unsigned same = 0;

    for (uint32_t i = 0; i < mv_cell.channel_count; i++)
        same += mv_cell.channels[i].kind == MV_CHANNEL_BYTES &&
                strcmp(mv_cell.channels[i].peer, config->peer) == 0;
    if (same > 1)
        (void)mv_format(c->tag, sizeof(c->tag), "%s/%s", config->peer, config->name);
    else
        (void)mv_format(c->tag, sizeof(c->tag), "%s", config->peer);
    c->name = c->tag;
}

void clients_start(void)
{
    (void)mv_copy_string(clients[0].tag, mv_cell.name, sizeof(clients[0].tag));
    clients[0].name = clients[0].tag;
    count = 1;
    for (uint32_t i = 0; i < mv_cell.channel_count && count < CLIENTS_MAX; i++) {
        const struct mv_channel_config *config = &mv_cell.channels[i];

        if (config->kind != MV_CHANNEL_BYTES ||
            mv_channel_open(&clients[count].channel, config) != MV_OK)
            continue;
        client_set_tag(&clients[count++], config);
    }
}

unsigned clients_count(void)
{
    return count;
}

const char *client_name(unsigned client)
{
    return clients[client].name;
}

unsigned client_line(unsigned client)
{
    return clients[client].channel.config->line;
}
