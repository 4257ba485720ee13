/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What count.c uses of the interface that QEMU 7.2 offers to plugins, version 1
 * of it: names and types of functions that the QEMU program exports. The header
 * itself is not packaged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QEMU_PLUGIN_VERSION    1
#define QEMU_PLUGIN_CB_NO_REGS 0    /* a callback looks at no register */

typedef uint64_t qemu_plugin_id_t;
struct qemu_info;                   /* what the machine is: not looked at */
struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void qemu_plugin_tb_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void qemu_plugin_executed(unsigned cpu, void *data);

/* What a plugin is: QEMU looks for these two. */
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_tb_translated *fn);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
/* Where it lies in QEMU's own memory. */
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_executed *fn, int flags,
                                            void *data);
