/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything a native cell uses: one header for all. A cell is an ELF program
 * that the host tool links at a fixed address. It starts in main() on its
 * vCPU 0 and in mv_main() on its other vCPUs.
 */
#pragma once

#include <libmv/calls.h>
#include <libmv/channel.h>
#include <libmv/config.h>
#include <libmv/device.h>
#include <libmv/loop.h>
#include <libmv/message.h>
#include <libmv/print.h>
#include <libmv/prompt.h>
#include <libmv/start.h>
#include <libmv/string.h>
#include <libmv/time.h>
#include <libmv/upcall.h>
#include <libmv/watch.h>
