// What a family of models takes from a recording beside the ten seconds of S3Gen's prompt.
// Torch-free.
#pragma once

#include <cstddef>

namespace chatterbox::voice {

struct VoiceRecipe {
  size_t prompt_seconds = 6;        // the beginning that T3's prompt is of, 25 tokens a second
  double least_seconds = 0;         // of the recording
  bool normalise_loudness = false;  // to -27 LUFS, before all else
};
inline constexpr VoiceRecipe kEnglishRecipe = {};             // tts.py; also Multilingual
inline constexpr VoiceRecipe kTurboRecipe = {15, 5.0, true};  // tts_turbo.py; also Nano

}  // namespace chatterbox::voice
