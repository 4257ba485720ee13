/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in memory that another side reads or writes at any time: each is accessed
 * once, where the program says so. */
#pragma once

#define SHARED_READ(place)          __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define SHARED_WRITE(place, value)  __atomic_store_n(&(place), value, __ATOMIC_RELAXED)
