// Jobs, which are requests in progress. Include <chatterbox/chatterbox.hpp>, not this file.
#ifndef CHATTERBOX_CPP_JOB_HPP
#define CHATTERBOX_CPP_JOB_HPP

#include <chatterbox/cpp/callbacks.hpp>
#include <chatterbox/cpp/core.hpp>
#include <chatterbox/cpp/result.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chatterbox {
inline namespace abi1 {

// Samples of a streamed job, valid until the next samples are requested.
struct Chunk {
  Samples samples;
  int32_t sample_rate = 0;  // Hz
  uint64_t first = 0;       // index of the first of them in the whole speech
  // With Request::word_times: those that end with the samples.
  std::vector<Word> words = {};
};

// How far the speech was heard: see chatterbox_heard.
using Heard = chatterbox_heard;

class Chunks;

// A request in progress. Copies share it. Destroying all copies cancels it only if it was submitted
// with `stream`, or opened for text and not ended. Functions that block throw kInvalidArgument in a
// callback.
class Job {
 public:
  // Takes over a handle of the C interface.
  explicit Job(chatterbox_job* handle,
               std::shared_ptr<const detail::JobCallbacks> callbacks = nullptr)
      : handle_(handle, chatterbox_job_destroy), callbacks_(std::move(callbacks)) {}

  // Blocks until the job is done; throws the error that ended it, if any. May be called again.
  [[nodiscard]] Result wait() const {
    chatterbox_result* result = nullptr;
    check(chatterbox_job_wait(handle(), CHATTERBOX_FOREVER, &result));
    return Result(result);
  }
  // Blocks until the job is done, at most `timeout`. Returns nothing if it is not done yet.
  [[nodiscard]] std::optional<Result> wait_for(std::chrono::milliseconds timeout) const {
    chatterbox_result* result = nullptr;
    const chatterbox_status status = chatterbox_job_wait(handle(), timeout.count(), &result);
    check(status);
    if (status == CHATTERBOX_STATUS_TIMEOUT) return std::nullopt;
    return Result(result);
  }
  [[nodiscard]] bool done() const noexcept { return chatterbox_job_is_done(handle()) == 1; }
  // The error that ended the request; nothing if it is not done or succeeded. Never waits.
  [[nodiscard]] std::optional<Error> error() const {
    chatterbox_status status = CHATTERBOX_STATUS_OK;
    const char* message = nullptr;
    detail::check(chatterbox_job_get_error(handle(), &status, &message));
    if (status == CHATTERBOX_STATUS_OK) return std::nullopt;
    return Error(static_cast<Status>(status), thrown(status).empty() ? message : thrown(status));
  }
  [[nodiscard]] uint64_t tag() const noexcept { return chatterbox_job_tag(handle()); }
  // Takes effect within one decode step or one Euler step.
  void cancel() const noexcept { chatterbox_job_cancel(handle()); }

  // Of a job of ChatterboxEngine::open(): see chatterbox_job_feed(). `text`: whole characters of
  // UTF-8.
  void feed(const std::string& text) const {
    detail::check(chatterbox_job_feed(handle(), detail::c_string("text", text)));
  }
  void flush() const { detail::check(chatterbox_job_flush(handle())); }
  void end() const { detail::check(chatterbox_job_end(handle())); }

  // The next samples of a job that was submitted with `stream`. kEndOfStream: there are no more,
  // and the job has succeeded; kTimeout: there are none yet. Only one thread at a time may call it.
  [[nodiscard]] Status next(std::chrono::milliseconds timeout, Chunk& chunk) const {
    auto from = detail::get<chatterbox_chunk>(chatterbox_chunk_init);
    const chatterbox_status status = chatterbox_job_next(handle(), timeout.count(), &from);
    check(status);
    chunk = {{from.samples, static_cast<size_t>(from.count)}, from.sample_rate, from.first_sample};
    for (uint64_t i = 0; i < from.word_count; ++i) chunk.words.push_back(word(from.first_word + i));
    return static_cast<Status>(status);
  }
  // One of the words that were handed out so far, with Request::word_times.
  [[nodiscard]] Word word(uint64_t index) const {
    return detail::get<Word>([&](Word* word, size_t size) {
      return chatterbox_job_get_word(handle(), index, word, size);
    });
  }
  // How far the speech was heard by somebody who has heard so many of its samples; by default, all
  // that next() returned or on_audio received. Also after cancel().
  [[nodiscard]] Heard heard(uint64_t samples = UINT64_MAX) const {
    return detail::get<Heard>([&](Heard* heard, size_t size) {
      return chatterbox_job_get_heard(handle(), samples, heard, size);
    });
  }
  // for (const Chunk& chunk : job.chunks()): all chunks, as they come.
  [[nodiscard]] Chunks chunks() const;

  [[nodiscard]] chatterbox_job* handle() const noexcept { return handle_.get(); }

 private:
  // What a callback threw, if that ended the job with `status`.
  [[nodiscard]] std::string thrown(chatterbox_status status) const {
    const bool cancelled = status == CHATTERBOX_STATUS_CANCELLED;
    return cancelled && callbacks_ ? callbacks_->thrown() : std::string();
  }
  void check(chatterbox_status status) const {
    if (callbacks_) {
      detail::check(status, callbacks_->thrown());
    } else {
      detail::check(status);
    }
  }

  std::shared_ptr<chatterbox_job> handle_;                 // null only once moved from
  std::shared_ptr<const detail::JobCallbacks> callbacks_;  // null if there are none
};

// The chunks of a job, for one pass.
class Chunks {
 public:
  explicit Chunks(Job job) : job_(std::move(job)) {}

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Chunk;
    using difference_type = std::ptrdiff_t;
    using pointer = const Chunk*;
    using reference = const Chunk&;

    Iterator() = default;  // the end
    explicit Iterator(const Job* job) : job_(job) { ++*this; }
    reference operator*() const { return chunk_; }
    pointer operator->() const { return &chunk_; }
    Iterator& operator++() {
      if (job_->next(kForever, chunk_) == Status::kEndOfStream) job_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const Iterator& other) const { return job_ == other.job_; }
    bool operator!=(const Iterator& other) const { return job_ != other.job_; }

   private:
    const Job* job_ = nullptr;
    Chunk chunk_;
  };

  [[nodiscard]] Iterator begin() const { return Iterator(&job_); }
  [[nodiscard]] Iterator end() const { return Iterator(); }

 private:
  Job job_;
};

inline Chunks Job::chunks() const { return Chunks(*this); }

// Blocks until one of the jobs is done, at most `timeout`, and returns its index, the lowest if
// several are done. Returns nothing if none is done yet.
[[nodiscard]] inline std::optional<size_t> wait_any(const std::vector<Job>& jobs,
                                                    std::chrono::milliseconds timeout = kForever) {
  std::vector<const chatterbox_job*> handles;
  handles.reserve(jobs.size());
  for (const Job& job : jobs) handles.push_back(job.handle());
  uint64_t index = 0;
  const chatterbox_status status =
      chatterbox_jobs_wait_any(handles.data(), handles.size(), timeout.count(), &index);
  detail::check(status);
  if (status == CHATTERBOX_STATUS_TIMEOUT) return std::nullopt;
  return static_cast<size_t>(index);
}

}  // namespace abi1
}  // namespace chatterbox

#endif  // CHATTERBOX_CPP_JOB_HPP
