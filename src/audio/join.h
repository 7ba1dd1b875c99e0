// The waves of a text's pieces as one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace chatterbox::audio {

struct JoinOptions {
  int32_t sample_rate = 24000;  // Hz, 1 to 192000
  double pause = 0.15;          // seconds between two waves where none are given, 0 to 10
  // Seconds of a wave's end and of its start that are faded; 0 to 1. No more than half of a wave.
  double fade = 0.02;
};

// Joins mono waves as they come and gives each sample as soon as it is final.
//
// A pause is silence of exactly its samples between the two waves; the first one's end and the
// second one's start are faded, so that no click remains. Without a pause (0 seconds), the second
// starts in the end of the first: a crossfade of equal power, for as long as the fade of the
// shorter wave. The start of the first and the end of the last wave stay as they are, unless a
// pause lies there.
class SpeechJoiner {
 public:
  // kInvalidArgument: an option out of range.
  explicit SpeechJoiner(const JoinOptions& options = {});

  // Takes the next wave and returns what is final then: all but the faded end of `wave`.
  // `pause_before`: 0 to 10 seconds; nothing: that of the options, and none before the first wave.
  // kInvalidArgument: a pause out of range, or a wave without samples.
  [[nodiscard]] std::vector<float> push(const std::vector<float>& wave,
                                        std::optional<double> pause_before = std::nullopt);
  // push() in parts, for a wave that comes in parts: the same samples, those of them that are final
  // as soon as a few hundredths of a second of the wave are there.
  void begin(std::optional<double> pause_before = std::nullopt);
  [[nodiscard]] std::vector<float> add(const std::vector<float>& samples);
  [[nodiscard]] std::vector<float> end();
  // The rest, with so many seconds of silence behind it, 0 to 10. The joiner then is as new.
  [[nodiscard]] std::vector<float> finish(double pause_after = 0);
  // Whether the present wave lies where it will be among the samples: of those given so far and
  // those held, the last ones are its own.
  [[nodiscard]] bool is_placed() const { return fade_.has_value(); }
  // Samples of the last wave that are not final yet.
  [[nodiscard]] size_t held() const { return tail_.size(); }

 private:
  [[nodiscard]] size_t samples_of(double seconds) const;
  [[nodiscard]] std::vector<float> join(const std::vector<float>& wave, size_t fade);
  [[nodiscard]] std::vector<float> all_but_tail(std::vector<float> samples, size_t fade);

  JoinOptions options_;
  bool first_ = true;
  size_t silence_ = 0;               // before the present wave
  std::vector<float> head_;          // of it, until there is enough to fade both its ends
  std::optional<size_t> fade_ = {};  // of it, once it is joined
  std::vector<float> tail_;          // of the last wave: what will be faded if another follows
};

struct SpeechPiece {
  std::vector<float> wave;
  std::optional<double> pause_before = std::nullopt;
};

// All at once.
[[nodiscard]] std::vector<float> join_speech(const std::vector<SpeechPiece>& pieces,
                                             const JoinOptions& options = {},
                                             double pause_after = 0);

}  // namespace chatterbox::audio
