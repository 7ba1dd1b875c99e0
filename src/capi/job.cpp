#include <chrono>

#include "capi/guard.h"
#include "capi/handles.h"

using chatterbox::capi::guard;
using chatterbox::capi::require;

chatterbox_status chatterbox_job_wait(const chatterbox_job* job, chatterbox_result** result) {
  if (result != nullptr) *result = nullptr;
  return guard([&] {
    require("result", result);
    require("job", job);
    *result = chatterbox::capi::wait_for_result(job->job);
  });
}

chatterbox_status chatterbox_job_wait_for(const chatterbox_job* job, uint64_t milliseconds,
                                          int32_t* done) {
  if (done != nullptr) *done = 0;
  return guard([&] {
    require("done", done);
    require("job", job);
    using std::chrono::nanoseconds;
    constexpr uint64_t kNanoseconds = 1000000;
    const auto most = static_cast<uint64_t>(nanoseconds::max().count());
    const bool forever = milliseconds > most / kNanoseconds;  // 292 years
    const auto timeout = static_cast<int64_t>(forever ? most : milliseconds * kNanoseconds);
    *done = job->job.wait_for(nanoseconds(timeout)) ? 1 : 0;
  });
}

int32_t chatterbox_job_done(const chatterbox_job* job) {
  return job != nullptr && job->job.done() ? 1 : 0;
}

void chatterbox_job_cancel(chatterbox_job* job) {
  if (job == nullptr) return;
  // Where there is no memory for the reason, the worker still finds that the job was cancelled.
  (void)guard([&] { job->job.cancel(); });
}

void chatterbox_job_destroy(chatterbox_job* job) { delete job; }
