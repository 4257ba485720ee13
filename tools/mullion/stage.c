/* SPDX-License-Identifier: BSD-2-Clause */
#include "stage.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "mem.h"
#include "text.h"

/* Fixed storage: stage_abort() must work when memory has run out. */
static char target[PATH_MAX], staging[PATH_MAX];
/* Length of the longest leading part of target that was there before. */
static size_t target_old;
static bool is_open;
static VEC(const char *) files;
static VEC(const char *) strangers;

static _Noreturn void stage_fail(const char *doing, const char *path)
{
    diag_fatal("cannot %s %s: %s; expected a folder that can be written; choose another with -o", doing, path,
               strerror(errno));
}

static void make_directory(const char *path)
{
    if (mkdir(path, 0777) && errno != EEXIST)
        stage_fail("make", path);
}

/* Make the directories above the target, and remember which were new. */
static void make_parents(void)
{
    target_old = 0;
    for (size_t i = 1; target[i]; i++) {
        if (target[i] != '/')
            continue;
        target[i] = '\0';
        struct stat st;
        bool there = stat(target, &st) == 0;

        if (!there)
            make_directory(target);
        target[i] = '/';
        if (there)
            target_old = i;
    }
}

static void remove_parents(void)
{
    for (size_t i = strlen(target); i > target_old + 1; i--) {
        if (target[i - 1] != '/')
            continue;
        target[i - 1] = '\0';
        rmdir(target);
    }
}

void stage_open(const char *dir)
{
    if (dir) {
        size_t length = strlen(dir);

        while (length > 1 && dir[length - 1] == '/')
            length--;
        if (length == 0 || length + 16 > sizeof target)
            diag_fatal("the output folder's name is %zu characters long; expected 1 to %zu; choose another with -o",
                       length, sizeof target - 16);
        memcpy(target, dir, length);
        target[length] = '\0';
        struct stat st;

        if (stat(target, &st) == 0 && !S_ISDIR(st.st_mode))
            diag_fatal("%s is not a folder; expected one, or a new name; choose another with -o", target);
        make_parents();
        snprintf(staging, sizeof staging, "%.*s.XXXXXX", (int)(sizeof staging - 8), target);
    } else {
        const char *tmp = getenv("TMPDIR");

        target[0] = '\0';
        snprintf(staging, sizeof staging, "%.*s/mullion.XXXXXX", (int)(sizeof staging - 24), tmp && *tmp ? tmp : "/tmp");
    }
    if (!mkdtemp(staging))
        stage_fail("make", dir ? target : "a temporary folder");
    is_open = true;
}

const char *stage_dir(void)
{
    return staging;
}

const char *stage_path(const char *name)
{
    const char *slash = strchr(name, '/');

    if (slash)
        make_directory(mem_printf("%s/%.*s", staging, (int)(slash - name), name));
    return mem_printf("%s/%s", staging, name);
}

const char *stage_scratch(const char *name)
{
    const char *path = stage_path(name);

    return *vec_push(&strangers) = path;
}

void stage_adopt(const char *name)
{
    *vec_push(&files) = mem_copy_string(name, strlen(name));
}

void stage_write(const char *name, const void *bytes, size_t length)
{
    const char *path = stage_path(name);
    FILE *f = fopen(path, "wb");

    if (!f)
        stage_fail("write", path);
    bool ok = fwrite(bytes, 1, length, f) == length;

    if (fclose(f) || !ok)
        stage_fail("write", path);
    stage_adopt(name);
}

/* Remove a directory and what is in it. Uses no memory of ours. */
static void remove_tree(const char *path)
{
    char inner[PATH_MAX];
    DIR *d = opendir(path);

    if (d) {
        for (struct dirent *e; (e = readdir(d)) != NULL;) {
            if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
                continue;
            int n = snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);

            if (n > 0 && (size_t)n < sizeof inner && unlink(inner))
                remove_tree(inner);
        }
        closedir(d);
    }
    rmdir(path);
}

/* Remove what was made in the stage but is no output, such as object files. */
static void remove_strangers(void)
{
    for (size_t i = 0; i < strangers.count; i++)
        unlink(strangers.at[i]);
}

/* The target is new: it appears in one step. */
static bool commit_whole(void)
{
    mode_t mask = umask(0);

    umask(mask);
    if (chmod(staging, 0777 & ~mask))
        stage_fail("write", staging);
    return rename(staging, target) == 0;
}

struct move {
    const char *from, *to, *folder;     /* folder: to be made before, or NULL */
};

static void commit_files(const struct move *moves)
{
    for (size_t i = 0; i < files.count; i++) {
        if (moves[i].folder)
            make_directory(moves[i].folder);
        if (rename(moves[i].from, moves[i].to))
            stage_fail("write", moves[i].to);
    }
    remove_tree(staging);
}

void stage_commit(void)
{
    struct stat st;
    struct move *moves = mem_alloc(files.count * sizeof *moves);

    /* All that can run out of memory comes before the first change. */
    for (size_t i = 0; i < files.count; i++) {
        const char *slash = strchr(files.at[i], '/');

        moves[i] = (struct move){
            mem_printf("%s/%s", staging, files.at[i]), mem_printf("%s/%s", target, files.at[i]),
            slash ? mem_printf("%s/%.*s", target, (int)(slash - files.at[i]), files.at[i]) : NULL,
        };
    }
    remove_strangers();
    if (stat(target, &st) == 0 || !commit_whole()) {
        make_directory(target);
        commit_files(moves);
    }
    is_open = false;
}

void stage_abort(void)
{
    if (!is_open)
        return;
    is_open = false;
    remove_tree(staging);
    if (target[0])
        remove_parents();
}
