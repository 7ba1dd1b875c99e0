#include "voice/voice_maker.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/mean.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "audio/kaldi_fbank.h"
#include "audio/mel_spectrogram.h"
#include "audio/resample.h"
#include "audio/trim.h"
#include "support/error.h"
#include "voice/campplus.h"
#include "voice/s3_tokenizer.h"
#include "voice/voice_encoder.h"

namespace chatterbox::voice {

class VoiceMaker {
 public:
  VoiceMaker(const nn::WeightReader& ve, const nn::WeightReader& s3gen);

  [[nodiscard]] std::vector<float> speaker_embedding(const std::vector<float>& wave16) const;
  // Of all clips at once: the tokenizer is most of the work, and larger products are faster.
  [[nodiscard]] std::vector<std::vector<int64_t>> speech_tokens(
      const std::vector<std::vector<float>>& clips16) const;
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

namespace {

constexpr int32_t kRate24 = 24000;
constexpr int32_t kRate16 = 16000;
constexpr size_t kT3PromptSeconds = 6;      // tts.py: ENC_COND_LEN
constexpr size_t kS3GenPromptSeconds = 10;  // tts.py: DEC_COND_LEN
constexpr double kTrimDecibels = 20;        // voice_encoder.py: trim_top_db
// Three frames of Kaldi's bank at 16 kHz, so that the x-vector's deviation has two values; longer
// than the 720 samples that the mel mirrors.
constexpr size_t kLeastSamples24 = 1080;
// Of the loudest sample. librosa's trim takes what is quieter for nothing; what is louder by far
// than full scale are integers that nobody scaled.
constexpr float kLeastPeak = 1e-5F;
constexpr float kMostPeak = 100.0F;

template <class T>
std::vector<T> to_vector(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU).contiguous();
  const T* begin = flat.const_data_ptr<T>();
  return {begin, begin + flat.numel()};
}

// The mean of the channels, as librosa.load does before it resamples.
std::vector<float> to_mono(const Audio& recording) {
  if (recording.channels == 1) return recording.samples;
  const auto channels = static_cast<size_t>(recording.channels);
  std::vector<float> mono(recording.samples.size() / channels);
  for (size_t i = 0; i < mono.size(); ++i) {
    float sum = 0;
    for (size_t c = 0; c < channels; ++c) sum += recording.samples[i * channels + c];
    mono[i] = sum / static_cast<float>(channels);
  }
  return mono;
}

std::vector<float> first_seconds(const std::vector<float>& wave, size_t seconds, int32_t rate) {
  const size_t size = std::min(wave.size(), seconds * static_cast<size_t>(rate));
  return {wave.begin(), wave.begin() + static_cast<std::ptrdiff_t>(size)};
}

void check_level(const std::vector<float>& mono) {
  float peak = 0;
  for (const float sample : mono) peak = std::max(peak, std::abs(sample));
  if (peak < kLeastPeak) {
    fail(Status::kBadAudio,
         "a recording must not be silent: the loudest sample of its mono mix is {}, at least {} is "
         "needed",
         peak, kLeastPeak);
  }
  if (peak > kMostPeak) {
    fail(Status::kBadAudio,
         "the samples of a recording belong in [-1, 1], the loudest is {}, the limit is {}", peak,
         kMostPeak);
  }
}

std::vector<float> at_24_khz(const Audio& recording) {
  std::vector<float> mono = to_mono(recording);
  check_level(mono);
  if (recording.sample_rate != kRate24) {
    mono = audio::resample_soxr_hq(mono, recording.sample_rate, kRate24);
  }
  if (mono.size() < kLeastSamples24) {
    fail(Status::kBadAudio, "a recording must have at least {} samples at 24 kHz (0.045 s), got {}",
         kLeastSamples24, mono.size());
  }
  return mono;
}

// Numbers that no model bounds may overflow.
void check_result(const Conditionals& voice) {
  try {
    validate(voice);
  } catch (const Error& error) {
    fail(Status::kBadAudio, "the recording gives no voice: {}", error.what());
  }
}

template <class T>
void emit(const TensorSink& sink, const char* name, const std::vector<T>& values,
          const std::vector<int64_t>& shape) {
  if (!sink) return;
  constexpr auto kType =
      std::is_same_v<T, float> ? TensorView::Type::kFloat32 : TensorView::Type::kInt64;
  sink({name, kType, shape.data(), shape.size(), values.data()});
}

void emit_all(const TensorSink& sink, const Conditionals& voice) {
  const auto size = [](const auto& values) { return static_cast<int64_t>(values.size()); };
  const int64_t tokens = size(voice.s3gen_tokens);
  emit(sink, "voice.speaker_emb", voice.speaker_emb, {1, size(voice.speaker_emb)});
  emit(sink, "voice.cond_prompt_speech_tokens", voice.prompt_tokens,
       {1, size(voice.prompt_tokens)});
  emit(sink, "voice.gen.prompt_token", voice.s3gen_tokens, {1, tokens});
  emit(sink, "voice.gen.prompt_token_len", std::vector<int64_t>{tokens}, {1});
  emit(sink, "voice.gen.prompt_feat", voice.s3gen_mel, {1, voice.mel_frames(), 80});
  emit(sink, "voice.gen.embedding", voice.x_vector, {1, size(voice.x_vector)});
}

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
  return at::from_blob(const_cast<float*>(samples), {1, static_cast<int64_t>(size)}, at::kFloat)
      .to(device_);
}

std::vector<float> VoiceMaker::speaker_embedding(const std::vector<float>& wave16) const {
  const audio::Range audible = audio::trim_silence(wave16, kTrimDecibels);
  const at::Tensor wave = row(wave16.data() + audible.begin, audible.end - audible.begin);
  const at::Tensor mel = audio::speaker_mel(speaker_mel_, wave);
  return to_vector<float>(speaker_embeddings(voice_encoder_, {mel.squeeze(0)}));
}

std::vector<std::vector<int64_t>> VoiceMaker::speech_tokens(
    const std::vector<std::vector<float>>& clips16) const {
  std::vector<at::Tensor> mels;
  for (const std::vector<float>& clip : clips16) {
    mels.push_back(audio::s3_log_mel(s3_log_mel_, row(clip.data(), clip.size())).squeeze(0));
  }
  std::vector<std::vector<int64_t>> tokens;
  for (const at::Tensor& ids : s3_tokens(tokenizer_, mels)) {
    tokens.push_back(to_vector<int64_t>(ids));
  }
  return tokens;
}

std::vector<float> VoiceMaker::x_vector(const std::vector<float>& wave16) const {
  const at::Tensor bank = audio::kaldi_fbank(fbank_, row(wave16.data(), wave16.size()));
  return to_vector<float>(x_vectors(camplus_, bank.sub(at::mean(bank, 1, /*keepdim=*/true))));
}

std::vector<float> VoiceMaker::mel(const std::vector<float>& wave24) const {
  return to_vector<float>(audio::s3gen_mel(s3gen_mel_, row(wave24.data(), wave24.size())));
}

std::shared_ptr<const VoiceMaker> load_voice_maker(const nn::WeightReader& ve,
                                                   const nn::WeightReader& s3gen) {
  return std::make_shared<const VoiceMaker>(ve, s3gen);
}

Conditionals make_voice(const VoiceMaker& maker, const Audio& recording, const TensorSink& sink) {
  const std::vector<float> wave24 = at_24_khz(recording);
  const std::vector<float> wave16 = audio::resample_soxr_hq(wave24, kRate24, kRate16);

  const std::vector<float> prompt24 = first_seconds(wave24, kS3GenPromptSeconds, kRate24);
  // S3Gen's prompt comes down to 16 kHz by torchaudio's resampler in the reference.
  std::vector<float> prompt16 = audio::resample_sinc_hann(prompt24, kRate24, kRate16);

  Conditionals voice;
  voice.speaker_emb = maker.speaker_embedding(wave16);
  voice.x_vector = maker.x_vector(prompt16);
  voice.s3gen_mel = maker.mel(prompt24);
  std::vector<std::vector<int64_t>> tokens =
      maker.speech_tokens({first_seconds(wave16, kT3PromptSeconds, kRate16), std::move(prompt16)});
  voice.prompt_tokens = std::move(tokens[0]);
  voice.s3gen_tokens = std::move(tokens[1]);
  // A token stands for two frames; a clip that is no multiple of 40 ms has one token too many.
  const auto most = static_cast<size_t>(voice.mel_frames() / 2);
  voice.s3gen_tokens.resize(std::min(voice.s3gen_tokens.size(), most));
  check_result(voice);

  emit_all(sink, voice);
  return voice;
}

}  // namespace chatterbox::voice
