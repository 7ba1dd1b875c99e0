// The models that listen to a recording, and the front ends that they listen with. All compute in
// fp32.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "audio/kaldi_fbank.h"
#include "audio/mel_spectrogram.h"
#include "nn/weight_reader.h"
#include "voice/campplus.h"
#include "voice/s3_tokenizer.h"
#include "voice/voice_encoder.h"

namespace chatterbox::voice {

class VoiceMaker {
 public:
  VoiceMaker(const nn::WeightReader& ve, const nn::WeightReader& s3gen);

  [[nodiscard]] std::vector<float> speaker_embedding(const std::vector<float>& wave16) const;
  // [128, n/160]
  [[nodiscard]] at::Tensor s3_log_mel(const std::vector<float>& wave16) const;
  // Of all mels, at most 3000 frames each, at once: the tokenizer is most of the work, and larger
  // products are faster.
  [[nodiscard]] std::vector<std::vector<int64_t>> speech_tokens(
      const std::vector<at::Tensor>& mels) const;
  [[nodiscard]] std::vector<float> x_vector(const std::vector<float>& wave16) const;
  [[nodiscard]] std::vector<float> mel(const std::vector<float>& wave24) const;

 private:
  [[nodiscard]] at::Tensor row(const float* samples, size_t size) const;  // [1, n] on the device

  c10::Device device_;
  VoiceEncoder voice_encoder_;
  S3Tokenizer tokenizer_;
  CamPlus camplus_;
  audio::MelFrontEnd speaker_mel_, s3_log_mel_, s3gen_mel_;
  audio::KaldiFbank fbank_;
};

}  // namespace chatterbox::voice
