/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

#include "box.h"
#include "cell.h"

int main(void)
{
    BOX->fragile++;
    __asm__ volatile("udf #1");
    BOX->fragile += 100;      /* nobody may let it get here */
    return 0;
}
