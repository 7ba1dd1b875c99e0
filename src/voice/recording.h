// A recording as the models of a voice take it. Torch-free, and on the calling thread alone: for
// the thread that submits a recording, so that no other work waits for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "audio/audio.h"
#include "voice/voice_recipe.h"

namespace chatterbox::voice {

inline constexpr int32_t kRate24 = 24000;
inline constexpr int32_t kRate16 = 16000;

// What is heard of a recording that a voice is to be made of: one channel, 24 kHz. `recording`:
// finite samples, 8 to 192 kHz. kBadAudio where it is silent (the reference makes a meaningless
// voice of that), where its samples are far beyond [-1, 1], or where it is shorter than 0.045 s.
[[nodiscard]] Audio heard_for_voice(const Audio& recording);
// Of one that is the source of a conversion: one channel, 16 kHz. Silence is fine. kBadAudio where
// it is shorter than one token (40 ms), or its samples are far beyond [-1, 1].
[[nodiscard]] Audio heard_for_conversion(const Audio& recording);
// kBadAudio where what heard_for_voice() gave is shorter than the recipe asks for.
void check_duration(const Audio& heard, const VoiceRecipe& recipe);

// The mean of the channels, as librosa.load makes it before it resamples. kBadAudio where samples
// are far beyond [-1, 1].
[[nodiscard]] std::vector<float> mono_mix(const Audio& recording);
[[nodiscard]] std::vector<float> first_seconds(const std::vector<float>& wave, double seconds,
                                               int32_t rate);

}  // namespace chatterbox::voice
