/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/watch.h>

/* Four buckets from each power of two to the next; 0 to 3 have one each. */
unsigned mv_histogram_bucket(uint64_t ns)
{
    unsigned power, bucket;

    if (ns < 4)
        return (unsigned)ns;
    power = 63u - (unsigned)__builtin_clzll(ns);
    bucket = (power - 1) * 4 + (unsigned)(ns >> (power - 2) & 3);
    return bucket < MV_HISTOGRAM_BUCKETS ? bucket : MV_HISTOGRAM_BUCKETS - 1;
}

uint64_t mv_histogram_from(unsigned bucket)
{
    if (bucket < 4)
        return bucket;
    if (bucket >= MV_HISTOGRAM_BUCKETS)
        bucket = MV_HISTOGRAM_BUCKETS - 1;
    return (uint64_t)(4 + bucket % 4) << (bucket / 4 - 1);
}

uint64_t mv_histogram_quantile(const struct mv_histogram *h, uint64_t millionths)
{
    uint64_t seen = 0, wanted;

    if (h->count == 0)
        return 0;
    if (millionths > 1000000)
        millionths = 1000000;
    /* Rounded up, without a product that is too large. */
    wanted = h->count / 1000000 * millionths + (h->count % 1000000 * millionths + 999999) / 1000000;
    for (unsigned i = 0; i + 1 < MV_HISTOGRAM_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= wanted && seen != 0) {
            uint64_t end = mv_histogram_from(i + 1) - 1;

            return end < h->max ? end : h->max;
        }
    }
    return h->max;
}
