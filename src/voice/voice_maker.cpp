#include "voice/voice_maker.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>

#include "audio/loudness.h"
#include "audio/resample.h"
#include "support/error.h"
#include "voice/recording.h"
#include "voice/voice_models.h"

namespace chatterbox::voice {
namespace {

constexpr double kLoudness = -27;  // tts_turbo.py: norm_loudness, LUFS

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

class VoiceRun::Impl {
 public:
  Impl(const VoiceMaker& maker, Audio heard, const VoiceRecipe& recipe, TensorSink sink)
      : maker_(maker), recipe_(recipe), sink_(std::move(sink)), wave24_(std::move(heard.samples)) {}

  // Goes on to the next stage where this one is done.
  bool next() {
    if (!(this->*kStages[stage_])()) return false;
    return ++stage_ == std::size(kStages);
  }
  [[nodiscard]] const Conditionals& voice() const { return voice_; }

 private:
  // Each does its next part, and says whether it was its last.
  using Stage = bool (Impl::*)();

  bool normalise() {
    if (recipe_.normalise_loudness) normalise_loudness(wave24_);
    return true;
  }
  bool resample() {
    wave16_ = audio::resample_soxr_hq(wave24_, kRate24, kRate16);
    // However short the prompt is, who speaks is heard from as much as the reference listens to.
    const std::vector<float> heard24 = first_seconds(wave24_, kMaxPromptSeconds, kRate24);
    prompt24_ = first_seconds(wave24_, recipe_.s3gen_seconds, kRate24);
    wave24_ = {};
    // Both come down to 16 kHz by torchaudio's resampler in the reference.
    x_vector16_ = audio::resample_sinc_hann(heard24, kRate24, kRate16);
    prompt16_ = prompt24_.size() == heard24.size()
                    ? x_vector16_
                    : audio::resample_sinc_hann(prompt24_, kRate24, kRate16);
    t3_prompt16_ = first_seconds(wave16_, static_cast<double>(recipe_.prompt_seconds), kRate16);
    return true;
  }
  bool trim() {
    spectrum_.emplace(maker_.speaker_spectrum(wave16_));
    wave16_ = {};
    return true;
  }
  bool transform() {
    if (!spectrum_->next()) return false;
    embedding_.emplace(maker_.speaker_embedding(spectrum_->power()));
    spectrum_.reset();
    return true;
  }
  bool embed() {
    if (!embedding_->next()) return false;
    voice_.speaker_emb = to_vector<float>(embedding_->embeddings());
    embedding_.reset();
    x_vector_.emplace(maker_.x_vector(x_vector16_));
    return true;
  }
  bool identify() {
    if (!x_vector_->next()) return false;
    voice_.x_vector = to_vector<float>(x_vector_->vectors());
    voice_.s3gen_mel = maker_.mel(prompt24_);
    // Both at once: the tokenizer is most of the work, and larger products are faster.
    tokens_.emplace(
        maker_.speech_tokens({maker_.s3_log_mel(t3_prompt16_), maker_.s3_log_mel(prompt16_)}));
    return true;
  }
  bool tokenise() {
    if (!tokens_->next()) return false;
    voice_.prompt_tokens = to_vector<int64_t>(tokens_->tokens()[0]);
    voice_.s3gen_tokens = to_vector<int64_t>(tokens_->tokens()[1]);
    // A token stands for two frames; a clip that is no multiple of 40 ms has one token too many.
    const auto most = static_cast<size_t>(voice_.mel_frames() / 2);
    voice_.s3gen_tokens.resize(std::min(voice_.s3gen_tokens.size(), most));
    check_result(voice_);
    emit_all(sink_, voice_);
    return true;
  }

  static constexpr Stage kStages[] = {&Impl::normalise, &Impl::resample, &Impl::trim,
                                      &Impl::transform, &Impl::embed,    &Impl::identify,
                                      &Impl::tokenise};

  const VoiceMaker& maker_;
  VoiceRecipe recipe_;
  TensorSink sink_;
  size_t stage_ = 0;
  std::vector<float> wave24_, wave16_, prompt24_, prompt16_, x_vector16_, t3_prompt16_;
  std::optional<audio::SpectrumRun> spectrum_;
  std::optional<SpeakerEmbeddingRun> embedding_;
  std::optional<XVectorRun> x_vector_;
  std::optional<S3TokenRun> tokens_;
  Conditionals voice_;
};

VoiceRun::VoiceRun(const VoiceMaker& maker, Audio heard, const VoiceRecipe& recipe,
                   TensorSink sink) {
  check_duration(heard, recipe);
  impl_ = std::make_unique<Impl>(maker, std::move(heard), recipe, std::move(sink));
}

VoiceRun::~VoiceRun() = default;
VoiceRun::VoiceRun(VoiceRun&&) noexcept = default;

bool VoiceRun::next() { return impl_->next(); }

const Conditionals& VoiceRun::voice() const { return impl_->voice(); }

Conditionals make_voice(const VoiceMaker& maker, const Audio& recording, const VoiceRecipe& recipe,
                        const TensorSink& sink) {
  VoiceRun run(maker, heard_for_voice(recording), recipe, sink);
  while (!run.next()) {
  }
  return run.voice();
}

}  // namespace chatterbox::voice
