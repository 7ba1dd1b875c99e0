#include "voice/voice_maker.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "audio/loudness.h"
#include "audio/resample.h"
#include "support/error.h"
#include "voice/recording.h"
#include "voice/voice_models.h"

namespace chatterbox::voice {
namespace {

constexpr size_t kS3GenPromptSeconds = 10;  // tts.py: DEC_COND_LEN
constexpr double kLoudness = -27;           // tts_turbo.py: norm_loudness, LUFS
// Three frames of Kaldi's bank at 16 kHz, so that the x-vector's deviation has two values; longer
// than the 720 samples that the mel mirrors.
constexpr size_t kLeastSamples24 = 1080;

std::vector<float> at_24_khz(const Audio& recording) {
  std::vector<float> mono = mono_mix(recording);
  check_not_silent(mono);
  if (recording.sample_rate != kRate24) {
    mono = audio::resample_soxr_hq(mono, recording.sample_rate, kRate24);
  }
  return mono;
}

void check_length(const std::vector<float>& wave24, const VoiceRecipe& recipe) {
  if (wave24.size() < kLeastSamples24) {
    fail(Status::kBadAudio, "a recording must have at least {} samples at 24 kHz (0.045 s), got {}",
         kLeastSamples24, wave24.size());
  }
  const double seconds = static_cast<double>(wave24.size()) / kRate24;
  if (seconds < recipe.least_seconds) {
    fail(Status::kBadAudio, "a recording for this model must be at least {} s long, got {:.3f} s",
         recipe.least_seconds, seconds);
  }
}

void normalise_loudness(std::vector<float>& wave24) {
  const auto loudness = audio::integrated_loudness(wave24, kRate24);
  if (!loudness) {
    fail(Status::kBadAudio,
         "the recording's loudness cannot be measured: at least 0.4 s of it must reach -70 LUFS; "
         "normalise_loudness can be switched off");
  }
  const auto gain = static_cast<float>(std::pow(10.0, (kLoudness - *loudness) / 20.0));
  for (float& sample : wave24) sample *= gain;
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

std::shared_ptr<const VoiceMaker> load_voice_maker(const nn::WeightReader& ve,
                                                   const nn::WeightReader& s3gen) {
  return std::make_shared<const VoiceMaker>(ve, s3gen);
}

Conditionals make_voice(const VoiceMaker& maker, const Audio& recording, const VoiceRecipe& recipe,
                        const TensorSink& sink) {
  std::vector<float> wave24 = at_24_khz(recording);
  check_length(wave24, recipe);
  if (recipe.normalise_loudness) normalise_loudness(wave24);
  const std::vector<float> wave16 = audio::resample_soxr_hq(wave24, kRate24, kRate16);

  const std::vector<float> prompt24 = first_seconds(wave24, kS3GenPromptSeconds, kRate24);
  // S3Gen's prompt comes down to 16 kHz by torchaudio's resampler in the reference.
  const std::vector<float> prompt16 = audio::resample_sinc_hann(prompt24, kRate24, kRate16);
  const std::vector<float> t3_prompt16 = first_seconds(wave16, recipe.prompt_seconds, kRate16);

  Conditionals voice;
  voice.speaker_emb = maker.speaker_embedding(wave16);
  voice.x_vector = maker.x_vector(prompt16);
  voice.s3gen_mel = maker.mel(prompt24);
  std::vector<std::vector<int64_t>> tokens =
      maker.speech_tokens({maker.s3_log_mel(t3_prompt16), maker.s3_log_mel(prompt16)});
  voice.prompt_tokens = std::move(tokens[0]);
  voice.s3gen_tokens = std::move(tokens[1]);
  // A token stands for two frames; a clip that is no multiple of 40 ms has one token too many.
  const auto most = static_cast<size_t>(voice.mel_frames() / 2);
  voice.s3gen_tokens.resize(std::min(voice.s3gen_tokens.size(), most));
  check_result(voice);

  emit_all(sink, voice);
  return voice;
}

Conditionals make_voice(const VoiceMaker& maker, const Audio& recording, const TensorSink& sink) {
  return make_voice(maker, recording, kEnglishRecipe, sink);
}

}  // namespace chatterbox::voice
