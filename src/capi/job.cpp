#include <chatterbox/job.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/jobs.h"
#include "capi/structs.h"
#include "capi/word.h"

using chatterbox::Job;
using chatterbox::capi::describe;
using chatterbox::capi::guard;
using chatterbox::capi::require;
using chatterbox::capi::waiting_time;

namespace {

constexpr int32_t kSampleRate = 24000;  // of all results: chatterbox_result_sample_rate()

chatterbox_chunk default_chunk() { return {}; }

}  // namespace

chatterbox_status chatterbox_job_wait(const chatterbox_job* job, int64_t timeout_ms,
                                      chatterbox_result** result) {
  if (result != nullptr) *result = nullptr;
  return guard([&]() -> chatterbox_status {
    require("result", result);
    require("job", job);
    if (!job->job.wait(waiting_time("timeout_ms", timeout_ms))) return CHATTERBOX_STATUS_TIMEOUT;
    *result = chatterbox::capi::wait_for_result(job->job);
    return CHATTERBOX_STATUS_OK;
  });
}

chatterbox_status chatterbox_jobs_wait_any(const chatterbox_job* const* jobs, uint64_t count,
                                           int64_t timeout_ms, uint64_t* index) {
  if (index != nullptr) *index = 0;
  return guard([&]() -> chatterbox_status {
    require("index", index);
    if (count > 0) require("jobs", jobs);
    std::vector<Job> all;
    for (uint64_t i = 0; i < count; ++i) {
      require("a job", jobs[i]);
      all.push_back(jobs[i]->job);
    }
    const auto found = chatterbox::wait_any(all, waiting_time("timeout_ms", timeout_ms));
    if (!found) return CHATTERBOX_STATUS_TIMEOUT;
    *index = *found;
    return CHATTERBOX_STATUS_OK;
  });
}

int32_t chatterbox_job_is_done(const chatterbox_job* job) {
  return job != nullptr && job->job.done() ? 1 : 0;
}

chatterbox_status chatterbox_job_get_error(const chatterbox_job* job, chatterbox_status* status,
                                           const char** message) {
  if (status != nullptr) *status = CHATTERBOX_STATUS_OK;
  if (message != nullptr) *message = "";
  return guard([&] {
    require("status", status);
    require("message", message);
    require("job", job);
    const std::lock_guard<std::mutex> lock(job->mutex);
    if (!job->failure) job->failure = job->job.failure();
    if (!job->failure) return;
    *status = static_cast<chatterbox_status>(job->failure->status);
    *message = job->failure->message.c_str();
  });
}

chatterbox_status chatterbox_job_feed(chatterbox_job* job, const char* text) {
  return guard([&] {
    require("job", job);
    require("text", text);
    job->job.feed(text);
  });
}

chatterbox_status chatterbox_job_flush(chatterbox_job* job) {
  return guard([&] {
    require("job", job);
    job->job.flush();
  });
}

chatterbox_status chatterbox_job_end(chatterbox_job* job) {
  return guard([&] {
    require("job", job);
    job->job.end();
  });
}

uint64_t chatterbox_job_tag(const chatterbox_job* job) {
  return job == nullptr ? 0 : job->job.tag();
}

chatterbox_status chatterbox_chunk_init(chatterbox_chunk* chunk, size_t size) {
  return guard([&] {
    require("chunk", chunk);
    chatterbox::capi::init_struct("chatterbox_chunk", default_chunk(), chunk, size);
  });
}

chatterbox_status chatterbox_job_next(chatterbox_job* job, int64_t timeout_ms,
                                      chatterbox_chunk* chunk) {
  return guard([&]() -> chatterbox_status {
    require("chunk", chunk);
    const size_t size = chunk->struct_size;
    chatterbox::capi::init_struct("chatterbox_chunk", default_chunk(), chunk, size);
    require("job", job);
    const auto next = job->job.next(waiting_time("timeout_ms", timeout_ms), job->chunk);
    if (next == Job::Next::kTimeout) return CHATTERBOX_STATUS_TIMEOUT;
    if (next == Job::Next::kEnd) return CHATTERBOX_STATUS_END_OF_STREAM;
    chatterbox_chunk filled = default_chunk();
    filled.sample_rate = kSampleRate;
    filled.samples = job->chunk.samples.data();
    filled.count = job->chunk.samples.size();
    filled.first_sample = static_cast<uint64_t>(job->chunk.first);
    filled.first_word = job->chunk.first_word;
    filled.word_count = job->chunk.words.size();
    chatterbox::capi::init_struct("chatterbox_chunk", filled, chunk, size);
    return CHATTERBOX_STATUS_OK;
  });
}

chatterbox_status chatterbox_job_get_word(const chatterbox_job* job, uint64_t index,
                                          chatterbox_word* word, size_t size) {
  return describe("word", "job", job, word, size,
                  [&] { return chatterbox::capi::to_struct(job->job.word(index)); });
}

chatterbox_status chatterbox_job_get_heard(const chatterbox_job* job, uint64_t samples,
                                           chatterbox_heard* heard, size_t size) {
  return describe("heard", "job", job, heard, size, [&] {
    std::optional<int64_t> asked;
    if (samples != UINT64_MAX) asked = static_cast<int64_t>(std::min<uint64_t>(samples, INT64_MAX));
    const chatterbox::Heard from = job->job.heard(asked);
    chatterbox_heard to{};
    to.samples = static_cast<uint64_t>(from.samples);
    to.pieces = from.pieces;
    to.text_end = from.text_end;
    return to;
  });
}

void chatterbox_job_cancel(chatterbox_job* job) {
  if (job == nullptr) return;
  // Where there is no memory for the reason, the job runs to its end.
  (void)guard([&] { job->job.cancel(); });
}

void chatterbox_job_destroy(chatterbox_job* job) { delete job; }
