/* SPDX-License-Identifier: BSD-2-Clause */
#include <libmv/libmv.h>

int main(void)
{
    uint64_t *data = (uint64_t *)mv_message_data();
    struct mv_words w;
    uint64_t source;
    mv_status_t st = mv_wait(&w, &source);

    for (;;) {
        uint32_t size = MV_SOURCE_SIZE(source);
        size_t words = size == MV_SIZE_EXTENDED ? 256 : size == MV_SIZE_FULL ? 32 : 0;

        for (int i = 0; i < MV_MESSAGE_WORDS; i++)
            w.w[i] = ~w.w[i];
        for (size_t i = 0; i < words; i++)
            data[i] = ~data[i];
        st = st == MV_OK ? mv_reply_wait_flags(&w, &source, size, 0) : mv_wait(&w, &source);
    }
}
