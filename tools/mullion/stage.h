/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output files appear all together or not at all: they are written to a
 * directory beside the wanted one and moved into it by stage_commit().
 */
#pragma once

#include <stddef.h>

/* Begin to build the contents of dir (NULL: a temporary one that is never
 * committed). */
void stage_open(const char *dir);
/* Where a file of this name (which may have one directory part) is staged. */
const char *stage_path(const char *name);
/* The same for a file that is needed on the way but is no output. */
const char *stage_scratch(const char *name);
const char *stage_dir(void);
/* Stage a whole file. */
void stage_write(const char *name, const void *bytes, size_t length);
/* A file that another program made in the stage: part of the output. */
void stage_adopt(const char *name);
/* Move everything into place. */
void stage_commit(void);
/* Remove what is staged; nothing to do when there is no stage. */
void stage_abort(void);
