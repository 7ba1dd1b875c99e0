#include "runtime/speech_machine.h"

#include <algorithm>

#include "runtime/device.h"
#include "runtime/model_utterance.h"
#include "runtime/torch_errors.h"

namespace chatterbox::runtime {
namespace {

// All utterances of these machines are of this kind. NOLINTNEXTLINE(*-static-cast-downcast)
ModelUtterance& own(Utterance* utterance) { return static_cast<ModelUtterance&>(*utterance); }

std::optional<uint64_t> noise_seed(const Task& task) {
  if (task.noise == NoiseLayout::kReference) return std::nullopt;
  return task.seed;
}

}  // namespace

int64_t kept_samples(const ModelUtterance& utterance, int64_t samples) {
  constexpr int64_t kSamplesPerToken = 960;
  const bool ended = utterance.task().kind == TaskKind::kSpeech &&
                     utterance.stats().finish_reason == FinishReason::kEos;
  if (!ended) return samples;
  return std::min(samples, kSamplesPerToken * std::max<int64_t>(1, utterance.tokens() - 1));
}

void SpeechMachine::enter() {
  // On a thread of its own beside T3's it has a stream of its own, too.
  if (!c10::InferenceMode::is_enabled() && models_->device_traits().overlaps) {
    translate_torch_errors([&] { use_own_stream(models_->device()); });
  }
  models_->use_threads();
  inference_mode_ = std::make_unique<c10::InferenceMode>();
}

// The generators are copied, so that a batch that fails can be spoken again with the same numbers.
void SpeechMachine::flow(const std::vector<Utterance*>& batch,
                         const std::function<void(int64_t)>& before_step) {
  translate_torch_errors([&] {
    std::vector<s3gen::FlowRow> rows;
    for (Utterance* one : batch) {
      ModelUtterance& utterance = own(one);
      utterance.after_flow = utterance.after_t3.clone();
      rows.push_back({utterance.speech_tokens, utterance.task().voice.get(), utterance.after_flow,
                      utterance.task().sink, noise_seed(utterance.task())});
    }
    const s3gen::FlowOptions options{batch.front()->cfm_steps(), batch.front()->cfg_steps(),
                                     before_step};
    std::vector<at::Tensor> mels = s3gen::tokens_to_mel(models_->flow(), rows, options);
    for (size_t i = 0; i < batch.size(); ++i) own(batch[i]).mel = std::move(mels[i]);
  });
}

std::vector<std::vector<float>> SpeechMachine::vocode(const std::vector<Utterance*>& batch) {
  return translate_torch_errors([&] {
    std::vector<s3gen::VocoderRow> rows;
    for (Utterance* one : batch) {
      const ModelUtterance& utterance = own(one);
      rows.push_back({utterance.mel, utterance.after_flow.clone(), utterance.task().sink,
                      noise_seed(utterance.task())});
    }
    std::vector<std::vector<float>> waves;
    const std::vector<at::Tensor> made = s3gen::mel_to_wave(models_->vocoder(), rows);
    for (size_t i = 0; i < made.size(); ++i) {
      const auto* samples = made[i].const_data_ptr<float>();
      waves.emplace_back(samples, samples + made[i].numel());
      if (models_->traits().drops_last_token) {
        waves.back().resize(static_cast<size_t>(kept_samples(own(batch[i]), made[i].numel())));
      }
    }
    return waves;
  });
}

std::vector<float> SpeechMachine::speak_chunk(Utterance& utterance, const ChunkRange& chunk,
                                              const std::function<void(int64_t)>& before_step) {
  return translate_torch_errors([&] {
    ModelUtterance& own = runtime::own(&utterance);
    if (!own.stream) own.stream.emplace(*models_, own.task());
    return own.stream->speak(*models_, prompts_, own, chunk, before_step);
  });
}

std::vector<float> SpeechMachine::add_watermark(std::vector<float> wave) {
  const watermark::Perth* perth = models_->watermark();
  if (perth == nullptr) return wave;
  return translate_torch_errors(
      [&] { return watermark::embed(*perth, wave, models_->info().sample_rate); });
}

}  // namespace chatterbox::runtime
