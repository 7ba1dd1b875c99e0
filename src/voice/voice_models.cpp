#include "voice/voice_models.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/mean.h>

#include "audio/trim.h"

namespace chatterbox::voice {
namespace {

constexpr double kTrimDecibels = 20;  // voice_encoder.py: trim_top_db

}  // namespace

VoiceMaker::VoiceMaker(const nn::WeightReader& ve, const nn::WeightReader& s3gen)
    : device_(s3gen.placement().device),
      voice_encoder_(load_voice_encoder(ve.with(ve.placement().in_fp32()))),
      tokenizer_(load_s3_tokenizer(s3gen.with(s3gen.placement().in_fp32()).scope("tokenizer"))),
      camplus_(load_camplus(s3gen.with(s3gen.placement().in_fp32()).scope("speaker_encoder"))),
      speaker_mel_(audio::make_speaker_mel(device_)),
      s3_log_mel_(audio::make_s3_log_mel(device_)),
      s3gen_mel_(audio::make_s3gen_mel(device_)),
      fbank_(audio::make_kaldi_fbank(device_)) {}

at::Tensor VoiceMaker::row(const float* samples, size_t size) const {
  // NOLINTNEXTLINE(*-const-cast): libtorch takes no const
  return at::from_blob(const_cast<float*>(samples), {1, static_cast<int64_t>(size)}, at::kFloat)
      .to(device_);
}

audio::SpectrumRun VoiceMaker::speaker_spectrum(const std::vector<float>& wave16) const {
  const audio::Range audible = audio::trim_silence(wave16, kTrimDecibels);
  return audio::speaker_spectrum(speaker_mel_,
                                 row(wave16.data() + audible.begin, audible.end - audible.begin));
}

SpeakerEmbeddingRun VoiceMaker::speaker_embedding(const at::Tensor& power) const {
  return {voice_encoder_, {audio::speaker_mel_of(speaker_mel_, power).squeeze(0)}};
}

audio::SpectrumRun VoiceMaker::s3_spectrum(const std::vector<float>& wave16) const {
  return audio::s3_spectrum(s3_log_mel_, row(wave16.data(), wave16.size()));
}

at::Tensor VoiceMaker::s3_log_mel_of(const at::Tensor& power) const {
  return audio::s3_log_mel_of(s3_log_mel_, power).squeeze(0);
}

at::Tensor VoiceMaker::s3_log_mel(const std::vector<float>& wave16) const {
  return audio::s3_log_mel(s3_log_mel_, row(wave16.data(), wave16.size())).squeeze(0);
}

XVectorRun VoiceMaker::x_vector(const std::vector<float>& wave16) const {
  const at::Tensor bank = audio::kaldi_fbank(fbank_, row(wave16.data(), wave16.size()));
  return {camplus_, bank.sub(at::mean(bank, 1, /*keepdim=*/true))};
}

std::vector<float> VoiceMaker::mel(const std::vector<float>& wave24) const {
  return to_vector<float>(audio::s3gen_mel(s3gen_mel_, row(wave24.data(), wave24.size())));
}

}  // namespace chatterbox::voice
