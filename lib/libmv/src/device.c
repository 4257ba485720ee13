/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/device.h>
#include <libmv/string.h>

int mv_device_is(const struct mv_device_config *device, const char *model)
{
    size_t length = strlen(model);
    const char *at = device->compatible;

    while (at != NULL && *at != '\0') {
        const char *end = strchr(at, ' ');
        size_t size = end != NULL ? (size_t)(end - at) : strlen(at);

        if (size == length && memcmp(at, model, length) == 0)
            return 1;
        at = end != NULL ? end + 1 : NULL;
    }
    return 0;
}
