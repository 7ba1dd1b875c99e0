// A request on its way, as callers hold it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/request.h"
#include "engine/result.h"
#include "support/failure.h"

namespace chatterbox {

// Samples that a streamed job hands out.
struct Chunk {
  std::vector<float> samples;  // mono, 24 kHz
  int64_t first = 0;           // index of the first of them in all of the speech
  double seconds = 0;          // that they last
  // With word_times: those that end with them. Of all words, the first of them is `first_word`.
  std::vector<Word> words = {};
  size_t first_word = 0;
};

// How far somebody has heard a job's speech.
struct Heard {
  int64_t samples = 0;
  size_t pieces = 0;    // of a long text, or the one text: those that were heard to their end
  size_t text_end = 0;  // bytes of the text that were heard to their end, by pieces and by words
};

// Copies share the job. Dropping every copy does not cancel it, unless its samples are read: nobody
// could do that any more. Every function may be called from any thread; on the engine's own threads
// those that would wait throw kInvalidArgument.
class Job {
 public:
  class State;
  explicit Job(std::shared_ptr<State> state);

  [[nodiscard]] uint64_t tag() const;
  [[nodiscard]] bool done() const;
  // False: not done in time.
  [[nodiscard]] bool wait(std::chrono::milliseconds timeout) const;
  // Waits for the end, and until on_done has returned: no callback is called any more.
  void wait_until_told() const;
  // Waits for the end. Throws what ended the job. The result lives as long as a copy of the job.
  [[nodiscard]] const Result& result() const;
  // What ended the job; nothing where it is not done, or succeeded. Never waits.
  [[nodiscard]] std::optional<Failure> failure() const;
  void cancel() const;  // takes effect within one decode step or one Euler step

  // Of a job of Engine::open(): text that follows what it has, whole characters of UTF-8. Where
  // sentences are complete, they are spoken.
  void feed(std::string_view text) const;
  void flush() const;  // what it has is spoken now, as if another sentence followed
  void end() const;    // no more text comes

  // What was heard with so many of the samples that next() gave or on_audio got; unset: with all.
  // The samples of other jobs are in their result, and nothing of them was heard.
  [[nodiscard]] Heard heard(std::optional<int64_t> samples = std::nullopt) const;
  // One of the words that were handed out so far.
  [[nodiscard]] Word word(size_t index) const;

  // The next samples of a job that streams without on_audio; to be called by one thread at a time.
  enum class Next { kChunk, kEnd, kTimeout };
  // kEnd: there are no more, and the job has succeeded. Throws what ended the job otherwise, and
  // kInvalidArgument where the job is another.
  [[nodiscard]] Next next(std::chrono::milliseconds timeout, Chunk& chunk) const;

  [[nodiscard]] const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;  // never null
};

// Waits until one of the jobs is done, and gives its index; the lowest where there are several.
// Nothing: none was done in time. kInvalidArgument where there are no jobs.
[[nodiscard]] std::optional<size_t> wait_any(const std::vector<Job>& jobs,
                                             std::chrono::milliseconds timeout);

}  // namespace chatterbox
