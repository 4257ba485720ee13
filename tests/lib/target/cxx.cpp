// SPDX-License-Identifier: BSD-2-Clause
// A cell in C++: constructors, virtual functions, a template, static objects.
#include <libmv/libmv.h>

namespace {

class Service {
public:
    explicit Service(uint64_t base) : base_(base) { constructed++; }
    virtual ~Service() { }
    virtual uint64_t answer(uint64_t question) const { return base_ + question; }
    static uint64_t constructed;

private:
    uint64_t base_;
};
uint64_t Service::constructed;

class Doubler : public Service {
public:
    Doubler() : Service(100) { }
    uint64_t answer(uint64_t question) const override { return 2 * Service::answer(question); }
};

Doubler doubler;
const Service *const service = &doubler;

template <typename T> T larger(T a, T b)
{
    return a > b ? a : b;
}

} // namespace

int main()
{
    static Service local(1);
    mv_words w = { };
    uint64_t source;
    mv_status_t status = mv_wait(&w, &source);

    while (status == MV_OK) {
        w.w[0] = service->answer(w.w[0]);
        w.w[1] = larger(local.answer(1), Service::constructed);
        status = mv_reply_wait(&w, &source);
    }
    return 0;
}
