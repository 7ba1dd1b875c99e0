// What the models take from a recording.
// Torch-free.
#pragma once

#include <cstddef>

namespace chatterbox::voice {

inline constexpr double kMaxPromptSeconds = 10;  // that S3Gen continues from; tts.py, DEC_COND_LEN

struct VoiceRecipe {
  size_t prompt_seconds = 6;        // the beginning that T3's prompt is of, 25 tokens a second
  double least_seconds = 0;         // of the recording
  bool normalise_loudness = false;  // to -27 LUFS, before all else
  double s3gen_seconds = kMaxPromptSeconds;  // the beginning that S3Gen's prompt is of
};
inline constexpr VoiceRecipe kEnglishRecipe = {};             // tts.py; also Multilingual
inline constexpr VoiceRecipe kTurboRecipe = {15, 5.0, true};  // tts_turbo.py; also Nano

}  // namespace chatterbox::voice
