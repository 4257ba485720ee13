/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#define arch_check_failed() panic(__FILE_NAME__ ":" TEXT(__LINE__))
#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)
