/* SPDX-License-Identifier: BSD-2-Clause */
#include <libvirtio/device.h>

#include <libmv/string.h>

/* What of a part is meant: from `*offset` in all parts on, `length` at most. The
 * offset becomes that behind the part. */
static size_t parts_step(const struct vio_part *part, uint64_t *offset, size_t length, uint8_t **at)
{
    uint64_t skip = *offset < part->length ? *offset : part->length;
    size_t here = (size_t)(part->length - skip);

    *offset -= skip;
    *at = part->at + skip;
    return here < length ? here : length;
}

size_t vio_parts_get(const struct vio_part *part, uint32_t count, uint64_t offset, void *to, size_t length)
{
    size_t done = 0;
    uint8_t *at;

    for (uint32_t i = 0; i < count && done < length; i++) {
        size_t here = parts_step(&part[i], &offset, length - done, &at);

        memcpy((uint8_t *)to + done, at, here);
        done += here;
    }
    return done;
}

size_t vio_parts_put(const struct vio_part *part, uint32_t count, uint64_t offset, const void *from, size_t length)
{
    size_t done = 0;
    uint8_t *at;

    for (uint32_t i = 0; i < count && done < length; i++) {
        size_t here = parts_step(&part[i], &offset, length - done, &at);

        memcpy(at, (const uint8_t *)from + done, here);
        done += here;
    }
    return done;
}
