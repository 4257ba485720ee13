/* SPDX-License-Identifier: BSD-2-Clause */
#include "kit.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diag.h"
#include "mem.h"
#include "text.h"

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *kit_root(void)
{
    static const char *root;
    /* Installed; in the build tree. */
    static const char *const places[] = { "../share/mullion", "../kit" };
    char exe[PATH_MAX];

    if (root)
        return root;
    const char *home = getenv("MULLION_HOME");

    if (home && *home) {
        if (!is_directory(mem_printf("%s/boards", home)))
            diag_fatal("MULLION_HOME is %s, which has no folder \"boards\"; expected the kit's folder; correct or unset it",
                       home);
        return root = mem_copy_string(home, strlen(home));
    }
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

    if (n <= 0)
        diag_fatal("cannot find out where this program lies; expected /proc; set MULLION_HOME to the kit's folder");
    exe[n] = '\0';
    char *bin = text_dirname(exe);

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *place = mem_printf("%s/%s", bin, places[i]);

        if (is_directory(mem_printf("%s/boards", place))) {
            char *real = realpath(place, NULL);

            root = real ? mem_copy_string(real, strlen(real)) : place;
            free(real);
            return root;
        }
    }
    diag_fatal("there is no kit near %s; expected ../share/mullion beside it; install again or set MULLION_HOME", bin);
}

char *kit_path(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    char *name = mem_vprintf(format, ap);
    va_end(ap);
    return mem_printf("%s/%s", kit_root(), name);
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Folders below the one given. */
static const char *const *folder_names(const char *path)
{
    VEC(const char *) names = { 0 };
    DIR *d = opendir(path);

    if (d) {
        for (struct dirent *e; (e = readdir(d)) != NULL;)
            if (e->d_name[0] != '.' && is_directory(mem_printf("%s/%s", path, e->d_name)))
                *vec_push(&names) = mem_copy_string(e->d_name, strlen(e->d_name));
        closedir(d);
    }
    if (names.count)
        qsort(names.at, names.count, sizeof *names.at, name_compare);
    *vec_push(&names) = NULL;
    return names.at;
}

const char *const *kit_boards(void)
{
    return folder_names(kit_path("boards"));
}

const char *const *kit_cells(void)
{
    return folder_names(kit_path("cells"));
}
