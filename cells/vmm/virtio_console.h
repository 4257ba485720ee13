/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio console (virtio 1.2, 5.3): one port, whose other end is the console. */
#pragma once

/* The console has more to read, or space. */
void virtio_console_event(void);
