/* SPDX-License-Identifier: BSD-2-Clause */
#include "program.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elffile.h"
#include "headers.h"
#include "kit.h"
#include "plan.h"
#include "proc.h"
#include "stage.h"
#include "text.h"

const char *program_compiler(void)
{
    const char *cc = getenv("MULLION_CC");

    return cc && *cc ? cc : "aarch64-linux-gnu-gcc";
}

static const char *cxx_compiler(void)
{
    const char *cxx = getenv("MULLION_CXX");

    return cxx && *cxx ? cxx : "aarch64-linux-gnu-g++";
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);

    return n > m && !strcmp(name + n - m, suffix);
}

static bool is_cxx(const char *name)
{
    return has_suffix(name, ".cpp") || has_suffix(name, ".cc") || has_suffix(name, ".cxx");
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The sources of a library cell, sorted. */
static void library_sources(struct cell *c)
{
    const char *folder = kit_path("cells/%s", c->program);
    DIR *d = opendir(folder);

    if (d) {
        for (struct dirent *e; (e = readdir(d)) != NULL;)
            if (has_suffix(e->d_name, ".c") || has_suffix(e->d_name, ".S") || is_cxx(e->d_name))
                *vec_push(&c->sources) = mem_printf("%s/%s", folder, e->d_name);
        closedir(d);
    }
    if (c->sources.count == 0)
        diag_error(node_at(c->node, "program"), "the library cell \"%s\" has no sources; expected them in the kit; install again",
                   c->program);
    else
        qsort(c->sources.at, c->sources.count, sizeof *c->sources.at, name_compare);
}

/* The result must not depend on where the files lie. */
static void add_prefix_maps(struct args *a, const struct cell *c)
{
    char here[PATH_MAX];

    if (getcwd(here, sizeof here))
        args_add(a, mem_printf("-ffile-prefix-map=%s=.", here));
    if (strcmp(c->dir, "."))
        args_add(a, mem_printf("-ffile-prefix-map=%s/=", c->dir));
    args_add(a, mem_printf("-ffile-prefix-map=%s=kit", kit_path(".")));
    args_add(a, mem_printf("-ffile-prefix-map=%s=generated", stage_dir()));
}

static void add_compile_options(struct args *a, const struct cell *c, bool cxx)
{
    args_add_words(a, "-O2 -g -Wall -Wextra -ffreestanding -fno-stack-protector -fno-pic -fno-pie -ffunction-sections "
                      "-fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-common -march=armv8-a "
                      "-mno-outline-atomics -mfix-cortex-a53-835769");
    args_add_words(a, cxx ? "-std=c++17 -fno-exceptions -fno-rtti -fno-threadsafe-statics" : "-std=gnu11");
    if (!c->fp)
        args_add(a, "-mgeneral-regs-only");
    const char *folders[] = { mem_printf("%s/%s", stage_dir(), c->name), kit_path("include"), kit_path("lib/include"),
                              kit_path("cells"), c->program ? kit_path("cells/%s", c->program) : NULL };

    for (size_t i = 0; i < sizeof folders / sizeof *folders && folders[i]; i++) {
        args_add(a, "-I");
        args_add(a, folders[i]);
    }
    add_prefix_maps(a, c);
    for (size_t i = 0; i < c->cflags.count; i++)
        if (!strncmp(c->cflags.at[i], "-D", 2))
            args_add(a, c->cflags.at[i]);
        else
            args_add_words(a, c->cflags.at[i]);
}

/* Run a compiler or linker; its own words go to the user as they are. */
static bool run_tool(struct args *a, const struct cell *c, const char *property, const char *file)
{
    struct proc_result r = proc_run(a, "", 0);

    if (r.status == 127 && !r.err.length)
        diag_fatal("cannot start %s; expected the cross compiler; install gcc-aarch64-linux-gnu or set MULLION_CC", a->list.at[0]);
    if (r.err.length)
        fwrite(r.err.at, 1, r.err.length, stderr);
    if (r.status)
        diag_error(node_at(c->node, property), "cell \"%s\" does not build: \"%s\" was rejected; expected it to compile and link; see the compiler's message above",
                   c->name, file);
    return r.status == 0;
}

static const char *compile(const struct cell *c, const char *source, size_t number)
{
    struct args a = { 0 };
    const char *object = stage_scratch(mem_printf("%s/%zu.o", c->name, number));

    args_add_words(&a, is_cxx(source) ? cxx_compiler() : program_compiler());
    add_compile_options(&a, c, is_cxx(source));
    args_add(&a, "-c");
    args_add(&a, source);
    args_add(&a, "-o");
    args_add(&a, object);
    return run_tool(&a, c, c->program ? "program" : "sources", source) ? object : NULL;
}

static void link_program(struct cell *c, const char *const *objects, size_t count)
{
    struct args a = { 0 };

    c->elf_path = stage_path(mem_printf("%s.elf", c->name));
    args_add_words(&a, program_compiler());
    args_add_words(&a, "-nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096 "
                       "-Wl,-z,noexecstack -Wl,--fix-cortex-a53-843419 -Wl,-u,mv_recover -T");
    args_add(&a, kit_path("lib/cell.ld"));
    for (size_t i = 0; i < count; i++)
        args_add(&a, objects[i]);
    /* Each uses those behind it. The network stack is not in every kit. */
    static const char *const libraries[] = { "liblwip.a", "libnet.a", "libvirtio.a", "libmv.a" };

    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (text_file_exists(kit_path("lib/%s", libraries[i])))
            args_add(&a, kit_path("lib/%s", libraries[i]));
    args_add(&a, "-o");
    args_add(&a, c->elf_path);
    if (!run_tool(&a, c, c->program ? "program" : "sources", mem_printf("%s.elf", c->name)))
        c->elf_path = NULL;
    else
        stage_adopt(mem_printf("%s.elf", c->name));
}

static void build_program(struct cell *c)
{
    VEC(const char *) objects = { 0 };
    bool good = true;

    if (c->program)
        library_sources(c);
    if (c->sources.count == 0)
        return;
    for (const struct config *g = headers_configs; g->file; g++)
        if (g->has(c))
            *vec_push(&c->sources) = stage_path(mem_printf("%s/%s", c->name, g->file));
    for (size_t i = 0; i < c->sources.count; i++) {
        const char *object = compile(c, c->sources.at[i], i);

        good = good && object;
        *vec_push(&objects) = object;
    }
    if (good)
        link_program(c, objects.at, objects.count);
}

void program_make_all(struct system *s)
{
    for (size_t i = 0; i < s->cells.count; i++) {
        struct cell *c = s->cells.at[i];

        if (c->image)
            c->elf_path = c->image;
        else if (!model_is_guest(c))
            build_program(c);
        if (!c->elf_path)
            continue;
        size_t before = c->loads.count;

        elf_read_program(c);
        if (c->image && c->elf.length)
            stage_write(mem_printf("%s.elf", c->name), c->elf.at, c->elf.length);
        if (c->loads.count > before)
            plan_program(s, c);
    }
    diag_stop_if_failed();
}
