// A voice from a recording: VoiceEncoder, S3 tokenizer, CAM++ x-vector and the 24 kHz mel.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <memory>

#include "nn/weight_reader.h"
#include "support/tensor_sink.h"
#include "voice/conditionals.h"

namespace chatterbox::voice {

class VoiceMaker;  // immutable weights

// `ve`: root of ve.safetensors; `s3gen`: root of s3gen.safetensors ("tokenizer.*",
// "speaker_encoder.*"). Always computes in fp32.
[[nodiscard]] std::shared_ptr<const VoiceMaker> load_voice_maker(const nn::WeightReader& ve,
                                                                 const nn::WeightReader& s3gen);

// `recording` as validated by the engine: finite, 0.5 s to 10 min, 8 to 192 kHz, 1 to 8 channels.
// kBadAudio where it is silent (the reference makes a meaningless voice of that), where its samples
// are far beyond [-1, 1], or where the voice has a number that is not finite.
[[nodiscard]] Conditionals make_voice(const VoiceMaker& maker, const Audio& recording,
                                      const TensorSink& sink = {});

}  // namespace chatterbox::voice
