// A recording as the models of a voice take it. Torch-free.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <vector>

namespace chatterbox::voice {

inline constexpr int32_t kRate24 = 24000;
inline constexpr int32_t kRate16 = 16000;

// The mean of the channels, as librosa.load makes it before it resamples. kBadAudio where samples
// are far beyond [-1, 1].
[[nodiscard]] std::vector<float> mono_mix(const Audio& recording);
// kBadAudio where no sample is loud enough to be more than silence.
void check_not_silent(const std::vector<float>& mono);
[[nodiscard]] std::vector<float> first_seconds(const std::vector<float>& wave, size_t seconds,
                                               int32_t rate);

}  // namespace chatterbox::voice
