// A voice from a recording: VoiceEncoder, S3 tokenizer, CAM++ x-vector and the 24 kHz mel.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <memory>

#include "nn/weight_reader.h"
#include "support/tensor_sink.h"
#include "voice/conditionals.h"

namespace chatterbox::voice {

class VoiceMaker;  // immutable weights

// What a family of models takes from a recording beside the ten seconds of S3Gen's prompt.
struct VoiceRecipe {
  size_t prompt_seconds = 6;        // the beginning that T3's prompt is of, 25 tokens a second
  double least_seconds = 0;         // of the recording
  bool normalise_loudness = false;  // to -27 LUFS, before all else
};
inline constexpr VoiceRecipe kEnglishRecipe = {};             // tts.py; also Multilingual
inline constexpr VoiceRecipe kTurboRecipe = {15, 5.0, true};  // tts_turbo.py; also Nano

// `ve`: root of ve.safetensors; `s3gen`: root of s3gen.safetensors or of s3gen_meanflow.safetensors
// ("tokenizer.*", "speaker_encoder.*"). Always computes in fp32.
[[nodiscard]] std::shared_ptr<const VoiceMaker> load_voice_maker(const nn::WeightReader& ve,
                                                                 const nn::WeightReader& s3gen);

// `recording` as validated by the engine: finite, 0.5 s to 10 min, 8 to 192 kHz, 1 to 8 channels.
// kBadAudio where it is silent (the reference makes a meaningless voice of that), where its samples
// are far beyond [-1, 1], where it is shorter than the recipe asks for, where its loudness is to be
// normalised and cannot be measured, or where the voice has a number that is not finite.
[[nodiscard]] Conditionals make_voice(const VoiceMaker& maker, const Audio& recording,
                                      const VoiceRecipe& recipe, const TensorSink& sink = {});
// By kEnglishRecipe.
[[nodiscard]] Conditionals make_voice(const VoiceMaker& maker, const Audio& recording,
                                      const TensorSink& sink = {});

}  // namespace chatterbox::voice
