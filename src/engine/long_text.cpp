#include "engine/long_text.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <new>
#include <utility>

#include "audio/join.h"
#include "support/error.h"
#include "text/splitter.h"

namespace chatterbox::engine {
namespace {

// Jobs in the order of their pieces. Those that are left when it goes are cancelled, and over.
class JobQueue {
 public:
  JobQueue() = default;
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;
  ~JobQueue() {
    for (const Job& job : jobs_) cancel(job);
    for (const Job& job : jobs_) {
      while (!job.wait_for(std::chrono::hours(1))) {
      }
    }
  }

  [[nodiscard]] size_t size() const { return jobs_.size(); }
  void push(Job job) { jobs_.push_back(std::move(job)); }
  // `is_cancelled` is asked again and again meanwhile.
  [[nodiscard]] const Result& wait_for_first(const std::function<bool()>& is_cancelled) const {
    constexpr std::chrono::milliseconds kInterval(50);
    while (is_cancelled && !jobs_.front().wait_for(kInterval)) {
      if (is_cancelled()) fail(Status::kCancelled, "is_cancelled asked to stop");
    }
    return jobs_.front().wait();
  }
  void pop() { jobs_.pop_front(); }

 private:
  // Without memory for a failure, a job runs to its end.
  static void cancel(const Job& job) noexcept {
    try {
      job.cancel();
    } catch (const std::bad_alloc&) {
    }
  }

  std::deque<Job> jobs_;
};

void add(const Timings& from, Timings& to) {
  to.queued += from.queued;
  to.text += from.text;
  to.prefill += from.prefill;
  to.decode += from.decode;
  to.flow += from.flow;
  to.vocoder += from.vocoder;
}

// Sums, and of what cannot be summed the worst. A piece's interventions have no step of the whole.
void add(const Result& from, Result& to) {
  to.seed = from.seed;
  to.audio.sample_rate = from.audio.sample_rate;
  if (from.finish_reason == FinishReason::kMaxTokens) to.finish_reason = from.finish_reason;
  to.text_tokens += from.text_tokens;
  to.speech_tokens += from.speech_tokens;
  to.decode_steps += from.decode_steps;
  add(from.timings, to.timings);
  to.quality.peak = std::max(to.quality.peak, from.quality.peak);
  to.quality.clipped_samples += from.quality.clipped_samples;
  to.quality.longest_repetition =
      std::max(to.quality.longest_repetition, from.quality.longest_repetition);
  if (from.quality.text_coverage) {
    to.quality.text_coverage =
        std::min(to.quality.text_coverage.value_or(1), *from.quality.text_coverage);
  }
}

// Hands samples out, or keeps them.
void give(const std::vector<float>& samples, const LongTextOptions& options, Result& result) {
  if (samples.empty()) return;
  if (options.on_samples) {
    options.on_samples(samples.data(), samples.size());
  } else {
    result.audio.samples.insert(result.audio.samples.end(), samples.begin(), samples.end());
  }
}

}  // namespace

Result speak_long_text(const Request& request, const LongTextOptions& options,
                       const LongTextMeans& means) {
  text::SplitOptions split;
  split.language = request.language;
  split.max_tokens = means.max_tokens;
  const text::SplitText text = text::split_text(request.text, split, means.count_tokens);
  if (text.pieces.empty()) fail(Status::kInvalidArgument, "text has nothing to speak but pauses");

  const auto start = std::chrono::steady_clock::now();
  Result result;
  audio::SpeechJoiner joiner({result.audio.sample_rate, options.pause});
  JobQueue jobs;
  size_t submitted = 0;
  for (size_t i = 0; i < text.pieces.size(); ++i) {
    for (; submitted < text.pieces.size() && jobs.size() < means.pieces_at_a_time; ++submitted) {
      Request piece = request;
      piece.text = text.pieces[submitted].text;
      jobs.push(means.submit(std::move(piece)));
    }
    const Result& spoken = jobs.wait_for_first(options.is_cancelled);
    add(spoken, result);
    give(joiner.push(spoken.audio.samples, text.pieces[i].pause_before), options, result);
    jobs.pop();
    if (options.on_piece) options.on_piece(i + 1, text.pieces.size());
  }
  give(joiner.finish(text.pause_after), options, result);
  result.timings.total =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace chatterbox::engine
