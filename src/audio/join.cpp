#include "audio/join.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "audio/limits.h"
#include "support/error.h"

namespace chatterbox::audio {
namespace {

constexpr double kMaxPause = 10;

void check(const char* name, double value, double most) {
  if (value >= 0 && value <= most) return;
  fail(Status::kInvalidArgument, "{} must be in [0, {}] s, got {}", name, most, value);
}

// The weight of sample `i` of a fade in, of `count` samples. That of a fade out is the one of
// sample count - 1 - i; their squares add up to 1.
float weight(size_t i, size_t count) {
  constexpr double kQuarterTurn = 1.5707963267948966;
  return static_cast<float>(
      std::sin((static_cast<double>(i) + 0.5) / static_cast<double>(count) * kQuarterTurn));
}

// The last `count` samples.
void fade_out(std::vector<float>& samples, size_t count) {
  const size_t begin = samples.size() - count;
  for (size_t i = 0; i < count; ++i) samples[begin + i] *= weight(count - 1 - i, count);
}

}  // namespace

SpeechJoiner::SpeechJoiner(const JoinOptions& options) : options_(options) {
  if (options.sample_rate < 1 || options.sample_rate > kMaxSampleRate) {
    fail(Status::kInvalidArgument, "sample_rate must be in [1, {}] Hz, got {}", kMaxSampleRate,
         options.sample_rate);
  }
  check("pause", options.pause, kMaxPause);
  check("fade", options.fade, 1);
}

size_t SpeechJoiner::samples_of(double seconds) const {
  return static_cast<size_t>(std::llround(seconds * options_.sample_rate));
}

std::vector<float> SpeechJoiner::push(const std::vector<float>& wave,
                                      std::optional<double> pause_before) {
  begin(pause_before);
  std::vector<float> ready = add(wave);
  const std::vector<float> rest = end();
  ready.insert(ready.end(), rest.begin(), rest.end());
  return ready;
}

void SpeechJoiner::begin(std::optional<double> pause_before) {
  const double pause = pause_before.value_or(first_ ? 0 : options_.pause);
  check("pause_before", pause, kMaxPause);
  silence_ = samples_of(pause);
  head_.clear();
  fade_.reset();
}

std::vector<float> SpeechJoiner::add(const std::vector<float>& samples) {
  if (fade_) {
    std::vector<float> ready = std::exchange(tail_, {});
    ready.insert(ready.end(), samples.begin(), samples.end());
    return all_but_tail(std::move(ready), *fade_);
  }
  head_.insert(head_.end(), samples.begin(), samples.end());
  const size_t fade = samples_of(options_.fade);
  return head_.size() < 2 * fade ? std::vector<float>() : join(std::exchange(head_, {}), fade);
}

std::vector<float> SpeechJoiner::end() {
  if (fade_) return {};
  if (head_.empty()) fail(Status::kInvalidArgument, "a wave must have samples, got none");
  const size_t fade = head_.size() / 2;
  return join(std::exchange(head_, {}), fade);
}

std::vector<float> SpeechJoiner::join(const std::vector<float>& wave, size_t fade) {
  std::vector<float> ready = std::exchange(tail_, {});
  const size_t faded = silence_ > 0 ? ready.size() : std::min(ready.size(), fade);
  fade_out(ready, faded);
  const size_t begin = ready.size() + silence_ - (silence_ > 0 ? 0 : faded);
  const size_t faded_in = silence_ > 0 ? fade : faded;
  ready.resize(begin + wave.size());
  for (size_t i = 0; i < wave.size(); ++i) {
    ready[begin + i] += i < faded_in ? wave[i] * weight(i, faded_in) : wave[i];
  }
  fade_ = fade;
  first_ = false;
  return all_but_tail(std::move(ready), fade);
}

std::vector<float> SpeechJoiner::all_but_tail(std::vector<float> samples, size_t fade) {
  tail_.assign(samples.end() - static_cast<std::ptrdiff_t>(fade), samples.end());
  samples.resize(samples.size() - fade);
  return samples;
}

std::vector<float> SpeechJoiner::finish(double pause_after) {
  check("pause_after", pause_after, kMaxPause);
  std::vector<float> rest = std::exchange(tail_, {});
  first_ = true;
  const size_t silence = samples_of(pause_after);
  if (silence > 0) fade_out(rest, rest.size());
  rest.resize(rest.size() + silence);
  return rest;
}

std::vector<float> join_speech(const std::vector<SpeechPiece>& pieces, const JoinOptions& options,
                               double pause_after) {
  SpeechJoiner joiner(options);
  std::vector<float> speech;
  const auto append = [&speech](const std::vector<float>& samples) {
    speech.insert(speech.end(), samples.begin(), samples.end());
  };
  for (const SpeechPiece& piece : pieces) append(joiner.push(piece.wave, piece.pause_before));
  append(joiner.finish(pause_after));
  return speech;
}

}  // namespace chatterbox::audio
