/* SPDX-License-Identifier: BSD-2-Clause */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOARD_DEFAULT "virt-gicv3"
#define VERSION "0.1"

/* Options a command takes, as letters. */
struct command_info {
    const char *name, *options, *usage, *help;
};
static const struct command_info commands[] = {
    [COMMAND_CHECK] = { "check", "b", "mullion check SYSTEM.dts [--board BOARD]",
        "Read the description and say everything that is wrong with it, one line for\n"
        "each error: FILE:LINE: error: what was found; expected what; do what.\n"
        "Exit status 1 when there was an error. Nothing is written.\n" },
    [COMMAND_BUILD] = { "build", "bo", "mullion build SYSTEM.dts -o DIR [--board BOARD]",
        "Check, compile the cells, lay out memory and write to DIR:\n"
        "  system.elf    the whole system, for QEMU, a debugger or bootelf\n"
        "  system.img    the same as an arm64 Image, for U-Boot, UEFI or QEMU\n"
        "  CELL.elf      each cell's program with its symbols\n"
        "  CELL/cell.h   names of the cell's capabilities, lines and addresses\n"
        "  report.txt    what \"mullion report\" prints\n"
        "When anything is wrong, nothing is written.\n" },
    [COMMAND_REPORT] = { "report", "b", "mullion report SYSTEM.dts [--board BOARD]",
        "Print the memory map, who may talk to whom, devices and owners, priorities\n"
        "and ceilings, and the kernel memory of each cell. Writes no file.\n" },
    [COMMAND_RUN] = { "run", "bocnq", "mullion run SYSTEM.dts [--board BOARD] [-o DIR] [--cpu CPU] [--cores N] [--qemu-arg ARG]... [-- ARG...]",
        "Build into DIR (default build/NAME-BOARD) and start the system in QEMU with\n"
        "the console attached. Ctrl-A, then X, ends QEMU. While it runs \"mullion top\" and\n"
        "\"mullion trace\" look at it by the socket DIR/qmp (QEMU's QMP).\n"
        "  --cpu CPU        another CPU, such as cortex-a72, cortex-a76 or max\n"
        "  --cores N        cores of the machine, at least those of the system\n"
        "  --qemu-arg ARG   one more argument for QEMU, as it is; may be repeated\n"
        "  -- ARG...        all that follows is for QEMU, as it is, such as\n"
        "                   -- -drive if=none,id=disk,format=raw,file=disk.img\n" },
    [COMMAND_TRACE] = { "trace", "fom", "mullion trace [DIR] [-o FILE] [--memory FILE]",
        "Write what the running system of folder DIR has recorded in its trace as a\n"
        "timeline, which ui.perfetto.dev and chrome://tracing open. DIR is where it was\n"
        "built; without it, the one below build/ that runs.\n"
        "  -o FILE          where to; without it DIR/trace.json; - is standard output\n"
        "  --memory FILE    look there instead: RAM from its beginning, or an ELF core,\n"
        "                   as QEMU's pmemsave and dump-guest-memory write them\n"
        "What is recorded say \"trace-size\" and \"trace-classes\" of the description.\n" },
    [COMMAND_TOP] = { "top", "f1", "mullion top [DIR] [--once]",
        "Show each second what each vCPU of the running system of folder DIR does, until\n"
        "it ends. DIR is where it was built; without it, the one below build/ that runs.\n"
        "  --once           one table of one second, and no more\n"
        "The time of a call counts for its caller.\n" },
    [COMMAND_HEADERS] = { "headers", "bo", "mullion headers SYSTEM.dts -o DIR [--board BOARD]",
        "Write only the generated files, CELL/cell.h and CELL/cell_config.c: for cells\n"
        "that another build system compiles.\n" },
    [COMMAND_BOARDS] = { "boards", "", "mullion boards", "List the boards that --board can name.\n" },
    [COMMAND_VERSION] = { "version", "", "mullion version", "Print the version of the tool, the table and the ABI.\n" },
    [COMMAND_HELP] = { "help", "", "mullion help [COMMAND]", "Explain a command.\n" },
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static const struct option_info {
    char letter;
    const char *name, *value;           /* value NULL: it has none */
} option_table[] = {
    { 'b', "--board", "a board's name" },
    { 'o', "-o", "a folder" },
    { 'o', "--output", "a folder" },
    { 'c', "--cpu", "a CPU's name" },
    { 'n', "--cores", "a number" },
    { 'q', "--qemu-arg", "an argument for QEMU" },
    { 'm', "--memory", "a file" },
    { '1', "--once", NULL },
};
enum { OPTION_COUNT = sizeof option_table / sizeof *option_table };

void args_version(void)
{
    printf("mullion %s (system table %d, ABI %d)\n", VERSION, MV_SYSTAB_VERSION, MV_ABI_VERSION);
}

void args_help(const char *topic)
{
    for (size_t i = 0; topic && i < COMMAND_COUNT; i++)
        if (!strcmp(commands[i].name, topic)) {
            printf("Usage: %s\n\n%s", commands[i].usage, commands[i].help);
            if (strchr(commands[i].options, 'b'))
                printf("\nThe board is %s when --board does not say otherwise.\n", BOARD_DEFAULT);
            return;
        }
    printf("mullion builds systems of secure cells from one description.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        printf("  %s\n", commands[i].usage);
    printf("\n\"mullion help COMMAND\" says more. The description's language is in docs/description.md.\n"
           "\nEnvironment:\n"
           "  MULLION_HOME       the kit, when it does not lie beside the program\n"
           "  MULLION_CC         C compiler with options (aarch64-linux-gnu-gcc)\n"
           "  MULLION_CXX        C++ compiler with options (aarch64-linux-gnu-g++)\n"
           "  MULLION_QEMU       QEMU with options (qemu-system-aarch64)\n"
           "  MULLION_GUESTS     folders with the files of virtual machines, separated by colons\n"
           "  SOURCE_DATE_EPOCH  seconds since 1970: fixes what virtual machines begin with\n");
}

static _Noreturn void unknown_command(const char *word)
{
    const char *names[COMMAND_COUNT + 1] = { NULL };

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *near = diag_nearest(word, names);

    if (near)
        diag_fatal("unknown command \"%s\"; expected one that \"mullion --help\" lists; did you mean \"%s\"?", word, near);
    diag_fatal("unknown command \"%s\"; expected one that \"mullion --help\" lists; correct it", word);
}

static _Noreturn void unknown_option(const struct command_info *c, const char *word)
{
    const char *names[OPTION_COUNT + 1] = { NULL };
    size_t count = 0;

    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strchr(c->options, option_table[i].letter))
            names[count++] = option_table[i].name;
    const char *near = diag_nearest(word, names);

    if (near)
        diag_fatal("unknown option \"%s\"; expected one of \"mullion %s\"; did you mean \"%s\"?", word, c->name, near);
    diag_fatal("unknown option \"%s\"; expected one of \"mullion %s\"; see \"mullion help %s\"", word, c->name, c->name);
}

static enum command command_parse(const char *word)
{
    if (!strcmp(word, "--help") || !strcmp(word, "-h"))
        return COMMAND_HELP;
    if (!strcmp(word, "--version") || !strcmp(word, "-V"))
        return COMMAND_VERSION;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(commands[i].name, word))
            return (enum command)i;
    unknown_command(word);
}

/* The option a word begins: "--board" or "--board=...". */
static const struct option_info *option_find(const struct command_info *c, const char *word)
{
    size_t length = !strncmp(word, "--", 2) ? strcspn(word, "=") : strlen(word);

    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(option_table[i].name) == length && !strncmp(option_table[i].name, word, length) &&
            strchr(c->options, option_table[i].letter))
            return &option_table[i];
    unknown_option(c, word);
}

static uint32_t number_parse(const char *option, const char *value)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);

    if (!*value || *end || n < 1 || n > 512)
        diag_fatal("\"%s\" is \"%s\"; expected 1 to 512; choose a number in this range", option, value);
    return (uint32_t)n;
}

static void option_set(struct options *o, const struct option_info *i, const char *value)
{
    switch (i->letter) {
    case 'b': o->board = value; break;
    case 'o': o->output = value; break;
    case 'c': o->run.cpu = value; break;
    case 'n': o->run.cores = number_parse(i->name, value); break;
    case 'q': args_add(&o->run.more, value); break;
    case 'm': o->observe.memory = value; break;
    case '1': o->observe.once = true; break;
    }
}

/* What the command cannot do without. */
static void check_complete(const struct options *o, const struct command_info *c)
{
    if (strchr(c->options, 'b') && !o->path)
        diag_fatal("\"mullion %s\" has no description; expected a file; write: %s", c->name, c->usage);
    if (!o->output && (o->command == COMMAND_BUILD || o->command == COMMAND_HEADERS))
        diag_fatal("\"mullion %s\" has no output folder; expected one; add -o DIR", c->name);
}

struct options args_parse(int argc, char **argv)
{
    struct options o = { .command = COMMAND_HELP, .board = BOARD_DEFAULT };

    if (argc < 2)
        return o;
    o.command = command_parse(argv[1]);
    const struct command_info *c = &commands[o.command];

    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];

        if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
            o.topic = c->name;
            o.command = COMMAND_HELP;
            return o;
        }
        if (!strcmp(word, "--") && strchr(c->options, 'q')) {
            while (++i < argc)
                args_add(&o.run.more, argv[i]);
            break;
        }
        if (word[0] == '-' && word[1]) {
            const struct option_info *info = option_find(c, word);
            const char *equals = !strncmp(word, "--", 2) ? strchr(word, '=') : NULL;

            if (!info->value && equals)
                diag_fatal("option \"%s\" has a value; expected none; leave it out", word);
            if (!info->value) {
                option_set(&o, info, NULL);
                continue;
            }
            if (!equals && i + 1 >= argc)
                diag_fatal("option \"%s\" has no value; expected %s; add it", word, info->value);
            option_set(&o, info, equals ? equals + 1 : argv[++i]);
        } else if (o.command == COMMAND_HELP && !o.topic) {
            command_parse(word);
            o.topic = word;
        } else if (strchr(c->options, 'b') && !o.path) {
            o.path = word;
        } else if (strchr(c->options, 'f') && !o.observe.folder) {
            o.observe.folder = word;
        } else {
            diag_fatal("\"%s\" is one word too many; expected %s; remove it", word, c->usage);
        }
    }
    o.observe.output = o.output;
    check_complete(&o, c);
    return o;
}
