// A voice from a recording: VoiceEncoder, S3 tokenizer, CAM++ x-vector and the 24 kHz mel.
#pragma once

#include <memory>

#include "audio/audio.h"
#include "nn/weight_reader.h"
#include "support/tensor_sink.h"
#include "voice/conditionals.h"
#include "voice/voice_recipe.h"

namespace chatterbox::voice {

class VoiceMaker;  // immutable weights

// `ve`: root of ve.safetensors; `s3gen`: root of s3gen.safetensors or of s3gen_meanflow.safetensors
// ("tokenizer.*", "speaker_encoder.*"). Always computes in fp32.
[[nodiscard]] std::shared_ptr<const VoiceMaker> load_voice_maker(const nn::WeightReader& ve,
                                                                 const nn::WeightReader& s3gen);

// Makes a voice in parts, so that others need not wait for all of it. At the official size, on two
// cores with AVX-512, no part takes more than 0.1 s, but for the loudness of a recording of ten
// minutes, which takes 0.16 s; a recording of ten seconds takes 0.9 s in all.
class VoiceRun {
 public:
  // `heard`: of heard_for_voice(). kBadAudio where it is shorter than the recipe asks for. The
  // maker outlives the run.
  VoiceRun(const VoiceMaker& maker, Audio heard, const VoiceRecipe& recipe, TensorSink sink = {});
  ~VoiceRun();
  VoiceRun(VoiceRun&&) noexcept;

  // The next part; whether it was the last. kBadAudio where the loudness is to be normalised and
  // cannot be measured, or where the voice has a number that is not finite.
  bool next();
  // Once all parts are done.
  [[nodiscard]] const Conditionals& voice() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// All of it. `recording` as validated by the engine: finite, 0.5 s to 10 min, 8 to 192 kHz, 1 to 8
// channels. Throws as heard_for_voice() and VoiceRun do.
[[nodiscard]] Conditionals make_voice(const VoiceMaker& maker, const Audio& recording,
                                      const VoiceRecipe& recipe = kEnglishRecipe,
                                      const TensorSink& sink = {});

}  // namespace chatterbox::voice
