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

template <class T>
[[nodiscard]] std::vector<T> to_vector(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU).contiguous();
  const T* begin = flat.const_data_ptr<T>();
  return {begin, begin + flat.numel()};
}

class VoiceMaker {
 public:
  VoiceMaker(const nn::WeightReader& ve, const nn::WeightReader& s3gen);

  // Of the audible part of a wave at 16 kHz: its spectrum, and of that the embedding [1, 256].
  [[nodiscard]] audio::SpectrumRun speaker_spectrum(const std::vector<float>& wave16) const;
  [[nodiscard]] SpeakerEmbeddingRun speaker_embedding(const at::Tensor& power) const;
  // The spectrum of a wave at 16 kHz, and of that the mel [128, n/160]; or both at once.
  [[nodiscard]] audio::SpectrumRun s3_spectrum(const std::vector<float>& wave16) const;
  [[nodiscard]] at::Tensor s3_log_mel_of(const at::Tensor& power) const;
  [[nodiscard]] at::Tensor s3_log_mel(const std::vector<float>& wave16) const;
  // Of such mels, at most 3000 frames each.
  [[nodiscard]] S3TokenRun speech_tokens(const std::vector<at::Tensor>& mels) const {
    return {tokenizer_, mels};
  }
  [[nodiscard]] XVectorRun x_vector(const std::vector<float>& wave16) const;
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
