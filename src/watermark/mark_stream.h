// The watermark in samples that come in pieces, by overlap-save: each piece is marked with samples
// on both sides of it that are thrown away.
#pragma once

#include <vector>

#include "watermark/perth.h"

namespace chatterbox::watermark {

// Samples on both sides, at MarkStream::kSampleRate.
enum class MarkHalo : int64_t {
  kExact = 5760,  // 240 ms, all that the mark depends on but the loudest frame: equal to embed() of
                  // the whole to rounding
  kShort = 2880,  // 120 ms: 45 dB below the mark or less from it
};

class MarkStream {
 public:
  static constexpr int32_t kSampleRate = 24000;  // Hz

  explicit MarkStream(MarkHalo halo) : halo_(static_cast<int64_t>(halo)) {}

  // The next samples; with the last, all that are left. What is marked by now; in all as many as
  // were given. kBadAudio for samples that are not finite.
  [[nodiscard]] std::vector<float> push(const Perth& perth, const std::vector<float>& samples,
                                        bool last);

 private:
  const int64_t halo_;
  // The sum of levels of a frame of speech that is not loud: a beginning in silence is not marked
  // as the loudest of the speech.
  float loudest_ = 360;
  std::vector<float> kept_;  // what is not marked yet, after up to halo_ samples that are
  int64_t marked_ = 0;       // of those kept
};

}  // namespace chatterbox::watermark
